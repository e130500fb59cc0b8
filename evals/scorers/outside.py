"""How much of the picture an edit left alone that it should have left alone: pixels, before against after.

Truth: `changed`, the names of the things that the edit is about. Wherever one of them is seen before or after the
edit, the picture may change; everywhere else it may not. "background" among them: nothing is held to stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from evals.api import Look, Score, Scorer
from generators.api import Box, Extent

VISIBLE = 8  # of 255: a smaller difference is not seen
AROUND = 0.04  # what a thing's box is widened by, for its edges and its shadow


def away_from_edits(
    scorer: Scorer, look: Look, compared: Callable[[Image.Image, Image.Image, Sequence[Box]], Score]
) -> Score:
    """What `compared` makes of the pictures before and after, and the boxes of all that the edit is about."""
    if not (look.image and look.before and look.seen and look.seen_before):
        return scorer.result(0.0, note="no picture before and after")
    if "background" in look.item.truth.get("changed", []):
        return scorer.result(1.0, note="the whole picture may change")
    return compared(look.before, look.image, changed_boxes(look))


class Outside(Scorer):
    name = "outside"
    version = 1
    purpose = "share of the pixels away from an edit that stayed as they were"

    def score(self, look: Look) -> Score:
        return away_from_edits(self, look, self._compared)

    def _compared(self, before: Image.Image, after: Image.Image, changed: Sequence[Box]) -> Score:
        share = unchanged(before, after, changed)
        return self.result(share, note="" if share == 1 else f"{1 - share:.1%} of the rest changed")


def changed_boxes(look: Look) -> list[Box]:
    """Around everything that the edit is about, wherever it is seen before or after."""
    things = [d for seen in (look.seen_before, look.seen) if seen for d in seen.objects]
    return [d.box.grow(AROUND) for d in things if d.thing in look.item.truth.get("changed", [])]


def unchanged(before: Image.Image, after: Image.Image, changed: Sequence[Box]) -> float:
    """Share of the pixels outside the boxes that differ by less than can be seen; 1 where nothing lies outside."""
    if before.size != after.size:
        return 0.0
    a, b = (np.asarray(picture.convert("RGB"), dtype=np.int16) for picture in (before, after))
    outside = np.ones(a.shape[:2], dtype=bool)
    for box in changed:
        left, top, right, bottom = box.pixels(Extent(*before.size))
        outside[top:bottom, left:right] = False
    same = np.abs(a - b).max(axis=2) < VISIBLE
    return float(same[outside].mean()) if outside.any() else 1.0


SCORER = Outside()
