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

    @property
    def side(self) -> float:
        """The box's longer side."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

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


def pixel_box(box: Box, extent: int) -> tuple[int, int, int, int]:
    """A box in whole pixels (x0, y0, x1, y1), at least one pixel wide and high."""
    x0, y0 = round(box[0] * extent), round(box[1] * extent)
    return x0, y0, max(x0 + 1, round(box[2] * extent)), max(y0 + 1, round(box[3] * extent))


def _object_sprite(item: Placed, extent: int) -> tuple[Image.Image, tuple[int, int]]:
    x0, y0, x1, y1 = pixel_box(item.box, extent)
    return sprite(item.thing, item.colour, item.flip, item.angle, x1 - x0, y1 - y0), (x0, y0)


def render(scene: Scene, extent: int = 128) -> np.ndarray:
    """Paints a scene; returns extent x extent x 3 uint8 RGB."""
    canvas = Image.fromarray(background(scene.background, scene.seed, extent))
    for item in scene.objects:
        picture, corner = _object_sprite(item, extent)
        canvas.paste(picture, corner, picture)
    pixels = np.asarray(canvas)
    return apply_style(pixels, scene.style) if scene.style else pixels


def instance_masks(scene: Scene, extent: int = 128) -> np.ndarray:
    """What is visible of each object: objects x extent x extent bool, later objects in front."""
    masks = np.zeros((len(scene.objects), extent, extent), bool)
    for index, item in enumerate(scene.objects):
        picture, (x, y) = _object_sprite(item, extent)
        layer = Image.new("L", (extent, extent))
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


def cell_for(side: float, x: float, y: float, grid: int) -> Box:
    """The square of a side around x, y with its corner on the nearest line of a grid, inside the picture."""
    left, top = (min(max(round((v - side / 2) * grid) / grid, 0.0), 1 - side) for v in (x, y))
    return left, top, left + side, top + side


def box_for(thing: str, side: float, x: float, y: float, grid: int | None = None) -> Box:
    """The box of a thing whose longer side is ``side``, centred at x, y and moved inside the picture.

    With a grid the thing is centred in a square cell whose corner lies on the grid.
    """
    if grid:
        return fit_box(thing, cell_for(side, x, y, grid))
    ratio = aspect(thing)
    width, height = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
    x = min(max(x, width / 2 + 0.01), 1 - width / 2 - 0.01)
    y = min(max(y, height / 2 + 0.01), 1 - height / 2 - 0.01)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def fit_box(thing: str, hole: Box) -> Box:
    """The largest box of a thing's proportions inside a hole, centred."""
    width, height = hole[2] - hole[0], hole[3] - hole[1]
    ratio = aspect(thing)
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


@dataclass(frozen=True)
class World:
    """What scenes are sampled from; a pack's world is a part of the vocabulary.

    ``grid`` puts objects on a grid of that many lines, in sides of two to four of its steps: the fewer
    free numbers a picture has, the sooner a small model learns to draw it.
    """

    things: tuple[str, ...]
    colours: tuple[str, ...]
    backgrounds: tuple[str, ...]
    most: int = 5
    grid: int | None = None
    mirrored: bool = True
    held_out: frozenset[tuple[str, str]] = frozenset()

    def combinations(self) -> list[tuple[str, str]]:
        return [(thing, colour) for thing in self.things for colour in self.colours]


GRID_SIDES: dict[int, tuple[int, ...]] = {1: (3, 4, 4), 2: (3, 3, 4), 3: (3,), 4: (3, 3, 2), 5: (2,)}
"""Sides in grid steps by how many objects share the picture."""


def sample_side(rng: random.Random, world: World, total: int, size: str | None) -> float:
    """A longer side for one of ``total`` objects, in the range of its size word if it has one."""
    if world.grid:
        steps = {"small": 2, "big": 4}[size] if size else rng.choice(GRID_SIDES[min(total, 5)])
        return steps / world.grid
    low, high = SIZE_SIDES[size] if size else SIDES[min(total, 5)]
    if size == "big" and total > 2:
        low, high = 0.36, 0.44
    return rng.uniform(low, high)


def place(
    rng: random.Random, world: World, thing: str, side: float, taken: Sequence[Box], room: float = 0.04, tries: int = 40
) -> Box | None:
    """A random free box for a thing, overlapping none of ``taken`` by more than ``room``; None if there is none."""
    for _ in range(tries):
        box = box_for(thing, side, rng.random(), rng.random(), world.grid)
        if all(overlap(box, other) <= room for other in taken):
            return box
    return None


def sample_kind(rng: random.Random, world: World, coloured: float = 0.65) -> tuple[str, str | None]:
    """A thing and a colour (None: natural), never one of the held-out combinations."""
    while True:
        thing = rng.choice(world.things)
        colour = rng.choice(world.colours) if rng.random() < coloured else None
        if (thing, colour) not in world.held_out:
            return thing, colour


_SHAPES: tuple[tuple[tuple[int, ...], float], ...] = (
    ((1,), 0.28), ((1, 1), 0.26), ((2,), 0.1), ((3,), 0.09), ((4,), 0.06), ((5,), 0.02),
    ((1, 2), 0.06), ((1, 3), 0.03), ((2, 2), 0.03), ((1, 1, 1), 0.07),
)  # fmt: skip
"""How many of each kind a scene holds, and how often."""


def sample_scene(rng: random.Random, world: World, shape: Sequence[int] | None = None) -> Scene:
    """A random scene; ``shape`` fixes how many of each kind it holds."""
    while True:
        counts = shape or rng.choices([s for s, _ in _SHAPES], [w for _, w in _SHAPES])[0]
        objects = _place_all(rng, world, counts)
        if objects is not None:
            return Scene(tuple(objects), rng.choice(world.backgrounds), None, rng.randrange(1 << 30))


def _place_all(rng: random.Random, world: World, counts: Sequence[int]) -> list[Placed] | None:
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
            box = place(rng, world, thing, wobble, [o.box for o in objects])
            if box is None:
                return None
            turned = world.mirrored and rng.random() < 0.2
            objects.append(Placed(thing, box, colour, size, 0, flip != turned))
    return objects


def with_objects(scene: Scene, objects: Sequence[Placed]) -> Scene:
    """The same scene with other objects."""
    return replace(scene, objects=tuple(objects))
