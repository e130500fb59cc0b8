"""What the user drew by hand and the layout obeys: boxes, each with the name of what belongs there."""

from __future__ import annotations

from collections.abc import Sequence

from generators.api import Box, Region
from tools.api import Brief
from tools.layout import plan_layout
from tools.naming import listed
from tools.phrases import Phrase, find_phrase
from tools.relations import covered

TRIES = 12
"""Layouts that are begun around hand-drawn boxes; the one that overlaps them least is taken."""


def layout_around(brief: Brief, seed: int, drawn: Sequence[Region]) -> tuple[Region, ...]:
    """`tools.layout.plan_layout`, with every drawn box in the place of a planned one of its name. Raises as it does."""
    if not drawn:
        return plan_layout(brief, seed)
    return min((obeyed(plan_layout(brief, seed + number), drawn) for number in range(TRIES)), key=_crossing)


def obeyed(layout: Sequence[Region], drawn: Sequence[Region]) -> tuple[Region, ...]:
    """The layout with the drawn boxes in it; one that names what the layout has no place for is left out."""
    placed = list(layout)
    for at, region in _matched(layout, drawn):
        placed[at] = Region(placed[at].phrase, region.box)
    return tuple(placed)


def left_over(layout: Sequence[Region], drawn: Sequence[Region]) -> str:
    """A sentence about the drawn boxes that the layout has no place for, or nothing."""
    used = [region for _, region in _matched(layout, drawn)]
    names = [region.phrase[:60] for region in drawn if region not in used]
    return f" The user drew boxes for what the Brief does not have: {listed(names)}." if names else ""


def _matched(layout: Sequence[Region], drawn: Sequence[Region]) -> list[tuple[int, Region]]:
    """Which place of the layout each drawn box takes: the same thing, and the same colour where there is a choice."""
    free, found = list(range(len(layout))), []
    for region in drawn:
        at = min(free, key=lambda index: _unlike(layout[index].phrase, region.phrase), default=None)
        if at is not None and _unlike(layout[at].phrase, region.phrase) <= 1:
            free.remove(at)
            found.append((at, region))
    return found


def box_for(drawn: Sequence[Region], phrase: str) -> Box | None:
    """Where the user wants a thing; None where no box was drawn for it."""
    best = min(drawn, key=lambda region: _unlike(phrase, region.phrase), default=None)
    return best.box if best and _unlike(phrase, best.phrase) <= 1 else None


def _unlike(phrase: str, other: str) -> int:
    """0 for the same thing and colour, 1 for the same thing, 2 for another."""
    a, b = find_phrase(phrase), find_phrase(other)
    if _name(a) != _name(b):
        return 2
    return int(b.colour is not None and a.colour != b.colour)


def _name(phrase: Phrase) -> str:
    return phrase.thing or phrase.words


def _crossing(layout: Sequence[Region]) -> float:
    """How much the boxes cover one another."""
    boxes = [region.box for region in layout]
    return sum(covered(a, b) for index, a in enumerate(boxes) for b in [*boxes[:index], *boxes[index + 1:]])
