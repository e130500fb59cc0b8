"""Boxes drawn by hand, and the words that go with them. Pure functions, no Gradio."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence

from generators.api import Box, Region
from tools.api import Brief, BriefObject, PictureRecord
from tools.caption import background_phrase
from tools.naming import listed, plural
from ui.render import escape
from ui.words import html

MOST = 40
SMALLEST = 0.01
_WHERE = re.compile(r"^(?:on|in|at|under|over|by|near|with|during|inside)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:a|an|the|one|some)\s+", re.IGNORECASE)


def read(boxes: Sequence[Region]) -> list[Region]:
    """The boxes that can be used as they came from a browser: named, inside the picture, wide enough to see."""
    found = [Region(" ".join(region.phrase.split())[:120], Box(*region.box)) for region in boxes[:MOST]]
    return [Region(phrase, box.clip()) for phrase, box in found
            if phrase and all(map(math.isfinite, box)) and min(box.clip().width, box.clip().height) >= SMALLEST]


def meant(text: str, boxes: Sequence[Region], empty: bool) -> list[Region]:
    """The boxes that a message is about: all, unless its words speak of nothing that is in any of them."""
    about = not text or empty or _WHERE.match(text) or any(_named(region, text) for region in boxes)
    return list(boxes) if about else []


def words(text: str, boxes: Sequence[Region], brief: Brief | None, empty: bool) -> str:
    """What is said with the boxes. Typed words stand as they are, unless they only say where ("at night") or begin a
    picture without naming what is in the boxes; without words the boxes are the picture, on the ground there was."""
    if not boxes:
        return text
    things = listed(_counted([region.phrase for region in boxes]))
    if not text:
        ground = brief.background if brief else None
        return f"{things} {background_phrase(ground)}" if ground else things
    if _WHERE.match(text):
        return f"{things} {text}"
    return text if all(_named(region, text) for region in boxes) or not empty else f"{things} and {text}"


def _named(region: Region, text: str) -> bool:
    return _bare(region.phrase).split()[-1].lower() in text.lower()


def _counted(phrases: Sequence[str]) -> list[str]:
    """`two dogs`, `a red apple`, in the order in which they were first drawn."""
    counts = Counter(map(_bare, phrases))
    things = [BriefObject(id=name, name=name, plural=_plural(name), count=count) for name, count in counts.items()]
    return [thing.phrase() for thing in things]


def _plural(name: str) -> str:
    head, space, last = name.rpartition(" ")
    return f"{head}{space}{plural(last)}"


def _bare(phrase: str) -> str:
    return _ARTICLE.sub("", phrase).strip() or phrase


def layout(record: PictureRecord) -> list[Region]:
    """Where things are in a picture: as it was laid out, else as they were seen."""
    request = record.request
    if request and request.kind == "generate" and request.regions:
        return list(request.regions)
    return [Region(" ".join(filter(None, [thing.colour, thing.name])), thing.box) for thing in record.scene]


def layer(record: PictureRecord | None) -> str:
    """The part of the stage that boxes are drawn on, with the picture's own layout to begin with."""
    regions = [[region.phrase, [round(float(side), 4) for side in region.box]] for region in layout(record)] if record \
        else []
    return f'<div class="mq-hand" data-regions="{escape(json.dumps(regions))}"></div>'


def bar(record: PictureRecord | None) -> str:
    """What can be done with the boxes, and how they stand."""
    own = (f'<button type="button" data-box="picture">{html("As in the picture")}</button>'
           if record and layout(record) else "")
    return (f'<div class="mq-boxbar" role="group" aria-label="{html("Boxes")}"><button type="button" data-box="add">'
            f'{html("Add a box")}</button>{own}<button type="button" data-box="clear">{html("Clear")}</button>'
            f'<button type="button" class="mq-primary" data-draw-boxes disabled>{html("Draw")}</button>'
            '<p role="status"></p></div>')
