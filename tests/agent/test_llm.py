"""The planner behind a server: every way in which a server fails has a bound or a name."""

from __future__ import annotations

import inspect
import time
import traceback
from typing import Any

import httpx2
import openai
import pytest
from pydantic import SecretStr

from agent import llm
from agent.api import (
    PlannerError,
    PlannerNonsense,
    PlannerRateLimited,
    PlannerRefused,
    PlannerTimeout,
    PlannerUnreachable,
)
from agent.llm import ServerPlanner
from generators import patience
from tests.faults.hostile_server import MODES, HostileServer

KEY = "sk-canary-5c0ffee"
MESSAGES = [{"role": "system", "content": "plan"}, {"role": "user", "content": "two dogs"}]
TOOLS = [{"type": "function", "function": {"name": "generate", "description": "", "parameters": {"type": "object"}}}]

FAILURES: dict[str, type[PlannerError]] = {
    "429-for-a-day": PlannerRateLimited, "500": PlannerUnreachable, "503-html": PlannerUnreachable,
    "401": PlannerRefused, "404": PlannerRefused, "html": PlannerNonsense, "null": PlannerNonsense,
    "broken-json": PlannerNonsense, "no-choices": PlannerNonsense, "garbage": PlannerNonsense,
    "error-in-stream": PlannerUnreachable, "silent": PlannerTimeout, "stall": PlannerTimeout,
    "keepalive": PlannerTimeout, "drip": PlannerTimeout, "endless": PlannerNonsense, "reset": PlannerUnreachable}
CALLS = ("good", "slow", "no-streaming", "429-once", "500-once")
WORDS = ("words", "whole-although-asked-to-stream")
MENDED = ("arguments-fenced",)
BROKEN_CALLS = tuple(mode for mode in MODES if mode.startswith("arguments-") and mode not in MENDED)


@pytest.fixture(scope="module")
def server():
    with HostileServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)


def planner(server: HostileServer, mode: str, **changed: Any) -> ServerPlanner:
    settings = {"chunk_seconds": 1.0, "total_seconds": 3.0, "retries": 2, **changed}
    return ServerPlanner("any", server.url(mode), SecretStr(KEY), **settings)


def never() -> bool:
    return False


def test_every_mode_is_tested() -> None:
    assert set(MODES) == {*FAILURES, *CALLS, *WORDS, *BROKEN_CALLS, *MENDED}


@pytest.mark.parametrize("mode", CALLS)
def test_a_call_arrives(server: HostileServer, mode: str) -> None:
    reply = planner(server, mode).complete(MESSAGES, TOOLS, never)
    assert [(call.name, call.arguments, call.error) for call in reply.calls] == [
        ("generate", {"prompt": "two dogs"}, None)]
    assert reply.tokens == 15


@pytest.mark.parametrize("mode", MENDED)
def test_what_can_mean_one_thing_only_is_mended(server: HostileServer, mode: str) -> None:
    (call,) = planner(server, mode).complete(MESSAGES, TOOLS, never).calls
    assert (call.arguments, call.error) == ({"prompt": "two dogs"}, None)


@pytest.mark.parametrize("mode", WORDS)
def test_words_arrive_and_unsaid_tokens_are_estimated(server: HostileServer, mode: str) -> None:
    reply = planner(server, mode).complete(MESSAGES, TOOLS, never)
    assert reply.text in ("Hello there.", "A plan.")
    assert reply.tokens >= 15


@pytest.mark.parametrize("mode", BROKEN_CALLS)
def test_a_broken_call_is_data_not_an_exception(server: HostileServer, mode: str) -> None:
    (call,) = planner(server, mode).complete(MESSAGES, TOOLS, never).calls
    assert call.error and call.arguments == {}


