"""Does the picture hit the boxes that it was drawn from? By what the judge sees in each of them.

The boxes are those of the picture's own record, in its file. One is hit by a thing of its name whose box overlaps it
by half (intersection over union), each thing hitting one box at most. Truth: GenEval's `include`; everything asked for
must have got a box, and where a line has a `place`, a box there.

The value is 1 where all of it holds, else 0. A picture drawn without boxes, as `single` is, scores 0; so does one that
was repaired, since its record is that of the repair: measure with the arm no-repair.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PIL import Image

from evals.api import Look, Mark, Score, Scorer
from evals.scorers.world import THRESHOLD
from generators.api import Box, Detection, Region, Seen
from generators.provenance import KEY
from tools.phrases import find_phrase
from tools.places import find_place

HIT = 0.5
SLACK = 0.08  # how far from a place a centre may be, as where layouts are planned


class Layout(Scorer):
    name = "layout"
    version = 1
    purpose = "whether every planned box is hit, by intersection over union with what the judge sees"
    eyes = True

    def score(self, look: Look) -> Score:
        if look.image is None or look.seen is None:
            return self.result(0.0, note="no picture")
        boxes = planned(look.image)
        if not boxes:
            return self.result(0.0, note="drawn without boxes, or changed since")
        over = overlaps(boxes, look.seen)
        missed = [region.phrase for region, share in zip(boxes, over, strict=True) if share < HIT]
        wrong = [*unplanned(look.item.truth, boxes), *(f"{phrase} not in its box" for phrase in missed)]
        parts = {"boxes hit": 1 - len(missed) / len(boxes), "IoU": sum(over) / len(over)}
        marks = [Mark(label=region.phrase, box=region.box) for region in boxes]
        return self.result(float(not wrong), parts, "; ".join(wrong), marks)


def planned(image: Image.Image) -> list[Region]:
    """The layout in a picture's own record; none where it has no record, or that of an edit."""
    try:
        request = json.loads(image.info.get(KEY, "{}")).get("request") or {}
    except ValueError:
        return []
    drawn = request.get("kind", "generate") == "generate"
    return [Region(phrase, Box(*box)) for phrase, box in request["regions"]] if drawn and "regions" in request else []


def overlaps(boxes: Sequence[Region], seen: Seen) -> list[float]:
    """For each box the overlap with the thing that hits it, the closest pairs first; 0 where none is left."""
    sure = [d for d in seen.objects if d.confidence >= THRESHOLD]
    pairs = sorted(((share, i, j) for i, region in enumerate(boxes) for j, d in enumerate(sure)
                    if (share := _overlap(region, d)) > 0), reverse=True)
    found, taken = dict[int, float](), set[int]()
    for share, i, j in pairs:
        if i not in found and j not in taken:
            found[i] = share
            taken.add(j)
    return [found.get(i, 0.0) for i in range(len(boxes))]


def _overlap(region: Region, seen: Detection) -> float:
    return region.box.iou(seen.box) if find_phrase(region.phrase).thing == seen.thing else 0.0


def unplanned(truth: dict[str, Any], boxes: Sequence[Region]) -> list[str]:
    """What was asked for and has not got its boxes, in words."""
    wrong = []
    for line in truth.get("include", []):
        own = [region.box for region in boxes if find_phrase(region.phrase).thing == line["class"]]
        place = find_place(line["place"]) if "place" in line else None
        if len(own) < line["count"]:
            wrong.append(f"{len(own)} boxes for {line['count']} {line['class']}")
        elif place and not all(place.holds(box.centre, SLACK) for box in own):
            wrong.append(f"{line['class']} not planned at the {line['place']}")
    return wrong


SCORER = Layout()
