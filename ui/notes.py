"""Notes scribbled on the picture: which part of it they are about, and the picture with them on it. Pure functions.

A note says where, the words beside it say what. It goes the way of a painted mask, over the things that it goes around
or points at, and never becomes part of the picture. What somebody writes with the pen is only for planners that see.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from generators.api import Box, Extent
from tools.api import SceneObject
from tools.relations import covered
from tools.sources import GROWN, grown_mask
from tools.spots import around
from ui.api import Stroke

INKS = {"red": "#e5484d", "yellow": "#ffd60a", "blue": "#2f8cff", "white": "#ffffff"}
MOST, LONGEST = 60, 400
"""Strokes of a note, points of a stroke."""
LARGEST = 768
CLOSED = 0.4
"""A stroke whose ends are nearer to each other than this share of its length across goes around something."""
PLACE = 0.25
"""The sides of the place that an arrow means where it points at nothing."""


def read(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The strokes that can be used as they came from a browser: in a colour of ours, inside the picture."""
    found = []
    for stroke in strokes[:MOST]:
        points = [(x, y) for x, y in stroke.points[:LONGEST] if 0 <= x <= 1 and 0 <= y <= 1]
        if points and stroke.colour in INKS:
            found.append(Stroke(colour=stroke.colour, points=points))
    return found


def meant(strokes: Sequence[Stroke], scene: Sequence[SceneObject]) -> list[Box]:
    """The boxes that a note is about: of the things that it goes around or points at; where it means none, of the
    places themselves."""
    things = [thing.box for thing in scene if any(_means(stroke, thing.box) for stroke in strokes)]
    return things or [_place(stroke) for stroke in strokes]


def mask_png(strokes: Sequence[Stroke], scene: Sequence[SceneObject], width: int, height: int) -> bytes | None:
    """Where the message may change the picture: a mask as `ui.paint.mask_png` makes them."""
    boxes = meant(strokes, scene)
    if not boxes:
        return None
    return _png(grown_mask(boxes, Extent(width, height), [thing.box for thing in scene if thing.box not in boxes]))


def drawn_over(image: Image.Image, strokes: Sequence[Stroke]) -> bytes:
    """The picture with the strokes on it, for planners that see; at most `LARGEST` pixels a side."""
    scale = LARGEST / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shown = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(shown)
    for stroke in strokes:
        points = [(x * size[0], y * size[1]) for x, y in stroke.points]
        points = points if len(points) > 1 else [points[0], (points[0][0] + 1, points[0][1])]
        pen.line(points, "#1a1a1a", width=LARGEST // 64, joint="curve")
        pen.line(points, INKS[stroke.colour], width=LARGEST // 96, joint="curve")
    return _png(shown)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _means(stroke: Stroke, thing: Box) -> bool:
    """Around it, or pointing at it with either end; a stroke that ends nowhere near it may still go across it."""
    box, near = _box(stroke), thing.grow(GROWN)
    if _closed(stroke):
        return covered(thing, box) > 0.5 or _inside(box.centre, near)
    if any(_inside(end, near) for end in (stroke.points[0], stroke.points[-1])):
        return True
    return _inside(box.centre, thing) and covered(thing, box) > 0.2 and _long(stroke)


def _place(stroke: Stroke) -> Box:
    """Where nothing is: what the stroke goes around or is scribbled over, else about its end."""
    box = _box(stroke)
    return box if min(box.width, box.height) >= 0.05 and (_closed(stroke) or _long(stroke)) else around(
        stroke.points[-1], PLACE, PLACE)


def _box(stroke: Stroke) -> Box:
    across, down = zip(*stroke.points, strict=True)
    return Box(min(across), min(down), max(across), max(down))


def _closed(stroke: Stroke) -> bool:
    box, length = _box(stroke), _length(stroke)
    return length > 0.1 and math.dist(stroke.points[0], stroke.points[-1]) < CLOSED * max(box.width, box.height)


def _long(stroke: Stroke) -> bool:
    """Back and forth, as one scribbles over or crosses out."""
    box = _box(stroke)
    return _length(stroke) > 2 * math.hypot(box.width, box.height)


def _length(stroke: Stroke) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(stroke.points))


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
