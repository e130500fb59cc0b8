"""Backgrounds of the picture world: simple scenery in bands, painted by rule with slight variation."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

import numpy as np

VARIANTS = 48
"""How many variations of each background exist; a scene's seed picks one."""

_Colour = tuple[float, float, float]
_Size = tuple[int, int]


def background(name: str, seed: int, width: int, height: int | None = None) -> np.ndarray:
    """The background as a height x width x 3 uint8 array (shared: copy before painting on it); None: a square."""
    return _painted(name, seed % VARIANTS, (width, height or width))


@lru_cache(maxsize=4096)
def _painted(name: str, variant: int, size: _Size) -> np.ndarray:
    rng = random.Random(f"{name}/{variant}")
    picture = _PLAIN.get(name)
    canvas = _plain(rng, size, picture) if picture else _SCENERY[name](rng, size)
    painted = np.clip(canvas, 0, 255).astype(np.uint8)
    painted.setflags(write=False)
    return painted


def _jitter(rng: random.Random, colour: _Colour, amount: float = 7) -> np.ndarray:
    shift = rng.uniform(-amount, amount)
    return np.array([c + shift + rng.uniform(-amount, amount) / 2 for c in colour], np.float32)


def _gradient(size: _Size, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    width, height = size
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.broadcast_to(top * (1 - slope) + bottom * slope, (height, width, 3)).copy()


def _below(canvas: np.ndarray, edge: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> None:
    """Fills everything under the curve ``edge`` (a height per column, in fractions) with a gradient."""
    height = canvas.shape[0]
    rows = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    cover = np.clip((rows - edge[None, :]) * height + 0.5, 0, 1)[..., None]
    start = float(edge.min())
    slope = np.clip((rows - start) / max(1 - start, 1e-3), 0, 1)[..., None]
    canvas += cover * (top * (1 - slope) + bottom * slope - canvas)


def _wave(rng: random.Random, size: _Size, height: float, swing: float, cycles: float) -> np.ndarray:
    x = np.linspace(0, 1, size[0], dtype=np.float32)
    phase = rng.uniform(0, 6.28)
    return height + swing * np.sin(6.28 * cycles * x + phase)


def _dots(rng: random.Random, canvas: np.ndarray, count: int, top: float, bottom: float, colour: _Colour) -> None:
    height, width = canvas.shape[:2]
    reach = max(1, min(width, height) // 64)
    for _ in range(count):
        x, y = rng.randrange(width - reach), int(rng.uniform(top, bottom) * (height - reach))
        strength = rng.uniform(0.4, 0.9)
        patch = canvas[y : y + reach, x : x + reach]
        patch += strength * (np.array(colour, np.float32) - patch)


def _plain(rng: random.Random, size: _Size, colour: _Colour) -> np.ndarray:
    body = _jitter(rng, colour, 3)
    return _gradient(size, body + 3, body - 3)


def _beach(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (126, 196, 240)), _jitter(rng, (206, 234, 250)))
    horizon = rng.uniform(0.26, 0.36)
    flat = np.full(size[0], horizon, np.float32)
    _below(canvas, flat, _jitter(rng, (42, 140, 196)), _jitter(rng, (110, 214, 222)))
    shore = _wave(rng, size, horizon + rng.uniform(0.14, 0.2), 0.015, rng.uniform(1, 2))
    _below(canvas, shore - 0.02, np.array((240, 250, 250.0)), np.array((240, 250, 250.0)))
    _below(canvas, shore, _jitter(rng, (246, 222, 168)), _jitter(rng, (232, 200, 138)))
    return canvas


def _night(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (16, 22, 62), 4), _jitter(rng, (44, 54, 112), 5))
    _dots(rng, canvas, 26, 0, 0.75, (240, 240, 210))
    hills = _wave(rng, size, rng.uniform(0.8, 0.86), 0.03, rng.uniform(0.8, 1.6))
    _below(canvas, hills, _jitter(rng, (22, 40, 52), 3), _jitter(rng, (16, 28, 40), 3))
    return canvas


def _meadow(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (150, 208, 246)), _jitter(rng, (214, 238, 252)))
    hill = _wave(rng, size, rng.uniform(0.3, 0.4), 0.03, rng.uniform(0.6, 1.4))
    _below(canvas, hill, _jitter(rng, (140, 204, 96)), _jitter(rng, (88, 166, 64)))
    _dots(rng, canvas, 24, 0.5, 0.98, (60, 134, 48))
    return canvas


def _snow(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (160, 184, 208), 5), _jitter(rng, (204, 218, 232), 5))
    hill = _wave(rng, size, rng.uniform(0.36, 0.46), 0.04, rng.uniform(0.6, 1.2))
    _below(canvas, hill, _jitter(rng, (244, 248, 252), 2), _jitter(rng, (214, 226, 240), 3))
    _dots(rng, canvas, 34, 0, 0.5, (255, 255, 255))
    return canvas


