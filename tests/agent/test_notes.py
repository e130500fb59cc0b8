"""A note scribbled on the picture: its meaning goes as a mask to every planner, its picture to those that see."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image, ImageDraw

from agent.api import BadInput, Options, Turn
from agent.limits import CHARACTERS_PER_TOKEN, PICTURE_TOKENS, estimate_tokens
from agent.planners import make
from agent.settings import load
from generators.api import GeneratorError
from tests.agent.conftest import DRAW

pytestmark = pytest.mark.shared_worker


def noted(table: Any, boxes: list[tuple[int, int, int, int]], text: str = "make this blue") -> Any:
    """A message about the boxes (pixels), with a note on the picture; what the planner was shown."""
    studio, session = table.studio, table.session
    record = studio.store.record(studio.current(session))
    mask = Image.new("L", (record.width, record.height))
    for box in boxes:
        ImageDraw.Draw(mask).rectangle(box, 255)
    buffer, shown = io.BytesIO(), io.BytesIO()
    mask.save(buffer, "PNG")
    Image.new("RGB", (48, 48), "orange").save(shown, "PNG")
    turn = Turn(id=uuid4().hex, text=text, mask=studio.ingest_mask(buffer.getvalue(), record.id).id,
                note=studio.ingest(shown.getvalue()).id)
    studio.turn(session, turn, Options(), table.heard.append)
    return studio._planner.seen[-1]


def test_only_a_planner_that_sees_is_shown_the_picture(bench) -> None:
    table = bench([DRAW, "Here.", "Which one?", "That one."])
    table.say("a red apple and two dogs")
    blind = noted(table, [(10, 10, 40, 40)])
    assert blind[-1]["content"] == "[mask] make this blue" and "image_url" not in json.dumps(blind)
    table.studio._planner.sees = True
    words, hint, picture = noted(table, [(10, 10, 40, 40)])[-1]["content"]
    assert words == {"type": "text", "text": "[mask] make this blue"} and "drew" in hint["text"]
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (48, 48) and image.getpixel((5, 5)) == (255, 165, 0)
    assert table.entries[-2].note == table.studio.store.record(table.entries[-2].note).id


def test_what_lies_between_two_notes_is_not_meant(bench) -> None:
    table = bench([DRAW, "Here.", "Both."])
    table.say("a red apple and two dogs")
    scene = table.studio.store.record(table.studio.current(table.session)).scene
    first, *between, last = sorted(scene, key=lambda thing: thing.box.centre)
    assert between
    boxes = [tuple(round(128 * side) for side in thing.box) for thing in (first, last)]
    state = json.loads(noted(table, boxes)[0]["content"].rpartition("\nSTATE\n")[2])
    assert sorted(state["covered"]) == sorted([first.id, last.id])


def test_a_picture_costs_what_servers_count_for_one() -> None:
    long = {"url": "data:image/png;base64," + "A" * 900_000}
    assert PICTURE_TOKENS <= estimate_tokens([long]) < PICTURE_TOKENS + 100
    assert estimate_tokens("a" * 400) == 402 // CHARACTERS_PER_TOKEN


def test_a_note_that_is_not_here_is_refused(bench) -> None:
    table = bench([DRAW, "Here."])
    table.say("a red apple and two dogs")
    with pytest.raises((BadInput, GeneratorError)):
        table.studio.turn(table.session, Turn(id="n", text="make this blue", note="0" * 32), Options())


def test_pictures_go_to_a_server_only_where_the_settings_say_so(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert make("openai", load(), None).sees is False  # type: ignore[arg-type, attr-defined]
    assert make("openai", load(planner_sees=True), None).sees is True  # type: ignore[arg-type, attr-defined]
