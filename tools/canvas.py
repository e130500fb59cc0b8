"""Room for more: how large a picture may become, and the canvas on which a model goes on with it.

Sizes are in pixels. A model has a size for a canvas where it works at one of nearly that shape and not much coarser.
"""

from __future__ import annotations

from typing import Literal, get_args

from PIL import Image, ImageFilter

from generators import geometry
from generators.api import Capabilities, Extent, picture_id
from tools.api import PictureRecord, ToolContext
from tools.naming import listed

Side = Literal["left", "right", "up", "down", "around"]
SIDES: tuple[Side, ...] = get_args(Side)
LEAST, USUAL, MOST = 1.15, 1.5, 2.0
"""How many times as long a side becomes: at least, where a model takes any size, and at most."""
COARSER = 1.25
"""How many times coarser than the picture its new part may be drawn."""
SKEWED = 0.04
"""How much wider or narrower than its own shape a canvas may be worked on."""
FINER = 2
"""How many times as long an enlarged picture's sides are."""


def extended(size: Extent, side: Side, able: Capabilities) -> Extent | None:
    """The smallest larger canvas on which a model can go on with a picture of `size`; None where it has none."""
    if not able.inpaint:
        return None
    fitting = [new for new in _larger(size, side, able) if _works(new, able)]
    return min(fitting, key=lambda new: new.width * new.height, default=None)


def enlarged(size: Extent, able: Capabilities) -> Extent | None:
    """Twice the size, where a model can draw a picture anew at about that; None where it has no such size."""
    new = Extent(FINER * size.width, FINER * size.height)
    return new if able.refine and _works(new, able) else None


def _larger(size: Extent, side: Side, able: Capabilities) -> list[Extent]:
    factors = {USUAL}
    for width, height in able.sizes:
        wider = width / height / (size.width / size.height)
        factors.add({"left": wider, "right": wider, "up": 1 / wider, "down": 1 / wider}.get(side, width / size.width))
    across, down = side not in ("up", "down"), side not in ("left", "right")
    return [Extent(round(size.width * factor) if across else size.width, round(size.height * factor) if down
                   else size.height) for factor in factors if LEAST <= factor <= MOST]


def _works(size: Extent, able: Capabilities) -> bool:
    own = geometry.working(size, able)
    shape = (size.width / size.height) / (own.width / own.height)
    return abs(shape - 1) <= SKEWED and size.width <= COARSER * own.width and size.height <= COARSER * own.height


def with_room(image: Image.Image, size: Extent, side: Side) -> tuple[Image.Image, Image.Image]:
    """The picture on a larger canvas, blurred colours of its own around it, and the mask of what is new there."""
    spare = Extent(size.width - image.width, size.height - image.height)
    left = {"left": spare.width, "around": spare.width // 2}.get(side, 0)
    top = {"up": spare.height, "around": spare.height // 2}.get(side, 0)
    canvas = image.convert("RGB").resize(size).filter(ImageFilter.GaussianBlur(max(size) / 24))
    canvas.paste(image, (left, top))
    mask = Image.new("L", size, 255)
    mask.paste(0, (left, top, left + image.width, top + image.height))
    return canvas, mask


def keep(ctx: ToolContext, canvas: Image.Image, source: str) -> str:
    """Stores a canvas beside the pictures, as made from its source; returns its id."""
    record = PictureRecord(id=picture_id(canvas), width=canvas.width, height=canvas.height, parents=[source],
                           tool="canvas", brief=ctx.images.record(source).brief)
    return ctx.images.put(canvas, record).id


def refused(ctx: ToolContext, able: list[str], what: str) -> str:
    """Why the current model cannot, and which can."""
    here = f"; {listed(able)} can" if able else ", and no model here can"
    return f"{ctx.model.name} has no size for {what}{here}"


def words_for(record: PictureRecord) -> str:
    """What a picture was drawn from, for going on with it; what nobody said is left to the model's eyes."""
    return record.request.prompt if record.request else "the same picture, going on"
