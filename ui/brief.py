"""The Brief as a card: its lines, and what a changed line says to the planner. Pure functions, no Gradio.

A line is changed by saying so: the change becomes the user's next message, in words that stand in the conversation and
go the way of every other message. The card itself changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generators.api import Box
from tools.api import Brief, BriefObject, SceneObject
from ui.render import boxes_json, escape
from ui.words import html, phrase, say

_PRESET = re.compile(r" \(preset (.+)\)$")
NOTES = {"thing": phrase("thing"), "relation": phrase("relation"), "background": phrase("background"),
         "style": phrase("style"), "text": phrase("text"), "unknown": phrase("not understood"),
         "avoid": phrase("must not be there"), "keep": phrase("must stay as it is")}
FIXED = frozenset({"keep"})
"""Kinds of lines that are only shown: they are what the last message said must stay."""
LASTING = frozenset({"relation", "keep", "avoid"})
"""Kinds of lines that cannot be taken out by saying so."""


@dataclass(frozen=True)
class Line:
    """One line of a Brief: what people read, and where in the picture it was seen."""

    kind: str
    text: str
    assumed: bool = False
    boxes: tuple[Box, ...] = ()
    preset: str = ""


def lines(brief: Brief | None, scene: Sequence[SceneObject] = ()) -> list[Line]:
    """What the user wants, in the order in which people say it; what the studio chose by itself is `assumed`."""
    if brief is None:
        return []
    found = [Line("thing", thing.phrase(), _assumed(brief, thing), _where(thing, scene)) for thing in brief.objects]
    found += [Line("relation", brief.relation_text(relation)) for relation in brief.relations]
    found += [Line(kind, value, any(value in words for words in brief.assumed), preset=_preset(brief, kind))
              for kind, value in (("background", brief.background), ("style", brief.style)) if value]
    found += [Line("text", brief.text)] if brief.text else []
    return found + [Line(kind, word) for kind in ("avoid", "keep", "unknown") for word in getattr(brief, kind)]


def _assumed(brief: Brief, thing: BriefObject) -> bool:
    return any(thing.name in words or thing.id in words for words in brief.assumed)


def _preset(brief: Brief, kind: str) -> str:
    """The name of the style preset that a line came from."""
    marks = (_PRESET.search(words) for words in brief.assumed if words.startswith(f"{kind}: "))
    return next((mark[1] for mark in marks if mark), "")


def _where(thing: BriefObject, scene: Sequence[SceneObject]) -> tuple[Box, ...]:
    return tuple(seen.box for seen in scene if seen.name == thing.name and thing.colour in (None, seen.colour))


def message(line: Line, wanted: str) -> str:
    """What a person would say to have a line read `wanted`; nothing wanted takes the line out. "" where nothing is to
    be said."""
    wanted = " ".join(wanted.split())
    if wanted == line.text or line.kind in FIXED or (not wanted and line.kind in LASTING):
        return ""
    if not wanted:
        gone = {"text": "remove the words", "unknown": f"forget about {line.text}", "style": "no particular style"}
        return gone.get(line.kind, f"remove {'the ' if line.kind == 'background' else ''}{line.text}")
    said = {"background": f"change the background to {wanted}", "style": f"change the style to {wanted}",
            "text": f"write “{wanted}” instead", "avoid": f"no {wanted}", "unknown": wanted}
    return said.get(line.kind, f"change {line.text} to {wanted}")


def card(brief: Brief | None, scene: Sequence[SceneObject] = ()) -> str:
    """The card as HTML: each line opens into a field of its own."""
    found = lines(brief, scene)
    if not found:
        return ""
    items = "".join(_item(number, line) for number, line in enumerate(found))
    more = (f'<li><details class="mq-line mq-add" name="mq-line"><summary>{html("+ add")}</summary>'
            f'{_field("add", "", html("Add to the Brief"), html("a cat, no clouds, …"))}</details></li>')
    return (f'<div class="mq-row"><h3>{html("Brief")}</h3><ul class="mq-chips mq-brief" aria-label="{html("Brief")}">'
            f"{items}{more}</ul></div>")


def _item(number: int, line: Line) -> str:
    chosen = (html("from the style {name}", name=escape(line.preset, 80)) if line.preset
              else html("the studio chose this"))
    title = chosen if line.assumed else html(NOTES[line.kind])
    tail = (html("style") if line.preset else html("assumed") if line.assumed
            else html("not understood") if line.kind == "unknown" else "")
    words = escape(_read(line), 200) + (f"<small>{tail}</small>" if tail else "")
    lit = f" data-boxes='{boxes_json(line.boxes)}'" if line.boxes else ""
    marks = f"mq-{line.kind}{' mq-assumed' if line.assumed else ''}"
    if line.kind in FIXED:
        return f'<li class="mq-chip {marks}" title="{title}"{lit} tabindex="0">{words}</li>'
    remove = "" if line.kind in LASTING else f'<button type="button" data-unline>{html("Remove")}</button>'
    return (f'<li class="mq-chip {marks}" data-line="{number}"{lit}><details class="mq-line" name="mq-line">'
            f'<summary title="{html("{what}; press to change it", what=title)}">{words}</summary>'
            f"{_field(str(number), line.text, html('Change this line'), '')}{remove}</details></li>")


def _read(line: Line) -> str:
    framed = {"text": "“{words}”", "avoid": phrase("no {words}"), "keep": phrase("keep {words}"), "unknown": "{words}?"}
    return say(framed[line.kind], words=line.text) if line.kind in framed else line.text


def _field(name: str, value: str, label: str, hint: str) -> str:
    value = escape(" ".join(value.split()), 300)
    return (f'<span class="mq-field"><input type="text" data-wanted="{name}" value="{value}" '
            f'aria-label="{label}" placeholder="{hint}" maxlength="300">'
            f'<button type="button" data-online>{html("Say it")}</button></span>')
