"""Repaints one part of a picture."""

from __future__ import annotations

from functools import reduce

from pydantic import Field

from generators.api import Box, Extent, Region
from generators.geometry import mask_of
from tools import reference
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.drawing import draw, store_mask
from tools.fields import Arguments, Handle, PictureBox, Words
from tools.handles import resolve
from tools.phrases import find_phrase, removes
from tools.scene import pointed_at, scene_of
from tools.sources import mask_for, outlined_mask, painted, request_for, result_of

NOTHING = "nothing"
"""What the world's models read where a hole is to be closed."""


class InpaintArgs(Arguments):
    prompt: Words = Field(min_length=1, description="what the part shows afterwards, e.g. 'a cake'")
    box: PictureBox | None = Field(default=None, description="the part, where the user has painted none")
    targets: list[str] = Field(default_factory=list, max_length=20, description="or objects to paint over, by id")
    image: Handle = "current"


class Inpaint(Tool):
    name = "inpaint"
    purpose = "Repaint the part of the picture that the user painted over, or that a box or targets name."
    Args = InpaintArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.capabilities.inpaint and (ctx.picture is not None or bool(ctx.uploads))

    def run(self, ctx: ToolContext, args: InpaintArgs) -> ToolResult:
        source = resolve(ctx, args.image)
        before = ctx.images.image(source)
        mask, area = _part(ctx, args, source)
        prompt, regions = _words(ctx, args.prompt, area)
        taken = reference.taken(ctx, 1, looks=False)
        request = taken.over(request_for(ctx, "inpaint", prompt, [source], mask, regions, before))
        record = draw(ctx, request, self.name, args.model_dump(mode="json"))
        return result_of(ctx, record, before, f"Repainted a part of the picture with {ctx.model.name}: {prompt!r}."
                         f"{reference.left_out(ctx, taken)}")


def _part(ctx: ToolContext, args: InpaintArgs, source: str) -> tuple[str, Box]:
    """The mask to use and the box around it: painted by the user, else of the box, else of the targets."""
    image = ctx.images.image(source)
    spot = painted(ctx, image)
    if spot:
        return spot
    if args.box:
        return store_mask(ctx, mask_of([args.box], Extent(*image.size))), args.box
    scene = scene_of(ctx, source, args.targets) if args.targets else []
    targets = pointed_at(scene, args.targets)
    boxes, own = [thing.box for thing in targets], removes(args.prompt) and ctx.capabilities.world is None
    mask = (outlined_mask(ctx, boxes, image) if own else None) or mask_for(
        ctx, boxes, image, [thing.box for thing in scene if thing not in targets])
    if mask is None:
        raise ToolError("Say which part to repaint: paint over it, or give a box or targets.")
    return mask, reduce(Box.union, [thing.box for thing in targets])


def _words(ctx: ToolContext, prompt: str, area: Box) -> tuple[str, tuple[Region, ...]]:
    """A model of the world reads one of its own sentences and the thing with its box; any other the prompt."""
    if ctx.capabilities.world is None:
        return prompt, ()
    if removes(prompt):
        return "remove this", (Region(NOTHING, area),)
    new = str(find_phrase(prompt))
    return f"put {'an' if new[:1] in 'aeiou' else 'a'} {new} here", (Region(new, area),)


TOOL = Inpaint()
