"""What may talk to the page, and what the page may talk to.

A page that listens to other machines asks for a password at every request (`ui.server` refuses to start without one).
A local server without a password has three open doors, all of them measured on the stack we use: another site's
script can post to it (no Origin check), another site's name can point to it (DNS rebinding), and words of a
model can make the browser fetch an address that carries what was said (a Markdown image, a CSS background).
`Guard` closes all three for every route, ours and Gradio's.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})

# Gradio compiles its templates with `new Function` and styles elements inline, hence the two 'unsafe-' words.
# What matters is that nothing can be fetched from, or sent to, anywhere but this server.
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'self'", "img-src 'self' data: blob:", "media-src 'self' data: blob:", "font-src 'self' data:",
    "style-src 'self' 'unsafe-inline'", "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "worker-src 'self' blob:", "connect-src 'self' data: blob:", "frame-src 'none'", "object-src 'none'",
    "form-action 'self'", "base-uri 'self'", "frame-ancestors 'none'",
))  # fmt: skip

HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    # The address holds the session's name: it must not travel to another site.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}


class _TooLarge(Exception):
    """More bytes arrived than the limit."""


class Guard:
    """ASGI middleware: Host allowlist, same-origin writes, size limit, security headers.

    `hosts` are further names by which the page is reached (without port). A server bound to every interface is
    also reached by bare addresses, which no rebinding name can imitate, so those pass.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", hosts: Iterable[str] = (), max_bytes: int = 32 << 20,
                 password: str = "") -> None:
        self.app = app
        self.password = password.encode()
        self.hosts = LOCAL_HOSTS | {_bare(name) for name in (host, *hosts)} - EVERYWHERE
        self.any_address = _bare(host) in EVERYWHERE
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = self.refusal(scope.get("method", "WEBSOCKET"), headers)
        if refusal:
            await _refuse(scope, send, *refusal)
            return
        await self._pass(scope, receive, send)

    def refusal(self, method: str, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and sentence when the request may not pass, else None. Header names in lower case."""
        host = headers.get("host", "")
        if not self._known(host):
            return 421, "This server is not known by that name; open it as http://localhost."
        if method not in SAFE_METHODS:
            origin = headers.get("origin")
            foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
            if foreign or headers.get("sec-fetch-site") == "cross-site":
                return 403, "A request from another site was refused."
        if self.password and not self._let_in(headers.get("authorization", "")):
            return 401, "This page asks for a password; any name will do."
        length = headers.get("content-length", "0")
        if not length.isdigit():
            return 400, "The request's length is no number."
        if int(length) > self.max_bytes:
            return 413, self._too_large()
        return None

    def _let_in(self, header: str) -> bool:
        """HTTP Basic (RFC 7617): the password must be right, compared in constant time; the name is not looked at."""
        scheme, _, given = header.partition(" ")
        try:
            said = base64.b64decode(given, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(said, self.password)

    def _known(self, host: str) -> bool:
        name = _bare(host)
        return name in self.hosts or (self.any_address and _is_address(name))

    def _too_large(self) -> str:
        return f"That is more than the {self.max_bytes >> 20} MB that this page takes at once; send a smaller file."

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        count, started, refused = 0, False, False

        async def counted() -> Message:
            nonlocal count, refused
            message = await receive()
            count += len(message.get("body", b""))
            if count > self.max_bytes:
                refused = True
                raise _TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal started
            if refused:
                return
            if message["type"] == "http.response.start":
                started = True
                kept = [(k, v) for k, v in message["headers"] if k.lower() not in HEADERS]
                message = {**message, "headers": [*kept, *HEADERS.items()]}
            await send(message)

        with contextlib.suppress(_TooLarge):
            await self.app(scope, counted, dressed)
        if refused and not started:
            await _refuse(scope, send, 413, self._too_large())


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS.items()]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="Maquette", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _bare(host: str) -> str:
    """`[::1]:7860` -> `::1`, `Example.org:80` -> `example.org`."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` is reached from its own machine only."""
    name = _bare(host)
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
