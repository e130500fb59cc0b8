"""Styles of the picture world, as filters over the finished picture.

Each is arithmetic that a GPU can do on a batch as well: `generators.training.filters` holds the same in torch.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter, ImageOps

PAPER = (250, 246, 236)
PIXEL = 4
"""The side of pixel art's squares, in pixels; they divide every size of picture that is trained on."""
TONES = 8
"""Levels of each channel in pixel art."""


def apply_style(pixels: np.ndarray, style: str) -> np.ndarray:
    """Repaints an H x W x 3 uint8 picture in a style of the vocabulary ("flat" leaves it as it is)."""
    if style == "flat":
        return pixels
    if style == "black and white":
        return np.asarray(ImageOps.grayscale(Image.fromarray(pixels)).convert("RGB"))
    if style == "pixel art":
        return pixel_art(pixels)
    if style == "pencil sketch":
        return pencil_sketch(pixels)
    if style == "watercolour":
        return watercolour(pixels)
    raise KeyError(f"The picture world has no style {style!r}.")


def pixel_art(pixels: np.ndarray) -> np.ndarray:
    """Coarse squares in few tones."""
    height, width = pixels.shape[:2]
    blocks = pixels.reshape(height // PIXEL, PIXEL, width // PIXEL, PIXEL, 3).astype(np.float32).mean(axis=(1, 3))
    tones = np.rint(np.rint(blocks * ((TONES - 1) / 255)) * (255 / (TONES - 1))).astype(np.uint8)
    return tones.repeat(PIXEL, axis=0).repeat(PIXEL, axis=1)


def pencil_sketch(pixels: np.ndarray) -> np.ndarray:
    """Colour dodge over a blurred negative: the usual recipe for a pencil drawing."""
    grey = ImageOps.grayscale(Image.fromarray(pixels))
    blurred = np.asarray(ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(min(grey.size) / 40)), np.float32)
    dodge = np.minimum(255, np.asarray(grey, np.float32) * 255 / np.maximum(1, 255 - blurred))
    return dodge.astype(np.uint8)[..., None].repeat(3, axis=2)


def watercolour(pixels: np.ndarray) -> np.ndarray:
    """Flat patches with clean edges, paled by the paper: the smoothest quarter around each pixel (Kuwahara 1976)."""
    height, width = pixels.shape[:2]
    reach = max(1, min(height, width) // 64)
    padded = np.pad(pixels.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    mean, square = _box(padded, reach + 1), _box(padded.sum(-1, keepdims=True) ** 2, reach + 1)
    spread = square - mean.sum(-1, keepdims=True) ** 2
    corners = [(y, x) for y in (0, reach) for x in (0, reach)]
    spreads = np.stack([spread[y : y + height, x : x + width] for y, x in corners])
    means = np.stack([mean[y : y + height, x : x + width] for y, x in corners])
    # A tie within rounding goes to the first quarter, here and in torch.
    smooth = np.take_along_axis(means, (np.rint(spreads).argmin(0))[None], axis=0)[0]
    return np.rint(0.75 * smooth + 0.25 * np.array(PAPER, np.float32)).astype(np.uint8)


def _box(values: np.ndarray, side: int) -> np.ndarray:
    """Means over every side x side window: H x W x C to (H - side + 1) x (W - side + 1) x C."""
    sums = values.astype(np.float64).cumsum(0).cumsum(1)
    sums = np.pad(sums, ((1, 0), (1, 0), (0, 0)))
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (total / side**2).astype(np.float32)
