"""Relations beyond left, right, above and below: what "between" and "next to" mean in the picture world."""

from __future__ import annotations

from generators.world.scenes import SQUARE, Frame, Placed

NEARNESS = ("between", "next to")
"""Relations of a world whose ``near`` is set, besides the vocabulary's four."""


def is_between(middle: Placed, a: Placed, b: Placed, frame: Frame = SQUARE) -> bool:
    """Whether an object's centre lies in the middle half of the line from a to b, and near that line."""
    ax, ay = (value * length for value, length in zip(a.centre, frame, strict=True))
    dx, dy = (value * length - start for value, length, start in zip(b.centre, frame, (ax, ay), strict=True))
    x, y = (value * length - start for value, length, start in zip(middle.centre, frame, (ax, ay), strict=True))
    squared = dx * dx + dy * dy
    if squared < 0.3**2:
        return False
    along, off = (x * dx + y * dy) / squared, (x * dy - y * dx) / squared
    return 0.25 < along < 0.75 and abs(off) < 0.2


def next_to(a: Placed, b: Placed) -> bool:
    """Whether two objects stand side by side: about level, and less than half a width apart."""
    wide = ((a.box[2] - a.box[0]) + (b.box[2] - b.box[0])) / 2
    high = ((a.box[3] - a.box[1]) + (b.box[3] - b.box[1])) / 2
    gap = max(a.box[0], b.box[0]) - min(a.box[2], b.box[2])
    level = abs(a.centre[1] - b.centre[1]) < 0.4 * high
    return level and -0.1 < gap < 0.5 * wide
