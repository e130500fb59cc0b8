"""An event that is sent while the server closes the stream of answers is answered all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ui.browsing import ASK, PATIENCE, current, open_page, say, serving
from tests.ui.doubles import StudioDouble

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

# A slow line, as the browser would see it: once something was said, the server's last word on a stream comes when
# `window.hear` is called.
SLOW = """
const fetched = window.fetch;
window.fetch = async (asked, options) => {
  const answer = await fetched(asked, options);
  if (!String(asked.url ?? asked).includes("/queue/data?")) return answer;
  const text = new TextDecoder();
  const slow = new TransformStream({ async transform(chunk, line) {
    const said = document.querySelector(".mq-said");
    if (said && !window.closing && text.decode(chunk).includes("close_stream")) {
      window.closing = true;
      await new Promise((heard) => { window.hear = heard; });
    }
    line.enqueue(chunk);
  } });
  return new Response(answer.body.pipeThrough(slow), { status: answer.status, headers: answer.headers });
};
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> StudioDouble:
    return StudioDouble(tmp_path_factory.mktemp("double"))


@pytest.fixture(scope="module")
def address(studio: StudioDouble, built: Callable[..., Any]) -> Iterator[str]:
    with serving(built(studio)) as address:
        yield address


def test_an_event_between_the_close_and_its_hearing_is_answered(browser: Any, address: str) -> None:
    context = browser.new_context()
    context.add_init_script(SLOW)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_function("window.maquette && document.querySelector('.mq-stage')")
    say(page, ASK, wait=False)
    page.wait_for_function("window.closing")
    with page.expect_response(lambda response: "/queue/join" in response.url) as joined:
        page.click("button[data-view=gallery]")
    assert joined.value.json()["event_id"]
    page.evaluate("window.hear()")
    page.wait_for_selector(".mq-gallery li")
    context.close()


def test_a_link_to_the_gallery_keeps_its_conversation(browser: Any, page: Any) -> None:
    say(page, ASK)
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    assert "session=" in page.url and "view=gallery" in page.url
    again = open_page(browser, page.url)
    again.wait_for_selector(".mq-gallery li")
    again.click("button[data-view=gallery]")
    assert current(again) == current(page)
    assert again.url == page.url.replace("&view=gallery", "")
    assert again.locator(".mq-said").count() == 1
    again.context.close()


def test_an_unknown_conversation_leaves_the_address(browser: Any, address: str) -> None:
    page = open_page(browser, f"{address}?session=20200101-0123456789abcdef")
    page.wait_for_function("!location.search")
    page.context.close()
