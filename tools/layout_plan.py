"""Turns the Brief into boxes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from generators.api import Region
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.fields import Arguments, PictureBox
from tools.hand_drawn import layout_around, left_over, obeyed
from tools.layout import MOST


class Spot(BaseModel):
    """A phrase such as "small red apple" and the box that it belongs into."""

    model_config = ConfigDict(extra="forbid")

    phrase: str = Field(min_length=1, max_length=200)
    box: PictureBox


class LayoutArgs(Arguments):
    regions: list[Spot] | None = Field(
        default=None, max_length=MOST, description="null: boxes are worked out from the Brief, which is usually best")


class LayoutPlan(Tool):
    name = "layout_plan"
    purpose = "Plan where everything goes: a box for every object of the Brief, so that counts and relations hold."
    Args = LayoutArgs

    def offered(self, ctx: ToolContext) -> bool:
        """Also before there is a Brief: planners write it and plan the layout in one go."""
        return ctx.capabilities.boxes != "none"

    def unavailable(self, ctx: ToolContext) -> str:
        return f"{ctx.model.name} takes no boxes; describe where things are in the prompt"

    def run(self, ctx: ToolContext, args: LayoutArgs) -> ToolResult:
        if args.regions is None and not ctx.brief.objects:
            raise ToolError("There is nothing to lay out: the Brief has no objects yet. write_brief comes first.")
        if args.regions is None:
            layout = layout_around(ctx.brief, ctx.seed, ctx.boxes)
        else:
            layout = obeyed([Region(spot.phrase, spot.box) for spot in args.regions], ctx.boxes)
        if not layout:
            raise ToolError("There is nothing to place: the Brief asks for no object.")
        return ToolResult(in_words(layout) + left_over(layout, ctx.boxes), layout=layout)


def in_words(layout: tuple[Region, ...]) -> str:
    """`red apple [0.05, 0.4, 0.4, 0.75]; dog […]`."""
    return "; ".join(f"{region.phrase} [{', '.join(f'{v:.2f}' for v in region.box)}]" for region in layout)


TOOL = LayoutPlan()
