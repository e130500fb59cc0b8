"""Structural similarity of what an edit should have left alone, before against after (`evals.likeness`).

Truth as for `outside`: `changed`, the things that the edit is about; wherever one of them is seen, nothing is compared.
Where `outside` counts pixels that differ at all, this forgives what keeps its shape.
"""

from __future__ import annotations

from evals import likeness
from evals.api import Look, Score, Scorer
from evals.scorers.outside import changed_boxes


class SSIM(Scorer):
    name = "ssim"
    version = 1
    purpose = "structural similarity, away from an edit, of the pictures before and after"
    eyes = True

    def score(self, look: Look) -> Score:
        if not (look.image and look.before and look.seen and look.seen_before):
            return self.result(0.0, note="no picture before and after")
        if "background" in look.item.truth.get("changed", []):
            return self.result(1.0, note="the whole picture may change")
        if look.image.size != look.before.size:
            return self.result(0.0, note="the picture has another size")
        return self.result(max(0.0, likeness.ssim(look.before, look.image, changed_boxes(look))))


SCORER = SSIM()
