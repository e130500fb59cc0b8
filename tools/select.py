"""Makes another version the current picture."""

from __future__ import annotations

from tools.api import Tool, ToolContext, ToolResult
from tools.fields import Arguments, Handle
from tools.handles import known, resolve
from tools.history import show


class SelectArgs(Arguments):
    image: Handle


class Select(Tool):
    name = "select"
    purpose = 'Make another version the current picture: "first", "previous", "original", or its number.'
    Args = SelectArgs

    def offered(self, ctx: ToolContext) -> bool:
        return bool(known(ctx))

    def run(self, ctx: ToolContext, args: SelectArgs) -> ToolResult:
        return show(ctx, resolve(ctx, args.image), "The current picture is now")


TOOL = Select()
