"""Pictures to look at: a style, a subject, a pose, outlines. Only models that take several pictures can use them."""

from __future__ import annotations

from collections.abc import Sequence

from generators.api import Capabilities
from tools.api import Reference, ToolContext

SAID = {"style": "in the style of picture {}", "subject": "with the subject of picture {}",
        "pose": "in the pose of picture {}", "edges": "keeping the outlines of picture {}"}


def room(able: Capabilities, besides: int) -> int:
    """How many references a model can look at beside so many pictures that it works on. A model of a small world has
    learnt to change pictures, not to take something from them."""
    return max(0, able.references - besides) if able.edit and able.world is None and able.references > 1 else 0


def used(ctx: ToolContext, besides: int) -> tuple[Reference, ...]:
    """The references that the current model looks at, beside so many pictures that it works on."""
    return ctx.references[:room(ctx.capabilities, besides)]


def said(prompt: str, references: Sequence[Reference], besides: int) -> str:
    """The prompt with what is to be taken from which picture, counted as the model gets them."""
    told = [SAID[one.role].format(number) for number, one in enumerate(references, 1 + besides)]
    return ", ".join([prompt, *told])


def left_out(ctx: ToolContext, besides: int) -> str:
    """A sentence about the references that were not looked at, or nothing."""
    missed = ctx.references[len(used(ctx, besides)):]
    if not missed:
        return ""
    roles = ", ".join(one.role for one in missed)
    return f" {ctx.model.name} cannot look at a reference picture, so it was left out ({roles})."
