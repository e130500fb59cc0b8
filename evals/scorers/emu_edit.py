"""Emu Edit's five numbers for an edit (Sheynin et al. 2023, section 5; which checkpoints is not published).

    direction   how far the picture changed the way that its caption changes; this is the value
    image       CLIP's cosine of the picture before and after
    output      CLIP's cosine of the edited picture and the caption of what was wanted
    L1          mean absolute difference before and after, 0 to 1: less is better
    DINO        DINO's cosine of the picture before and after

The parts are the numbers themselves, so that their means are the published ones; the value is 0 at least.
"""

from __future__ import annotations

from evals import asking, likeness
from evals.api import Look, Score, Scorer


class EmuEdit(asking.ComparesAndLikens, Scorer):
    name = "emu-edit"
    version = 1
    purpose = "Emu Edit's CLIP direction, CLIP and DINO similarities, and distance"
    model = asking.clip

    def score(self, look: Look) -> Score:
        if not (look.image and look.before):
            return self.result(0.0, note="no picture before and after")
        both = [look.before, look.image]
        shown, said = self.nearness.pictures(both), self.nearness.texts(look.item.truth["captions"])
        seen = self.dino.pictures(both)
        cosines = {"direction": likeness.direction(shown, said), "image": shown[0] @ shown[1],
                   "output": shown[1] @ said[1], "DINO": seen[0] @ seen[1]}
        parts = {name: float(cosine) for name, cosine in cosines.items()}
        return self.result(max(0.0, parts["direction"]), {**parts, "L1": likeness.distance(look.image, look.before)})


SCORER = EmuEdit()
