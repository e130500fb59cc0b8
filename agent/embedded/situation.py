"""What the planner is told, as typed values: the STATE of the system message, the talk so far, the new message."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from agent import asking
from agent.embedded.syntax import Clause
from generators.api import World
from tools.api import Brief, Question, SceneObject

_MARKS = {"[mask]": "mask", "[picture]": "uploads"}


@dataclass
class Situation:
    """One moment of a conversation. `world` is None for a model that takes any words; `strict` asks where nothing of
    a wish can be drawn. `said` is the history as clauses, newest first, where somebody knows them without parsing.
    `heard` is the message as it came, where the message is only a part of it; `earlier` what other versions show,
    where the message speaks of one."""

    message: str = ""
    history: list[str] = field(default_factory=list)
    brief: Brief | None = None
    picture: str | None = None
    scene: list[SceneObject] = field(default_factory=list)
    mask: bool = False
    covered: list[str] = field(default_factory=list)
    uploads: int = 0
    versions: list[str] = field(default_factory=list)
    model: str = "this model"
    capabilities: tuple[str, ...] = ()
    world: World | None = None
    question: Question | None = None
    offered: tuple[str, ...] = ()
    results: list[str] = field(default_factory=list)
    strict: bool = True
    said: list[list[Clause]] | None = None
    heard: str = ""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    background: str | None = None

    @property
    def open(self) -> bool:
        """The model takes any words."""
        return self.world is None

    @property
    def has_picture(self) -> bool:
        return self.picture is not None or self.uploads > 0

    @property
    def image(self) -> str | None:
        """The handle to name, where it is not the current picture."""
        return "upload" if self.uploads else None

    def offers(self, tool: str) -> bool:
        """Whether a tool may be called now; where no list was given, what the capabilities say."""
        if self.offered:
            return tool in self.offered
        return tool not in ("edit", "inpaint") or tool in self.capabilities


def read(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Situation:
    """The situation that chat messages describe; what is missing or damaged is left at its default."""
    state = _state(messages)
    said = [m for m in messages if m.get("role") == "user" and isinstance(m.get("content"), str)]
    message, marks = unmarked(said[-1]["content"] if said else "")
    given = state.get("model")
    model: dict[str, Any] = given if isinstance(given, dict) else {}
    made = Situation(message=message, history=[m["content"] for m in said[:-1]])
    made.brief = _valid(Brief, state.get("brief"))
    made.question = _valid(Question, state.get("question"))
    made.scene = [thing for thing in (_valid(SceneObject, s) for s in _list(state.get("scene"))) if thing]
    made.picture = state.get("picture") if isinstance(state.get("picture"), str) else None
    made.mask = bool(state.get("mask")) or "mask" in marks
    made.covered = [id for id in _list(state.get("covered")) if isinstance(id, str)]
    made.uploads = max(_number(state.get("uploads")), int("uploads" in marks))
    made.versions = [id for id in _list(state.get("versions")) if isinstance(id, str)]
    made.earlier = [one for one in _list(state.get("earlier")) if _is_earlier(one)]
    made.background = state.get("background") if isinstance(state.get("background"), str) else None
    made.model = str(model.get("name") or made.model)
    made.capabilities = tuple(str(c) for c in _list(model.get("capabilities")))
    made.world = _world(model.get("world"))
    made.offered = tuple(name for name in (_tool_name(tool) for tool in tools) if name)
    made.results = _results(messages)
    return made


def unmarked(text: str) -> tuple[str, set[str]]:
    """The user's words without the marks in front ("[mask]", "[picture]"), and which there were."""
    marks: set[str] = set()
    text = text.strip()
    while True:
        mark = next((m for m in _MARKS if text.lower().startswith(m)), None)
        if mark is None:
            return text, marks
        marks.add(_MARKS[mark])
        text = text[len(mark) :].strip()


def _state(messages: list[dict[str, Any]]) -> dict[str, Any]:
    content = messages[0].get("content") if messages else None
    if not isinstance(content, str) or "\nSTATE\n" not in content:
        return {}
    try:
        state = json.loads(content.rpartition("\nSTATE\n")[2])
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _results(messages: list[dict[str, Any]]) -> list[str]:
    """What the tools of this turn answered, since the last user message."""
    found: list[str] = []
    for message in messages:
        if message.get("role") == "user":
            found = []
        elif message.get("role") == "tool":
            found.append(str(message.get("content") or ""))
    return found


def _valid(kind: Any, value: Any) -> Any:
    try:
        return kind.model_validate(value) if value is not None else None
    except ValidationError:
        return None


def _is_earlier(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("version"), int) and all(
        isinstance(phrase, str) for phrase in _list(value.get("shows"))) and isinstance(value.get("shows"), list)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _tool_name(tool: Any) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    return str(function.get("name", "")) if isinstance(function, dict) else ""


def _world(value: Any) -> World | None:
    if not isinstance(value, dict):
        return None
    names = {
        key: tuple(str(v) for v in _list(value.get(key)))
        for key in ("objects", "colours", "backgrounds", "styles", "relations")
    }
    return World(**names, counts=_number(value.get("counts")) or 4)


def unordered(now: Situation) -> Situation:
    """The talk without orders not to ask, which the studio has heard already."""
    plain = [asking.without_order(text) for text in (now.message, *now.history)]
    return now if plain == [now.message, *now.history] else replace(
        now, message=plain[0], history=[text or "you choose" for text in plain[1:]], heard=now.message)
