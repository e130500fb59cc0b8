"""The pack's own weights in a worker process: made again exactly, edited, painted into, looked at."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from generators.api import Box, Extent, Preview, Progress, Region, Request, picture_id
from generators.workshop import CRITIC, Workshop

pytestmark = pytest.mark.shared_worker
APPLE = Region("red apple", Box(0.3, 0.3, 0.7, 0.7))


@pytest.fixture(scope="module")
def workshop(pack):
    with Workshop() as made:
        yield made


def request(workshop, **more):
    size = workshop.model("pack-diffusion").capabilities.sizes[0]
    return Request(**{"model": "pack-diffusion", "prompt": "a red apple on a beach", "size": size, "seed": 7,
                      "regions": (APPLE,), **more})


@pytest.fixture(scope="module")
def drawn(workshop):
    return workshop.draw(request(workshop), {})


def test_the_same_request_is_the_same_picture_with_previews_on_the_way(workshop, drawn):
    events = []
    again = workshop.draw(request(workshop), {}, events.append)
    assert picture_id(again.image) == picture_id(drawn.image)
    assert again.arithmetic == drawn.arithmetic
    steps = [e.step for e in events if isinstance(e, Progress)]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) > 3
    assert any(isinstance(e, Preview) for e in events)


def test_another_seed_is_another_picture(workshop, drawn):
    assert picture_id(workshop.draw(request(workshop, seed=8), {}).image) != picture_id(drawn.image)


def test_a_photo_is_edited_at_its_own_size(workshop):
    photo = Image.linear_gradient("L").resize((150, 90)).convert("RGB")
    id = picture_id(photo)
    made = workshop.draw(request(workshop, kind="edit", prompt="make it night", regions=(), sources=(id,)), {id: photo})
    assert made.image.size == (150, 90)


def test_painting_into_a_hole_leaves_the_rest(workshop, drawn):
    source = drawn.image
    mask = Image.new("L", source.size)
    hole = Box(0.5, 0.1, 0.9, 0.5).pixels(Extent(*source.size))
    mask.paste(255, hole)
    ids = picture_id(source), picture_id(mask)
    made = workshop.draw(request(workshop, kind="inpaint", prompt="put a cake here", regions=(), sources=ids[:1],
                                 mask=ids[1]), dict(zip(ids, (source, mask), strict=True)))
    changed = ImageChops.difference(made.image, source).getbbox()
    assert changed is not None
    assert changed[0] >= hole[0] and changed[1] >= hole[1] and changed[2] <= hole[2] and changed[3] <= hole[3]


def test_the_critic_looks_in_the_same_process(workshop, drawn):
    if not CRITIC.is_dir():
        pytest.skip("the pack has no critic yet: generators/pack/critic is missing")
    seen = workshop.see(drawn.image)
    world = workshop.model("pack-diffusion").capabilities.world
    assert all(thing.thing in world.objects and 0 <= thing.confidence <= 1 for thing in seen.objects)
    assert seen.background is None or isinstance(seen.background, str)
    assert list(workshop._workers) == ["pack"], "torch is loaded once for both"
