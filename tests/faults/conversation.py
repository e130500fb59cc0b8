"""A conversation that is always the same, to be run in a process of its own and killed there.

`python -m tests.faults.conversation` is a nursery: for each line `SESSION FOLDER` on stdin it forks a child that holds
the whole conversation (or what is left of it), says `pid N` and, when the child is gone, `ended STATUS`.
Everything is imported before the first fork, so that a child is at work at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from agent.api import Options, Turn
from agent.checkpoints import Checkpoints
from agent.scripted import Line, ScriptedPlanner
from agent.settings import load
from agent.studio import Studio
from generators.workshop import Workshop
from tools.api import Brief, BriefObject

TURNS = ("a red apple and two dogs", "make one of them purple", "the left one")


def brief(colour: str | None = None) -> dict[str, Any]:
    """Asks for what the sketch generator leaves out, so that a repair is part of the conversation."""
    dogs = [BriefObject(id="dog", name="dog", count=2 if colour is None else 1)]
    if colour:
        dogs.append(BriefObject(id="dog-2", name="dog", colour=colour))
    return Brief(objects=[BriefObject(id="apple", name="apple", colour="red"), *dogs]).model_dump()


def script(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Line:
    """Knows what to say from what was said: a planner that comes back after a crash has no memory."""
    if messages[-1]["role"] == "tool":
        return "There you are."
    said = messages[-1]["content"]
    if said == TURNS[0]:
        return [("write_brief", {"brief": brief()}), ("layout_plan", {}), ("generate", {"prompt": "as planned"})]
    if said == TURNS[1]:
        return [("ask", {"question": "Which one?", "options": ["the left one", "the right one"]})]
    return [("write_brief", {"brief": brief("purple")}),
            ("edit", {"instruction": "make the left dog purple", "operation": "recolour", "targets": ["dog-1"],
                      "phrase": "purple dog"})]


def hold(session: str, folder: Path) -> None:
    """Every turn by its name; those that are over are only looked up."""
    with Workshop(eyes="sketch") as workshop:
        studio = Studio(load(data=folder, generator="sketch"), workshop, ScriptedPlanner(script))
        for number, text in enumerate(TURNS):
            studio.turn(session, Turn(id=f"turn-{number}", text=text), Options(seed=7))
        studio.close()


def nursery() -> None:
    assert Checkpoints  # imported above; LangGraph itself comes with the first one
    import langgraph.graph  # noqa: F401

    import agent.graph  # noqa: F401

    for line in sys.stdin:
        session, folder = line.split(maxsplit=1)
        child = os.fork()
        if child == 0:
            _in_child(session, Path(folder.strip()))
        print(f"pid {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {status}", flush=True)


def _in_child(session: str, folder: Path) -> None:
    sys.stdin = open(os.devnull)  # noqa: SIM115
    try:
        hold(session, folder)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
    nursery()
