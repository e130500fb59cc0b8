"""A turn's plan, and the calls that draw a whole picture from a Brief."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.embedded import chat, drawing, replies
from agent.embedded.situation import Situation
from agent.embedded.syntax import Description
from tools.api import Brief
from tools.caption import caption

Call = tuple[str, dict[str, Any]]
LONGEST_PROMPT = 4000  # what the tool takes


@dataclass
class Plan:
    """What the planner answers: calls in order, and words."""

    calls: list[Call] = field(default_factory=list)
    text: str = ""


def drawn(now: Situation, brief: Brief, seed: int | None, said: Description | None = None) -> Plan:
    """Brief, layout where the model reads boxes, and the drawing itself."""
    drawing.reconcile(brief)
    calls: list[Call] = [("write_brief", {"brief": dump(brief)})]
    if "boxes" in now.capabilities and brief.objects and now.offers("layout_plan"):
        calls.append(("layout_plan", {}))
    arguments: dict[str, Any] = {"prompt": _prompt(now, brief, said), "negative": ", ".join(brief.avoid)}
    if seed is not None:
        arguments["seed"] = seed % 2**63
    calls.append(("generate", arguments))
    shape = replies.PICTURE_SIZE if now.world and chat.about_size(now.message) else ""
    return Plan(calls, replies.joined(replies.notes(now, brief), shape))


def _prompt(now: Situation, brief: Brief, said: Description | None) -> str:
    """The user's own words for a model that takes any; the Brief in one sentence for one of the world."""
    if now.world is not None or said is None:
        words = caption(brief, now.world)
    else:
        words = now.message[said.start if 0 <= said.start < len(now.message) else 0:].strip(" \t\n,.;:!?")
    return (words or now.message or "a picture")[:LONGEST_PROMPT]


def same_again(now: Situation) -> Brief:
    brief = (now.brief or Brief()).model_copy(deep=True)
    brief.unknown, brief.assumed = [], []
    return brief


def dump(brief: Brief) -> dict[str, Any]:
    return brief.model_dump(mode="json")
