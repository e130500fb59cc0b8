"""HPS v2 (Wu et al. 2023, arXiv 2306.09341): as PickScore, a CLIP that learned from other choices of people.

The value is the cosine of picture and last words, at least 0; published is 100 times that.
"""

from __future__ import annotations

from evals import asking
from evals.scorers.pick_score import PickScore


class HPS(PickScore):
    name = "hps"
    version = 1
    purpose = "HPS v2 of the picture and the last words said: what people would prefer"
    model = asking.hps


SCORER = HPS()
