"""Poses: where the joints of people are, by a ViTPose, and the drawing of them that OpenPose's ControlNets follow.

ViTPose (Xu et al. 2022, arXiv 2204.12484) looks at one person at a time, cut out by a box, and tells COCO's 17 joints.
The cutting is done here with Pillow, as the model's own processor does it, and so is the reading of the heat maps: its
ways need scipy or torchvision. Drawn are bodies, no hands and no faces. Knows no folders and no requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from generators.map_colours import BODY, BONES, DIMMED

Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels, as COCO has them."""
Person = list[tuple[float, float] | None]
"""OpenPose's 18 joints in pixels, None for what is not seen."""

SURE = 0.3
"""The least height of a heat map's top for which its joint counts as seen."""
PERSON = 0.3
"""The least score of a person's box."""
MOST = 16
"""People of one picture, the surest."""
COCO = 17
_NECK = 1
_SHOULDERS = (5, 6)
_ORDER = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)  # COCO's place of each of OpenPose's joints
_THICK = 4 / 512  # half a bone's width and a joint's radius, of the picture's shorter side


def boxes(picture: Image.Image, model: Any, processor: Any) -> list[Box]:
    """The people that an object detector of transformers sees in an RGB picture, the surest first."""
    import torch

    inputs = processor(images=picture, return_tensors="pt").to(model.device, model.dtype)
    with torch.inference_mode():
        output = model(**inputs)
    seen = processor.post_process_object_detection(output, threshold=PERSON, target_sizes=[picture.size[::-1]])[0]
    found = [(score, left, top, right - left, bottom - top) for score, label, (left, top, right, bottom) in zip(
        seen["scores"].tolist(), seen["labels"].tolist(), seen["boxes"].tolist(), strict=True)
        if model.config.id2label[label].lower() == "person"]
    return [(left, top, width, height) for _, left, top, width, height in sorted(found, reverse=True)[:MOST]
            if width > 1 and height > 1]


def people(picture: Image.Image, around: Sequence[Box], model: Any, processor: Any) -> list[Person]:
    """The joints of the person in each box of an RGB picture; nobody's who shows none."""
    import torch
    from transformers.models.vitpose.image_processing_pil_vitpose import box_to_center_and_scale

    wide, high = processor.size["width"], processor.size["height"]
    frames = [(centre, scale * 200) for centre, scale in (
        box_to_center_and_scale(box, image_width=wide, image_height=high) for box in around)]
    crops = [_cut(picture, centre, extent, (wide, high)) for centre, extent in frames]
    inputs = processor(images=crops, boxes=None, do_affine_transform=False, return_tensors="pt")
    with torch.inference_mode():
        heat = model(**inputs.to(model.device, model.dtype)).heatmaps.float().cpu().numpy()
    places, sure = peaks(heat)
    share = places / (np.array(heat.shape[:1:-1]) - 1) - 0.5
    found = [_person(centre + part * extent, seen) for (centre, extent), part, seen in zip(
        frames, share, sure > SURE, strict=True)]
    return [person for person in found if any(person)]


def _cut(picture: Image.Image, centre: np.ndarray, extent: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """What lies in a frame (pixels) at a size, black outside of the picture. The middles of the first and the last
    pixel lie on the frame's sides (Huang et al. 2020, arXiv 1911.07524)."""
    across, down = (float(step) for step in extent / (np.array(size) - 1))
    left, top = (float(side) for side in centre - extent / 2)
    return picture.transform(size, Image.Transform.AFFINE, (
        across, 0, left + (1 - across) / 2, 0, down, top + (1 - down) / 2), Image.Resampling.BILINEAR)


def peaks(heat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each heat map's top is (N x K x 2: x, y in cells) and how high (N x K), of N x K x H x W.

    Between the cells the top is that of a Gaussian through its neighbours (Zhang et al. 2020, arXiv 1910.06278, without
    the term that mixes the directions).
    """
    count, joints, _, wide = heat.shape
    top = heat.reshape(count, joints, -1).argmax(-1)
    at = (*np.indices(top.shape), top // wide + 1, top % wide + 1)
    logs = np.pad(np.log(np.clip(heat, 1e-3, 50)), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")

    def beside(down: int, right: int) -> np.ndarray:
        return logs[at[0], at[1], at[2] + down, at[3] + right]

    def shift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        bend = 2 * beside(0, 0) - before - after
        return np.clip((after - before) / 2 / np.maximum(bend, 1e-6), -0.5, 0.5)

    across, down = shift(beside(0, -1), beside(0, 1)), shift(beside(-1, 0), beside(1, 0))
    return np.stack([top % wide + across, top // wide + down], -1), heat.max((-1, -2))


def _person(joints: np.ndarray, seen: np.ndarray) -> Person:
    """OpenPose's joints of COCO's: the neck is the middle of the shoulders, where both are seen."""
    person: Person = [(float(joints[one][0]), float(joints[one][1])) if one is not None and seen[one] else None
                      for one in _ORDER]
    if seen[list(_SHOULDERS)].all():
        x, y = joints[list(_SHOULDERS)].mean(0)
        person[_NECK] = (float(x), float(y))
    return person


def skeleton(everybody: Sequence[Person], size: tuple[int, int]) -> Image.Image:
    """The RGB drawing of people on black: bones as ellipses in darker colours, joints as discs over them.

    Colours and widths are those of the annotator that lllyasviel/control_v11p_sd15_openpose was trained with, which
    draws at 512 pixels.
    """
    drawn = Image.new("RGB", size)
    pen, thick = ImageDraw.Draw(drawn), max(1.0, min(size) * _THICK)
    for (start, end), colour in zip(BONES, BODY, strict=False):
        for person in everybody:
            one, other = person[start], person[end]
            if one and other:
                pen.polygon(_bone(one, other, thick), fill=tuple(int(part * DIMMED) for part in colour))
    for joint, colour in enumerate(BODY):
        for person in everybody:
            if place := person[joint]:
                pen.circle(place, thick, fill=colour)
    return drawn


def _bone(one: tuple[float, float], other: tuple[float, float], thick: float) -> list[tuple[float, float]]:
    """An ellipse from one joint to another, `thick` pixels from its middle to its sides."""
    (x0, y0), (x1, y1) = one, other
    half, angle = math.dist(one, other) / 2, math.atan2(y1 - y0, x1 - x0)
    turns = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    along, aside = half * np.cos(turns), thick * np.sin(turns)
    xs = (x0 + x1) / 2 + along * math.cos(angle) - aside * math.sin(angle)
    ys = (y0 + y1) / 2 + along * math.sin(angle) + aside * math.cos(angle)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))
