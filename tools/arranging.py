"""How one arrangement of a Brief's objects begins and settles (position-based dynamics, Müller et al. 2007).

Objects that overlap push each other away, a violated relation moves its two objects apart, the picture's edge
pushes back. `tools.layout` makes several and keeps the best.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from generators.api import Box, Region
from tools.api import Brief, BriefObject, BriefRelation
from tools.places import Place, find_place
from tools.proportions import proportion

MARGIN = 0.03
"""The free border that boxes keep from the picture's edge."""

ROOM = 0.04
"""The gap that objects leave between them where they can."""

AXIS = {"left of": (0, 1), "right of": (0, -1), "above": (1, 1), "below": (1, -1)}
"""The axis and the sign by which a relation's object lies beyond its subject."""

_SIDES = {1: (0.4, 0.6), 2: (0.3, 0.42), 3: (0.26, 0.34), 4: (0.23, 0.3), 5: (0.21, 0.27)}
_SIZED = {"small": (0.18, 0.24), "big": (0.46, 0.58)}
_CROWDED_BIG = (0.36, 0.42)
"""Longer sides by how many objects there are, as in the training of the picture world's models."""

_SOME = 3


@dataclass
class Piece:
    """One object on its way to its place; `x`, `y` its centre."""

    thing: BriefObject
    width: float
    height: float
    x: float = 0.5
    y: float = 0.5
    place: Place | None = None

    def box(self) -> Box:
        return Box(self.x - self.width / 2, self.y - self.height / 2, self.x + self.width / 2, self.y + self.height / 2)

    def half(self, axis: int) -> float:
        return (self.height if axis else self.width) / 2

    def at(self, axis: int) -> float:
        return self.y if axis else self.x

    def shift(self, axis: int, by: float) -> None:
        if axis:
            self.y += by
        else:
            self.x += by

    def keep_inside(self) -> None:
        across, down = self.place or Place((0.0, 1.0), (0.0, 1.0))
        self.x = _held(_held(self.x, *across), MARGIN + self.width / 2, 1 - MARGIN - self.width / 2)
        self.y = _held(_held(self.y, *down), MARGIN + self.height / 2, 1 - MARGIN - self.height / 2)


def _held(value: float, low: float, high: float) -> float:
    return (low + high) / 2 if low > high else min(high, max(low, value))


def how_many(thing: BriefObject) -> int:
    """The count, or three where the number was not said."""
    return _SOME if thing.count is None else thing.count


def touching(brief: Brief) -> set[frozenset[str]]:
    """Pairs that may overlap: one is on or inside the other."""
    return {frozenset((r.subject, r.object)) for r in brief.relations if r.relation in ("inside", "on")}


def arrangement(brief: Brief, total: int, rng: random.Random, scale: float) -> list[Region]:
    """One arrangement, begun at random and settled."""
    groups = {thing.id: _group(brief, thing, total, rng, scale) for thing in brief.objects}
    pieces = [piece for group in groups.values() for piece in group]
    if total > 8 and not brief.relations:
        _begin_evenly(pieces, rng)
    else:
        _begin(groups, rng)
    _contain(brief, groups)
    _settle(brief, groups, pieces, 70 if total < 12 else 40)
    return [Region(piece.thing.phrase(count=False), rounded(piece.box())) for piece in pieces]


def rounded(box: Box) -> Box:
    """To thousandths, inside the picture."""
    return Box(*(round(value, 3) for value in box)).clip()


def side_for(thing: BriefObject, total: int, rng: random.Random) -> float:
    """A longer side for one of `total` objects, in fractions of the picture."""
    if thing.size:
        low, high = _CROWDED_BIG if thing.size == "big" and total > 2 else _SIZED[thing.size]
    elif total > 5:
        high = min(0.26, 0.62 / total**0.5)
        low = 0.85 * high
    else:
        low, high = _SIDES[max(total, 1)]
    return rng.uniform(low, high)


