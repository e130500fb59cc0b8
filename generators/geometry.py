"""Pure numbers about sizes, boxes and masks. No model, no file.

Sizes are `Extent`s in pixels, boxes fractions of a picture (see `generators.api`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generators.api import Box, Capabilities, Extent

EDGE = 0.01
"""Width of the soft edge inside a mask, in shares of the picture's shorter side."""

_ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))


def snap(size: Extent, multiple: int, least: int | None = None) -> Extent:
    """The nearest size whose sides are multiples of `multiple`, at least `least` (default: one multiple)."""
    floor = max(multiple, math.ceil((least or multiple) / multiple) * multiple)
    return Extent(*(max(floor, int(side / multiple + 0.5) * multiple) for side in size))


def nearest(size: Extent, sizes: Sequence[Extent]) -> Extent:
    """The allowed size whose aspect is closest, and of those the one whose area is closest."""
    return min(sizes, key=lambda s: (round(abs(_aspect(s) - _aspect(size)), 6), abs(math.log(_area(s) / _area(size)))))


def supported(size: Extent, able: Capabilities) -> Extent:
    """The size that a model draws when it is asked for `size`."""
    return nearest(size, able.sizes) if able.sizes else snap(size, able.multiple)


def working(size: Extent, able: Capabilities, most: int = 1024 * 1024) -> Extent:
    """The size at which a model works on a picture of `size`: a supported one near it, of at most `most` pixels."""
    if able.sizes:
        return nearest(size, able.sizes)
    shrink = min(1.0, math.sqrt(most / _area(size)))
    return snap(Extent(max(1, round(size.width * shrink)), max(1, round(size.height * shrink))), able.multiple)


def buckets(base: int, multiple: int, least: int = 64) -> tuple[Extent, ...]:
    """Sizes of about base x base pixels at common aspects, the square first."""
    def bucket(wide: int, high: int) -> Extent:
        return snap(Extent(*(round(base * math.sqrt(r)) for r in (wide / high, high / wide))), multiple, least)

    return tuple(dict.fromkeys(bucket(*aspect) for aspect in _ASPECTS))


def fit(size: Extent, area: int) -> Extent:
    """The same aspect with about `area` pixels."""
    scale = math.sqrt(area / _area(size))
    return Extent(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def mask_of(boxes: Sequence[Box], extent: Extent) -> Image.Image:
    """An "L" mask, 255 inside any of the boxes, else 0."""
    mask = Image.new("L", extent)
    pen = ImageDraw.Draw(mask)
    for box in boxes:
        left, top, right, bottom = box.clip().pixels(extent)
        pen.rectangle((left, top, right - 1, bottom - 1), fill=255)
    return mask


def box_of(mask: Image.Image) -> Box | None:
    """The smallest box around everything that a mask lets change; None for an empty mask."""
    bounds = mask.getbbox()
    if bounds is None:
        return None
    left, top, right, bottom = bounds
    return Box(left / mask.width, top / mask.height, right / mask.width, bottom / mask.height)


def feather(mask: Image.Image, radius: float) -> Image.Image:
    """The mask with an edge that softens over about `radius` pixels, inwards only: 0 stays 0 exactly."""
    if radius <= 0:
        return mask.copy()
    return ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(radius / 2)), mask)


def paste_back(source: Image.Image, drawn: Image.Image, mask: Image.Image, radius: float = 0.0) -> Image.Image:
    """`drawn` where the mask allows it, `source` elsewhere: outside the mask every pixel is the source's own."""
    return Image.composite(drawn, source, feather(mask, radius))


def fitted_mask(mask: Image.Image, size: Extent) -> Image.Image:
    """The mask at another size, 255 or 0: whatever holds some of it may change."""
    return mask.convert("L").resize(size, Image.Resampling.BOX).point(lambda v: 255 if v else 0)


def restored(drawn: Image.Image, source: Image.Image, mask: Image.Image | None = None) -> Image.Image:
    """`drawn` at its source's size; with a mask the source's own pixels outside it, and a soft edge inside."""
    image = drawn if drawn.size == source.size else drawn.resize(source.size, Image.Resampling.LANCZOS)
    if mask is None:
        return image
    return paste_back(source, image, mask.convert("L"), int(EDGE * min(source.size)))


def crop_to(mask: Image.Image, margin: float, multiple: int = 1) -> tuple[int, int, int, int]:
    """Pixels around what a mask lets change, `margin` (a fraction of the picture) wider, sides at `multiple`.

    Left, top, right, bottom; the whole picture for an empty mask. Stays inside the picture.
    """
    box = box_of(mask)
    if box is None:
        return 0, 0, mask.width, mask.height
    left, top, right, bottom = box.grow(margin).pixels(Extent(*mask.size))
    left, right = _widen(left, right, multiple, mask.width)
    top, bottom = _widen(top, bottom, multiple, mask.height)
    return left, top, right, bottom


def _widen(low: int, high: int, multiple: int, limit: int) -> tuple[int, int]:
    length = min(limit, math.ceil((high - low) / multiple) * multiple)
    low = max(0, min(low - (length - (high - low)) // 2, limit - length))
    return low, low + length


def _aspect(size: Extent) -> float:
    return math.log(size[0] / size[1])


def _area(size: Extent) -> int:
    return size[0] * size[1]
