"""Whether a picture already is a map that a ControlNet follows, told by its pixels and no model.

Strict: a photograph that is taken for a map spoils a drawing, a map that is taken for a photograph costs one answer.
What it does not know: a smooth grey gradient from black to white, or a grey picture that is all blurred, cannot be told
from depths, nor thin white writing on black from edges; edges that were drawn at another size are none.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from generators.api import MapKind
from generators.map_colours import ADE, BODY, DIMMED

SIDE = 256
"""The most pixels that are looked at, across or down."""


def is_map(kind: MapKind, picture: Image.Image) -> bool:
    """Whether a picture is such a map rather than a photograph, also after JPEG's losses."""
    small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    return {"canny": _edges, "depth": _depths, "pose": _poses, "segmentation": _segments}[kind](
        np.asarray(small, np.int16))


def _edges(pixels: np.ndarray) -> bool:
    """Thin white lines on black, and next to nothing between the two."""
    black, white = pixels.max(-1) < 64, pixels.min(-1) > 191
    lines = white.mean()
    return bool((black | white).mean() > 0.97 and 0.001 < lines < 0.35 and _inner(white).sum() < 0.1 * white.sum())


def _inner(there: np.ndarray) -> np.ndarray:
    """What has all of its eight neighbours."""
    rows = there[2:] & there[1:-1] & there[:-2]
    return np.asarray(rows[:, 2:] & rows[:, 1:-1] & rows[:, :-2])


def _depths(pixels: np.ndarray) -> bool:
    """Grey, from black to white by many steps, and smooth but for the rims of things: no lines."""
    grey = pixels.mean(-1)
    if min(grey.shape) < 8 or np.ptp(pixels, -1).max() > 24 or np.ptp(pixels, -1).mean() > 3:
        return False
    counts = np.bincount(grey.astype(int).ravel(), minlength=256)
    spread = np.count_nonzero(counts) > 64 and counts.max() < 0.5 * grey.size and grey.min() < 12 and grey.max() > 243
    down, across = np.diff(grey, axis=0)[:, 1:-1], np.diff(grey, axis=1)[1:-1]
    steps = ((down[:-1], down[1:]), (across[:, :-1], across[:, 1:]))  # to each inner pixel, and on from it
    smooth = np.all([np.abs(on - to) <= 4 for to, on in steps], axis=0)
    lines = np.any([(to * on < 0) & (np.abs(to) > 8) & (np.abs(on) > 8) for to, on in steps], axis=0)
    return bool(spread and smooth.mean() > 0.85 and lines.mean() < 0.003)


def _poses(pixels: np.ndarray) -> bool:
    """Black, and on it several of the skeleton's colours and few others."""
    bright = pixels.max(-1)
    drawn = pixels[bright > 48]
    if (bright < 24).mean() < 0.6 or len(drawn) < 24:
        return False
    colours = np.array(BODY, np.int16)
    away, which = _nearest(drawn, np.concatenate([colours, (colours * DIMMED).astype(np.int16)]))
    near = away < 48
    kinds = np.bincount(which[near] % len(BODY), minlength=len(BODY)) > 0.01 * len(drawn)
    return bool(near.mean() > 0.75 and kinds.sum() >= 4)


def _segments(pixels: np.ndarray) -> bool:
    """Nearly all of ADE20K's colours, two at least, and each area exactly of its own."""
    flat, colours = pixels.reshape(-1, 3), np.array(ADE, np.int16)
    if (_nearest(flat[::13], colours)[0] < 16).mean() < 0.8:  # so are all photographs, and quickly told
        return False
    away, which = _nearest(flat, colours)
    near = away < 16
    large = np.flatnonzero(np.bincount(which[near], minlength=len(ADE)) > 0.01 * len(away))
    if near.mean() < 0.85 or len(large) < 2:
        return False
    medians = np.array([np.median(flat[near & (which == one)], 0) for one in large])
    return bool(np.abs(medians - colours[large]).max() <= 3)


def _nearest(pixels: np.ndarray, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel how far the nearest colour is, in its worst channel, and which it is."""
    away = np.stack([np.abs(pixels - colour).max(-1) for colour in colours])
    return away.min(0), away.argmin(0)
