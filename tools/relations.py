"""When a spatial relation holds between boxes.

Left of, right of, above and below are GenEval's (Ghosh et al. 2023): the centres differ by more than a tenth of
both sizes, and the direction is within 60 degrees of the axis. Where either side of a relation is several
objects, every one of them must be so to every other ("two dogs right of an apple": both); "next to", "on" and
"inside" ask that each subject is so to at least one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from generators.api import Box

POSITION_THRESHOLD = 0.1
"""GenEval's: the share of the two sizes that an offset must exceed."""

NEAR = 0.2
"""The widest gap between two boxes that are next to each other, in fractions of the picture."""

_DIRECTIONS = {"left of": (-1.0, 0.0), "right of": (1.0, 0.0), "above": (0.0, -1.0), "below": (0.0, 1.0)}


def _beyond(offset: float, sizes: float, threshold: float) -> float:
    return math.copysign(max(abs(offset) - threshold * sizes, 0.0), offset)


def is_towards(subject: Box, other: Box, direction: tuple[float, float], threshold: float = POSITION_THRESHOLD,
               cosine: float = 0.5) -> bool:
    """Whether `subject` lies from `other` in a direction (a unit vector), by GenEval's rule.

    The offset is shortened by the threshold and then divided by its full length, as in GenEval's code.
    """
    (sx, sy), (ox, oy) = subject.centre, other.centre
    x = _beyond(sx - ox, subject.width + other.width, threshold)
    y = _beyond(sy - oy, subject.height + other.height, threshold)
    length = math.hypot(sx - ox, sy - oy)
    if max(abs(x), abs(y)) < 1e-3 or length == 0:
        return False
    return (x * direction[0] + y * direction[1]) / length > cosine


def gap(a: Box, b: Box) -> float:
    """The distance between two boxes' edges; 0 where they touch."""
    across = max(a.x0 - b.x1, b.x0 - a.x1, 0.0)
    down = max(a.y0 - b.y1, b.y0 - a.y1, 0.0)
    return math.hypot(across, down)


def covered(a: Box, b: Box) -> float:
    """The share of `a` that lies in `b`."""
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return width * height / a.area if width > 0 and height > 0 and a.area > 0 else 0.0


def is_next_to(a: Box, b: Box) -> bool:
    return gap(a, b) <= NEAR and covered(a, b) < 0.5 and covered(b, a) < 0.5


def is_inside(a: Box, b: Box) -> bool:
    return covered(a, b) >= 0.8 and a.area < b.area


def is_on(a: Box, b: Box) -> bool:
    """Stands on it: the lower edge near the other's upper part, the middle over the other's width."""
    reach = 0.08
    over = b.x0 - reach / 2 <= a.centre[0] <= b.x1 + reach / 2
    return over and a.centre[1] < b.centre[1] and b.y0 - reach <= a.y1 <= b.centre[1] + b.height / 4


def is_between(a: Box, b: Box, c: Box) -> bool:
    """The centre projects onto the middle part of the line from `b` to `c` and is not far off that line."""
    (bx, by), (cx, cy), (ax, ay) = b.centre, c.centre, a.centre
    length = math.hypot(cx - bx, cy - by)
    if length < 1e-6:
        return False
    along = ((ax - bx) * (cx - bx) + (ay - by) * (cy - by)) / length**2
    off = abs((ax - bx) * (cy - by) - (ay - by) * (cx - bx)) / length
    return 0.15 <= along <= 0.85 and off <= max(0.5 * length, 0.5 * max(a.width, a.height))


def pair_holds(relation: str, subject: Box, other: Box) -> bool:
    """Whether one box is `relation` another; "between" needs `between_holds`."""
    if relation in _DIRECTIONS:
        return is_towards(subject, other, _DIRECTIONS[relation])
    return {"next to": is_next_to, "inside": is_inside, "on": is_on}[relation](subject, other)


def holds(relation: str, subjects: Sequence[Box], objects: Sequence[Box], others: Sequence[Box] = ()) -> bool:
    """Whether the relation holds between groups of boxes; False where a group is empty."""
    if not subjects or not objects:
        return False
    if relation == "between":
        return _between(subjects, objects, others)
    if relation in _DIRECTIONS:
        return all(pair_holds(relation, s, o) for s in subjects for o in objects)
    return all(any(pair_holds(relation, s, o) for o in objects) for s in subjects)


def _between(subjects: Sequence[Box], objects: Sequence[Box], others: Sequence[Box]) -> bool:
    """Between the one group and the other, or between the members of one group ("between two trees")."""
    if others:
        return all(any(is_between(s, o, p) for o in objects for p in others) for s in subjects)
    pairs = [(o, p) for i, o in enumerate(objects) for p in objects[i + 1:]]
    return all(any(is_between(s, o, p) for o, p in pairs) for s in subjects)
