"""Turns with a model from outside the picture world: what is checked, repaired, pointed at, and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from generators import sketch, sketch_scene
from generators.api import Eyes, Seen, Told
from generators.workshop import Workshop
from tests.agent.conftest import DOGS
from tests.agent.test_turns import state_of

pytestmark = pytest.mark.shared_worker
PLAIN = sketch.model("photo")
PHOTO = replace(PLAIN, capabilities=replace(PLAIN.capabilities, world=None))
STYLED = DOGS.model_copy(update={"style": "watercolour"})
DRAW = [("write_brief", {"brief": STYLED.model_dump()}), ("generate", {"prompt": "an apple and two dogs"})]


class Looking(Workshop):
    """Its real eyes are the sketch reader for names, and a server that says yes to everything at 100 tokens."""

    looks = Eyes()  # type: ignore[assignment]

    def find(self, image: Any, names: Any, stop: Any = None) -> Seen:
        return Seen(tuple(d for d in sketch_scene.read(image).objects if d.thing in names))

    def ask(self, image: Any, questions: Any, stop: Any = None) -> Told:
        return Told((0.9,) * len(questions), 100)


@pytest.fixture(scope="module")
def workshop() -> Iterator[Looking]:
    with Looking([PHOTO], eyes="sketch") as workshop:
        yield workshop


@pytest.fixture
def looks(workshop: Looking, monkeypatch: pytest.MonkeyPatch):
    return lambda eyes: monkeypatch.setattr(type(workshop), "looks", eyes)


def test_without_eyes_it_says_what_it_could_not_check_and_repairs_nothing(bench) -> None:
    table = bench([DRAW, "There."], generator="photo")
    outcome = table.say("an apple and two dogs, watercolour", seed=7)
    assert outcome.status == "done" and outcome.usage.images == 1
    assert "Could not be checked: an apple, red apple, two dogs, style: watercolour." in outcome.reply
    assert {f.passed for f in outcome.images[0].critique} == {None}


def test_with_eyes_it_is_checked_repaired_and_the_tokens_count(bench, looks) -> None:
    """The sketch generator draws nothing where there is no layout, which the detector sees."""
    looks(Eyes(finder="x", server=True))
    table = bench([DRAW, "There."], generator="photo")
    outcome = table.say("an apple and two dogs, watercolour", seed=7)
    found = {f.requirement: f for f in outcome.images[0].critique}
    assert found["style: watercolour"].passed and found["style: watercolour"].by == "asked"
    assert found["two dogs"].passed is not None and found["two dogs"].by == "seen"
    critiques = sum(step.tool == "critique" for step in outcome.steps)
    assert outcome.usage.tokens >= 100 * critiques and critiques == outcome.usage.images


def test_what_a_message_names_is_looked_for_before_the_planner_is_heard(bench, looks) -> None:
    looks(Eyes(finder="x"))
    seen: list[Any] = []

    def script(messages: Any, tools: Any) -> Any:
        seen.append(state_of(messages)["scene"])
        return "Nothing to do." if len(seen) > 1 else [("generate", {"prompt": "two dogs"})]

    table = bench(script, generator="photo")
    table.say("two dogs")
    table.say("remove the dog")
    names = [thing["name"] for thing in seen[-1]]
    assert set(names) <= {"dog"} and names, "what nobody named is not looked for"
