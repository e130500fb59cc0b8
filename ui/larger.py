"""Larger pictures: what the buttons for extending and enlarging offer, ask for, and say where no model can.

A model's row is what `StudioProtocol.models` lists; whether it has a size is `tools.canvas`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generators.api import Capabilities, Extent
from tools import canvas, upscale
from tools.api import PictureRecord
from tools.naming import listed
from ui.words import html, phrase, say

Rows = Sequence[Mapping[str, Any]]
TWICE = "twice"
WORDS = {"left": phrase("Extend it to the left"), "right": phrase("Extend it to the right"),
         "up": phrase("Extend it upwards"), "down": phrase("Extend it downwards"),
         "around": phrase("Extend it all around"), TWICE: phrase("Enlarge it to twice its size")}
"""What stands on the buttons; in English, also the message that they send."""
TASKS = {"left": phrase("extend this picture to the left"), "right": phrase("extend this picture to the right"),
         "up": phrase("extend this picture upwards"), "down": phrase("extend this picture downwards"),
         "around": phrase("extend this picture all around"), TWICE: phrase("enlarge this picture to twice its size")}
SIGNS = {"left": "←", "right": "→", "up": "↑", "down": "↓", "around": "⤢", TWICE: "2×"}


def call(side: str) -> tuple[tuple[str, dict[str, Any]], str]:
    """The tool and its arguments, and what that is in words."""
    asked: tuple[str, dict[str, Any]] = ("upscale", {}) if side == TWICE else ("extend", {"side": side})
    return asked, WORDS[side]


def able(record: PictureRecord, side: str, models: Rows) -> list[str]:
    """The installed models that have a size for it; any, for what needs none of theirs."""
    size = Extent(record.width, record.height)
    return [str(row["name"]) for row in models if row.get("installed") and _possible(size, side, _read(row))]


def refusal(record: PictureRecord | None, side: str, model: str, models: Rows) -> str:
    """Why the picked model cannot, in a sentence that says which can; nothing where it can."""
    if record is None or side not in WORDS:
        return say("There is no picture yet that could become larger.")
    others = able(record, side, models)
    if model in others or model not in {row["name"] for row in models}:  # of a folder of weights the tool itself knows
        return ""
    task = say(TASKS[side])
    return (say("{model} has no size to {task}; {others} has: pick it in the settings.", model=model, task=task,
                others=listed(others, say("or"))) if others else say("No model here has a size to {task}.", task=task))


def menu(record: PictureRecord, models: Rows) -> str:
    """The buttons that some model here can carry out; a sentence in their place where none can anything."""
    offered = [side for side in WORDS if able(record, side, models)]
    if not offered:
        none = html("No model here has a size beyond this picture's {size}, so it cannot be extended or enlarged.",
                    size=f"{record.width} × {record.height}")
        body = f"<p>{none}</p>"
    else:
        body = "".join(f'<button type="button" data-act="enlarge" data-side="{side}" title="{html(WORDS[side])}" '
                       f'aria-label="{html(WORDS[side])}">{SIGNS[side]}</button>' for side in offered)
    return (f'<details class="mq-menu mq-larger"><summary>{html("Larger…")}</summary>'
            f'<div class="mq-pop">{body}</div></details>')


def _possible(size: Extent, side: str, row: Capabilities) -> bool:
    return upscale.possible(size) if side == TWICE else bool(canvas.extended(size, side, row))  # type: ignore[arg-type]


def _read(row: Mapping[str, Any]) -> Capabilities:
    can = set(row.get("capabilities", ()))
    return Capabilities(inpaint="inpaint" in can, refine="refine" in can, multiple=int(row.get("multiple") or 8),
                        sizes=tuple(Extent(*size) for size in row.get("sizes") or ()))
