"""Sizes by those of other things: "twice as big as the cat", "smaller than the ball", "the same size as the dog".

A Brief knows small and big only, so a description says no more; a picture that is there has boxes to measure by.
"""

from __future__ import annotations

from agent.embedded.nouns import NounReader
from agent.embedded.syntax import Compared

_BIGGER, _SMALLER = 1.4, 0.65
"""What "bigger than" and "smaller than" come to, a little beyond what counts as a difference of size."""


class SizeReader(NounReader):
    """Reads comparisons of size."""

    def _comparison(self) -> Compared | None:
        """Up to the name of what it is held against; without any, `half as big` is a size by itself."""
        start = self.at
        times = self.accept("times")
        factor = times.get("times") if times else None
        if self.accept("same size"):
            return Compared(factor or 1.0)
        like = bool(self.accept_text("as"))
        token = self.accept("size", "more")
        if token is None:
            self.at = start
            return None
        big = (token.get("size") or token.get("more")) == "big"
        if like and self.accept_text("as"):
            return Compared(factor or 1.0) if big or not factor else Compared(1 / factor)
        if not like and token.has("more") and self.accept_text("than"):
            return Compared((factor or (_BIGGER if big else 1 / _SMALLER)) ** (1 if big else -1), loose=not factor)
        if factor:
            return Compared(factor if big else 1 / factor)
        self.at = start
        return None
