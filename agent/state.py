"""Where a turn stands. Plain JSON, pictures by id only: this is what a checkpoint holds and a restart continues.

Every key has a reducer (the newest value wins), so that no two writers can poison a thread. What a turn works with but
must not be stored is the `Desk`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from typing_extensions import TypedDict

from agent.api import Entry, Event, Planner
from agent.memory import Memory
from agent.routes import Measured
from agent.skills import Skill
from tools.api import Brief, Images, Limits, Usage, Workshop

SCHEMA_VERSION = 1


def latest(old: Any, new: Any) -> Any:
    return new


class State(TypedDict, total=False):
    """One turn of one session.

    turn       the user's message, an `agent.api.Turn`; `number` in its session
    plan       how it is to be worked on: model, limits, single_shot, repairs, without, wishes, vary, seed (or null),
               routing, free (another model may be taken); what routing changed is kept beside: usual, asked_without,
               asked_repairs
    seed       of the first picture; each further one of the turn has the next
    picture    the current one
    brief      what is wanted; `layout` where
    question   the one that the user's message answers; `asking` the one that the planner asks now
    messages   this turn's calls and their answers, as the planner sees them
    queue      calls that wait: the planner's and the reviewer's
    tried      what was called, to notice a loop
    attempts   this turn's pictures: picture, base (drawn from), call, critique, the Brief's edition
    edition    counts the Briefs of this turn: only attempts at the newest are compared
    aim        what the reviewer's last call is to mend: {"call": …, "line": …, "picture": …}; `roads` are those gone:
               picture, line, tool
    noted      what was said of the user's preferences
    ended      why it ended before the planner was done: {"why": …, "text": …}
    """

    schema_version: Annotated[int, latest]
    session: Annotated[str, latest]
    turn: Annotated[dict[str, Any], latest]
    number: Annotated[int, latest]
    plan: Annotated[dict[str, Any], latest]
    seed: Annotated[int, latest]
    usage: Annotated[dict[str, Any], latest]
    picture: Annotated[str | None, latest]
    brief: Annotated[dict[str, Any] | None, latest]
    layout: Annotated[list[Any], latest]
    question: Annotated[dict[str, Any] | None, latest]
    asking: Annotated[dict[str, Any] | None, latest]
    messages: Annotated[list[dict[str, Any]], latest]
    queue: Annotated[list[dict[str, Any]], latest]
    tried: Annotated[list[str], latest]
    attempts: Annotated[list[dict[str, Any]], latest]
    edition: Annotated[int, latest]
    repairs: Annotated[int, latest]
    aim: Annotated[dict[str, Any] | None, latest]
    roads: Annotated[list[list[str]], latest]
    steps: Annotated[list[dict[str, Any]], latest]
    text: Annotated[str, latest]
    noted: Annotated[str, latest]
    ended: Annotated[dict[str, Any] | None, latest]


@dataclass
class Desk:
    """What the nodes work with in one turn; never stored.

    `keep` puts an entry on disk under a key and then tells the listener; `tell` is for passing events.
    `versions` are the pictures that the user was shown, in order; the plain single shot has no planner. `routes` is
    what was measured of models and roads, `skills` are recipes that may apply; without a `memory` nothing is learnt or
    assumed.
    """

    session: str
    images: Images
    workshop: Workshop
    planner: Planner | None
    history: list[dict[str, Any]]
    versions: tuple[str, ...]
    keep: Callable[[str, Entry], None]
    tell: Callable[[Event], None]
    stop: Callable[[], bool]
    clock: Callable[[], float] = field(default=time.monotonic)
    routes: tuple[Measured, ...] = ()
    memory: Memory | None = None
    skills: tuple[Skill, ...] = ()


def fresh() -> State:
    """What a turn begins with, whatever the last one left."""
    return State(schema_version=SCHEMA_VERSION, usage=Usage().model_dump(), messages=[], queue=[], tried=[],
                 attempts=[], edition=0, repairs=0, aim=None, roads=[], steps=[], text="", noted="",
                 asking=None, ended=None)


def brief_of(state: State) -> Brief:
    return Brief.model_validate(state["brief"]) if state.get("brief") else Brief()


def limits_of(state: State) -> Limits:
    return Limits.model_validate(state["plan"]["limits"])


def usage_of(state: State) -> Usage:
    return Usage.model_validate(state["usage"])


def spent(state: State, since: float, clock: Callable[[], float], **more: int) -> dict[str, Any]:
    """The usage with the seconds since a moment, and with so many more calls, tokens or images."""
    usage = usage_of(state)
    added = {name: getattr(usage, name) + value for name, value in more.items()}
    return usage.model_copy(update={**added, "seconds": round(usage.seconds + clock() - since, 3)}).model_dump()
