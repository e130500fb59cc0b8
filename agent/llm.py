"""A planner behind any server that speaks chat completions with tools, through the `openai` client.

What a server can do wrong has a bound or a name here:

    silence, keep-alives without content   a deadline on every chunk and one on the whole reply, by the wall clock
    calls in words, tags or odd pieces     read as what they mean (`agent.dialects`)
    429, 5xx, no connection                a few retries with jitter; Retry-After is honoured up to 30 seconds
    anything else                          one `agent.api.PlannerError`, one sentence; the key is never part of it

`stop` is polled ten times a second; a stopped reply is empty.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from agent import dialects
from agent.api import (
    PlannerError,
    PlannerNonsense,
    PlannerRateLimited,
    PlannerRefused,
    PlannerReply,
    PlannerTimeout,
    PlannerUnreachable,
    ToolCall,
)
from agent.limits import estimate_tokens
from generators import patience
from generators.api import Cancelled

DEFAULT_URL = "https://api.openai.com/v1"
MAX_CALLS = 16
MAX_CHARACTERS = 400_000
_WAY_OUT = "`--planner embedded` works without a server."
_T = TypeVar("_T")


class ServerPlanner:
    """Chat completions of one model on one server. `chunk_seconds` and `total_seconds` are by the wall clock; `sees`:
    the model reads pictures, and may be sent those that the user drew a note on."""

    name = "openai"
    role, way_out = "The planner", _WAY_OUT  # who failed, and what works all the same, in every sentence

    def __init__(self, model: str, base_url: str | None = None, api_key: SecretStr | None = None, *,
                 chunk_seconds: float = 60.0, total_seconds: float = 180.0, max_tokens: int = 2048,
                 retries: int = patience.RETRIES, sees: bool = False) -> None:
        self.model = model
        self.base_url = base_url or DEFAULT_URL
        self._key = api_key or SecretStr("none")  # local servers take any
        self.chunk_seconds, self.total_seconds = chunk_seconds, total_seconds
        self.max_tokens, self.retries, self.sees = max_tokens, retries, sees

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]],
                 stop: Callable[[], bool]) -> PlannerReply:
        """One reply. Raises a `PlannerError`; a stopped reply is empty."""
        import openai  # noqa: F401  (half a second or more: not on the server's time, and not in the event loop)

        since = time.monotonic()
        try:
            reply = asyncio.run(self._within_bounds(messages, tools, stop))
        except Cancelled:
            return PlannerReply(seconds=time.monotonic() - since)
        return reply.model_copy(update={"seconds": time.monotonic() - since})

    async def _within_bounds(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]],
                             stop: Callable[[], bool]) -> PlannerReply:
        late = PlannerTimeout(f"{self._who} took longer than {self.total_seconds:g} s to answer. {self.way_out}")
        return await patience.heeded(self._patiently(messages, tools), stop, self.total_seconds, late)

    async def _patiently(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> PlannerReply:
        for attempt in range(self.retries + 1):
            try:
                return await self._once(messages, tools)
            except PlannerError as error:
                pause = _pause(error, attempt)
                if attempt == self.retries or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _once(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> PlannerReply:
        from openai import AsyncOpenAI

        client = AsyncOpenAI(api_key=self._key.get_secret_value(), base_url=self.base_url, max_retries=0,
                             timeout=self.total_seconds)
        try:
            return await self._ask(client, messages, tools)
        except PlannerError:
            raise
        except Exception as error:
            raise self.explain(error) from None  # the cause may quote the request, and with it the key
        finally:
            await client.close()

    async def _ask(self, client: Any, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> PlannerReply:
        """Streamed; in one piece, bounded by the older name of the bound, where the server will not have it or streams
        nothing."""
        from openai import BadRequestError, UnprocessableEntityError

        asked = {"model": self.model, "messages": messages, **({"tools": tools} if tools else {})}
        try:
            reply = await self._streamed(client, asked)
        except (BadRequestError, UnprocessableEntityError):
            reply = None
        names = [tool["function"]["name"] for tool in tools]
        reply = reply or _whole(await self._in_time(client.chat.completions.create(
            **asked, max_tokens=self.max_tokens)), names)
        if reply is None:
            raise PlannerNonsense(f"{self._who} sent an answer without content. {self.way_out}")
        guess = estimate_tokens(messages, tools, reply.model_dump())
        return reply if reply.tokens else reply.model_copy(update={"tokens": guess})

    async def _streamed(self, client: Any, asked: dict[str, Any]) -> PlannerReply | None:
        gathered = _Gathered([tool["function"]["name"] for tool in asked.get("tools", [])])
        stream = await self._in_time(client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}, max_completion_tokens=self.max_tokens))
        try:
            async for chunk in self._chunks(stream):
                gathered.add(chunk)
        finally:
            await stream.close()
        return gathered.reply()

    async def _chunks(self, stream: Any) -> AsyncIterator[Any]:
        """Chunks with content, each in time: keep-alive comments do not count."""
        iterator = stream.__aiter__()
        while True:
            try:
                yield await self._in_time(iterator.__anext__())
            except StopAsyncIteration:
                return

    async def _in_time(self, work: Awaitable[_T]) -> _T:
        try:
            return await asyncio.wait_for(work, self.chunk_seconds)
        except TimeoutError:
            raise PlannerTimeout(f"{self._who} was silent for {self.chunk_seconds:g} s. {self.way_out}") from None

    @property
    def _who(self) -> str:
        return f"{self.role} {self.model!r} at {_shown(self.base_url)}"

    def explain(self, error: Exception) -> PlannerError:
        """Any exception of the client or of reading its answer as ours; never quotes a header or a key."""
        import openai

        status = getattr(error, "status_code", None)
        if isinstance(error, openai.APITimeoutError | TimeoutError):
            return PlannerTimeout(f"{self._who} did not answer in time. {self.way_out}")
        if isinstance(error, openai.RateLimitError):
            return _paused(PlannerRateLimited(f"{self._who} has had too many requests (429); wait a while. "
                                              f"{self.way_out}"), error)
        if isinstance(error, openai.APIStatusError) and status is not None and status >= 500:
            return _paused(PlannerUnreachable(f"{self._who} has an error of its own ({status}). {self.way_out}"), error)
        if isinstance(error, openai.APIStatusError):
            return PlannerRefused(f"{self._who} refused the request ({status}: {self._reason(error)}); check "
                                  f"OPENAI_API_KEY and MAQUETTE_PLANNER_MODEL. {self.way_out}")
        if isinstance(error, openai.APIConnectionError):
            return _paused(PlannerUnreachable(f"Nothing answers at {_shown(self.base_url)}; check OPENAI_BASE_URL and "
                                              f"that the server runs. {self.way_out}"), error)
        if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
            return PlannerUnreachable(f"{self._who} reported an error in mid-answer. {self.way_out}")
        return PlannerNonsense(f"{self._who} sent an answer that cannot be read ({type(error).__name__}). "
                               f"{self.way_out}")

    def _reason(self, error: Any) -> str:
        body = error.body if isinstance(error.body, dict) else {}
        reason = str(body.get("message") or "no reason given").replace(self._key.get_secret_value(), "…")
        return re.sub(r"sk-[\w*-]+", "…", " ".join(reason.split()))[:200]


def _shown(url: str) -> str:
    """An address without what may be secret in it: a password before the host, a key behind the question mark."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "its address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _paused(error: PlannerError, cause: Any) -> PlannerError:
    """Notes how long the server asks to wait."""
    headers = getattr(getattr(cause, "response", None), "headers", None) or {}
    error.retry_after = patience.asked_to_wait(headers)  # type: ignore[attr-defined]
    return error


