"""axe-core (in tests/ui/axe, MPL-2.0) finds nothing serious in any view, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.browsing import ASK, DESKTOP, PHONE, open_page, say, serving
from tests.ui.doubles import StudioDouble

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((at) => at.html.slice(0, 160)).join(' | ')}`)"""


@pytest.fixture(scope="module")
def address(built: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(built(StudioDouble(tmp_path_factory.mktemp("double"), pace=0.01, steps=3))) as address:
        yield address


@pytest.fixture(scope="module")
def story(browser: Any, address: str) -> Iterator[Any]:
    page = open_page(browser, address, bypass_csp=True)
    say(page, ASK)
    say(page, "make one of the dogs purple")
    page.click(".thought-group .title >> nth=0")
    page.add_script_tag(path=AXE)
    yield page
    page.context.close()


VIEWS: dict[str, Callable[[Any], None]] = {
    "look": lambda page: page.click("button[data-tool=look]"),
    "paint": lambda page: page.click("button[data-tool=paint]"),
    "note": lambda page: (page.click("button[data-tool=paint]"), page.click("[data-mode=note]")),
    "described": lambda page: (page.click("[data-act=describe]"), page.wait_for_selector("#strip .mq-note")),
    "boxes": lambda page: (page.click("button[data-tool=boxes]"), page.click("[data-box=add]")),
    "compare": lambda page: page.click("button[data-tool=compare]"),
    "settings": lambda page: page.click("[data-open=settings]"),
    "keys": lambda page: page.click("[data-open=keys]"),
    "gallery": lambda page: (page.click("button[data-view=gallery]"), page.wait_for_selector(".mq-gallery li")),
    "alike": lambda page: (page.click("button[data-view=gallery]"), page.hover(".mq-gallery li >> nth=0"),
                           page.click("[data-more-like] >> nth=0"), page.wait_for_selector("[data-gallery-like]")),
    "evaluation": lambda page: (page.click("button[data-view=evaluation]"), page.wait_for_selector(".mq-evaluation")),
}


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_serious(story: Any, view: str) -> None:
    VIEWS[view](story)
    try:
        assert story.evaluate(RUN) == []
    finally:
        story.evaluate("document.querySelectorAll('dialog[open]').forEach((one) => one.close())")
        if view in ("gallery", "alike", "evaluation"):
            story.click(f"button[data-view={'evaluation' if view == 'evaluation' else 'gallery'}]")


def test_nor_in_the_dark_on_a_phone_and_on_an_empty_page(story: Any, browser: Any, address: str) -> None:
    story.click("button[data-tool=look]")
    story.click("[data-theme-switch]")
    story.set_viewport_size(PHONE)
    story.wait_for_timeout(400)
    assert story.evaluate(RUN) == []
    story.set_viewport_size(DESKTOP)
    story.click("[data-theme-switch]")
    empty = open_page(browser, address, bypass_csp=True)
    empty.add_script_tag(path=AXE)
    assert empty.evaluate(RUN) == []
    empty.context.close()
