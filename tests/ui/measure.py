"""How fast the page is, in a real browser against the real program: ``python -m tests.ui.measure``.

Prints the rows of the table in docs/page.md: until the page can be used, until the first word of the plan, the first
preview and the end of a turn are seen (medians of some turns), and what a turn costs the page itself with 1 and with
200 pictures in the session. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.ui.browsing import ARGS, DESKTOP, PATIENCE, free_port, settle
from tests.ui.doubles import StudioDouble
from tests.ui.test_conversation import program
from ui.api import Sent
from ui.page import Page

WORDS = ("a red apple to the left of two dogs on a beach", "three blue birds above a house at night",
         "a big yellow star over a snowy forest", "two cats and a chair in a room", "a green boat in the sea")
SEEN = {"plan": "first word of the plan", "preview": "first preview", "turn": "whole turn"}
# Noted in the page, by its own clock: polling from outside would cost what is measured.
WATCH = """() => {
  const seen = window.seen = { began: performance.now() };
  const look = () => {
    const now = performance.now() - seen.began;
    if (!seen.plan && document.body.dataset.busy && document.querySelector('.mq-doing')?.textContent) seen.plan = now;
    if (!seen.preview && document.body.dataset.glimpse === 'yes') seen.preview = now;
    if (seen.plan && !document.body.dataset.busy) seen.turn = now; else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def ready(browser: Any, address: str) -> float:
    """Seconds until a fresh browser can type and send."""
    page = browser.new_context(viewport=DESKTOP).new_page()
    began = time.monotonic()
    page.goto(address)
    page.wait_for_function("window.maquette && document.querySelector('.mq-stage') "
                           "&& document.querySelector('#box textarea')", timeout=PATIENCE)
    took = time.monotonic() - began
    page.context.close()
    return took


def turn(browser: Any, address: str, words: str) -> dict[str, float]:
    """Seconds to the first word of the plan, the first preview and the end of a turn in a new session."""
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.goto(address)
    page.wait_for_function("window.maquette && document.querySelector('.mq-stage')", timeout=PATIENCE)
    page.fill("#box textarea", words)
    page.evaluate(WATCH)
    page.press("#box textarea", "Enter")
    page.wait_for_function("window.seen.turn", timeout=PATIENCE)
    settle(page)
    seen = page.evaluate("window.seen")
    page.context.close()
    return {name: seen[name] / 1000 for name in ("plan", "preview", "turn") if name in seen}


def of_the_page(pictures: int) -> float:
    """Milliseconds of the page's own work for a turn in a session with so many pictures, the studio's left out."""
    with tempfile.TemporaryDirectory() as folder:
        studio = StudioDouble(Path(folder), pace=0)
        session = studio.new_session()
        page = Page(studio)  # type: ignore[arg-type]  # it never asks why
        list(page.say(WORDS[0], [], Sent(session=session)))
        studio.grow(session, pictures)
        took = [_process_seconds(lambda: list(page.load(Sent(session=session)))) for _ in range(9)]
        page.hub.close()
    return 1000 * statistics.median(took)


def _process_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    rows = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        port = free_port()
        with program(Path(folder) / "data", port):
            browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGS))
            address = f"http://127.0.0.1:{port}/"
            rows["page ready"] = statistics.median(ready(browser, address) for _ in range(args.turns))
            turn(browser, address, WORDS[0])  # the model is loaded
            turns = [turn(browser, address, WORDS[number % len(WORDS)]) for number in range(args.turns)]
            for name, label in SEEN.items():
                rows[label] = statistics.median([one[name] for one in turns if name in one] or [float("nan")])
            browser.close()
    print("| on this machine | |\n|---|---|")
    for label, seconds in rows.items():
        print(f"| {label} | {seconds:.2f} s |")
    for pictures in (1, 200):
        noun = "picture" if pictures == 1 else "pictures"
        print(f"| the page's own work for a turn, {pictures} {noun} in the session | {of_the_page(pictures):.0f} ms |")


if __name__ == "__main__":
    main()
