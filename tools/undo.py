"""Goes back to the version that the current picture was made from."""

from __future__ import annotations

from pydantic import Field

from tools.api import Tool, ToolContext, ToolResult
from tools.fields import Arguments
from tools.history import show, undo_target


class UndoArgs(Arguments):
    steps: int = Field(default=1, ge=1, le=1000)


class Undo(Tool):
    name = "undo"
    purpose = "Go back to the version that the current picture was made from. Nothing is lost; select finds it again."
    Args = UndoArgs

    def offered(self, ctx: ToolContext) -> bool:
        return ctx.picture is not None

    def run(self, ctx: ToolContext, args: UndoArgs) -> ToolResult:
        return show(ctx, undo_target(ctx.images, ctx.picture, ctx.versions, args.steps), "Went back to")


TOOL = Undo()
