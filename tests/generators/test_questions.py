"""What is said and asked of a scene is true of it, and cannot be known without it."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from generators.training.pack_world import domain
from generators.training.words import build_tokenizer
from generators.world.questions import (
    Question,
    answers_of,
    count_of,
    description,
    facts,
    kinds_of,
    sample_question,
    told,
)
from generators.world.scenes import GREY_STYLES, SQUARE, WIDE, Placed, Scene, World
from generators.world.sprites import font_installed
from generators.world.vocabulary import ALSO_CALLED, COUNTS, NATURAL_COLOURS, find_colour, find_relation, find_thing

pytestmark = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")


@cache
def asked(name: str, kind: str, count: int = 160) -> list[Question]:
    rng = random.Random(f"{name}/{kind}")
    return [sample_question(rng, domain(name).drawn, kind, rng.choice((SQUARE, WIDE))) for _ in range(count)]


def at(thing: str, x: float, y: float, colour: str | None = None) -> Placed:
    return Placed(thing, (x - 0.1, y - 0.1, x + 0.1, y + 0.1), colour)


_FRAME = re.compile(r"how many | are there| are in the picture| do you see| can you see|is there an? |are there any |"
                    r"(do|can) you see an? | in the picture|wh\S+ colou?r (is|are) the |\?")


def subject_of(text: str) -> tuple[str, str | None]:
    """The thing that a question is about, and its colour."""
    words = _FRAME.sub("", text).split()
    for cut in range(len(words)):
        head, thing = " ".join(words[:cut]), find_thing(" ".join(words[cut:]))
        if thing and (not head or find_colour(head)):
            return thing.name, find_colour(head).name if head else None
    raise AssertionError(text)


def number_of(scene: Scene, thing: str, colour: str | None) -> int:
    """Counted by eye; fails where a colour would have to be guessed."""
    things = [item for item in scene.objects if item.thing == thing]
    return sum(not colour or (item.colour or NATURAL_COLOURS[thing]) == colour for item in things)


def holds(scene: Scene, a: str, relation: str, b: str) -> bool:
    first, second = (next(o for o in scene.objects if o.thing == thing) for thing in (a, b))
    across, down = (s - f for f, s in zip(first.centre, second.centre, strict=True))
    return {"left of": across > 0, "right of": across < 0, "above": down > 0, "below": down < 0}[relation]


# --- descriptions -------------------------------------------------------------------------


def test_a_description_in_full():
    scene = Scene((at("dog", 0.8, 0.3), at("apple", 0.2, 0.5, "red"), at("dog", 0.7, 0.8)), "beach", "watercolour")
    assert description(scene) == "a red apple left of two dogs on a beach in watercolour style"
    assert facts(scene).counts == ((("apple", "red"), 1), (("dog", None), 2)) and facts(scene).relation == "left of"
    assert description(Scene((at("orange", 0.2, 0.2, "orange"),), "plain grey", "flat")) == (
        "an orange orange on a plain grey background")


def test_no_colour_is_told_where_none_can_be_seen():
    cups = (at("cup", 0.2, 0.2, "red"), at("cup", 0.7, 0.7, "blue"))
    assert description(Scene(cups, "room", "pencil sketch")) == "two cups in a room in pencil sketch style"


@pytest.mark.parametrize("name", ["small", "full"])
def test_what_is_told_is_what_there_is(name):
    tokenizer = build_tokenizer()
    for kind in kinds_of(domain(name).drawn):
        for question in asked(name, kind):
            known, words = facts(question.scene), description(question.scene)
            assert told(words) == known
            ids = tokenizer(words)["input_ids"]
            assert tokenizer.unk_token_id not in ids and told(tokenizer.decode(ids)) == known
            assert sum(count for _, count in known.counts) == len(question.scene.objects)


@pytest.mark.parametrize("words", ["", "a red apple", "on a beach", "a floop on a beach", "red apples on a beach",
                                   "a red apple and on a beach",
                                   "a dog and a red apple left of two cats on a beach"])
def test_words_that_are_no_description(words):
    assert told(words) is None


# --- questions ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small", "full"])
def test_answers_are_true(name):
    for question in asked(name, "count"):
        assert number_of(question.scene, *subject_of(question.text)) == COUNTS.index(question.answer), question
    for question in asked(name, "presence"):
        assert (number_of(question.scene, *subject_of(question.text)) > 0) == (question.answer == "yes"), question
    for question in asked(name, "colour"):
        thing, _ = subject_of(question.text)
        found = {item.colour or NATURAL_COLOURS[thing] for item in question.scene.objects if item.thing == thing}
        assert found == {question.answer}, question
    for question in asked(name, "background"):
        assert question.scene.background == question.answer


@pytest.mark.parametrize("name", ["small", "full"])
def test_relations_are_true(name):
    for question in asked(name, "relation"):
        first, _, second = question.text.removeprefix("is the ").removesuffix("?").rpartition(" the ")
        words = first.split()
        cut = next(i for i in range(len(words)) if find_relation(" ".join(words[i:])))
        things = find_thing(" ".join(words[:cut])).name, find_thing(second).name
        relation = find_relation(" ".join(words[cut:])).name
        assert holds(question.scene, things[0], relation, things[1]) == (question.answer == "yes"), question


def test_styles_are_asked_where_there_are_some():
    assert "style" not in kinds_of(domain("small").drawn)
    for question in asked("full", "style"):
        assert question.scene.style == question.answer
    assert "colour" not in kinds_of(World(("dog", "cat"), (), ("beach",)))


def test_colours_that_people_might_differ_about_are_not_asked():
    assert "dog" not in NATURAL_COLOURS
    scene = Scene((at("dog", 0.2, 0.2), at("apple", 0.7, 0.7), at("dog", 0.4, 0.4, "blue")), "beach")
    assert count_of(scene, "dog") == 2 and count_of(scene, "dog", "blue") is None
    assert count_of(scene, "apple", "red") == 1 and count_of(scene, "apple", "blue") == 0
    assert count_of(scene, "cat", "blue") == 0
    assert count_of(Scene(scene.objects, "beach", "pencil sketch"), "apple", "red") is None


def test_what_an_owl_is_called_besides_is_not_asked():
    """Some say that an owl is a bird: of birds beside an owl nothing is asked, of the owl it is."""
    scene = Scene((at("bird", 0.2, 0.2, "red"), at("owl", 0.7, 0.7, "blue"), at("bird", 0.2, 0.7, "red")), "beach")
    assert count_of(scene, "bird") is None and count_of(scene, "bird", "red") is None
    assert count_of(scene, "owl") == 1 and count_of(scene, "owl", "blue") == 1
    for thing, others in ALSO_CALLED.items():
        assert all(find_thing(name).name == name for name in (thing, *others))
    asked_about = 0
    for kind in ("count", "presence", "colour"):
        for question in asked("full", kind, 600):
            thing, _ = subject_of(question.text)
            assert not {item.thing for item in question.scene.objects} & {*ALSO_CALLED.get(thing, ())}, question
            asked_about += thing in ALSO_CALLED
    assert asked_about > 20


def test_plain_backgrounds_are_not_asked_for_where_no_colour_can_be_seen():
    questions = asked("full", "background", 600)
    grey = [question for question in questions if question.scene.style in GREY_STYLES]
    assert len(grey) > 20 and not any(question.answer.startswith("plain") for question in grey)
    assert any(question.answer.startswith("plain") for question in questions)


@pytest.mark.parametrize("name", ["small", "full"])
def test_every_answer_is_as_frequent_as_the_others(name):
    world = domain(name).drawn
    for kind in kinds_of(world):
        found, possible = Counter(q.answer for q in asked(name, kind)), answers_of(world, kind)
        assert set(found) <= set(possible)
        fair = 160 / len(possible)
        assert all(abs(found[answer] - fair) < 4.5 * fair**0.5 for answer in possible), (kind, found)


def test_words_alone_hardly_tell_the_answer():
    """Whoever learns half of the questions by heart, word by word, does no better than chance on the others."""
    for kind in ("presence", "relation"):
        rng = random.Random(kind)
        questions = [sample_question(rng, domain("small").drawn, kind) for _ in range(1200)]
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for question in questions[:600]:
            for word in question.text.split():
                seen[word][question.answer] += 1
        right = 0
        for question in questions[600:]:
            votes = [seen[w]["yes"] / (sum(seen[w].values()) or 1) - 0.5 for w in question.text.split()]
            right += ("yes" if sum(votes) > 0 else "no") == question.answer
        assert right / 600 < 0.6, kind


def test_a_pair_that_is_held_out_is_never_asked_about():
    questions = [*asked("small", "presence", 600), *asked("small", "count", 600)]
    subjects = {subject_of(question.text) for question in questions}
    assert len(subjects) > 150 and not subjects & domain("small").drawn.held_out


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_tokenizer_knows_every_word(name):
    tokenizer = build_tokenizer()
    for kind in kinds_of(domain(name).drawn):
        for question in asked(name, kind):
            assert tokenizer.unk_token_id not in tokenizer(f"{question.text} {question.answer}")["input_ids"]
