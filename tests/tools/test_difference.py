from __future__ import annotations

import pytest
from PIL import Image

from generators.api import BadPicture
from tools.difference import changed, changed_outside

BEFORE = Image.new("RGB", (10, 10), (100, 100, 100))
LEFT_HALF = Image.new("L", (10, 10))
LEFT_HALF.paste(255, (0, 0, 5, 10))


def after(*pixels: tuple[int, int], by: int = 50) -> Image.Image:
    image = BEFORE.copy()
    for pixel in pixels:
        image.putpixel(pixel, (100, 100, 100 + by))
    return image


@pytest.mark.parametrize("image, mask, share", [
    (BEFORE, LEFT_HALF, 0.0),
    (after((0, 0), (4, 9)), LEFT_HALF, 0.0),
    (after((0, 0), (5, 0)), LEFT_HALF, 1 / 50),
    (after((9, 9)), None, 1 / 100),
    (after((9, 9)), Image.new("L", (10, 10), 255), 0.0),
    (after((9, 9), by=1), LEFT_HALF, 1 / 50),
])
def test_share_outside(image: Image.Image, mask: Image.Image | None, share: float) -> None:
    assert changed_outside(BEFORE, image, mask) == pytest.approx(share)


def test_tolerance() -> None:
    assert changed_outside(BEFORE, after((9, 9), by=2), LEFT_HALF, tolerance=2) == 0


def test_a_soft_mask_allows_change_wherever_it_is_not_zero() -> None:
    soft = Image.new("L", (10, 10), 1)
    assert changed_outside(BEFORE, after((9, 9)), soft) == 0


def test_other_sizes_cannot_be_compared() -> None:
    with pytest.raises(BadPicture, match="10x10 and 5x5"):
        changed(BEFORE, BEFORE.resize((5, 5)))
    with pytest.raises(BadPicture, match="mask is 5x5"):
        changed_outside(BEFORE, BEFORE, Image.new("L", (5, 5)))
