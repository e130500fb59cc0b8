"""Replies in the shapes that servers and models send them, replayed through the client: what they mean arrives."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import dialects
from agent.llm import ServerPlanner
from agent.local import LocalPlanner
from tests.faults import hostile_server
from tests.faults.hostile_server import END, HostileServer, chunk, completion

ROWS = [json.loads(line) for line in (Path(__file__).parent / "dialects.jsonl").read_text().splitlines()]
TOOLS = [{"type": "function", "function": {"name": name, "description": "", "parameters": {"type": "object"}}}
         for name in ("generate", "undo")]
MESSAGES = [{"role": "user", "content": "two dogs"}]


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def never() -> bool:
    return False


def heard(reply: Any) -> tuple[str, list[list[Any]]]:
    return reply.text, [[call.name, call.arguments, bool(call.error)] for call in reply.calls]


@pytest.mark.parametrize("row", ROWS, ids=[row["from"] for row in ROWS])
def test_a_reply_means_what_it_means(row: dict[str, Any], server: HostileServer,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    def play(handler: Any, body: dict[str, Any]) -> None:
        if "pieces" in row:
            handler.stream([*(chunk(piece) for piece in row["pieces"]), END])
        else:
            answer = completion()
            answer["choices"][0]["message"] = row["whole"]
            handler.answer(200, json.dumps(answer).encode())

    monkeypatch.setitem(hostile_server.MODES, "replayed", play)
    planner = ServerPlanner("any", server.url("replayed"), chunk_seconds=5, total_seconds=10, retries=0)
    reply = planner.complete(MESSAGES, TOOLS, never)
    assert heard(reply) == (row["text"], row["calls"])
    assert len({call.id for call in reply.calls}) == len(reply.calls)


def contents() -> list[dict[str, Any]]:
    """The rows whose words alone say it all."""
    return [row for row in ROWS if isinstance(row.get("whole", {}).get("content"), str)
            and not {"tool_calls", "function_call"} & row["whole"].keys()]


@pytest.mark.parametrize("row", contents(), ids=[row["from"] for row in contents()])
def test_a_local_model_is_read_alike(row: dict[str, Any]) -> None:
    class Chat:
        def chat(self, *_: Any) -> dict[str, Any]:
            return {"content": row["whole"]["content"], "tool_calls": None}

    assert heard(LocalPlanner(Chat(), "x").complete(MESSAGES, TOOLS, never)) == (row["text"], row["calls"])


def test_without_tools_nothing_is_a_call() -> None:
    text = '<tool_call>{"name": "generate", "arguments": {}}</tool_call>'
    assert dialects.read(text, []) == (text, [])


def test_calls_are_bounded() -> None:
    text = '<tool_call>{"name": "undo", "arguments": {}}</tool_call>' * 100
    assert len(dialects.read(text, ["undo"])[1]) == dialects.MAX_CALLS


@pytest.mark.parametrize("text", [
    '<invoke name="generate">' + "<parameter=a>" * 20_000, "<function=generate>" + "<parameter=a>" * 20_000,
    '{"' + '\\"' * 20_000, '<tool_call>"name"' + " " * 20_000 + '"name"', "<tool_call>" + " " * 20_000 + "x",
    "```" + " " * 20_000 + "x"], ids=lambda text: text[:24])
def test_no_reply_takes_long_to_read(text: str) -> None:
    """A pattern that looks for an end once for each beginning would hold the whole program for minutes."""
    since = time.thread_time()
    dialects.read(text, ["generate"])
    dialects.arguments(text)
    assert time.thread_time() - since < 1


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(contents()), st.integers(0, 120), st.text(max_size=4))
def test_no_mutation_raises(row: dict[str, Any], at: int, inserted: str) -> None:
    text = row["whole"]["content"]
    words, calls = dialects.read(text[:at] + inserted + text[at + 1:], ["generate", "undo"])
    assert isinstance(words, str)
    for name, raw in calls:
        arguments, error = dialects.arguments(raw)
        assert name in ("generate", "undo") and (error is None or arguments == {})
