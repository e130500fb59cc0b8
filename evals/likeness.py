"""How alike pictures are: structural similarity and distance of two, the direction of an edit, and how different
several pictures of one prompt are. Numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from PIL import Image

from generators.api import Box, Extent

SIGMA, TAPS = 1.5, 11
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(a: Image.Image, b: Image.Image, without: Sequence[Box] = ()) -> float:
    """Structural similarity of two pictures of one size, -1 to 1; 1 where nothing is left to compare.

    Wang et al. 2004: luminance, a Gaussian window of 11 pixels with a deviation of 1.5, only where it lies wholly
    inside. Windows whose middle lies in one of the boxes `without` do not count.
    """
    if a.size != b.size:
        raise ValueError(f"pictures of {a.size} and {b.size} cannot be compared")
    found = _map(*(np.asarray(picture.convert("L"), dtype=np.float64) for picture in (a, b)))
    counted = np.ones((a.height, a.width), dtype=bool)
    for box in without:
        left, top, right, bottom = box.pixels(Extent(*a.size))
        counted[top:bottom, left:right] = False
    edge = TAPS // 2
    counted = counted[edge : a.height - edge, edge : a.width - edge]
    return float(found[counted].mean()) if counted.any() else 1.0


def _map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The similarity around each pixel (H-10 x W-10)."""
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    shared = _blurred(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    return above / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))


def _blurred(values: np.ndarray) -> np.ndarray:
    at = np.arange(TAPS) - TAPS // 2
    window = np.exp(-(at**2) / (2 * SIGMA**2))
    window /= window.sum()
    for axis in (0, 1):
        values = np.lib.stride_tricks.sliding_window_view(values, TAPS, axis=axis) @ window
    return values


def distance(picture: Image.Image, like: Image.Image, power: int = 1) -> float:
    """The mean over pixels and channels of the absolute difference, or (power 2) of its square, 0 to 1.

    As MagicBrush has it: the picture is brought to the size of the one that it should be like.
    """
    resized = picture.convert("RGB").resize(like.size)
    a, b = (np.asarray(one, dtype=np.float64) / 255 for one in (resized, like.convert("RGB")))
    return float((np.abs(a - b) ** power).mean())


def direction(pictures: np.ndarray, texts: np.ndarray) -> float:
    """How far a change of pictures points the way of a change of texts: the cosine of the two differences, -1 to 1.

    Gal et al. 2021 (arXiv 2108.00946). Both are 2 x D, before and after; 0 where one of them does not change.
    """
    shown, said = pictures[1] - pictures[0], texts[1] - texts[0]
    length = float(np.linalg.norm(shown) * np.linalg.norm(said))
    return float(np.clip(shown @ said / length, -1, 1)) if length else 0.0


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The distance of two unit vectors: 1 less the cosine, 0 to 2."""
    return 1 - float(a @ b)


def diversity(pictures: Sequence[np.ndarray], distance: Callable[[np.ndarray, np.ndarray], float] = apart) -> float:
    """The mean distance of all pairs among one prompt's pictures, as vectors or pixels; 0 for fewer than two."""
    pairs = [distance(a, b) for a, b in combinations(pictures, 2)]
    return sum(pairs) / len(pairs) if pairs else 0.0
