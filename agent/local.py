"""A planner that is a chat model on this machine (`--planner hf:NAME` or a folder), run by a worker process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from agent import dialects
from agent.api import PlannerNonsense, PlannerReply, PlannerUnreachable, ToolCall
from agent.limits import estimate_tokens
from generators.api import Cancelled, GeneratorError


class Chats(Protocol):
    """The part of the workshop that chats."""

    def chat(self, source: str, messages: list[dict[str, Any]], tools: list[dict[str, Any]], max_tokens: int,
             stop: Callable[[], bool]) -> dict[str, Any]: ...


class LocalPlanner:
    """One chat model, named by a hub id in the local cache or by a folder."""

    name = "local"

    def __init__(self, workshop: Chats, source: str, max_tokens: int = 1024) -> None:
        self.workshop, self.source, self.max_tokens = workshop, source, max_tokens

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]],
                 stop: Callable[[], bool]) -> PlannerReply:
        """One reply; empty when stopped. Raises a `PlannerError`."""
        since = time.monotonic()
        try:
            answer = self.workshop.chat(self.source, messages, tools, self.max_tokens, stop)
        except Cancelled:
            return PlannerReply(seconds=time.monotonic() - since)
        except GeneratorError as error:
            raise PlannerUnreachable(f"{error} `--planner embedded` works without such a model.") from None
        calls = [_call(n, call) for n, call in enumerate(answer.get("tool_calls") or [])]
        text = dialects.without_thoughts(str(answer.get("content") or ""))
        if not calls:
            text, found = dialects.read(text, [tool["function"]["name"] for tool in tools])
            calls = [_call(n, {"function": {"name": name, "arguments": raw}}) for n, (name, raw) in enumerate(found)]
        if not calls and not text.strip():
            raise PlannerNonsense(f"The planner {self.source!r} said nothing. `--planner embedded` works without it.")
        tokens = int((answer.get("usage") or {}).get("total_tokens") or estimate_tokens(messages, tools, answer))
        return PlannerReply(text=text, calls=calls, tokens=tokens, seconds=time.monotonic() - since)


def _call(number: int, call: dict[str, Any]) -> ToolCall:
    function = call.get("function") or {}
    raw = function.get("arguments")
    arguments, error = (raw, None) if isinstance(raw, dict) else dialects.arguments(raw)
    return ToolCall(id=str(number), name=str(function.get("name"))[:64], arguments=arguments, error=error)
