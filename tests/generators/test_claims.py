"""What people say of pictures, whether it is so, and scenes that differ in one respect."""

from __future__ import annotations

import random

import pytest

from generators.training.pack_world import domain
from generators.world.claims import (
    ALTERATIONS,
    ANY,
    SEVERAL,
    A,
    Claim,
    Group,
    exactly,
    holds,
    partial_claim,
    sample_twins,
    say,
    whole_claim,
)
from generators.world.scenes import Placed, Scene, sample_scene
from generators.world.sprites import font_installed
from generators.world.tables import table_of

needs_font = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")

LEFT, MIDDLE, RIGHT = (0.02, 0.3, 0.27, 0.55), (0.36, 0.3, 0.61, 0.55), (0.7, 0.3, 0.95, 0.55)
LARGE = (0.2, 0.2, 0.8, 0.8)
DOGS = Scene((Placed("dog", LEFT, "red"), Placed("dog", RIGHT, "red"), Placed("cat", MIDDLE)), "beach")
PAIR = Scene((Placed("dog", LEFT, "red"), Placed("apple", RIGHT)), "plain white")
TURTLE = Scene((Placed("turtle", MIDDLE),), "sea")
DRAWN = Scene((Placed("dog", LARGE, "red"),), "beach", "pencil sketch")


def g(thing, colour=None, number=ANY, size=None):
    return Group(thing, colour, size, number)


def claim(*groups, **rest):
    return Claim(groups, **rest)


@pytest.mark.parametrize(("scene", "said", "truth"), [
    (DOGS, claim(g("dog", number=exactly(2))), 1), (DOGS, claim(g("dog", number=exactly(3))), -1),
    (DOGS, claim(g("dog", number=A)), 0), (PAIR, claim(g("dog", number=A)), 1),
    (DOGS, claim(g("dog", number=SEVERAL)), 1), (PAIR, claim(g("dog", number=SEVERAL)), 0),
    (DOGS, claim(g("bird")), -1), (DOGS, claim(g("dog", "blue")), -1),
    (DOGS, claim(g(None, "red"), ground="beach"), 1), (DOGS, claim(g(None, "red"), ground="sea"), -1),
    (PAIR, claim(g("apple", "red")), 1), (PAIR, claim(g("apple", "green")), -1),
    (DOGS, claim(g("dog", "red", exactly(2)), g("cat", "orange")), 1),
    (TURTLE, claim(g("turtle", "brown")), 0), (TURTLE, claim(g("dog", "brown")), -1),
    (PAIR, claim(g("dog"), g("apple"), relation="left of"), 1),
    (PAIR, claim(g("dog"), g("apple"), relation="right of"), -1),
    (PAIR, claim(g("apple"), g("dog"), relation="right of"), 1),
    (PAIR, claim(g("dog"), g("apple"), relation="above"), -1),
    (DOGS, claim(g("dog"), g("cat"), relation="left of"), 0),
    (DRAWN, claim(g("dog"), style="pencil sketch"), 1), (DRAWN, claim(g("dog"), style="flat"), -1),
    (DRAWN, claim(g("dog", "red")), 0), (DRAWN, claim(g("dog", size="big")), 1),
    (DRAWN, claim(g("dog", size="small")), -1), (PAIR, claim(g("dog", size="big")), -1),
    (DOGS, claim(ground="beach"), 1),
])  # fmt: skip
def test_a_claim_holds_does_not_or_nobody_can_tell(scene, said, truth):
    other = Scene((Placed("house", LARGE),), "forest", "watercolour")
    assert holds([said], table_of([scene, other], 128)).tolist() == [[truth, -1]]


@needs_font
@pytest.mark.parametrize("name", ["small", "full"])
def test_what_is_said_of_a_scene_is_never_false_of_it_and_in_known_words(name):
    from generators.training.contrastive import TOKENS
    from generators.training.words import build_tokenizer

    of, rng, tokenizer = domain(name), random.Random(1), build_tokenizer()
    for _ in range(150):
        scene = sample_scene(rng, of.seen)
        claims = [whole_claim(rng, scene), whole_claim(rng, scene, complete=True), partial_claim(rng, scene)]
        assert (holds(claims, table_of([scene], of.extent)) >= 0).all(), (scene, claims)
        for text in (say(rng, claim) for claim in claims):
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.unk_token_id not in ids and len(ids) < TOKENS, text


@needs_font
@pytest.mark.parametrize("kind", ALTERATIONS)
def test_twins_differ_in_one_respect_which_whole_texts_tell(kind):
    rng, told, world = random.Random(2), 0, domain("small").drawn
    for number in range(40):
        twins = sample_twins(rng, kind, world)
        claims = [whole_claim(random.Random(number), s, complete=True) for s in (twins.scene, twins.other)]
        told += (holds(claims, table_of([twins.scene, twins.other], 128)) == [[1, -1], [-1, 1]]).all()
        assert differences(twins.scene, twins.other) == DIFFERENT[kind], kind
    assert told >= 25, "of the others nobody can tell"


DIFFERENT = {"colour": {"colours"}, "colours exchanged": {"colours"}, "count": {"number"}, "relation": {"boxes"},
             "background": {"background"}, "thing": {"things", "boxes"}}  # fmt: skip


def differences(scene, other):
    """In which respects two scenes differ; of different numbers of objects only the number is told."""
    if len(scene.objects) != len(other.objects):
        return {"number"}
    views = {"things": lambda o: o.thing, "colours": lambda o: o.colour, "boxes": lambda o: o.box}
    found = {name for name, look in views.items() if [*map(look, scene.objects)] != [*map(look, other.objects)]}
    return found | ({"background"} if scene.background != other.background else set())


@needs_font
def test_exchanged_colours_are_the_same_words():
    rng = random.Random(3)
    for _ in range(20):
        twins = sample_twins(rng, "colours exchanged", domain("small").drawn)
        colours = [sorted({(o.colour or "") for o in scene.objects}) for scene in (twins.scene, twins.other)]
        assert colours[0] == colours[1]
