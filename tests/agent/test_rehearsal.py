"""Dry runs: what a talk would lead to, without a worker."""

from __future__ import annotations

import pytest

from agent.api import BadInput, Options, PlannerError
from agent.embedded.planner import EmbeddedPlanner
from agent.rehearsal import imagined_scene
from agent.scripted import ScriptedPlanner
from agent.settings import load
from agent.studio import Studio
from generators.workshop import Workshop
from tests.agent.conftest import DOGS, DRAW


def no_worker(name: str):
    raise AssertionError(f"a worker was started for {name}")


@pytest.fixture
def plan(tmp_path):
    studios = []

    def plan(turns, planner=None):
        workshop = Workshop(eyes="sketch", workers=no_worker)
        studios.append(Studio(load(data=tmp_path, generator="sketch"), workshop, planner or EmbeddedPlanner()))
        return studios[-1].plan(turns, Options())

    yield plan
    for studio in studios:
        studio.close()


def test_the_keys_are_those_of_the_contract(plan) -> None:
    assert set(plan(["two dogs"])) == {"brief", "tool", "arguments", "reply", "cannot"}


def test_the_first_call_that_is_no_preparation_is_the_tool(plan) -> None:
    result = plan(["a red apple and two dogs"], ScriptedPlanner([DRAW]))
    assert result["tool"] == "generate" and result["brief"] == DOGS.model_dump(mode="json")


def test_turns_before_the_last_count_as_carried_out(plan) -> None:
    result = plan(["two dogs", "make the left one purple"])
    assert result["tool"] == "edit" and result["arguments"]["targets"] == ["dog-1"]
    assert plan(["two dogs", "make the left one purple", "undo"])["tool"] == "undo"
    assert plan(["undo"])["tool"] is None and plan(["undo"])["reply"]


@pytest.mark.parametrize(("said", "tool", "things"), [
    ("undo that and make it blue", "edit", ["blue dog"]),
    ("go back to the first one and add a cat", "edit", ["dog", "cat"]),
    ("undo, I don't like it", "undo", ["dog"])])
def test_a_step_back_and_then_something_else(plan, said: str, tool: str, things: list[str]) -> None:
    result = plan(["a dog", "make it red", said])
    found = [" ".join(filter(None, [thing["colour"], thing["name"]])) for thing in result["brief"]["objects"]]
    assert (result["tool"], found) == (tool, things)


def test_a_question_after_a_step_back_is_answered(plan) -> None:
    result = plan(["two dogs", "make the left one red", "undo that and make the dog blue", "the right one"])
    assert result["arguments"]["targets"] == ["dog-2"] and result["arguments"]["phrase"] == "blue dog"


def test_a_mask_is_written_as_a_word(plan) -> None:
    assert plan(["two dogs", "[mask] put a cake here"])["tool"] == "inpaint"
    assert plan(["[mask] put a cake here"])["tool"] == "inpaint"


def test_an_answer_follows_a_question(plan) -> None:
    planner = ScriptedPlanner([[("ask", {"question": "Which?", "options": ["a", "b"]})], DRAW])
    assert plan(["dogs", "a"], planner)["tool"] == "generate"
    assert '"question":{"text":"Which?"' in planner.seen[1][0]["content"]


def test_what_the_model_cannot_draw_is_named_and_stays_in_the_brief(plan) -> None:
    brief = DOGS.model_copy(deep=True)
    brief.objects[0].name = "submarine"
    result = plan(["x"], ScriptedPlanner([[("write_brief", {"brief": brief.model_dump()})], "I cannot."]))
    assert result["cannot"] == ["submarine"] and result["tool"] is None
    assert result["brief"]["objects"][0]["name"] == "submarine"


def test_a_failing_planner_is_an_error(plan) -> None:
    with pytest.raises(PlannerError, match="over"):
        plan(["x"], ScriptedPlanner([]))
    for turns in ([], ["x" * 5000]):
        with pytest.raises(BadInput):
            plan(turns)


def test_the_imagined_scene_has_every_object_where_it_would_be() -> None:
    scene = imagined_scene(DOGS)
    assert sorted(thing.id for thing in scene) == ["apple-1", "dog-1", "dog-2"]
    left, right = (next(t for t in scene if t.id == id) for id in ("dog-1", "dog-2"))
    assert left.box.centre[0] <= right.box.centre[0]
    assert next(t for t in scene if t.id == "apple-1").colour == "red"


def test_what_is_said_once_holds_for_the_talk_and_no_longer(plan, tmp_path) -> None:
    noted = plan(["always at night"])
    assert noted["tool"] is None and "I will remember" in noted["reply"]
    later = plan(["always at night", "two dogs"])
    assert later["brief"]["background"] == "night" and later["brief"]["assumed"] and later["tool"] == "generate"
    assert plan(["two dogs"])["brief"]["background"] is None and not (tmp_path / "memory.json").exists()
    assert plan(["two dogs, always at night"])["brief"]["background"] == "night"


def test_nobody_is_asked_who_does_not_want_it(plan) -> None:
    assert plan(["draw an animal"])["tool"] == "ask"
    assert plan(["draw an animal, don't ask"])["tool"] == "generate"
    assert plan(["a dog, just do it", "start over: draw a vehicle"])["tool"] == "generate"


def test_the_way_to_a_version_is_not_the_end_of_a_turn(plan) -> None:
    result = plan(["two dogs", "add a cat", "like the first picture but at night"])
    assert result["tool"] == "edit" and [thing["name"] for thing in result["brief"]["objects"]] == ["dog"]
    assert plan(["two dogs", "add a cat", "the first picture"])["tool"] == "select"
