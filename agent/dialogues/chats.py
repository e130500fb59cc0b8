"""A sampled turn as a chat in the shape of OpenAI's chat completions, the answer last: what a model is trained on.

The system message holds the STATE that every planner gets (`agent.thinking.planner_state`), without the rules in front
and without the painter's word lists: a model that is trained on this language needs neither.
"""

from __future__ import annotations

import json
import random
from typing import Any

from agent.dialogues.sampler import Turn
from agent.dialogues.talking import DONE
from agent.dialogues.wording import Pen
from tools.api import Brief

Chat = dict[str, Any]

NOTED = "Noted for this picture; nothing had to be drawn."
_ERRORS = (
    "{id} is as far there as it can be.",
    "To move something, say where to (left, up, next to the apple, …) or give the new box.",
    "There is no room for {id} there.", "There is nothing to undo: this is the first version.",
    "There is only one step to undo.", "There are only 2 steps to undo.",
    "pack-diffusion cannot edit; no model here can.",
    "I found no layout in which all of this holds at once: a {name} to the left of a cat.",
    "A layout takes at most 40 objects, and the Brief asks for 57.",
    "To remove, an edit needs targets. There are: {id}.",
    "There is no picture 'version 9' here. Possible: \"current\" or \"first\".", "The worker died while it drew.",
    "These relations contradict each other: a {name} above a dog and a dog above a {name}.",
)  # fmt: skip


def chat_of(turn: Turn) -> Chat:
    """`messages` with the answer last, `tools` that may be called, and the `kind` of turn."""
    messages = [_system(turn), *turn.history, {"role": "user", "content": turn.words}]
    return {"kind": turn.kind, "tools": [{"type": "function", "function": {"name": name}} for name in turn.now.offered],
            "messages": [*messages, _answer(turn.text, turn.calls)]}


def afterwards(turn: Turn, rng: random.Random) -> Chat | None:
    """What there is to say when the turn's calls have been carried out, well or not; None where nothing was called."""
    if not turn.calls or any(name == "ask" for name, _ in turn.calls):
        return None
    pen, chat = Pen(rng), chat_of(turn)
    name = turn.calls[-1][0]
    names = [thing.id for thing in turn.now.scene] or ["dog-1"]
    told = "Done."
    if pen.chance(0.2):
        error = pen.one(_ERRORS).format(id=pen.one(names), name=pen.one(names).rpartition("-")[0])
        told, reply = f"Error: {error}", error
    elif name in ("undo", "select"):
        lead = "Went back to" if name == "undo" else "The current picture is now"
        told = reply = f"{lead} {pen.one(('version', 'version', 'version', 'version', 'an earlier picture'))}"
        if told.endswith("version"):
            told = reply = f"{told} {pen.rng.randrange(1, 12)}."
    elif name == "write_brief":
        told, reply = "The Brief has 3 requirements.", NOTED
    else:
        told, reply = _looked_at(pen, turn)
    results = [{"role": "tool", "tool_call_id": str(n), "content": told if n == len(turn.calls) - 1 else "Done."}
               for n in range(len(turn.calls))]
    return {**chat, "kind": "afterwards", "messages": [*chat["messages"], *results, _answer(reply, [])]}


def _looked_at(pen: Pen, turn: Turn) -> tuple[str, str]:
    """A critique of the picture, and the reply: what failed is said."""
    brief: dict[str, Any] = next((given["brief"] for name, given in turn.calls if name == "write_brief"), {})
    lines = [line.text for line in Brief.model_validate(brief).requirements()]
    wrong = pen.rng.sample(lines, min(len(lines), pen.pick({0: 6, 1: 3, 2: 1})))
    marked = [f"- {line}: {'WRONG' if line in wrong else 'ok'}; I see 1" for line in lines]
    told = "\n".join(["Drew a picture with pack-diffusion, seed 7.", "80% of what could be checked is right.", *marked])
    shown = [line for line in lines if line in wrong]
    return told, f"{DONE} This did not come out: {'; '.join(shown)}." if shown else DONE


def _system(turn: Turn) -> dict[str, str]:
    now = turn.now
    state = {
        "brief": now.brief.model_dump(mode="json") if now.brief else None, "picture": now.picture,
        "scene": [thing.model_dump(mode="json") for thing in now.scene], "mask": now.mask, "covered": now.covered,
        "uploads": now.uploads, "versions": now.versions,
        "model": {"name": "pack", "family": "diffusion", "capabilities": list(now.capabilities), "world": None},
        "question": now.question.model_dump(include={"text", "options", "slot"}) if now.question else None,
        "budget": {},
    }  # fmt: skip
    return {"role": "system", "content": f"\nSTATE\n{json.dumps(state, ensure_ascii=False, separators=(',', ':'))}"}


def _answer(text: str, calls: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        made["tool_calls"] = [{"id": str(number), "type": "function", "function": {"name": name, "arguments": given}}
                              for number, (name, given) in enumerate(calls)]
    return made
