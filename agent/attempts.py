"""The pictures of one turn, compared: the best is what the user gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.api import Critique, Finding

Attempt = dict[str, Any]
"""Of `agent.state.State.attempts`: picture, base (drawn from), call, critique, the Brief's edition, `outside` (share of
the pixels outside the mask that changed), `kept` (False for a repair that mended nothing)."""

UNJUDGED = 0.5


def score(attempt: Attempt) -> float:
    """Share of the checked requirements that the picture meets; a half where it was not looked at."""
    return Critique.model_validate(attempt["critique"]).score if attempt["critique"] else UNJUDGED


def best(attempts: Sequence[Attempt]) -> Attempt | None:
    """The best picture for the newest Brief that was drawn for; of equals the latest."""
    compared = [a for a in attempts if a["edition"] == attempts[-1]["edition"] and a.get("kept", True)]
    return max(reversed(compared), key=score, default=None)


def findings(attempts: Sequence[Attempt], picture: str | None) -> list[Finding]:
    """What was found out about a picture in this turn."""
    found = next((a["critique"] for a in reversed(attempts) if a["picture"] == picture and a["critique"]), None)
    return Critique.model_validate(found).findings if found else []


def unchanged(attempt: Attempt) -> bool:
    """Whether an edit left every pixel as it was."""
    return attempt["base"] is not None and attempt["picture"] == attempt["base"]
