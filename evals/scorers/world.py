"""Is everything that was asked for in the picture, and nothing of it too often? By detection, as GenEval does it.

An item's truth is GenEval's own format (Ghosh et al. 2023, `evaluation_metadata.jsonl`): `include` is a list of
{class, count, color?, position?: [relation, index]}, `exclude` of {class, count}; `background` is ours. Stricter
than GenEval in one thing: every number must be exact, also in prompts of a single object.

The value is 1 where all of it holds, else 0. Does not know how good the eyes are: the report says that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from evals.api import Look, Mark, Score, Scorer
from generators.api import Detection, Seen
from generators.seeing import OWN, has_colour

THRESHOLD = 0.3  # of a detection's confidence, GenEval's
MARGIN = 0.1  # of the boxes' own extent by which centres must differ, GenEval's position threshold


class World(Scorer):
    name = "world"
    version = 1
    purpose = "exact correctness of objects, counts, colours, relations and background, as a detector sees them"
    eyes = True

    def score(self, look: Look) -> Score:
        if look.seen is None:
            return self.result(0.0, note="no picture")
        marks = [Mark(label=_label(d), box=d.box, confidence=d.confidence) for d in _sure(look.seen)]
        parts, wrong = judge(look.item.truth, look.seen)
        return self.result(float(not wrong), parts, "; ".join(wrong), marks)


def judge(truth: dict[str, Any], seen: Seen) -> tuple[dict[str, float], list[str]]:
    """Shares of the lines of each kind that hold, and a sentence for each that does not."""
    lines = truth.get("include", [])
    groups = [_group(line, seen) for line in lines]
    held: dict[str, list[bool]] = {}
    wrong: list[str] = []

    def note(kind: str, right: bool, sentence: str) -> None:
        held.setdefault(kind, []).append(right)
        if not right:
            wrong.append(sentence)

    for line, group in zip(lines, groups, strict=True):
        _judge_line(line, group, groups, lines, seen, note)
    for line in truth.get("exclude", []):
        number = len(_of_class(line["class"], seen))
        note("exclude", number < line["count"], f"{number} {line['class']}")
    if background := truth.get("background"):
        note("background", seen.background == background, f"background {seen.background}, not {background}")
    return {kind: sum(results) / len(results) for kind, results in held.items()}, wrong


def _judge_line(line: dict[str, Any], group: Sequence[Detection], groups: Sequence[Sequence[Detection]],
                lines: Sequence[dict[str, Any]], seen: Seen, note: Callable[[str, bool, str], None]) -> None:
    name, wanted = line["class"], line["count"]
    there = _of_class(name, seen)
    note("object", bool(there), f"no {name}")
    if there:
        number = len(group) if "color" in line and _shares_class(line, groups) else len(there)
        note("count", number == wanted, f"{number} {name}, not {wanted}")
        if colour := line.get("color"):
            matching = sum(has_colour(d, colour) for d in there)
            note("colour", matching >= min(wanted, len(there)), f"{matching} of {len(there)} {name} are {colour}")
    if position := line.get("position"):
        relation, index = position
        others = groups[index]
        right = bool(group) and bool(others) and all(related(a, relation, b) for a in group for b in others)
        note("relation", right, f"{name} is not {relation} {lines[index]['class']}")


def _group(line: dict[str, Any], seen: Seen) -> list[Detection]:
    """The detections that a line speaks of: of its class, and of its colour where some of them have it."""
    there = _of_class(line["class"], seen)
    those = [d for d in there if has_colour(d, line["color"])] if line.get("color") else []
    return those or there


def _shares_class(line: dict[str, Any], groups: Sequence[Sequence[Detection]]) -> bool:
    """Whether another line is about the same class: then numbers are counted by colour."""
    return sum(bool(group) and group[0].thing == line["class"] for group in groups) > 1


def _sure(seen: Seen) -> list[Detection]:
    return [d for d in seen.objects if d.confidence >= THRESHOLD]


def _of_class(name: str, seen: Seen) -> list[Detection]:
    return [d for d in _sure(seen) if d.thing == name]


def related(a: Detection, relation: str, b: Detection) -> bool:
    """GenEval's `relative_position`: the offset of the centres, less the margin, points that way (within 60°)."""
    x, y = a.box.centre[0] - b.box.centre[0], a.box.centre[1] - b.box.centre[1]
    length = math.hypot(x, y)
    if length == 0:
        return False
    right = _less(x, MARGIN * (a.box.width + b.box.width)) / length
    down = _less(y, MARGIN * (a.box.height + b.box.height)) / length
    return {"left of": right < -0.5, "right of": right > 0.5, "above": down < -0.5, "below": down > 0.5}[relation]


def _less(offset: float, margin: float) -> float:
    """The offset brought nearer to zero by the margin, and never past it."""
    return math.copysign(max(0.0, abs(offset) - margin), offset)


def _label(d: Detection) -> str:
    return d.thing if d.colour == OWN else f"{d.colour} {d.thing}"


SCORER = World()
