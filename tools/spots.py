"""A place for one thing among others: where it fits, where the words want it, near where it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from generators.api import Box
from tools.api import BriefObject, SceneObject
from tools.arranging import MARGIN, piece_of, rounded, side_for
from tools.layout import OVERLAP
from tools.phrases import anchor, direction, last_place
from tools.places import find_place
from tools.relations import covered, pair_holds

Wanted = Callable[[Box], bool]
_TRIES = 400


def anywhere(box: Box) -> bool:
    return True


def around(centre: tuple[float, float], width: float, height: float, margin: float = 0.01) -> Box:
    """A box of this size about a centre, moved into the picture."""
    width, height = min(width, 1 - 2 * margin), min(height, 1 - 2 * margin)
    x = min(max(centre[0], margin + width / 2), 1 - margin - width / 2)
    y = min(max(centre[1], margin + height / 2), 1 - margin - height / 2)
    return Box(*(round(v, 3) for v in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)))


def wanted_by(text: str, scene: Sequence[SceneObject], old: Box | None = None) -> Wanted:
    """What an instruction says of the place: beside another object, in a part of the picture, in a direction."""
    told = anchor(text)
    other = next((thing for thing in scene if told and thing.name == told[1] and thing.box != old), None)
    if told and other:
        return lambda box: pair_holds(told[0], box, other.box)
    words = last_place(text)
    place, step = find_place(" ".join(words)), direction(text)
    sideways = step is not None and 0 in step and not _SPOTS & set(words)
    if step and old is not None and sideways and step != (0, 0):
        return _moved(old, step)
    return (lambda box: place.holds(box.centre, 0.05)) if place else anywhere


_SPOTS = frozenset({"top", "bottom", "centre", "center", "middle"})
"""Words for places rather than directions."""


def _moved(old: Box, step: tuple[int, int]) -> Wanted:
    def far_enough(box: Box) -> bool:
        by = [new - before for new, before in zip(box.centre, old.centre, strict=True)]
        return all(value * sign >= 0.15 if sign else abs(value) <= 0.08 for value, sign in zip(by, step, strict=True))

    return far_enough


def find_spot(width: float, height: float, taken: Sequence[Box], seed: int, wanted: Wanted = anywhere,
              near: tuple[float, float] | None = None) -> Box | None:
    """A box of this size where `wanted` holds, overlapping the others little, near a point if one is given.

    Deterministic. None where nowhere is as wanted.
    """
    rng = random.Random(seed)
    low_x, low_y = min(0.5, MARGIN + width / 2), min(0.5, MARGIN + height / 2)
    best: tuple[float, Box] | None = None
    for _ in range(_TRIES):
        box = around((rng.uniform(low_x, 1 - low_x), rng.uniform(low_y, 1 - low_y)), width, height)
        if not wanted(box):
            continue
        cost = _crowding(box, taken)
        if near:
            cost += 0.3 * (abs(box.centre[0] - near[0]) + abs(box.centre[1] - near[1]))
        if best is None or cost < best[0]:
            best = (cost, box)
    return best[1] if best else None


def _crowding(box: Box, taken: Sequence[Box]) -> float:
    """How much of it and of the others is covered, beyond what does not matter."""
    shares = [max(covered(box, other), covered(other, box)) for other in taken]
    return sum(5 * share for share in shares if share > OVERLAP)


def in_the_way(text: str, scene: Sequence[SceneObject], but: Sequence[str] = ()) -> list[Box]:
    """The boxes to keep clear of: all but the ids in `but`, and but what something shall be on or inside of."""
    told = anchor(text)
    holder = told[1] if told and told[0] in ("on", "inside") else None
    return [thing.box for thing in scene if thing.id not in but and thing.name != holder]


def free_place(name: str, taken: Sequence[Box], seed: int, size: str | None = None) -> Box:
    """A box for one more thing in a picture that holds others already, overlapping them as little as can be."""
    rng = random.Random(seed)
    thing = BriefObject(id="new", name=name, size=size if size in ("small", "big") else None)  # type: ignore[arg-type]
    best: tuple[float, Box] | None = None
    for scale in (1.0, 0.85, 0.7):
        for _ in range(60):
            piece = piece_of(thing, scale * side_for(thing, max(2, len(taken) + 1), rng))
            piece.x, piece.y = rng.random(), rng.random()
            piece.keep_inside()
            box = rounded(piece.box())
            crossing = sum(max(covered(box, other), covered(other, box)) for other in taken)
            if best is None or crossing < best[0] - 1e-9:
                best = (crossing, box)
        if best and best[0] <= OVERLAP:
            break
    assert best is not None
    return best[1]
