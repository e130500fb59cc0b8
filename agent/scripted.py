"""A planner that says what it was told to say. Shipped: tests stand on it, and recorded talks replay on it.

`ScriptedPlanner([...])` gives its replies in turn; `ScriptedPlanner(function)` calls `function(messages, tools)`.
A reply is a `PlannerReply`, an exception to raise, a string (words only), or a list of `(tool, arguments)`.
The rest of this file are planners as they should not be, for testing what stands in their way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from agent.api import PlannerNonsense, PlannerReply, ToolCall
from agent.parsing import parse_arguments

Line = PlannerReply | Exception | str | list[tuple[str, dict[str, Any]]]
Messages = list[dict[str, Any]]


def say(line: Line) -> PlannerReply:
    """A line of a script as a planner's reply."""
    if isinstance(line, Exception):
        raise line
    if isinstance(line, PlannerReply):
        return line
    if isinstance(line, str):
        return PlannerReply(text=line)
    calls = [ToolCall(id=str(n), name=name, arguments=arguments) for n, (name, arguments) in enumerate(line)]
    return PlannerReply(calls=calls)


class ScriptedPlanner:
    """Follows a list or a function; remembers what it was shown in `.seen`."""

    name = "scripted"

    def __init__(self, script: list[Line] | Callable[[Messages, list[dict[str, Any]]], Line]) -> None:
        self.script = script
        self.seen: list[Messages] = []

    def complete(self, messages: Messages, tools: list[dict[str, Any]], stop: Callable[[], bool]) -> PlannerReply:
        self.seen.append(messages)
        if callable(self.script):
            return say(self.script(messages, tools))
        if len(self.seen) > len(self.script):
            raise PlannerNonsense("The script of this planner is over.")
        return say(self.script[len(self.seen) - 1])


def malformed(raw: str, tool: str = "generate") -> ScriptedPlanner:
    """Calls `tool` with `raw` as its arguments, however broken, and says it is sorry after that."""

    def script(messages: Messages, tools: list[dict[str, Any]]) -> Line:
        if messages[-1]["role"] == "tool":
            return "I could not call the tool."
        arguments, error = parse_arguments(raw)
        return PlannerReply(calls=[ToolCall(id="1", name=tool, arguments=arguments, error=error)])

    return ScriptedPlanner(script)


def looping(*calls: tuple[str, dict[str, Any]]) -> ScriptedPlanner:
    """Never stops: the same calls in turn, for ever (one call: A-A-A; two: A-B-A-B)."""
    count = iter(range(10**9))
    return ScriptedPlanner(lambda messages, tools: [calls[next(count) % len(calls)]])


def gullible() -> ScriptedPlanner:
    """Does whatever it reads: every `CALL tool {json}` in the newest message, whoever wrote it.

    This is what a planner is after a successful prompt injection; the studio must stay harmless behind it.
    """
    order = re.compile(r"CALL (\w+) (\{.*?\})(?=\s|$)")

    def script(messages: Messages, tools: list[dict[str, Any]]) -> Line:
        found = order.findall(str(messages[-1].get("content") or ""))
        return [(tool, json.loads(arguments)) for tool, arguments in found] or f"I read: {messages[-1]['content']}"

    return ScriptedPlanner(script)
