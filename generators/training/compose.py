"""Composes scenes of the picture world in batches on a device, to the pixels that `render` paints.

Every step of Pillow's is repeated as arithmetic on a batch: premultiplied 8-bit sprites, resampling as two
products with the filter's weights (box where a sprite shrinks a lot, else Lanczos), each rounded to 8 bits, and
blending in painting order. The weights already hold each object's place on the canvas, so nothing is scattered.
It needs an atlas, not the font, and knows no turned objects, since none is ever sampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from generators.training.common import upload
from generators.training.filters import apply_styles
from generators.world.atlas import CELL, Atlas
from generators.world.grounds import VARIANTS, background
from generators.world.scenes import Scene, render
from generators.world.sprites import RAMPS
from generators.world.tables import GROUND_INDEX, THING_INDEX, Table, places
from generators.world.vocabulary import COLOURS


def recolour(cells: Tensor, size: tuple[int, int]) -> Tensor:
    """A 128 x 128 x 4 uint8 sprite of a size to 11 x 128 x 128 x 4: natural, then in each of the ten colours.

    The torch twin of `generators.world.sprites.recolour`.
    """
    width, height = size
    sprite = cells[:height, :width]
    luminance = (sprite[..., :3] * torch.tensor([0.299, 0.587, 0.114], device=cells.device)).sum(-1) / 255
    inside = luminance[sprite[..., 3] > 128]
    low, high = torch.quantile(inside, inside.new_tensor([0.03, 0.97]))
    reach = (high - low).clamp(min=0.15)
    middle = torch.quantile(((inside - low) / reach).clamp(0, 1), 0.5).clamp(0.12, 0.88)
    level = (((luminance - low) / reach).clamp(0, 1) ** (math.log(0.5) / middle.log()))[..., None]
    found = cells.repeat(1 + len(COLOURS), 1, 1, 1)
    for index, colour in enumerate(COLOURS):
        shade, body, tint = inside.new_tensor(RAMPS[colour.name])
        dark, light = shade + (body - shade) * level * 2, body + (tint - body) * (level * 2 - 1)
        # Float32 falls a hair short of whole numbers that NumPy's float64 reaches.
        painted = torch.where(level < 0.5, dark, light) + 1e-4
        found[index + 1, :height, :width, :3] = painted.to(torch.uint8)
    return found


def premultiplied(rgba: Tensor) -> Tensor:
    """... x 4 uint8 with colours times alpha, rounded."""
    alpha = rgba[..., 3:].float()
    return torch.cat([(rgba[..., :3].float() * alpha / 255 + 0.5).to(torch.uint8), rgba[..., 3:]], dim=-1)


def lanczos(distance: Tensor) -> Tensor:
    """Pillow's Lanczos filter of three lobes."""
    return torch.where(distance.abs() < 3, torch.sinc(distance) * torch.sinc(distance / 3), 0)


def weights(start: Tensor, stop: Tensor, source: Tensor, coarse: Tensor, length: int, flip: Tensor | None) -> Tensor:
    """How much each of K sprites' pixels along one axis counts for each pixel of the canvas: K x length x 128.

    The sprite's ``source`` pixels fill the canvas from ``start`` to ``stop`` (K each). ``coarse`` sprites are
    averaged by a box, the others filtered by Lanczos, with the windows of Pillow's Resample.c.
    """
    device = start.device
    places = torch.arange(length, device=device)[None] - start[:, None]
    # In double, as Pillow has it: whether a pixel's edge still lies in a box must be decided the same way.
    scale = source.double() / (stop - start)
    wide = scale.clamp(min=1)[:, None, None]
    pixels = torch.arange(CELL, device=device).expand(len(start), -1)
    inside = (pixels < source[:, None])[:, None] & ((places >= 0) & (places < (stop - start)[:, None]))[..., None]
    if flip is not None:
        pixels = torch.where(flip[:, None], source[:, None] - 1 - pixels, pixels)
    distance = (pixels[:, None] + 0.5 - (places[..., None] + 0.5) * scale[:, None, None]) / wide
    box = (distance > -0.5) & (distance <= 0.5)
    found = torch.where(coarse[:, None, None], box.float(), lanczos(distance.float())) * inside
    return found / found.sum(-1, keepdim=True).clamp(min=1e-6)


@dataclass
class Composed:
    """Pictures N x 3 x H x W uint8; ``busy`` N x H x W bool where an object lies; masks N x M x H x W bool."""

    pictures: Tensor
    busy: Tensor
    masks: Tensor | None


def painted(scenes: Sequence[Scene], extent: int) -> Tensor:
    """The renderer's pictures of scenes that share a frame: N x 3 x H x W uint8."""
    return torch.from_numpy(np.stack([render(scene, extent) for scene in scenes])).permute(0, 3, 1, 2).contiguous()


def rendered(scenes: Sequence[Scene], extent: int) -> Composed:
    """What a composer makes of scenes, made by the renderer, which takes a CPU a third of the time."""
    pictures = painted(scenes, extent)
    busy = (pictures != painted([replace(scene, objects=()) for scene in scenes], extent)).any(1)
    return Composed(pictures, busy, None)