def _pause(error: PlannerError, attempt: int) -> float | None:
    """Seconds until the next try; None where there should be none."""
    asked = getattr(error, "retry_after", None)
    return None if asked is None else patience.pause(asked, attempt)


class _Gathered:
    """A streamed reply, put together from its chunks."""

    def __init__(self, names: list[str] | None = None) -> None:
        self.names = names or []
        self.text: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.tokens = 0
        self.size = 0

    def add(self, chunk: Any) -> None:
        if getattr(chunk, "usage", None):
            self.tokens = max(self.tokens, int(chunk.usage.total_tokens or 0))
        for choice in (getattr(chunk, "choices", None) or [])[:1]:
            delta = choice.delta
            if delta is None:
                continue
            text = _words(delta.content)
            self._grow(text)
            self.text.append(text)
            for position, part in enumerate(delta.tool_calls or []):
                self._add_call(position, part)
            if getattr(delta, "function_call", None):
                self._extend(self._slot(0, None), delta.function_call)

    def _add_call(self, position: int, part: Any) -> None:
        index = part.index if isinstance(getattr(part, "index", None), int) else position
        call = self._slot(index, getattr(part, "id", None))
        if part.function is not None:
            self._extend(call, part.function)

    def _slot(self, index: int, id: str | None) -> dict[str, Any]:
        """The call that a piece belongs to: the newest of its number, unless it says that it is another."""
        call = next((call for call in reversed(self.calls) if call["index"] == index), None)
        if call is None or (id and call["id"] and id != call["id"]):
            call = {"index": index, "id": id, "name": "", "arguments": ""}
            self.calls.append(call)
        call["id"] = call["id"] or id
        return call

    def _extend(self, call: dict[str, Any], function: Any) -> None:
        name, more = function.name or "", _raw(function.arguments)
        self._grow(more)
        call["name"] += "" if name == call["name"] else name  # some servers say it with every piece
        call["arguments"] += more

    def _grow(self, text: str | None) -> None:
        self.size += len(text or "")
        _check_length(self.size)

    def reply(self) -> PlannerReply | None:
        calls = [(call["name"], call["arguments"]) for call in sorted(self.calls, key=lambda call: call["index"])]
        return _reply("".join(self.text), calls, self.tokens, self.names)


