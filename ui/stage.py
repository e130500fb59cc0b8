"""The stage as HTML: the current picture with its tools, and what is known of it. Pure functions, no Gradio.

Buttons carry their meaning in `data-` attributes; `static/maquette.js` acts on them. Boxes that an element
talks about are in `data-boxes` and light up on the picture while the element is pointed at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.api import SessionView
from tools.api import Finding, PictureRecord, SceneObject
from ui import boxes, brief, menus, notes, versions
from ui.chosen import ADAPTER
from ui.compare import Comparison
from ui.render import alt_text, boxes_json, escape, mark, picture, picture_url
from ui.words import html, phrase, say

# Said to the planner as they stand when they are pressed; it reads English.
EXAMPLES = (
    "a red apple to the left of two dogs on a beach",
    "three blue birds above a house at night",
    "a big yellow star over a snowy forest",
    "draw me something nice for my sister",
)
PENS = {"red": phrase("red pen"), "yellow": phrase("yellow pen"), "blue": phrase("blue pen"),
        "white": phrase("white pen")}
CANVAS = 768
"""Longest side of the painting canvas in pixels: fine enough for a finger, small enough to send."""
DRAFT = '<p class="mq-draftnote" role="status"></p>'


def frame(view: SessionView | None, comparison: Comparison | None = None) -> str:
    """The current picture with its tools, or an empty stage."""
    record = current(view)
    if view is None or record is None:
        return (f'<section class="mq-stage mq-empty" aria-label="{html("Stage")}"><div class="mq-tools">'
                f'<div class="mq-tabs" role="group" aria-label="{html("Picture tools")}">{_tab("look", html("Look"))}'
                f'{_tab("boxes", html("Boxes"))}</div><div class="mq-acts">{_live()}</div></div>'
                f'<div class="mq-frame mq-blank"><div class="mq-easel">{menus.mark()}</div>'
                f'<p>{html("Your picture appears here.")}</p>'
                f'<p><small>{html("Say what you want, draw boxes, or drop in a picture of your own.")}</small></p>'
                f"{_live_layers()}{boxes.layer(None)}</div>{boxes.bar(None)}{DRAFT}</section>")
    alt = escape(alt_text(record.brief, record.request.prompt if record.request else ""))
    width, height = _canvas(record)
    how = html("Paint over what should change: arrow keys move, space puts the pen down and lifts it")
    pair = comparison or beside(view)
    return (
        f'<section class="mq-stage" aria-label="{html("Stage")}" data-picture="{escape(record.id)}">'
        f"{_tools(record, view, pair)}"
        f'<div class="mq-frame" style="--ratio: {record.width} / {record.height}; --w: {record.width}; '
        f'--h: {record.height}">'
        f'<img class="mq-picture" src="{picture_url(record.id)}" alt="{alt}">'
        f"{_compare(pair, view)}"
        f'<canvas class="mq-canvas" width="{width}" height="{height}" tabindex="0" role="application" '
        f'data-objects="{_objects(record)}" aria-label="{how}"></canvas><i class="mq-cross" hidden></i>'
        f'<canvas class="mq-notes" width="{width}" height="{height}" aria-hidden="true"></canvas>'
        f'<div class="mq-boxes" aria-hidden="true"></div>{_live_layers()}{boxes.layer(record)}</div>'
        f"{_paintbar(record)}{boxes.bar(record)}{DRAFT}"
        f"{_comparebar(pair, view, everything=comparison is not None)}</section>"
    )


def beside(view: SessionView) -> Comparison | None:
    """What the current picture is compared with unless something else is picked: what it was made from, else the
    version before it."""
    kept = versions.shown(view)
    record = current(view)
    if record is None or len(kept) < 2:
        return None
    records = {one.id: one for one in view.versions}
    parent = versions.origin(record, records, {one.id for one in kept})
    place = next((at for at, one in enumerate(kept) if one.id == record.id), 0)
    return Comparison(records[parent] if parent else kept[place - 1] if place else kept[1], record)


def current(view: SessionView | None) -> PictureRecord | None:
    """The record of the current picture."""
    return next((record for record in view.versions if record.id == view.picture), None) if view else None


def _canvas(record: PictureRecord) -> tuple[int, int]:
    scale = CANVAS / max(record.width, record.height)
    return max(1, round(record.width * scale)), max(1, round(record.height * scale))


def _live_layers() -> str:
    return ('<img class="mq-draft" alt=""><img class="mq-peek" alt=""><img class="mq-glimpse" alt="">'
            '<div class="mq-progress" aria-hidden="true"><span class="mq-doing"></span>'
            '<span class="mq-bar"><i></i></span></div>')


def _live() -> str:
    title = html("Live: the picture follows while you type and drag (V)")
    return (f'<button type="button" class="mq-livebutton" data-live aria-pressed="false" title="{title}">'
            f'<i aria-hidden="true"></i><span>{html("Live")}</span></button>')


def _tools(record: PictureRecord, view: SessionView, pair: Comparison | None) -> str:
    none = "" if pair else f' disabled title="{html("There is no other picture to compare with")}"'
    tabs = (("look", html("Look"), ""), ("paint", html("Paint"), ""), ("boxes", html("Boxes"), ""),
            ("compare", html("Compare"), none))
    buttons = "".join(_tab(*one) for one in tabs)
    return (f'<div class="mq-tools"><div class="mq-tabs" role="group" aria-label="{html("Picture tools")}">{buttons}'
            f'</div><div class="mq-acts">{_live()}{_acts(record, view)}</div></div>')


def _tab(name: str, label: str, more: str = "") -> str:
    return f'<button type="button" data-tool="{name}"{more}>{label}</button>'


def _acts(record: PictureRecord, view: SessionView) -> str:
    """Undo, redo, star, delete, download: for the current picture."""
    first = not record.parents and versions.shown(view)[:1] == [record]
    undo = (f' disabled title="{html("There is nothing to go back to")}"' if first
            else f' title="{html("Back to the picture before (Z)")}"')
    starred = record.id in view.starred
    title = html("Take the star away (S)") if starred else html("Star (S)")
    star = f'aria-pressed="{str(starred).lower()}" title="{title}"'
    down = html("Download the PNG with its record inside")
    return (f'<button type="button" data-act="undo"{undo}>{_icon("undo")}<span>{html("Undo")}</span></button>'
            f'<button type="button" data-redo disabled title="{html("Forward again (Y)")}">{_icon("redo")}'
            f'<span class="mq-hidden">{html("Redo")}</span></button>'
            f'<button type="button" data-act="{"unstar" if starred else "star"}" data-id="{escape(record.id)}" {star}>'
            f'{_icon("star")}<span class="mq-hidden">{html("Star")}</span></button>'
            f'<button type="button" data-act="delete" data-id="{escape(record.id)}" title="{html("Delete (Del)")}">'
            f'{_icon("bin")}<span class="mq-hidden">{html("Delete")}</span></button>'
            f'<a class="mq-button" href="{picture_url(record.id)}" download="maquette-{record.id[:8]}.png" '
            f'title="{down}">{_icon("down")}<span>{html("Download")}</span></a>')


def _compare(pair: Comparison | None, view: SessionView) -> str:
    """The two pictures over the stage, a divider between them, and where they differ."""
    if pair is None:
        return '<div class="mq-compare"></div>'
    named = versions.numbers(view)
    left, right = (versions.called(named.get(record.id)) for record in (pair.left, pair.right))
    overlay = f'<img class="mq-difference" src="{pair.overlay}" alt="">' if pair.overlay else ""
    middle = "" if pair.middle is None else f' data-middle="{pair.middle}"'
    return (f'<div class="mq-compare"{middle} data-left="{pair.left.id}" data-right="{pair.right.id}">'
            f'{picture(pair.right.id, right, "after")}{picture(pair.left.id, left, "before")}'
            f'<i class="mq-divider"></i><span class="mq-tag mq-left">{escape(left)}</span>'
            f'<span class="mq-tag mq-right">{escape(right)}</span>'
            f'<input type="range" min="0" max="100" value="50" aria-label="{html("How much of each is shown")}">'
            f"{overlay}</div>")


def _comparebar(pair: Comparison | None, view: SessionView, everything: bool) -> str:
    """Which two, slider or difference, and what changed in words; `everything` there is to pick from only while it is
    used."""
    if pair is None:
        return ""
    kept, named = versions.shown(view) if everything else [pair.left, pair.right], versions.numbers(view)

    def choice(side: str, label: str, chosen: PictureRecord) -> str:
        options = "".join(f'<option value="{one.id}"{" selected" if one.id == chosen.id else ""}>'
                          f"{escape(versions.called(named.get(one.id)))}</option>" for one in kept)
        return f'<select data-compare="{side}" aria-label="{label}">{options}</select>'

    return (f'<div class="mq-comparebar" role="group" aria-label="{html("Compare")}">'
            f'{choice("left", html("Picture on the left"), pair.left)}'
            f'<button type="button" data-swap aria-label="{html("Swap sides")}">⇆</button>'
            f'{choice("right", html("Picture on the right"), pair.right)}'
            f'<span class="mq-tabs" role="group" aria-label="{html("How to compare")}">'
            f'<button type="button" data-show="slider">{html("Slider")}</button>'
            f'<button type="button" data-show="difference">{html("Difference")}</button></span>'
            f'<p role="status">{escape(pair.sentence)}</p></div>')


def _paintbar(record: PictureRecord) -> str:
    """Ways to paint a mask. An object's mask is the box in which it was seen."""
    things = "".join(f'<button type="button" data-fill=\'{boxes_json([o.box])}\' data-boxes=\'{boxes_json([o.box])}\'>'
                     f"{escape(name)}</button>" for name, o in _numbered(record.scene))
    whole = f'<span class="mq-whole"><small>{html("all of")}</small>{things}</span>' if things else ""
    none = "" if record.scene else f' disabled title="{html("Nothing was made out in this picture yet")}"'
    ways = (("brush", html("Brush"), ""), ("rectangle", html("Rectangle"), ""), ("lasso", html("Lasso"), ""),
            ("object", html("Object"), none), ("note", html("Note"), ""))
    hint = html("Go around something or point at it, then say what to do with it. The note never becomes part of the "
                "picture.")
    modes = "".join(f'<button type="button" data-mode="{name}"{more}>{label}</button>' for name, label, more in ways)
    inks = "".join(f'<button type="button" data-ink="{name}" aria-pressed="false" aria-label="{html(PENS[name])}" '
                   f'title="{html(PENS[name])}"><i></i></button>' for name in notes.INKS)
    return (f'<div class="mq-paintbar" role="group" aria-label="{html("Mask")}"><div class="mq-tabs">{modes}</div>'
            f'<span class="mq-inks" role="group" aria-label="{html("Pen")}">{inks}<button type="button" '
            f'data-note="back">{html("Take back")}</button></span>'
            f'<input type="range" class="mq-size" min="2" max="30" value="10" aria-label="{html("Brush size")}">'
            f'<button type="button" data-brush="erase" aria-pressed="false">{html("Erase")}</button>'
            f'<button type="button" data-paint="clear">{html("Clear")}</button>{whole}'
            f'<p class="mq-notehint">{hint}</p></div>')


