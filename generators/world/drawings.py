"""Vector drawings of the things that the emoji font has no glyph for."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw

_SIDE = 128
_Draw = ImageDraw.ImageDraw


def draw_vector(name: str) -> Image.Image:
    """A 128 x 128 RGBA drawing of a thing; drawn at four times the size and scaled down for smooth edges."""
    canvas = Image.new("RGBA", (_SIDE * 4, _SIDE * 4))
    _DRAWINGS[name](_Pen(ImageDraw.Draw(canvas)))
    return canvas.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)


class _Pen:
    """Draws in units of 1/128 of the side."""

    def __init__(self, draw: _Draw) -> None:
        self._draw = draw

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: str, radius: float = 0) -> None:
        self._draw.rounded_rectangle((x0 * 4, y0 * 4, x1 * 4, y1 * 4), radius * 4, fill=fill)

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: str) -> None:
        self._draw.ellipse((x0 * 4, y0 * 4, x1 * 4, y1 * 4), fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([(x * 4, y * 4) for x, y in points], fill=fill)

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        self._draw.line([(x * 4, y * 4) for x, y in points], fill=fill, width=int(width * 4), joint="curve")


def _fire_hydrant(p: _Pen) -> None:
    p.box(36, 108, 92, 122, "#8e1b1b", 4)
    p.box(44, 44, 84, 112, "#d93030", 4)
    p.oval(42, 14, 86, 60, "#d93030")
    p.box(38, 42, 90, 52, "#a82020", 4)
    p.box(22, 62, 106, 82, "#b72525", 6)
    p.oval(50, 58, 78, 86, "#f4c542")
    p.box(58, 6, 70, 20, "#f4c542", 3)


def _parking_meter(p: _Pen) -> None:
    p.box(58, 66, 70, 122, "#6b7480")
    p.box(46, 114, 82, 124, "#4c5560", 4)
    p.box(38, 8, 90, 72, "#5e7ea8", 26)
    p.oval(46, 16, 82, 46, "#e9f1f8")
    p.line([(64, 32), (74, 22)], "#d93030", 3)
    p.box(54, 52, 74, 58, "#2e3b4a", 2)


def _bench(p: _Pen) -> None:
    for y in (40, 54, 74):
        p.box(8, y, 120, y + 10, "#a9713c", 3)
    for x in (20, 100):
        p.box(x, 36, x + 8, 108, "#4a4f57", 2)


def _baseball_bat(p: _Pen) -> None:
    p.shape([(96, 8), (118, 28), (54, 88), (44, 78)], "#c98f4e")
    p.oval(90, 4, 122, 34, "#c98f4e")
    p.line([(50, 84), (18, 114)], "#9a6830", 10)
    p.oval(8, 104, 26, 122, "#7d5222")


def _baseball_glove(p: _Pen) -> None:
    for x, y in ((30, 14), (48, 6), (66, 8), (84, 18)):
        p.box(x, y, x + 18, y + 60, "#a85f2a", 9)
    p.oval(22, 44, 106, 122, "#b56a31")
    p.box(8, 54, 36, 96, "#a85f2a", 13)
    p.oval(46, 58, 86, 96, "#f5f1e8")


def _dining_table(p: _Pen) -> None:
    p.box(6, 38, 122, 54, "#b27a43", 4)
    p.box(16, 54, 112, 64, "#8f5d2f")
    for x in (16, 102):
        p.box(x, 54, x + 10, 114, "#8f5d2f")


def _tv_remote(p: _Pen) -> None:
    p.box(44, 4, 84, 124, "#33383f", 10)
    p.oval(57, 12, 71, 26, "#d93030")
    for row in range(5):
        for column in range(3):
            p.box(50 + column * 10, 38 + row * 15, 58 + column * 10, 46 + row * 15, "#c9d0d8", 2)


def _microwave(p: _Pen) -> None:
    p.box(6, 30, 122, 102, "#aeb7c1", 6)
    p.box(14, 40, 84, 92, "#39424d", 4)
    p.box(92, 40, 116, 54, "#2d6b4f", 2)
    for row in range(3):
        p.box(92, 60 + row * 11, 116, 67 + row * 11, "#78828d", 2)


def _oven(p: _Pen) -> None:
    p.box(16, 8, 112, 120, "#c4cbd3", 5)
    p.box(16, 8, 112, 34, "#8b95a1", 5)
    for x in (26, 48, 70, 92):
        p.oval(x, 14, x + 13, 27, "#2f3640")
    p.box(26, 44, 102, 50, "#59626d", 3)
    p.box(28, 56, 100, 108, "#39302c", 4)
    p.box(36, 84, 92, 90, "#e7792b", 3)


def _toaster(p: _Pen) -> None:
    p.box(34, 16, 64, 60, "#d79a52", 8)
    p.box(66, 16, 96, 60, "#d79a52", 8)
    p.box(14, 44, 114, 112, "#b9c2cc", 18)
    p.box(24, 106, 104, 116, "#4e5762", 4)
    p.box(108, 62, 124, 72, "#33383f", 3)


def _sink(p: _Pen) -> None:
    p.line([(64, 56), (64, 22), (88, 22), (88, 38)], "#8b95a1", 9)
    p.box(6, 54, 122, 66, "#e6ebf0", 4)
    p.shape([(14, 66), (114, 66), (98, 100), (30, 100)], "#c7d0d9")
    p.box(52, 100, 76, 122, "#aab4be")


def _refrigerator(p: _Pen) -> None:
    p.box(28, 4, 100, 118, "#cdd8e2", 7)
    p.box(28, 44, 100, 48, "#8b98a5")
    p.box(86, 18, 92, 38, "#66727e", 3)
    p.box(86, 56, 92, 88, "#66727e", 3)
    for x in (34, 82):
        p.box(x, 116, x + 12, 124, "#4e5762")


def _hair_drier(p: _Pen) -> None:
    p.shape([(50, 64), (80, 64), (92, 120), (66, 120)], "#b43b78")
    p.oval(28, 12, 100, 76, "#e0569a")
    p.shape([(8, 26), (58, 16), (58, 70), (8, 62)], "#e0569a")
    p.box(2, 22, 14, 66, "#4b3a48", 3)
    p.oval(70, 30, 92, 56, "#8c2c5c")


_DRAWINGS: dict[str, Callable[[_Pen], None]] = {
    "fire hydrant": _fire_hydrant,
    "parking meter": _parking_meter,
    "bench": _bench,
    "baseball bat": _baseball_bat,
    "baseball glove": _baseball_glove,
    "dining table": _dining_table,
    "tv remote": _tv_remote,
    "microwave": _microwave,
    "oven": _oven,
    "toaster": _toaster,
    "sink": _sink,
    "refrigerator": _refrigerator,
    "hair drier": _hair_drier,
}