def _group(brief: Brief, thing: BriefObject, total: int, rng: random.Random, scale: float) -> list[Piece]:
    """The equal objects of one line, nearly equally large."""
    side = side_for(thing, total, rng)
    side = max([side] + [0.6 if r.relation == "inside" else 0.5 for r in brief.relations
                         if r.object == thing.id and r.relation in ("inside", "on")])
    return [piece_of(thing, scale * side * rng.uniform(0.94, 1.06)) for _ in range(how_many(thing))]


def piece_of(thing: BriefObject, side: float) -> Piece:
    """The object with its own proportions, `side` on its longer side."""
    ratio = proportion(thing.name)
    width, height = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
    return Piece(thing, width, height, place=find_place(thing.place) if thing.place else None)


def _begin(groups: dict[str, list[Piece]], rng: random.Random) -> None:
    """Every group somewhere, its members loosely about it."""
    for group in groups.values():
        x, y = rng.uniform(0.15, 0.85), rng.uniform(0.25, 0.75)
        for piece in group:
            spread = 0.0 if len(group) == 1 else 0.3
            piece.x, piece.y = x + rng.uniform(-spread, spread), y + rng.uniform(-spread, spread)
            if piece.place:
                piece.x, piece.y = rng.uniform(*piece.place.across), rng.uniform(*piece.place.down)
            piece.keep_inside()


