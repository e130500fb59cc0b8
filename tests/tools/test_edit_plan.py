"""The changed area of an edit, and the regions in the convention that the world's models were trained with."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.api import Box, Extent
from tools.api import SceneObject, ToolError
from tools.edit_plan import EditPlan, Wish, plan_edit
from tools.relations import covered
from tools.sources import grown_mask
from tools.spots import find_spot

DOG = SceneObject(id="dog-1", name="dog", colour="red", box=Box(0.1, 0.4, 0.35, 0.65))
DOG2 = SceneObject(id="dog-2", name="dog", box=Box(0.4, 0.4, 0.65, 0.65))
CAT = SceneObject(id="cat-1", name="cat", box=Box(0.7, 0.1, 0.95, 0.35))
SCENE = (DOG, DOG2, CAT)


def planned(operation, *targets: SceneObject, instruction: str = "", box: Box | None = None,
            phrase: str | None = None) -> EditPlan:
    return plan_edit(Wish(instruction, operation, box, phrase), targets, SCENE, 7)


@pytest.mark.parametrize("plan, words, regions", [
    (planned("recolour", DOG, phrase="purple dog"), "make the red dog purple", [("red dog", DOG.box)]),
    (planned("recolour", CAT, phrase="blue orange"), "make the cat blue", [("cat", CAT.box)]),
    (planned("recolour", CAT, instruction="make the orange orange", phrase="orange"), "make the cat orange",
     [("cat", CAT.box)]),
    (planned("recolour", DOG, DOG2, instruction="make both dogs blue"), "make the dogs blue",
     [("red dog", DOG.box), ("dog", DOG2.box)]),
    (planned("remove", CAT, instruction="no cat"), "remove the cat", [("cat", CAT.box)]),
    (planned("replace", CAT, instruction="replace the cat with an orange car"),
     "replace the cat with an orange car", [("orange car", CAT.box)]),
    (planned("replace", DOG, phrase="a cake"), "replace the red dog with a cake", [("cake", DOG.box)]),
    (planned("add", instruction="add a cake", box=Box(0.1, 0.7, 0.3, 0.9)), "add a cake",
     [("cake", Box(0.1, 0.7, 0.3, 0.9))]),
    (planned("move", CAT, box=Box(0.0, 0.75, 0.25, 1.0), instruction="there"), "move the cat to the left",
     [("from cat", CAT.box), ("to cat", Box(0.01, 0.74, 0.26, 0.99))]),
    (planned("resize", CAT, box=Box(0.6, 0.0, 1.0, 0.4)), "make the cat bigger",
     [("from cat", CAT.box), ("to cat", Box(0.6, 0.0, 1.0, 0.4))]),
    (planned("background", instruction="put it on the seaside"), "make it on a beach", []),
    (planned("background", phrase="night"), "make it at night", []),
    (planned("restyle", instruction="as a watercolour"), "as a watercolour", []),
    (planned("other", instruction="make it nicer"), "make it nicer", []),
])
def test_regions_follow_the_convention_of_the_training(plan: EditPlan, words: str, regions: list) -> None:
    assert plan.words == words
    assert [(r.phrase, r.box) for r in plan.regions] == regions


@pytest.mark.parametrize("operation", ["remove", "replace", "recolour", "resize", "move"])
def test_a_target_is_needed(operation) -> None:
    with pytest.raises(ToolError, match=r"needs targets. It shows dog-1 \(red\), dog-2 and cat-1\."):
        planned(operation, instruction="make it bigger")


def test_a_replacement_has_room_for_other_proportions() -> None:
    area = planned("replace", CAT, phrase="bicycle").area
    assert len(area) == 2 and area[1].width > 1.3 * area[1].height


@pytest.mark.parametrize("instruction, axis, sign", [
    ("move the cat to the left", 0, -1), ("down a bit", 1, 1), ("move it lower", 1, 1),
])
def test_moves_go_where_the_words_say(instruction: str, axis: int, sign: int) -> None:
    new = planned("move", CAT, instruction=instruction).regions[1].box
    assert sign * (new.centre[axis] - CAT.box.centre[axis]) >= 0.15
    assert abs(new.centre[1 - axis] - CAT.box.centre[1 - axis]) <= 0.1
    assert max(covered(new, other.box) for other in (DOG, DOG2)) < 0.1


def test_two_things_change_places() -> None:
    plan = planned("move", DOG, CAT, instruction="swap the red dog and the cat")
    assert [(r.phrase, r.box.centre) for r in plan.regions] == [
        ("from red dog", DOG.box.centre), ("from cat", CAT.box.centre),
        ("to red dog", pytest.approx(CAT.box.centre)), ("to cat", pytest.approx(DOG.box.centre))]
    assert plan.words == "swap the red dog and the cat" and len(plan.area) == 4


@pytest.mark.parametrize("instruction, x, y", [
    ("put the cat in the top left corner", (0, 0.45), (0, 0.45)), ("move it to the bottom", (0, 1), (0.55, 1)),
    ("move it to the centre of the picture", (0.25, 0.75), (0.25, 0.75)),
    ("bottom right, please", (0.55, 1), (0.55, 1)),
])
def test_moves_to_a_part_of_the_picture(instruction: str, x: tuple[float, float], y: tuple[float, float]) -> None:
    centre = planned("move", CAT, instruction=instruction).regions[1].box.centre
    assert x[0] <= centre[0] <= x[1] and y[0] <= centre[1] <= y[1]


def test_a_move_beside_something() -> None:
    new = planned("move", CAT, instruction="move the cat below the dog").regions[1].box
    assert new.centre[1] > DOG.box.centre[1] + 0.1


def test_a_move_that_goes_nowhere_is_told() -> None:
    corner = SceneObject(id="cat-1", name="cat", box=Box(0.0, 0.0, 0.3, 0.3))
    with pytest.raises(ToolError, match="as far there as it can be"):
        plan_edit(Wish("move it up", "move", None, None), [corner], [corner], 1)


@pytest.mark.parametrize("words, factor", [("bigger", 1.5), ("smaller", 0.62), ("tiny", 0.62), ("huge", 1.5)])
def test_new_sizes(words: str, factor: float) -> None:
    alone = plan_edit(Wish(f"make it {words}", "resize", None, None), [DOG2], [DOG2], 7)
    new = alone.regions[1].box
    assert new.width == pytest.approx(factor * DOG2.box.width, abs=0.01)
    assert new.centre == pytest.approx(DOG2.box.centre, abs=0.01)


def test_what_grows_does_not_grow_over_its_neighbours() -> None:
    near = SceneObject(id="apple-1", name="apple", box=Box(0.38, 0.4, 0.55, 0.6))
    new = plan_edit(Wish("make it bigger", "resize", None, None), [DOG], [DOG, near], 3).regions[1].box
    assert new.area > 1.3 * DOG.box.area and covered(near.box, new) <= 0.05
    assert abs(new.centre[0] - DOG.box.centre[0]) < 0.15


def test_something_new_goes_where_there_is_room() -> None:
    for seed in range(8):
        box = plan_edit(Wish("add a cake", "add", None, None), [], SCENE, seed).area[0]
        assert max(covered(box, other.box) for other in SCENE) < 0.05


def test_something_new_goes_where_it_was_wanted() -> None:
    box = planned("add", instruction="add a star above the cat", phrase="star").area[0]
    assert box.centre[1] < CAT.box.centre[1] or covered(box, CAT.box) == 0
    left = planned("add", instruction="put a star to the left of the cat").area[0]
    assert left.centre[0] < CAT.box.centre[0] - 0.1
    top = planned("add", instruction="add a star in the top left corner").area[0]
    assert top.centre[0] < 0.5 and top.centre[1] < 0.5


def test_something_new_beside_one_thing_does_not_cover_another() -> None:
    large = SceneObject(id="apple-1", name="apple", box=Box(0.02, 0.02, 0.5, 0.5))
    below = SceneObject(id="dog-1", name="dog", box=Box(0.3, 0.65, 0.6, 0.95))
    for seed in range(6):
        wish = Wish("add a bird above the dog", "add", None, "bird")
        box = plan_edit(wish, [], [large, below], seed).area[0]
        assert max(covered(box, large.box), covered(large.box, box)) <= 0.06 and box.centre[1] < below.box.centre[1]


def test_something_new_goes_into_what_it_was_wanted_in() -> None:
    bowl = SceneObject(id="bowl-1", name="bowl", box=Box(0.2, 0.3, 0.8, 0.9))
    box = plan_edit(Wish("put an apple in the bowl", "add", None, "apple"), [], [bowl], 5).area[0]
    assert covered(box, bowl.box) >= 0.8


boxes = st.builds(lambda x, y, w, h: Box(x * (1 - w), y * (1 - h), x * (1 - w) + w, y * (1 - h) + h),
                  *[st.floats(0, 1)] * 2, *[st.floats(0.1, 0.5)] * 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=3), st.lists(boxes, max_size=3))
def test_a_mask_covers_its_boxes_and_spares_the_neighbours(area: list[Box], keep: list[Box]) -> None:
    extent = Extent(96, 64)
    pixels = np.asarray(grown_mask(area, extent, keep)) > 0
    wanted = np.asarray(grown_mask([], extent)) > 0
    for box in area:
        left, top, right, bottom = box.pixels(extent)
        wanted = wanted.copy()
        wanted[top:bottom, left:right] = True
    assert pixels[wanted].all()
    for box in keep:
        left, top, right, bottom = box.pixels(extent)
        assert not (pixels & ~wanted)[top:bottom, left:right].any()


@settings(max_examples=40, deadline=None)
@given(st.lists(boxes, max_size=3), st.floats(0.1, 0.4), st.integers(0, 1000))
def test_spots_lie_inside_and_are_the_same_again(taken: list[Box], side: float, seed: int) -> None:
    box = find_spot(side, side, taken, seed)
    assert box is not None and box == find_spot(side, side, taken, seed)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1 and box.y1 <= 1 and box.width == pytest.approx(side, abs=0.01)


def test_nowhere_is_as_wanted() -> None:
    assert find_spot(0.2, 0.2, [], 1, lambda box: False) is None


def test_several_targets_move_to_different_places() -> None:
    plan = planned("move", DOG, DOG2, instruction="move the dogs down")
    new = [r.box for r in plan.regions if r.phrase.startswith("to ")]
    assert len(new) == 2 and all(covered(a, b) < 0.1 for a, b in pairwise(new))
