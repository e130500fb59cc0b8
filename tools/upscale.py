"""Draws a picture anew at twice its size, what is where kept."""

from __future__ import annotations

from PIL import Image

from generators.api import Extent, Request
from tools import canvas
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.drawing import draw, next_seed
from tools.fields import Arguments, Handle
from tools.handles import resolve

NEW = 0.35
"""How much of an enlarged picture is drawn anew: enough for detail, too little to move anything."""


class UpscaleArgs(Arguments):
    image: Handle = "current"


class Upscale(Tool):
    name = "upscale"
    purpose = "Enlarge the picture to twice its size, with detail drawn anew and everything in its place."
    Args = UpscaleArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.picture is not None and canvas.enlarged(_size(ctx), ctx.capabilities) is not None

    def unavailable(self, ctx: ToolContext) -> str:
        if ctx.picture is None:
            return "there is no picture yet"
        able = [model.name for model in ctx.workshop.models() if canvas.enlarged(_size(ctx), model.capabilities)]
        return canvas.refused(ctx, able, f"{canvas.FINER} times as large a picture")

    def run(self, ctx: ToolContext, args: UpscaleArgs) -> ToolResult:
        source = resolve(ctx, args.image)
        image = ctx.images.image(source)
        size = canvas.enlarged(Extent(*image.size), ctx.capabilities)
        if size is None:
            raise ToolError(f"{ctx.model.name} has no size for twice {image.width}x{image.height}.")
        larger = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        request = Request(kind="refine", model=ctx.model.name, prompt=canvas.words_for(ctx.images.record(source)),
                          size=size, seed=next_seed(ctx, None), strength=NEW,
                          sources=(canvas.keep(ctx, larger, source),))
        record = draw(ctx, request, self.name, args.model_dump(mode="json"), [source])
        return ToolResult(f"Enlarged the picture to {size.width}x{size.height}.", picture=record.id)


def _size(ctx: ToolContext) -> Extent:
    record = ctx.images.record(ctx.picture or "")
    return Extent(record.width, record.height)


TOOL = Upscale()
