"""Colours by measuring: of the world's own paints, and of objects that have several."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from generators.api import Box
from generators.colours import NAMES, colour_of
from generators.world.sprites import RAMPS
from generators.world.vocabulary import COLOURS

WHOLE = Box(0, 0, 1, 1)


def test_every_colour_of_the_world_has_a_name_here() -> None:
    assert {colour.name for colour in COLOURS} < set(NAMES)


@pytest.mark.parametrize("name", RAMPS)
def test_the_worlds_paints_are_called_so(name: str) -> None:
    body = RAMPS[name][1]
    assert colour_of(Image.new("RGB", (20, 20), body), WHOLE) == (name, 1.0)


@pytest.mark.parametrize(("pixel", "name"), [
    ((128, 128, 128), "grey"), ((150, 40, 35), "red"), ((60, 80, 45), "green"), ((150, 190, 230), "blue"),
    ((196, 160, 120), "brown"),
    ((240, 150, 40), "orange"), ((139, 90, 43), "brown"), ((250, 200, 205), "pink"), ((30, 28, 30), "black")])
def test_paler_and_darker_ones(pixel: tuple[int, int, int], name: str) -> None:
    assert colour_of(Image.new("RGB", (9, 9), pixel), WHOLE)[0] == name


def test_the_corners_of_a_box_do_not_count() -> None:
    image = Image.new("RGB", (100, 60), "green")
    ImageDraw.Draw(image).ellipse((25, 15, 75, 45), fill=(220, 30, 30))
    assert colour_of(image, Box(0.25, 0.25, 0.75, 0.75)) == ("red", pytest.approx(1.0, abs=0.02))


def test_a_colour_goes_before_black_and_white() -> None:
    image = Image.new("RGB", (100, 100), (15, 15, 15))
    image.paste((220, 30, 30), (0, 0, 100, 45))
    name, share = colour_of(image, WHOLE)
    assert name == "red" and 0.35 <= share < 0.5
    image.paste((15, 15, 15), (0, 0, 100, 38))
    assert colour_of(image, WHOLE)[0] == "black"


def test_what_has_a_bit_of_everything_has_no_colour() -> None:
    image = Image.new("RGB", (90, 90))
    for number, paint in enumerate(("white", "red", "blue", "green", "yellow", "black")):
        image.paste(paint, (15 * number, 0, 15 * number + 15, 90))
    name, share = colour_of(image, WHOLE)
    assert name == "" and 0.2 < share < 0.35


def test_a_box_of_one_pixel_has_a_colour() -> None:
    assert colour_of(Image.new("RGB", (8, 8), "blue"), Box(0.5, 0.5, 0.5, 0.5))[0] == "blue"
