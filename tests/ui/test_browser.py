"""The page in a real browser, on a double of the studio: stop, reload, tabs, hostile words, small screens."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.browsing import (
    ASK,
    DESKTOP,
    PHONE,
    current,
    no_sideways,
    open_page,
    paint_over,
    say,
    serving,
    settle,
    shot,
    until,
)
from tests.ui.doubles import StudioDouble

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> StudioDouble:
    return StudioDouble(tmp_path_factory.mktemp("double"), pace=0.03, steps=10)


@pytest.fixture(scope="module")
def address(studio: StudioDouble, built: Callable[..., Any]) -> Iterator[str]:
    with serving(built(studio)) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str, studio: StudioDouble) -> Iterator[Any]:
    page = open_page(browser, address)
    yield page
    studio.held.clear()
    assert not page.complaints
    page.context.close()


@pytest.fixture(scope="module")
def story(browser: Any, address: str) -> Iterator[Any]:
    """A page with two pictures and a waiting question, for looking at only."""
    page = open_page(browser, address)
    say(page, ASK)
    say(page, "make one of the dogs purple")
    say(page, "draw me something nice for my sister")
    yield page
    assert not page.complaints
    page.context.close()


@pytest.fixture
def desktop(story: Any) -> Iterator[Any]:
    yield story
    story.set_viewport_size(DESKTOP)


def test_an_example_runs_on_a_click_and_the_turn_is_shown(page: Any, studio: StudioDouble) -> None:
    studio.held.set()
    page.click(".mq-example >> nth=0")
    page.wait_for_selector(".mq-said")
    page.wait_for_function("document.querySelector('.mq-doing').textContent === 'Drawing · step 3/10'")
    page.wait_for_function("document.querySelector('.mq-glimpse').src.startsWith('data:image/jpeg')")
    assert page.locator(".thought-group .duration").last.inner_text().strip("() ") == "step 3/10"
    studio.held.clear()
    settle(page)
    assert "session=" in page.url and current(page)
    assert page.locator(".thought-group .title").first.inner_text().startswith("understood · planned · drew")
    alt = page.get_attribute(".mq-picture", "alt")
    assert alt == "A picture of a red apple and two dogs, beach"
    assert page.locator(".mq-welcome").count() == 0


def test_send_is_off_while_there_is_nothing_to_send(page: Any) -> None:
    page.wait_for_selector("#box .submit-button:disabled")
    page.fill("#box textarea", "x")
    page.wait_for_selector("#box .submit-button:not(:disabled)")
    page.fill("#box textarea", "   ")
    page.wait_for_selector("#box .submit-button:disabled")
    page.press("#box textarea", "Enter")
    time.sleep(0.3)
    assert page.locator(".mq-said").count() == 0


def test_stop_ends_a_turn_within_a_second(browser: Any, built: Callable[..., Any], tmp_path: Path) -> None:
    studio = StudioDouble(tmp_path)
    studio.held.set()
    with serving(built(studio)) as address:
        page = open_page(browser, address)
        for stop in (lambda: page.click("#stop"), lambda: page.keyboard.press("Escape")):
            say(page, ASK, wait=False)
            page.wait_for_function("/step \\d/.test(document.querySelector('.mq-doing').textContent)")
            began = time.monotonic()
            stop()
            page.wait_for_function("document.body.dataset.busy === ''")
            assert time.monotonic() - began < 10  # test_page.py holds it to a second; a starved browser needs longer
            assert "Stopped" in page.locator(".mq-say").last.inner_text()
            assert not page.locator("#stop").is_visible()
        page.context.close()


def test_a_reload_in_mid_turn_goes_on_watching(page: Any, studio: StudioDouble) -> None:
    studio.held.set()
    say(page, ASK, wait=False)
    page.wait_for_function("document.querySelector('.mq-doing').textContent.includes('step 3')")
    shot(page, "busy")
    page.reload()
    page.wait_for_function("document.body.dataset.busy === 'working'")
    page.wait_for_function("document.querySelector('.mq-doing').textContent.includes('step 3')")
    assert page.locator(".mq-said").inner_text() == ASK
    studio.held.clear()
    settle(page)
    assert "Here it is" in page.locator(".mq-say").last.inner_text() and page.locator(".mq-said").count() == 1


def test_two_tabs_see_one_turn_and_the_second_waits(page: Any, studio: StudioDouble) -> None:
    say(page, ASK)
    other = open_page(page.context.browser, page.url)
    studio.held.set()
    say(page, "make one of the dogs purple", wait=False)
    other.fill("#box textarea", "and a cat")
    other.press("#box textarea", "Enter")
    note = other.wait_for_selector(".mq-note")
    assert "still working" in note.inner_text()
    assert other.input_value("#box textarea") == "and a cat"
    studio.held.clear()
    settle(page)
    other.reload()
    other.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    assert current(other) == current(page)
    other.context.close()


def test_paint_type_send_is_one_gesture(page: Any, studio: StudioDouble) -> None:
    say(page, ASK)
    paint_over(page, (0.14, 0.6, 0.32, 0.78))
    page.wait_for_selector(".mq-painted:visible")
    page.click("#painted [data-paint=clear]")
    page.wait_for_selector(".mq-painted", state="hidden")
    paint_over(page, (0.14, 0.6, 0.32, 0.78))
    before = current(page)
    say(page, "put a cake here")
    assert current(page) != before
    assert page.locator(".mq-painted:visible").count() == 0 and page.locator(".mq-mask img").count() == 2
    mask = studio._records[current(page)].mask
    assert mask
    from PIL import Image

    with Image.open(studio.path(mask)) as image:
        left, top, right, bottom = image.getbbox()
    assert abs(left - 0.09 * 128) < 8 and abs(right - 0.37 * 128) < 8 and abs(top - 0.55 * 128) < 8
    assert abs(bottom - 0.83 * 128) < 8


def test_a_whole_object_can_be_painted_with_the_keyboard(page: Any) -> None:
    say(page, ASK)
    page.focus("[data-tool=paint]")
    page.keyboard.press("Enter")
    page.focus("[data-fill] >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector(".mq-painted:visible")


def test_versions_undo_and_compare(page: Any) -> None:
    say(page, ASK)
    first = current(page)
    assert page.locator("[data-tool=compare]").is_disabled() and page.locator("[data-act=undo]").is_disabled()
    say(page, "make one of the dogs purple")
    second = current(page)
    page.click("[data-tool=compare]")
    page.focus(".mq-compare input")
    page.keyboard.press("Home")
    assert page.evaluate("document.querySelector('.mq-compare').style.getPropertyValue('--split')") == "0%"
    page.click("[data-act=undo]")
    until(lambda: current(page) == first, "undo did not show the first picture")
    page.click("[data-tool=look]")  # while comparing, a version that is pressed becomes a side
    page.click(f".mq-tree [data-id='{second}']")
    until(lambda: current(page) == second, "the version was not chosen")
    assert page.locator("[aria-current=true]").get_attribute("data-id") == second


def test_a_question_is_answered_by_a_button_or_by_typing(page: Any) -> None:
    say(page, "draw me something nice for my sister")
    page.get_by_role("button", name="you choose").click()
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    settle(page)
    assert page.locator(".mq-said").last.inner_text() == "you choose" and current(page)
    say(page, "draw me something nice for my mother")
    page.reload()
    page.get_by_role("button", name="you choose").wait_for()
    say(page, "flowers")
    assert page.get_by_role("button", name="you choose").count() == 0


def test_a_wrong_upload_is_refused_and_a_right_one_is_taken(page: Any, tmp_path: Path) -> None:
    from PIL import Image

    wrong, right = tmp_path / "wrong.png", tmp_path / "right.png"
    wrong.write_text("no picture")
    Image.new("RGB", (90, 60), "teal").save(right)
    page.set_input_files("#box input[type=file]", wrong)
    page.wait_for_selector("#box .thumbnail-item, #box .thumbnails img")
    page.fill("#box textarea", "make it night")
    page.press("#box textarea", "Enter")
    assert "no picture" in page.wait_for_selector(".mq-note").inner_text()
    assert page.input_value("#box textarea") == "make it night"
    page.reload()
    page.wait_for_selector(".mq-welcome")
    page.set_input_files("#box input[type=file]", right)
    page.wait_for_selector("#box .thumbnail-item, #box .thumbnails img")
    say(page, "make it night")
    assert page.locator(".mq-said img").count() == 1


def test_the_model_is_picked_and_what_is_missing_says_so(story: Any) -> None:
    page = story
    page.click(".mq-models summary")
    assert page.locator("[data-model='flux2-klein-4b']").is_disabled()
    assert "about 13 GB" in page.locator("[data-model='flux2-klein-4b']").inner_text()
    page.click("[data-model='pack-diffusion']")
    assert page.get_attribute("[data-model='pack-diffusion']", "aria-checked") == "true"


def test_it_fits_a_phone_with_the_stage_first(desktop: Any) -> None:
    desktop.set_viewport_size(PHONE)
    assert no_sideways(desktop)
    tops = [desktop.locator(part).bounding_box() for part in (".mq-frame", "#talk-side", "#box")]
    assert tops[0]["y"] < tops[1]["y"] < tops[2]["y"]
    assert tops[2]["y"] + tops[2]["height"] <= PHONE["height"]
    assert tops[0]["y"] + tops[0]["height"] <= tops[1]["y"] + 20


@pytest.mark.parametrize("width", [320, 390, 700, 821, 1024, 1920])
def test_nothing_overflows_at_any_width(desktop: Any, width: int) -> None:
    desktop.set_viewport_size({"width": width, "height": 800})
    assert no_sideways(desktop)
    box = desktop.locator("#box").bounding_box()
    assert box["y"] + box["height"] <= 800 and box["width"] >= 200


CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (at) => { for (; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const parts = '.mq-top *, .mq-facts *, .mq-say, .mq-said, .thought-group *, .option, .mq-tools *';
  const seen = [...document.querySelectorAll(parts)]
    .filter((at) => [...at.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && at.offsetParent
      && !at.closest(':disabled') && !at.closest('.mq-pop'));
  return seen.map((at) => { const a = light(parse(getComputedStyle(at).color)), b = light(ground(at));
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), at.className + ': ' + at.textContent.slice(0, 40)]; })
    .filter(([ratio]) => ratio < 4.5);
}"""


