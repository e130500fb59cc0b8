"""Places: "top left", "centre", by the middle of each object's box."""

from __future__ import annotations

from PIL import Image

from generators.api import Detection, Region, Seen
from tools.api import Brief, Finding
from tools.critics.api import ABSENT, Verdict, finding, subjects, surely
from tools.critics.groups import assign
from tools.naming import thing_name
from tools.places import Place, find_place

SLACK = 0.08
"""How far beyond its range a middle may lie, in fractions of the picture."""


class Places:
    """Says nothing about places that `tools.places` does not understand."""

    kinds = frozenset({"place"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        groups = assign(seen, brief, layout)
        return [finding(line, _verdict(thing_name(thing.name), groups[thing.id], place))
                for line, thing in subjects(brief, "place") if (place := find_place(thing.place or ""))]


def _verdict(name: str, found: list[Detection], place: Place) -> Verdict:
    if not found:
        return Verdict(False, ABSENT, f"found no {name} there")
    spots = ", ".join(f"({d.box.centre[0]:.2f}, {d.box.centre[1]:.2f})" for d in found)
    passed = all(place.holds(d.box.centre, SLACK) for d in found)
    return Verdict(passed, surely(found), f"the {name}'s middle is at {spots}", [d.box for d in found])


CRITIC = Places()
