"""Looks at a picture and holds it against every line of the Brief."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from generators.api import Cancelled, Eyes, GeneratorError, Region, Seen
from generators.colours import NAMES as COLOURS
from generators.world.vocabulary import find_background, find_thing
from tools import sight
from tools.api import (
    Brief,
    Critique,
    Finding,
    PictureRecord,
    Requirement,
    SceneObject,
    Tool,
    ToolContext,
    ToolError,
    ToolResult,
)
from tools.critics import asked
from tools.critics.registry import all_critics
from tools.fields import Arguments, Handle
from tools.handles import known, resolve
from tools.naming import background_name, colour_name, thing_name
from tools.scene import scene_of_seen

ASKING = 2_500
"""Tokens that must be left to ask a server about a picture: what the picture and a dozen questions may take."""


class CritiqueArgs(Arguments):
    image: Handle = "current"


class Looking(Tool):
    name = "critique"
    purpose = "Look at the picture and check it against each line of the Brief, with evidence."
    Args = CritiqueArgs

    def offered(self, ctx: ToolContext) -> bool:
        return bool(known(ctx))

    def run(self, ctx: ToolContext, args: CritiqueArgs) -> ToolResult:
        picture = resolve(ctx, args.image)
        critique, scene = look(ctx, picture)
        if picture == ctx.picture:  # an older version keeps the Brief that it was made for, and how it met that
            ctx.images.annotate(picture, critique=critique, scene=scene, brief=ctx.brief)
        return ToolResult(in_words(critique), critique=critique, scene=tuple(scene))


def look(ctx: ToolContext, picture: str) -> tuple[Critique, list[SceneObject]]:
    """The critique of a picture and what is in it. Where nothing here can look at it, every line is open."""
    ours, looks = sight.of_world(ctx, picture), Eyes()
    findings, scene = _open(ctx.brief, _foreign(ctx.images.record(picture))), list[SceneObject]()
    try:
        looks = looks if ours else ctx.workshop.looks
        if ours or looks.finder:
            findings, scene = _seen(ctx, picture, ours)
    except Cancelled:
        raise
    except GeneratorError as error:
        findings = _open(ctx.brief, f"nothing here can look at pictures: {error}")
    if looks.asks:
        findings = _asked(ctx, picture, findings, looks)
    return Critique(picture=picture, findings=findings), scene


def _seen(ctx: ToolContext, picture: str, ours: bool) -> tuple[list[Finding], list[SceneObject]]:
    """Every line held against the objects that are made out."""
    names = sight.sought(ctx.brief)
    seen = sight.seen(ctx, picture, names) if ours or names else Seen(())
    words = known_words(ctx) if ours else frozenset([*names, *COLOURS])
    return judge(ctx.images.image(picture), seen, ctx.brief, ctx.layout, words), scene_of_seen(seen)


def _asked(ctx: ToolContext, picture: str, findings: list[Finding], looks: Eyes) -> list[Finding]:
    """The findings, those that are open asked about; what cannot be asked stays open, with the reason."""
    lines = ctx.brief.requirements()
    left = [number for number, found in enumerate(findings) if found.passed is None]
    if not left:
        return findings
    questions = [asked.question(ctx.brief, lines[number]) for number in left]
    try:
        if looks.server and ctx.limits.tokens - ctx.usage.tokens < ASKING:
            raise ToolError("the tokens of this turn are spent")
        told = ctx.workshop.ask(ctx.images.image(picture), [one.text for one in questions], ctx.stop)
    except Cancelled:
        raise
    except (GeneratorError, ToolError) as error:
        return [found if found.passed is not None else _undecided(line, f"nobody could be asked: {error}")
                for found, line in zip(findings, lines, strict=True)]
    ctx.usage.tokens += told.tokens
    replies = zip(left, questions, told.likely, strict=True)
    answers = {number: asked.answered(lines[number], one, likely) for number, one, likely in replies}
    return [answers.get(number, found) for number, found in enumerate(findings)]


def judge(image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...] = (),
          words: frozenset[str] | None = None) -> list[Finding]:
    """Exactly one finding for each requirement, in the Brief's order.

    `words` are the names that the detector knows (None: all of the vocabulary); a requirement about anything else,
    or one that no critic judges, is left open with the reason.
    """
    made = [f for critic in all_critics() for f in critic.judge(image, seen, brief, layout)]
    by_line = {(f.kind, f.requirement, f.subject): f for f in made}
    found = []
    for line in brief.requirements():
        stranger = next((name for name in names_in(brief, line) if not _is_known(name, words)), None)
        judged = by_line.get((line.kind, line.text, line.subject))
        if stranger is not None:
            found.append(_undecided(line, f"no critic here can check {line.text!r}: it has not learnt what "
                                          f"{stranger!r} looks like"))
        else:
            found.append(judged or _undecided(line, f"no critic here can check {line.text!r}"))
    return found


def names_in(brief: Brief, line: Requirement) -> Iterator[str]:
    """The names that somebody who checks a requirement must know."""
    ids = {line.subject} if line.subject else set()
    if line.kind == "relation":
        ids = {id for r in brief.relations if brief.relation_text(r) == line.text
               for id in (r.subject, r.object, r.other) if id}
    if line.kind == "avoid":
        ids = set()
        yield thing_name(line.subject or "") if find_thing(line.subject or "") else background_name(line.subject or "")
    things = [thing for thing in brief.objects if thing.id in ids]
    yield from (thing_name(thing.name) for thing in things)
    if line.kind == "colour":
        yield from (colour_name(thing.colour) for thing in things if thing.colour)
    if line.kind == "background":
        yield background_name(brief.background or "")


def _is_known(name: str, words: frozenset[str] | None) -> bool:
    if words is not None:
        return name in words
    return bool(find_thing(name) or find_background(name)) or colour_name(name) in _COLOURS


_COLOURS = frozenset({"red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white"})


def known_words(ctx: ToolContext) -> frozenset[str] | None:
    """What the critic has learnt: the worlds of the models it was trained beside; None where there is none."""
    worlds = [model.capabilities.world for model in (*ctx.workshop.models(), ctx.model) if model.capabilities.world]
    words = frozenset(name for w in worlds for name in (*w.objects, *w.colours, *w.backgrounds))
    return words or None


def _foreign(record: PictureRecord) -> str:
    """Why nothing here can judge a picture from outside the world."""
    origin = f"this picture is by {record.model}" if record.model else "this one was brought along"
    return f"the critic knows the picture world only, and {origin}"


def _open(brief: Brief, reason: str) -> list[Finding]:
    return [_undecided(line, reason) for line in brief.requirements()]


def _undecided(line: Requirement, reason: str) -> Finding:
    return Finding(requirement=line.text, kind=line.kind, passed=None, confidence=0.0, evidence=reason,
                   subject=line.subject)


_MARKS = {True: "ok", False: "WRONG", None: "not checked"}


def in_words(critique: Critique) -> str:
    """One line per requirement, for the planner."""
    if not critique.findings:
        return "The Brief asks for nothing that can be checked."
    lines = [f"- {f.requirement}: {_MARKS[f.passed]}; {f.evidence}" for f in critique.findings]
    return "\n".join([f"{critique.score:.0%} of what could be checked is right.", *lines])


TOOL = Looking()
