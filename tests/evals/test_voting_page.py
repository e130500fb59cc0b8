"""The page for votes in a real browser, by keyboard alone."""

from __future__ import annotations

import asyncio
import gc
import http.client
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from evals import votes, voting
from evals.folder import RunFolder
from tests.evals.test_votes import folder  # noqa: F401  (a fixture)
from tests.ui.browsing import ARGS, PATIENCE, serving, until

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

SHOWN = "document.querySelector('.said').textContent + document.querySelector('.pair').innerHTML"


@pytest.fixture
def address(folder: RunFolder) -> Iterator[str]:  # noqa: F811
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = voting.build(voting.Booth(votes.Ballot(folder), "ann"))
    with serving(app) as address:
        yield address
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.set_event_loop(None)
        gc.collect()


def test_the_keyboard_is_enough(chromium: str, address: str, folder: RunFolder, tmp_path: Path) -> None:  # noqa: F811
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGS))
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector(".pair img")
        page.screenshot(path=tmp_path / "vote.png")
        for number, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowDown"), 1):
            page.keyboard.press(key)
            _wait(page, f"{number} of 9 chosen")
        shown = page.evaluate(SHOWN)
        page.keyboard.press("Backspace")
        page.wait_for_function(f"shown => {SHOWN} !== shown", arg=shown)
        page.keyboard.press("1")
        until(lambda: len(votes.cast(folder)) == 3 and "tie" not in _choices(folder), "the choice was not replaced")
        browser.close()
    assert sorted(_choices(folder)) == ["left", "left", "right"]
    here = urlsplit(address).netloc
    assert not [url for url in asked if urlsplit(url).scheme.startswith("http") and urlsplit(url).netloc != here]


def _wait(page: Any, words: str) -> None:
    page.wait_for_function("words => document.querySelector('p.quiet')?.textContent.includes(words)", arg=words)


def _choices(folder: RunFolder) -> list[str]:  # noqa: F811
    return [vote.choice for vote in votes.cast(folder)]


def test_another_name_for_this_machine_is_refused(address: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 400
    connection.close()