def _check_length(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise PlannerNonsense(f"The planner's reply is longer than {MAX_CHARACTERS} characters. {_WAY_OUT}")


def _words(content: Any) -> str:
    """Content as text; some servers send it in typed parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _raw(arguments: Any) -> str:
    """Arguments as they were written; some servers send them as an object."""
    return arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)


def _whole(completion: Any, names: list[str]) -> PlannerReply | None:
    """An answer that came in one piece; None where it holds nothing."""
    choices = getattr(completion, "choices", None) or []
    if not choices or choices[0].message is None:
        return None
    message = choices[0].message
    calls = [(call.function.name or "", _raw(call.function.arguments)) for call in message.tool_calls or []
             if getattr(call, "function", None)]
    if getattr(message, "function_call", None):
        calls.append((message.function_call.name or "", _raw(message.function_call.arguments)))
    tokens = int(completion.usage.total_tokens or 0) if completion.usage else 0
    text = _words(message.content)
    _check_length(len(text) + sum(len(raw) for _, raw in calls))
    return _reply(text, calls, tokens, names)


def _reply(text: str, calls: list[tuple[str, str]], tokens: int, names: list[str]) -> PlannerReply | None:
    """Calls of their own first, each once, without empty ones; else those that the words hold."""
    calls = list(dict.fromkeys(call for call in calls if call[0] or call[1].strip(" {}")))
    if calls:
        text = dialects.without_thoughts(text)
    else:
        text, calls = dialects.read(text, names)
    if not text.strip() and not calls:
        return None
    return PlannerReply(text=text, calls=[_call(n, *call) for n, call in enumerate(calls[:MAX_CALLS])],
                        tokens=max(0, tokens))


def _call(number: int, name: str, raw: str) -> ToolCall:
    arguments, error = dialects.arguments(raw)
    return ToolCall(id=str(number), name=str(name)[:64], arguments=arguments, error=error)