def _objects(record: PictureRecord) -> str:
    """What can be clicked: names and boxes."""
    named = [[name, [round(float(side), 4) for side in thing.box]] for name, thing in _numbered(record.scene)]
    return escape(json.dumps(named))


def _numbered(scene: Sequence[SceneObject]) -> list[tuple[str, SceneObject]]:
    """Names that tell equal things apart: dog, dog 2."""
    seen: dict[str, int] = {}
    named = []
    for thing in scene:
        seen[thing.name] = seen.get(thing.name, 0) + 1
        named.append((f"{thing.name} {seen[thing.name]}" if seen[thing.name] > 1 else thing.name, thing))
    return named[:12]


# What is known of the picture.


def facts(view: SessionView | None, everything: bool = False, more: str = "") -> str:
    """How it was made, the versions, the Brief and the checks; `more` are further ways to go on from the picture."""
    if view is None:
        return ""
    record = current(view)
    wanted = view.brief or (record.brief if record else None)
    parts = [made(record, more), versions.tree(view, everything), brief.card(wanted, record.scene if record else []),
             checks(record)]
    return f'<section class="mq-facts" aria-label="{html("About this picture")}">{"".join(parts)}</section>'


def brief_line(view: SessionView, number: int) -> brief.Line | None:
    """A line of the card, by its place."""
    record = current(view)
    found = brief.lines(view.brief or (record.brief if record else None))
    return found[number] if 0 <= number < len(found) else None


