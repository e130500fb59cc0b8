"""The styles of `generators.world.styles` on a batch of pictures in torch.

Watercolour, pixel art and black and white are the same arithmetic, the same to a rounding. The pencil's blur is a
true Gaussian here, where Pillow's is three box blurs: a few grey levels along the darkest edges, on average under one.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generators.training.common import upload
from generators.world.styles import PAPER, PIXEL, TONES
from generators.world.vocabulary import STYLES


def apply_styles(pictures: Tensor, styles: list[int]) -> Tensor:
    """N x 3 x H x W float pictures (0 to 255, whole numbers), each repainted in its style of the vocabulary."""
    result = pictures
    for index, style in enumerate(STYLES):
        rows = [row for row, wanted in enumerate(styles) if wanted == index]
        if rows and style.name != "flat":
            chosen = upload(np.array(rows), pictures.device)
            result = result.index_copy(0, chosen, _FILTERS[style.name](pictures[chosen]))
    return result


def _grey(pictures: Tensor) -> Tensor:
    """Pillow's luminance in its own fixed point: N x 1 x H x W."""
    parts = pictures.new_tensor([19595.0, 38470.0, 7471.0]).view(1, 3, 1, 1)
    return torch.floor(((pictures * parts).sum(1, keepdim=True) + 32768) / 65536)


def black_and_white(pictures: Tensor) -> Tensor:
    return _grey(pictures).expand(-1, 3, -1, -1)


def pixel_art(pictures: Tensor) -> Tensor:
    blocks = F.avg_pool2d(pictures, PIXEL)
    tones = torch.round(torch.round(blocks * ((TONES - 1) / 255)) * (255 / (TONES - 1)))
    return tones.repeat_interleave(PIXEL, 2).repeat_interleave(PIXEL, 3)


def pencil_sketch(pictures: Tensor) -> Tensor:
    grey, (height, width) = _grey(pictures), pictures.shape[2:]
    sigma = min(height, width) / 40
    blurred = (_blur(height, sigma, grey) @ (255 - grey) @ _blur(width, sigma, grey).mT).round()
    dodge = (grey * 255 / (255 - blurred).clamp(min=1)).floor().clamp(max=255)
    return dodge.expand(-1, 3, -1, -1)


def _blur(length: int, sigma: float, like: Tensor) -> Tensor:
    """A Gaussian blur along one side as a length x length matrix, what lies outside taken from the edge."""
    places, reach = torch.arange(length, device=like.device), math.ceil(3 * sigma)
    steps = torch.arange(-reach, reach + 1, device=like.device)
    kernel = torch.softmax(-steps.to(like.dtype).square() / (2 * sigma**2), 0)
    sources = (places[:, None] + steps).clamp(0, length - 1)
    return like.new_zeros(length, length).scatter_add_(1, sources, kernel.expand(length, -1))


def watercolour(pictures: Tensor) -> Tensor:
    height, width = pictures.shape[2:]
    reach = max(1, min(height, width) // 64)
    padded = F.pad(pictures, (reach,) * 4, mode="replicate")
    mean = F.avg_pool2d(padded, reach + 1, 1)
    square = F.avg_pool2d(padded.sum(1, keepdim=True).square(), reach + 1, 1)
    spread = square - mean.sum(1, keepdim=True).square()
    corners = [(y, x) for y in (0, reach) for x in (0, reach)]
    spreads = torch.stack([spread[:, :, y : y + height, x : x + width] for y, x in corners])
    means = torch.stack([mean[:, :, y : y + height, x : x + width] for y, x in corners])
    best = spreads.round().argmin(0, keepdim=True).expand(-1, -1, 3, -1, -1)
    paper = pictures.new_tensor(PAPER).view(1, 3, 1, 1)
    return (0.75 * means.gather(0, best)[0] + 0.25 * paper).round()


_FILTERS = {
    "black and white": black_and_white,
    "pixel art": pixel_art,
    "pencil sketch": pencil_sketch,
    "watercolour": watercolour,
}
