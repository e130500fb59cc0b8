"""Structural similarity and diversity on pictures whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from evals import likeness
from generators.api import Box

C1, C2 = 6.5025, 58.5225  # (0.01 x 255)² and (0.03 x 255)²


def grey(value: int) -> Image.Image:
    return Image.new("RGB", (32, 24), (value,) * 3)


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8))


def test_a_picture_is_like_itself() -> None:
    assert likeness.ssim(noise(1), noise(1)) == pytest.approx(1)


def test_two_greys_differ_in_luminance_only() -> None:
    """Without structure the formula is (2ab + C1) / (a² + b² + C1)."""
    assert likeness.ssim(grey(100), grey(200)) == pytest.approx((2 * 100 * 200 + C1) / (100**2 + 200**2 + C1))


def test_a_window_is_the_published_one() -> None:
    """One window of the very size: its moments, weighed by the Gaussian, put into the formula by hand."""
    a, b = (np.asarray(noise(seed).convert("L").crop((0, 0, 11, 11)), float) for seed in (1, 2))
    at = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    w = np.outer(at, at) / np.outer(at, at).sum()
    ma, mb = (w * a).sum(), (w * b).sum()
    va, vb, vab = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum(), (w * (a - ma) * (b - mb)).sum()
    expected = (2 * ma * mb + C1) * (2 * vab + C2) / ((ma**2 + mb**2 + C1) * (va + vb + C2))
    assert likeness.ssim(*(Image.fromarray(v.astype(np.uint8)) for v in (a, b))) == pytest.approx(expected)


def test_what_was_to_change_does_not_count() -> None:
    after = grey(128)
    after.paste("black", (0, 0, 10, 24))
    assert likeness.ssim(grey(128), after) < 0.8
    assert likeness.ssim(grey(128), after, [Box(0, 0, 0.5, 1)]) == pytest.approx(1)
    assert likeness.ssim(grey(128), after, [Box(0, 0, 1, 1)]) == 1


def test_pictures_of_two_sizes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        likeness.ssim(grey(1), grey(1).resize((24, 32)))


def test_diversity_is_the_mean_distance_of_all_pairs() -> None:
    east, north = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert likeness.diversity(np.array([east, east, east])) == 0
    assert likeness.diversity(np.array([east, east, north])) == pytest.approx(2 / 3)  # pairs: 0, 1, 1
    assert likeness.diversity(np.array([east, -east])) == 2
    assert likeness.diversity(np.array([east])) == 0