def checks(record: PictureRecord | None) -> str:
    """One badge for each requirement, its evidence in a tip."""
    findings = record.critique.findings if record and record.critique else []
    if not findings:
        return ""
    badges = "".join(_badge(finding) for finding in findings)
    return f'<div class="mq-row"><h3>{html("Checked")}</h3><ul class="mq-chips">{badges}</ul></div>'


def _badge(finding: Finding) -> str:
    kind = {"✓": "met", "✗": "missed", "?": "unsure"}[mark(finding)]
    words = {"met": say("met"), "missed": say("not met"), "unsure": say("could not be checked")}[kind]
    tip = escape(f"{words}: {finding.evidence}" if finding.evidence else words, 400)
    lit = f" data-boxes='{boxes_json(finding.boxes)}'" if finding.boxes else ""
    return (f'<li class="mq-badge mq-{kind}" tabindex="0"{lit} data-tip="{tip}" aria-label="'
            f'{escape(finding.requirement, 200)}, {tip}"><b aria-hidden="true">{mark(finding)}</b>'
            f"{escape(finding.requirement, 200)}</li>")


def made(record: PictureRecord | None, more: str = "") -> str:
    """How it was made: a seed to copy or lock, the model and the time; and four ways to go on from there."""
    if record is None:
        return ""
    if record.request is None:
        return (f'<div class="mq-row"><h3>{html("Made")}</h3><div class="mq-made">'
                f'<span>{html("your picture")} · {_size(record)}</span>'
                f"{_describe(record)}{more}</div></div>")
    return (f'<div class="mq-row"><h3>{html("Made")}</h3><div class="mq-made">{_seed(record.request.seed)}'
            f"<span>{' · '.join([escape(record.model or ''), *_took(record), _size(record)])}</span>"
            f"{_go_on(record)}{_describe(record)}{more}</div></div>")


