"""When nothing is asked: the user said so once in this session, or was asked often enough in a row.

Reads entries and words, and knows nothing of any planner: where nothing may be asked, the tool `ask` is not offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.api import Answered, Entry, UserSaid

ORDER = re.compile(
    r"(?:\b(?:and|but|so|please|now)\s+)?\b(?:"
    r"just (?:do|draw|paint) it(?=\s*(?:please\b|now\b|$|[.,;:!?]))|just (?:go ahead|get on with it)|"
    r"(?:do not|don['’]?t|stop|never) ask(?:ing)?\b(?: me)?(?: (?:anything|anymore|any|more|again|questions?|back)\b)*|"
    r"no (?:more |further )?questions?\b|without asking(?: me)?(?: again)?)(?:\s+please)?", re.IGNORECASE)
"""`just do it`, `don't ask me`, `no more questions`: alone or beside a request."""
LEAVE = re.compile(r"\byou (?:may|can|should) ask\b|\bask me (?:again|first|if|when|before|what|which)\b|"
                   r"\bask (?:away|again)\b", re.IGNORECASE)


def without_order(text: str) -> str:
    """The message without the words that say not to ask; "" where it says nothing else."""
    left = ORDER.sub(" ", text)
    return text if left == text else " ".join(left.split()).strip(" ,;:.!-–") or ""


def forbidden(texts: Iterable[str]) -> bool:
    """Whether the user, by what they said so far, does not want to be asked."""
    quiet = False
    for text in texts:
        quiet = (quiet or bool(ORDER.search(text))) and not LEAVE.search(ORDER.sub(" ", text))
    return quiet


def in_a_row(entries: Sequence[Entry], before: str = "") -> int:
    """How many turns ended in a question, one after the other, up to the turn of that id."""
    asked = 0
    for entry in entries:
        if isinstance(entry, Answered) and entry.turn != before:
            asked = asked + 1 if entry.outcome.status == "question" else 0
    return asked


def quiet(entries: Sequence[Entry], turn: str, most: int) -> bool:
    """Whether the turn may ask nothing. `most` questions in a row; 0: none ever."""
    return in_a_row(entries, turn) >= most or forbidden(e.text for e in entries if isinstance(e, UserSaid))
