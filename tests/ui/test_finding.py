"""Settings, keys, the gallery and pictures from elsewhere, in a real browser against the real studio on the procedural
generator."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from agent.settings import Settings
from agent.studio import Studio
from generators.workshop import Workshop
from tests.ui.browsing import ASK, PHONE, current, no_sideways, open_page, say, settle, shot, until

pytestmark = [pytest.mark.browser, pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), generator="sketch")
    studio = Studio(settings, Workshop(eyes="sketch"))
    yield studio
    studio.close()
    studio.workshop.close()


def nowhere(page: Any) -> None:
    """Put the focus where no one types."""
    page.evaluate("document.activeElement.blur()")


def test_settings_reach_the_picture_and_are_reset(page: Any, studio: Studio) -> None:
    page.click("[data-open=settings]")
    assert page.locator(".mq-drawer").is_visible()
    assert page.get_attribute("[data-setting=images]", "placeholder") == str(studio.settings.limits.images)
    planners = page.locator("[data-setting=planner] option")
    assert "needs OPENAI_API_KEY" in planners.nth(2).inner_text() and planners.nth(2).is_disabled()
    missing = page.locator("[data-pick-model] option", has_text="not on this machine").first
    assert missing.is_disabled()
    page.fill("[data-setting=seed]", "42")
    page.fill("[data-for=sketch] [data-setting=negative]", "clouds")
    page.fill("[data-setting=images]", "1")
    page.keyboard.press("Tab")
    shot(page, "settings")
    page.keyboard.press("Escape")
    assert page.inner_text(".mq-kept span") == "seed 42 · negative clouds · images 1"
    say(page, ASK)
    record = studio.store.record(current(page))
    assert record.request and record.request.seed == 42 and record.request.negative == "clouds"
    page.reload()
    page.wait_for_selector(".mq-kept:visible")
    page.click("[data-open=settings]")
    assert page.input_value("[data-setting=seed]") == "42"
    page.click("[data-clear=seed]")
    assert page.input_value("[data-setting=seed]") == "" and "seed" not in page.inner_text(".mq-kept span")
    page.click(".mq-drawer [data-unset]")
    page.keyboard.press("Escape")
    assert page.locator(".mq-kept").is_hidden()


def test_a_style_goes_with_new_pictures_and_stands_in_the_brief(page: Any, studio: Studio, tmp_path: Path) -> None:
    page.click("[data-open=settings]")
    page.click("[data-for=sketch] [data-preset='At night']")
    assert page.inner_text("[data-preset-words]") == "… at night."
    exported = tmp_path / "styles.csv"
    exported.write_text('name,prompt,negative_prompt\n"In <b>snow</b>","{prompt} in the snow","fog"\n')
    page.set_input_files("[data-import-presets]", exported)
    assert "1 style added" in page.wait_for_selector("#strip .mq-note").inner_text()
    page.click("#strip [data-open=settings]")
    assert page.get_attribute("[data-for=sketch] [data-preset='At night']", "aria-pressed") == "true"
    shot(page, "styles")
    page.keyboard.press("Escape")
    assert page.inner_text(".mq-kept span") == "style At night"
    say(page, "a red apple")
    assert studio.store.record(current(page)).brief.background == "night"
    chip = page.locator(".mq-brief .mq-background")
    assert "night" in chip.inner_text()
    assert chip.locator("summary").get_attribute("title").startswith("from the style At night")
    shot(page, "styled")
    page.click("[data-open=settings]")
    page.click("[data-preset='In <b>snow</b>']")
    assert page.inner_text("[data-preset-words]") == "… in the snow. Without: fog"
    page.click("[data-preset='In <b>snow</b>']")
    assert page.inner_text("[data-preset-words]") == ""
    page.set_input_files("[data-import-presets]", {"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    assert "no list of presets" in page.wait_for_selector("#strip .mq-note[role=alert]").inner_text()
    assert page.locator(".mq-drawer").is_hidden() and page.locator(".mq-kept").is_hidden()


def test_a_setting_that_cannot_be_is_one_sentence(page: Any) -> None:
    page.click("[data-open=settings]")
    page.fill("[data-setting=images]", "0")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.fill("#box textarea", ASK)
    page.press("#box textarea", "Enter")
    assert "The setting images cannot be '0'" in page.wait_for_selector("#strip .mq-note").inner_text()
    assert page.input_value("#box textarea") == ASK


def test_the_browser_names_no_planner_but_those_of_the_list(page: Any, tmp_path: Path) -> None:
    page.evaluate(f"localStorage.setItem('maquette-settings', JSON.stringify({{planner: '{tmp_path}'}}))")
    page.fill("#box textarea", ASK)
    page.press("#box textarea", "Enter")
    assert "planner cannot be used" in page.wait_for_selector("#strip .mq-note").inner_text()


def test_keys(page: Any) -> None:
    say(page, ASK)
    say(page, "add a cat")
    first, second = (item.get_attribute("data-id") for item in page.locator(".mq-tree button").all())
    nowhere(page)
    page.keyboard.press("?")
    assert page.locator("[data-dialog=keys]").is_visible()
    shot(page, "keys")
    page.keyboard.press("z")
    page.keyboard.press("Escape")
    assert page.locator("[data-dialog=keys]").is_hidden() and current(page) == second, "keys rest under the overlay"
    for key, wanted in (("z", first), ("y", second)):
        page.keyboard.press(key)
        until(lambda wanted=wanted: current(page) == wanted, f"{key} did nothing")
    page.keyboard.press("c")
    assert page.get_attribute("body", "data-tool") == "compare"
    page.keyboard.press("l")
    page.keyboard.press("/")
    page.keyboard.type("zs")
    assert page.input_value("#box textarea") == "zs" and current(page) == second, "typed letters are letters"
    page.fill("#box textarea", "")
    for key, wanted in (("ArrowUp", "add a cat"), ("ArrowUp", ASK), ("ArrowDown", "add a cat"), ("ArrowDown", "")):
        page.keyboard.press(key)
        assert page.input_value("#box textarea") == wanted
    page.focus(".mq-tree [aria-current]")
    page.keyboard.press("ArrowLeft")
    until(lambda: current(page) == first, "the arrow keys do not walk the versions")


def test_time_is_told_before_and_after(page: Any) -> None:
    say(page, ASK)
    page.wait_for_function("/^about \\\\d/.test(document.querySelector('.mq-times').textContent)".replace("\\\\", "\\"))
    assert re.search(r"\(\d+(\.\d+)?m?s\)", page.locator(".thought-group .duration").first.inner_text())


def test_the_gallery_finds_filters_opens_and_downloads(page: Any, browser: Any) -> None:
    say(page, "a horse in a desert")
    horse = current(page)
    nowhere(page)
    page.keyboard.press("s")
    page.wait_for_selector(".mq-tree .mq-starred")
    page.goto(page.url.split("?")[0])
    page.wait_for_function("window.maquette && document.querySelector('.mq-stage')")
    say(page, "a blue boat at night")
    boat = current(page)
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    shown = [box.get_attribute("value") for box in page.locator(".mq-gallery [name=id]").all()]
    assert shown[:2] == [boat, horse], "newest first"
    page.fill("[data-gallery-words]", "horse")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length === 1")
    assert page.get_attribute(".mq-gallery [name=id]", "value") == horse
    assert page.evaluate("document.activeElement.matches('[data-gallery-words]')"), "one goes on typing"
    page.fill("[data-gallery-words]", "")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length > 1")
    page.check("[data-gallery-starred]")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length === 1")
    page.uncheck("[data-gallery-starred]")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length > 1")
    shot(page, "gallery")
    assert page.locator(".mq-picked [type=submit]").is_disabled()
    for id in (horse, boat):
        page.check(f".mq-gallery [value='{id}']")
    assert page.inner_text(".mq-picked [type=submit]") == "Download 2 as zip"
    with page.expect_download() as download:
        page.click(".mq-picked [type=submit]")
    with zipfile.ZipFile(download.value.path()) as packed:
        assert sorted(packed.namelist()) == sorted(f"maquette-{id[:12]}.png" for id in (horse, boat))
        with Image.open(io.BytesIO(packed.read(f"maquette-{horse[:12]}.png"))) as image:
            assert "maquette" in image.info, "with the record inside"
    page.click(f".mq-gallery li:has([value='{horse}']) a")
    page.wait_for_selector(".mq-said")
    settle(page)
    assert current(page) == horse and page.locator(".mq-said").inner_text() == "a horse in a desert"
    page.wait_for_selector(f"#talk img.mq-named[src*='{horse}']")
    phone = open_page(browser, page.url.split("?")[0] + "?view=gallery", PHONE, has_touch=True, is_mobile=True)
    phone.wait_for_selector(".mq-gallery li")
    assert no_sideways(phone)
    shot(phone, "phone-gallery")
    phone.context.close()


def test_what_is_in_a_picture_becomes_the_next_message(page: Any) -> None:
    say(page, "a green bus on a beach")
    page.click("[data-act=describe]")
    note = page.wait_for_selector("#strip .mq-note")
    assert "a green bus on a beach" in note.inner_text() and "as the critic sees it" in note.inner_text()
    shot(page, "described")
    page.click("#strip [data-prompt]")
    assert page.input_value("#box textarea") == "a green bus on a beach"
    assert page.locator("#strip .mq-note").is_hidden()


def listed(page: Any) -> list[str]:
    return [box.get_attribute("value") for box in page.locator(".mq-gallery [name=id]").all()]


def test_the_gallery_finds_by_an_example_and_by_both(page: Any, studio: Studio) -> None:
    if studio.workshop.matches is None:
        pytest.skip("nothing here compares pictures: generators/pack/contrastive is missing")
    made = []
    for words in ("a cup in a desert", "a green chair in a forest", "a yellow cup in a forest"):
        page.goto(page.url.split("?")[0])
        page.wait_for_function("window.maquette && document.querySelector('.mq-stage')")
        say(page, words)
        made.append(current(page))
    cup, chair, forest_cup = made
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    page.hover(f".mq-gallery li:has([value='{chair}'])")
    page.click(f"[data-more-like='{chair}']")
    page.wait_for_selector(f"[data-gallery-like='{chair}']")
    alike = listed(page)
    assert chair not in alike and alike.index(forest_cup) < alike.index(cup), "the other forest is nearer"
    page.fill("[data-gallery-words]", "cup")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length === 2")
    assert listed(page) == [forest_cup, cup] and page.locator("[data-gallery-like]").is_visible()
    shot(page, "alike")
    page.click("[data-unlike]")
    page.wait_for_function("!document.querySelector('[data-gallery-like]')")
    assert sorted(listed(page)) == sorted([cup, forest_cup]), "the words stay"
    page.fill("[data-gallery-words]", "zeppelin")
    page.wait_for_selector(".mq-none")
    assert "No picture here fits “zeppelin”" in page.inner_text(".mq-none")


def picture_of(tmp_path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    file = tmp_path / "elsewhere.png"
    Image.new("RGB", (64, 64), "teal").save(file, pnginfo=info)
    return file


def test_a_picture_from_elsewhere_gives_its_settings_back(page: Any, tmp_path: Path) -> None:
    hostile = ("<img src=x onerror=alert(1)> a cat\nNegative prompt: fog\n"
               "Steps: 9, CFG scale: 3, Seed: 77, Size: 640x512")
    page.set_input_files("#box input[type=file]", picture_of(tmp_path, parameters=hostile))
    note = page.wait_for_selector("#recalled .mq-note:not([hidden])")
    assert "A1111" in note.inner_text() and "seed 77" in note.inner_text() and "<img src=x" in note.inner_text()
    assert page.locator("#recalled img").count() == 0
    shot(page, "recalled")
    page.click("#recalled [data-recall]")
    assert page.input_value("#box textarea") == hostile.split("\n")[0]
    assert page.inner_text(".mq-kept span") == "seed 77 · steps 9 · guidance 3.0 · negative fog"
    assert page.locator("#recalled .mq-note").is_hidden()


def test_a_picture_that_says_nothing_gets_no_note(page: Any, tmp_path: Path) -> None:
    page.set_input_files("#box input[type=file]", picture_of(tmp_path))
    page.wait_for_selector("#box .thumbnail-item, #box .thumbnails img")
    time.sleep(0.7)
    assert page.locator("#recalled .mq-note").is_hidden()


def test_pictures_are_collected_and_found_by_collection(page: Any, studio: Studio) -> None:
    say(page, "a green fish in the sea")
    fish = current(page)
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    assert page.locator("[data-collect]").is_disabled() and page.locator("[data-collection]").count() == 0
    page.check(f".mq-gallery [value='{fish}']")
    page.fill("[data-collect-name]", "for <b>the</b> wall")
    page.click("[data-collect]")
    page.select_option("[data-collection]", "for <b>the</b> wall")
    page.wait_for_function("document.querySelectorAll('.mq-gallery li').length === 1")
    assert studio.collections() == {"for <b>the</b> wall": [fish]} and page.locator(".mq-gallery header b").count() == 0
    assert page.get_attribute(".mq-gallery [name=id]", "value") == fish
    shot(page, "collection")
    page.check(f".mq-gallery [value='{fish}']")
    page.click("[data-uncollect]")
    page.wait_for_function("document.querySelectorAll('[data-collection]').length === 0")
    assert studio.collections() == {}
