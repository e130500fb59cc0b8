"""Scenes of the picture world as plain values, and the renderer that turns one into pixels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from generators.world.grounds import background
from generators.world.sprites import aspect, sprite
from generators.world.styles import apply_style

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in fractions of the picture, origin at the top left."""

Frame = tuple[float, float]
"""A picture's width and height, where 1 is the extent: the side of a square picture."""

SQUARE: Frame = (1.0, 1.0)
WIDE: Frame = (1.125, 0.75)
TALL: Frame = (0.75, 1.125)
"""3:2 and 2:3 in about a square's area and, at 128 and 256 pixels, in whole tokens of sixteen."""


def size_of(frame: Frame, extent: int) -> tuple[int, int]:
    """Width and height in pixels."""
    return round(frame[0] * extent), round(frame[1] * extent)


@dataclass(frozen=True)
class Placed:
    """One object in a scene; ``colour`` None means its natural colours, ``size`` is the size word or None."""

    thing: str
    box: Box
    colour: str | None = None
    size: str | None = None
    angle: int = 0
    flip: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2, (y0 + y1) / 2

    def side(self, frame: Frame = SQUARE) -> float:
        """The box's longer side, in extents."""
        return max((self.box[2] - self.box[0]) * frame[0], (self.box[3] - self.box[1]) * frame[1])

    @property
    def kind(self) -> tuple[str, str | None, str | None]:
        """What makes two objects the same in words: thing, colour, size."""
        return self.thing, self.colour, self.size


@dataclass(frozen=True)
class Scene:
    """Objects in painting order over a background; the seed picks the background's variation."""

    objects: tuple[Placed, ...]
    background: str
    style: str | None = None
    seed: int = 0
    frame: Frame = SQUARE


