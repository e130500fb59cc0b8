"""CLIP-I: how near CLIP finds an edited picture to the one that it should be like, else to the one it was made from.

The cosine of the two pictures, as MagicBrush and Emu Edit report it. `like` in an item's truth names the first; without
it the number says how much of a picture an edit kept, and is best where nothing was done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PIL import Image

from evals import asking, benchmarks
from evals.api import Look, Score, Scorer


def compared_with(look: Look) -> Image.Image | None:
    """What the picture should be like, else what it was made from; None where there is neither."""
    if "like" not in look.item.truth:
        return look.before
    with Image.open(benchmarks.picture(look.item.truth["like"])) as opened:
        return opened.convert("RGB")


class CLIPI(asking.Likens, Scorer):
    name = "clip-i"
    version = 1
    purpose = "CLIP's cosine of an edited picture and what it should be like, or what it was made from"
    model: ClassVar[Callable[[], asking.Sameness]] = asking.clip

    def score(self, look: Look) -> Score:
        other = compared_with(look) if look.image else None
        if look.image is None or other is None:
            return self.result(0.0, note="no two pictures to compare")
        return self.result(self.alike(look.image, other))


SCORER = CLIPI()
