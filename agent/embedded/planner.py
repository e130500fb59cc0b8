"""The embedded planner: a grammar behind the interface of a chat-completions server."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from agent.api import PlannerReply, ToolCall
from agent.embedded.interpret import interpret
from agent.embedded.situation import read


class EmbeddedPlanner:
    """Understands the picture world's language; deterministic, offline, a few milliseconds a message."""

    name = "embedded"

    def __init__(self, asks_for_undrawable: bool = True) -> None:
        """Whether a wish of which nothing can be drawn leads to a question, or is drawn and said to fall short."""
        self.asks_for_undrawable = asks_for_undrawable

    def complete(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], stop: Callable[[], bool]
    ) -> PlannerReply:
        """All calls of the turn at once; after their results, only what is left to say. Never raises."""
        since = perf_counter()
        now = read(messages, tools)
        now.strict = self.asks_for_undrawable
        plan = interpret(now)
        calls = [
            ToolCall(id=f"call-{number}", name=name, arguments=arguments)
            for number, (name, arguments) in enumerate(plan.calls, 1)
        ]
        return PlannerReply(text=plan.text, calls=calls, seconds=perf_counter() - since)
