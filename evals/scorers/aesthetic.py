"""LAION's aesthetic score (Schuhmann et al. 2022, arXiv 2210.08402): CLIP's vector of a picture, then linear layers.

The head is a safetensors file (MAQUETTE_AESTHETIC names it) with the weights and biases of one layer or several, one
applied after the other in the order of the numbers in their names, with nothing between them, as in
github.com/christophschuhmann/improved-aesthetic-predictor; the model that it was trained on is CLIP ViT-L/14
(MAQUETTE_AESTHETIC_CLIP). Its marks run from 1 to 10; the value is a tenth of the mark. What was asked for is not seen.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from evals import asking
from evals.api import EvalError, Look, Score, Scorer

VARIABLE = "MAQUETTE_AESTHETIC"
BEST = 10
Layer = tuple[np.ndarray, np.ndarray]


class Aesthetic(asking.Likens, Scorer):
    name = "aesthetic"
    version = 1
    purpose = "LAION's aesthetic score: how much people would like to look at the picture"
    model = asking.clip_large

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        mark = marked(self.sameness.pictures([look.image])[0], head())
        return self.result(min(max(mark / BEST, 0.0), 1.0), note=f"{mark:.2f} of {BEST}")


def head() -> list[Layer]:
    """The layers of the head, weights (outputs x inputs) and biases. Raises `EvalError`."""
    named = os.environ.get(VARIABLE)
    if not named:
        raise EvalError(f"The head of the aesthetic score is not on this machine; name its safetensors file with "
                        f"{VARIABLE}.")
    try:
        found = load_file(Path(named).expanduser())
        parts = sorted((name for name in found if name.endswith("weight")), key=_numbers)
        return [(found[name], found[name.removesuffix("weight") + "bias"]) for name in parts]
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise EvalError(f"{named} is no head of an aesthetic score ({type(error).__name__}: {error}).") from None


def marked(vector: np.ndarray, layers: list[Layer]) -> float:
    """What the layers make of a picture's unit vector. Raises `EvalError` where they do not fit."""
    try:
        for weight, bias in layers:
            vector = weight.astype(np.float64) @ vector + bias
        return float(vector.item())
    except ValueError:
        shapes = ", ".join(f"{weight.shape[1]} to {weight.shape[0]}" for weight, _ in layers)
        raise EvalError(f"The head of the aesthetic score (layers {shapes}) does not make one mark of a vector of "
                        "this model; MAQUETTE_AESTHETIC_CLIP can name another one.") from None


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


SCORER = Aesthetic()
