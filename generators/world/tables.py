"""Scenes as plain arrays: what worker processes hand to a device that composes them.

Things, colours, backgrounds and styles are indices into the whole vocabulary, whatever part of it a world draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generators.world.grounds import VARIANTS
from generators.world.scenes import Scene, pixel_box, size_of
from generators.world.vocabulary import BACKGROUNDS, COLOURS, STYLES, THINGS

THING_INDEX = {thing.name: index for index, thing in enumerate(THINGS)}
COLOUR_INDEX = {None: 0} | {colour.name: index + 1 for index, colour in enumerate(COLOURS)}
GROUND_INDEX = {ground.name: index for index, ground in enumerate(BACKGROUNDS)}
STYLE_INDEX = {None: 0} | {style.name: index for index, style in enumerate(STYLES)}
"""No style at all is "flat", the first."""


def places(names: Sequence[str], index: Mapping[str, int] | Mapping[str | None, int]) -> np.ndarray:
    """From indices of the whole vocabulary to those of some of its names; -1 where a name is none of them."""
    found = np.full(max(index.values()) + 1, -1)
    found[[index[name] for name in names]] = range(len(names))
    return found


@dataclass(frozen=True)
class Table:
    """N scenes of one size (width, height in pixels), M objects at most in each, in painting order.

    ``thing`` N x M (-1: no object), ``colour`` N x M (0: natural), ``box`` N x M x 4 in fractions, ``pixels``
    the same in whole pixels, ``flip`` N x M, ``ground`` N, ``variant`` N, ``style`` N.
    """

    size: tuple[int, int]
    thing: np.ndarray
    colour: np.ndarray
    box: np.ndarray
    pixels: np.ndarray
    flip: np.ndarray
    ground: np.ndarray
    variant: np.ndarray
    style: np.ndarray

    def __len__(self) -> int:
        return len(self.ground)


def table_of(scenes: Sequence[Scene], extent: int) -> Table:
    """The arrays of scenes, which must share a frame; turned objects are refused, since none is ever sampled."""
    size = size_of(scenes[0].frame, extent)
    count, most = len(scenes), max(1, *(len(scene.objects) for scene in scenes))
    thing, colour = np.full((count, most), -1, np.int16), np.zeros((count, most), np.int16)
    box, pixels = np.zeros((count, most, 4), np.float32), np.zeros((count, most, 4), np.int16)
    flip = np.zeros((count, most), bool)
    for row, scene in enumerate(scenes):
        if scene.frame != scenes[0].frame or any(item.angle for item in scene.objects):
            raise ValueError("A table holds scenes of one frame, none of whose objects is turned.")
        for column, item in enumerate(scene.objects):
            thing[row, column], colour[row, column] = THING_INDEX[item.thing], COLOUR_INDEX[item.colour]
            box[row, column], pixels[row, column] = item.box, pixel_box(item.box, size)
            flip[row, column] = item.flip
    ground = np.array([GROUND_INDEX[scene.background] for scene in scenes], np.int16)
    variant = np.array([scene.seed % VARIANTS for scene in scenes], np.int16)
    style = np.array([STYLE_INDEX[scene.style] for scene in scenes], np.int16)
    return Table(size, thing, colour, box, pixels, flip, ground, variant, style)
