"""What edit and inpaint have in common: the picture, its mask, the request, and what changed outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from PIL import Image, ImageChops, ImageFilter

from generators.api import Box, Cancelled, Extent, GeneratorError, Region, Request
from generators.geometry import box_of, mask_of
from tools.api import PictureRecord, ToolContext, ToolError, ToolResult
from tools.difference import changed_outside
from tools.drawing import next_seed, store_mask

FITS = 0.4
"""How well an outline's own box must fit the box that it was drawn in (IoU), so that it is taken for the thing's."""
EDGE = 0.012
"""How much larger an outline is made, about, in shares of the picture's shorter side: fur, and the soft edge."""
GROWN = 0.03
"""How far beyond an object's box the picture may change: detectors and soft edges are that inexact."""


def painted(ctx: ToolContext, image: Image.Image) -> tuple[str, Box] | None:
    """The mask that the user painted and the box around it; None where nothing was painted.

    Raises `ToolError` where it belongs to a picture of another size.
    """
    if ctx.mask is None:
        return None
    mask = ctx.images.image(ctx.mask)
    if mask.size != image.size:
        raise ToolError(f"The painted area belongs to a picture of {mask.width}x{mask.height} pixels, and this one "
                        f"has {image.width}x{image.height}; paint on this picture.")
    box = box_of(mask.convert("L"))
    return (ctx.mask, box) if box else None


def mask_for(ctx: ToolContext, area: Sequence[Box], image: Image.Image, keep: Sequence[Box] = ()) -> str | None:
    """The stored mask of some boxes, grown a little; None for no boxes, where everything may change.

    The growth does not reach into the boxes in `keep`: a neighbour stays whole.
    """
    return store_mask(ctx, grown_mask(area, Extent(*image.size), keep)) if area else None


def outlined_mask(ctx: ToolContext, area: Sequence[Box], image: Image.Image) -> str | None:
    """The stored mask of the things in some boxes, by their outlines, grown a little; None where nothing here draws
    outlines, or where what it draws is not what stands in the box."""
    try:
        if not ctx.workshop.looks.outliner:
            return None
        outlines = [ctx.workshop.outline(image, box, ctx.stop) for box in area]
    except Cancelled:
        raise
    except GeneratorError:
        return None
    around = [box_of(outline) for outline in outlines]
    if not area or not all(found and found.iou(box) >= FITS for found, box in zip(around, area, strict=True)):
        return None
    whole = reduce(ImageChops.lighter, outlines)
    soft = whole.filter(ImageFilter.GaussianBlur(EDGE * min(image.size)))
    return store_mask(ctx, soft.point(lambda value: 255 if value > 12 else 0))


def grown_mask(area: Sequence[Box], extent: Extent, keep: Sequence[Box] = ()) -> Image.Image:
    """An "L" mask: 255 in the boxes and in a margin around them, but for the parts of the margin that are in `keep`."""
    mask = mask_of([box.grow(GROWN) for box in area], extent)
    mask.paste(0, (0, 0), mask_of(keep, extent))
    mask.paste(255, (0, 0), mask_of(area, extent))
    return mask


def request_for(ctx: ToolContext, kind: str, prompt: str, sources: Sequence[str], mask: str | None,
                regions: tuple[Region, ...], image: Image.Image) -> Request:
    """A request that changes the first source; the picture keeps its size."""
    return Request(kind=kind, model=ctx.model.name, prompt=prompt, regions=regions, size=Extent(*image.size),  # type: ignore[arg-type]
                   seed=next_seed(ctx, None), sources=tuple(sources), mask=mask)


def result_of(ctx: ToolContext, record: PictureRecord, before: Image.Image, words: str) -> ToolResult:
    """Says what was done, and measures what changed where nothing should have."""
    after = ctx.images.image(record.id)
    if record.mask is None:
        return ToolResult(f"{words} The whole picture was free to change.", picture=record.id)
    outside = changed_outside(before, after, ctx.images.image(record.mask))
    text = f"{words} {_measured(outside)}"
    if after.tobytes() == before.tobytes():
        text += " But the picture is exactly as it was: the model changed nothing."
    return ToolResult(text, picture=record.id, extra={"changed_outside": outside})


def _measured(outside: float) -> str:
    if outside == 0:
        return "Outside the changed area every pixel is as it was."
    return f"Outside the changed area {outside:.1%} of the pixels differ."
