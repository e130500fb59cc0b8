"""Drafts and collections: a look that keeps nothing, names that keep pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.api import BadInput, Options, Turn, UserSaid
from agent.collections import FILE, Collections
from agent.settings import load
from agent.studio import Studio
from generators.api import Box, Region, picture_id
from generators.workshop import Workshop

pytestmark = pytest.mark.shared_worker


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(load(data=tmp_path_factory.mktemp("data"), generator="sketch"), Workshop(eyes="sketch"))
    yield studio
    studio.close()


def kept(studio: Studio) -> tuple[list[str], list[str], set[str]]:
    files = {path.name for path in studio.settings.data.rglob("*.png")}
    return studio.store.ids(), [row["session"] for row in studio.sessions()], files


def test_a_draft_is_what_the_message_draws_and_nothing_is_kept(studio: Studio) -> None:
    before = kept(studio)
    turn, options = Turn(id="a", text="a red apple to the left of two dogs on a beach"), Options(seed=42)
    drafted = studio.draft(None, turn, options)
    assert drafted and drafted.seed == 42 and kept(studio) == before
    session = studio.new_session()
    outcome = studio.turn(session, turn, options)
    assert outcome.images[0].id == picture_id(drafted.image)
    entries = studio.view(session).entries
    after = studio.draft(session, Turn(id="b", text="make one of the dogs purple"), options)
    assert after and picture_id(after.image) != outcome.images[0].id
    assert studio.view(session).entries == entries and picture_id(after.image) not in studio.store


def test_words_that_draw_nothing_have_no_draft_and_a_stop_ends_one(studio: Studio) -> None:
    assert studio.draft(None, Turn(id="a", text="draw me something nice for my sister")) is None
    assert studio.draft(None, Turn(id="a", text="hello")) is None
    assert studio.draft(None, Turn(id="a", text="a red apple"), stop=lambda: True) is None
    with pytest.raises(BadInput):
        studio.draft(None, Turn(id="a", text=" "))


def test_boxes_drawn_by_hand_are_kept_with_the_message_and_obeyed(studio: Studio) -> None:
    session = studio.new_session()
    boxes = [Region("dog", Box(0.1, 0.1, 0.4, 0.5)), Region("red apple", Box(0.5, 0.5, 0.9, 0.9))]
    outcome = studio.turn(session, Turn(id="a", text="a red apple and a dog", boxes=boxes))
    request = studio.store.record(outcome.images[0].id).request
    assert request and {region.phrase: region.box for region in request.regions} == {
        region.phrase: region.box for region in boxes}
    said = studio.view(session).entries[0]
    assert isinstance(said, UserSaid) and said.boxes == boxes


def test_a_button_s_call_is_carried_out_and_nobody_plans(studio: Studio) -> None:
    session = studio.new_session()
    first = studio.turn(session, Turn(id="a", text="a red apple")).images[0].id
    outcome = studio.turn(session, Turn(id="b", text="Put it back"), Options(call=("select", {"image": "1"})))
    assert outcome.usage.planner_calls == 0 and [step.tool for step in outcome.steps] == ["select"]
    assert studio.current(session) == first
    refused = studio.turn(session, Turn(id="c", text="Extend it"), Options(call=("extend", {"side": "left"})))
    assert refused.status == "failed" and "no size" in refused.reply


def test_collections_hold_pictures_of_any_session(studio: Studio) -> None:
    one = studio.turn(studio.new_session(), Turn(id="a", text="a red apple")).images[0].id
    two = studio.turn(studio.new_session(), Turn(id="b", text="a blue boat")).images[0].id
    studio.collect("  for   the wall ", [one, "no such picture"])
    studio.collect("for the wall", [two, one])
    assert studio.collections() == {"for the wall": [two, one]} or studio.collections() == {"for the wall": [one, two]}
    studio.collect("for the wall", [one, two], on=False)
    assert studio.collections() == {}
    for name in ("", "   ", "x" * 61):
        with pytest.raises(BadInput):
            studio.collect(name, [one])


@pytest.mark.parametrize("damaged", ["", "[]", "{", '{"a": 3}', '{"a": [1, {}]}'])
def test_a_damaged_file_of_collections_counts_as_none(tmp_path: Path, damaged: str) -> None:
    (tmp_path / FILE).write_text(damaged)
    assert not any(Collections(tmp_path).all().values())
