"""Helpers for tests in a real browser: a page server in a thread, Chromium by Playwright, and what users do."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "images"
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run", "--disable-quic")  # fmt: skip
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000
# What Gradio's client says of its open stream when the page is left; a page that is left shows nothing of it.
AT_RELOAD = ("AbortError", "Unexpected error Connection errored out", "Failed to load resource: net::ERR_ABORTED")
ASK = "a red apple to the left of two dogs on a beach"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of a running server for `app`, in a thread."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "the server did not start")
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(20)


def until(holds: Callable[[], Any], otherwise: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


def open_page(browser: Any, address: str, viewport: dict[str, int] | None = None, **more: Any) -> Any:
    """A page in a context of its own. What it complains about is kept in `page.complaints`, every address that it
    asked for in `page.asked`."""
    page = browser.new_context(viewport=viewport or DESKTOP, **more).new_page()
    page.complaints, page.asked = [], []
    def complain(text: str) -> None:
        if not text.startswith(AT_RELOAD):
            page.complaints.append(text)

    page.on("pageerror", lambda error: complain(str(error)))
    page.on("console", lambda said: complain(said.text) if said.type == "error" else None)
    page.on("request", lambda request: page.asked.append(request.url))
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_function("window.maquette && document.querySelector('.mq-stage')")
    return page


def say(page: Any, text: str, wait: bool = True) -> None:
    """Type a message, press Enter, and wait until it was taken and, unless told otherwise, worked off."""
    before = page.locator(".mq-said").count()
    page.fill("#box textarea", text)
    page.press("#box textarea", "Enter")
    page.wait_for_function(f"document.querySelectorAll('.mq-said').length > {before}")
    if wait:
        settle(page)


def settle(page: Any) -> None:
    """Wait until no turn runs and the picture is there."""
    page.wait_for_function("document.body.dataset.busy === ''")
    page.wait_for_function("(document.querySelector('.mq-picture') ?? {complete: true}).complete")


def paint_over(page: Any, box: tuple[float, float, float, float]) -> None:
    """Paint strokes over a box in fractions of the picture, with the mouse, as a person would."""
    page.click("[data-tool=paint]")
    area = page.locator(".mq-canvas").bounding_box()
    rows = max(2, 2 + int((box[3] - box[1]) / 0.08))
    for row in range(rows):
        height = area["y"] + area["height"] * (box[1] + (box[3] - box[1]) * row / (rows - 1))
        page.mouse.move(area["x"] + area["width"] * box[0], height)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * box[2], height, steps=6)
        page.mouse.up()


def current(page: Any) -> str | None:
    return page.get_attribute(".mq-stage", "data-picture")


def shot(page: Any, name: str, still: bool = False) -> None:
    """Save a picture for the docs, where they are asked for (MAQUETTE_SCREENSHOTS=1); `still`: with the mouse left
    where it is."""
    if os.environ.get("MAQUETTE_SCREENSHOTS"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        if not still:
            page.mouse.move(2, 2)
        time.sleep(0.6)
        page.screenshot(path=PICTURES / f"{name}.png")


def no_sideways(page: Any) -> bool:
    """Nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
