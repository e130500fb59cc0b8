"""Two versions held against each other: what changed, where, and whether it stayed inside the area that it should.

The difference is the studio's own measure (`tools.difference`), pixel by pixel and without tolerance.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from tools.api import PictureRecord
from tools.difference import changed
from ui.words import say

CHANGED = (163, 70, 31, 205)
EDGE = (255, 255, 255, 235)
Open = Callable[[str], Image.Image]


@dataclass(frozen=True)
class Comparison:
    """Two pictures of a session. `sentence` says what changed; `overlay` shows where, as a PNG data URL; `middle` is
    the middle of it from the left, in hundredths: there a divider shows half of it before and half after."""

    left: PictureRecord
    right: PictureRecord
    sentence: str = ""
    overlay: str = ""
    middle: int | None = None


def compare(left: PictureRecord, right: PictureRecord, records: dict[str, PictureRecord], painted: Collection[str],
            image: Open) -> Comparison:
    """Measures two stored pictures. `painted` are the masks that the user painted by hand."""
    if (left.width, left.height) != (right.width, right.height):
        return Comparison(left, right, say("One is {one} pixels and the other {other}, so their pixels cannot be "
                                           "compared.", one=f"{left.width} × {left.height}",
                                           other=f"{right.width} × {right.height}"))
    different = changed(image(left.id), image(right.id))
    masks = _masks(left, right, records)
    allowed = _union([image(mask) for mask in masks]) if masks else None
    by_hand = bool(masks) and all(mask in painted for mask in masks)
    return Comparison(left, right, _sentence(different, allowed, by_hand), _overlay(different, allowed),
                      _middle(different))


def _masks(left: PictureRecord, right: PictureRecord, records: dict[str, PictureRecord]) -> list[str]:
    """The masks of the edits that lead from one of the pictures to the other; none where a step had no mask."""
    for first, last in ((left, right), (right, left)):
        found: list[str] = []
        at: PictureRecord | None = last
        while at and at.id != first.id and at.mask and at.mask not in found:
            found.append(at.mask)
            at = records.get(at.parents[0]) if at.parents else None
        if found and at and at.id == first.id:
            return found
    return []


def _union(masks: list[Image.Image]) -> np.ndarray:
    """Where change was allowed: height x width bool."""
    return np.any([np.asarray(mask.convert("L")) > 0 for mask in masks], axis=0)


def _sentence(different: np.ndarray, allowed: np.ndarray | None, by_hand: bool) -> str:
    if not different.any():
        return say("Every pixel is the same.")
    share = float(different.mean())
    said = (say("Less than {share} of the picture changed.", share="0.1%") if share < 0.001
            else say("{share} of the picture changed.", share=f"{share:.1%}"))
    if allowed is None:
        return said
    outside, everything = int((different & ~allowed).sum()), f"{int((~allowed).sum()):,}"
    area = say("the painted area") if by_hand else say("the area of the edit")
    kept = (say("Outside {area} {count} of {everything} pixels changed.", area=area, count=f"{outside:,}",
                everything=everything) if outside else
            say("Nothing outside {area} changed: all {everything} pixels there are exactly as they were.", area=area,
                everything=everything))
    return f"{said} {kept}"


def _middle(different: np.ndarray) -> int | None:
    columns = np.nonzero(different)[1]
    return round(100 * float(np.median(columns) + 0.5) / different.shape[1]) if columns.size else None


def _overlay(different: np.ndarray, allowed: np.ndarray | None) -> str:
    """Changed pixels coloured, the rest clear; the edge of the area that was to change as a line."""
    pixels = np.zeros((*different.shape, 4), np.uint8)
    pixels[different] = CHANGED
    if allowed is not None:
        mask = Image.fromarray(np.where(allowed, 255, 0).astype(np.uint8))
        inner = np.asarray(mask.filter(ImageFilter.MinFilter(3))) > 0
        pixels[allowed & ~inner] = EDGE
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
