"""Sprites: glyphs of the Noto Color Emoji font (or vector drawings), recoloured and scaled."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from generators.world.atlas import load_atlas
from generators.world.drawings import draw_vector
from generators.world.vocabulary import find_thing

FONT_SIZE = 109
"""The only size of the font's bitmap strike (notes of the CBDT table; Pillow refuses others)."""

_FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "/opt/homebrew/share/fonts",
)

RAMPS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]] = {
    "red": ((112, 8, 16), (222, 30, 36), (255, 140, 130)),
    "orange": ((168, 66, 0), (250, 138, 14), (255, 200, 110)),
    "yellow": ((176, 122, 0), (250, 214, 30), (255, 246, 160)),
    "green": ((10, 78, 24), (44, 160, 56), (150, 224, 140)),
    "blue": ((12, 36, 120), (38, 98, 226), (140, 190, 255)),
    "purple": ((62, 14, 104), (138, 50, 190), (206, 150, 240)),
    "pink": ((176, 40, 104), (250, 122, 178), (255, 204, 226)),
    "brown": ((56, 28, 12), (122, 70, 34), (186, 134, 90)),
    "black": ((6, 6, 8), (38, 38, 42), (112, 112, 120)),
    "white": ((140, 146, 158), (236, 239, 244), (255, 255, 255)),
}
"""A colour's shade, body and tint (RGB): luminance picks along this ramp."""


class FontMissing(RuntimeError):
    """The emoji font is not installed; only rendering needs it."""

    def __init__(self) -> None:
        super().__init__(
            "The Noto Color Emoji font was not found. Install it (Debian, Ubuntu: fonts-noto-color-emoji) or set "
            "MAQUETTE_EMOJI_FONT to its file, or MAQUETTE_ATLAS to an atlas made elsewhere (python -m "
            "generators.world.atlas). Only training and fresh evaluation scenes need it."
        )


@lru_cache(maxsize=1)
def font_path() -> Path:
    """The emoji font's file; raises ``FontMissing``."""
    named = os.environ.get("MAQUETTE_EMOJI_FONT")
    if named and Path(named).is_file():
        return Path(named)
    for folder in _FONT_FOLDERS:
        for found in sorted(Path(folder).expanduser().glob("**/NotoColorEmoji*.ttf")):
            return found
    raise FontMissing


def atlas_path() -> Path | None:
    """The atlas that stands in for the font, if ``MAQUETTE_ATLAS`` names one."""
    named = os.environ.get("MAQUETTE_ATLAS")
    return Path(named) if named else None


def font_installed() -> bool:
    """Whether scenes can be rendered on this machine, from the font or an atlas."""
    atlas = atlas_path()
    if atlas is not None:
        return atlas.is_file()
    try:
        return font_path().is_file()
    except FontMissing:
        return False


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path()), FONT_SIZE)


def _tight(image: Image.Image) -> Image.Image:
    """Crops to the pixels that are visibly there, so that a box hugs its object."""
    alpha = np.asarray(image)[..., 3] > 40
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    return image.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


@lru_cache(maxsize=512)
def master(name: str) -> Image.Image:
    """The full-size RGBA drawing of a thing, cropped to its outline."""
    thing = find_thing(name)
    if thing is None:
        raise KeyError(f"The picture world has no {name!r}.")
    atlas = atlas_path()
    if atlas is not None:
        return load_atlas(atlas).sprite(thing.name)
    font = _font()
    if thing.glyph is None:
        return _tight(draw_vector(thing.name))
    canvas = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(canvas).text((10, 10), thing.glyph, font=font, embedded_color=True)
    return _tight(canvas)


def recolour(rgba: np.ndarray, colour: str) -> np.ndarray:
    """Repaints an RGBA uint8 array in one of the ten colours, keeping its light and shade.

    Luminance is stretched over the glyph and bent so that its median, the large area,
    gets the colour's body; darker parts get its shade and lighter ones its tint.
    """
    luminance = rgba[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    inside = luminance[rgba[..., 3] > 128]
    low, high = np.percentile(inside, (3, 97))
    level = np.clip((luminance - low) / max(high - low, 0.15), 0, 1)
    middle = float(np.clip(np.median(np.clip((inside - low) / max(high - low, 0.15), 0, 1)), 0.12, 0.88))
    level = level ** (math.log(0.5) / math.log(middle))
    stops = np.array(RAMPS[colour], np.float32)
    painted = rgba.copy()
    for channel in range(3):
        painted[..., channel] = np.interp(level, (0, 0.5, 1), stops[:, channel])
    return painted


@lru_cache(maxsize=4096)
def _coloured(name: str, colour: str | None, flip: bool) -> Image.Image:
    image = master(name)
    if colour is not None:
        image = Image.fromarray(recolour(np.asarray(image), colour), "RGBA")
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else image


@lru_cache(maxsize=512)
def aspect(name: str) -> float:
    """Width over height of a thing's outline."""
    image = master(name)
    return image.width / image.height


@lru_cache(maxsize=40_000)
def sprite(name: str, colour: str | None, flip: bool, angle: int, width: int, height: int) -> Image.Image:
    """A thing's RGBA picture of exactly width x height pixels; the angle is in degrees anticlockwise."""
    image = _coloured(name, colour, flip)
    if angle:
        image = _tight(image.convert("RGBa").rotate(angle, Image.Resampling.BICUBIC, expand=True).convert("RGBA"))
    # Premultiplied while it shrinks: transparent pixels must not bleed their colour into the edge.
    small = image.convert("RGBa").resize((max(1, width), max(1, height)), Image.Resampling.BOX, reducing_gap=None)
    if image.width < 2.5 * width:
        small = image.convert("RGBa").resize((max(1, width), max(1, height)), Image.Resampling.LANCZOS)
    return small.convert("RGBA")