def test_words_can_be_read_in_light_and_in_dark(desktop: Any) -> None:
    desktop.click(".thought-group .title >> nth=0")
    assert not desktop.evaluate("document.body.classList.contains('dark')")
    assert desktop.evaluate(CONTRAST) == []
    desktop.click("[data-theme-switch]")
    assert desktop.evaluate("document.body.classList.contains('dark')")
    time.sleep(0.3)
    assert desktop.evaluate(CONTRAST) == []
    desktop.click("[data-theme-switch]")


def test_everything_that_can_be_used_has_a_name(story: Any) -> None:
    nameless = story.evaluate("""() => [...document.querySelectorAll(
        'button, a[href], input, textarea, summary, img[src]')]
      .filter((at) => at.offsetParent && !(at.innerText?.trim() || at.getAttribute('aria-label') || at.title
        || at.alt || at.placeholder || at.closest('[aria-label], label'))).map((at) => at.outerHTML.slice(0, 120))""")
    assert nameless == []


# fmt: off
# ruff: noqa: E501
HOSTILE = """{0}
![a](http://{1}/markdown) <img src="http://{1}/img"> <div style="background:url(http://{1}/css)">x</div>
<input type="image" src="http://{1}/input"> <img srcset="http://{1}/srcset 2x"> <video src="http://{1}/video" autoplay></video>
<script src="http://{1}/script"></script> <img src=x onerror="fetch('http://{1}/onerror')"> <svg onload="fetch('http://{1}/svg')">
<iframe src="http://{1}/iframe"></iframe> <object data="http://{1}/object"></object> <link rel=stylesheet href="http://{1}/link">
[click](http://{1}/href) http://{1}/bare <a href="http://{1}/a" ping="http://{1}/ping">a</a> <base href="http://{1}/">
<meta http-equiv="refresh" content="0;url=http://{1}/meta"> <style>@import 'http://{1}/import'; *{{background:url(http://{1}/star)}}</style>
<form action="http://{1}/form"><button autofocus>x</button></form> $$\\href{{http://{1}/tex}}{{x}}$$ ```mermaid
graph TD; A["<img src=http://{1}/mermaid>"]
```"""