def _sea(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (150, 206, 244)), _jitter(rng, (222, 240, 250)))
    horizon = rng.uniform(0.22, 0.32)
    _below(canvas, np.full(size[0], horizon, np.float32), _jitter(rng, (34, 116, 186)), _jitter(rng, (18, 70, 140)))
    for step in range(4):
        crest = _wave(rng, size, horizon + 0.12 + 0.16 * step, 0.012, rng.uniform(3, 5))
        light = _jitter(rng, (70, 152, 212))
        strip = canvas.copy()
        _below(strip, crest, light, light)
        _below(strip, crest + 0.022, np.zeros(3, np.float32), np.zeros(3, np.float32))
        rows = (np.arange(size[1], dtype=np.float32)[:, None] + 0.5) / size[1]
        inside = ((rows > crest[None]) & (rows < crest[None] + 0.022))[..., None]
        canvas = np.where(inside, strip, canvas)
    return canvas


def _desert(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (246, 214, 150)), _jitter(rng, (252, 236, 200)))
    far = _wave(rng, size, rng.uniform(0.36, 0.44), 0.05, rng.uniform(0.7, 1.3))
    _below(canvas, far, _jitter(rng, (226, 160, 92)), _jitter(rng, (206, 132, 66)))
    near = _wave(rng, size, rng.uniform(0.64, 0.72), 0.05, rng.uniform(0.6, 1.0))
    _below(canvas, near, _jitter(rng, (214, 140, 70)), _jitter(rng, (184, 108, 48)))
    return canvas


def _sky(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (84, 164, 236)), _jitter(rng, (190, 226, 250)))
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    rows, columns = rows / height, columns / width
    for _ in range(5):
        x, y, wide = rng.uniform(0, 1), rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.2)
        puff = np.exp(-(((columns - x) / wide) ** 2) - ((rows - y) / (wide * 0.35)) ** 2)[..., None]
        canvas += puff * 0.85 * (250 - canvas)
    return canvas


def _sunset(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (108, 60, 128)), _jitter(rng, (255, 168, 84)))
    ground = _wave(rng, size, rng.uniform(0.7, 0.78), 0.02, rng.uniform(0.6, 1.4))
    _below(canvas, ground, _jitter(rng, (84, 46, 64)), _jitter(rng, (52, 30, 50)))
    return canvas


def _forest(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (178, 216, 190)), _jitter(rng, (206, 230, 196)))
    x = np.linspace(0, 1, size[0], dtype=np.float32)
    teeth = rng.uniform(5, 7)
    tips = 0.2 + 0.3 * np.abs(((x * teeth + rng.random()) % 1) * 2 - 1)
    _below(canvas, tips.astype(np.float32), _jitter(rng, (52, 112, 70)), _jitter(rng, (30, 84, 52)))
    floor = _wave(rng, size, rng.uniform(0.62, 0.7), 0.02, 1)
    _below(canvas, floor, _jitter(rng, (108, 98, 60)), _jitter(rng, (84, 72, 44)))
    return canvas


def _city(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (166, 190, 214)), _jitter(rng, (218, 226, 232)))
    edge = np.ones(size[0], np.float32)
    column = 0
    while column < size[0]:
        wide = int(size[0] * rng.uniform(0.08, 0.16))
        edge[column : column + wide] = rng.uniform(0.15, 0.45)
        column += wide
    _below(canvas, edge, _jitter(rng, (120, 128, 146)), _jitter(rng, (140, 146, 160)))
    _below(canvas, np.full(size[0], 0.68, np.float32), _jitter(rng, (96, 98, 104)), _jitter(rng, (76, 78, 84)))
    return canvas


def _room(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (240, 226, 204)), _jitter(rng, (228, 210, 184)))
    floor = np.full(size[0], rng.uniform(0.62, 0.7), np.float32)
    _below(canvas, floor - 0.03, np.array((250, 246, 240.0)), np.array((250, 246, 240.0)))
    _below(canvas, floor, _jitter(rng, (178, 122, 78)), _jitter(rng, (150, 98, 60)))
    return canvas


def _space(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (10, 6, 20), 3), _jitter(rng, (30, 10, 46), 4))
    _dots(rng, canvas, 60, 0, 1, (255, 255, 255))
    return canvas


def _mountains(rng: random.Random, size: _Size) -> np.ndarray:
    canvas = _gradient(size, _jitter(rng, (142, 190, 230)), _jitter(rng, (220, 234, 244)))
    x = np.linspace(0, 1, size[0], dtype=np.float32)
    peaks = 0.22 + 0.34 * np.abs(((x * rng.uniform(1.6, 2.6) + rng.random()) % 1) * 2 - 1)
    _below(canvas, peaks.astype(np.float32), _jitter(rng, (226, 232, 240), 3), _jitter(rng, (96, 106, 126)))
    _below(canvas, np.full(size[0], 0.7, np.float32), _jitter(rng, (120, 156, 96)), _jitter(rng, (96, 130, 76)))
    return canvas


_PLAIN: dict[str, _Colour] = {
    "plain white": (250, 250, 250),
    "plain grey": (168, 170, 174),
    "plain blue": (160, 202, 248),
    "plain green": (160, 222, 160),
    "plain yellow": (254, 238, 160),
    "plain pink": (255, 198, 216),
    "plain black": (24, 24, 28),
}

_SCENERY: dict[str, Callable[[random.Random, _Size], np.ndarray]] = {
    "beach": _beach,
    "night": _night,
    "meadow": _meadow,
    "snow": _snow,
    "sea": _sea,
    "desert": _desert,
    "sky": _sky,
    "sunset": _sunset,
    "forest": _forest,
    "city": _city,
    "room": _room,
    "space": _space,
    "mountains": _mountains,
}
