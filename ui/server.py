"""The page as a web application: pictures by our own route, Gradio for the rest, the guard in front of both."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from PIL import Image

from agent.api import AgentError, StudioProtocol
from generators.api import GeneratorError
from generators.recalled import recalled
from tools.api import ToolError
from ui.api import PageSettings, read_sent
from ui.chosen import ADAPTER
from ui.guard import Guard, is_loopback
from ui.live import sentence
from ui.paint import opacity
from ui.runs import Runs
from ui.words import ENGLISH, for_scripts, use

if TYPE_CHECKING:
    from ui.page import Page

PICTURE = re.compile(r"[0-9a-f]{32}")
FOREVER = "private, max-age=31536000, immutable"
MAX_BYTES = 32 << 20
MOST_PICKED = 1000
SCRIPTS = ("stream.js", "maquette.js", "hand.js", "live.js", "references.js", "evaluation.js")
SCRIPT = "text/javascript"
STYLES = ("maquette.css", "hand.css", "evaluation.css")
THUMBNAIL = 256
"""Longest side of a thumbnail in pixels: sharp in the gallery, a few kilobytes."""


def build(studio: StudioProtocol, settings: PageSettings):  # -> fastapi.FastAPI
    """The whole application. Gradio is imported here, not with the module: it takes seconds."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio as gr
    from fastapi import FastAPI

    from ui import theme
    from ui.chat import layout
    from ui.page import Page

    data = getattr(settings, "data", None)
    runs = Runs(data / "runs" if data else None)
    page = Page(studio, getattr(settings, "generator", "diffusion"), getattr(settings, "limits", None), runs)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        page.hub.close()
        runs.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.page = page
    _routes(app, studio)
    _drafts(app, page)
    _reports(app, runs)
    blocks = layout(page).queue(max_size=256, default_concurrency_limit=None)
    app = gr.mount_gradio_app(
        app, blocks, path="/", server_name=settings.host, server_port=settings.port, allowed_paths=[],
        max_file_size="25mb", show_error=False, run_history=False, enable_monitoring=False, footer_links=[],
        pwa=False, ssr_mode=False, mcp_server=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None}, theme=theme.theme(), head=theme.head(),
    )
    app.add_middleware(Guard, host=settings.host, hosts=getattr(settings, "hosts", ()), max_bytes=MAX_BYTES,
                       password=_password(settings))
    return app


