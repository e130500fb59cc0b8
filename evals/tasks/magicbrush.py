"""MagicBrush's test set as published: 535 sessions of one to three edits, each edit with the picture it should lead to.

Zhang et al. 2023 (arXiv 2306.10012), CC BY 4.0. The test set is a zip file that everybody fetches for themselves; its
edit_sessions.json holds for each picture its turns ({input, mask, output, instruction}), local_descriptions.json a
caption of each output, images/ID/ the pictures. Both published settings are here: every turn by itself, from the
picture that the turn before should have led to ("single-turn"), and the sessions as a whole, of which the last picture
counts ("multi-turn"). A session of one turn is one item and counts in both.
"""

from __future__ import annotations

import json
from typing import Any

from evals import benchmarks
from evals.api import EvalError, Item, Task

SESSIONS = 535
SINGLE, MULTI = "single-turn", "multi-turn"


class MagicBrush(Task):
    name = "magicbrush"
    version = 1
    purpose = "MagicBrush's own test edits (Zhang et al. 2023) of pictures that are brought, one by one and in sessions"
    scorer = "magicbrush"

    def items(self) -> list[Item]:
        sessions = json.loads(benchmarks.text(self.name, "edit_sessions.json"))
        captions = json.loads(benchmarks.text(self.name, "local_descriptions.json"))
        if len(sessions) != SESSIONS:
            raise EvalError(f"MagicBrush's edit_sessions.json holds {len(sessions)} sessions and not the {SESSIONS} "
                            "of the test set.")
        return [item for key, turns in sessions.items() for item in _items(key, turns, captions)]


def _items(key: str, turns: list[dict[str, Any]], captions: dict[str, dict[str, str]]) -> list[Item]:
    """Each turn of a session by itself, then the session, where it is more than one."""
    alone = [[turn] for turn in turns]
    return [_item(f"{key}-{number}", part, captions, [SINGLE] if len(turns) > 1 else [SINGLE, MULTI])
            for number, part in enumerate(alone, 1)] + ([_item(key, turns, captions, [MULTI])] if turns[1:] else [])


def _item(id: str, turns: list[dict[str, Any]], captions: dict[str, dict[str, str]], settings: list[str]) -> Item:
    key, wanted = turns[0]["input"].split("-")[0], turns[-1]["output"]
    return Item(id=id, tag=settings[-1], turns=[turn["instruction"].strip() for turn in turns],
                brings=f"magicbrush/images/{key}/{turns[0]['input']}",
                truth={"settings": settings, "like": f"magicbrush/images/{key}/{wanted}",
                       "caption": captions[key][wanted].strip()})


TASK = MagicBrush()
