"""Colours: every object of a line has the line's colour."""

from __future__ import annotations

from PIL import Image

from generators.api import Detection, Region, Seen
from tools.api import Brief, BriefObject, Finding
from tools.critics.api import ABSENT, Verdict, finding, subjects
from tools.critics.groups import assign, has_colour
from tools.naming import listed, some, thing_name


class Colours:
    """Best matching: with "one purple dog and a dog", any one of the dogs may be the purple one."""

    kinds = frozenset({"colour"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        groups = assign(seen, brief, layout)
        verdicts = ((line, _verdict(thing, groups[thing.id])) for line, thing in subjects(brief, "colour"))
        return [finding(line, verdict) for line, verdict in verdicts if verdict]


def _verdict(thing: BriefObject, found: list[Detection]) -> Verdict | None:
    """None where something has no colour that could be made out."""
    name, colour = thing_name(thing.name), thing.colour or ""
    if not found:
        return Verdict(False, ABSENT, f"found no {name} to be {colour}")
    if any(not d.colour for d in found):
        return None
    right = [d for d in found if has_colour(d, colour)]
    passed = len(right) == len(found)
    telling = found if passed else [d for d in found if d not in right]
    return Verdict(passed, min(d.confidence * d.colour_confidence for d in telling),
                   f"{some(len(found), name)} seen as {listed([_called(d) for d in found])}", [d.box for d in telling])


def _called(detection: Detection) -> str:
    colour = "of its usual colours" if detection.colour == "own" else detection.colour
    return f"{colour} ({detection.colour_confidence:.2f})"


CRITIC = Colours()
