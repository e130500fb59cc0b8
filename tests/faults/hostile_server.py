"""A chat-completions server that behaves as servers do on a bad day. Loopback only, standard library only.

    with HostileServer() as server:
        ServerPlanner("any", server.url("keepalive"), ...)

The mode is part of the address, so that one server plays them all. `server.requests` keeps what was asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CALL = {"name": "generate", "arguments": '{"prompt": "two dogs"}'}


def completion(content: str | None = "A plan.", calls: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """A whole answer."""
    tool_calls = [{"id": f"c{n}", "type": "function", "function": call} for n, call in enumerate(calls or [])]
    message = {"role": "assistant", "content": content, **({"tool_calls": tool_calls} if tool_calls else {})}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "any",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}


def chunk(delta: dict[str, Any] | None = None, usage: bool = False) -> bytes:
    """One piece of a streamed answer."""
    value: dict[str, Any] = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "any", "choices": []}
    if delta is not None:
        value["choices"] = [{"index": 0, "delta": delta, "finish_reason": None}]
    if usage:
        value["usage"] = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def call_chunks(arguments: str, name: str = "generate") -> Iterator[bytes]:
    """A tool call in pieces, as models write it."""
    yield chunk({"role": "assistant", "tool_calls": [
        {"index": 0, "id": "c0", "type": "function", "function": {"name": name, "arguments": ""}}]})
    for start in range(0, len(arguments), 7):
        piece = arguments[start:start + 7]
        yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})


END = b"data: [DONE]\n\n"


class HostileServer:
    """Plays every mode of `MODES`."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.closing = threading.Event()
        owner = self

        class Handler(_Handler):
            server_owner = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def url(self, mode: str) -> str:
        assert mode in MODES, mode
        return f"http://127.0.0.1:{self._server.server_port}/{mode}/v1"

    def __enter__(self) -> HostileServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_owner: HostileServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        mode = self.path.split("/")[1]
        self.server_owner.counts[mode] += 1
        self.server_owner.requests.append(body)
        try:
            MODES[mode](self, body)
        except (ConnectionError, OSError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status: int, **headers: str) -> None:
        self.answer(status, json.dumps({"error": {"message": f"error {status}", "type": "x"}}).encode(), **headers)

    def stream(self, pieces: Iterator[bytes] | list[bytes], pause: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if self.server_owner.closing.wait(pause):
                return

    def wait(self) -> None:
        self.server_owner.closing.wait(30)

    @property
    def first(self) -> bool:
        return self.server_owner.counts[self.path.split("/")[1]] == 1


def _good(h: _Handler, body: dict[str, Any]) -> None:
    if body.get("stream"):
        h.stream([*call_chunks(CALL["arguments"]), chunk(usage=True), END])
    else:
        h.answer(200, json.dumps(completion(None, [CALL])).encode())


def _once(status: int, **headers: str) -> Callable[[_Handler, dict[str, Any]], None]:
    """An error first, and a good answer after it."""
    return lambda h, body: h.error(status, **headers) if h.first else _good(h, body)


def _calls(arguments: str, name: str = "generate") -> Callable[[_Handler, dict[str, Any]], None]:
    return lambda h, body: h.stream([*call_chunks(arguments, name), END])


def _body(raw: bytes, kind: str = "application/json") -> Callable[[_Handler, dict[str, Any]], None]:
    return lambda h, body: h.answer(200, raw, kind)


def _keepalive(h: _Handler, body: dict[str, Any]) -> None:
    h.stream((b": keep-alive\n\n" for _ in range(10_000)), pause=0.05)


def _drip(h: _Handler, body: dict[str, Any]) -> None:
    h.stream((chunk({"content": "a "}) for _ in range(10_000)), pause=0.05)


def _endless(h: _Handler, body: dict[str, Any]) -> None:
    h.stream(chunk({"content": "a" * 10_000}) for _ in range(10_000))


def _stall(h: _Handler, body: dict[str, Any]) -> None:
    h.stream([chunk({"content": "I "})])
    h.wait()


def _reset(h: _Handler, body: dict[str, Any]) -> None:
    """Less than was promised, then the end of the connection."""
    h.send_response(200)
    h.send_header("Content-Type", "text/event-stream")
    h.send_header("Content-Length", "100000")
    h.end_headers()
    h.wfile.write(chunk({"content": "I th"}))
    h.close_connection = True


def _no_streaming(h: _Handler, body: dict[str, Any]) -> None:
    h.error(400) if body.get("stream") else _good(h, body)


def _error_in_stream(h: _Handler, body: dict[str, Any]) -> None:
    h.stream([chunk({"content": "I "}), b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'])


def _slow(h: _Handler, body: dict[str, Any]) -> None:
    time.sleep(0.3)
    _good(h, body)


MODES: dict[str, Callable[[_Handler, dict[str, Any]], None]] = {
    "good": _good,
    "slow": _slow,
    "words": lambda h, b: h.stream([chunk({"content": "Hello "}), chunk({"content": "there."}), END]),
    "no-streaming": _no_streaming,
    "whole-although-asked-to-stream": _body(json.dumps(completion()).encode()),
    "429-once": _once(429, retry_after="0"),
    "429-for-a-day": lambda h, b: h.error(429, retry_after="86400"),
    "500-once": _once(500),
    "500": lambda h, b: h.error(500),
    "503-html": lambda h, b: h.answer(503, b"<html>Bad gateway</html>", "text/html"),
    "401": lambda h, b: h.answer(401, json.dumps({"error": {
        "message": f"Incorrect API key provided: {h.headers.get('authorization')}"}}).encode()),
    "404": lambda h, b: h.error(404),
    "html": _body(b"<html>Welcome to nginx</html>", "text/html"),
    "null": _body(b"null"),
    "broken-json": _body(b'{"choices": [{"mess'),
    "no-choices": lambda h, b: h.stream([chunk(), END]) if b.get("stream") else h.answer(
        200, json.dumps({**completion(), "choices": []}).encode()),
    "garbage": lambda h, b: h.stream([b"data: {not json\n\n", END]),
    "error-in-stream": _error_in_stream,
    "silent": lambda h, b: h.wait(),
    "stall": _stall,
    "keepalive": _keepalive,
    "drip": _drip,
    "endless": _endless,
    "reset": _reset,
    "arguments-cut-off": _calls('{"prompt": "two do'),
    "arguments-fenced": _calls('```json\n{"prompt": "two dogs"}\n```'),
    "arguments-twice": _calls('{"prompt": "a", "prompt": "b"}'),
    "arguments-nan": _calls('{"prompt": "a", "seed": NaN}'),
    "arguments-list": _calls('["two dogs"]'),
}
