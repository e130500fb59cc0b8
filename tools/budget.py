"""What one turn may spend: checked before it is spent, so that a limit is never exceeded."""

from __future__ import annotations

from tools.api import BudgetSpent, Limits, ToolContext, Usage


def remaining(limits: Limits, usage: Usage) -> Usage:
    """What is left of each limit, never below zero."""
    left = {name: max(0, getattr(limits, name) - getattr(usage, name)) for name in Usage.model_fields}
    return Usage(**left)


def check_image(limits: Limits, usage: Usage) -> None:
    """Raises `BudgetSpent` if no further picture may be drawn in this turn."""
    if usage.images >= limits.images:
        noun = "picture" if limits.images == 1 else "pictures"
        raise BudgetSpent(f"This turn may draw {limits.images} {noun} and has drawn {usage.images}.")
    if usage.seconds >= limits.seconds:
        raise BudgetSpent(f"This turn may take {limits.seconds:g} seconds and has taken {usage.seconds:.0f}.")


def spend_image(ctx: ToolContext) -> None:
    """Takes one picture from the turn's budget. Raises `BudgetSpent` instead where none is left."""
    check_image(ctx.limits, ctx.usage)
    ctx.usage.images += 1
