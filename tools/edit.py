"""Changes a picture as an instruction says, and leaves the rest of it alone."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from pydantic import Field

from generators.api import Box, Request
from tools import reference
from tools.api import Reference, SceneObject, Tool, ToolContext, ToolError, ToolResult
from tools.drawing import draw, next_seed
from tools.edit_plan import NEEDS_TARGET, Operation, Wish, plan_edit
from tools.fields import Arguments, Handle, PictureBox, Words
from tools.hand_drawn import box_for
from tools.handles import resolve
from tools.relations import covered
from tools.scene import pointed_at, scene_of
from tools.sources import mask_for, outlined_mask, painted, request_for, result_of


class EditArgs(Arguments):
    instruction: Words = Field(min_length=1, description="what to change, in the user's words")
    operation: Operation = "other"
    targets: list[str] = Field(default_factory=list, max_length=20,
                               description="ids of the objects of the current picture that change, e.g. dog-1")
    box: PictureBox | None = Field(default=None, description="where something new goes, or the target moves to")
    phrase: str | None = Field(default=None, max_length=200,
                               description="what the target becomes or what is added: 'purple dog', 'cake', 'beach'")
    image: Handle = "current"
    references: list[Handle] = Field(default_factory=list, max_length=4, description="further pictures to draw on")


class Edit(Tool):
    name = "edit"
    purpose = ("Change the current picture: add, remove, replace, recolour, resize or move objects, or change the "
               "background. Everything else stays as it is.")
    Args = EditArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.capabilities.edit and (ctx.picture is not None or bool(ctx.uploads))

    def run(self, ctx: ToolContext, args: EditArgs) -> ToolResult:
        source = resolve(ctx, args.image)
        before = ctx.images.image(source)
        sources = _sources(ctx, args, source)
        taken = reference.taken(ctx, len(sources))
        request = taken.over(_world_request(ctx, args, sources) if ctx.capabilities.world
                             else _plain_request(ctx, args, sources, taken.looked_at))
        record = draw(ctx, request, self.name, args.model_dump(mode="json"))
        words = f"Edited the picture with {ctx.model.name}: {request.prompt!r}.{reference.left_out(ctx, taken)}"
        return result_of(ctx, record, before, words)


def _sources(ctx: ToolContext, args: EditArgs, source: str) -> list[str]:
    most = max(0, ctx.capabilities.references - 1)  # the source is the first of them
    if len(args.references) > most:
        raise ToolError(f"{ctx.model.name} takes {most or 'no'} further pictures besides the one that it edits, and "
                        f"{len(args.references)} were given.")
    return [source, *(resolve(ctx, handle) for handle in args.references)]


def _painted(ctx: ToolContext, args: EditArgs, image: Image.Image) -> tuple[str, Box] | None:
    """What the user painted over, where the planner says no other place."""
    return None if args.targets or args.box else painted(ctx, image)


def _targets(args: EditArgs, area: Box | None, scene: list[SceneObject]) -> list[SceneObject]:
    """What was named; else what was painted over or lies in the box, where something must be meant."""
    if args.targets or args.operation not in NEEDS_TARGET:
        return pointed_at(scene, args.targets)
    return [thing for thing in scene if area and covered(thing.box, area) > 0.5]


def _world_request(ctx: ToolContext, args: EditArgs, sources: list[str]) -> Request:
    """For a model of the picture world: its words, its regions, and a mask over what changes."""
    source = sources[0]
    image = ctx.images.image(source)
    spot = _painted(ctx, args, image)
    area = spot[1] if spot else args.box if args.operation not in ("move", "resize") else None
    scene = [] if args.operation in ("background", "restyle") else scene_of(ctx, source)
    targets = _targets(args, area, scene)
    by_hand = box_for(ctx.boxes, args.phrase or args.instruction) if args.operation == "add" else None
    into = spot[1] if spot and args.operation == "add" else by_hand or args.box
    wish = Wish(args.instruction, args.operation, into, args.phrase)
    plan = plan_edit(wish, targets, scene, next_seed(ctx, None))
    keep = [thing.box for thing in scene if thing not in targets]
    mask = spot[0] if spot else mask_for(ctx, plan.area, image, keep)
    return request_for(ctx, "edit", plan.words, sources, mask, plan.regions, image)


def _plain_request(ctx: ToolContext, args: EditArgs, sources: list[str], looked_at: Sequence[Reference]) -> Request:
    """For any other model: the user's words; a mask only where something was pointed at and the model takes one."""
    source = sources[0]
    image, mask = ctx.images.image(source), None
    if ctx.capabilities.inpaint:
        spot = _painted(ctx, args, image)
        targets = pointed_at(scene_of(ctx, source, args.targets), args.targets) if args.targets else []
        area = [thing.box for thing in targets] + ([args.box] if args.box else [])
        mask = spot[0] if spot else _outlined(ctx, args, targets, image) or mask_for(ctx, area, image)
    prompt = reference.said(args.instruction, looked_at, len(sources))
    return request_for(ctx, "edit", prompt, [*sources, *(one.picture for one in looked_at)], mask, (), image)


def _outlined(ctx: ToolContext, args: EditArgs, targets: list[SceneObject], image: Image.Image) -> str | None:
    """The targets' own pixels, where nothing but these is to change or go."""
    own = args.operation in ("recolour", "remove") and targets and not args.box
    return outlined_mask(ctx, [thing.box for thing in targets], image) if own else None


TOOL = Edit()
