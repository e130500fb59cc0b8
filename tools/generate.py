"""Draws a new picture."""

from __future__ import annotations

from pydantic import Field

from generators.api import Extent, Region, Request
from tools import reference
from tools.api import Brief, Tool, ToolContext, ToolResult
from tools.caption import caption, object_phrase
from tools.drawing import draw, next_seed
from tools.fields import Arguments, Seed, Words
from tools.naming import thing_name
from tools.phrases import find_phrase

DEFAULT_SIZE = Extent(1024, 1024)
"""For models that take any size."""


class GenerateArgs(Arguments):
    prompt: Words = Field(min_length=1, description="the whole picture in one plain sentence")
    negative: Words = Field(default="", description="what must not be there, for models that take it")
    seed: Seed | None = Field(default=None, description="null: the turn's own; another number draws another picture")


class Generate(Tool):
    name = "generate"
    purpose = "Draw a new picture from the Brief, the layout and a prompt."
    Args = GenerateArgs
    draws = True

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.capabilities.generate

    def run(self, ctx: ToolContext, args: GenerateArgs) -> ToolResult:
        taken = reference.taken(ctx, 0)
        request = request_for(ctx, args, taken)
        record = draw(ctx, request, self.name, args.model_dump(mode="json"))
        text = (f"Drew a picture with {ctx.model.name}, seed {request.seed}: {request.prompt!r}."
                f"{reference.left_out(ctx, taken)}")
        if revised := record.arithmetic.get("revised_prompt"):
            text += f" Its server drew from words of its own: {str(revised)[:600]!r}."
        return ToolResult(text, picture=record.id)


def request_for(ctx: ToolContext, args: GenerateArgs, taken: reference.Taken = reference.NOTHING) -> Request:
    """The request that the current model understands best. What looks at references is drawn at the first one's size,
    by the way of edits: models that take several pictures have no other."""
    able, looked_at = ctx.capabilities, taken.looked_at
    if looked_at:
        prompt = reference.said(_prompt(ctx, args.prompt), looked_at, 0)
        size = Extent(*ctx.images.image(looked_at[0].picture).size)
        return taken.over(Request(
            kind="edit", model=ctx.model.name, prompt=prompt, negative=_negative(ctx, args.negative), size=size,
            seed=next_seed(ctx, args.seed), sources=tuple(one.picture for one in looked_at)))
    usual = able.sizes[0] if able.sizes else DEFAULT_SIZE
    return taken.over(Request(
        kind="generate", model=ctx.model.name, prompt=_prompt(ctx, args.prompt), negative=_negative(ctx, args.negative),
        regions=_regions(ctx) if able.boxes != "none" else (), size=taken.size(ctx) or usual,
        seed=next_seed(ctx, args.seed)))  # fmt: skip


def _prompt(ctx: ToolContext, prompt: str) -> str:
    """A model of the world reads the Brief in its captions' phrasing; any other the prompt as it is."""
    if ctx.verbatim:
        return ctx.verbatim
    world = ctx.capabilities.world
    return caption(ctx.brief, world) if world and not ctx.brief.empty() else prompt


def _negative(ctx: ToolContext, negative: str) -> str:
    if not ctx.capabilities.negative:
        return ""
    return negative or ", ".join(ctx.brief.avoid)


def _regions(ctx: ToolContext) -> tuple[Region, ...]:
    """The layout, unless the Brief has changed since it was made; for a model of the world in its own words."""
    if ctx.brief.objects and not fits(ctx.layout, ctx.brief):
        return ()
    if ctx.capabilities.world is None:
        return ctx.layout
    return tuple(Region(_said(region.phrase, ctx.brief), region.box) for region in ctx.layout)


def _said(phrase: str, brief: Brief) -> str:
    """Colour and name, the way the world's layouts have it."""
    known = next((thing for thing in brief.objects if thing.phrase(count=False) == phrase), None)
    return object_phrase(known) if known else str(find_phrase(phrase))


def fits(layout: tuple[Region, ...], brief: Brief) -> bool:
    """Whether the layout speaks of the Brief's objects, each as often as it is wanted."""
    wanted: dict[str, list[int | None]] = {}
    for thing in brief.objects:
        wanted.setdefault(thing_name(thing.name), []).append(thing.count)
    found = [next((name for name in wanted if _speaks_of(region.phrase, name)), None) for region in layout]
    return None not in found and all(
        None in counts or found.count(name) == sum(count or 0 for count in counts) for name, counts in wanted.items())


def _speaks_of(phrase: str, name: str) -> bool:
    found = find_phrase(phrase)
    return found.thing == name if found.thing else name in phrase.lower()


TOOL = Generate()
