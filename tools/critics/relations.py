"""Relations between objects, by their boxes (see `tools.relations` for when each holds)."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from generators.api import Box, Region, Seen
from tools.api import Brief, BriefRelation, Finding
from tools.critics.api import ABSENT, Verdict, finding, surely, wanted
from tools.critics.groups import Groups, assign
from tools.naming import plural, thing_name
from tools.relations import holds


class Relations:
    """Between several objects, every one must stand so to every other ("two dogs right of an apple": both)."""

    kinds = frozenset({"relation"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        groups = assign(seen, brief, layout)
        lines = zip(wanted(brief, "relation"), brief.relations, strict=True)
        return [finding(line, _verdict(brief, relation, groups)) for line, relation in lines]


def _verdict(brief: Brief, relation: BriefRelation, groups: Groups) -> Verdict:
    ends = [id for id in (relation.subject, relation.object, relation.other) if id]
    missing = [id for id in ends if not groups.get(id)]
    if missing:
        return Verdict(False, ABSENT, f"found no {_name(brief, missing[0])} to compare")
    boxes = {id: [d.box for d in groups[id]] for id in ends}
    others = boxes[relation.other] if relation.other else ()
    passed = holds(relation.relation, boxes[relation.subject], boxes[relation.object], others)
    return Verdict(passed, surely([d for id in ends for d in groups[id]]),
                   _evidence(brief, relation, boxes, passed), [box for id in ends for box in boxes[id]])


def _evidence(brief: Brief, relation: BriefRelation, boxes: dict[str, list[Box]], passed: bool) -> str:
    """`the apple at (0.21, 0.50) is left of both dogs at (0.60, 0.52) and …`."""
    ends = [f"{_which(brief, relation.object, len(boxes[relation.object]))} {_at(boxes[relation.object])}"]
    if relation.other:
        ends.append(f"{_which(brief, relation.other, len(boxes[relation.other]))} {_at(boxes[relation.other])}")
    count = len(boxes[relation.subject])
    verb = ("is" if count == 1 else "are") + ("" if passed else " not")
    subject = f"{_which(brief, relation.subject, count)} {_at(boxes[relation.subject])}"
    return f"{subject} {verb} {relation.relation} {' and '.join(ends)}"


def _which(brief: Brief, id: str, count: int) -> str:
    name = _name(brief, id)
    if count == 1:
        return f"the {name}"
    return f"{'both' if count == 2 else f'all {count}'} {plural(name)}"


def _name(brief: Brief, id: str) -> str:
    thing = brief.named(id)
    return thing_name(thing.name) if thing else id


def _at(boxes: Sequence[Box]) -> str:
    return "at " + ", ".join(f"({box.centre[0]:.2f}, {box.centre[1]:.2f})" for box in boxes)


CRITIC = Relations()
