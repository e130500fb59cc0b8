"""A picture that shows the truth scores 1; one that is wrong in one respect scores 0, category by category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from evals import registry
from evals.api import Item, Look, Sample
from evals.scorers import outside, world
from evals.scorers.plan import SCORER as PLAN
from evals.scorers.ssim import SCORER as SSIM
from evals.scorers.world import SCORER as WORLD
from generators.api import Box, Detection, Seen
from generators.seeing import has_colour
from generators.world.vocabulary import NATURAL_COLOURS

SUITES = ("world-generate", "world-edit", "world-inpaint", "world-multiturn")
ITEMS = [item for suite in SUITES for item in registry.task(suite).items()]
PLACES = {"left of": (-0.3, 0.0), "right of": (0.3, 0.0), "above": (0.0, -0.3), "below": (0.0, 0.3)}


def having(key: str) -> list[Item]:
    """The items of which some line says such a thing."""
    return [item for item in ITEMS if any(key in line for line in item.truth["include"])]


def sample(item: Item, **more: Any) -> Sample:
    return Sample(key="k", suite="s", suite_version=1, item=item, arm="single", generator="g", seed=1, status="done",
                  **more)


def perfect(truth: dict[str, Any]) -> Seen:
    """What exact eyes would see in a picture of the truth."""
    found = []
    for number, line in enumerate(truth["include"]):
        dx, dy = PLACES[line["position"][0]] if "position" in line else (0.0, 0.0)
        for index in range(line["count"]):
            x, y = 0.5 + dx + 0.01 * index, 0.5 + dy + 0.01 * number
            colour = line.get("color", "own")
            found.append(Detection(line["class"], colour, Box(x - 0.05, y - 0.05, x + 0.05, y + 0.05), 0.9))
    return Seen(tuple(found), truth.get("background"), 0.9)


def value(item: Item, seen: Seen | None) -> float:
    return WORLD.score(Look(item, sample(item), Image.new("RGB", (8, 8)), seen)).value


def wrongly_judged(items: list[Item], change: Callable[[Seen, Item], Seen], expected: float) -> list[str]:
    """Names of the items whose truth, after a change, is not scored as it should be."""
    assert items
    return [item.id for item in items if value(item, change(perfect(item.truth), item)) != expected]


def test_the_truth_itself_is_right() -> None:
    assert wrongly_judged(ITEMS, lambda seen, item: seen, 1) == []


def test_one_object_missing_is_wrong() -> None:
    assert wrongly_judged(ITEMS, lambda seen, item: replace(seen, objects=seen.objects[1:]), 0) == []


def test_one_object_too_many_is_wrong() -> None:
    assert wrongly_judged(ITEMS, lambda seen, item: replace(seen, objects=(*seen.objects, seen.objects[-1])), 0) == []


def test_a_wrong_colour_is_wrong() -> None:
    def repainted(seen: Seen, item: Item) -> Seen:
        return replace(seen, objects=tuple(d if d.colour == "own" else replace(
            d, colour="red" if d.colour == "blue" else "blue") for d in seen.objects))

    assert wrongly_judged(having("color"), repainted, 0) == []


def test_a_mirrored_picture_is_wrong_about_positions() -> None:
    def turned(seen: Seen, item: Item) -> Seen:
        return replace(seen, objects=tuple(replace(d, box=Box(1 - d.box.x1, 1 - d.box.y1, 1 - d.box.x0, 1 - d.box.y0))
                                           for d in seen.objects))

    assert wrongly_judged(having("position"), turned, 0) == []


def test_a_wrong_background_is_wrong() -> None:
    items = [item for item in ITEMS if "background" in item.truth]
    assert wrongly_judged(items, lambda seen, item: replace(seen, background="somewhere else"), 0) == []


def test_what_must_be_gone_and_is_not_is_wrong() -> None:
    def kept(seen: Seen, item: Item) -> Seen:
        there = Detection(item.truth["exclude"][0]["class"], "own", Box(0.8, 0.8, 0.9, 0.9), 0.9)
        return replace(seen, objects=(*seen.objects, there))

    assert wrongly_judged([item for item in ITEMS if item.truth.get("exclude")], kept, 0) == []


def test_no_picture_is_wrong() -> None:
    assert value(ITEMS[0], None) == 0


def test_own_colours_count_as_the_colour_that_people_say() -> None:
    apple = Detection("apple", "own", Box(0, 0, 1, 1), 1.0)
    assert NATURAL_COLOURS["apple"] == "red"
    assert has_colour(apple, "red") and not has_colour(apple, "green")
    assert not has_colour(replace(apple, colour="green"), "red")


def test_two_groups_of_one_class_are_counted_by_colour() -> None:
    truth = {"include": [{"class": "car", "count": 1, "color": "red"}, {"class": "car", "count": 2, "color": "blue"}]}
    seen = perfect(truth)
    assert world.judge(truth, seen)[1] == []
    assert world.judge(truth, replace(seen, objects=seen.objects[:2]))[1]
    assert world.judge(truth, replace(seen, objects=(seen.objects[0], *(replace(d, colour="red") for d in
                                                                        seen.objects[1:]))))[1]


def test_exclude_is_genevals() -> None:
    truth = {"include": [{"class": "dog", "count": 2}], "exclude": [{"class": "dog", "count": 3}]}
    seen = perfect(truth)
    assert world.judge(truth, seen)[1] == []
    assert world.judge({**truth, "include": []}, replace(seen, objects=(*seen.objects, seen.objects[0])))[1]


@pytest.mark.parametrize(("dx", "dy", "relation", "holds"), [
    (-0.4, 0.0, "left of", True), (0.4, 0.0, "left of", False), (-0.4, 0.0, "above", False),
    (0.0, -0.4, "above", True), (0.0, 0.4, "below", True), (0.3, 0.01, "right of", True),
    (0.01, 0.0, "right of", False),  # within the margin: nowhere in particular
    (0.4, 0.1, "below", False),  # mostly to the right
    (0.0, 0.0, "left of", False),
])
def test_relations_follow_geneval(dx: float, dy: float, relation: str, holds: bool) -> None:
    def at(x: float, y: float) -> Detection:
        return Detection("x", "own", Box(x - 0.05, y - 0.05, x + 0.05, y + 0.05), 1.0)

    assert world.related(at(0.5 + dx, 0.5 + dy), relation, at(0.5, 0.5)) is holds


PLAN_ITEM = Item(id="u", tag="t", turns=["make it blue"], truth={
    "tool": ["edit", "generate"], "arguments": {"operation": "recolour"},
    "brief": {"objects": [{"name": "dog", "count": 1, "colour": "blue"}], "background": "beach"}})
RIGHT = {"tool": "edit", "arguments": {"operation": "recolour", "targets": ["dog-1"]},
         "brief": {"objects": [{"id": "dog", "name": "dog", "count": 1, "colour": "blue"}], "background": "beach",
                   "relations": []}}


@pytest.mark.parametrize(("change", "expected"), [
    ({}, 1.0), ({"tool": "generate"}, 1.0), ({"tool": "ask"}, 0.0), ({"tool": None}, 0.0),
    ({"arguments": {"operation": "move"}}, 0.0), ({"brief": {**RIGHT["brief"], "background": None}}, 0.0),
    ({"brief": {**RIGHT["brief"], "objects": []}}, 0.0), ({"brief": None}, 0.0), ({"arguments": None}, 0.0),
])
def test_plans_are_held_against_the_truth(change: dict[str, Any], expected: float) -> None:
    assert PLAN.score(Look(PLAN_ITEM, sample(PLAN_ITEM, plan={**RIGHT, **change}))).value == expected


def test_no_plan_is_wrong() -> None:
    assert PLAN.score(Look(PLAN_ITEM, sample(PLAN_ITEM))).value == 0


def test_outside_counts_the_pixels_that_should_have_stayed() -> None:
    before = Image.new("RGB", (100, 100), "white")
    after = before.copy()
    after.paste("red", (0, 0, 50, 50))  # a quarter, all of it inside the box
    assert outside.unchanged(before, after, [Box(0, 0, 0.5, 0.5)]) == 1
    after.paste("red", (50, 0, 100, 50))  # a third of what was to stay
    assert outside.unchanged(before, after, [Box(0, 0, 0.5, 0.5)]) == pytest.approx(2 / 3)
    assert outside.unchanged(before, after.resize((50, 50)), []) == 0
    assert outside.unchanged(before, Image.new("RGB", (100, 100), (250, 250, 250)), []) == 1  # cannot be seen


def test_outside_looks_where_the_changed_things_are() -> None:
    item = Item(id="e", tag="t", turns=["a dog and a cat", "make the dog blue"], truth={"changed": ["dog"]})
    dog, cat = Detection("dog", "own", Box(0, 0, 0.5, 0.5), 1), Detection("cat", "own", Box(0.6, 0.6, 1, 1), 1)
    before, after = Image.new("RGB", (100, 100)), Image.new("RGB", (100, 100))
    after.paste("blue", (0, 0, 50, 50))
    seen = Seen((dog, cat))
    look = Look(item, sample(item), after, seen, before, seen)
    assert outside.SCORER.score(look).value == 1
    assert outside.SCORER.score(replace(look, item=item.model_copy(update={"truth": {"changed": ["cat"]}}))).value < 0.8
    assert outside.SCORER.score(replace(look, before=None)).value == 0


def test_structure_is_compared_where_nothing_was_to_change() -> None:
    item = Item(id="e", tag="t", turns=["a dog", "make the dog blue"], truth={"changed": ["dog"]})
    seen = Seen((Detection("dog", "own", Box(0.1, 0.1, 0.4, 0.4), 1),))
    before, after = Image.new("RGB", (100, 100), "white"), Image.new("RGB", (100, 100), "white")
    after.paste("blue", (12, 12, 38, 38))
    look = Look(item, sample(item), after, seen, before, seen)
    assert SSIM.score(look).value == pytest.approx(1, abs=0.02)  # windows reach a little way into the dog
    after.paste("red", (50, 0, 100, 100))
    assert SSIM.score(look).value < 0.7
    everywhere = item.model_copy(update={"truth": {"changed": ["background"]}})
    assert SSIM.score(replace(look, item=everywhere)).value == 1
    assert SSIM.score(replace(look, image=after.resize((50, 50)))).value == 0
    assert SSIM.score(replace(look, before=None)).value == 0
