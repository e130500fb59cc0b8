"""Maps that a ControlNet follows, made from a picture: edges, depths, poses, segments.

Edges are Canny's, written out in numpy and Pillow. The others take a model of transformers each, found on this machine
and never fetched; without an object detector the whole picture is taken for one person. Knows no ControlNets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from generators import hardware, poses, weights
from generators.api import Control, MapKind, ModelUnavailable, Unsupported
from generators.local import opened
from generators.map_colours import ADE
from generators.map_signs import is_map

__all__ = ["canny", "depth", "fitted", "is_map", "made", "maps_here", "missing", "pose", "segments"]

WEAK, STRONG = 100.0, 200.0
"""Thresholds of an edge's strength, as the ControlNets were trained with: brightness 0 to 255, Sobel's weights."""
MODELS: dict[MapKind, tuple[str, ...]] = {
    "depth": ("depth-anything/Depth-Anything-V2-Small-hf", "Intel/dpt-hybrid-midas", "Intel/dpt-large"),
    "pose": ("usyd-community/vitpose-base-simple", "usyd-community/vitpose-base",
             "usyd-community/vitpose-base-coco-aic-mpii"),
    "segmentation": ("openmmlab/upernet-convnext-tiny", "openmmlab/upernet-convnext-base",
                     "openmmlab/upernet-convnext-small", "nvidia/segformer-b0-finetuned-ade-512-512",
                     "nvidia/segformer-b5-finetuned-ade-640-640", "microsoft/beit-base-finetuned-ade-640-640"),
}
"""What tells each kind of map, the first that is on this machine. The first ones' licences are Apache-2.0 and MIT;
segformer's is for research only."""
FINDERS = ("PekingU/rtdetr_r50vd_coco_o365", "PekingU/rtdetr_r50vd", "PekingU/rtdetr_r18vd_coco_o365",
           "PekingU/rtdetr_r101vd_coco_o365")
"""What finds the people whose poses are told, the first that is on this machine; Apache-2.0."""
_MOST = 768  # pixels of the longer side at which segments are told apart: each holds 150 numbers there


def made(control: Control, picture: Image.Image) -> Image.Image:
    """The RGB map of a control, of the picture's own size.

    Raises `ModelUnavailable` where the model for it is missing, `Unsupported` where nobody's pose is to be seen.
    """
    if control.ready:
        return picture.convert("RGB")
    ways: dict[MapKind, Callable[[Image.Image], Image.Image]] = {
        "canny": canny, "depth": depth, "pose": pose, "segmentation": segments}
    return ways[control.kind](picture).convert("RGB")


