"""What a planner is shown: the rules, the state as one JSON object, the talk so far, and what this turn has led to.

Everything that a user, a tool or a picture says is data in messages of its own kind; the only text with authority is
`prompts/system.md`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from agent.api import Answered, Entry, UserSaid
from generators.api import Capabilities, Model

SYSTEM = Path(__file__).parent / "prompts" / "system.md"
HISTORY_MESSAGES = 24
HISTORY_CHARACTERS = 2_000


def system_text() -> str:
    return SYSTEM.read_text(encoding="utf-8").strip()


def build(state: dict[str, Any], history: list[dict[str, Any]], user: dict[str, Any],
          turn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages of one planner's call. `state` follows the line STATE, `turn` is what this turn led to so far."""
    head = f"{system_text()}\nSTATE\n{json.dumps(state, ensure_ascii=False, separators=(',', ':'))}"
    return [{"role": "system", "content": head}, *history, user, *turn]


def user_message(text: str, mask: bool, uploads: int) -> dict[str, Any]:
    """The user's words; a painted mask and an uploaded picture are named in front."""
    marks = [mark for mark, on in (("[mask]", mask), ("[picture]", uploads)) if on]
    return {"role": "user", "content": " ".join([*marks, text]).strip()}


def with_note(message: dict[str, Any], noted: Image.Image) -> dict[str, Any]:
    """The message with the picture that the user scribbled on, in the shape of OpenAI's chat completions."""
    png = io.BytesIO()
    noted.save(png, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    return {**message, "content": [
        {"type": "text", "text": message["content"]},
        {"type": "text", "text": "[note] The current picture with what the user drew on it; no part of the picture:"},
        {"type": "image_url", "image_url": {"url": url}}]}


def history(entries: Iterable[Entry], until: str) -> list[dict[str, Any]]:
    """What was said before the turn `until`, the latest messages only, each cut to a bearable length."""
    said: list[dict[str, Any]] = []
    for entry in entries:
        if isinstance(entry, UserSaid) and entry.turn == until:
            break
        if isinstance(entry, UserSaid):
            said.append(user_message(_cut(entry.text), bool(entry.mask), len(entry.uploads)))
        elif isinstance(entry, Answered):
            said.append({"role": "assistant", "content": _cut(entry.outcome.reply)})
    return said[-HISTORY_MESSAGES:]


def _cut(text: str) -> str:
    return text if len(text) <= HISTORY_CHARACTERS else text[:HISTORY_CHARACTERS] + " …"


def model_state(model: Model, cannot: list[str]) -> dict[str, Any]:
    """What the planner needs to know of the painter."""
    state = {"name": model.name, "family": model.family, "capabilities": model.capabilities.names(),
             "world": _world(model.capabilities)}
    return {**state, "cannot_hint": cannot} if cannot else state


def _world(capabilities: Capabilities) -> dict[str, Any] | None:
    world = capabilities.world
    if world is None:
        return None
    names = ("objects", "colours", "backgrounds", "styles", "relations")
    return {**{name: list(getattr(world, name)) for name in names}, "counts": world.counts}
