"""The one way in which tools draw: look it up, check the budget, draw, store.

A request that was drawn before is never drawn again: after a crash, the step that was cut short finds its picture
by the request's fingerprint. It still costs what it would have cost, unless this session has that picture already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from generators.api import Request, picture_id
from generators.geometry import supported
from tools.api import PictureRecord, ToolContext
from tools.budget import spend_image


def draw(ctx: ToolContext, request: Request, tool: str, arguments: dict[str, Any],
         parents: Sequence[str] | None = None) -> PictureRecord:
    """The record of the stored picture of a request; `parents` where it was not made from the request's sources.

    Raises `BudgetSpent` before anything is drawn, and every `GeneratorError` of drawing and storing.
    """
    request = wished(ctx, request)
    earlier = ctx.images.drawn(request.fingerprint())
    if earlier is not None and earlier.id in ctx.versions:
        return earlier
    spend_image(ctx)
    if earlier is not None:
        return earlier
    wanted = _with_next(ctx, request)
    made = {"tool": tool, "arguments": arguments, "brief": ctx.brief,
            "parents": list(request.sources if parents is None else parents)}
    kept = [ctx.images.put(result.image, _record(each, result, made))
            for each, result in zip(wanted, _results(ctx, wanted), strict=True)]
    return kept[0]


def _record(request: Request, result: Any, made: Mapping[str, Any]) -> PictureRecord:
    return PictureRecord(
        id=picture_id(result.image), width=result.image.width, height=result.image.height, request=request,
        model=request.model, revision=_revision(result.arithmetic), mask=request.mask,
        arithmetic=dict(result.arithmetic), seconds=dict(result.seconds), **made)


def _with_next(ctx: ToolContext, request: Request) -> list[Request]:
    """The request, and those of the next seeds that are drawn ahead and are not there yet."""
    following = range(request.seed + 1, request.seed + ctx.ahead) if request.kind == "generate" else ()
    others = [request.model_copy(update={"seed": seed % 2**63}) for seed in following]
    return [request, *(other for other in others if ctx.images.drawn(other.fingerprint()) is None)]


def _results(ctx: ToolContext, wanted: Sequence[Request]) -> list[Any]:
    pictures = pictures_of(ctx, wanted[0])
    if len(wanted) == 1:
        return [ctx.workshop.draw(wanted[0], pictures, ctx.report, ctx.stop)]
    seeds = [request.seed for request in wanted]
    return ctx.workshop.draw_several(wanted[0], seeds, pictures, ctx.report, ctx.stop)


def wished(ctx: ToolContext, request: Request) -> Request:
    """The request with what the user has set, as far as the model takes it."""
    wishes, able = ctx.wishes, ctx.capabilities
    update: dict[str, Any] = {name: value for name in ("steps", "guidance")
                              if (value := getattr(wishes, name)) is not None}
    if wishes.negative and able.negative:
        update["negative"] = wishes.negative
    if wishes.size and request.kind == "generate":
        update["size"] = supported(wishes.size, able)
    if wishes.adapters and able.adapters and request.kind != "upscale":
        update["adapters"] = wishes.adapters
    return request.model_copy(update=update)


def _revision(arithmetic: Mapping[str, Any]) -> str | None:
    """Which weights drew it, as the generator names them."""
    return str(arithmetic["weights"]) if arithmetic.get("weights") else None


def pictures_of(ctx: ToolContext, request: Request) -> dict[str, Image.Image]:
    """Every picture that a request is drawn from, by id."""
    return {id: ctx.images.image(id) for id in request.pictures()}


def next_seed(ctx: ToolContext, seed: int | None) -> int:
    """The seed that was asked for; else the turn's, one further for every picture the turn has drawn."""
    return seed if seed is not None else (ctx.seed + ctx.usage.images) % 2**63


def store_mask(ctx: ToolContext, mask: Image.Image) -> str:
    """Keeps a mask among the pictures; returns its id."""
    record = PictureRecord(id=picture_id(mask), role="mask", width=mask.width, height=mask.height)
    return ctx.images.put(mask, record).id
