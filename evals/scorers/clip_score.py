"""CLIPScore (Hessel et al. 2021, arXiv 2104.08718): 2.5 times the cosine of picture and text, at most 1, at least 0.

The text begins with "A photo depicts", as published; the cosine itself, as T2I-CompBench has it, is a part.
"""

from __future__ import annotations

from evals import asking
from evals.api import Look, Score, Scorer

WEIGHT, PREFIX = 2.5, "A photo depicts "


class CLIPScore(asking.Compares, Scorer):
    name = "clip-score"
    version = 1
    purpose = "CLIPScore of the picture and the last words said"
    model = asking.clip

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        cosine = max(0.0, self.cosine(look.image, PREFIX + look.item.turns[-1]))
        return self.result(min(1.0, WEIGHT * cosine), {"cosine": cosine})


SCORER = CLIPScore()
