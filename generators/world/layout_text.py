"""Layouts as plain text: the one form in which every model of the pack reads boxes.

``a red apple left of two dogs ; red apple <w04><h05><c0408> ; dog <w03><h03><c1008> <w03><h03><c1410>``

First the prompt, then for every group of equal phrases the phrase and its boxes. A box is
three tokens: width, height and centre (x, then y), each in sixteenths of the picture. The
centre is one token for both axes, and the last one: in a causal text encoder it has read the
phrase and the size, so a single key can say what belongs there, and the rotary positions
of the picture's tokens can find it.

What the regions of each request are:

========================  =====================================================================
draw                      every object: colour and singular name ("red apple"), its box
recolour, remove          the objects concerned, as they are now; for several, each its box
replace                   the new thing's phrase, the old thing's box
add, inpaint              the new thing's phrase, the box (or the hole) that it goes into
erase a hole              the phrase ``nothing``, the hole
move, resize              ``from dog`` with the old box, then ``to dog`` with the new one
background                none
========================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEVELS = 16
"""Steps along a side; widths, heights and centres are whole numbers of them, both ends included."""

Box = tuple[float, float, float, float]


def box_text(box: Box) -> str:
    """A box in fractions of the picture (x0, y0, x1, y1) as its three tokens, without spaces."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    width, height = (max(1, round(size * LEVELS)) for size in (x1 - x0, y1 - y0))
    x, y = (round(twice / 2 * LEVELS) for twice in (x0 + x1, y0 + y1))
    return f"<w{width:02d}><h{height:02d}><c{x:02d}{y:02d}>"


def coordinate_tokens() -> list[str]:
    """Every token that a box can hold: widths, heights, centres."""
    steps = range(LEVELS + 1)
    sizes = [f"<{axis}{step:02d}>" for axis in "wh" for step in steps[1:]]
    return sizes + [f"<c{x:02d}{y:02d}>" for x in steps for y in steps]


def layout_text(prompt: str, regions: Sequence[tuple[str, Box]]) -> str:
    """The text that the models read: a prompt and, if there are regions, its layout."""
    groups: dict[str, list[str]] = {}
    for phrase, box in regions:
        groups.setdefault(phrase.strip().lower(), []).append(box_text(box))
    parts = [prompt.strip()] + [f"{phrase} {' '.join(boxes)}" for phrase, boxes in groups.items()]
    return " ; ".join(parts)


REACH = 2.5
"""How far a box may be moved, in steps."""

SLIGHTLY = 0.92
"""A thing that is meant to be small is smaller than a small cell by this; a box that is hardly larger is not."""


@dataclass(frozen=True)
class Grid:
    """How things stand in a world whose training scenes have a grid.

    ``lines`` steps along a side; ``least`` steps that the n-th and more things fill at least, each; ``small`` steps of
    a thing that is meant to be small, ``most`` of the largest.
    """

    lines: int
    least: tuple[int, ...]
    small: int
    most: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Grid | None:
        """The grid that a pack.json tells of."""
        lines = facts.get("grid")
        if not lines:
            return None
        sides, sizes = facts["sides"], facts["size_sides"]
        least = tuple(round(sides[str(count)][0] * lines) for count in range(1, len(sides) + 1))
        return cls(lines, least, round(sizes["small"][0] * lines), round(sizes["big"][1] * lines))

    def steps(self, box: Box, count: int) -> int:
        """The side of the cell for a box among `count`."""
        longer = max(box[2] - box[0], box[3] - box[1]) * self.lines
        meant = longer < SLIGHTLY * self.small
        least = self.small if meant else self.least[min(count, len(self.least)) - 1]
        return min(self.most, max(least, round(longer)))


def onto_grid(boxes: Sequence[Box], grid: Grid) -> list[Box]:
    """Each box in the nearest free cell, in its own proportions; without one it stays.

    A model whose training scenes stand on a grid draws best there, and a planner knows nothing of grids.
    """
    cells: list[tuple[int, int, int]] = []
    placed = []
    for box in boxes:
        near = _cells_near(box, grid.lines, grid.steps(box, len(boxes)))
        cell = next((c for c in near if not any(_touch(c, other) for other in cells)), None)
        cells += [cell] if cell else []
        placed.append(_fitted(box, cell, grid.lines) if cell else box)
    return placed


def _cells_near(box: Box, grid: int, side: int) -> list[tuple[int, int, int]]:
    """Cells of a size (side, column, row) within reach, the nearest first."""
    column, row = ((low + high) / 2 * grid - side / 2 for low, high in ((box[0], box[2]), (box[1], box[3])))
    every = ((side, x, y) for x in range(grid - side + 1) for y in range(grid - side + 1))
    found = [(math.hypot(cell[1] - column, cell[2] - row), cell) for cell in every]
    return [cell for distance, cell in sorted(found) if distance <= REACH]


def _touch(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    return a[1] < b[1] + b[0] and b[1] < a[1] + a[0] and a[2] < b[2] + b[0] and b[2] < a[2] + a[0]


def _fitted(box: Box, cell: tuple[int, int, int], grid: int) -> Box:
    side, column, row = (value / grid for value in cell)
    scale = side / max(box[2] - box[0], box[3] - box[1])
    width, height = (box[2] - box[0]) * scale / 2, (box[3] - box[1]) * scale / 2
    x, y = column + side / 2, row + side / 2
    return x - width, y - height, x + width, y + height
