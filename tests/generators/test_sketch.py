"""The procedural generator: exact, repeatable, and wrong in just the ways it says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image, ImageChops

from generators import sketch, sketch_scene
from generators.api import Box, BrokenOutput, Cancelled, Extent, OutOfMemory, Progress, Region, Request, picture_id


def request(prompt="two red dogs and a blue cat on a beach", **more):
    return Request(**{"model": "sketch", "prompt": prompt, "size": Extent(128, 96), "seed": 7, **more})


def seen(image):
    return [(d.thing, d.colour) for d in sketch_scene.read(image).objects]


def edited(image, prompt, **more):
    id = picture_id(image)
    return sketch.draw(request(prompt, kind="edit", sources=(id,), **more), {id: image})


def test_the_same_request_gives_the_same_pixels_everywhere():
    code = ("from generators import sketch; from generators.api import *; print(picture_id(sketch.draw(Request("
            "model='sketch', prompt='two red dogs and a blue cat on a beach', size=(128, 96), seed=7), {})))")
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == picture_id(sketch.draw(request(), {}))


def test_size_and_seed_are_honoured():
    assert sketch.draw(request(), {}).size == (128, 96)
    plain = "something without a name"
    assert picture_id(sketch.draw(request(plain), {})) != picture_id(sketch.draw(request(plain, seed=8), {}))


def test_what_was_drawn_is_read_back():
    found = sketch_scene.read(sketch.draw(request(), {}))
    assert [(d.thing, d.colour) for d in found.objects] == [("dog", "red"), ("dog", "red"), ("cat", "blue")]
    assert found.background == "beach"


def test_regions_are_drawn_where_they_belong():
    box = Box(0.5, 0.25, 0.75, 0.75)
    (thing,) = sketch_scene.read(sketch.draw(request(regions=(Region("a green apple", box),)), {})).objects
    assert (thing.thing, thing.colour) == ("apple", "green")
    assert thing.box.iou(box) > 0.95


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("make one of the dogs purple", [("dog", "purple"), ("dog", "red"), ("cat", "blue")]),
        ("make the right dog pink", [("dog", "red"), ("dog", "pink"), ("cat", "blue")]),
        ("make the dogs green", [("dog", "green"), ("dog", "green"), ("cat", "blue")]),
        ("remove the cat", [("dog", "red"), ("dog", "red")]),
        ("replace the cat with a yellow bird", [("dog", "red"), ("dog", "red"), ("bird", "yellow")]),
        ("make it night", [("dog", "red"), ("dog", "red"), ("cat", "blue")]),
    ],
)
def test_edits_in_words(order, expected):
    assert seen(edited(sketch.draw(request(), {}), order)) == expected


def test_adding_keeps_what_is_there():
    after = seen(edited(sketch.draw(request(), {}), "add a green apple"))
    assert sorted(after) == sorted([("dog", "red"), ("dog", "red"), ("cat", "blue"), ("apple", "green")])


def test_a_new_background_is_read_back():
    assert sketch_scene.read(edited(sketch.draw(request(), {}), "make it night")).background == "night"


def test_outside_the_mask_nothing_changes():
    source = Image.effect_noise((128, 96), 80).convert("RGB")
    mask = Image.new("L", source.size)
    mask.paste(255, (20, 10, 70, 60))
    ids = picture_id(source), picture_id(mask)
    pictures = dict(zip(ids, (source, mask), strict=True))
    made = sketch.draw(request("a cake", kind="inpaint", sources=ids[:1], mask=ids[1]), pictures)
    assert ImageChops.difference(made, source).getbbox() == (20, 10, 70, 60)
    assert seen(made) == [("cake", "own")]


def test_a_photo_shows_nothing():
    assert sketch_scene.read(Image.effect_noise((200, 200), 90).convert("RGB")).objects == ()


def run(name, stop=lambda: False, **options):
    events = []
    result = sketch.Sketch(sketch.model(name, **options)).run(request(model=name), {}, events.append, stop)
    return result, events


def test_progress_is_reported_step_by_step():
    _, events = run("sketch")
    assert [e.step for e in events if isinstance(e, Progress)] == [1, 2, 3, 4]


def test_out_of_memory_as_often_as_asked():
    generator = sketch.Sketch(sketch.model("sketch-oom", times=1))
    with pytest.raises(OutOfMemory):
        generator.run(request(), {}, lambda e: None, lambda: False)
    generator.run(request(), {}, lambda e: None, lambda: False)


def test_nothing_is_passed_off_as_a_picture():
    with pytest.raises(BrokenOutput):
        run("sketch-nan")


def test_it_stops_within_a_step():
    asked = []
    with pytest.raises(Cancelled, match="step 3"):
        run("sketch-slow", stop=lambda: len(asked) == 2 or asked.append(1))
