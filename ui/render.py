"""From what happened to what the chat shows. Pure functions, no Gradio.

A chat item is Gradio's message dict: `role`, `content` and, where they apply, `metadata` (a collapsible step)
and `options` (quick replies). `content` is HTML that only this file writes. Everything that a model or a person
wrote goes through `escape`, which leaves no character that HTML, Markdown or TeX would read as its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from agent.api import Answered, Asked, Briefed, Called, Entry, Judged, StepView, UserSaid
from generators.api import Box
from tools.api import Brief, Finding, Question
from ui.live import Snapshot
from ui.words import html, phrase, say, say_many

Item = dict[str, Any]
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,")
LONGEST = 8000
LATEST = 12
"""How many turns are shown until earlier ones are asked for: what a turn costs the page stays the same."""
# The direction marks can make a text read as what it is not; nothing here needs them.
DROPPED = dict.fromkeys([0, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# tool -> what it does while it works, what it did
VERBS = {
    "generate": (phrase("Drawing"), phrase("Drew the picture")),
    "edit": (phrase("Changing the picture"), phrase("Changed the picture")),
    "inpaint": (phrase("Repainting the area"), phrase("Repainted the area")),
    "layout_plan": (phrase("Planning the layout"), phrase("Planned the layout")),
    "critique": (phrase("Looking at it"), phrase("Looked at it")),
    "write_brief": (phrase("Understanding"), phrase("Understood")),
    "ask": (phrase("Asking"), phrase("Asked")),
    "undo": (phrase("Going back"), phrase("Went back a version")),
    "select": (phrase("Choosing a version"), phrase("Chose a version")),
}
SHORT = {"layout_plan": phrase("planned"), "generate": phrase("drew"), "edit": phrase("changed"),
         "inpaint": phrase("repainted"), "undo": phrase("went back"), "select": phrase("chose")}
ROLES = {"style": (phrase("its style"), phrase("looked at for its style")),
         "subject": (phrase("its subject"), phrase("looked at for its subject")),
         "pose": (phrase("its pose"), phrase("looked at for its pose")),
         "edges": (phrase("its outlines"), phrase("looked at for its outlines")),
         "depth": (phrase("its depths"), phrase("looked at for what is near and far")),
         "areas": (phrase("its areas"), phrase("looked at for what lies where"))}


# Calls that leave an entry of their own, which says more than the call.
TOLD = frozenset({"write_brief", "critique", "ask"})


def escape(text: str, limit: int = LONGEST) -> str:
    """`text` as HTML in which nothing is markup: every sign that could be one becomes a character reference."""
    if len(text) > limit:
        text = text[:limit] + "…"
    return "".join(_letter(sign) for sign in text.translate(DROPPED))


def _letter(sign: str) -> str:
    if sign == "\n":
        return "<br>"
    if sign in PLAIN or (ord(sign) > 0x9F and sign.isprintable()):
        return sign
    return f"&#{ord(sign)};" if sign.isprintable() else " "


def picture_url(id: str) -> str:
    """Where the page finds a stored picture. Ids are hashes; anything else names nothing."""
    return f"pictures/{id}.png" if _is_id(id) else ""


def thumbnail(id: str) -> str:
    """A small copy by its own route, which the browser keeps. What it shows is said by the button around it."""
    return f'<img class="mq-thumb-small" src="thumbnails/{id}.webp" alt="" loading="lazy">' if _is_id(id) else ""


def boxes_json(boxes: Iterable[Box]) -> str:
    """Boxes for a `data-boxes` attribute: what lights up on the picture while its element is pointed at."""
    return json.dumps([[round(float(v), 4) for v in box] for box in boxes])


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(sign in "0123456789abcdef" for sign in text)


def picture(id: str, alt: str, kind: str) -> str:
    """An image element, or nothing where the id is none."""
    url = picture_url(id)
    return f'<img class="mq-{kind}" src="{url}" alt="{escape(alt, 300)}" loading="lazy">' if url else ""


def brief_line(brief: Brief) -> str:
    """`a red apple · two dogs · beach` as plain text."""
    parts = [thing.phrase() for thing in brief.objects]
    parts += [brief.relation_text(relation) for relation in brief.relations]
    parts += [value for value in (brief.background, brief.style) if value]
    parts += [say("the words “{words}”", words=brief.text)] if brief.text else []
    parts += [say("no {words}", words=word) for word in brief.avoid]
    return " · ".join(parts)


def alt_text(brief: Brief | None, said: str = "") -> str:
    """What a picture shows, as far as the studio knows: for those who cannot see it."""
    if brief and not brief.empty():
        names = [thing.phrase() for thing in brief.objects]
        where = f", {brief.background}" if brief.background else ""
        return say("A picture of {what}", what=f"{_listed(names) or say('the scene')}{where}")
    return say("A picture for “{words}”", words=said) if said else say("A picture")


def _listed(names: Sequence[str]) -> str:
    *some, last = [*names] or [""]
    return say("{some} and {last}", some=", ".join(some), last=last) if some else last


@dataclass
class _Turn:
    """The entries of one turn, gathered."""

    id: str
    said: UserSaid | None = None
    steps: list[Entry] = field(default_factory=list)
    asked: Asked | None = None
    ended: Answered | None = None
    shown: str | None = None
    under: str | None = None
    brief: Brief | None = None
    gone: Collection[str] = ()


def _turns(entries: Iterable[Entry]) -> list[_Turn]:
    turns: dict[str, _Turn] = {}
    brief = under = None
    for entry in entries:
        turn = turns.setdefault(entry.turn, _Turn(entry.turn, brief=brief, under=under))
        if isinstance(entry, UserSaid):
            turn.said = entry
        elif isinstance(entry, Asked):
            turn.asked = entry
        elif isinstance(entry, Answered):
            turn.ended = entry
            under = entry.picture or under
        else:
            turn.steps.append(entry)
        if isinstance(entry, Briefed):
            turn.brief = brief = entry.brief
        if isinstance(entry, Called) and entry.picture:
            turn.shown = entry.picture
    return list(turns.values())


def chat(entries: Sequence[Entry], now: Snapshot | None = None, question: Question | None = None,
         gone: Collection[str] = (), earlier: int = 0) -> list[Item]:
    """The chat items of a session: `entries` as they are kept, and `now`, the turn that is running, if any.

    `question` is the one that still waits for an answer; older ones show no buttons. Pictures that are `gone` were
    deleted. Of a long session only the latest turns are shown, and `earlier` ones that were asked for.
    """
    live = now if now and not now.over else None
    turns = [turn for turn in _turns(entries) if turn.said or live][-(LATEST + max(0, earlier)):]
    items: list[Item] = []
    for turn in turns:
        turn.gone = gone
        items += _turn_items(turn, live if turn is turns[-1] else None)
    if live and not turns:
        items += _trace(_Turn("live"), live)
    if question and items and not live:
        items[-1] = {**items[-1], "options": _options(question)}
    return items


def hidden(entries: Sequence[Entry], earlier: int = 0) -> int:
    """How many turns `chat` leaves out."""
    return max(0, sum(isinstance(entry, UserSaid) for entry in entries) - LATEST - max(0, earlier))


def _turn_items(turn: _Turn, live: Snapshot | None) -> Iterator[Item]:
    if turn.said:
        yield {"role": "user", "content": _bubble(turn.said, turn.under)}
    yield from _trace(turn, live)
    if not turn.ended:
        if turn.asked and not live:
            yield _says(turn.asked.question.text, "question")
        return
    shown = _result(turn)
    if shown:
        alt = alt_text(turn.brief, turn.said.text if turn.said else "")
        gone = f'<div class="mq-gone">{html("You deleted this picture.")}</div>'
        seen = gone if shown in turn.gone else picture(shown, alt, "result")
        yield {"role": "assistant", "content": seen}
    outcome = turn.ended.outcome
    yield _says(outcome.question.text if outcome.question else outcome.reply, outcome.status)


def _result(turn: _Turn) -> str | None:
    """The picture that a turn ended with; none where it only talked."""
    if turn.ended and turn.ended.outcome.images:
        made = [image.id for image in turn.ended.outcome.images]
        return turn.ended.picture if turn.ended.picture in made else made[-1]
    tools = {entry.step.tool for entry in turn.steps if isinstance(entry, Called)}
    moved = turn.ended and not turn.ended.outcome.question and tools & {"undo", "select"}
    return turn.ended.picture if moved and turn.ended else None


def _says(text: str, status: str) -> Item:
    return {"role": "assistant", "content": f'<div class="mq-say mq-{escape(status)}">{escape(text) or "…"}</div>'}


def notice(text: str) -> Item:
    """One sentence about something that went wrong."""
    return {"role": "assistant", "content": f'<div class="mq-notice" role="alert">{escape(text)}</div>'}


def _bubble(said: UserSaid, under: str | None) -> str:
    shown = [picture(id, say("a picture that you sent"), "thumb") for id in said.uploads]
    if said.note:
        shown.append(f'<span class="mq-mask">{picture(said.note, say("the picture with your note on it"), "thumb")}'
                     f'<small>{html("your note")}</small></span>')
    elif said.mask:
        layers = picture(under or "", "", "thumb") + picture(said.mask, say("the area that you painted"), "thumb")
        shown.append(f'<span class="mq-mask"><span class="mq-under">{layers}</span>'
                     f'<small>{html("painted area")}</small></span>')
    shown += [f'<span class="mq-mask">{picture(one.picture, say(ROLES[one.role][1]), "thumb")}'
              f"<small>{html(ROLES[one.role][0])}</small></span>" for one in said.references]
    if said.boxes:
        things = escape(", ".join(region.phrase for region in said.boxes), 200)
        shown.append(f'<small>{html("drawn by hand: {things}", things=things)}</small>')
    head = f'<span class="mq-sent">{"".join(shown)}</span>' if shown else ""
    return f'<div class="mq-said">{head}{escape(said.text)}</div>'


def _options(question: Question) -> list[dict[str, str]]:
    return [{"value": option, "label": option} for option in question.options]


# The trace: one collapsible line for a turn, its steps inside.


def _trace(turn: _Turn, live: Snapshot | None) -> Iterator[Item]:
    steps = list(_steps(turn))
    running = list(_running(turn, live)) if live else []
    if not running and (not steps or not turn.said):  # a version chosen by hand leaves a Brief and no turn
        return
    metadata: dict[str, Any] = {"title": _headline(turn, live), "id": f"t-{turn.id}",
                                "status": "pending" if live else "done"}
    if turn.ended:
        metadata["duration"] = round(turn.ended.outcome.usage.seconds, 1)
    yield {"role": "assistant", "content": "", "metadata": metadata}
    for number, item in enumerate([*steps, *running]):
        item["metadata"] |= {"id": f"t-{turn.id}-{number}", "parent_id": f"t-{turn.id}"}
        yield item


def _headline(turn: _Turn, live: Snapshot | None) -> str:
    if live:
        return escape(doing(live))
    words = [word for word in map(_did, turn.steps) if word]
    return " · ".join(word for word, _ in groupby(words)) or html("Thought about it")


def doing(live: Snapshot) -> str:
    """What is being done, as plain text."""
    if live.stopping:
        return say("Stopping")
    return _verb(live.started[-1].tool) if live.started else say("Thinking")


def _verb(tool: str, done: bool = False) -> str:
    """What a tool does, or did; of one that is not known here its own name."""
    return say(VERBS[tool][done]) if tool in VERBS else tool


def _did(entry: Entry) -> str:
    if isinstance(entry, Briefed):
        return html("understood")
    if isinstance(entry, Judged):
        passed, checked = _score(entry.findings)
        return html("checked {passed}/{checked}", passed=passed, checked=checked) if checked else ""
    if not isinstance(entry, Called) or entry.step.tool in TOLD:
        return ""
    return html(SHORT[entry.step.tool]) if entry.step.tool in SHORT else escape(entry.step.tool, 40)


def _score(findings: Sequence[Finding]) -> tuple[int, int]:
    checked = [f for f in findings if f.passed is not None]
    return sum(f.passed is True for f in checked), len(checked)


def _steps(turn: _Turn) -> Iterator[Item]:
    """Each step with its seconds: those of a Brief and of a look come from the calls that they are told instead of."""
    brief_seconds = iter(_seconds(turn, "write_brief"))
    look_seconds = iter(_seconds(turn, "critique"))
    for entry in turn.steps:
        if isinstance(entry, Briefed):
            yield _step(say("Understood"), escape(brief_line(entry.brief)) + _unsure(entry.brief),
                        next(brief_seconds, None))
        elif isinstance(entry, Judged):
            passed, checked = _score(entry.findings)
            title = (say("Looked at it, {passed} of {checked} right", passed=passed, checked=checked) if checked
                     else say("Looked at it"))
            yield _step(title, findings_list(entry.findings, entry.picture), next(look_seconds, None))
        elif isinstance(entry, Called) and not (entry.step.ok and entry.step.tool in TOLD):
            yield _call(entry, turn)


def _seconds(turn: _Turn, tool: str) -> list[float]:
    """How long each call of a tool took, in order, as far as the turn knows yet."""
    steps = turn.ended.outcome.steps if turn.ended else [e.step for e in turn.steps if isinstance(e, Called)]
    return [step.seconds for step in steps if step.tool == tool and step.ok]


def _unsure(brief: Brief) -> str:
    lines = [(phrase("assumed: {things}"), brief.assumed), (phrase("not understood: {things}"), brief.unknown),
             (phrase("kept as it is: {things}"), brief.keep)]
    return "".join(f"<br><small>{html(text, things=escape(', '.join(words)))}</small>"
                   for text, words in lines if words)


def _call(entry: Called, turn: _Turn) -> Item:
    step = entry.step
    title = _verb(step.tool, done=True) if step.ok else say("{what} did not work", what=_verb(step.tool))
    body = escape(step.note) + _arguments(step)
    if entry.picture and entry.picture not in turn.gone:
        body += "<br>" + picture(entry.picture, alt_text(turn.brief), "try")
    return _step(title, body, step.seconds)


def _arguments(step: StepView) -> str:
    """The call as it was made: the tool's own name, and every argument that was given."""
    given = [(name, value) for name, value in step.arguments.items() if value not in (None, "", [], {})]
    shown = "".join(f"<br><small>{escape(name)}: {escape(_value(value), 400)}</small>" for name, value in given[:12])
    return f'<span class="mq-tool"><small>{escape(step.tool, 60)}</small>{shown}</span>'


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _step(title: str, body: str, seconds: float | None = None) -> Item:
    metadata: dict[str, Any] = {"title": escape(title), "status": "done"}
    if seconds is not None:
        metadata["duration"] = round(seconds, 2)
    return {"role": "assistant", "content": f'<div class="mq-step">{body}</div>', "metadata": metadata}


