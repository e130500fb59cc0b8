"""Styles of the picture world, as filters over the finished picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter, ImageOps


def apply_style(pixels: np.ndarray, style: str) -> np.ndarray:
    """Repaints an H x W x 3 uint8 picture in a style of the vocabulary ("flat" leaves it as it is)."""
    image = Image.fromarray(pixels)
    if style == "flat":
        return pixels
    if style == "black and white":
        return np.asarray(ImageOps.grayscale(image).convert("RGB"))
    if style == "pixel art":
        side = max(8, image.width // 4)
        small = image.resize((side, side), Image.Resampling.BOX).quantize(24).convert("RGB")
        return np.asarray(small.resize(image.size, Image.Resampling.NEAREST))
    if style == "pencil sketch":
        grey = ImageOps.grayscale(image)
        # Colour dodge over a blurred negative: the usual recipe for a pencil drawing.
        blurred = np.asarray(ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(image.width / 40)), np.float32)
        dodge = np.minimum(255, np.asarray(grey, np.float32) * 255 / np.maximum(1, 255 - blurred))
        return np.asarray(Image.fromarray(dodge.astype(np.uint8)).convert("RGB"))
    if style == "watercolour":
        soft = image.filter(ImageFilter.ModeFilter(max(3, image.width // 32 * 2 + 1)))
        return np.asarray(Image.blend(soft, Image.new("RGB", image.size, (250, 246, 236)), 0.25))
    raise KeyError(f"The picture world has no style {style!r}.")
