"""Where in the picture words such as "top left" mean, as a range of centres."""

from __future__ import annotations

import re
from typing import NamedTuple

_ACROSS = {"left": (0.0, 0.4), "right": (0.6, 1.0)}
_DOWN = {"top": (0.0, 0.4), "upper": (0.0, 0.4), "bottom": (0.6, 1.0), "lower": (0.6, 1.0)}
_MIDDLE = frozenset({"centre", "center", "middle", "central"})
_IGNORED = frozenset({"the", "at", "in", "on", "of", "picture", "image", "side", "corner", "part", "half", "edge",
                      "hand", "to", "towards", "far"})


class Place(NamedTuple):
    """Ranges for the centre of an object, across and down, in fractions of the picture."""

    across: tuple[float, float]
    down: tuple[float, float]

    def holds(self, centre: tuple[float, float], slack: float = 0.0) -> bool:
        return all(low - slack <= value <= high + slack for value, (low, high) in zip(centre, self, strict=True))


def find_place(words: str) -> Place | None:
    """`top left`, `the centre`, `bottom right corner`; None where the words mean no place here."""
    found = re.findall(r"[a-z]+", words.lower())
    unknown = [w for w in found if w not in _ACROSS and w not in _DOWN and w not in _MIDDLE and w not in _IGNORED]
    across = next((_ACROSS[w] for w in found if w in _ACROSS), None)
    down = next((_DOWN[w] for w in found if w in _DOWN), None)
    middle = any(w in _MIDDLE for w in found)
    if unknown or (across is None and down is None and not middle):
        return None
    other = (0.3, 0.7) if middle else (0.0, 1.0)
    return Place(across or other, down or other)