def _seed(seed: int) -> str:
    return (f'<span class="mq-seed" data-seed="{seed}"><button type="button" data-copy="{seed}" '
            f'title="{html("Copy the seed")}">{html("seed {value}", value=seed)}</button>'
            f'<button type="button" data-lock="{seed}" aria-pressed="false" '
            f'title="{html("Keep this seed for what comes next")}" aria-label="{html("Lock the seed")}">'
            f'{_icon("lock")}</button></span>')


def _took(record: PictureRecord) -> list[str]:
    seconds = record.seconds.get("total") or sum(record.seconds.values())
    return [html("{seconds} s", seconds=f"{seconds:.1f}")] if record.seconds else []


def _size(record: PictureRecord) -> str:
    return f"{record.width} × {record.height}"


def _go_on(record: PictureRecord) -> str:
    """Reuse: the same words and settings into the box; remix: all but the seed; two sizes of variation."""
    recall = escape(json.dumps(recalled(record)))
    return (f'<span class="mq-goon"><button type="button" data-recall="{recall}" '
            f'title="{html("The same words and settings into the message box")}">{html("Reuse")}</button>'
            f'<button type="button" data-recall="{recall}" data-seedless title="{html("Reuse all but the seed")}">'
            f'{html("Remix")}</button>'
            f'<button type="button" data-act="vary" title="{html("The same layout with another seed")}">'
            f'{html("Vary a little")}</button>'
            f'<button type="button" data-say="try again" title="{html("The same Brief, laid out and drawn anew")}">'
            f'{html("Vary a lot")}</button></span>')


def _describe(record: PictureRecord) -> str:
    return (f'<span class="mq-goon"><button type="button" data-act="describe" data-id="{escape(record.id)}" '
            f'title="{html("What is in this picture, in words")}">{html("Describe")}</button></span>')


def recalled(record: PictureRecord) -> dict[str, str]:
    """The words and settings that led to a picture, as `static/maquette.js` puts them back."""
    request = record.request
    if request is None:
        return {}
    words = record.brief.request if record.brief and record.brief.request else request.prompt
    found = {"text": words, "model": request.model, "seed": request.seed, "steps": request.steps,
             "guidance": request.guidance, "negative": request.negative,
             "size": f"{request.size.width}x{request.size.height}" if request.kind == "generate" else None}
    worn = {ADAPTER + one.source: f"{one.weight:g}" for one in request.adapters}
    return {name: str(value) for name, value in found.items() if value not in (None, "")} | worn


ICONS = {
    "undo": "M9 7H4V2M4 7a9 9 0 1 1-1 7", "redo": "M15 7h5V2M20 7a9 9 0 1 0 1 7",
    "down": "M12 3v12m-5-5 5 5 5-5M4 20h16", "bin": "M4 7h16M9 7V4h6v3m-9 0 1 13h10l1-13",
    "star": "m12 3 2.7 5.9 6.3.7-4.7 4.3 1.3 6.3L12 17l-5.6 3.2 1.3-6.3L3 9.6l6.3-.7z",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
}


def _icon(name: str) -> str:
    return f'<svg viewBox="0 0 24 24" aria-hidden="true" class="mq-icon"><path d="{ICONS[name]}"/></svg>'


def welcome() -> str:
    """What an empty chat shows: examples that run on a click."""
    cards = "".join(f'<button type="button" class="mq-example" data-say="{escape(text)}">{escape(text)}</button>'
                    for text in EXAMPLES)
    how = html("Say it in your own words. The studio plans, draws, looks at what it drew, and repairs it.")
    return (f'<div class="mq-welcome"><h2>{html("What shall we make?")}</h2><p>{how}</p>'
            f'<div class="mq-examples">{cards}</div></div>')
