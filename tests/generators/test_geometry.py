"""Sizes, boxes and masks: tables, and properties that hold for every size."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from generators import geometry
from generators.api import Box, Capabilities, Extent

SIDES = st.integers(1, 5000)
FRACTIONS = st.floats(0, 1, allow_nan=False)


@pytest.mark.parametrize(
    ("size", "multiple", "expected"),
    [
        (Extent(512, 512), 8, (512, 512)),
        (Extent(513, 511), 8, (512, 512)),
        (Extent(516, 516), 8, (520, 520)),
        (Extent(1, 1), 16, (16, 16)),
        (Extent(1000, 30), 32, (992, 32)),
    ],
)
def test_snap(size, multiple, expected):
    assert geometry.snap(size, multiple) == expected


def test_snap_keeps_a_least_side():
    assert geometry.snap(Extent(20, 1000), 16, least=64) == (64, 1008)


@given(SIDES, SIDES, st.sampled_from([1, 8, 16, 32, 64]))
def test_snapped_sides_are_multiples_within_half_a_multiple(width, height, multiple):
    for before, after in zip((width, height), geometry.snap(Extent(width, height), multiple), strict=True):
        assert after % multiple == 0
        assert after >= multiple
        assert abs(after - before) <= multiple / 2 or (before < multiple and after == multiple)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 100), (64, 64)), ((200, 90), (128, 64)), ((30, 64), (64, 128)), ((4000, 4000), (256, 256))],
)
def test_nearest_goes_by_aspect_then_by_area(size, expected):
    allowed = [Extent(64, 64), Extent(256, 256), Extent(128, 64), Extent(64, 128)]
    assert geometry.nearest(Extent(*size), allowed) == expected


def test_supported_snaps_where_no_sizes_are_listed():
    assert geometry.supported(Extent(100, 50), Capabilities(multiple=16)) == (96, 48)
    assert geometry.supported(Extent(100, 50), Capabilities(sizes=(Extent(64, 64),))) == (64, 64)


@given(st.integers(8, 6000), st.integers(8, 6000))
def test_the_working_size_is_bounded_and_keeps_the_aspect(width, height):
    size = geometry.working(Extent(width, height), Capabilities(multiple=16))
    assert size.width * size.height <= 1.1 * 1024 * 1024 or min(size) == 16
    if min(size) > 64:
        assert abs(math.log(size.width / size.height) - math.log(width / height)) < 0.25


def test_mask_and_box_are_each_others_inverse():
    mask = geometry.mask_of([Box(0.25, 0.5, 0.5, 1.0)], Extent(64, 32))
    assert geometry.box_of(mask) == (0.25, 0.5, 0.5, 1.0)
    assert geometry.box_of(Image.new("L", (5, 5))) is None


@given(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS, st.integers(8, 200), st.integers(8, 200))
def test_every_box_covers_at_least_a_pixel_inside_the_picture(x0, y0, x1, y1, width, height):
    box = Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    mask = geometry.mask_of([box.grow(0.02)], Extent(width, height))
    assert mask.size == (width, height)
    assert mask.getbbox() is not None


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 12])
def test_feathering_is_inwards_only(radius):
    mask = geometry.mask_of([Box(0.25, 0.25, 0.75, 0.75)], Extent(64, 64))
    soft = geometry.feather(mask, radius)
    outside = ImageChops.multiply(soft, ImageChops.invert(mask))
    assert outside.getbbox() is None
    assert soft.getpixel((32, 32)) == 255
    assert (soft.getpixel((16, 32)) < 255) == (radius > 0)


def test_paste_back_leaves_every_other_pixel_alone_even_of_a_thin_mask():
    source, drawn = Image.effect_noise((50, 40), 90).convert("RGB"), Image.new("RGB", (50, 40), "red")
    mask = Image.new("L", (50, 40))
    mask.paste(255, (10, 10, 11, 30))
    changed = ImageChops.difference(geometry.paste_back(source, drawn, mask, 3), source)
    assert changed.getbbox() == (10, 10, 11, 30)


@pytest.mark.parametrize(
    ("box", "margin", "multiple", "expected"),
    [
        (Box(0.4, 0.4, 0.6, 0.6), 0.0, 1, (40, 40, 60, 60)),
        (Box(0.4, 0.4, 0.6, 0.6), 0.1, 1, (30, 30, 70, 70)),
        (Box(0.0, 0.0, 0.1, 0.1), 0.0, 16, (0, 0, 16, 16)),
        (Box(0.95, 0.95, 1.0, 1.0), 0.0, 16, (84, 84, 100, 100)),
    ],
)
def test_crop_to_mask(box, margin, multiple, expected):
    mask = geometry.mask_of([box], Extent(100, 100))
    assert geometry.crop_to(mask, margin, multiple) == expected


@given(FRACTIONS, FRACTIONS, st.sampled_from([1, 8, 16]), st.integers(20, 120), st.integers(20, 120))
def test_a_crop_holds_the_mask_and_stays_inside(x, y, multiple, width, height):
    mask = geometry.mask_of([Box(x * 0.9, y * 0.9, x * 0.9 + 0.1, y * 0.9 + 0.1)], Extent(width, height))
    left, top, right, bottom = geometry.crop_to(mask, 0.0, multiple)
    inner = mask.getbbox()
    assert 0 <= left <= inner[0] and inner[2] <= right <= width
    assert 0 <= top <= inner[1] and inner[3] <= bottom <= height


def test_fit_keeps_the_aspect():
    assert geometry.fit(Extent(400, 100), 100 * 100) == (200, 50)
