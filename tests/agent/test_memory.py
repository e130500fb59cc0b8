"""Preferences said once: kept in the open, assumed where nothing else is said, never over what is said now."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agent.embedded.planner import EmbeddedPlanner
from agent.memory import Memory, Preference, assume, hear, size_for
from generators.api import Capabilities, Extent, World
from tools.api import Brief, BriefObject

pytestmark = pytest.mark.shared_worker
ANY_WORDS = Capabilities()


def likes(kind: Any, value: str, words: str = "") -> Preference:
    return Preference(kind=kind, value=value, words=words or value)


KNOWN = [likes("size", "square", "always square"), likes("style", "pencil sketch", "I like pencil sketches"),
         likes("avoid", "cat", "never cats")]


@pytest.mark.parametrize(("text", "learnt", "rest"), [
    ("always square", [("size", "square")], ""), ("I prefer landscape format", [("size", "landscape")], ""),
    ("I like oil paintings.", [("style", "oil painting")], ""), ("never people!", [("avoid", "person")], ""),
    ("from now on at night", [("background", "night")], ""),
    ("a red dog, always square", [("size", "square")], "a red dog"),
    ("always draw at night, a cat", [("background", "night")], "a cat"),
    ("always square, in watercolour", [("style", "watercolour"), ("size", "square")], ""),
    ("I love watercolours, draw two dogs", [("style", "watercolour")], "draw two dogs"),
    ("remember that dogs are called Rex", [("note", "dogs are called Rex")], "")])
def test_what_is_meant_for_good_is_heard(text: str, learnt: list[tuple[str, str]], rest: str) -> None:
    heard = hear(text)
    assert [(one.kind, one.value) for one in heard.learnt] == learnt and heard.rest == rest


def test_a_pencil_sketch_by_any_number() -> None:
    for words in ("I like pencil sketches", "always as a pencil sketch"):
        (one,) = hear(words).learnt
        assert one.kind == "style" and "sketch" in one.value


@pytest.mark.parametrize("text", [
    "I like it", "I like the dog, make it red", "I love this one", "two dogs on a beach", "never mind", "forget it",
    "don't ask me", "never ask me", "no more dogs", "a dog that never sleeps", "I want a square picture",
    "I don't like the dog", "I like cats", "keep it as it is", "make it blue. no, green"])
def test_what_is_meant_for_this_picture_is_left_to_the_planner(text: str) -> None:
    heard = hear(text, KNOWN)
    assert heard.rest == text and not heard.learnt and not heard.forget


@pytest.mark.parametrize(("text", "left"), [
    ("forget that I like pencil sketches", ["square", "cat"]), ("I don't like pencil sketches any more",
                                                               ["square", "cat"]),
    ("not always square", ["pencil sketch", "cat"]), ("forget about the cats", ["square", "pencil sketch"]),
    ("forget my preferences", []), ("forget everything you know about me", [])])
def test_it_is_forgotten_by_saying_so(tmp_path: Path, text: str, left: list[str]) -> None:
    memory = Memory(tmp_path)
    memory.learn(KNOWN)
    for words in hear(text, memory.all()).forget:
        memory.forget_words(words)
    assert [one.value for one in memory.all()] == left


def test_the_file_is_readable_and_a_later_wish_takes_the_place_of_an_earlier(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.learn([likes("size", "square"), likes("avoid", "cat"), likes("avoid", "dog")])
    memory.learn([likes("size", "landscape", "always wide"), likes("avoid", "cat")])
    rows = json.loads((tmp_path / "memory.json").read_text())["preferences"]
    assert sorted((row["kind"], row["value"]) for row in rows) == [("avoid", "cat"), ("avoid", "dog"),
                                                                   ("size", "landscape")]
    assert all(row["since"] for row in rows)
    assert [one.value for one in memory.forget(1)] == [row["value"] for row in rows[1:]]
    with pytest.raises(IndexError, match="no preference 9"):
        memory.forget(9)
    assert memory.forget() == [] == memory.all()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"preferences": [{"kind": "evil"}]}', '{"preferences": 3}'])
def test_a_damaged_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "memory.json").write_text(text)
    assert Memory(tmp_path).all() == []


def test_only_what_was_left_open_is_assumed() -> None:
    brief = assume(Brief(objects=[BriefObject(id="dog", name="dog")]), KNOWN, ANY_WORDS, "a dog")
    assert (brief.style, brief.avoid) == ("pencil sketch", ["cat"])
    assert any("pencil sketch" in words for words in brief.assumed) and len(brief.assumed) == 2
    said = assume(Brief(style="watercolour", objects=[BriefObject(id="cat", name="cat")]), KNOWN, ANY_WORDS, "a cat")
    assert (said.style, said.avoid, said.assumed) == ("watercolour", [], [])


def test_what_the_model_cannot_draw_is_not_assumed() -> None:
    small = Capabilities(world=World(("dog",), ("red",), ("beach",)))
    assert assume(Brief(), [likes("style", "pencil sketch"), likes("background", "moon")], small, "") == Brief()


def test_the_shape_is_one_that_the_model_has_unless_another_is_said_now() -> None:
    able = Capabilities(sizes=(Extent(96, 64), Extent(64, 64)))
    assert size_for(KNOWN, able, "a dog") == (64, 64)
    assert size_for(KNOWN, able, "a wide picture of a dog") is None
    assert size_for([likes("size", "portrait")], able, "a dog") is None and size_for([], able, "a dog") is None


def test_it_is_said_once_and_holds_for_every_new_picture(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    noted = table.say("always at night")
    assert noted.status == "done" and "I will remember" in noted.reply and not noted.images
    assert noted.usage.planner_calls == 0
    table.say("a dog")
    brief = table.studio.view(table.session).brief
    assert brief.background == "night" and any("night" in words for words in brief.assumed)
    table.say("start over: a cat on a beach")
    brief = table.studio.view(table.session).brief
    assert brief.background == "beach" and not brief.assumed
    table.session = table.studio.new_session()
    assert "night" in table.say("what do you remember?").reply
    assert "Forgotten: night" in table.say("forget my preferences").reply
    table.say("a dog")
    assert table.studio.view(table.session).brief.background is None


def test_a_change_of_a_picture_takes_no_preference_with_it(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    table.say("a dog")
    assert table.say("make it red, always at night").images
    brief = table.studio.view(table.session).brief
    assert brief.background is None and brief.objects[0].colour == "red"


def test_memory_can_be_switched_off(bench: Any, tmp_path: Path) -> None:
    table = bench(EmbeddedPlanner(), memory=False)
    table.say("always at night"), table.say("a dog", without=("memory",))
    assert not (tmp_path / "data0" / "memory.json").exists()


def test_a_planner_reads_what_was_said_once(bench: Any) -> None:
    table = bench(["Hello."])
    table.studio.memory.learn(KNOWN[:1])
    table.say("hello")
    assert '"preferences":["always square"]' in table.studio._planner.seen[0][0]["content"]


def test_nothing_is_lost_where_several_learn_at_once(tmp_path: Path) -> None:
    def learn(number: int) -> None:
        Memory(tmp_path).learn([Preference(kind="note", value=f"wish {number}", words=f"wish {number}")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(learn, range(40)))
    assert sorted(one.value for one in Memory(tmp_path).all()) == sorted(f"wish {number}" for number in range(40))
