"""Counts: how many of a thing there are. The count is over the name: a purple dog is a dog."""

from __future__ import annotations

from PIL import Image

from generators.api import Region, Seen
from tools.api import Brief, BriefObject, Finding
from tools.critics.api import ABSENT, Verdict, finding, subjects, sure_numbers
from tools.critics.groups import named
from tools.naming import some, thing_name


class Counts:
    """As many as were asked for of each name; two or more where "some" were."""

    kinds = frozenset({"count"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        return [finding(line, _verdict(thing, seen, brief)) for line, thing in subjects(brief, "count")]


def _verdict(thing: BriefObject, seen: Seen, brief: Brief) -> Verdict:
    found = named(seen, thing.name)
    wanted = [t.count for t in brief.objects if thing_name(t.name) == thing_name(thing.name)]
    least = sum(2 if count is None else count for count in wanted)
    passed = len(found) >= least if None in wanted else len(found) == least
    evidence = f"found {some(len(found), thing_name(thing.name))}{sure_numbers(found)}"
    if not passed:
        evidence += f", wanted {'at least ' if None in wanted else ''}{least}"
    return Verdict(passed, _confidence([d.confidence for d in found], least, passed), evidence, [d.box for d in found])


def _confidence(found: list[float], wanted: int, passed: bool) -> float:
    """Of a right count, as sure as of the least sure object; of too many, as of the surest one too many."""
    if passed:
        return min(found, default=ABSENT)
    return sorted(found, reverse=True)[wanted] if len(found) > wanted else ABSENT


CRITIC = Counts()
