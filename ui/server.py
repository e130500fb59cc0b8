"""The page as a web application: pictures by our own route, Gradio for the rest, the guard in front of both."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from agent.api import AgentError, StudioProtocol
from generators.api import GeneratorError
from ui.api import PageSettings

PICTURE = re.compile(r"[0-9a-f]{32}")
FOREVER = "private, max-age=31536000, immutable"
MAX_BYTES = 32 << 20


def build(studio: StudioProtocol, settings: PageSettings):  # -> fastapi.FastAPI
    """The whole application. Gradio is imported here, not with the module: it takes seconds."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio as gr
    from fastapi import FastAPI

    from ui import theme
    from ui.chat import layout
    from ui.guard import Guard
    from ui.page import Page

    page = Page(studio, getattr(settings, "generator", "diffusion"), getattr(settings, "limits", None))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        page.hub.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.page = page
    _routes(app, studio)
    blocks = layout(page).queue(max_size=256, default_concurrency_limit=None)
    app = gr.mount_gradio_app(
        app, blocks, path="/", server_name=settings.host, server_port=settings.port, allowed_paths=[],
        max_file_size="25mb", show_error=False, run_history=False, enable_monitoring=False, footer_links=[],
        pwa=False, ssr_mode=False, mcp_server=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None}, theme=theme.theme(), head=theme.head(),
    )
    app.add_middleware(Guard, host=settings.host, hosts=getattr(settings, "hosts", ()), max_bytes=MAX_BYTES)
    return app


def _routes(app, studio: StudioProtocol) -> None:
    from fastapi import Response
    from fastapi.responses import FileResponse

    from ui.theme import STATIC

    @app.get("/pictures/{name}.png")
    def picture(name: str) -> Response:
        """A stored picture, byte for byte: nothing re-encodes it, its record stays inside."""
        path = _stored(studio, name)
        if path is None:
            return Response("There is no such picture here.", status_code=404, media_type="text/plain")
        return FileResponse(path, media_type="image/png", headers={"cache-control": FOREVER})

    for name, kind in (("maquette.js", "text/javascript"), ("maquette.css", "text/css")):
        app.get(f"/page/{name}")(_static(STATIC / name, kind))

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}


def _static(path: Path, kind: str) -> Callable[[], Any]:
    """A route for one file of ours; asked for again at every load, so that an update is never half seen."""
    from fastapi.responses import FileResponse

    return lambda: FileResponse(path, media_type=kind, headers={"cache-control": "no-cache"})


def _stored(studio: StudioProtocol, name: str) -> str | None:
    if not PICTURE.fullmatch(name):
        return None
    try:
        path = studio.path(name)
    except (AgentError, GeneratorError, KeyError, OSError):
        return None
    return path if os.path.isfile(path) and not os.path.islink(path) else None


def serve(studio: StudioProtocol, settings: PageSettings) -> int:
    """Serve the page until SIGTERM or Ctrl-C; 0 after a clean end, 1 where the port cannot be had."""
    import uvicorn

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
