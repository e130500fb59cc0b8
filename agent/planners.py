"""A planner by its name: auto, embedded, openai, hf:NAME, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.api import BadInput, Planner
from agent.local import Chats, LocalPlanner
from agent.settings import Settings


def make(kind: str, settings: Settings, workshop: Chats, rehearsing: bool = False) -> Planner:
    """Raises `BadInput` where there is no planner of that name.

    `rehearsing`: only to tell what the words lead to. Then the embedded planner goes on as if the model could draw
    them all (what it cannot is told beside), where in a real turn it would ask and offer what comes nearest.
    """
    kind = settings.automatic_planner if kind == "auto" else kind
    if kind == "embedded":
        from agent.embedded.planner import EmbeddedPlanner

        return EmbeddedPlanner(asks_for_undrawable=not rehearsing)
    if kind == "openai":
        return _server(settings)
    if kind.startswith("hf:") and len(kind) > 3:
        return LocalPlanner(workshop, kind[3:], settings.planner_tokens)
    if Path(kind).is_dir():
        return LocalPlanner(workshop, str(Path(kind).absolute()), settings.planner_tokens)
    raise BadInput(f"There is no planner {kind[:80]!r}: use auto, embedded, openai, hf:NAME or a folder that exists.")


def choices(settings: Settings) -> list[dict[str, Any]]:
    """The planners that can be picked without naming a folder: name, label, available."""
    server = bool(settings.openai_base_url or settings.openai_api_key)
    rows = [{"name": "auto", "label": f"automatic (now {settings.automatic_planner})", "available": True},
            {"name": "embedded", "label": "embedded: a grammar, fast and offline", "available": True},
            {"name": "openai", "available": server,
             "label": settings.planner_model if server else "a server: needs OPENAI_API_KEY or OPENAI_BASE_URL"}]
    known = [row["name"] for row in rows]
    return rows if settings.planner in known else [
        *rows, {"name": settings.planner, "label": settings.planner, "available": True}]


def _server(settings: Settings) -> Planner:
    from agent.llm import ServerPlanner

    if not settings.openai_base_url and not settings.openai_api_key:
        raise BadInput("The planner openai needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.")
    return ServerPlanner(settings.planner_model, settings.openai_base_url, settings.openai_api_key,
                         chunk_seconds=settings.chunk_seconds, total_seconds=settings.planner_seconds,
                         max_tokens=settings.planner_tokens, sees=settings.planner_sees)
