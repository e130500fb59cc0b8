from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.api import Box, Region
from generators.world.sprites import aspect, font_installed
from generators.world.vocabulary import THINGS
from tools.api import OPPOSITE, Brief, BriefObject, BriefRelation, ToolError
from tools.arranging import how_many
from tools.layout import MOST, contradiction, plan_layout, violations
from tools.proportions import proportion
from tools.relations import covered
from tools.spots import free_place

NAMES = ("dog", "cat", "bus", "apple", "glasses", "person", "wizard")
ORDERED = ("left of", "right of", "above", "below")


def thing(id: str, name: str = "dog", **more) -> BriefObject:
    return BriefObject(id=id, name=name, **more)


def related(subject: str, relation: str, object: str, other: str | None = None) -> BriefRelation:
    return BriefRelation(subject=subject, relation=relation, object=object, other=other)


@st.composite
def briefs(draw) -> Brief:
    """Up to three kinds of up to three objects; each kind after the first is related to one before it, or not."""
    kinds = draw(st.integers(1, 3))
    objects = [thing(f"o{i}", draw(st.sampled_from(NAMES)), count=draw(st.integers(1, 3)),
                     size=draw(st.sampled_from([None, None, "small", "big"]))) for i in range(kinds)]
    relations = [related(f"o{i}", draw(st.sampled_from(ORDERED)), f"o{draw(st.integers(0, i - 1))}")
                 for i in range(1, kinds) if draw(st.booleans())]
    return Brief(objects=objects, relations=relations)


@settings(max_examples=60, deadline=None)
@given(briefs(), st.integers(0, 2**32))
def test_every_object_has_a_box_inside_the_picture_and_every_relation_holds(brief: Brief, seed: int) -> None:
    layout = plan_layout(brief, seed)
    assert [r.phrase for r in layout] == [t.phrase(count=False) for t in brief.objects for _ in range(how_many(t))]
    assert all(0 <= r.box.x0 < r.box.x1 <= 1 and 0 <= r.box.y0 < r.box.y1 <= 1 for r in layout)
    assert violations(brief, layout) == []
    pairs = [(a.box, b.box) for i, a in enumerate(layout) for b in layout[i + 1:]]
    assert all(max(covered(a, b), covered(b, a)) < 0.25 for a, b in pairs)


@settings(max_examples=25, deadline=None)
@given(briefs(), st.integers(0, 2**32))
def test_the_same_brief_and_seed_give_the_same_layout(brief: Brief, seed: int) -> None:
    assert plan_layout(brief, seed) == plan_layout(brief.model_copy(update={"background": "beach"}), seed)


def test_another_seed_gives_another_layout() -> None:
    brief = Brief(objects=[thing("a"), thing("b", "cat")])
    assert len({plan_layout(brief, seed) for seed in range(6)}) == 6


@pytest.mark.parametrize("brief", [
    Brief(objects=[thing("a", "apple"), thing("d", count=2)], relations=[related("a", "left of", "d")]),
    Brief(objects=[thing(c) for c in "abcd"],
          relations=[related(a, "left of", b) for a, b in ("ab", "bc", "cd")]),
    Brief(objects=[thing("a"), thing("b", "cat"), thing("c", "bus")],
          relations=[related("a", "left of", "b"), related("b", "above", "c"), related("a", "above", "c")]),
    Brief(objects=[thing("a"), thing("b", "cat"), thing("c", "bus")], relations=[related("a", "between", "b", "c")]),
    Brief(objects=[thing("a"), thing("b", "tree", count=2)], relations=[related("a", "between", "b")]),
    Brief(objects=[thing("a", "apple", count=2), thing("b", "bowl")], relations=[related("a", "inside", "b")]),
    Brief(objects=[thing("a", "cat", count=3), thing("b", "couch")], relations=[related("a", "on", "b")]),
    Brief(objects=[thing("a", count=2), thing("b", "cat")], relations=[related("a", "next to", "b")]),
    Brief(objects=[thing("a", count=3)], relations=[related("a", "next to", "a")]),
    Brief(objects=[thing("a", place="top left"), thing("b", "cat", place="bottom right"), thing("c", place="centre")]),
    Brief(objects=[thing("a", place="right"), thing("b", "cat")], relations=[related("a", "left of", "b")]),
    Brief(objects=[thing("a", count=5), thing("b", "cat", count=5)], relations=[related("a", "left of", "b")]),
    Brief(objects=[thing("a", size="big"), thing("b", "bus", size="big")], relations=[related("a", "left of", "b")]),
    Brief(objects=[thing("a", count=None)]),
    Brief(objects=[thing("a", count=0), thing("b", "cat")], relations=[related("a", "left of", "b")]),
])
def test_all_relations_and_places_hold_for_many_seeds(brief: Brief) -> None:
    for seed in range(12):
        assert violations(brief, plan_layout(brief, seed)) == []


