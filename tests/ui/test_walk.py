"""Somebody's first quarter of an hour, against the real program on the pack: make, edit by word, by mask and by a note,
branch, compare, describe, find again. docs/page.md shows the pictures and tells what was changed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ui.browsing import PHONE, current, free_port, no_sideways, open_page, paint_over, say, settle, shot
from tests.ui.test_conversation import box_of, program

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker]


def go_around(page: Any, box: tuple[float, float, float, float]) -> None:
    """A ring around a box, with the pen of the notes."""
    page.click("[data-tool=paint]")
    page.click("[data-mode=note]")
    area = page.locator(".mq-canvas").bounding_box()
    left, top, right, bottom = (min(0.97, max(0.03, side + by)) for side, by in zip(box, (-0.04, -0.04, 0.04, 0.04),
                                                                                  strict=True))
    middle = (left + right) / 2
    ring = [(middle, top), (right, (top + bottom) / 2), (middle, bottom), (left, (top + bottom) / 2), (middle, top)]
    for number, (x, y) in enumerate(ring):
        page.mouse.move(area["x"] + area["width"] * x, area["y"] + area["height"] * y, steps=8)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_first_walk(browser: Any, pack: Path, tmp_path: Path) -> None:
    port = free_port()
    with program(tmp_path / "data", port):
        page = open_page(browser, f"http://127.0.0.1:{port}/")
        shot(page, "walk-1-empty")
        page.evaluate("localStorage.setItem('maquette-settings', JSON.stringify({seed: '7'}))")
        page.click(".mq-example >> nth=0")
        page.wait_for_selector(".mq-said")
        settle(page)
        page.click(".mq-kept [data-unset]")
        made = current(page)
        assert made
        shot(page, "walk-2-made")
        say(page, "make one of the dogs purple")
        by_word = current(page)
        assert by_word != made
        paint_over(page, box_of(page, "apple"))
        say(page, "put a cake here")
        by_mask = current(page)
        assert by_mask != by_word
        shot(page, "walk-3-edited")
        page.click(f".mq-tree [data-id='{made}']")
        page.wait_for_function(f"document.querySelector('.mq-stage').dataset.picture === '{made}'")
        go_around(page, box_of(page, "apple"))
        shot(page, "walk-4-note")
        say(page, "make this green")
        branch = current(page)
        assert branch not in (made, by_word, by_mask)
        page.click("[data-tool=compare]")
        page.wait_for_function("document.querySelector('.mq-comparebar p').textContent.length > 5")
        shot(page, "walk-5-branched-and-compared")
        page.click("[data-tool=look]")
        page.click("[data-act=describe]")
        page.wait_for_selector("#strip .mq-note")
        page.goto(page.url.split("?")[0])
        page.wait_for_function("window.maquette && document.querySelector('.mq-stage')")
        say(page, "a yellow horse in the snow")
        horse = current(page)
        page.click("button[data-view=gallery]")
        page.wait_for_selector(".mq-gallery li")
        page.fill("[data-gallery-words]", "horse")
        page.wait_for_function("document.querySelectorAll('.mq-gallery li').length < 4")
        found = [box.get_attribute("value") for box in page.locator(".mq-gallery [name=id]").all()]
        assert horse in found and not {made, by_word, by_mask, branch} & set(found), "the horse, and no others"
        shot(page, "walk-6-found")
        dark = open_page(browser, page.url, PHONE, color_scheme="dark", has_touch=True, is_mobile=True)
        dark.wait_for_selector(".mq-gallery li")
        assert no_sideways(dark)
        shot(dark, "walk-7-found-on-a-phone")
        dark.context.close()
        assert not page.complaints
        page.context.close()
