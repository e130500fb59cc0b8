"""The page's behaviour without a browser: turns that outlive their tab, refusals, masks."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from agent.api import DataFolderError, SessionBusy, Started, UserSaid, Working
from generators.api import BadPicture
from tests.ui.doubles import StudioDouble
from ui import render
from ui.api import Sent, read_sent
from ui.live import UNEXPECTED, Hub, LiveTurn
from ui.page import Frame, Page, safely
from ui.paint import mask_png

ASK = "a red apple to the left of two dogs on a beach"


@pytest.fixture
def studio(tmp_path: Path) -> StudioDouble:
    return StudioDouble(tmp_path / "pictures", pace=0.01)


@pytest.fixture
def page(studio: StudioDouble) -> Iterator[Page]:
    page = Page(studio)
    yield page
    page.hub.close()


def signal(frame: Frame) -> dict[str, object]:
    import html
    import re

    assert frame.signal
    return json.loads(html.unescape(re.sub("</?i>", "", frame.signal)))


def painted(box: tuple[int, int, int, int], size: tuple[int, int] = (768, 768)) -> str:
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle(box, fill=(180, 80, 40, 255))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def session_of(page: Page) -> str:
    return str(page.studio.sessions()[0]["session"])


def test_a_turn_streams_and_ends_with_the_session_as_kept(page: Page) -> None:
    frames = list(page.say(ASK, [], Sent()))
    assert frames[0].box == {"text": "", "files": []} and signal(frames[0])["busy"]
    assert any(frame.signal and signal(frame).get("glimpse") for frame in frames)
    last = frames[-1]
    assert not signal(last)["busy"] and last.talk and "Here it is" in last.talk[-1]["content"]
    again = list(page.load(Sent(session=session_of(page))))
    assert again[-1].talk == last.talk and again[-1].picture == last.picture


def test_frames_come_at_most_fifteen_times_a_second(tmp_path: Path) -> None:
    page = Page(StudioDouble(tmp_path, pace=0.002, steps=300))
    began = time.monotonic()
    count = len(list(page.say(ASK, [], Sent())))
    assert count <= 15 * (time.monotonic() - began) + 2


def test_an_unchanged_part_is_not_sent_again(page: Page) -> None:
    frames = list(page.say(ASK, [], Sent()))
    assert sum(frame.picture is not None for frame in frames) <= 3
    assert sum(frame.top is not None for frame in frames) == 1


def test_a_turn_costs_the_page_the_same_with_many_pictures_as_with_some(page: Page, studio: StudioDouble) -> None:
    def sent_by(text: str) -> int:
        return sum(len(str(frame)) for frame in page.say(text, [], Sent(session=session)))

    list(page.say(ASK, [], Sent()))
    session = session_of(page)
    studio.grow(session, 50)
    some = sent_by("make one of the dogs purple")
    studio.grow(session, 400)
    many = sent_by("make one of the dogs purple")
    assert many < 1.3 * some


def test_two_pictures_are_compared_and_only_those_of_the_session(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    sent = Sent(session=session_of(page), comparing=True)
    first = studio.current(sent.session or "")
    list(page.say("make one of the dogs purple", [], sent))
    shown = next(iter(page.compare(sent))).picture or ""
    assert f'data-left="{first}"' in shown and "of the picture changed" in shown
    other = next(iter(page.compare(sent.model_copy(update={"left": "0" * 32, "right": "../../x"})))).picture or ""
    assert f'data-left="{first}"' in other and "../" not in other


def test_a_deletion_is_offered_back(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    sent = Sent(session=session_of(page))
    picture = studio.current(sent.session or "") or ""
    gone = next(iter(page.delete(sent, picture)))
    assert f'data-act="restore" data-id="{picture}"' in (gone.strip or "") and "appears here" in (gone.picture or "")
    assert f'data-picture="{picture}"' in (next(iter(page.restore(sent, picture))).picture or "")


def test_a_changed_line_is_the_next_message_and_a_stale_one_is_refused(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    sent = Sent(session=session_of(page))
    list(page.change_line(sent, 1, "two dogs", "three dogs"))
    assert studio.heard[-1][0].text == "change two dogs to three dogs"
    refused = list(page.change_line(sent, 1, "nine dogs", "three dogs"))
    assert "changed meanwhile" in (refused[-1].strip or "") and len(studio.heard) == 2
    list(page.change_line(sent, -1, "", "a cat"))
    assert studio.heard[-1][0].text == "add a cat"


def test_the_drawers_settings_become_options(page: Page, studio: StudioDouble) -> None:
    given = {"seed": str(2**62 + 1), "steps": "9", "guidance": "2.5", "negative": "fog", "size": "96x64", "images": "2",
             "seconds": " "}
    list(page.say(ASK, [], Sent(settings=given)))
    options = studio.heard[-1][1]
    assert options and options.seed == 2**62 + 1 and options.limits.images == 2
    assert options.wishes.model_dump() == {"steps": 9, "guidance": 2.5, "negative": "fog", "size": (96, 64),
                                           "adapters": ()}


def test_an_adapter_is_picked_from_the_list_and_nothing_else_is_opened(
        page: Page, studio: StudioDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    said = studio.choices()
    said["models"] = {name: {**one, "adapters": ["chalk: white"]} for name, one in said["models"].items()}
    monkeypatch.setattr(studio, "choices", lambda: said)
    given = {"adapter:chalk: white": "0.5", "adapter:/etc/passwd": "1", "adapter:../secret": "1"}
    list(page.say(ASK, [], Sent(settings=given)))
    options = studio.heard[-1][1]
    assert options and options.wishes.adapters == (("chalk: white", 0.5),)


@pytest.mark.parametrize("bad", [{"steps": "0"}, {"seed": "x"}, {"size": "big"}, {"guidance": "nan"}, {"images": "-1"},
                                 {"planner": "/etc"}, {"planner": "hf:any/thing"}])
def test_a_setting_that_cannot_be_is_a_sentence_and_nothing_is_drawn(page: Page, bad: dict[str, str]) -> None:
    refused = list(page.say(ASK, [], Sent(settings=bad)))
    assert len(refused) == 1 and "settings" in (refused[0].strip or "") and page.studio.sessions() == []


def test_a_turn_goes_on_when_its_tab_is_closed(page: Page, studio: StudioDouble) -> None:
    frames = page.say(ASK, [], Sent())
    next(frames)
    frames.close()
    session = session_of(page)
    back = list(page.load(Sent(session=session)))
    assert len(back) > 1 and signal(back[0])["busy"]
    assert back[0].talk and ASK.split()[1] in back[0].talk[0]["content"]
    assert studio.view(session).picture and "Here it is" in (back[-1].talk or [{}])[-1]["content"]


def test_two_tabs_see_the_same_turn_and_the_second_cannot_send(page: Page) -> None:
    first = page.say(ASK, [], Sent())
    next(first)
    sent = Sent(session=session_of(page))
    refused = list(page.say("and a cat", [], sent))
    assert len(refused) == 1 and refused[0].strip and "still working" in refused[0].strip
    assert refused[0].box is None and refused[0].talk is None
    seen = list(page.load(sent))
    assert list(first)[-1].talk == seen[-1].talk
    assert sum(isinstance(e, UserSaid) for e in page.studio.view(sent.session or "").entries) == 1


def test_stop_ends_the_turn_within_a_second(tmp_path: Path) -> None:
    page = Page(StudioDouble(tmp_path, pace=0.05, steps=200))
    frames = page.say(ASK, [], Sent())
    next(frames)
    sent = Sent(session=session_of(page))
    time.sleep(0.5)
    began = time.monotonic()
    page.stop(sent)
    rest = list(frames)
    assert time.monotonic() - began < 1.0
    assert "Stopped" in (rest[-1].talk or [{}])[-1]["content"]


def test_a_question_has_buttons_and_survives_a_reload(page: Page) -> None:
    last = list(page.say("draw me something nice for my sister", [], Sent()))[-1]
    assert last.talk and [o["value"] for o in last.talk[-1]["options"]][-1] == "you choose"
    again = list(page.load(Sent(session=session_of(page))))[-1]
    assert again.talk == last.talk


def test_a_mask_is_made_to_fit_and_used_once(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    session = session_of(page)
    current = studio.current(session)
    sent = Sent(session=session, picture=current, mask=painted((80, 440, 260, 620)))
    list(page.say("put a cake here", [], sent))
    said = [e for e in studio.view(session).entries if isinstance(e, UserSaid)][-1]
    assert said.mask
    with Image.open(studio.path(said.mask)) as mask:
        assert mask.mode == "L" and mask.size == (128, 128) and set(mask.tobytes()) == {0, 255}
        assert mask.getbbox() == (13, 73, 44, 104)


def test_a_mask_of_another_picture_is_not_used(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    session = session_of(page)
    list(page.say("put a cake here", [], Sent(session=session, picture="0" * 32, mask=painted((0, 0, 9, 9)))))
    assert [e for e in studio.view(session).entries if isinstance(e, UserSaid)][-1].mask is None


@pytest.mark.parametrize("data", ["", "data:image/png;base64,!!!", "data:image/svg+xml;base64,AAAA", "http://x/y.png",
                                  "data:image/png;base64,AAAA", "data:image/png;base64," + "A" * (5 << 20)])
def test_what_is_no_paint_is_refused_with_a_sentence(data: str) -> None:
    with pytest.raises(BadPicture, match=r"could not be read"):
        mask_png(data, 64, 64)


def test_nothing_painted_is_no_mask() -> None:
    assert mask_png(painted((0, 0, 0, 0), (1, 1)).replace("x", "x"), 64, 64) is not None
    empty = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(empty, "PNG")
    assert mask_png("data:image/png;base64," + base64.b64encode(empty.getvalue()).decode(), 64, 64) is None


def test_an_upload_that_is_no_picture_is_refused_and_nothing_is_lost(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_text("hello")
    frames = list(page.say("make it night", [str(file)], Sent()))
    assert len(frames) == 1 and "no picture" in (frames[0].strip or "") and frames[0].box is None
    assert page.studio.sessions() == []


def test_an_error_is_one_sentence_and_the_message_comes_back(page: Page, studio: StudioDouble) -> None:
    studio.fail = DataFolderError("The disk is full; free some space and send it again.")
    last = list(page.say(ASK, [], Sent()))[-1]
    assert last.talk and "The disk is full" in last.talk[-1]["content"] and last.box == {"text": ASK, "files": []}
    assert ASK.split()[1] in last.talk[0]["content"]


def test_an_unforeseen_error_shows_no_traceback(page: Page, studio: StudioDouble) -> None:
    studio.fail = ZeroDivisionError("secret /home/me")
    last = list(page.say(ASK, [], Sent()))[-1]
    shown = (last.talk or [{}])[-1]["content"]
    assert UNEXPECTED.split(";")[0] in shown and "secret" not in shown and "ZeroDivision" not in shown


def test_an_event_that_fails_anywhere_ends_in_a_sentence(page: Page, studio: StudioDouble,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: str) -> None:
        raise DataFolderError("The data folder is gone.") if session == "a" else KeyError("secret")

    monkeypatch.setattr(studio, "view", broken)
    assert "data folder is gone" in (list(safely(page.say(ASK, [], Sent(session="a"))))[-1].strip or "")
    shown = list(safely(page.say(ASK, [], Sent(session="b"))))[-1].strip or ""
    assert "unexpected" in shown and "secret" not in shown


def test_an_unknown_session_is_one_sentence(page: Page) -> None:
    frames = list(page.load(Sent(session="nobody")))
    assert "no session of that name" in (frames[-1].strip or "") and frames[-1].welcome
    assert "no session of that name" in (next(iter(page.say("x", [], Sent(session="nobody")))).strip or "")
    assert "no session of that name" in (next(iter(page.undo(Sent(session="nobody")))).strip or "")


def test_an_interrupted_turn_offers_to_go_on(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    session = session_of(page)
    studio._sessions[session].interrupted = True
    shown = list(page.load(Sent(session=session)))[-1]
    assert 'data-act="resume"' in (shown.strip or "")
    last = list(page.resume(Sent(session=session)))[-1]
    assert 'data-act="resume"' not in (last.strip or "") and not studio.view(session).interrupted
    assert "interrupted" in (list(page.resume(Sent(session=session)))[-1].strip or "") or last.talk


def test_undo_and_select_move_the_stage(page: Page, studio: StudioDouble) -> None:
    list(page.say(ASK, [], Sent()))
    sent = Sent(session=session_of(page))
    first = studio.current(sent.session or "")
    list(page.say("make one of the dogs purple", [], sent))
    second = studio.current(sent.session or "")
    assert f'data-picture="{first}"' in (next(iter(page.undo(sent))).picture or "")
    assert f'data-picture="{second}"' in (next(iter(page.select(sent, second or ""))).picture or "")


def test_an_empty_message_does_nothing(page: Page) -> None:
    assert list(page.say("  \n", [], Sent())) == [Frame()] and page.studio.sessions() == []


@pytest.mark.parametrize("text", [None, "", "x", "[]", '{"session": 3}', '{"other": 1}'])
def test_what_the_browser_says_is_never_trusted(text: str | None) -> None:
    assert read_sent(text) == Sent()


def test_a_turn_that_waits_for_the_model_says_how_many_are_before_it() -> None:
    hub, gate = Hub(), threading.Event()
    begun = {name: threading.Event() for name in "abcd"}

    def turn(name: str, *events: Any) -> LiveTurn:
        def run(listen: Any, stop: object) -> object:
            for event in events:
                listen(event)
            begun[name].set()
            gate.wait(10)
            raise SessionBusy("over")

        live = hub.start(name, (), run, model="" if name != "d" else "another")  # type: ignore[arg-type]
        assert begun[name].wait(10)
        return live

    drawing = Started(call="c", tool="generate", arguments={})
    first, second, third, elsewhere = (turn(name, drawing, *([Working(call="c", step=1, steps=8)] * (name == "a")))
                                       for name in "abcd")
    assert [hub.ahead(live) for live in (first, second, third, elsewhere)] == [0, 1, 2, 0]
    assert render.progress(third.snapshot(), 2) == "after 2 other pictures"
    assert render.progress(first.snapshot(), 0) == "step 1/8"
    second._hear(Working(call="c", step=1, steps=8))
    assert hub.ahead(second) == 0, "begun"
    gate.set()
    hub.close()
    assert hub.ahead(third) == 0


def test_the_hub_runs_one_turn_a_session_and_sessions_side_by_side() -> None:
    hub, gate = Hub(), threading.Event()

    def run(listen: object, stop: object) -> object:
        gate.wait(10)
        raise SessionBusy("over")

    hub.start("a", (), run)  # type: ignore[arg-type]
    hub.start("b", (), run)  # type: ignore[arg-type]
    with pytest.raises(SessionBusy):
        hub.start("a", (), run)  # type: ignore[arg-type]
    gate.set()
    hub.close()
    assert hub.find("a") is None and hub.find("b") is None