def _running(turn: _Turn, live: Snapshot) -> Iterator[Item]:
    for started in live.started:
        metadata: dict[str, Any] = {"title": escape(_verb(started.tool)), "status": "pending"}
        if live.working and live.working.call == started.call:
            metadata["log"] = progress(live)
        yield {"role": "assistant", "content": "", "metadata": metadata}
    if not live.started and not turn.steps:
        metadata = {"title": escape(say("Reading what you said")), "status": "pending"}
        yield {"role": "assistant", "content": "", "metadata": metadata}


def progress(live: Snapshot, ahead: int = 0) -> str:
    """`step 5/20`, `loading the model`, how many pictures are `ahead`, or nothing."""
    if not live.working:
        return say_many("after {count} other picture", "after {count} other pictures", ahead) if ahead else ""
    if not live.working.steps:
        return say("loading the model")
    return say("step {step}/{steps}", step=live.working.step, steps=live.working.steps)


def mark(finding: Finding) -> str:
    return "?" if finding.passed is None else "✓" if finding.passed else "✗"


def findings_list(findings: Sequence[Finding], of: str = "") -> str:
    """Every checked line with its mark and its evidence; pointing at one shows on the picture `of` which it was held
    against where it looked."""
    return f'<ul class="mq-findings">{"".join(_finding(f, of) for f in findings)}</ul>'


def _finding(finding: Finding, of: str) -> str:
    kind, words = {"✓": ("met", html("met")), "✗": ("not-met", html("not met")),
                   "?": ("not-checked", html("not checked"))}[mark(finding)]
    lit, focus = (f" {_looked_at(of, finding.boxes)}", ' tabindex="0"') if _is_id(of) else ("", "")
    return (f'<li class="mq-{kind}{lit}"{focus}><b>{mark(finding)}</b> '
            f'<span class="mq-hidden">{words}: </span>{escape(finding.requirement)} '
            f"<small>{escape(finding.evidence, 400)}</small></li>")


def _looked_at(of: str, boxes: Iterable[Box]) -> str:
    """A picture and boxes in it (in ten-thousandths) as class names: Gradio's chat leaves us no other attribute."""
    places = ("-".join(str(round(10_000 * side)) for side in box.clip()) for box in boxes)
    return " ".join(["mq-check", f"mq-of-{of}", *(f"mq-at-{place}" for place in places)])
