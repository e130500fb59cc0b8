"""PickScore (Kirstain et al. 2023, arXiv 2305.01569): a CLIP that learned which picture people choose for a text.

The value is the cosine of picture and last words, at least 0; the published score is that times the model's own scale,
about 100. Orders pictures of one prompt: what it says of different prompts does not compare.
"""

from __future__ import annotations

from evals import asking
from evals.api import Look, Score, Scorer

SCALE = 100


class PickScore(asking.Compares, Scorer):
    name = "pick-score"
    version = 1
    purpose = "PickScore of the picture and the last words said: what people would choose"
    model = asking.pick

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        cosine = self.cosine(look.image, look.item.turns[-1])
        return self.result(max(0.0, cosine), note=f"{SCALE * cosine:.2f} as published")


SCORER = PickScore()
