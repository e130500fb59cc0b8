"""GenEval's own rule (Ghosh et al. 2023, `evaluate_images.py`): right or wrong, line by line, surest objects first.

As published: at least `count` of each class are needed, the surest of them carry colour and position; an `exclude`
line fails at its count. What differs is what it sees with: our eyes name the colours that GenEval asks CLIP for, and
one threshold serves all prompts (its 0.9 for counting belongs to its own detector).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals.api import Look, Mark, Score, Scorer
from evals.scorers.world import THRESHOLD, related
from generators.api import Detection, Seen
from generators.seeing import has_colour

MOST = 16  # detections of one class that are looked at
Groups = list[Sequence[Detection] | None]


class GenEval(Scorer):
    name = "geneval"
    version = 1
    purpose = "GenEval's published rule on what the judge detects"
    eyes = True

    def score(self, look: Look) -> Score:
        if look.seen is None:
            return self.result(0.0, note="no picture")
        reasons = wrong(look.item.truth, look.seen)
        marks = [Mark(label=d.thing, box=d.box, confidence=d.confidence) for d in look.seen.objects]
        return self.result(float(not reasons), note="; ".join(reasons), marks=marks)


def by_class(seen: Seen) -> dict[str, list[Detection]]:
    """What was seen surely enough, by class, the surest first."""
    found: dict[str, list[Detection]] = {}
    for d in sorted(seen.objects, key=lambda d: -d.confidence):
        if d.confidence > THRESHOLD and len(found.get(d.thing, ())) < MOST:
            found.setdefault(d.thing, []).append(d)
    return found


def wrong(truth: dict[str, Any], seen: Seen) -> list[str]:
    """Why the picture is not right; nothing where it is."""
    objects, reasons, groups = by_class(seen), [], Groups()
    for line in truth.get("include", []):
        found = objects.get(line["class"], [])[: line["count"]]
        reason = _line(line, found, groups)
        reasons += [reason] if reason else []
        groups.append(None if reason else found)
    for line in truth.get("exclude", []):
        number = len(objects.get(line["class"], []))
        if number >= line["count"]:
            reasons.append(f"expected {line['class']}<{line['count']}, found {number}")
    return reasons


def _line(line: dict[str, Any], found: Sequence[Detection], groups: Groups) -> str:
    """Why one `include` line does not hold; empty where it does."""
    name, count = line["class"], line["count"]
    if len(found) < count:
        return f"expected {name}>={count}, found {len(found)}"
    colour = line.get("color")
    if colour and sum(has_colour(d, colour) for d in found) < count:
        return f"expected {colour} {name}>={count}, found {', '.join(d.colour for d in found)}"
    if "position" in line:
        return _position(name, found, line["position"], groups)
    return ""


def _position(name: str, found: Sequence[Detection], position: Sequence[Any], groups: Groups) -> str:
    relation, index = position
    targets = groups[index]
    if targets is None:
        return f"no target for {name} to be {relation}"
    held = all(related(a, relation, b) for a in found for b in targets)
    return "" if held else f"expected {name} {relation} target"


SCORER = GenEval()
