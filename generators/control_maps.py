"""Maps that a ControlNet follows, made from a picture: edges here, depths by a model of transformers that is installed.

Edges are Canny's, written out in numpy and Pillow. Poses and segments are not computed: for them a picture has to be
such a map already. Knows no ControlNets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from generators import hardware, weights
from generators.api import Control, ModelUnavailable, Unsupported
from generators.local import first_line

WEAK, STRONG = 100.0, 200.0
"""Thresholds of an edge's strength, as the ControlNets were trained with: brightness 0 to 255, Sobel's weights."""
DEPTH = ("depth-anything/Depth-Anything-V2-Small-hf", "Intel/dpt-hybrid-midas", "Intel/dpt-large")
"""What tells depths, the first that is on this machine; the first one's licence is Apache-2.0."""


def made(control: Control, picture: Image.Image) -> Image.Image:
    """The RGB map of a control, of the picture's own size.

    Raises `Unsupported` for what cannot be computed here, `ModelUnavailable` where the model for it is missing.
    """
    if control.ready:
        return picture.convert("RGB")
    if control.kind == "canny":
        return canny(picture).convert("RGB")
    if control.kind == "depth":
        return depth(picture).convert("RGB")
    raise Unsupported(f"A {control.kind} map is not computed here; give a picture that is one, and say that it is "
                      "ready.")


def canny(picture: Image.Image, weak: float = WEAK, strong: float = STRONG) -> Image.Image:
    """An "L" picture, 255 on edges one pixel wide, else 0 (Canny 1986, IEEE PAMI 8:6).

    An edge is a ridge of the brightness's gradient above `weak` that is joined to a point of it above `strong`.
    """
    smooth = np.pad(np.asarray(picture.convert("L").filter(ImageFilter.GaussianBlur(1)), np.float32), 1, mode="edge")
    rows, columns = _sobel(smooth), _sobel(smooth.T).T
    slope = np.abs(rows) + np.abs(columns)
    ridge = slope * _is_ridge(slope, rows, columns)
    return Image.fromarray(_joined(ridge > weak, ridge > strong).astype(np.uint8) * 255)


def _sobel(padded: np.ndarray) -> np.ndarray:
    """The slope along the first axis, (H + 2) x (W + 2) to H x W."""
    lines = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return lines[2:] - lines[:-2]


def _is_ridge(slope: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where no neighbour across the edge is steeper. Directions are told in steps of 45 degrees."""
    around, (high, wide) = np.pad(slope, 1), slope.shape
    sector = np.round(np.arctan2(rows, columns) / (np.pi / 4)).astype(int) % 4
    found = np.zeros(slope.shape, bool)
    for at, (down, right) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = around[1 + down : 1 + down + high, 1 + right : 1 + right + wide]
        behind = around[1 - down : 1 - down + high, 1 - right : 1 - right + wide]
        found |= (sector == at) & (slope > ahead) & (slope >= behind)
    return found


def _joined(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The weak points that a chain of weak points joins to a strong one."""
    found = strong
    while True:
        grown = np.asarray(Image.fromarray(found.astype(np.uint8)).filter(ImageFilter.MaxFilter(3)), bool) & weak
        if (grown == found).all():
            return found
        found = grown


def depth(picture: Image.Image, source: str = "") -> Image.Image:
    """An "L" picture, white what is near and black what is far.

    `source` is the folder or hub id of a depth model of transformers; without one the first of `DEPTH` that is here.
    Raises `ModelUnavailable`.
    """
    import torch

    name = source or next((one for one in DEPTH if weights.find(one)), DEPTH[0])
    place = weights.locate(name)
    weights.check(place)
    model, processor = _depth_model(place)
    with torch.inference_mode():
        inputs = processor(images=picture.convert("RGB"), return_tensors="pt").to(model.device, model.dtype)
        far = model(**inputs).predicted_depth.float()
    sized = torch.nn.functional.interpolate(far[None], (picture.height, picture.width), mode="bicubic")[0, 0]
    span = (sized.max() - sized.min()).clamp_min(1e-6)
    return Image.fromarray(((sized - sized.min()) / span * 255).round().byte().cpu().numpy())


def _depth_model(place: Any) -> tuple[Any, Any]:
    """Opened for each map and let go of again: it is small, and the picture needs the memory."""
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    try:
        model = AutoModelForDepthEstimation.from_pretrained(place, local_files_only=True, use_safetensors=True)
        processor = AutoImageProcessor.from_pretrained(place, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
        if hardware.is_memory(error):
            raise
        raise ModelUnavailable(f"{place.name} cannot be opened to tell depths: {first_line(error)}") from error
    weights.check_finite([(place.name, model)])
    return model.to(hardware.plan().device).eval(), processor
