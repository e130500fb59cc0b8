"""Objects that a generator did not quite draw: what a detector must learn not to see.

A detector that learnt on clean scenes alone takes a blob of the right colour for the thing itself. So some objects
of its scenes are spoilt the way small generators spoil them (parts in the wrong places, two things in one, a smear
of the right colours), and are no longer among the scene's objects. Works on batches on any device.
"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generators.world.tables import Table

LEAST = 0.35
"""How much of a patch's contrast a spoiling changes at least: less, and the object can still be told."""

EDGE = 0.2
"""Of a patch's side: how far from its edges it is spoilt only in part."""

TRIES = 6


def _tiles(patch: Tensor, count: int) -> list[tuple[slice, slice]]:
    """A count x count mosaic of equal tiles; what does not divide is left over at the lower and right edge."""
    rows, columns = patch.shape[1] // count, patch.shape[2] // count
    return [
        (slice(r * rows, (r + 1) * rows), slice(c * columns, (c + 1) * columns))
        for r in range(count)
        for c in range(count)
    ]


def shuffled(rng: random.Random, patch: Tensor) -> Tensor:
    """The patch (3 x H x W) with its parts in other places."""
    tiles = _tiles(patch, rng.choice((2, 3, 3)))
    places = rng.sample(tiles, len(tiles))
    result = patch.clone()
    for source, target in zip(tiles, places, strict=True):
        result[:, *target] = patch[:, *source]
    return result


def smeared(rng: random.Random, patch: Tensor) -> Tensor:
    """The patch as a blob of its colours."""
    cells = rng.choice((2, 3, 3, 4))
    coarse = F.interpolate(patch[None], size=(cells, cells), mode="area")
    return F.interpolate(coarse, size=patch.shape[1:], mode="bicubic", align_corners=False)[0].clamp(-1, 1)


def mingled(rng: random.Random, patch: Tensor, other: Tensor) -> Tensor:
    """Parts of two patches, tile by tile about half of each."""
    other = F.interpolate(other[None], size=patch.shape[1:], mode="bilinear", antialias=True)[0]
    result = patch.clone()
    tiles = _tiles(patch, rng.choice((2, 3, 4)))
    for tile in rng.sample(tiles, len(tiles) // 2):
        result[:, *tile] = other[:, *tile]
    return result


def _patch(rng: random.Random, pictures: Tensor, table: Table, row: int) -> tuple[int, Tensor]:
    """A random object of a picture: its slot, and the pixels of its box (a view)."""
    slot = int(rng.choice(np.flatnonzero(table.thing[row] >= 0).tolist()))
    return slot, _pixels(pictures, table, row, slot)


def _pixels(pictures: Tensor, table: Table, row: int, slot: int) -> Tensor:
    x0, y0, x1, y1 = (max(0, int(value)) for value in table.pixels[row, slot])
    return pictures[row, :, y0:y1, x0:x1]


def feathered(patch: Tensor, spoilt: Tensor) -> Tensor:
    """The spoilt patch, running out towards its edges: a square that stands out would be all that is learnt."""
    def ramp(length: int) -> Tensor:
        place = (torch.arange(length, device=patch.device) + 0.5) / length
        return ((0.5 - (place - 0.5).abs()) / EDGE).clamp(0, 1)

    weight = ramp(patch.shape[1])[:, None] * ramp(patch.shape[2])
    return patch + weight * (spoilt - patch)


def _spoilt(rng: random.Random, patch: Tensor, other: Tensor) -> Tensor:
    way = rng.random()
    if way < 0.3:
        return feathered(patch, shuffled(rng, patch))
    return feathered(patch, smeared(rng, patch) if way < 0.6 else mingled(rng, patch, other))


def spoil(rng: random.Random, pictures: Tensor, table: Table, share: float) -> tuple[Tensor, Table]:
    """Pictures (N x 3 x H x W in [-1, 1]) and their scenes, a share of them with one object spoilt and not counted."""
    result, thing = pictures.clone(), table.thing.copy()
    for row in range(len(table)):
        if rng.random() >= share:
            continue
        slot, patch = _patch(rng, pictures, table, row)
        for _ in range(TRIES):
            _, other = _patch(rng, pictures, table, rng.randrange(len(table)))
            spoilt = _spoilt(rng, patch, other)
            if (spoilt - patch).abs().mean() > LEAST * patch.std():
                _pixels(result, table, row, slot)[:] = spoilt
                thing[row, slot] = -1
                break
    return result, replace(table, thing=thing)
