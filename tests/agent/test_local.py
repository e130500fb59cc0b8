"""A planner on this machine, behind the workshop."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api import PlannerNonsense, PlannerUnreachable
from agent.local import LocalPlanner
from generators.api import Cancelled, ModelUnavailable


class Chat:
    """Answers as it was told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def chat(self, source: str, messages: Any, tools: Any, max_tokens: int, stop: Any) -> dict[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def ask(answer: Any) -> Any:
    return LocalPlanner(Chat(answer), "some/model").complete([{"role": "user", "content": "x"}], [], lambda: False)


def test_words_and_calls_arrive() -> None:
    calls = [{"function": {"name": "generate", "arguments": '{"prompt": "dogs"}'}},
             {"function": {"name": "undo", "arguments": {}}}, {"function": {"name": "edit", "arguments": "{"}}]
    reply = ask({"content": None, "tool_calls": calls, "usage": {"total_tokens": 12}})
    assert [(c.name, c.arguments, bool(c.error)) for c in reply.calls] == [
        ("generate", {"prompt": "dogs"}, False), ("undo", {}, False), ("edit", {}, True)]
    assert reply.tokens == 12
    assert ask({"content": "Hello.", "tool_calls": None}).text == "Hello."


def test_failures_are_planner_errors() -> None:
    with pytest.raises(PlannerUnreachable, match="--planner embedded"):
        ask(ModelUnavailable("There is no model 'some/model' here."))
    with pytest.raises(PlannerNonsense):
        ask({"content": "  ", "tool_calls": []})
    assert ask(Cancelled()).text == ""
