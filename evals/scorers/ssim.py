"""Structural similarity of what an edit should have left alone, before against after (`evals.likeness`).

Truth as for `outside`: `changed`, the things that the edit is about; wherever one of them is seen, nothing is compared.
Where `outside` counts pixels that differ at all, this forgives what keeps its shape.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from evals import likeness
from evals.api import Look, Score, Scorer
from evals.scorers.outside import away_from_edits
from generators.api import Box


class SSIM(Scorer):
    name = "ssim"
    version = 1
    purpose = "structural similarity, away from an edit, of the pictures before and after"

    def score(self, look: Look) -> Score:
        return away_from_edits(self, look, self._compared)

    def _compared(self, before: Image.Image, after: Image.Image, changed: Sequence[Box]) -> Score:
        if after.size != before.size:
            return self.result(0.0, note="the picture has another size")
        return self.result(max(0.0, likeness.ssim(before, after, changed)))


SCORER = SSIM()
