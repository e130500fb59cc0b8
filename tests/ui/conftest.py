"""The page's application for tests. Gradio leaves event loops and sockets to the garbage collector; this does not
let them fail somebody else's test."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ui.browsing import ARGS, open_page, serving
from ui.api import Address
from ui.server import build


@pytest.fixture(scope="module")
def built() -> Iterator[Callable[..., Any]]:
    """`ui.server.build` for a test; what Gradio left lying is swept up after it."""

    def make(studio: Any, settings: Any = None) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return build(studio, settings or Address())

    yield make
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.set_event_loop(None)
        gc.collect()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium for one module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(studio: Any, built: Callable[..., Any]) -> Iterator[str]:
    """Where the page of a module's own `studio` is served."""
    with serving(built(studio, studio.settings)) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page of its own for a test, which must not complain."""
    page = open_page(browser, address)
    yield page
    assert not page.complaints
    page.context.close()
