"""What people do with versions, Brief, seed and trace, in a real browser, against the real studio on the procedural
generator. With MAQUETTE_SCREENSHOTS=1 it leaves the pictures that the docs show."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent.settings import Settings
from agent.studio import Studio
from generators.workshop import Workshop
from tests.ui.browsing import ASK, PHONE, current, no_sideways, open_page, paint_over, say, settle, shot, until

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), generator="sketch", repairs=0)  # one message, one picture
    studio = Studio(settings, Workshop(eyes="sketch"))
    yield studio
    studio.close()
    studio.workshop.close()


def session_of(page: Any) -> str:
    return re.search(r"session=([^&]+)", page.url)[1]


def pick(page: Any, number: int) -> str:
    """Make the version of that number current; its id."""
    button = page.locator(".mq-tree button").filter(has=page.locator("small", has_text=re.compile(f"^{number}$")))
    id = button.get_attribute("data-id")
    button.click()
    until(lambda: current(page) == id, f"version {number} did not become current")
    return id


def words(page: Any) -> list[str]:
    return page.locator(".mq-said").all_inner_texts()


def test_versions_branch_are_starred_and_deleted_with_undo(page: Any, studio: Studio) -> None:
    say(page, ASK)
    say(page, "make one of the dogs purple")
    first = pick(page, 1)
    say(page, "add a cat")
    tops = [item.bounding_box()["y"] for item in page.locator(".mq-tree li").all()]
    assert len(tops) == 3 and tops[0] == tops[1] < tops[2], "a branch goes below"
    assert page.locator(".mq-tree path").count() == 2
    third = current(page)
    assert page.locator(f".mq-tree [data-id='{third}']").get_attribute("aria-label").startswith(
        "version 3, made from version 1, A picture of")
    page.keyboard.press("Tab")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("s")
    page.wait_for_selector(".mq-tree .mq-starred")
    assert studio.view(session_of(page)).starred == [third]
    shot(page, "versions")
    page.keyboard.press("Delete")
    until(lambda: current(page) == first, "what it was made from is current after a deletion")
    assert page.locator(".mq-tree li").count() == 2 and page.locator(".mq-gone").count() == 1
    page.click("[data-act=restore]")
    until(lambda: current(page) == third, "the deletion was not taken back")
    assert page.locator(".mq-tree li").count() == 3 and page.locator(".mq-tree .mq-starred").count() == 1
    page.click("[data-act=undo]")
    until(lambda: current(page) == first, "undo")
    page.click("[data-redo]")
    until(lambda: current(page) == third, "redo")
    page.reload()
    page.wait_for_selector(".mq-tree")
    assert current(page) == third and page.locator(".mq-tree .mq-starred").count() == 1


def test_a_thumbnail_is_asked_for_once(page: Any) -> None:
    say(page, ASK)
    say(page, "add a cat")
    say(page, "add a bird")
    asked = [url for url in page.asked if "/thumbnails/" in url]
    assert len(asked) == len(set(asked)) == page.locator(".mq-tree li").count()


def test_any_two_are_compared_and_the_difference_is_told(page: Any) -> None:
    say(page, ASK)
    first = current(page)
    assert page.locator("[data-tool=compare]").is_disabled()
    paint_over(page, (0.1, 0.5, 0.3, 0.8))
    say(page, "put a cake here")
    second = current(page)
    say(page, "make it night")
    page.click("[data-tool=compare]")
    page.wait_for_function("document.querySelector('.mq-comparebar p').textContent.includes('changed')")
    assert "Nothing outside" not in page.inner_text(".mq-comparebar p")
    page.select_option("[data-compare=left]", first)
    page.wait_for_function(f"document.querySelector('.mq-compare').dataset.left === '{first}'")
    page.locator(f".mq-tree [data-id='{second}']").click(modifiers=["Shift"])
    page.wait_for_function(f"document.querySelector('.mq-compare').dataset.right === '{second}'")
    page.wait_for_function("document.querySelector('.mq-comparebar p').textContent.includes('Nothing outside')")
    said = page.inner_text(".mq-comparebar p")
    assert re.search(r"% of the picture changed\. Nothing outside the painted area changed: all [\d,]+ pixels", said)
    assert current(page) != second, "picking sides does not move the session"
    split = "document.querySelector('.mq-compare').style.getPropertyValue('--split')"
    assert 5 < int(page.evaluate(split).rstrip("%")) < 35, "the divider begins in what changed, here on the left"
    page.focus(".mq-compare input")
    page.keyboard.press("Home")
    assert page.evaluate(split) == "0%"
    page.click("[data-show=difference]")
    assert page.locator(".mq-difference").is_visible() and not page.locator(".mq-divider").is_visible()
    shot(page, "difference")
    page.click("[data-swap]")
    page.wait_for_function(f"document.querySelector('.mq-compare').dataset.left === '{second}'")
    assert "Nothing outside the painted area" in page.inner_text(".mq-comparebar p")


def test_a_locked_seed_is_drawn_with(page: Any, studio: Studio) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    say(page, ASK)
    seed = page.get_attribute(".mq-seed", "data-seed")
    page.click("[data-copy]")
    assert page.evaluate("navigator.clipboard.readText()") == seed
    page.click("[data-lock]")
    assert page.get_attribute("[data-lock]", "aria-pressed") == "true"
    assert f"seed {seed}" in page.inner_text(".mq-kept")
    say(page, "two cats on a beach")
    assert page.get_attribute(".mq-seed", "data-seed") == seed
    page.click(".mq-kept [data-unset]")
    assert page.locator(".mq-kept").is_hidden()
    say(page, "a blue bird")
    assert page.get_attribute(".mq-seed", "data-seed") != seed


def test_reuse_and_remix_fill_the_box(page: Any) -> None:
    say(page, ASK)
    first, seed = current(page), page.get_attribute(".mq-seed", "data-seed")
    say(page, "two cats at night")
    pick(page, 1)
    page.get_by_role("button", name="Remix").click()
    assert page.input_value("#box textarea") == ASK and "seed" not in page.inner_text(".mq-kept")
    page.get_by_role("button", name="Reuse").click()
    assert page.input_value("#box textarea") == ASK and f"seed {seed}" in page.inner_text(".mq-kept")
    page.press("#box textarea", "Enter")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 3")
    settle(page)
    assert current(page) == first, "the same words and settings draw the very same picture"


def test_vary_a_little_keeps_the_layout_and_a_lot_makes_another(page: Any, studio: Studio) -> None:
    say(page, ASK)
    first = studio.store.record(current(page)).request
    page.get_by_role("button", name="Vary a little").click()
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    settle(page)
    assert any(title.startswith("drew · checked") for title in page.locator(".thought-group .title").all_inner_texts())
    seed = int(re.search(r"seed (\d+)", studio.view(session_of(page)).entries[-1].outcome.steps[0].note)[1])
    assert first and seed != first.seed
    # The procedural generator draws by the layout alone, so that the picture is the same; its request is not.
    assert studio.store.drawn(first.model_copy(update={"seed": seed}).fingerprint()).id == current(page)
    page.get_by_role("button", name="Vary a lot").click()
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 3")
    settle(page)
    much = studio.store.record(current(page)).request
    assert much and much.kind == "generate" and much.prompt == first.prompt and much.regions != first.regions


def test_a_varied_edit_is_the_same_edit_of_the_same_picture(page: Any, studio: Studio) -> None:
    say(page, ASK)
    first = current(page)
    say(page, "add a cat")
    second = studio.store.record(current(page))
    page.get_by_role("button", name="Vary a little").click()
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 3")
    settle(page)
    third = studio.store.record(current(page))
    assert third.parents == second.parents == [first] and third.mask == second.mask
    assert third.request and second.request and third.request.seed != second.request.seed


def test_a_line_of_the_brief_is_changed_by_saying_so(page: Any) -> None:
    say(page, ASK)
    page.locator(".mq-brief summary", has_text=re.compile("^two dogs$")).click()
    page.wait_for_selector(".mq-line[open] input:focus")
    page.keyboard.type("three dogs")
    shot(page, "brief")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    settle(page)
    assert words(page)[-1] == "change two dogs to three dogs"
    assert page.locator(".mq-brief summary", has_text=re.compile("^three dogs$")).count() == 1
    page.locator(".mq-brief summary", has_text="beach").click()
    page.fill(".mq-line[open] input", "night")
    page.click(".mq-line[open] [data-online]")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 3")
    settle(page)
    assert words(page)[-1] == "change the background to night"
    page.locator(".mq-brief summary", has_text=re.compile("^a red apple$")).click()
    page.click(".mq-line[open] [data-unline]")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 4")
    settle(page)
    assert words(page)[-1] == "remove a red apple" and "apple" not in page.inner_text(".mq-brief")
    page.click(".mq-add summary")
    page.wait_for_selector(".mq-add[open] input:focus")
    page.keyboard.type("a cat")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 5")
    settle(page)
    assert words(page)[-1] == "add a cat" and "a cat" in page.inner_text(".mq-brief")


def test_a_line_that_is_left_as_it_was_says_nothing(page: Any) -> None:
    say(page, ASK)
    page.locator(".mq-brief summary", has_text=re.compile("^two dogs$")).click()
    page.wait_for_selector(".mq-line[open] input:focus")
    page.keyboard.press("Enter")
    time.sleep(0.5)
    assert len(words(page)) == 1


def test_the_trace_tells_calls_seconds_and_checks_that_point(page: Any) -> None:
    say(page, ASK)
    first = current(page)
    say(page, "add a cat")
    assert page.locator(".mq-findings").count() == 0, "a trace is folded"
    page.click(".thought-group .title >> nth=0")
    for title in page.locator(".thought-group").first.locator(".children .title").all():
        title.click()
    trace = page.locator(".thought-group").first
    assert "prompt: a red apple" in trace.inner_text() and "generate" in trace.inner_text()
    assert all(re.search(r"\d\.\d", took) for took in trace.locator(".duration").all_inner_texts())
    check = trace.locator(".mq-findings li", has_text="two dogs").first
    assert check.locator("b").inner_text() == "✓" and check.locator(".mq-hidden").text_content() == "met: "
    check.hover()
    page.wait_for_function("document.querySelectorAll('.mq-boxes i').length === 2")
    assert first in page.get_attribute(".mq-peek", "src"), "the picture that was judged is the one that is shown"
    shot(page, "trace", still=True)
    page.mouse.move(3, 3)
    page.wait_for_function("document.body.dataset.peek === ''")
    check.focus()
    page.wait_for_function("document.body.dataset.peek === 'yes'")


def test_it_all_fits_a_phone(browser: Any, page: Any) -> None:
    say(page, ASK)
    say(page, "add a cat")
    phone = open_page(browser, page.url, PHONE, has_touch=True, is_mobile=True)
    settle(phone)
    phone.tap("[data-tool=compare]")
    phone.wait_for_function("document.querySelector('.mq-comparebar p').textContent.includes('changed')")
    assert no_sideways(phone)
    for button in phone.locator(".mq-acts > *").all():
        area = button.bounding_box()
        assert area["x"] >= 0 and area["x"] + area["width"] <= PHONE["width"]
    shot(phone, "phone-compare")
    assert not phone.complaints
    phone.context.close()