@pytest.mark.parametrize("mode", FAILURES)
def test_a_failure_has_a_name_a_bound_and_no_key(server: HostileServer, mode: str) -> None:
    since = time.monotonic()
    with pytest.raises(PlannerError) as caught:
        planner(server, mode).complete(MESSAGES, TOOLS, never)
    assert type(caught.value) is FAILURES[mode]
    assert time.monotonic() - since < 6
    assert "--planner embedded" in str(caught.value)
    assert KEY not in str(caught.value) and "\n" not in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_nobody_there() -> None:
    with pytest.raises(PlannerUnreachable, match="OPENAI_BASE_URL"):
        ServerPlanner("any", "http://127.0.0.1:9/v1", retries=0).complete(MESSAGES, TOOLS, never)


def test_a_secret_in_the_address_is_not_told() -> None:
    with pytest.raises(PlannerUnreachable, match=r"http://127\.0\.0\.1:9/v1;") as caught:
        ServerPlanner("any", "http://me:hunter2@127.0.0.1:9/v1?key=s3same", retries=0).complete(MESSAGES, TOOLS, never)
    assert "hunter2" not in str(caught.value) and "s3same" not in str(caught.value)


def test_an_answer_in_one_piece_is_bounded_as_a_stream_is(server: HostileServer,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    planner(server, "no-streaming", max_tokens=77).complete(MESSAGES, TOOLS, never)
    assert server.requests[-1]["max_tokens"] == 77
    monkeypatch.setattr(llm, "MAX_CHARACTERS", 5)
    with pytest.raises(PlannerNonsense, match="longer than 5 characters"):
        planner(server, "no-streaming").complete(MESSAGES, TOOLS, never)


def test_retries_are_bounded(server: HostileServer) -> None:
    before = server.counts["500"]
    with pytest.raises(PlannerUnreachable):
        planner(server, "500", retries=2).complete(MESSAGES, TOOLS, never)
    assert server.counts["500"] - before == 3


def test_a_long_retry_after_is_not_waited_for(server: HostileServer) -> None:
    before = server.counts["429-for-a-day"]
    with pytest.raises(PlannerRateLimited):
        planner(server, "429-for-a-day").complete(MESSAGES, TOOLS, never)
    assert server.counts["429-for-a-day"] - before == 1


@pytest.mark.parametrize("mode", ["silent", "keepalive", "drip"])
def test_stop_is_heard_within_a_second(server: HostileServer, mode: str) -> None:
    since = time.monotonic()
    reply = planner(server, mode, chunk_seconds=20, total_seconds=20).complete(
        MESSAGES, TOOLS, lambda: time.monotonic() - since > 0.3)
    assert time.monotonic() - since < 1.5
    assert not reply.text and not reply.calls


def _instances() -> list[Exception]:
    """One of every exception that the client defines, as far as it can be made."""
    request = httpx2.Request("POST", "http://x/v1")
    response = httpx2.Response(418, request=request, headers={"retry-after": "soon"})
    made: list[Exception] = []
    for _, kind in inspect.getmembers(openai, inspect.isclass):
        if issubclass(kind, Exception) and kind is not Exception:
            made.append(_make(kind, request, response))
    return made


def _make(kind: type[Exception], request: Any, response: Any) -> Exception:
    wanted = inspect.signature(kind.__init__).parameters
    values = {"request": request, "response": response, "body": {"message": f"no, {KEY}"}, "message": f"no, {KEY}",
              "completion": None, "unsent_messages": []}
    try:
        return kind(**{name: value for name, value in values.items() if name in wanted})
    except Exception:
        error = kind.__new__(kind)
        Exception.__init__(error, "made by hand")
        return error


@pytest.mark.parametrize("error", _instances(), ids=lambda error: type(error).__name__)
def test_every_exception_of_the_client_is_mapped(error: Exception) -> None:
    mapped = ServerPlanner("any", "http://x/v1", SecretStr(KEY)).explain(error)
    assert isinstance(mapped, PlannerError) and type(mapped) is not PlannerError
    assert KEY not in str(mapped)