def pixel_box(box: Box, size: int | tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in whole pixels (x0, y0, x1, y1), at least one wide and high; ``size`` is a side or width and height."""
    width, height = (size, size) if isinstance(size, int) else size
    x0, y0 = round(box[0] * width), round(box[1] * height)
    return x0, y0, max(x0 + 1, round(box[2] * width)), max(y0 + 1, round(box[3] * height))


def _object_sprite(item: Placed, size: tuple[int, int]) -> tuple[Image.Image, tuple[int, int]]:
    x0, y0, x1, y1 = pixel_box(item.box, size)
    return sprite(item.thing, item.colour, item.flip, item.angle, x1 - x0, y1 - y0), (x0, y0)


def render(scene: Scene, extent: int = 128) -> np.ndarray:
    """Paints a scene; returns height x width x 3 uint8 RGB, extent x extent for a square."""
    size = size_of(scene.frame, extent)
    canvas = Image.fromarray(background(scene.background, scene.seed, *size))
    for item in scene.objects:
        picture, corner = _object_sprite(item, size)
        canvas.paste(picture, corner, picture)
    pixels = np.asarray(canvas)
    return apply_style(pixels, scene.style) if scene.style else pixels


def instance_masks(scene: Scene, extent: int = 128) -> np.ndarray:
    """What is visible of each object: objects x height x width bool, later objects in front."""
    width, height = size = size_of(scene.frame, extent)
    masks = np.zeros((len(scene.objects), height, width), bool)
    for index, item in enumerate(scene.objects):
        picture, (x, y) = _object_sprite(item, size)
        layer = Image.new("L", size)
        layer.paste(picture.getchannel("A"), (x, y))
        masks[index] = np.asarray(layer) > 127
        masks[:index] &= ~masks[index]
    return masks


def overlap(a: Box, b: Box) -> float:
    """The intersection's area over the smaller box's area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / area


def cell_for(side: float, x: float, y: float, grid: int, frame: Frame = SQUARE) -> Box:
    """The square of a side (in extents) around x, y with its corner on the nearest line of a grid, inside the picture.

    The grid has so many lines to an extent.
    """
    wide, high = side / frame[0], side / frame[1]
    left, top = (
        min(max(round((v - length / 2) * lines) / lines, 0.0), 1 - length)
        for v, length, lines in ((x, wide, grid * frame[0]), (y, high, grid * frame[1]))
    )
    return left, top, left + wide, top + high


def box_for(thing: str, side: float, x: float, y: float, grid: int | None = None, frame: Frame = SQUARE) -> Box:
    """The box of a thing whose longer side is ``side`` extents, centred at x, y and moved inside the picture.

    With a grid the thing is centred in a square cell whose corner lies on the grid.
    """
    if grid:
        return fit_box(thing, cell_for(side, x, y, grid, frame), frame)
    ratio = aspect(thing)
    width, height = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
    width, height = width / frame[0], height / frame[1]
    x = min(max(x, width / 2 + 0.01), 1 - width / 2 - 0.01)
    y = min(max(y, height / 2 + 0.01), 1 - height / 2 - 0.01)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def fit_box(thing: str, hole: Box, frame: Frame = SQUARE) -> Box:
    """The largest box of a thing's proportions inside a hole, centred."""
    width, height = hole[2] - hole[0], hole[3] - hole[1]
    ratio = aspect(thing) * frame[1] / frame[0]
    if ratio > width / height:
        height = width / ratio
    else:
        width = height * ratio
    x, y = (hole[0] + hole[2]) / 2, (hole[1] + hole[3]) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


SIDES: dict[int, tuple[float, float]] = {
    1: (0.34, 0.6), 2: (0.28, 0.45), 3: (0.25, 0.36), 4: (0.22, 0.31), 5: (0.2, 0.28),
}  # fmt: skip
"""The range of an object's longer side by how many objects share the picture."""

SIZE_SIDES: dict[str, tuple[float, float]] = {"small": (0.18, 0.25), "big": (0.46, 0.6)}


Shapes = tuple[tuple[tuple[int, ...], float], ...]

SHAPES: Shapes = (
    ((1,), 0.28), ((1, 1), 0.26), ((2,), 0.1), ((3,), 0.09), ((4,), 0.06), ((5,), 0.02),
    ((1, 2), 0.06), ((1, 3), 0.03), ((2, 2), 0.03), ((1, 1, 1), 0.07),
)  # fmt: skip
"""How many of each kind a scene holds, and how often."""

GREY_STYLES = ("pencil sketch", "black and white")
"""Styles in which no colour can be seen."""


@dataclass(frozen=True)
class World:
    """What scenes are sampled from; a pack's world is a part of the vocabulary.

    ``grid`` puts objects on a grid of that many lines: the fewer free numbers a picture has, the sooner a
    small model learns to draw it. A share of ``styled`` scenes has one of ``styles``; ``near`` says that
    captions and edits speak of "between" and "next to".
    """

    things: tuple[str, ...]
    colours: tuple[str, ...]
    backgrounds: tuple[str, ...]
    most: int = 5
    grid: int | None = None
    mirrored: bool = True
    held_out: frozenset[tuple[str, str]] = frozenset()
    styles: tuple[str, ...] = ()
    styled: float = 0.0
    near: bool = False
    shapes: Shapes = SHAPES

    def combinations(self) -> list[tuple[str, str]]:
        return [(thing, colour) for thing in self.things for colour in self.colours]


GRID_SIDES: dict[int, dict[int, tuple[int, ...]]] = {
    8: {1: (3, 4, 4), 2: (3, 3, 4), 3: (3,), 4: (3, 3, 2), 5: (2,)},
    16: {1: (6, 7, 8), 2: (5, 6, 7, 8), 3: (4, 5, 6), 4: (4, 5, 6), 5: (4, 5)},
}
"""For each grid, sides in its steps by how many objects share the picture."""


def sample_side(rng: random.Random, world: World, total: int, size: str | None) -> float:
    """A longer side for one of ``total`` objects, in the range of its size word if it has one."""
    if world.grid and size:
        return {"small": 0.25, "big": 0.5}[size]
    if world.grid:
        return rng.choice(GRID_SIDES[world.grid][min(total, 5)]) / world.grid
    low, high = SIZE_SIDES[size] if size else SIDES[min(total, 5)]
    if size == "big" and total > 2:
        low, high = 0.36, 0.44
    return rng.uniform(low, high)


def place(
    rng: random.Random, world: World, thing: str, side: float, taken: Sequence[Box], frame: Frame = SQUARE,
    room: float = 0.04, tries: int = 40,
) -> Box | None:  # fmt: skip
    """A random free box for a thing, overlapping none of ``taken`` by more than ``room``; None if there is none."""
    for _ in range(tries):
        box = box_for(thing, side, rng.random(), rng.random(), world.grid, frame)
        if all(overlap(box, other) <= room for other in taken):
            return box
    return None


def sample_kind(rng: random.Random, world: World, coloured: float = 0.65) -> tuple[str, str | None]:
    """A thing and a colour (None: natural), never one of the held-out combinations."""
    while True:
        thing = rng.choice(world.things)
        colour = rng.choice(world.colours) if rng.random() < coloured and world.colours else None
        if (thing, colour) not in world.held_out:
            return thing, colour


def sample_scene(rng: random.Random, world: World, shape: Sequence[int] | None = None, frame: Frame = SQUARE) -> Scene:
    """A random scene; ``shape`` fixes how many of each kind it holds."""
    while True:
        counts = shape or rng.choices([s for s, _ in world.shapes], [w for _, w in world.shapes])[0]
        objects = _place_all(rng, world, counts, frame)
        if objects is not None:
            if world.near and rng.random() < 0.4:
                objects = _arranged(rng, world, objects, frame)
            ground, seed = rng.choice(world.backgrounds), rng.randrange(1 << 30)
            style = rng.choice(world.styles) if world.styles and rng.random() < world.styled else None
            return Scene(tuple(objects), ground, style, seed, frame)


def _place_all(rng: random.Random, world: World, counts: Sequence[int], frame: Frame) -> list[Placed] | None:
    total = sum(counts)
    kinds: list[tuple[str, str | None]] = []
    while len(kinds) < len(counts):
        kind = sample_kind(rng, world)
        same_thing = [k for k in kinds if k[0] == kind[0]]
        # Two kinds of one thing (a red and a blue car) sometimes, but never one with unnamed colour.
        if same_thing and (rng.random() < 0.5 or kind in kinds or kind[1] is None or same_thing[0][1] is None):
            continue
        kinds.append(kind)
    objects: list[Placed] = []
    for (thing, colour), count in zip(kinds, counts, strict=True):
        size = rng.choice(("small", "big")) if total <= 3 and rng.random() < 0.14 else None
        side = sample_side(rng, world, total, size)
        flip = world.mirrored and rng.random() < 0.5
        for _ in range(count):
            wobble = side if world.grid else side * rng.uniform(0.92, 1.08)
            box = place(rng, world, thing, wobble, [o.box for o in objects], frame)
            if box is None:
                return None
            turned = world.mirrored and rng.random() < 0.2
            objects.append(Placed(thing, box, colour, size, 0, flip != turned))
    return objects


def near_others(rng: random.Random, world: World, mover: Placed, others: Sequence[Placed], frame: Frame) -> Placed:
    """An object beside one of the others or between two of them, if there is room; else where it is."""
    anchors = rng.sample(others, min(len(others), rng.choice((1, 2, 2))))
    x, y = (sum(values) / len(anchors) for values in zip(*(o.centre for o in anchors), strict=True))
    if len(anchors) == 1:
        widths = sum(o.box[2] - o.box[0] for o in (mover, *anchors)) / 2
        x += rng.choice((-1, 1)) * widths * rng.uniform(1.05, 1.35)
    box = box_for(mover.thing, mover.side(frame), x, y, world.grid, frame)
    return mover if any(overlap(box, other.box) > 0.02 for other in others) else replace(mover, box=box)


def _arranged(rng: random.Random, world: World, objects: list[Placed], frame: Frame) -> list[Placed]:
    """With one of two or three objects near the others: by chance that comes too seldom."""
    alone = [i for i, o in enumerate(objects) if sum(o.kind == other.kind for other in objects) == 1]
    if len(objects) not in (2, 3) or not alone:
        return objects
    index = rng.choice(alone)
    moved = near_others(rng, world, objects[index], objects[:index] + objects[index + 1 :], frame)
    return [*objects[:index], moved, *objects[index + 1 :]]


def with_objects(scene: Scene, objects: Sequence[Placed]) -> Scene:
    """The same scene with other objects."""
    return replace(scene, objects=tuple(objects))
