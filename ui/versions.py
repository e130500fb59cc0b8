"""The versions of a session as a graph: what was made from what, drawn like a railway map. Pure functions, no Gradio.

Time runs to the right. A picture that was made from the newest of its line goes on in that line; one that was made
from an earlier picture branches off into a line below. Thumbnails come by their own small, cached route; a long session
shows its latest pictures, so that a turn costs the page the same however many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agent.api import Answered, SessionView, UserSaid
from tools.api import PictureRecord
from ui.render import alt_text, escape, thumbnail
from ui.words import html, say

LATEST = 40
"""How many pictures are shown until all are asked for."""
WIDE, HIGH, SIDE = 62, 60, 52
"""A cell of the map and the thumbnail in it, in pixels; the style sheet knows them as well."""


@dataclass(frozen=True)
class Spot:
    """A picture's place on the map. `parent` is what it was made from, as far as that is shown; `name` is what people
    call it: a number, or nothing for one that the studio itself went on from within a turn."""

    record: PictureRecord
    name: str
    column: int
    lane: int
    parent: str | None


def shown(view: SessionView) -> list[PictureRecord]:
    """The versions that were not deleted, oldest first."""
    return [record for record in view.versions if record.id not in view.deleted]


def origin(record: PictureRecord, records: dict[str, PictureRecord], among: Collection[str]) -> str | None:
    """The nearest picture of `among` that a picture was made from: deleted ones in between are passed over."""
    passed: set[str] = set()
    while record.parents and record.parents[0] not in passed:
        nearest = record.parents[0]
        if nearest in among:
            return nearest
        if nearest not in records:
            return None
        passed.add(nearest)
        record = records[nearest]
    return None


def numbers(view: SessionView) -> dict[str, int]:
    """What people and the planner call each version: what was brought or handed over, from 1, deleted ones left out."""
    found: list[str] = []
    for entry in view.entries:
        if isinstance(entry, UserSaid):
            found += entry.uploads
        elif isinstance(entry, Answered) and entry.picture:
            found.append(entry.picture)
    kept = [id for id in dict.fromkeys(found) if id not in view.deleted]
    return {id: number for number, id in enumerate(kept, 1)}


def spots(view: SessionView, everything: bool = False) -> list[Spot]:
    """Where each picture goes, oldest first. A branch takes a line on which nothing has been since its parent."""
    named = numbers(view)
    records = {record.id: record for record in view.versions}
    placed: dict[str, Spot] = {}
    ends: list[int] = []
    for column, record in enumerate(_window(view, everything)):
        parent = origin(record, records, placed)
        lane = _lane(placed[parent], ends) if parent else 0
        ends += [-1] * (lane + 1 - len(ends))
        ends[lane] = column
        placed[record.id] = Spot(record, str(named.get(record.id, "")), column, lane, parent)
    return list(placed.values())


def _window(view: SessionView, everything: bool) -> list[PictureRecord]:
    """The latest pictures, and the current one where it is older."""
    records = shown(view)
    if everything or len(records) <= LATEST:
        return records
    latest = records[-LATEST:]
    older = [record for record in records[:-LATEST] if record.id == view.picture]
    return [*older, *latest[len(older):]]


def _lane(parent: Spot, ends: Sequence[int]) -> int:
    if ends[parent.lane] == parent.column:
        return parent.lane
    return next((lane for lane, end in enumerate(ends) if lane > parent.lane and end < parent.column), len(ends))


def tree(view: SessionView, everything: bool = False) -> str:
    """The map as HTML: an ordered list of buttons over the lines between them."""
    placed = spots(view, everything)
    if not placed:
        return ""
    wide, high = len(placed) * WIDE, (max(spot.lane for spot in placed) + 1) * HIGH
    by_id = {spot.record.id: spot for spot in placed}
    lines = "".join(_line(by_id[spot.parent], spot) for spot in placed if spot.parent)
    buttons = "".join(_button(spot, by_id, view) for spot in placed)
    hidden = len(shown(view)) - len(placed)
    more = ('<button type="button" class="mq-more" data-more="everything">'
            f'{html("Show all {count}", count=len(shown(view)))}</button>' if hidden else "")
    return (f'<div class="mq-row mq-strip"><h3>{html("Versions")}</h3><div class="mq-map">{more}<div class="mq-tree" '
            f'style="width: {wide}px; height: {high}px"><svg width="{wide}" height="{high}" aria-hidden="true">{lines}'
            f'</svg><ol aria-label="{html("Versions, oldest first")}">{buttons}</ol></div></div></div>')


def _line(parent: Spot, child: Spot) -> str:
    """From the parent to the child: straight on, or down and round the corner."""
    x0, y0 = parent.column * WIDE + SIDE // 2, parent.lane * HIGH + SIDE // 2
    x1, y1 = child.column * WIDE + SIDE // 2, child.lane * HIGH + SIDE // 2
    path = f"M{x0} {y0}H{x1}" if y0 == y1 else f"M{x0} {y0}V{y1 - 12}Q{x0} {y1} {x0 + 12} {y1}H{x1}"
    return f'<path d="{path}"/>'


def _button(spot: Spot, by_id: dict[str, Spot], view: SessionView) -> str:
    record, starred = spot.record, spot.record.id in view.starred
    here = ' aria-current="true"' if record.id == view.picture else ""
    star = '<b class="mq-starred">★</b>' if starred else ""
    number = f'<small aria-hidden="true">{spot.name}</small>' if spot.name else ""
    kind = "" if spot.name else ' class="mq-attempt"'
    label = ", ".join([*name(spot, by_id), *([say("starred")] if starred else []), alt_text(record.brief)])
    return (f'<li style="left: {spot.column * WIDE}px; top: {spot.lane * HIGH}px"{kind}><button type="button" '
            f'data-act="pick" data-id="{escape(record.id)}" aria-label="{escape(label, 300)}"{here}>'
            f"{thumbnail(record.id)}{number}{star}</button></li>")


def name(spot: Spot, by_id: dict[str, Spot]) -> list[str]:
    """`version 4`, `made from version 2`."""
    own = called(spot.name)
    if spot.record.role == "upload":
        return [own, say("yours")]
    if not spot.parent:
        return [own, say("new")]
    parent = by_id[spot.parent].name
    return [own, say("made from version {number}", number=parent) if parent else say("made from a try")]


def called(number: object) -> str:
    """What people call a version of that number, or one without."""
    return say("version {number}", number=number) if number else say("a try in between")
