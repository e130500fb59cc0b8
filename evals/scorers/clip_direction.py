"""CLIP direction similarity: whether an edit changed the picture the way that its captions change (arXiv 2108.00946).

Truth: `captions`, of the picture before and after. The cosine of the two differences in CLIP's space; less than 0
counts as 0.
"""

from __future__ import annotations

from evals import asking, likeness
from evals.api import Look, Score, Scorer


class CLIPDirection(asking.Compares, Scorer):
    name = "clip-direction"
    version = 1
    purpose = "cosine, in CLIP's space, of how an edit changed the picture and how its caption changes"
    model = asking.clip

    def score(self, look: Look) -> Score:
        captions = look.item.truth.get("captions")
        if not (look.image and look.before and captions):
            return self.result(0.0, note="no two pictures and captions to compare")
        found = likeness.direction(self.nearness.pictures([look.before, look.image]), self.nearness.texts(captions))
        return self.result(max(0.0, found))


SCORER = CLIPDirection()