def _routes(app, studio: StudioProtocol) -> None:
    from fastapi import Request, Response
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

    from ui.theme import STATIC

    @app.get("/pictures/{name}.png")
    def picture(name: str) -> Response:
        """A stored picture, byte for byte: nothing re-encodes it, its record stays inside."""
        path = _stored(studio, name)
        if path is None:
            return Response("There is no such picture here.", status_code=404, media_type="text/plain")
        return FileResponse(path, media_type="image/png", headers={"cache-control": FOREVER})

    @app.get("/thumbnails/{name}.webp")
    def thumbnail(name: str) -> Response:
        """A small copy of a stored picture: made once, kept here and in the browser."""
        path = _stored(studio, name)
        if path is None:
            return Response("There is no such picture here.", status_code=404, media_type="text/plain")
        return Response(_thumbnail(path), media_type="image/webp", headers={"cache-control": FOREVER})

    @app.get("/outlines/{name}.png")
    def outline(name: str, x: float, y: float) -> Response:
        """What lies at a point of a stored picture, as a mask in a PNG's opacity; nothing where nobody here can say."""
        if _stored(studio, name) is None:
            return Response("There is no such picture here.", status_code=404, media_type="text/plain")
        try:
            mask = studio.outline(name, (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
        except GeneratorError as error:
            return Response(str(error), status_code=503, media_type="text/plain")
        if mask is None:
            return Response(status_code=204)
        return Response(opacity(mask), media_type="image/png", headers={"cache-control": "no-store"})

    async def several(request: Request) -> Response:
        """The pictures whose ids a form names, as one file."""
        named = parse_qs((await request.body()).decode("latin-1")).get("id", [])[:MOST_PICKED]
        paths = {name: path for name in named if (path := _stored(studio, name))}
        if not paths:
            return Response("None of these pictures is here.", status_code=404, media_type="text/plain")
        return StreamingResponse(_zip(paths), media_type="application/zip",
                                 headers={"content-disposition": 'attachment; filename="maquette.zip"'})

    async def recall(request: Request) -> Response:
        """What the bytes of a picture say of how it was made, as text for the message box; nothing is kept of them."""
        found = await run_in_threadpool(recalled, await request.body())
        if found is None:
            return Response(status_code=204)
        size = f"{found.size[0]}x{found.size[1]}" if found.size else None
        worn = {ADAPTER + name: f"{weight:g}" for name, weight in found.adapters}
        said = {**found._asdict(), "size": size, "adapters": None, **worn}
        return JSONResponse({name: str(value) for name, value in said.items() if value is not None})

    app.add_route("/pictures.zip", several, methods=["POST"])
    app.add_route("/recalled", recall, methods=["POST"])
    for name, kind, parts in (("maquette.js", SCRIPT, SCRIPTS), ("maquette.css", "text/css", STYLES)):
        app.get(f"/page/{name}")(_static([STATIC / part for part in parts], kind))

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}


def _reports(app, runs: Runs) -> None:
    from fastapi import Response
    from fastapi.responses import FileResponse

    @app.get("/runs/{name}/report.html")
    def report(name: str) -> Response:
        """The report of an evaluation, as its command wrote it: a page of its own that loads nothing."""
        file = runs.report(name)
        if file is None:
            return Response("There is no such report here.", status_code=404, media_type="text/plain")
        return FileResponse(file, media_type="text/html", headers={"cache-control": "no-cache"})


def _drafts(app, page: Page) -> None:
    from fastapi import Request, Response
    from fastapi.concurrency import run_in_threadpool

    async def draft(request: Request) -> Response:
        """What is being typed or dragged, drawn for a look: what `static/live.js` sends is a `Sent` and the words."""
        body = await request.body()
        try:
            said = json.loads(body)
            text, quick, tab = str(said["text"])[:4000], bool(said["quick"]), str(said["tab"])[:64]
        except (ValueError, KeyError, TypeError, RecursionError):
            return Response("That is no wish.", status_code=400, media_type="text/plain")
        try:
            image = await run_in_threadpool(page.draft, text, read_sent(body.decode()), quick, tab)
        except (AgentError, GeneratorError, ToolError) as error:
            return Response(sentence(error), status_code=409, media_type="text/plain")
        return Response(image, media_type="image/webp") if image else Response(status_code=204)

    app.add_route("/draft", draft, methods=["POST"])


def _static(paths: Sequence[Path], kind: str) -> Callable[[], Any]:
    """A route for files of ours, as one; asked for again at every load, so that an update is never half seen."""
    from fastapi import Response

    def joined() -> Response:
        texts = [path.read_text(encoding="utf-8") for path in paths]
        if kind == SCRIPT:
            texts.insert(1, for_scripts("\n".join(texts)))  # after what must be first, before what says them
        return Response("\n".join(texts), media_type=kind, headers={"cache-control": "no-cache"})

    return joined


def _stored(studio: StudioProtocol, name: str) -> str | None:
    if not PICTURE.fullmatch(name):
        return None
    try:
        path = studio.path(name)
    except (AgentError, GeneratorError, KeyError, OSError):
        return None
    return path if os.path.isfile(path) and not os.path.islink(path) else None


def _zip(paths: Mapping[str, str]) -> Iterator[bytes]:
    """The pictures as they are stored, packed without squeezing them: a PNG is."""
    with tempfile.SpooledTemporaryFile(max_size=MAX_BYTES) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
            for name, path in paths.items():
                packed.write(path, f"maquette-{name[:12]}.png")
        file.seek(0)
        while piece := file.read(1 << 16):
            yield piece


@lru_cache(maxsize=4096)
def _thumbnail(path: str) -> bytes:
    """A picture of at most THUMBNAIL pixels a side; a stored picture never changes, so its path may stand for it."""
    with Image.open(path, formats=("PNG",)) as opened:
        image = opened.convert("RGB")
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def serve(studio: StudioProtocol, settings: PageSettings) -> int:
    """Serve the page until SIGTERM or Ctrl-C; 0 after a clean end, 1 where the port cannot be had. Raises `BadInput`
    where it is to speak a language that it has no catalogue of."""
    import uvicorn

    use(getattr(settings, "language", ENGLISH))
    if refusal := unguarded(settings.host, _password(settings)):
        print(refusal, file=sys.stderr)
        return 1
    listener = _listen(settings.host, settings.port)
    if isinstance(listener, str):
        print(listener, file=sys.stderr)
        return 1
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(build(studio, settings), log_level="warning", access_log=False, server_header=False,
                            timeout_graceful_shutdown=2, limit_concurrency=512)
    name = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host
    print(f"Maquette is ready at http://{name}:{listener.getsockname()[1]}  (Ctrl-C ends it)", flush=True)
    with listener, _ending_quietly():
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def unguarded(host: str, password: str) -> str:
    """Why the page is not opened to other machines as it is; nothing for this machine's own addresses."""
    if password or is_loopback(host):
        return ""
    return (f"--host {host} opens the page to other machines, and whoever reaches it may use everything: set a "
            "password of eight characters or more in MAQUETTE_PASSWORD (the browser will ask for it), or leave --host "
            "away.")


def _password(settings: PageSettings) -> str:
    secret = getattr(settings, "password", None)
    return secret.get_secret_value() if secret else ""


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more when it is done; what comes after it must still happen."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket | str:
    """A bound socket, or the sentence that says why there is none. Bound first, so that nothing loads in vain."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        return _no_port(host, port, error)
    return listener


def _no_port(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"Port {port} is taken by another program; end that one, or choose another with --port."
    if code in (errno.EACCES, errno.EPERM):
        return f"Port {port} may not be used without more rights; choose one above 1024 with --port."
    reason = getattr(error, "strerror", None) or error
    return f"The page cannot listen on {host} port {port} ({reason}); choose others with --host and --port."
