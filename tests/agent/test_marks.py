"""Stars, deletions, variations and the user's own settings, on the procedural generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent.api import BadInput, Options, Turn
from agent.settings import Settings
from agent.studio import Studio
from generators.api import Extent
from tools.api import Wishes

ASK = "a red apple to the left of two dogs on a beach"


@pytest.fixture
def studio(tmp_path: Path, sketch_workshop: Any) -> Iterator[Studio]:
    # Sessions have seeds of their own: one in fifty would need a repair, and have a version more.
    studio = Studio(Settings(data=tmp_path, generator="sketch", repairs=0), sketch_workshop)
    yield studio
    studio.close()


def say(studio: Studio, session: str, text: str, **options: Any) -> str:
    outcome = studio.turn(session, Turn(id=uuid4().hex, text=text), Options(**options))
    assert outcome.images, outcome.reply
    return outcome.images[0].id


def test_a_deleted_picture_leaves_its_parent_current_and_comes_back(studio: Studio) -> None:
    session = studio.new_session()
    first, second = say(studio, session, ASK), say(studio, session, "add a cat")
    third = say(studio, session, "add a bird")
    view = studio.mark(session, third, deleted=True)
    assert (view.picture, view.deleted) == (second, [third]) and len(view.versions) == 3
    assert [one.id for one in studio.pictures()] == [second, first]
    assert not any(thing.name == "bird" for thing in view.brief.objects), "the Brief is that of the current picture"
    assert studio.undo(session).picture == first
    with pytest.raises(BadInput, match="nothing to undo"):
        studio.undo(session)
    view = studio.mark(session, third, deleted=False)
    assert view.picture == third and view.deleted == []
    for picture in (third, second, first):
        view = studio.mark(session, picture, deleted=True)
    assert view.picture is None and studio.pictures() == []


def test_stars_are_kept(studio: Studio, tmp_path: Path) -> None:
    session = studio.new_session()
    first, second = say(studio, session, ASK), say(studio, session, "add a cat")
    assert studio.mark(session, first, starred=True).starred == [first]
    assert [one.starred for one in studio.pictures()] == [False, True]
    assert studio.mark(session, second, starred=True, deleted=False).starred == [first, second]
    assert studio.mark(session, first, starred=False).starred == [second]
    with pytest.raises(BadInput):
        studio.mark(studio.new_session(), first, starred=True)


def test_a_variation_keeps_prompt_and_layout_and_plans_nothing(studio: Studio) -> None:
    session = studio.new_session()
    first = studio.store.record(say(studio, session, ASK)).request
    outcome = studio.turn(session, Turn(id="v", text="vary"), Options(vary=True, seed=5))
    assert [step.tool for step in outcome.steps] == ["generate", "critique"] and outcome.usage.planner_calls == 0
    assert first and studio.store.drawn(first.model_copy(update={"seed": 5}).fingerprint())
    second = studio.store.record(say(studio, session, "add a cat"))
    varied = studio.store.record(say(studio, session, "vary", vary=True))
    assert varied.parents == second.parents and varied.mask == second.mask and varied.id != second.parents[0]


def test_there_is_nothing_to_vary_in_an_empty_session(studio: Studio) -> None:
    with pytest.raises(BadInput, match="varied"):
        studio.turn(studio.new_session(), Turn(id="v", text="vary"), Options(vary=True))


def test_wishes_reach_the_request(studio: Studio) -> None:
    wishes = Wishes(steps=3, guidance=2.5, negative="fog", size=Extent(9999, 9999))
    session = studio.new_session()
    record = studio.store.record(say(studio, session, ASK, wishes=wishes))
    assert record.request
    assert (record.request.steps, record.request.guidance, record.request.negative) == (3, 2.5, "fog")
    assert record.request.size in studio.workshop.model("sketch").capabilities.sizes
    edited = studio.store.record(say(studio, session, "add a cat", wishes=wishes))
    assert edited.request and edited.request.steps == 3 and edited.request.size == record.request.size


def test_what_can_be_chosen(studio: Studio) -> None:
    assert studio.choices()["models"]["sketch"]["seconds"] is None
    say(studio, studio.new_session(), ASK)
    choices = studio.choices()
    assert choices["models"]["sketch"]["seconds"] >= 0 and choices["models"]["sketch"]["sizes"]
    assert [row["name"] for row in choices["planners"] if row["available"]] == ["auto", "embedded"]


def test_entries_that_are_kept_in_memory_are_those_on_disk(studio: Studio) -> None:
    session = studio.new_session()
    say(studio, session, ASK)
    before = studio.view(session)
    other = Studio(studio.settings, studio.workshop)
    say(other, session, "add a cat")
    assert len(studio.view(session).entries) > len(before.entries)
    assert studio.view(session) == other.view(session)
    other.sessions_on_disk.close()
