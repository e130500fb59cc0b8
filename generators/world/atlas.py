"""An atlas of all sprites: ``python -m generators.world.atlas --out FILE``, on a machine that has the emoji font.

One PNG of 128 x 128 cells, a sprite in natural colours in the top left corner of each, with names and sizes in
the PNG's text. With ``MAQUETTE_ATLAS`` naming it, scenes are rendered and composed to the same pixels without the
font. It holds no backgrounds: those are painted by rule.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from generators.world.vocabulary import THINGS

CELL = 128
"""The side of a cell: no glyph of the font's bitmap strike is larger."""
_COLUMNS = 16


@dataclass(frozen=True)
class Atlas:
    """Sprites in natural colours: ``cells`` N x 128 x 128 x 4 uint8 RGBA, ``sizes`` N x 2 (width, height)."""

    names: tuple[str, ...]
    cells: np.ndarray
    sizes: np.ndarray

    def sprite(self, name: str) -> Image.Image:
        """A thing's RGBA picture, cropped to its outline; raises KeyError for one that the atlas lacks."""
        if name not in self.names:
            raise KeyError(f"The atlas has no {name!r}; make it anew with python -m generators.world.atlas.")
        index = self.names.index(name)
        width, height = self.sizes[index]
        return Image.fromarray(self.cells[index, :height, :width].copy(), "RGBA")

    def save(self, path: Path) -> None:
        """Writes the sheet."""
        rows = math.ceil(len(self.names) / _COLUMNS)
        cells = np.zeros((rows * _COLUMNS, CELL, CELL, 4), np.uint8)
        cells[: len(self.names)] = self.cells
        sheet = cells.reshape(rows, _COLUMNS, CELL, CELL, 4).swapaxes(1, 2).reshape(rows * CELL, _COLUMNS * CELL, 4)
        facts = PngImagePlugin.PngInfo()
        facts.add_text("sprites", json.dumps(dict(zip(self.names, self.sizes.tolist(), strict=True))))
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet, "RGBA").save(path, pnginfo=facts, optimize=True)


def make_atlas() -> Atlas:
    """The atlas of every thing, from the font or from the atlas in use; raises FontMissing."""
    from generators.world.sprites import master

    cells, sizes = np.zeros((len(THINGS), CELL, CELL, 4), np.uint8), np.zeros((len(THINGS), 2), np.int64)
    for index, thing in enumerate(THINGS):
        image = master(thing.name)
        cells[index, : image.height, : image.width] = np.asarray(image)
        sizes[index] = image.size
    return Atlas(tuple(thing.name for thing in THINGS), cells, sizes)


@lru_cache(maxsize=2)
def load_atlas(path: Path) -> Atlas:
    """Reads what ``Atlas.save`` wrote; an OSError names the missing file, a ValueError one that is no atlas."""
    with Image.open(path) as image:
        if "sprites" not in image.info:
            raise ValueError(f"{path} is no atlas; python -m generators.world.atlas writes one.")
        sprites: dict[str, list[int]] = json.loads(image.info["sprites"])
        sheet = np.asarray(image.convert("RGBA"))
    rows = sheet.shape[0] // CELL
    cells = sheet.reshape(rows, CELL, _COLUMNS, CELL, 4).swapaxes(1, 2).reshape(-1, CELL, CELL, 4)
    return Atlas(tuple(sprites), cells[: len(sprites)], np.array(list(sprites.values())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    make_atlas().save(parser.parse_args().out)


if __name__ == "__main__":
    main()