def test_counts_to_five_are_drawn_at_the_sizes_of_the_training() -> None:
    low = {1: 0.34, 2: 0.28, 3: 0.24, 4: 0.2, 5: 0.19}
    for count, least in low.items():
        boxes = [r.box for seed in range(20) for r in plan_layout(Brief(objects=[thing("a", count=count)]), seed)]
        assert min(max(box.width, box.height) for box in boxes) >= least


def test_a_group_is_not_a_grid() -> None:
    brief = Brief(objects=[thing("a", count=4)])
    rows = [{round(r.box.centre[1], 1) for r in plan_layout(brief, seed)} for seed in range(10)]
    assert sum(len(found) >= 3 for found in rows) >= 5


@pytest.mark.parametrize("relations, named", [
    ([related("a", "left of", "b"), related("b", "left of", "a")], "a dog to the left of a cat"),
    ([related("a", "left of", "b"), related("a", "right of", "b")], "a dog to the right of a cat"),
    ([related("a", "above", "b"), related("b", "above", "c"), related("c", "above", "a")], "a bus above a dog"),
])
def test_contradicting_relations_are_named(relations: list[BriefRelation], named: str) -> None:
    brief = Brief(objects=[thing("a"), thing("b", "cat"), thing("c", "bus")], relations=relations)
    assert named in contradiction(brief)
    with pytest.raises(ToolError, match="contradict") as error:
        plan_layout(brief, 1)
    assert named in str(error.value)


def test_a_relation_said_twice_in_opposite_words_is_no_contradiction() -> None:
    relations = [related("a", "left of", "b"), related("b", OPPOSITE["left of"], "a")]
    assert contradiction(Brief(objects=[thing("a"), thing("b", "cat")], relations=relations)) == []


def test_a_place_that_a_relation_forbids_is_told() -> None:
    brief = Brief(objects=[thing("a", place="bottom right"), thing("b", "cat", place="top left")],
                  relations=[related("a", "left of", "b")])
    with pytest.raises(ToolError, match="no layout"):
        plan_layout(brief, 1)


def test_too_many_objects_are_refused_with_the_limit() -> None:
    with pytest.raises(ToolError, match=f"at most {MOST}.*1000"):
        plan_layout(Brief(objects=[thing("a", count=1000)]), 1)


def test_a_crowd_fits() -> None:
    layout = plan_layout(Brief(objects=[thing("a", count=MOST)]), 1)
    assert len(layout) == MOST


def test_violations_see_a_wrong_layout() -> None:
    brief = Brief(objects=[thing("a"), thing("b", "cat", place="top")], relations=[related("a", "left of", "b")])
    right = [Region("dog", Box(0.1, 0.1, 0.3, 0.3)), Region("cat", Box(0.6, 0.1, 0.8, 0.3))]
    assert violations(brief, right) == []
    assert violations(brief, [Region("dog", right[1].box), Region("cat", right[0].box)]) == [
        "a dog to the left of a cat"]
    assert violations(brief, [right[0], Region("cat", Box(0.6, 0.7, 0.8, 0.9))])[-1] == "cat at the top"
    assert violations(brief, right[:1]) == ["2 objects (the layout has 1)"]


def test_it_is_fast() -> None:
    brief = Brief(objects=[thing("a", count=2), thing("b", "cat", count=3), thing("c", "bus")],
                  relations=[related("a", "left of", "b"), related("b", "above", "c")])
    plan_layout(brief, 0)
    times = []
    for seed in range(10):
        began = time.process_time()
        plan_layout(brief, seed)
        times.append(time.process_time() - began)
    assert sorted(times)[5] < 0.05


@pytest.mark.skipif(not font_installed(), reason="the emoji font that the proportions come from is not installed")
def test_proportions_are_those_of_the_glyphs() -> None:
    for entry in THINGS:
        assert proportion(entry.name) == pytest.approx(aspect(entry.name), abs=0.03), entry.name
    assert proportion("puppy") == proportion("dog") and proportion("wizard") == 1


def test_a_free_place_is_free() -> None:
    taken = [Box(0.05, 0.05, 0.45, 0.95)]
    for seed in range(10):
        box = free_place("cake", taken, seed)
        assert covered(box, taken[0]) < 0.05
        assert box.x1 <= 1 and box.y1 <= 1
