"""What one turn may spend, checked before it is spent. Raises `tools.api.BudgetSpent`, one sentence each.

Limits come from the settings and the command's flags only: nothing that a user or a model says can change them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tools.api import BudgetSpent, Limits, Usage

CHARACTERS_PER_TOKEN = 4  # a cautious guess for servers that do not say what a prompt costs


PICTURE_TOKENS = 1_500  # of a picture as servers count it, whatever its bytes
_PICTURE = re.compile(r"data:image/[^\"]*")


def estimate_tokens(*parts: Any) -> int:
    """About how many tokens these values make as text, and the pictures among them."""
    texts = [_PICTURE.subn("", json.dumps(part, ensure_ascii=False)) for part in parts]
    return sum(len(text) // CHARACTERS_PER_TOKEN + count * PICTURE_TOKENS for text, count in texts)


def check_time(usage: Usage, limits: Limits) -> None:
    if usage.seconds >= limits.seconds:
        raise BudgetSpent(f"The {limits.seconds:g} seconds that this turn may take are over "
                          "(--budget-seconds allows more).")


def check_planner(usage: Usage, limits: Limits, tokens: int) -> None:
    """Before a planner's call whose prompt is about `tokens` long."""
    check_time(usage, limits)
    if usage.planner_calls >= limits.planner_calls:
        times = "once" if limits.planner_calls == 1 else f"{limits.planner_calls} times"
        raise BudgetSpent(f"The planner was asked {times}, which is the limit of one turn "
                          "(MAQUETTE_LIMITS__PLANNER_CALLS allows more).")
    if usage.tokens + tokens > limits.tokens:
        raise BudgetSpent(f"The next planner call would exceed the {limits.tokens} tokens of one turn "
                          "(MAQUETTE_LIMITS__TOKENS allows more).")


def check_tool(usage: Usage, limits: Limits, draws: bool) -> None:
    """Before a tool's call; `draws` when it costs a picture."""
    check_time(usage, limits)
    if usage.tool_calls >= limits.tool_calls:
        calls = "1 tool call was" if limits.tool_calls == 1 else f"{limits.tool_calls} tool calls were"
        raise BudgetSpent(f"{calls} made, which is the limit of one turn (MAQUETTE_LIMITS__TOOL_CALLS allows more).")
    if draws and usage.images >= limits.images:
        noun = "picture was" if limits.images == 1 else "pictures were"
        raise BudgetSpent(f"{limits.images} {noun} drawn, which is the limit of one turn (--budget-images).")


def remaining(usage: Usage, limits: Limits) -> dict[str, float]:
    """What is left, as the planner sees it."""
    return {name: max(0, round(getattr(limits, name) - getattr(usage, name), 1)) for name in Limits.model_fields}
