"""Editing by hand, live drawing, larger pictures and references, in a real browser against the real studio on the
procedural generator."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from agent.settings import Settings
from agent.studio import Studio
from generators import sketch
from generators.api import Extent
from generators.workshop import Workshop
from tests.ui.browsing import ASK, PHONE, current, no_sideways, open_page, say, settle, shot, until

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

ABLE = sketch.model().capabilities
WIDE = dataclasses.replace(sketch.model("sketch-wide"), capabilities=dataclasses.replace(
    ABLE, refine=True, sizes=(Extent(128, 128), Extent(192, 128), Extent(256, 256))))
LOOKS = dataclasses.replace(sketch.model("sketch-looks"), capabilities=dataclasses.replace(
    ABLE, world=None, references=3, sizes=(Extent(128, 128),)))
WEARS = dataclasses.replace(sketch.model("sketch-wears"), capabilities=dataclasses.replace(ABLE, adapters=True))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), generator="sketch-wide")
    adapters = settings.data / "adapters"
    adapters.mkdir()
    for name in ("chalk", "woodcut"):
        (adapters / f"{name}.safetensors").write_bytes(b"\2" + bytes(7) + b"{}")
    studio = Studio(settings, Workshop([sketch.model(), WIDE, LOOKS, WEARS], eyes="sketch", adapters=adapters))
    yield studio
    studio.close()
    studio.workshop.close()


def at(page: Any, layer: str, x: float, y: float) -> tuple[float, float]:
    area = page.locator(layer).bounding_box()
    return area["x"] + area["width"] * x, area["y"] + area["height"] * y


def drag(page: Any, layer: str, *points: tuple[float, float]) -> None:
    page.mouse.move(*at(page, layer, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*at(page, layer, *point), steps=4)
    page.mouse.up()


def share(page: Any, box: tuple[float, float, float, float]) -> float:
    """How much of a box in fractions of the picture is painted over."""
    return page.evaluate("""(box) => { const at = document.querySelector('.mq-canvas'), pen = at.getContext('2d');
        const [x, y] = [box[0] * at.width, box[1] * at.height].map(Math.round);
        const [w, h] = [(box[2] - box[0]) * at.width, (box[3] - box[1]) * at.height].map(Math.round);
        const data = pen.getImageData(x, y, w, h).data; let some = 0;
        for (let i = 3; i < data.length; i += 4) some += data[i] > 16;
        return some / (w * h); }""", list(box))


WHOLE = (0.0, 0.0, 1.0, 1.0)


def regions(studio: Studio, page: Any) -> dict[str, list[float]]:
    request = studio.store.record(current(page)).request
    return {region.phrase: [round(side, 2) for side in region.box] for region in request.regions}


def session_of(page: Any) -> str:
    return re.search(r"session=([^&]+)", page.url)[1]


def test_rectangle_and_lasso_paint_what_they_go_around(page: Any) -> None:
    say(page, ASK)
    page.click("[data-tool=paint]")
    page.click("[data-mode=rectangle]")
    drag(page, ".mq-canvas", (0.2, 0.2), (0.9, 0.9), (0.6, 0.5))
    assert share(page, (0.22, 0.22, 0.58, 0.48)) == 1 and share(page, WHOLE) == pytest.approx(0.12, abs=0.01)
    page.click("[data-paint=clear] >> visible=true")
    page.click("[data-mode=lasso]")
    drag(page, ".mq-canvas", (0.2, 0.2), (0.8, 0.2), (0.2, 0.8))
    assert share(page, WHOLE) == pytest.approx(0.18, abs=0.02), "half of a square: a triangle"
    page.click("[data-brush=erase]")
    page.click("[data-mode=rectangle]")
    drag(page, ".mq-canvas", (0.05, 0.05), (0.95, 0.95))
    page.wait_for_selector(".mq-painted", state="hidden")


def test_a_click_on_an_object_paints_where_it_was_seen_and_the_rest_stays(page: Any, studio: Studio) -> None:
    say(page, ASK)
    apple = next(thing for thing in studio.store.record(current(page)).scene if thing.name == "apple")
    page.click("[data-tool=paint]")
    page.click("[data-mode=object]")
    page.mouse.move(*at(page, ".mq-canvas", *apple.box.centre))
    page.wait_for_selector(".mq-boxes i")
    page.mouse.click(*at(page, ".mq-canvas", *apple.box.centre))
    until(lambda: share(page, tuple(apple.box)) > 0.97, "the box is painted")
    assert share(page, WHOLE) < apple.box.grow(0.03).area + 0.01
    shot(page, "object-mask")
    say(page, "put a cake here")
    page.click("[data-tool=compare]")
    page.wait_for_function("document.querySelector('.mq-comparebar p').textContent.includes('Nothing outside')")


def test_where_something_outlines_things_a_click_paints_the_outline(page: Any, studio: Studio,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    say(page, ASK)
    apple = next(thing for thing in studio.store.record(current(page)).scene if thing.name == "apple")
    asked: list[tuple[float, float]] = []

    def outline(picture: str, spot: tuple[float, float]) -> Image.Image:
        asked.append(spot)
        mask = Image.new("L", (256, 256))
        ImageDraw.Draw(mask).ellipse([256 * side for side in apple.box], fill=255)
        return mask

    monkeypatch.setattr(studio, "outline", outline)
    page.click("[data-tool=paint]")
    page.click("[data-mode=object]")
    page.mouse.click(*at(page, ".mq-canvas", *apple.box.centre))
    until(lambda: share(page, WHOLE) > 0, "the outline is painted")
    assert asked == [pytest.approx(apple.box.centre, abs=0.01)]
    assert share(page, tuple(apple.box)) == pytest.approx(0.785, abs=0.05), "an ellipse in its box"
    page.click("[data-brush=erase]")
    page.mouse.click(*at(page, ".mq-canvas", *apple.box.centre))
    until(lambda: share(page, WHOLE) < 0.02, "and taken away again, but for a soft rim")


def circle(box: Any, times: int = 24) -> list[tuple[float, float]]:
    """Points around a box, as a hand goes around it."""
    (x, y), wide, high = box.centre, 0.6 * box.width, 0.6 * box.height
    turns = [2 * math.pi * n / times for n in range(times + 1)]
    return [(min(0.99, max(0.01, x + wide * math.cos(turn))), min(0.99, max(0.01, y + high * math.sin(turn))))
            for turn in turns]


def test_what_a_scribble_goes_around_is_what_is_meant(page: Any, studio: Studio) -> None:
    say(page, ASK)
    before = studio.store.record(current(page))
    dog = max((thing for thing in before.scene if thing.name == "dog"), key=lambda thing: thing.box[0])
    page.click("[data-tool=paint]")
    page.click("[data-mode=note]")
    page.click("[data-ink=yellow]")
    drag(page, ".mq-canvas", (0.02, 0.02), (0.06, 0.06))
    page.click("[data-note=back]")
    drag(page, ".mq-canvas", *circle(dog.box))
    page.wait_for_selector("#noted .mq-noted >> visible=true")
    assert share(page, WHOLE) == 0, "a note is no paint"
    shot(page, "note")
    say(page, "make this purple")
    after = studio.store.record(current(page))
    dogs = {thing.box.iou(dog.box) > 0.5: thing.colour for thing in after.scene if thing.name == "dog"}
    assert after.request.kind == "edit" and dogs[True] == "purple" and dogs[False] != "purple"
    assert "your note" in page.inner_text("#talk") and page.locator("#noted .mq-noted").is_hidden()
    page.click("[data-tool=compare]")
    page.wait_for_function("document.querySelector('.mq-comparebar p').textContent.includes('Nothing outside')")


def test_a_note_is_scribbled_with_keys_and_taken_away(page: Any) -> None:
    say(page, ASK)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.keyboard.press("5")
    page.focus(".mq-canvas")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    told = "JSON.parse(window.maquette.tell()).notes"
    (stroke,) = page.evaluate(told)
    assert stroke["colour"] == "red" and len(stroke["points"]) == 2
    page.click("#noted [data-note=clear]")
    assert page.evaluate(told) == [] and page.locator("#noted .mq-noted").is_hidden()


def test_a_mask_is_painted_with_keys_alone(page: Any) -> None:
    say(page, ASK)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.keyboard.press("2")
    assert page.get_attribute("[data-mode=rectangle]", "aria-pressed") == "true"
    page.focus(".mq-canvas")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Space")
    assert share(page, (0.51, 0.51, 0.73, 0.73)) == 1 and share(page, WHOLE) == pytest.approx(0.0576, abs=0.005)
    page.wait_for_selector(".mq-painted:visible")


def test_boxes_that_are_drawn_and_named_are_the_layout(page: Any, studio: Studio) -> None:
    page.click("[data-tool=boxes]")
    drag(page, ".mq-hand", (0.1, 0.1), (0.45, 0.5))
    page.keyboard.type("red apple")
    drag(page, ".mq-hand", (0.55, 0.5), (0.9, 0.95))
    assert page.locator("[data-draw-boxes]").is_disabled() and "no name" in page.inner_text(".mq-boxbar p")
    page.keyboard.type("dog")
    page.fill("#box textarea", "on a beach")
    shot(page, "boxes")
    page.press("#box textarea", "Enter")
    page.wait_for_selector(".mq-said")
    settle(page)
    assert page.locator(".mq-said").inner_text().endswith("a red apple and a dog on a beach")
    drawn = regions(studio, page)
    assert drawn["red apple"] == pytest.approx([0.1, 0.1, 0.45, 0.5], abs=0.01)
    assert drawn["dog"] == pytest.approx([0.55, 0.5, 0.9, 0.95], abs=0.01)
    assert studio.view(session_of(page)).brief.background == "beach"


def test_the_layout_is_moved_with_keys_and_drawn_again(page: Any, studio: Studio) -> None:
    say(page, "a red apple on a beach")
    before = regions(studio, page)["red apple"]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("b")
    page.focus(".mq-handbox")
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    page.click("[data-draw-boxes]")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    settle(page)
    after = regions(studio, page)["red apple"]
    assert after == pytest.approx([before[0], before[1] - 0.04, before[2] - 0.02, before[3] - 0.04], abs=0.011)
    assert page.get_attribute("body", "data-tool") == "boxes" and page.locator(".mq-handbox").count() == 1
    page.focus(".mq-handbox")
    page.keyboard.press("Delete")
    assert page.locator(".mq-handbox").count() == 0


def test_live_follows_words_and_boxes_and_keeps_nothing_until_it_is_sent(page: Any, studio: Studio) -> None:
    before = len(studio.store.ids())
    page.click("[data-live]")
    page.fill("#box textarea", "a red apple on a beach")
    page.wait_for_function("document.body.dataset.draft === 'yes'")
    page.wait_for_function("document.querySelector('.mq-draftnote').textContent.startsWith('draft,')")
    assert len(studio.store.ids()) == before and page.locator(".mq-said").count() == 0
    shot(page, "live")
    drafted = page.evaluate(PIXELS, ".mq-draft")
    page.press("#box textarea", "Enter")
    page.wait_for_selector(".mq-said")
    settle(page)
    assert page.get_attribute("body", "data-draft") == ""
    off = sum(abs(a - b) for a, b in zip(drafted, page.evaluate(PIXELS, ".mq-picture"), strict=True)) / len(drafted)
    assert off < 8, "what was seen is what is kept"
    page.click("[data-tool=boxes]")
    box = page.locator(".mq-handbox").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] * 0.7, steps=3)
    page.wait_for_function("document.body.dataset.draft === 'yes'")
    page.mouse.up()
    page.wait_for_function("document.querySelector('.mq-draftnote').textContent.startsWith('draft,')")
    page.click("[data-live]")
    assert page.get_attribute("body", "data-draft") == "" and page.locator(".mq-said").count() == 1


PIXELS = """(query) => { const image = document.querySelector(query), at = document.createElement('canvas');
  at.width = at.height = 32; const pen = at.getContext('2d'); pen.drawImage(image, 0, 0, 32, 32);
  return [...pen.getImageData(0, 0, 32, 32).data]; }"""


def test_a_picture_goes_on_at_a_side_and_is_enlarged(page: Any, studio: Studio) -> None:
    say(page, ASK)
    first = current(page)
    page.click(".mq-larger summary")
    assert page.locator(".mq-larger [data-side]").count() == 4, "left, right, around, twice: upwards there is no size"
    shot(page, "larger")
    page.click("[data-side=right]")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 2")
    settle(page)
    record = studio.store.record(current(page))
    assert (record.width, record.height) == (192, 128) and record.parents == [first]
    assert studio.store.image(record.id).crop((0, 0, 128, 128)).tobytes() == studio.store.image(first).tobytes()
    assert "made from version 1" in page.get_attribute(".mq-tree [aria-current]", "aria-label")
    page.click("[data-act=undo]")
    until(lambda: current(page) == first, "undo leads back to the picture that was extended")
    page.click(".mq-larger summary")
    page.click("[data-side=twice]")
    page.wait_for_function("document.querySelectorAll('.mq-said').length === 3")
    settle(page)
    assert studio.store.record(current(page)).width == 256


def test_where_no_model_has_a_size_the_control_says_so(page: Any, studio: Studio) -> None:
    say(page, ASK)
    page.click(".mq-larger summary")
    page.evaluate("localStorage.setItem('maquette-model', 'sketch-looks')")
    page.click("[data-side=right]")
    note = page.wait_for_selector("#strip .mq-note")
    assert "sketch-looks has no size to extend this picture to the right; sketch-wide has" in note.inner_text()
    assert page.locator(".mq-said").count() == 1


def test_a_reference_has_a_role_and_goes_to_a_model_that_looks(page: Any, studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / "style.png"
    Image.new("RGB", (128, 128), "teal").save(file)
    page.set_input_files("#box input[type=file]", file)
    page.select_option(".mq-roles select", "style")
    said = page.locator(".mq-roles p")
    until(lambda: "sketch-wide cannot look at a reference picture" in said.inner_text(), "nothing was said of the role")
    assert "sketch-looks can." in said.inner_text()
    shot(page, "reference")
    page.evaluate("localStorage.setItem('maquette-model', 'sketch-looks')")
    page.click("[data-open=settings]")
    page.select_option("[data-pick-model]", "sketch-looks")
    page.keyboard.press("Escape")
    until(lambda: said.inner_text() == "", "the model that can is not complained of")
    say(page, "a red apple")
    request = studio.store.record(current(page)).request
    assert request.kind == "edit" and request.prompt.endswith("in the style of picture 1")
    assert studio.store.image(request.sources[0]).getpixel((5, 5)) == (0, 128, 128)
    assert page.locator(".mq-said .mq-mask").inner_text() == "its style"
    page.wait_for_selector(".mq-roles", state="hidden")


def test_an_adapter_goes_with_the_picture_and_comes_back_with_its_settings(page: Any, studio: Studio) -> None:
    page.click("[data-open=settings]")
    assert not page.locator("[data-setting='adapter:chalk']:visible").count()
    page.select_option("[data-pick-model]", "sketch-wears")
    page.fill("[data-setting='adapter:chalk']", "0.7")
    page.fill("[data-setting='adapter:woodcut']", "9")
    shot(page, "adapters")
    page.keyboard.press("Escape")
    assert "chalk 0.7" in page.inner_text(".mq-kept span")
    page.fill("#box textarea", "a red apple")
    page.keyboard.press("Enter")
    note = page.wait_for_selector("#strip .mq-note")
    assert "The setting woodcut cannot be '9'" in note.inner_text()
    page.click("[data-open=settings]")
    page.click("[data-clear='adapter:woodcut']")
    page.keyboard.press("Escape")
    say(page, "a red apple")
    assert studio.store.record(current(page)).request.adapters == (("chalk", 0.7),)
    page.click("[data-open=settings]")
    page.click(".mq-drawer [data-unset]")
    page.keyboard.press("Escape")
    page.click(".mq-goon [data-recall]:not([data-seedless])")
    assert "chalk 0.7" in page.inner_text(".mq-kept span")


def test_hand_tools_fit_a_phone(browser: Any, page: Any) -> None:
    say(page, ASK)
    phone = open_page(browser, page.url, PHONE, has_touch=True, is_mobile=True)
    settle(phone)
    for tool, bar in (("paint", ".mq-paintbar"), ("boxes", ".mq-boxbar")):
        phone.tap(f"[data-tool={tool}]")
        assert no_sideways(phone)
        area, chat = phone.locator(bar).bounding_box(), phone.locator("#talk-side").bounding_box()
        assert area["y"] + area["height"] <= chat["y"] + 20, f"{tool}: its bar lies under the chat"
        shot(phone, f"phone-{tool}")
    assert not phone.complaints
    phone.context.close()
