"""Which pictures are taken for maps: maps that were made here, before and after JPEG, and nothing else."""

from __future__ import annotations

import io
import random
from typing import get_args

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from generators import control_maps, poses
from generators.api import MapKind
from generators.map_colours import ADE
from tests.generators.bench import needs_font, photo

BODY = ((0, -42), (0, -30), (-12, -30), (-16, -12), (-14, 4), (12, -30), (18, -14), (10, -2), (-7, 2), (-8, 24),
        (-10, 48), (7, 2), (10, 25), (6, 48), (-3, -45), (3, -45), (-6, -43), (6, -43))


def kinds(image):
    return [kind for kind in get_args(MapKind) if control_maps.is_map(kind, image)]


def jpeg(image):
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=90)
    return Image.open(io.BytesIO(file.getvalue()))


def things(size, seed, ground, colour):
    """Ellipses anywhere in a picture."""
    image, luck = Image.new("RGB", size, ground), random.Random(seed)
    for _ in range(9):
        x, y, wide, high = (luck.uniform(0, size[0]), luck.uniform(0, size[1]), *(luck.uniform(20, 120) for _ in "ab"))
        ImageDraw.Draw(image).ellipse((x - wide, y - high, x + wide, y + high), fill=colour(luck))
    return image


def a_canny(size, seed):
    return control_maps.canny(things(size, seed, "black", lambda luck: tuple(luck.randbytes(3))))


def a_pose(size, seed):
    luck = random.Random(seed)
    x, y, large = luck.uniform(0.3, 0.7) * size[0], luck.uniform(0.4, 0.6) * size[1], luck.uniform(3, 9)
    return poses.skeleton([[(x + large * across, y + large * down) for across, down in BODY]], size)


def a_depth(size, seed):
    floor = np.asarray(Image.linear_gradient("L").resize(size), np.float32)
    balls = things(size, seed, "black", lambda luck: (luck.randrange(90, 255),) * 3).convert("L")
    rough = np.where(balls, 0.8 * np.asarray(balls, np.float32) + 0.2 * floor, floor * 0.6)
    levels = (rough - rough.min()) / np.ptp(rough) * 255
    return Image.fromarray(levels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5))


def a_segmentation(size, seed):
    return things(size, seed, ADE[seed], lambda luck: luck.choice(ADE))


MAPS = {"canny": a_canny, "depth": a_depth, "pose": a_pose, "segmentation": a_segmentation}


@pytest.mark.parametrize("size", [(512, 512), (1024, 680)])
@pytest.mark.parametrize("kind", get_args(MapKind))
def test_a_map_is_known_for_what_it_is(kind, size):
    for seed in range(3):
        image = MAPS[kind](size, seed)
        assert kinds(image) == kinds(jpeg(image)) == [kind], seed


@needs_font
def test_a_picture_of_the_pack_is_no_map():
    from generators.training.pack_world import pack_world
    from generators.world.scenes import render, sample_scene

    for seed in range(24):
        image = Image.fromarray(render(sample_scene(random.Random(seed), pack_world()), 256))
        for shown in (image, jpeg(image), ImageOps.autocontrast(image.convert("L"))):
            assert kinds(shown) == [], seed


def test_what_is_like_a_photograph_is_no_map():
    random_pixels = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    noise = Image.fromarray(random_pixels)
    slope = Image.merge("RGB", [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90),
                                Image.radial_gradient("L")])
    grain = Image.fromarray((random_pixels[..., 0] // 16).astype(np.uint8) + 40)
    bright = Image.new("RGB", (200, 200), "black")
    ImageDraw.Draw(bright).ellipse((40, 40, 160, 160), fill="white")
    lights = Image.eval(photo(300, 200), lambda level: max(0, 3 * level - 510))
    plain = [Image.new("RGB", (90, 60), colour) for colour in ("black", "white", ADE[0], ADE[2])]
    for image in (photo(300, 200), noise, noise.convert("L"), slope, grain, bright, lights, *plain,
                  Image.new("RGB", (1, 1)), Image.new("RGB", (900, 2), "red")):
        assert kinds(image) == kinds(jpeg(image)) == []
    mixed = Image.blend(a_segmentation((300, 200), 4), photo(300, 200), 0.3)
    assert kinds(mixed) == []
