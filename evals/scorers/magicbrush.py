"""MagicBrush's five numbers (Zhang et al. 2023, `evaluation/image_eval.py`) for an edit and what it should lead to.

    L1, L2    mean absolute and mean squared difference, 0 to 1: less is better
    CLIP-I    CLIP's cosine of the two pictures; this is the value
    DINO      DINO's cosine of the two pictures
    CLIP-T    CLIP's cosine of the picture and the local caption of the wanted one

Each is a part by its setting ("single-turn L1", "multi-turn L1"), so that a report's means are the published ones.
"""

from __future__ import annotations

from evals import asking, likeness
from evals.api import Look, Score, Scorer
from evals.scorers.clip_i import compared_with


class MagicBrush(asking.ComparesAndLikens, Scorer):
    name = "magicbrush"
    version = 1
    purpose = "MagicBrush's distances and similarities to the wanted picture"
    model = asking.clip

    def score(self, look: Look) -> Score:
        like = compared_with(look) if look.image else None
        if look.image is None or like is None:
            return self.result(0.0, note="no picture")
        both = [look.image, like]
        shown, said = self.nearness.pictures(both), self.nearness.texts([look.item.truth["caption"]])
        seen = self.dino.pictures(both)
        cosines = {"CLIP-I": shown[0] @ shown[1], "DINO": seen[0] @ seen[1], "CLIP-T": shown[0] @ said[0]}
        found = {"L1": likeness.distance(look.image, like), "L2": likeness.distance(look.image, like, power=2),
                 **{name: float(cosine) for name, cosine in cosines.items()}}
        parts = {f"{setting} {name}": value for setting in look.item.truth["settings"] for name, value in found.items()}
        return self.result(min(max(found["CLIP-I"], 0.0), 1.0), parts)


SCORER = MagicBrush()
