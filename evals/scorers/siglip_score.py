"""How near a SigLIP model finds picture and text: their cosine, at least 0. Orders pictures of one prompt, no more."""

from __future__ import annotations

from evals import asking
from evals.api import Look, Score, Scorer


class SigLIPScore(asking.Compares, Scorer):
    name = "siglip-score"
    version = 1
    purpose = "SigLIP's cosine of the picture and the last words said"
    model = asking.siglip

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        return self.result(max(0.0, self.cosine(look.image, look.item.turns[-1])))


SCORER = SigLIPScore()
