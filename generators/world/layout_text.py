"""Layouts as plain text: the one form in which every model of the pack reads boxes.

``a red apple left of two dogs ; red apple <x03><y05><x06><y10> ; dog <x08>... <x12>...``

First the prompt, then for every group of equal phrases the phrase and its boxes. A box is
four coordinate tokens (x0, y0, x1, y1) of 16 levels: level k stands for the fraction k/15.

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

from collections.abc import Sequence

LEVELS = 16

Box = tuple[float, float, float, float]


def box_text(box: Box) -> str:
    """A box in fractions of the picture as its four coordinate tokens, without spaces."""
    levels = [min(LEVELS - 1, max(0, round(value * (LEVELS - 1)))) for value in box]
    return "".join(f"<{axis}{level:02d}>" for axis, level in zip("xyxy", levels, strict=True))


def coordinate_tokens() -> list[str]:
    """Every coordinate token, x before y."""
    return [f"<{axis}{level:02d}>" for axis in "xy" for level in range(LEVELS)]


def layout_text(prompt: str, regions: Sequence[tuple[str, Box]]) -> str:
    """The text that the models read: a prompt and, if there are regions, its layout."""
    groups: dict[str, list[str]] = {}
    for phrase, box in regions:
        groups.setdefault(phrase.strip().lower(), []).append(box_text(box))
    parts = [prompt.strip()] + [f"{phrase} {' '.join(boxes)}" for phrase, boxes in groups.items()]
    return " ; ".join(parts)
