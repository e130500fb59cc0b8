"""The words that go with boxes drawn by hand, what of a browser's boxes is taken, and who draws live."""

from __future__ import annotations

import math

import pytest

from generators.api import Box, Region
from tests.ui.doubles import MODELS
from tools.api import Brief, PictureRecord
from ui import boxes, drafting, larger

DOG, APPLE = Region("dog", Box(0.1, 0.1, 0.4, 0.4)), Region("a red apple", Box(0.5, 0.5, 0.9, 0.9))


@pytest.mark.parametrize(("text", "drawn", "ground", "empty", "said"), [
    ("two dogs", [], None, True, "two dogs"), ("", [DOG, APPLE], None, True, "a dog and a red apple"),
    ("", [DOG, DOG, APPLE], "beach", False, "two dogs and a red apple on a beach"),
    ("at night", [DOG], None, True, "a dog at night"), ("in the snow", [DOG], "beach", False, "a dog in the snow"),
    ("two cats", [DOG], None, True, "a dog and two cats"), ("a big dog", [DOG], None, True, "a big dog"),
    ("add a dog", [DOG], "beach", False, "add a dog"), ("make it night", [DOG], "beach", False, "make it night"),
    ("", [Region("small puppy", DOG.box)] * 3, None, True, "three small dogs")])
def test_words_with_boxes(text: str, drawn: list[Region], ground: str | None, empty: bool, said: str) -> None:
    assert boxes.words(text, drawn, Brief(background=ground), empty) == said


@pytest.mark.parametrize(("text", "empty", "meant"), [
    ("", False, 2), ("on a beach", False, 2), ("make the dog purple", False, 2), ("a blue boat", False, 0),
    ("a blue boat", True, 2)])
def test_boxes_go_with_words_about_them(text: str, empty: bool, meant: int) -> None:
    assert len(boxes.meant(text, [DOG, APPLE], empty)) == meant


def test_only_boxes_that_can_be_seen_and_have_a_name_are_taken() -> None:
    given = [DOG, Region("  ", DOG.box), Region("cat", Box(0.5, 0.5, 0.5, 0.9)), Region("cat", Box(math.nan, 0, 1, 1)),
             Region("bird", Box(-1.0, 0.5, 0.5, 7.0)), Region("x" * 500, DOG.box)]
    taken = boxes.read(given)
    assert taken[0] == DOG and taken[1] == Region("bird", Box(0.0, 0.5, 0.5, 1.0)) and len(taken[2].phrase) == 120
    assert len(taken) == 3 and len(boxes.read([DOG] * 100)) == boxes.MOST


def test_of_a_tab_s_wishes_only_the_newest_goes_on() -> None:
    newest = drafting.Newest()
    with newest.only("a") as first, newest.only("b") as other:
        assert not first() and not other()
        with newest.only("a") as second:
            assert first() and not second() and not other()
    with newest.only("a") as third:
        assert not third()


def test_many_tabs_are_not_remembered_for_ever() -> None:
    newest = drafting.Newest()
    entered = [newest.only(str(number)) for number in range(2 * drafting.MOST_TABS)]
    stops = [one.__enter__() for one in entered]
    assert sum(not stop() for stop in stops) == drafting.MOST_TABS and len(newest._stops) == drafting.MOST_TABS
    for one in entered:
        one.__exit__(None, None, None)
    assert not newest._stops


@pytest.mark.parametrize(("own", "by_user", "quick", "steps"), [
    (20, None, True, 4), (2, None, True, 2), (20, 3, True, 3), (None, None, True, 4), (20, None, False, None),
    (20, 12, False, 12)])
def test_a_quick_look_takes_few_steps(own: int | None, by_user: int | None, quick: bool, steps: int | None) -> None:
    assert drafting.steps(own, by_user, quick) == steps


def test_where_no_model_has_a_size_that_is_said_in_place_of_buttons() -> None:
    record, whole = (PictureRecord(id="", width=side, height=side) for side in (128, 1 << 20))
    assert larger.menu(record, MODELS).count("<button") == 1, "twice as large, which needs no model's size"
    assert "cannot be extended" in larger.menu(whole, MODELS) and "<button" not in larger.menu(whole, MODELS)
    able = [{"name": "big", "installed": True, "capabilities": ["inpaint"], "sizes": [[192, 128]]}]
    assert 'data-side="right"' in larger.menu(record, able) and 'data-side="up"' not in larger.menu(record, able)
    both = [*MODELS, *able]
    assert larger.refusal(record, "right", "big", both) == ""
    assert "big has: pick it" in larger.refusal(record, "right", "pack-diffusion", both)
    assert larger.refusal(record, "up", "big", both).startswith("No model here has a size")
    assert larger.refusal(None, "up", "big", both) and larger.refusal(record, "sideways", "big", both)