def _begin_evenly(pieces: list[Piece], rng: random.Random) -> None:
    """A crowd begins on the cells of a grid, each a little off its middle."""
    across = math.ceil(len(pieces) ** 0.5)
    cells = rng.sample(range(across * math.ceil(len(pieces) / across)), len(pieces))
    for piece, cell in zip(pieces, cells, strict=True):
        piece.x = (cell % across + rng.uniform(0.3, 0.7)) / across
        piece.y = (cell // across + rng.uniform(0.3, 0.7)) / across
        piece.keep_inside()


def _contain(brief: Brief, groups: dict[str, list[Piece]]) -> None:
    """What is inside or on something is made small enough for it."""
    for relation in brief.relations:
        if relation.relation not in ("inside", "on") or not groups.get(relation.object):
            continue
        pieces, holders = groups.get(relation.subject, []), groups[relation.object]
        each = -(-len(pieces) // len(holders))
        for piece in pieces:
            if relation.relation == "on":
                factor = 0.9 * holders[0].width / (each * piece.width) if each > 1 else 1.0
            else:
                factor = 0.7 / each * min(holders[0].width / piece.width, holders[0].height / piece.height)
            piece.width, piece.height = piece.width * min(1.0, factor), piece.height * min(1.0, factor)


def _settle(brief: Brief, groups: dict[str, list[Piece]], pieces: list[Piece], rounds: int) -> None:
    free = touching(brief)
    pairs = [(a, b) for i, a in enumerate(pieces) for b in pieces[i + 1:]
             if frozenset((a.thing.id, b.thing.id)) not in free]
    for turn in range(rounds):
        moved = sum(_separate(a, b) for a, b in pairs)
        moved += sum(_obey(relation, groups) for relation in brief.relations)
        for piece in pieces:
            piece.keep_inside()
        if not moved and turn > 2:
            break


def _separate(a: Piece, b: Piece, room: float = ROOM) -> bool:
    """Two boxes that overlap move apart along the axis on which they overlap less."""
    across = (a.width + b.width) / 2 + room - abs(a.x - b.x)
    down = (a.height + b.height) / 2 + room - abs(a.y - b.y)
    if across <= 1e-4 or down <= 1e-4:
        return False
    axis, depth = (0, across) if across < down else (1, down)
    push = 0.5 * depth if a.at(axis) <= b.at(axis) else -0.5 * depth
    a.shift(axis, -push)
    b.shift(axis, push)
    return True


def _obey(relation: BriefRelation, groups: dict[str, list[Piece]]) -> bool:
    subjects, objects = groups.get(relation.subject, []), groups.get(relation.object, [])
    if not subjects or not objects:
        return False
    if relation.relation in AXIS:
        axis, sign = AXIS[relation.relation]
        return any([_order(s, o, axis, sign) for s in subjects for o in objects])
    if relation.relation == "between":
        others = groups.get(relation.other or "", []) or objects
        return any([_middle(s, objects[0], others[-1]) for s in subjects])
    return any([_attach(relation.relation, s, i, len(subjects), objects) for i, s in enumerate(subjects)])


def _order(subject: Piece, other: Piece, axis: int, sign: int) -> bool:
    """`subject` comes before `other` on the axis (after it, where sign is -1), clear of it and nearly level."""
    first, second = (subject, other) if sign > 0 else (other, subject)
    needed = first.half(axis) + second.half(axis) + ROOM
    lack = needed - (second.at(axis) - first.at(axis))
    if lack > 1e-4:
        first.shift(axis, -lack / 2)
        second.shift(axis, lack / 2)
    cross = 1 - axis
    slant = second.at(cross) - first.at(cross)
    limit = 0.75 * max(needed, second.at(axis) - first.at(axis))
    if abs(slant) > limit:
        excess = 0.5 * (abs(slant) - limit) * (1 if slant > 0 else -1)
        first.shift(cross, excess)
        second.shift(cross, -excess)
    return lack > 1e-4 or abs(slant) > limit + 1e-4


def _middle(piece: Piece, one: Piece, two: Piece) -> bool:
    """Half-way between two others, which move apart to make room."""
    if one is two:
        return False
    axis = 0 if abs(one.x - two.x) >= abs(one.y - two.y) else 1
    low, high = (one, two) if one.at(axis) <= two.at(axis) else (two, one)
    needed = low.half(axis) + high.half(axis) + 2 * piece.half(axis) + 0.06
    lack = needed - (high.at(axis) - low.at(axis))
    if lack > 0:
        low.shift(axis, -lack / 2)
        high.shift(axis, lack / 2)
    cross = 1 - axis
    tilt = 0.25 * (high.at(cross) - low.at(cross))
    low.shift(cross, tilt)
    high.shift(cross, -tilt)
    by = [(one.at(i) + two.at(i)) / 2 - piece.at(i) for i in (0, 1)]
    for i in (0, 1):
        piece.shift(i, 0.7 * by[i])
    return lack > 1e-4 or max(map(abs, by)) > 0.02 or abs(tilt) > 0.02


def _attach(relation: str, piece: Piece, index: int, count: int, objects: list[Piece]) -> bool:
    """Next to the nearest of some objects; on or inside them in turn, side by side."""
    if relation == "next to":
        others = [other for other in objects if other is not piece]
        nearest = min(others, key=lambda o: (o.x - piece.x) ** 2 + (o.y - piece.y) ** 2, default=None)
        return nearest is not None and _approach(piece, nearest)
    other, each = objects[index % len(objects)], -(-count // len(objects))
    spot = (index // len(objects) + 0.5) / each - 0.5
    x, y = other.x + spot * other.width, other.y
    if relation == "on":
        y = other.y - other.height / 2 - piece.height / 2 + 0.02
        short = MARGIN + piece.height / 2 - y
        other.shift(1, max(0.0, short))
        y += max(0.0, short)
    done = abs(piece.x - x) < 1e-3 and abs(piece.y - y) < 1e-3
    piece.x, piece.y = x, y
    return not done


def _approach(piece: Piece, other: Piece, reach: float = 0.08) -> bool:
    """Beside it, roughly level, with a small gap."""
    across = abs(piece.x - other.x) - (piece.width + other.width) / 2 - reach
    down = abs(piece.y - other.y) - 0.3 * (piece.height + other.height)
    for axis, excess in ((0, across), (1, down)):
        if excess > 0:
            step = 0.5 * excess * (1 if piece.at(axis) < other.at(axis) else -1)
            piece.shift(axis, step)
            other.shift(axis, -step)
    return max(across, down) > 1e-3
