"""A stand-in for the hub on this machine: what its client asks for, and what goes wrong with it. Standard library only.

    with Hub({"owner/model": {"config.json": b"{}"}}) as hub:
        run(env=hub.env)

`hub.trouble` says what happens: "gated", "missing", "busy", "breaks" (each large file's first answer ends half-way),
"damaged" (the bytes are others than the listing says).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
REFUSALS = {"gated": (403, "GatedRepo"), "missing": (404, "RepoNotFound"), "busy": (503, "")}


class Hub:
    """Serves repositories, each a dict of paths and bytes. Whatever is no text is large, and has its sha256 listed."""

    def __init__(self, repositories: dict[str, dict[str, bytes]], trouble: str = "") -> None:
        self.repositories, self.trouble = repositories, trouble
        self.asked: Counter[str] = Counter()
        self.ranges: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self, body=True)

            def do_HEAD(self) -> None:
                owner.answer(self, body=False)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def env(self) -> dict[str, str]:
        """What a process needs to take this for the hub."""
        return {"HF_ENDPOINT": f"http://127.0.0.1:{self._server.server_address[1]}", "HF_HUB_OFFLINE": "0",
                "TRANSFORMERS_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

    def answer(self, ask: BaseHTTPRequestHandler, body: bool) -> None:
        path = unquote(urlsplit(ask.path).path).lstrip("/")
        owned = path.removeprefix("api/models/")
        name = "/".join(owned.split("/")[:2])
        if self.trouble in REFUSALS or name not in self.repositories:
            code, kind = REFUSALS.get(self.trouble, REFUSALS["missing"])
            self._send(ask, code, b"{}", {"X-Error-Code": kind} if kind else {}, body)
        elif path.startswith("api/models/"):
            self._tell(ask, name, owned, body)
        else:
            self._file(ask, name, path.split("/", 4)[4], body)

    def _tell(self, ask: BaseHTTPRequestHandler, name: str, path: str, body: bool) -> None:
        """What a repository is, or what is in it."""
        if "/tree/" in path:
            said: Any = [self._listed(file, data) for file, data in self.repositories[name].items()]
        else:
            said = {"id": name, "modelId": name, "sha": REVISION, "siblings": [], "private": False, "tags": [],
                    "downloads": 0, "likes": 0}
        self._send(ask, 200, json.dumps(said).encode(), {"Content-Type": "application/json"}, body)

    def _listed(self, path: str, data: bytes) -> dict[str, Any]:
        listed: dict[str, Any] = {"type": "file", "path": path, "size": len(data)}
        listed["oid"] = hashlib.sha1(data).hexdigest()
        if not _is_text(path):
            listed["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return listed

    def _file(self, ask: BaseHTTPRequestHandler, name: str, path: str, body: bool) -> None:
        data = self.repositories[name].get(path)
        if data is None:
            self._send(ask, 404, b"", {"X-Error-Code": "EntryNotFound"}, body)
            return
        etag = (hashlib.sha1 if _is_text(path) else hashlib.sha256)(data).hexdigest()
        head = {"X-Repo-Commit": REVISION, "ETag": f'"{etag}"', "X-Linked-Size": str(len(data)),
                "Accept-Ranges": "bytes"}
        if self.trouble == "damaged" and not _is_text(path):
            data = bytes(len(data))
        start = int((ask.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start:
            self.ranges.append(path)
            head["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if body:
            self.asked[path] += 1
        breaks = body and self.trouble == "breaks" and not _is_text(path) and self.asked[path] == 1
        self._send(ask, 206 if start else 200, data[start:], head, body, breaks)

    def _send(self, ask: BaseHTTPRequestHandler, code: int, data: bytes, head: dict[str, str], body: bool,
              breaks: bool = False) -> None:
        ask.send_response(code)
        for key, value in {**head, "Content-Length": str(len(data))}.items():
            ask.send_header(key, value)
        ask.end_headers()
        if body:
            ask.wfile.write(data[: len(data) // 2] if breaks else data)
        if breaks:
            ask.close_connection = True


def _is_text(path: str) -> bool:
    return path.endswith((".json", ".txt", ".md", ".jinja")) or "." not in path.rpartition("/")[2]
