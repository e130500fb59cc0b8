"""Makes a picture twice as large, what is where kept.

By the current model, which draws it anew at that size; else by an upscaler that is installed; else by interpolation,
which adds no detail and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PIL import Image

from generators import registry, upscaling
from generators.api import Extent, Model, Request
from tools import canvas
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.drawing import draw, next_seed
from tools.fields import Arguments, Handle
from tools.handles import resolve

NEW = 0.35
"""How much of an enlarged picture is drawn anew: enough for detail, too little to move anything."""
MOST = 8192
"""Pixels a side: nothing here is made larger."""


class UpscaleArgs(Arguments):
    image: Handle = "current"


class Upscale(Tool):
    name = "upscale"
    purpose = "Enlarge the picture to twice its size, with detail drawn anew and everything in its place."
    Args = UpscaleArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.picture is not None and possible(_size(ctx))

    def unavailable(self, ctx: ToolContext) -> str:
        if ctx.picture is None:
            return "there is no picture yet"
        return f"a picture of {_size(ctx).width}x{_size(ctx).height} is not made larger still"

    def run(self, ctx: ToolContext, args: UpscaleArgs) -> ToolResult:
        source = resolve(ctx, args.image)
        image = ctx.images.image(source)
        if not possible(Extent(*image.size)):
            raise ToolError(f"A picture of {image.width}x{image.height} is not made larger still.")
        size = Extent(canvas.FINER * image.width, canvas.FINER * image.height)
        words, seed = canvas.words_for(ctx.images.record(source)), next_seed(ctx, None)
        common: dict[str, Any] = {"prompt": words, "size": size, "seed": seed}
        if canvas.enlarged(Extent(*image.size), ctx.capabilities):
            larger = canvas.keep(ctx, image.convert("RGB").resize(size, Image.Resampling.LANCZOS), source)
            request = Request(kind="refine", model=ctx.model.name, strength=NEW, sources=(larger,), **common)
        else:
            request = Request(kind="upscale", model=upscaler(ctx.workshop.models()), sources=(source,), **common)
        record = draw(ctx, request, self.name, args.model_dump(mode="json"), [source])
        how = {ctx.model.name: "", upscaling.NAME: " by interpolation, which adds no detail"}
        said = how.get(request.model, f" with {request.model}")
        return ToolResult(f"Enlarged the picture to {size.width}x{size.height}{said}.", picture=record.id)


def possible(size: Extent) -> bool:
    """Whether a picture of this size may become twice as large."""
    return canvas.FINER * max(size) <= MOST


def upscaler(models: Iterable[Model]) -> str:
    """The first installed model that makes pictures so much larger; interpolation's name where there is none."""
    able = (one.name for one in models if one.capabilities.upscale >= canvas.FINER and registry.installed(one))
    return next(able, upscaling.NAME)


def _size(ctx: ToolContext) -> Extent:
    record = ctx.images.record(ctx.picture or "")
    return Extent(record.width, record.height)


TOOL = Upscale()
