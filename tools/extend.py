"""Goes on with a picture beyond its edge: repaints the empty part of a larger canvas."""

from __future__ import annotations

from pydantic import Field

from generators.api import Extent, Request
from tools import canvas
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.canvas import SIDES, Side
from tools.drawing import draw, next_seed, store_mask
from tools.fields import Arguments, Handle, Words
from tools.handles import resolve
from tools.sources import result_of


class ExtendArgs(Arguments):
    side: Side = Field(description="where the picture goes on")
    prompt: Words = Field(default="", description="what is seen there; empty: more of the same")
    image: Handle = "current"


class Extend(Tool):
    name = "extend"
    purpose = "Make the picture larger at one side, or all around; what is there already stays as it is."
    Args = ExtendArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return any(canvas.extended(size, side, ctx.capabilities) for size in _sizes(ctx) for side in SIDES)

    def unavailable(self, ctx: ToolContext) -> str:
        if not _sizes(ctx):
            return "there is no picture yet"
        able = [model.name for model in ctx.workshop.models() for size in _sizes(ctx)
                if any(canvas.extended(size, side, model.capabilities) for side in SIDES)]
        return canvas.refused(ctx, able, "a larger canvas")

    def run(self, ctx: ToolContext, args: ExtendArgs) -> ToolResult:
        source = resolve(ctx, args.image)
        image = ctx.images.image(source)
        size = canvas.extended(Extent(*image.size), args.side, ctx.capabilities)
        if size is None:
            raise ToolError(f"{ctx.model.name} has no size for this picture going on {args.side}; try another side.")
        wider, mask = canvas.with_room(image, size, args.side)
        record = ctx.images.record(source)
        request = Request(kind="inpaint", model=ctx.model.name, prompt=args.prompt or canvas.words_for(record),
                          size=size, seed=next_seed(ctx, None), sources=(canvas.keep(ctx, wider, source),),
                          mask=store_mask(ctx, mask))
        drawn = draw(ctx, request, self.name, args.model_dump(mode="json"), [source])
        return result_of(ctx, drawn, wider, f"Extended the picture {args.side} to {size.width}x{size.height}.")


def _sizes(ctx: ToolContext) -> list[Extent]:
    """The current picture's size, as a list of one or none."""
    records = [ctx.images.record(id) for id in (ctx.picture, *ctx.uploads) if id]
    return [Extent(record.width, record.height) for record in records[:1]]


TOOL = Extend()
