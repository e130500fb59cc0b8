"""Sizes: small and big, by the longer side of each object's box or against the other objects."""

from __future__ import annotations

import statistics

from PIL import Image

from generators.api import Box, Detection, Region, Seen
from tools.api import Brief, BriefObject, Finding
from tools.critics.api import ABSENT, Verdict, finding, subjects, surely
from tools.critics.groups import Groups, assign
from tools.naming import thing_name

SMALL = 0.28
BIG = 0.42
CROWDED_BIG = 0.34
"""Longer sides in fractions of the picture: small is up to, big is from; less among more than two objects."""

_TIMES = 1.35
"""Or so many times as large as the middle one of the objects that nobody called small or big."""


class Sizes:
    kinds = frozenset({"size"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        groups = assign(seen, brief, layout)
        return [finding(line, _verdict(thing, groups, brief)) for line, thing in subjects(brief, "size")]


def _verdict(thing: BriefObject, groups: Groups, brief: Brief) -> Verdict:
    found, name = groups[thing.id], thing_name(thing.name)
    if not found:
        return Verdict(False, ABSENT, f"found no {name} to be {thing.size}")
    total = sum(len(members) for members in groups.values())
    usual = _usual(groups, brief)
    limit = SMALL if thing.size == "small" else BIG if total <= 2 else CROWDED_BIG
    passed = all(_is_so(thing.size or "", _side(d.box), limit, usual) for d in found)
    sides = ", ".join(f"{_side(d.box):.2f}" for d in found)
    rule = f"{thing.size} is {'up to' if thing.size == 'small' else 'from'} {limit}"
    against = f", and the others' {usual:.2f}" if usual else ""
    return Verdict(passed, surely(found), f"the {name}'s longer side is {sides} of the picture ({rule}){against}",
                   _boxes(found))


def _is_so(size: str, side: float, limit: float, usual: float | None) -> bool:
    if size == "small":
        return side <= limit or (usual is not None and side * _TIMES <= usual)
    return side >= limit or (usual is not None and side >= usual * _TIMES)


def _usual(groups: Groups, brief: Brief) -> float | None:
    sides = [_side(d.box) for thing in brief.objects if not thing.size for d in groups[thing.id]]
    return statistics.median(sides) if sides else None


def _side(box: Box) -> float:
    return max(box.width, box.height)


def _boxes(found: list[Detection]) -> list[Box]:
    return [d.box for d in found]


CRITIC = Sizes()
