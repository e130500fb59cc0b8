"""From a Brief to boxes: pure functions of a Brief and a seed.

Several arrangements are begun at random and let settle (`tools.arranging`). The one that violates no relation,
overlaps least and is best balanced wins; if none keeps every relation, everything is made smaller.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence

from generators.api import Box, Region
from tools.api import Brief, BriefObject, BriefRelation, ToolError
from tools.arranging import AXIS, arrangement, how_many, touching
from tools.naming import listed
from tools.places import find_place
from tools.relations import covered, holds

MOST = 40
"""As many objects as a layout takes."""

OVERLAP = 0.04
"""The share of the smaller of two boxes that another may cover, as in the models' training scenes."""


def contradiction(brief: Brief) -> list[str]:
    """The relations that cannot all hold, in words: a circle of left/right or above/below; [] if there is none."""
    for axis in (0, 1):
        edges = [(*_ordered(relation), relation) for relation in brief.relations if _axis(relation) == axis]
        for start, _, _ in edges:
            circle = _circle(edges, start)
            if circle:
                return [brief.relation_text(relation) for relation in circle]
    return [brief.relation_text(r) for r in brief.relations if r.subject == r.object and r.relation != "next to"]


def _axis(relation: BriefRelation) -> int | None:
    return AXIS[relation.relation][0] if relation.relation in AXIS else None


def _ordered(relation: BriefRelation) -> tuple[str, str]:
    """Lesser coordinate first."""
    if AXIS[relation.relation][1] > 0:
        return relation.subject, relation.object
    return relation.object, relation.subject


def _circle(edges: list[tuple[str, str, BriefRelation]], start: str) -> list[BriefRelation]:
    """The relations on a way from `start` back to it, found depth first."""
    stack: list[tuple[str, list[BriefRelation]]] = [(start, [])]
    seen: set[str] = set()
    while stack:
        node, path = stack.pop()
        for first, second, relation in edges:
            if first != node:
                continue
            if second == start:
                return [*path, relation]
            if second not in seen:
                seen.add(second)
                stack.append((second, [*path, relation]))
    return []


def plan_layout(brief: Brief, seed: int) -> tuple[Region, ...]:
    """A box for every object of the Brief, `count` times, in the Brief's order.

    Deterministic. Raises `ToolError` for relations that contradict each other, for more than `MOST` objects and
    where no arrangement was found in which every relation holds.
    """
    total = sum(how_many(thing) for thing in brief.objects)
    if total > MOST:
        raise ToolError(f"A layout takes at most {MOST} objects, and the Brief asks for {total}.")
    circle = contradiction(brief)
    if circle:
        raise ToolError(f"These relations contradict each other: {listed(circle)}.")
    best = _search(brief, total, random.Random(_number(brief, seed))) if total else []
    broken = violations(brief, best)
    if broken:
        raise ToolError(f"I found no layout in which all of this holds at once: {listed(broken)}.")
    return tuple(best)


def _number(brief: Brief, seed: int) -> int:
    """The objects and relations decide with the seed; a new background moves nothing."""
    text = brief.model_dump_json(include={"objects", "relations"})
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8], "big")


def _search(brief: Brief, total: int, rng: random.Random) -> list[Region]:
    """The best of a few dozen arrangements; smaller and smaller ones while none is good."""
    best: tuple[float, list[Region]] = (float("inf"), [])
    for scale in (1.0, 0.9, 0.8, 0.68, 0.56, 0.45, 0.35):
        good = hopeless = 0
        for _ in range(8 if total < 8 else 3 if total < 13 else 1):
            regions = arrangement(brief, total, rng, scale)
            cost = _cost(brief, regions)
            best = min(best, (cost, regions), key=lambda pair: pair[0])
            good += cost < 1
            hopeless += cost >= 1000
            if good == (3 if total < 6 else 1) or hopeless == 3:
                break
        if best[0] < 1:
            break
    return best[1]


def _cost(brief: Brief, regions: Sequence[Region]) -> float:
    """Below 1: every relation holds and nothing overlaps too much; the rest prefers a balanced picture."""
    broken = len(violations(brief, regions))
    crossing = sum(max(0.0, share - OVERLAP) for share in _overlaps(brief, regions))
    x = sum(region.box.centre[0] * region.box.area for region in regions)
    y = sum(region.box.centre[1] * region.box.area for region in regions)
    area = sum(region.box.area for region in regions) or 1.0
    lean = abs(x / area - 0.5) + abs(y / area - 0.5)
    return 1000.0 * broken + (1 + 10 * crossing if crossing else 0.0) + 0.5 * min(lean, 1.0)


def _owners(brief: Brief, regions: Sequence[Region]) -> Iterator[tuple[str, Box]]:
    """The id of the Brief's object that each region stands for; regions are in the Brief's order."""
    ids = [thing.id for thing in brief.objects for _ in range(how_many(thing))]
    return zip(ids, (region.box for region in regions), strict=False)


def _overlaps(brief: Brief, regions: Sequence[Region]) -> Iterator[float]:
    allowed = touching(brief)
    owned = list(_owners(brief, regions))
    for index, (first, a) in enumerate(owned):
        for second, b in owned[index + 1:]:
            if frozenset((first, second)) not in allowed:
                yield max(covered(a, b), covered(b, a))


def violations(brief: Brief, regions: Sequence[Region]) -> list[str]:
    """The relations and places of the Brief that these regions do not keep, in words; also a wrong number of them.

    The regions stand in the Brief's order, as `plan_layout` gives them.
    """
    boxes: dict[str, list[Box]] = {}
    for id, box in _owners(brief, regions):
        boxes.setdefault(id, []).append(box)
    wanted = sum(how_many(thing) for thing in brief.objects)
    found = [] if wanted == len(regions) else [f"{wanted} objects (the layout has {len(regions)})"]
    found += [brief.relation_text(r) for r in brief.relations if not _kept(brief, r, boxes)]
    return found + [f"{thing.name} at the {thing.place}" for thing in brief.objects if not _in_place(thing, boxes)]


def _kept(brief: Brief, relation: BriefRelation, boxes: dict[str, list[Box]]) -> bool:
    """Relations with something of which there is none say nothing about a layout."""
    ends = [id for id in (relation.subject, relation.object, relation.other) if id]
    if not all(boxes.get(id) for id in ends):
        return True
    others = boxes[relation.other] if relation.other else ()
    return holds(relation.relation, boxes[relation.subject], boxes[relation.object], others)


def _in_place(thing: BriefObject, boxes: dict[str, list[Box]]) -> bool:
    place = find_place(thing.place) if thing.place else None
    return place is None or all(place.holds(box.centre, 0.08) for box in boxes.get(thing.id, ()))
