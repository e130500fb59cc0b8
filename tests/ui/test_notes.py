"""What a scribbled note means, as a mask and as a picture; and what of a browser's strokes is taken."""

from __future__ import annotations

import io
import itertools
import math

import pytest
from PIL import Image

from generators.api import Box
from tools.api import SceneObject
from ui import notes
from ui.api import Stroke

DOG = SceneObject(id="dog-1", name="dog", box=Box(0.1, 0.1, 0.4, 0.4))
CAT = SceneObject(id="cat-1", name="cat", box=Box(0.6, 0.5, 0.9, 0.9))
SCENE = [DOG, CAT]


def stroke(*points: tuple[float, float], colour: str = "red") -> Stroke:
    """A stroke through these points, as fine as a hand draws it."""
    fine = [(ax + (bx - ax) * n / 10, ay + (by - ay) * n / 10)
            for (ax, ay), (bx, by) in itertools.pairwise(points) for n in range(10)]
    return Stroke(colour=colour, points=[*fine, points[-1]])


def circle(x: float, y: float, wide: float, high: float) -> Stroke:
    turns = [2 * math.pi * n / 24 for n in range(24)]
    return stroke(*((x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns))


@pytest.mark.parametrize(("strokes", "things"), [
    pytest.param([circle(0.25, 0.25, 0.2, 0.18)], [DOG], id="a circle around it"),
    pytest.param([circle(0.25, 0.25, 0.06, 0.06)], [DOG], id="a small circle on it"),
    pytest.param([circle(0.25, 0.25, 0.2, 0.2), circle(0.75, 0.7, 0.2, 0.24)], [DOG, CAT], id="two circles"),
    pytest.param([circle(0.5, 0.5, 0.46, 0.46)], [DOG, CAT], id="one around both"),
    pytest.param([stroke((0.5, 0.05), (0.41, 0.2))], [DOG], id="an arrow from beside"),
    pytest.param([stroke((0.95, 0.1), (0.75, 0.52)), stroke((0.7, 0.45), (0.75, 0.52), (0.82, 0.47))], [CAT],
                 id="an arrow with a head"),
    pytest.param([stroke((0.05, 0.05), (0.45, 0.1), (0.05, 0.2), (0.45, 0.3), (0.05, 0.4), (0.45, 0.44))], [DOG],
                 id="scribbled over"),
    pytest.param([circle(0.25, 0.25, 0.2, 0.18), stroke((0.5, 0.1), (0.58, 0.1)), stroke((0.54, 0.06), (0.54, 0.14))],
                 [DOG], id="a circle, and letters beside it"),
])  # fmt: skip
def test_the_things_that_are_meant(strokes, things):
    assert notes.meant(strokes, SCENE) == [thing.box for thing in things]


def test_where_nothing_is_the_place_is_meant():
    (around,) = notes.meant([circle(0.75, 0.2, 0.12, 0.1)], SCENE)
    assert around.centre == pytest.approx((0.75, 0.2), abs=0.01) and around.width == pytest.approx(0.24, abs=0.01)
    (tip,) = notes.meant([stroke((0.6, 0.02), (0.75, 0.25))], SCENE)
    assert tip.centre == pytest.approx((0.75, 0.25), abs=0.01) and tip.width == pytest.approx(notes.PLACE)
    (dot,) = notes.meant([Stroke(colour="red", points=[(0.02, 0.98)])], SCENE)
    assert dot.width == pytest.approx(notes.PLACE) and dot[3] <= 1 and dot[0] >= 0, "within the picture"
    assert notes.meant([], SCENE) == []


def test_the_mask_lies_over_what_is_meant_and_leaves_the_neighbour():
    beside = SceneObject(id="cup-1", name="cup", box=Box(0.41, 0.1, 0.55, 0.4))
    data = notes.mask_png([circle(0.25, 0.25, 0.14, 0.16)], [DOG, beside], 100, 80)
    mask = Image.open(io.BytesIO(data))
    assert mask.size == (100, 80) and mask.mode == "L"
    assert mask.getpixel((12, 10)) == mask.getpixel((38, 30)) == 255 and mask.getpixel((8, 20)) == 255, "a margin"
    assert mask.getpixel((42, 20)) == 0, "but not into the cup"
    assert notes.mask_png([], SCENE, 100, 80) is None


def test_the_picture_with_the_note_on_it_is_a_copy():
    picture = Image.new("RGB", (64, 32), "white")
    shown = Image.open(io.BytesIO(notes.drawn_over(picture, [stroke((0.5, 0.2), (0.5, 0.8), colour="blue")])))
    assert max(shown.size) == notes.LARGEST and shown.getpixel((shown.width // 2, shown.height // 2)) == (47, 140, 255)
    assert shown.getpixel((5, 5)) == (255, 255, 255) and picture.getcolors() == [(64 * 32, (255, 255, 255))]


def test_what_is_taken_of_a_browsers_strokes():
    inside = stroke((0.1, 0.1), (0.2, 0.2))
    taken = notes.read([inside, stroke((5, 5), (6, 6)), stroke((0.1, 0.1), (0.2, 0.2), colour="url(x)"),
                        Stroke(colour="red", points=[]), Stroke(colour="red", points=[(0.1, math.nan), (0.3, 0.3)])])
    assert taken == [inside, Stroke(colour="red", points=[(0.3, 0.3)])]
    assert len(notes.read([inside] * 500)) == notes.MOST
