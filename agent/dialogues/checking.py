"""Holds sampled turns against the embedded planner, which has only the words: where both agree, words and truth fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from agent.dialogues.sampler import Turn, call_short
from agent.embedded.interpret import interpret
from agent.embedded.situation import unmarked


def agrees(turn: Turn) -> bool:
    """Whether the words alone lead the embedded planner to the same calls, but for how an edit is put into words."""
    words, _ = unmarked(turn.words)
    plan = interpret(replace(turn.now, message=words, said=None))
    return _bare(call_short(name, given) for name, given in plan.calls) == _bare(turn.calls)


def _bare(calls: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    loose = {"ask": ("slot",), "generate": ()}
    found = []
    for name, given in calls:
        kept = {k: v for k, v in given.items() if k in loose.get(name, given) and k != "instruction"}
        if "brief" in kept:
            things = kept["brief"].get("objects", [])
            bare = [{k: v for k, v in thing.items() if k != "attributes"} for thing in things]
            kept["brief"] = {**kept["brief"], "objects": bare}
        found.append((name, kept))
    return found


def agreement(turns: Iterable[Turn]) -> dict[str, Any]:
    """Shares by kind of turn."""
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for turn in turns:
        asked[turn.kind] += 1
        right[turn.kind] += agrees(turn)
    kinds = {kind: {"of": asked[kind], "share": round(right[kind] / asked[kind], 3)} for kind in sorted(asked)}
    return {"of": asked.total(), "share": round(right.total() / max(1, asked.total()), 3), "kinds": kinds}
