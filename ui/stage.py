"""The stage as HTML: the current picture with its tools, and what is known of it. Pure functions, no Gradio.

Buttons carry their meaning in `data-` attributes; `static/maquette.js` acts on them. Boxes that an element
talks about are in `data-boxes` and light up on the picture while the element is pointed at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.api import SessionView
from generators.api import Box
from tools.api import Brief, BriefObject, Finding, PictureRecord, SceneObject
from ui import menus
from ui.render import alt_text, escape, mark, picture, picture_url

EXAMPLES = (
    "a red apple to the left of two dogs on a beach",
    "three blue birds above a house at night",
    "a big yellow star over a snowy forest",
    "draw me something nice for my sister",
)
CANVAS = 768
"""Longest side of the painting canvas in pixels: fine enough for a finger, small enough to send."""


def frame(view: SessionView | None) -> str:
    """The current picture with its tools, or an empty stage."""
    record = current(view)
    if view is None or record is None:
        return ('<section class="mq-stage mq-empty" aria-label="Stage"><div class="mq-frame mq-blank">'
                f'<div class="mq-easel">{menus.mark()}</div>'
                "<p>Your picture appears here.</p>"
                "<p><small>Say what you want, or drop in a picture of your own.</small></p>"
                f"{_live_layers()}</div></section>")
    alt = escape(alt_text(record.brief, record.request.prompt if record.request else ""))
    width, height = _canvas(record)
    before = next(iter(record.parents), "")
    first = record.id == view.versions[0].id and not before
    return (
        f'<section class="mq-stage" aria-label="Stage" data-picture="{escape(record.id)}">'
        f"{_tools(record, before, first)}"
        f'<div class="mq-frame" style="--ratio: {record.width} / {record.height}; --w: {record.width}; '
        f'--h: {record.height}">'
        f'<img class="mq-picture" src="{picture_url(record.id)}" alt="{alt}">'
        f"{_compare(before)}"
        f'<canvas class="mq-canvas" width="{width}" height="{height}" aria-label="Paint over what should change">'
        f'</canvas><div class="mq-boxes" aria-hidden="true"></div>{_live_layers()}</div>{_paintbar(record)}</section>'
    )


def current(view: SessionView | None) -> PictureRecord | None:
    """The record of the current picture."""
    return next((record for record in view.versions if record.id == view.picture), None) if view else None


def _canvas(record: PictureRecord) -> tuple[int, int]:
    scale = CANVAS / max(record.width, record.height)
    return max(1, round(record.width * scale)), max(1, round(record.height * scale))


def _live_layers() -> str:
    return ('<img class="mq-glimpse" alt=""><div class="mq-progress" aria-hidden="true"><span class="mq-doing"></span>'
            '<span class="mq-bar"><i></i></span></div>')


def _tools(record: PictureRecord, before: str, first: bool) -> str:
    tabs = [("look", "Look", ""), ("paint", "Paint", ""),
            ("compare", "Compare", "" if before else ' disabled title="There is no earlier picture to compare with"')]
    buttons = "".join(f'<button type="button" data-tool="{name}"{more}>{label}</button>' for name, label, more in tabs)
    undo = "" if not first else ' disabled title="There is nothing to go back to"'
    return (f'<div class="mq-tools"><div class="mq-tabs" role="group" aria-label="Picture tools">{buttons}</div>'
            f'<div class="mq-acts"><button type="button" data-act="undo"{undo}>{_icon("undo")}Undo</button>'
            f'<a class="mq-button" href="{picture_url(record.id)}" download="maquette-{record.id[:8]}.png" '
            f'title="The PNG with its record inside">{_icon("down")}Download</a></div></div>')


def _compare(before: str) -> str:
    if not before:
        return '<div class="mq-compare"></div>'
    return (f'<div class="mq-compare">{picture(before, "the picture before", "before")}'
            '<i class="mq-divider"></i><span class="mq-tag mq-left">before</span><span class="mq-tag mq-right">after'
            '</span><input type="range" min="0" max="100" value="50" aria-label="Before and after"></div>')


def _paintbar(record: PictureRecord) -> str:
    things = "".join(f'<button type="button" data-fill=\'{_json([o.box])}\' data-boxes=\'{_json([o.box])}\'>'
                     f"{escape(name)}</button>" for name, o in _numbered(record.scene))
    whole = f'<span class="mq-whole"><small>all of</small>{things}</span>' if things else ""
    return ('<div class="mq-paintbar" role="group" aria-label="Brush">'
            '<label><small>Brush</small><input type="range" class="mq-size" min="2" max="30" value="10" '
            'aria-label="Brush size"></label>'
            '<button type="button" data-brush="erase" aria-pressed="false">Erase</button>'
            f'<button type="button" data-paint="clear">Clear</button>{whole}</div>')


def _numbered(scene: Sequence[SceneObject]) -> list[tuple[str, SceneObject]]:
    """Names that tell equal things apart: dog, dog 2."""
    seen: dict[str, int] = {}
    named = []
    for thing in scene:
        seen[thing.name] = seen.get(thing.name, 0) + 1
        named.append((f"{thing.name} {seen[thing.name]}" if seen[thing.name] > 1 else thing.name, thing))
    return named[:12]


def _json(boxes: Sequence[Box]) -> str:
    return json.dumps([[round(float(v), 4) for v in box] for box in boxes])


# What is known of the picture.


def facts(view: SessionView | None) -> str:
    """Brief, checks, versions and the line about how it was made."""
    if view is None:
        return ""
    record = current(view)
    brief = view.brief or (record.brief if record else None)
    parts = [brief_chips(brief, record.scene if record else []), checks(record), versions(view), made(record)]
    return f'<section class="mq-facts" aria-label="About this picture">{"".join(parts)}</section>'


def brief_chips(brief: Brief | None, scene: Sequence[SceneObject] = ()) -> str:
    """What the user wants, as the studio understood it. What it chose by itself is marked."""
    if brief is None or (brief.empty() and not brief.unknown):
        return ""
    chips = [_chip(thing.phrase(), "thing", _assumed(brief, thing), _where(thing, scene)) for thing in brief.objects]
    chips += [_chip(brief.relation_text(relation), "relation") for relation in brief.relations]
    chips += [_chip(value, kind, any(value in words for words in brief.assumed))
              for kind, value in (("background", brief.background), ("style", brief.style)) if value]
    chips += [_chip(f"“{brief.text}”", "text")] if brief.text else []
    chips += [_chip(f"no {word}", "avoid") for word in brief.avoid]
    chips += [_chip(f"keep {word}", "keep") for word in brief.keep]
    chips += [_chip(f"{word}?", "unknown") for word in brief.unknown]
    return f'<div class="mq-row"><h3>Brief</h3><ul class="mq-chips">{"".join(chips)}</ul></div>'


def _assumed(brief: Brief, thing: BriefObject) -> bool:
    return any(thing.name in words or thing.id in words for words in brief.assumed)


def _where(thing: BriefObject, scene: Sequence[SceneObject]) -> list[Box]:
    return [seen.box for seen in scene if seen.name == thing.name and thing.colour in (None, seen.colour)]


def _chip(text: str, kind: str, assumed: bool = False, boxes: Sequence[Box] = ()) -> str:
    notes = {"unknown": "not understood", "avoid": "must not be there", "keep": "must stay as it is"}
    title = "the studio chose this" if assumed else notes.get(kind, kind)
    marked = " mq-assumed" if assumed else ""
    lit = f" data-boxes='{_json(boxes)}' tabindex=\"0\"" if boxes else ""
    tail = "<small>assumed</small>" if assumed else "<small>not understood</small>" if kind == "unknown" else ""
    return f'<li class="mq-chip mq-{kind}{marked}" title="{title}"{lit}>{escape(text, 200)}{tail}</li>'


def checks(record: PictureRecord | None) -> str:
    """One badge for each requirement, its evidence in a tip."""
    findings = record.critique.findings if record and record.critique else []
    if not findings:
        return ""
    return (f'<div class="mq-row"><h3>Checked</h3><ul class="mq-chips">{"".join(_badge(f) for f in findings)}</ul>'
            "</div>")


def _badge(finding: Finding) -> str:
    kind = {"✓": "met", "✗": "missed", "?": "unsure"}[mark(finding)]
    words = {"met": "met", "missed": "not met", "unsure": "could not be checked"}[kind]
    tip = escape(f"{words}: {finding.evidence}" if finding.evidence else words, 400)
    lit = f" data-boxes='{_json(finding.boxes)}'" if finding.boxes else ""
    return (f'<li class="mq-badge mq-{kind}" tabindex="0"{lit} data-tip="{tip}" aria-label="'
            f'{escape(finding.requirement, 200)}, {tip}"><b aria-hidden="true">{mark(finding)}</b>'
            f"{escape(finding.requirement, 200)}</li>")


def versions(view: SessionView) -> str:
    """Every picture in the order it was made; where one was not made from the one before it, it says from which."""
    if not view.versions:
        return ""
    numbers = {record.id: number for number, record in enumerate(view.versions, 1)}
    cards = "".join(_version(record, numbers, record.id == view.picture) for record in view.versions)
    return f'<div class="mq-row mq-strip"><h3>Versions</h3><ol class="mq-versions">{cards}</ol></div>'


def _version(record: PictureRecord, numbers: dict[str, int], now: bool) -> str:
    number = numbers[record.id]
    origin = [numbers[parent] for parent in record.parents if parent in numbers]
    how = "yours" if record.role == "upload" else f"from {origin[0]}" if origin else "new"
    link = " mq-linked" if origin and origin[0] == number - 1 else ""
    alt = f"version {number}, {how}: {alt_text(record.brief)}"
    here = ' aria-current="true"' if now else ""
    return (f'<li class="{link.strip()}"><button type="button" data-act="pick" data-id="{escape(record.id)}"{here}>'
            f'{picture(record.id, alt, "version")}<small>{number}<i>{how}</i></small></button></li>')


def made(record: PictureRecord | None) -> str:
    """`seed 7 · pack-diffusion · 0.9 s · 128 x 128`."""
    if record is None:
        return ""
    parts = [f'seed <button type="button" class="mq-seed" data-copy="{record.request.seed}" title="Copy the seed">'
             f"{record.request.seed}</button>"] if record.request else ["your picture"]
    parts += [escape(record.model)] if record.model else []
    parts += [f"{sum(record.seconds.values()):.1f} s"] if record.seconds and "total" not in record.seconds else []
    parts += [f"{record.seconds['total']:.1f} s"] if "total" in record.seconds else []
    parts += [f"{record.width} × {record.height}"]
    return f'<div class="mq-row"><h3>Made</h3><p class="mq-made">{" <i>·</i> ".join(parts)}</p></div>'


def _icon(name: str) -> str:
    paths = {"undo": "M9 7H4V2M4 7a9 9 0 1 1-1 7", "down": "M12 3v12m-5-5 5 5 5-5M4 20h16"}
    return f'<svg viewBox="0 0 24 24" aria-hidden="true" class="mq-icon"><path d="{paths[name]}"/></svg>'


def welcome() -> str:
    """What an empty chat shows: examples that run on a click."""
    cards = "".join(f'<button type="button" class="mq-example" data-say="{escape(text)}">{escape(text)}</button>'
                    for text in EXAMPLES)
    return ('<div class="mq-welcome"><h2>What shall we make?</h2><p>Say it in your own words. The studio plans, '
            f'draws, looks at what it drew, and repairs it.</p><div class="mq-examples">{cards}</div></div>')
