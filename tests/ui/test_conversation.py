"""The whole conversation of a first user, in a real browser against the real program.

With the pack where it is trained, else with the procedural generator. With MAQUETTE_SCREENSHOTS=1 it leaves the
pictures that the README shows.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.browsing import (
    ASK,
    PHONE,
    ROOT,
    current,
    free_port,
    no_sideways,
    open_page,
    paint_over,
    say,
    settle,
    shot,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker]
PACK = ROOT / "generators" / "pack" / "diffusion" / "model_index.json"


@contextlib.contextmanager
def program(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`python app.py serve`, ready to be visited."""
    words = [sys.executable, "app.py", "serve", "--port", str(port), "--data", str(data)]
    words += [] if PACK.is_file() else ["--generator", "sketch"]
    log = (data.parent / "serve.log").open("ab")
    process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or _answers(port), "the program did not start", 120)
        assert process.poll() is None, (data.parent / "serve.log").read_text()
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGKILL), "a page that is asked to end says nothing and returns 0"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        log.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def box_of(page: Any, name: str) -> tuple[float, float, float, float]:
    """Where the studio saw an object of that name, or the lower left where it saw none."""
    marks = page.locator("[data-fill]").filter(has_text=name)
    if not marks.count():
        return 0.1, 0.6, 0.35, 0.85
    import json

    return tuple(json.loads(marks.first.get_attribute("data-fill"))[0])


def state(page: Any) -> tuple[Any, ...]:
    """What the page shows, to be compared with what it shows later."""
    settle(page)
    words = [*page.locator(".mq-said").all_inner_texts(), *page.locator(".mq-say").all_inner_texts()]
    return (page.url, words, current(page), page.locator(".mq-versions button").count(),
            page.locator(".option").all_inner_texts())


def test_the_whole_conversation(browser: Any, tmp_path: Path) -> None:
    port = free_port()
    with program(tmp_path / "data", port):
        page = open_page(browser, f"http://127.0.0.1:{port}/")
        page.evaluate("localStorage.setItem('maquette-settings', JSON.stringify({seed: '7'}))")  # as in the README
        say(page, ASK)
        page.click(".mq-kept [data-unset]")
        first = current(page)
        assert first and page.locator(".mq-badge").count() >= 4
        assert "drew" in page.locator(".thought-group .title").first.inner_text()
        shot(page, "first-picture")
        say(page, "make one of the dogs purple")
        second = current(page)
        assert second != first and "purple" in page.locator(".mq-chips").first.inner_text()
        paint_over(page, box_of(page, "apple"))
        page.fill("#box textarea", "put a cake here")
        page.wait_for_selector(".mq-painted:visible")
        shot(page, "painting")
        say(page, "put a cake here")
        third = current(page)
        assert third != second and "cake" in page.locator(".mq-chips").first.inner_text()
        say(page, "draw me something nice for my sister")
        options = page.locator(".option")
        assert options.count() >= 2 and current(page) == third
        shot(page, "question")
        dark_and_phone(browser, page)
        options.first.click()
        page.wait_for_function("document.querySelectorAll('.mq-said').length === 5")
        settle(page)
        assert page.locator(".option").count() == 0
        before = current(page)
        say(page, "undo")
        assert current(page) != before
        kept = state(page)
        page.reload()
        page.wait_for_selector(".mq-said")
        assert state(page) == kept
        assert not page.complaints
        page.context.close()
    with program(tmp_path / "data", port):
        page = open_page(browser, kept[0])
        assert state(page) == kept
        page.context.close()


def dark_and_phone(browser: Any, page: Any) -> None:
    settle(page)
    dark = open_page(browser, page.url, color_scheme="dark")
    settle(dark)
    shot(dark, "dark")
    dark.context.close()
    phone = open_page(browser, page.url, PHONE, has_touch=True, is_mobile=True)
    settle(phone)
    assert no_sideways(phone) and phone.locator(".option").count() >= 2
    shot(phone, "phone")
    phone.context.close()


def test_a_killed_turn_is_offered_again(browser: Any, tmp_path: Path) -> None:
    """kill -9 in the middle of a turn: the message is there afterwards, and "Continue" finishes it."""
    port = free_port()
    with program(tmp_path / "data", port) as process:
        page = open_page(browser, f"http://127.0.0.1:{port}/")
        page.fill("#box textarea", ASK)
        page.press("#box textarea", "Enter")
        page.wait_for_function("location.search.includes('session=')")
        # The message itself is shown at once; that it is on disk, only a step of the turn tells.
        titles = page.locator(".thought-group .title")
        until(lambda: any("Reading" not in title for title in titles.all_text_contents()[1:]), "the turn did not begin")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        address = page.url
        page.context.close()
    with program(tmp_path / "data", port):
        page = open_page(browser, address)
        page.wait_for_selector(".mq-said")
        assert page.locator(".mq-said").all_inner_texts() == [ASK]
        if page.locator("[data-act=resume]").count():  # else the kill came after the end of the turn
            page.click("[data-act=resume]")
            time.sleep(0.5)
        page.wait_for_selector(".mq-picture")
        settle(page)
        assert page.locator(".mq-result").count() == 1 and page.locator("[data-act=resume]").count() == 0
        page.context.close()
