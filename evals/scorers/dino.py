"""DINO similarity: as CLIP-I, by a model that learned from pictures alone and minds what a thing looks like.

Published by MagicBrush and Emu Edit (dino_vits16). Pictures are prepared by the model's own processor, which may crop
otherwise than MagicBrush's script (256 pixels, of them the middle 224).
"""

from __future__ import annotations

from evals import asking
from evals.scorers.clip_i import CLIPI


class DINO(CLIPI):
    name = "dino"
    version = 1
    purpose = "DINO's cosine of an edited picture and what it should be like, or what it was made from"
    model = asking.dino


SCORER = DINO()