def fitted(control: Control, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The RGB map of a control at a size, its middle where the aspects differ. Raises as `made`."""
    way = Image.Resampling.NEAREST if control.kind == "segmentation" else Image.Resampling.BICUBIC
    return ImageOps.fit(made(control, picture), size, way)


def maps_here() -> tuple[MapKind, ...]:
    """The kinds that can be computed on this machine now; nothing is opened."""
    return tuple(kind for kind in get_args(MapKind) if not missing(kind))


def missing(kind: MapKind) -> str:
    """The hub id of the model to fetch before maps of a kind can be computed; "" where they can."""
    known = MODELS.get(kind, ())
    return "" if not known or any(_is_here(one) for one in known) else known[0]


def _is_here(name: str) -> bool:
    place = weights.find(name)
    return place is not None and (place / "config.json").is_file() and weights.is_whole(place)


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

    `source` is the folder or hub id of a depth model of transformers; without one the first of `MODELS` that is here.
    Raises `ModelUnavailable`.
    """
    import torch

    model, processor = _opened(_place("depth", source), "AutoModelForDepthEstimation", "tell depths")
    with torch.inference_mode():
        inputs = processor(images=picture.convert("RGB"), return_tensors="pt").to(model.device, model.dtype)
        far = model(**inputs).predicted_depth.float()
    sized = torch.nn.functional.interpolate(far[None], (picture.height, picture.width), mode="bicubic")[0, 0]
    span = (sized.max() - sized.min()).clamp_min(1e-6)
    return Image.fromarray(((sized - sized.min()) / span * 255).round().byte().cpu().numpy())


def pose(picture: Image.Image, source: str = "", finder: str = "") -> Image.Image:
    """An RGB picture: everybody's bones and joints on black, as OpenPose draws bodies.

    `source` is the folder or hub id of a ViTPose for COCO's 17 joints, `finder` that of an object detector that knows
    "person". Raises `ModelUnavailable`, and `Unsupported` where nobody is seen.
    """
    place = _place("pose", source)
    picture = picture.convert("RGB")
    around = _around(picture, finder)
    found = _people(picture, around, place) if around else []
    if not found:
        raise Unsupported("No person was found in the picture, so there is no pose to follow.")
    return poses.skeleton(found, picture.size)


def _around(picture: Image.Image, finder: str) -> list[poses.Box]:
    """A box around each person; the whole picture where nothing here finds people."""
    name = finder or next((one for one in FINDERS if _is_here(one)), "")
    if not name:
        return [(0.0, 0.0, float(picture.width), float(picture.height))]
    place = weights.locate(name)
    model, processor = _opened(place, "AutoModelForObjectDetection", "find people")
    if "person" not in (label.lower() for label in model.config.id2label.values()):
        raise ModelUnavailable(f"{place.name} finds no people: it knows no \"person\".")
    return poses.boxes(picture, model, processor)


def _people(picture: Image.Image, around: list[poses.Box], place: Path) -> list[poses.Person]:
    model, processor = _opened(place, "VitPoseForPoseEstimation", "tell poses")
    if model.config.num_labels != poses.COCO:
        raise ModelUnavailable(f"{place.name} tells {model.config.num_labels} joints, and a pose is drawn of COCO's "
                               f"{poses.COCO}.")
    return poses.people(picture, around, model, processor)


def segments(picture: Image.Image, source: str = "") -> Image.Image:
    """An RGB picture in ADE20K's colours: each pixel that of the class it belongs to.

    `source` is the folder or hub id of a semantic segmentation model of transformers for ADE20K's 150 classes. Told at
    768 pixels of the longer side at most. Raises `ModelUnavailable`.
    """
    import torch

    place = _place("segmentation", source)
    model, processor = _opened(place, "AutoModelForSemanticSegmentation", "tell segments")
    if model.config.num_labels != len(ADE):
        raise ModelUnavailable(f"{place.name} tells {model.config.num_labels} classes, and a map of segments has "
                               f"ADE20K's {len(ADE)}.")
    picture = picture.convert("RGB")
    shrink = min(1.0, _MOST / max(picture.size))
    size = (max(1, round(picture.height * shrink)), max(1, round(picture.width * shrink)))
    with torch.inference_mode():
        output = model(**processor(images=picture, return_tensors="pt").to(model.device, model.dtype))
        classes = processor.post_process_semantic_segmentation(output, target_sizes=[size])[0].cpu().numpy()
    return Image.fromarray(np.array(ADE, np.uint8)[classes]).resize(picture.size, Image.Resampling.NEAREST)


def _place(kind: MapKind, source: str) -> Path:
    return weights.locate(source or next((one for one in MODELS[kind] if _is_here(one)), MODELS[kind][0]))


def _opened(place: Path, class_name: str, aim: str) -> tuple[Any, Any]:
    """A model and its processor, opened for each map and let go of again: it is small, and the picture needs the
    memory."""
    import transformers

    weights.check(place)
    with opened(f"{place.name} cannot be opened to {aim}", ImportError):
        kind = getattr(transformers, class_name)
        model = kind.from_pretrained(place, local_files_only=True, use_safetensors=True)
        processor = transformers.AutoImageProcessor.from_pretrained(place, local_files_only=True)
    weights.check_finite([(place.name, model)])
    return model.to(hardware.plan().device).eval(), processor
