"""From words to typed tokens: the longest known phrase wins; a token keeps every reading of its phrase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.embedded.lexicon import lexicon
from agent.embedded.normalise import POSSESSIVE, Word, words_of


@dataclass(frozen=True)
class Token:
    """A known phrase with its readings, or an unknown word without any. `start`, `end`: where in the message."""

    text: str
    start: int
    end: int
    readings: Mapping[str, Any] = field(default_factory=dict)

    def has(self, *kinds: str) -> bool:
        return any(kind in self.readings for kind in kinds)

    def get(self, kind: str) -> Any:
        return self.readings.get(kind)

    def verb(self, *senses: str) -> bool:
        return bool(self.readings.get("verb", set()) & set(senses)) if "verb" in self.readings else False

    @property
    def unknown(self) -> bool:
        return not self.readings


def tokens_of(message: str) -> list[Token]:
    return group(words_of(message))


def group(words: list[Word]) -> list[Token]:
    """Greedy, longest phrase first."""
    found: list[Token] = []
    at = 0
    while at < len(words):
        token, used = _longest(words, at)
        found.append(token)
        at += used
    return found


def _longest(words: list[Word], at: int) -> tuple[Token, int]:
    first = words[at]
    if first.quoted is not None:
        return Token(first.quoted, first.start, first.end, {"quote": first.quoted}), 1
    known = lexicon()
    for length in range(min(known.longest, len(words) - at), 0, -1):
        piece = words[at : at + length]
        readings = known.readings(tuple(word.text for word in piece))
        if readings:
            return Token(" ".join(w.text for w in piece), piece[0].start, piece[-1].end, readings), length
    readings = {"possessive": True} if first.text == POSSESSIVE else _number(first.text)
    return Token(first.text, first.start, first.end, readings), 1


def _number(text: str) -> dict[str, Any]:
    return {"number": min(int(text), 10**9)} if text.isascii() and text.isdigit() else {}
