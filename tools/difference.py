"""How much of a picture changed that should not have."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generators.api import BadPicture


def changed(before: Image.Image, after: Image.Image, tolerance: int = 0) -> np.ndarray:
    """Which pixels differ by more than `tolerance` (0 to 255) in any channel: height x width bool.

    Raises `BadPicture` for pictures of different sizes.
    """
    if before.size != after.size:
        raise BadPicture(f"Pictures of {before.width}x{before.height} and {after.width}x{after.height} pixels "
                         "cannot be compared.")
    first, second = (np.asarray(image.convert("RGB"), dtype=np.int16) for image in (before, after))
    return np.abs(first - second).max(axis=-1) > tolerance


def changed_outside(before: Image.Image, after: Image.Image, mask: Image.Image | None, tolerance: int = 0) -> float:
    """The share of the pixels outside the mask that differ, 0 to 1; 0 where nothing is outside.

    A mask is an "L" picture, 255 where change is allowed. Without one nothing was allowed to change.
    """
    different = changed(before, after, tolerance)
    if mask is None:
        return float(different.mean())
    if mask.size != before.size:
        raise BadPicture(f"The mask is {mask.width}x{mask.height} pixels and its picture "
                         f"{before.width}x{before.height}.")
    outside = np.asarray(mask.convert("L")) == 0
    return float(different[outside].mean()) if outside.any() else 0.0
