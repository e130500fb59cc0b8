"""What a session's entries amount to: its pictures, its Brief, the question that waits."""

from __future__ import annotations

from agent.api import Answered, Briefed, Called, Entry, UserSaid
from tools.api import Brief, Question


def made(entries: list[Entry]) -> list[str]:
    """Pictures in the order in which they came: brought by the user, drawn, chosen."""
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, UserSaid):
            found += entry.uploads
        elif isinstance(entry, Called | Answered) and entry.picture:
            found.append(entry.picture)
    return list(dict.fromkeys(found))


def shown(entries: list[Entry]) -> list[str]:
    """The versions as a user counts them: what they brought, and the picture that each turn ended with."""
    return made([entry for entry in entries if not isinstance(entry, Called)])


def last_brief(entries: list[Entry]) -> Brief | None:
    return next((entry.brief for entry in reversed(entries) if isinstance(entry, Briefed)), None)


def open_question(entries: list[Entry], before: str = "") -> Question | None:
    """The question that waits for an answer (as it stood before the turn of that id)."""
    for entry in reversed(entries):
        if isinstance(entry, Answered) and entry.turn != before:
            return entry.outcome.question if entry.outcome.status == "question" else None
    return None
