"""A studio on the sketch generator, whose planner follows a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent.api import Event, Options, Outcome, Turn
from agent.scripted import Line, ScriptedPlanner
from agent.settings import load
from agent.studio import Studio
from generators.workshop import Workshop
from tools.api import Brief, BriefObject, Limits

DOGS = Brief(request="a red apple and two dogs",
             objects=[BriefObject(id="apple", name="apple", colour="red"), BriefObject(id="dog", name="dog", count=2)])
DRAW: list[tuple[str, dict[str, Any]]] = [
    ("write_brief", {"brief": DOGS.model_dump()}), ("layout_plan", {}), ("generate", {"prompt": "what the Brief says"})]


class Bench:
    """A studio, one session, and everything that was heard."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.session = studio.new_session()
        self.heard: list[Event] = []

    def say(self, text: str, stop: Callable[[], bool] | None = None, mask: str | None = None,
            uploads: list[str] | None = None, id: str = "", **options: Any) -> Outcome:
        turn = Turn(id=id or uuid4().hex, text=text, mask=mask, uploads=uploads or [])
        limits = options.pop("limits", {})
        chosen = Options(limits=Limits(**limits), **options)
        return self.studio.turn(self.session, turn, chosen, self.heard.append, stop)

    @property
    def entries(self) -> list[Any]:
        return self.studio.view(self.session).entries

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    """Kept between the tests of a module: each says `pytestmark = pytest.mark.shared_worker`."""
    with Workshop(eyes="sketch") as workshop:
        yield workshop


@pytest.fixture
def bench(tmp_path: Path, workshop: Workshop) -> Iterator[Callable[..., Bench]]:
    """`bench(script)`: a list of lines, a function, or a planner."""
    benches: list[Bench] = []

    def make(script: list[Line] | Callable[..., Line] | Any, **settings: Any) -> Bench:
        planner = script if hasattr(script, "complete") else ScriptedPlanner(script)
        given = {"data": tmp_path / f"data{len(benches)}", "generator": "sketch", **settings}
        benches.append(Bench(Studio(load(**given), Borrowed(workshop), planner)))
        return benches[-1]

    yield make
    for each in benches:
        each.studio.close()


class Borrowed:
    """The module's workshop; closing a studio does not close it."""

    def __init__(self, workshop: Any) -> None:
        self._workshop = workshop
        self.drawn: list[Any] = []

    def draw(self, request: Any, *rest: Any) -> Any:
        self.drawn.append(request)
        return self._workshop.draw(request, *rest)

    def close(self) -> None:
        """Not ours."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workshop, name)
