"""Asks the user one short question."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.api import Question, Tool, ToolContext, ToolError, ToolResult
from tools.fields import Arguments
from tools.scene import objects_in_words

Slot = Literal["objects", "background", "colour", "style", "count", "size", "place", "relation", "text", "target",
               "confirm"]  # fmt: skip
CHOOSE = "you choose"
"""Beside the options of every question about the picture."""


class AskArgs(Arguments):
    question: str = Field(min_length=1, max_length=300)
    options: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        default_factory=list, max_length=4, description="up to four short answers to choose from")
    slot: Slot = Field(default="objects", description="what part of the Brief the answer fills")


class Ask(Tool):
    name = "ask"
    purpose = "Ask the user one short question, only where the picture would be wrong without the answer."
    Args = AskArgs

    def run(self, ctx: ToolContext, args: AskArgs) -> ToolResult:
        if args.slot == "target" and len(ctx.scene) == 1:
            raise ToolError(f"The picture answers that. {objects_in_words(ctx.scene)}")
        options = list(dict.fromkeys(args.options))
        if options and args.slot != "confirm" and not any(CHOOSE in option.lower() for option in options):
            options.append(CHOOSE)
        return ToolResult("The question was put to the user.",
                          question=Question(text=args.question, options=options, slot=args.slot))


TOOL = Ask()