class Composer:
    """Sprites in every colour and painted backgrounds on a device, ready to be put together.

    ``things`` and ``grounds`` name what scenes may hold; ``threads`` paint the backgrounds.
    """

    def __init__(
        self, atlas: Atlas, things: Sequence[str], grounds: Sequence[str], device: torch.device, threads: int = 1
    ):
        self._device, self._grounds, self._threads = device, tuple(grounds), max(1, threads)
        self._painted: dict[tuple[int, int], Tensor] = {}
        rows = [atlas.names.index(thing) for thing in things]
        self._row = places(things, THING_INDEX)
        self._sizes = torch.from_numpy(atlas.sizes[rows]).float().to(device)
        cells = torch.from_numpy(atlas.cells[rows]).to(device)
        sizes = atlas.sizes[rows].tolist()
        coloured = [premultiplied(recolour(cell, (w, h))) for cell, (w, h) in zip(cells, sizes, strict=True)]
        # Rows, channels, columns: so both products are plain matrix products.
        self._cells = torch.stack([sprites.permute(0, 1, 3, 2) for sprites in coloured]).contiguous()
        self._place = places(grounds, GROUND_INDEX)
        # Half precision holds whole numbers to 2048 and a weight to one part in 2048: a rounding apart at most.
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32

    def backgrounds(self, size: tuple[int, int]) -> Tensor:
        """All variants of all backgrounds in one size (width, height), painted once: G x H x 3 x W uint8."""
        if size not in self._painted:
            wanted = [(name, variant) for name in self._grounds for variant in range(VARIANTS)]
            with ThreadPoolExecutor(self._threads) as pool:
                painted = list(pool.map(lambda one: background(one[0], one[1], *size), wanted))
            rows = torch.from_numpy(np.stack(painted)).permute(0, 1, 3, 2).contiguous()
            self._painted[size] = rows.to(self._device)
        return self._painted[size]

    def _layers(self, table: Table, rows: np.ndarray, slot: int) -> Tensor:
        """The objects of some scenes in one place of the painting order, on empty canvases: K x H x 4 x W."""
        sprites = upload(self._row[table.thing[rows, slot]], self._device)
        colours = upload(table.colour[rows, slot].astype(np.int64), self._device)
        x0, y0, x1, y1 = upload(table.pixels[rows, slot].astype(np.float32), self._device).unbind(1)
        flip = upload(table.flip[rows, slot], self._device)
        source = self._sizes[sprites]
        coarse = source[:, 0] >= 2.5 * (x1 - x0)
        across = weights(x0, x1, source[:, 0], coarse, table.size[0], flip).to(self._dtype)
        down = weights(y0, y1, source[:, 1], coarse, table.size[1], None).to(self._dtype)
        cells = self._cells[sprites, colours].to(self._dtype)
        layer = _bytes(torch.bmm(cells.flatten(1, 2), across.transpose(1, 2)))
        return _bytes(torch.bmm(down, layer.view(len(rows), CELL, -1))).unflatten(2, (4, -1)).float()

    @torch.no_grad()
    def __call__(self, table: Table, masks: bool = False, chunk: int = 256) -> Composed:
        """Paints N scenes; ``chunk`` bounds how many objects are scaled at once.

        Raises `ValueError` for things and backgrounds that it was not made for.
        """
        if (self._row[table.thing[table.thing >= 0]] < 0).any() or (self._place[table.ground] < 0).any():
            raise ValueError("The scenes hold things or backgrounds that this composer was not made for.")
        place = upload(self._place[table.ground] * VARIANTS + table.variant, self._device)
        canvas = self.backgrounds(table.size)[place].float()
        count, most = table.thing.shape
        shape = (count, table.size[1], table.size[0])
        busy = torch.zeros(shape, dtype=torch.bool, device=self._device)
        seen = torch.zeros(count, most, *shape[1:], dtype=torch.bool, device=self._device) if masks else None
        for slot in range(most):
            present = np.flatnonzero(table.thing[:, slot] >= 0)
            for rows in np.array_split(present, math.ceil(len(present) / chunk)) if len(present) else []:
                layer, at = self._layers(table, rows, slot), upload(rows, self._device)
                alpha = layer[:, :, 3:]
                # As Pillow does it: colours divided by alpha, cut off to 8 bits, and blended.
                plain = (layer[:, :, :3] * 255 / alpha.clamp(min=1)).floor().clamp(max=255)
                canvas[at] = ((canvas[at] * (255 - alpha) + plain * alpha) / 255 + 0.5).floor()
                covered = alpha[:, :, 0] > 0
                busy[at] |= covered
                if seen is not None:
                    visible = alpha[:, :, 0] > 127
                    seen[at] &= ~visible[:, None]
                    seen[at, slot] = visible
        pictures = apply_styles(canvas.transpose(1, 2), table.style.tolist())
        return Composed(pictures.to(torch.uint8).contiguous(), busy, seen)


def _bytes(values: Tensor) -> Tensor:
    """To the nearest whole numbers of 8 bits, a half up."""
    return (values + 0.5).floor().clamp(0, 255)
