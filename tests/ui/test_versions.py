"""The map of versions, the Brief's lines and two pictures compared, as pure functions."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from agent.api import Answered, Outcome, SessionView, UserSaid
from tools.api import Brief, BriefObject, BriefRelation, PictureRecord
from ui import brief, stage, versions
from ui.brief import Line
from ui.compare import Comparison, compare


def id_of(number: int) -> str:
    return f"{number:032x}"


def view_of(parents: list[int | None], current: int = 0, deleted: tuple[int, ...] = ()) -> SessionView:
    """A session whose picture n was made from parents[n], each the end of a turn."""
    records = [PictureRecord(id=id_of(n), width=8, height=8, parents=[] if parent is None else [id_of(parent)])
               for n, parent in enumerate(parents)]
    entries = [Answered(turn=str(n), outcome=Outcome(status="done", session="s", reply=""), picture=record.id)
               for n, record in enumerate(records)]
    return SessionView(session="s", versions=records, entries=entries, picture=id_of(current),
                       deleted=[id_of(n) for n in deleted])


@pytest.mark.parametrize(("parents", "lanes"), [
    ([None, 0, 1], [0, 0, 0]),
    ([None, None, None], [0, 0, 0]),
    ([None, 0, 0, 2, 1], [0, 0, 1, 1, 0]),
    ([None, 0, 0, 0], [0, 0, 1, 2]),
    ([None, 0, 0, None, 3, 3], [0, 0, 1, 0, 0, 1]),
])  # fmt: skip
def test_branches_go_below_and_lines_are_used_again(parents: list[int | None], lanes: list[int]) -> None:
    assert [spot.lane for spot in versions.spots(view_of(parents))] == lanes


def test_no_line_runs_through_a_picture() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        parents: list[int | None] = [None if n == 0 or rng.random() < 0.15 else int(rng.integers(n)) for n in range(25)]
        spots = versions.spots(view_of(parents))
        taken = {(spot.column, spot.lane) for spot in spots}
        assert len(taken) == len(spots)
        by_id = {spot.record.id: spot for spot in spots}
        for spot in spots:
            if spot.parent:
                start = by_id[spot.parent]
                between = {(column, spot.lane) for column in range(start.column + 1, spot.column)}
                assert not between & taken


def test_a_deleted_picture_leaves_its_children_to_what_it_was_made_from() -> None:
    spots = versions.spots(view_of([None, 0, 1], deleted=(1,)))
    assert [spot.parent for spot in spots] == [None, id_of(0)] and [spot.name for spot in spots] == ["1", "2"]


def test_a_long_session_costs_what_a_short_one_does_until_all_is_asked_for() -> None:
    chain: list[int | None] = [None, *range(999)]
    short, long = (versions.tree(view_of(chain[:count], count - 1)) for count in (100, 1000))
    assert len(long) < 1.1 * len(short) and "Show all 1000" in long
    assert id_of(3) in versions.tree(view_of(chain, 3)), "the current one is shown, however old"
    assert versions.tree(view_of(chain), everything=True).count("<li") == 1000


BRIEF = Brief(objects=[BriefObject(id="apple", name="apple", colour="red"), BriefObject(id="dog", name="dog", count=2)],
              relations=[BriefRelation(subject="apple", relation="left of", object="dog")], background="beach",
              text="HELLO", avoid=["cats"], keep=["everything else"], unknown=["zorgly"],
              assumed=["background: beach"])  # fmt: skip


@pytest.mark.parametrize(("line", "wanted", "said"), [
    (Line("thing", "two dogs"), "three  dogs", "change two dogs to three dogs"),
    (Line("thing", "two dogs"), "", "remove two dogs"),
    (Line("thing", "two dogs"), " two dogs ", ""),
    (Line("relation", "a dog above a cat"), "a dog below a cat", "change a dog above a cat to a dog below a cat"),
    (Line("relation", "a dog above a cat"), "", ""),
    (Line("background", "beach"), "night", "change the background to night"),
    (Line("background", "beach"), "", "remove the beach"),
    (Line("text", "HELLO"), "BYE", "write “BYE” instead"),
    (Line("avoid", "cats"), "clouds", "no clouds"),
    (Line("unknown", "zorgly"), "a cat", "a cat"),
    (Line("keep", "the rest"), "x", ""),
])  # fmt: skip
def test_a_changed_line_says_what_a_person_would(line: Line, wanted: str, said: str) -> None:
    assert brief.message(line, wanted) == said


def test_every_line_stands_on_the_card_and_what_was_assumed_is_marked() -> None:
    lines = brief.lines(BRIEF)
    assert [line.kind for line in lines] == ["thing", "thing", "relation", "background", "text", "avoid", "keep",
                                             "unknown"]
    assert [line.text for line in lines if line.assumed] == ["beach"]
    card = brief.card(BRIEF)
    assert card.count("data-wanted=") == len(lines) and "<small>assumed</small>" in card
    assert stage.brief_line(SessionView(session="s", brief=BRIEF), 1) == Line("thing", "two dogs")
    assert stage.brief_line(SessionView(session="s", brief=BRIEF), 99) is None and brief.card(None) == ""


Corners = tuple[int, int, int, int]


def compared(change: Corners, mask: Corners | None, painted: bool = True) -> Comparison:
    before, after, area = Image.new("RGB", (20, 10), "white"), Image.new("RGB", (20, 10), "white"), None
    after.paste("red", change)
    pictures = {id_of(0): before, id_of(1): after}
    if mask:
        area = Image.new("L", (20, 10))
        area.paste(255, mask)
        pictures[id_of(2)] = area
    left = PictureRecord(id=id_of(0), width=20, height=10)
    right = PictureRecord(id=id_of(1), width=20, height=10, parents=[id_of(0)], mask=id_of(2) if mask else None)
    return compare(left, right, {left.id: left, right.id: right}, [id_of(2)] if painted else [], pictures.__getitem__)


def test_a_masked_edit_is_told_whether_it_stayed_inside() -> None:
    assert compared((0, 0, 5, 5), (0, 0, 6, 6)).sentence == (
        "12.5% of the picture changed. Nothing outside the painted area changed: all 164 pixels there are exactly as "
        "they were.")
    assert compared((0, 0, 5, 5), (0, 0, 4, 5), painted=False).sentence == (
        "12.5% of the picture changed. Outside the area of the edit 5 of 180 pixels changed.")
    assert compared((0, 0, 5, 5), None).sentence == "12.5% of the picture changed."
    assert compared((0, 0, 0, 0), None).sentence == "Every pixel is the same."


def test_the_overlay_covers_what_changed_and_nothing_else() -> None:
    data = base64.b64decode(compared((0, 0, 5, 5), None).overlay.partition(",")[2])
    with Image.open(io.BytesIO(data)) as overlay:
        assert overlay.getchannel("A").point(lambda value: 255 if value else 0).getbbox() == (0, 0, 5, 5)


def test_the_divider_begins_where_something_changed() -> None:
    assert compared((0, 0, 5, 5), None).middle == 12 and compared((12, 3, 13, 4), None).middle == 62


def test_pictures_of_two_sizes_are_not_measured() -> None:
    left, right = PictureRecord(id=id_of(0), width=8, height=8), PictureRecord(id=id_of(1), width=9, height=8)
    found = compare(left, right, {}, [], {}.__getitem__)
    assert "cannot be compared" in found.sentence and found.middle is None


def test_numbers_are_those_of_the_conversation() -> None:
    view = view_of([None, 0, 1])
    view = view.model_copy(update={"entries": [UserSaid(turn="u", text="", uploads=[id_of(0)]), view.entries[2]]})
    assert [spot.name for spot in versions.spots(view)] == ["1", "", "2"], "a try within a turn has no number"
