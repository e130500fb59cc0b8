"""Captions, coverage, and the words of an instruction."""

from __future__ import annotations

import pytest

from generators.api import Capabilities, World
from tools.api import Brief, BriefObject, BriefRelation
from tools.caption import background_phrase, caption, object_phrase
from tools.coverage import cannot, nearest
from tools.naming import listed, some
from tools.phrases import anchor, direction, factor, find_ground, find_phrase, removes, swaps

SMALL = World(("dog", "cat", "apple", "car", "cake"), ("red", "purple"), ("beach", "night"), (), (), 3)


def example(**more) -> Brief:
    things = [BriefObject(id="apple", name="apple", colour="red"), BriefObject(id="dog", name="dog", count=2)]
    parts = {"objects": things,
             "relations": [BriefRelation(subject="apple", relation="left of", object="dog")], "background": "beach"}
    return Brief(**{**parts, **more})


@pytest.mark.parametrize("brief, expected", [
    (example(), "a red apple to the left of two dogs on a beach"),
    (example(relations=[]), "a red apple and two dogs on a beach"),
    (example(relations=[], background="night", style="watercolor"),
     "a red apple and two dogs at night in watercolour style"),
    (example(background="plain blue"), "a red apple to the left of two dogs on a plain blue background"),
    (example(background="volcano crater"), "a red apple to the left of two dogs with a volcano crater background"),
    (example(text="HELLO", background=None), 'a red apple to the left of two dogs with the words "HELLO"'),
    (Brief(background="beach"), "on a beach"),
    (Brief(), ""),
    (Brief(objects=[BriefObject(id="a", name="owl", size="small", attributes=["sleepy"])]), "a small sleepy owl"),
])
def test_caption(brief: Brief, expected: str) -> None:
    assert caption(brief) == expected


def test_a_chain_names_each_object_in_full_once() -> None:
    brief = example(relations=[BriefRelation(subject="apple", relation="left of", object="dog"),
                               BriefRelation(subject="dog", relation="above", object="apple")], background=None)
    assert caption(brief) == "a red apple to the left of two dogs and the dogs above the red apple"


def test_between_names_both_ends() -> None:
    things = [BriefObject(id=c, name=n) for c, n in (("a", "cat"), ("b", "dog"), ("c", "bus"))]
    brief = Brief(objects=things, relations=[BriefRelation(subject="a", relation="between", object="b", other="c")])
    assert caption(brief) == "a cat between a dog and a bus"


def test_a_world_model_reads_its_own_words_only() -> None:
    brief = example(
        objects=[BriefObject(id="apple", name="apples", colour="crimson", attributes=["shiny"]),
                 BriefObject(id="dog", name="puppy", count=None)], style="oil painting", text="HELLO")
    assert caption(brief, SMALL) == "a red apple to the left of three dogs on a beach"
    assert object_phrase(brief.objects[0]) == "red apple"


def test_background_phrases() -> None:
    assert background_phrase("the seaside") == "on a beach"
    assert background_phrase("night sky") == "at night"


def test_cannot_names_what_is_missing_and_nothing_else() -> None:
    able = Capabilities(world=SMALL)
    assert cannot(example(), able) == []
    things = [BriefObject(id="c", name="castle", colour="silver"), BriefObject(id="d", name="dog", count=4)]
    brief = example(objects=things, relations=[], background="space", style="pixel art", text="HELLO")
    assert cannot(brief, able) == ["castle", "silver", "4 dogs", "space", "pixel art", 'the words "HELLO"']
    assert cannot(brief, Capabilities()) == []


def test_counts_add_up_over_a_name() -> None:
    things = [BriefObject(id="a", name="dog", count=2, colour="red"), BriefObject(id="b", name="dogs", count=2)]
    assert cannot(Brief(objects=things), Capabilities(world=SMALL)) == ["4 dogs"]


@pytest.mark.parametrize("name, expected", [
    ("dog", ["dog"]), ("puppy", ["dog"]), ("aple", ["apple"]), ("lorry", ["car"]), ("wolf", ["dog", "cat"]),
    ("birthday cake", ["cake", "apple"]), ("zzzz", []), ("", []),
])
def test_nearest(name: str, expected: list[str]) -> None:
    found = nearest(name, SMALL)
    assert sorted(found[:len(expected)]) == sorted(expected) if expected else found == []
    assert found == nearest(name, SMALL) and len(found) <= 3


@pytest.mark.parametrize("text, expected", [
    ("purple dog", "purple dog"), ("a little purple puppy", "purple dog"), ("put a cake here", "cake"),
    ("an orange", "orange"), ("an orange cat", "orange cat"), ("orange orange", "orange orange"),
    ("add two hot dogs", "hot dog"), ("put a wizard here", "wizard"), ("wine glass", "wine glass"),
    ("fill this with a red car", "red car"), ("a dragon, please", "dragon"),
])
def test_phrases(text: str, expected: str) -> None:
    assert str(find_phrase(text)) == expected


@pytest.mark.parametrize("text, expected", [
    ("make it night", "night"), ("change the background to a beach", "beach"), ("put it in outer space", "space"),
    ("make it purple", None), ("make the background blue", "plain blue"), ("on a sandy beach", "beach"),
    ("hello", None),
])
def test_grounds(text: str, expected: str | None) -> None:
    assert find_ground(text) == expected


def test_small_words() -> None:
    assert removes("please remove this") and removes("take it away") and not removes("put a cake here")
    assert factor("make it bigger") == 1.5 and factor("shrink the dog") == 0.62 and factor("make it red") is None
    assert direction("move it to the left") == (-1, 0) and direction("top right") == (1, -1)
    assert direction("away") is None and direction("move the left dog to the right") == (1, 0)
    assert direction("move the right dog up a bit") == (0, -1) and direction("the middle") is None
    assert factor("make the big dog smaller") == 0.62 and factor("a big dog") == 1.5
    assert swaps("swap the dog and the cat") and swaps("let them change places") and not swaps("change it to red")
    assert anchor("a tree in front of the house") is None and anchor("on the small red chair") == ("on", "chair")
    assert anchor("move the dog to the left of the red apple") == ("left of", "apple")
    assert anchor("put it next to the cat") == ("next to", "cat") and anchor("move it up") is None
    assert listed([]) == "" and listed(["a"]) == "a" and listed(["a", "b", "c"], "or") == "a, b or c"
    assert some(0, "dog") == "no dog" and some(1, "dog") == "1 dog" and some(2, "knife") == "2 knives"