@pytest.fixture
def canary() -> Iterator[Any]:
    """A server that is not to be asked for anything; `hits` are the paths that it was asked for."""
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, *_: Any) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.hits = hits  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_words_of_a_model_fetch_nothing(browser: Any, built: Callable[..., Any], canary: Any, tmp_path: Path) -> None:
    host = f"localhost:{canary.server_port}"
    words = HOSTILE.format("Done.", host)
    studio = StudioDouble(tmp_path, pace=0.01, steps=3, reply=words)
    with serving(built(studio)) as address:
        page = open_page(browser, address)
        say(page, words)
        for title in page.locator(".thought-group .title").all():
            title.click()
        time.sleep(1.5)
        assert "![a](http://" in page.locator(".mq-say").last.inner_text()
        assert page.locator("#talk .message :is(iframe, object, video, script, form, input, a, style, link, meta)").count() == 0
        assert canary.hits == [] and not [url for url in page.asked if host in url]
        # The policy is a second wall: markup that did get in could not fetch either.
        page.evaluate("""(host) => { document.querySelector('.mq-say').innerHTML =
          `<img src="http://${host}/a"><div style="background:url(http://${host}/b)">x</div>
           <video src="http://${host}/c">` }""", host)
        page.evaluate("(host) => fetch(`http://${host}/d`).catch(() => null)", host)
        time.sleep(1.0)
        assert canary.hits == []
        page.context.close()


def test_nothing_is_asked_of_another_host(story: Any, address: str) -> None:
    foreign = [url for url in story.asked if not url.startswith((address, "data:", "blob:"))]
    assert foreign == []
