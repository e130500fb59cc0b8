"""Which of the objects that were seen is which of the Brief's.

Objects of one name are all of that name's, whatever their colour. Where the Brief has several lines of one name
("one purple dog and a dog"), each object is given to one line so that colours, sizes, relations and the layout
are met as well as they can be; every way is tried for up to six objects. Deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from generators import seeing
from generators.api import Detection, Region, Seen
from tools.api import Brief, BriefObject
from tools.arranging import how_many
from tools.naming import colour_name, thing_name
from tools.relations import holds
from tools.scene import left_to_right

Groups = dict[str, list[Detection]]
_ALL_WAYS = 6


def named(seen: Seen, name: str) -> list[Detection]:
    """Every detection of a thing, from left to right."""
    wanted = thing_name(name)
    return [d for d in left_to_right(seen.objects) if d.thing == wanted]


def has_colour(detection: Detection, colour: str) -> bool:
    """Whether a person would call it so, by any of the colour's names."""
    return seeing.has_colour(detection, colour_name(colour))


def assign(seen: Seen, brief: Brief, layout: Sequence[Region] = ()) -> Groups:
    """The detections of each of the Brief's objects by id, from left to right; nothing is given to two."""
    groups: Groups = {}
    by_name: dict[str, list[BriefObject]] = {}
    for thing in brief.objects:
        by_name.setdefault(thing_name(thing.name), []).append(thing)
    for name, things in sorted(by_name.items(), key=lambda item: len(item[1])):
        found = named(seen, name)
        if len(things) == 1:
            groups[things[0].id] = found
        else:
            best = max(_ways(things, found), key=lambda way: _merit({**groups, **way}, brief, layout))
            groups.update({id: left_to_right(members) for id, members in best.items()})
    return groups


def _ways(things: Sequence[BriefObject], found: list[Detection]) -> Iterator[Groups]:
    """Ways of sharing out some detections; what is too many goes to the last line, what is too few is missing there."""
    counts = [how_many(thing) for thing in things]
    orders = permutations(found) if len(found) <= _ALL_WAYS else [_by_colour(things, found)]
    for order in orders:
        way, start = {}, 0
        for thing, count in zip(things, counts, strict=True):
            stop = len(order) if thing is things[-1] else start + count
            way[thing.id] = list(order[start:stop])
            start = stop
        yield way


def _by_colour(things: Sequence[BriefObject], found: list[Detection]) -> tuple[Detection, ...]:
    """Greedy for crowds: each line takes what has its colour first, and the colourless line what is left."""
    left, order = list(found), []
    for thing in things:
        left.sort(key=lambda d: not (thing.colour and has_colour(d, thing.colour)))
        order += left[:how_many(thing)]
        left = left[how_many(thing):]
    return tuple(order + left)


def _merit(groups: Groups, brief: Brief, layout: Sequence[Region]) -> float:
    """Colours weigh most, then relations, sizes, and closeness to the layout."""
    things = [thing for thing in brief.objects if thing.id in groups]
    coloured = sum(d.colour_confidence * has_colour(d, t.colour) for t in things if t.colour for d in groups[t.id])
    full = sum(min(len(groups[t.id]), how_many(t)) for t in things)
    related = sum(_related(groups, r.relation, r.subject, r.object, r.other) for r in brief.relations)
    sized = sum((1 if t.size == "big" else -1) * d.box.area for t in things if t.size for d in groups[t.id])
    return 100 * full + 10 * coloured + 3 * related + sized + 0.1 * _closeness(groups, brief, layout)


def _related(groups: Groups, relation: str, subject: str, object: str, other: str | None) -> bool:
    boxes = {id: [d.box for d in groups.get(id, [])] for id in (subject, object, other) if id}
    others = boxes.get(other or "", [])
    return (not other or bool(others)) and holds(relation, boxes[subject], boxes[object], others)


def _closeness(groups: Groups, brief: Brief, layout: Sequence[Region]) -> float:
    ids = [thing.id for thing in brief.objects for _ in range(how_many(thing))]
    if len(ids) != len(layout):
        return 0.0
    spots: dict[str, list[Region]] = {}
    for id, region in zip(ids, layout, strict=True):
        spots.setdefault(id, []).append(region)
    placed = [(d, spots[id]) for id, members in groups.items() if id in spots for d in members]
    return sum(max(d.box.iou(region.box) for region in regions) for d, regions in placed)
