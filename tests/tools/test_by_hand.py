"""What a hand decides: boxes that the layout obeys, larger canvases, pictures to look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generators import sketch
from generators.api import Box, Capabilities, Extent, Region, picture_id
from tests.tools.doubles import OUTSIDER, InProcess
from tools import canvas, registry, upscale
from tools.api import Brief, BriefObject, BriefRelation, PictureRecord, ToolContext, ToolError
from tools.hand_drawn import box_for, layout_around, left_over, obeyed
from tools.images import ImageStore
from tools.relations import covered

BRIEF = Brief(objects=[BriefObject(id="apple", name="apple", colour="red"), BriefObject(id="dog", name="dog", count=2)],
              relations=[BriefRelation(subject="apple", relation="left of", object="dog")])
Make = Callable[..., ToolContext]


def test_a_layout_obeys_what_was_drawn_and_keeps_out_of_its_way() -> None:
    drawn = [Region("dog", Box(0.1, 0.1, 0.4, 0.4)), Region("a red apple", Box(0.6, 0.6, 0.9, 0.9))]
    layout = layout_around(BRIEF, 7, drawn)
    assert [region.phrase for region in layout] == ["red apple", "dog", "dog"]
    assert layout[0].box == drawn[1].box and layout[1].box == drawn[0].box
    assert max(covered(layout[2].box, region.box) for region in drawn) < 0.2


def test_of_two_alike_the_one_of_the_same_colour_moves() -> None:
    layout = [Region("brown dog", Box(0, 0, 0.2, 0.2)), Region("purple dog", Box(0.5, 0, 0.7, 0.2))]
    box = Box(0.3, 0.3, 0.9, 0.9)
    assert obeyed(layout, [Region("purple dog", box)]) == (layout[0], Region("purple dog", box))
    assert obeyed(layout, [Region("green dog", box)])[0].box == box, "another colour, the same thing"


def test_a_box_for_what_nobody_wants_is_told() -> None:
    cat, apple = Region("cat", Box(0, 0, 0.5, 0.5)), Region("apple", Box(0, 0, 0.3, 0.3))
    layout = layout_around(BRIEF, 7, [cat, apple, apple])
    assert layout[0].box == apple.box and len(layout) == 3
    assert left_over(layout, [cat, apple, apple, Region("dog", apple.box)]) == (
        " The user drew boxes for what the Brief does not have: cat.")
    assert left_over(layout, [apple]) == ""


def test_an_added_thing_goes_where_its_box_was_drawn(make: Make, store: ImageStore) -> None:
    image = sketch.draw(sketch_request(), {})
    picture = store.put(image, PictureRecord(id="", width=128, height=128)).id
    ctx = make(picture=picture, boxes=(Region("cat", Box(0.6, 0.1, 0.9, 0.4)),))
    registry.call(ctx, "edit", {"instruction": "add a cat", "operation": "add", "phrase": "cat"})
    assert box_for(ctx.boxes, "cat") in [region.box for region in ctx.workshop.drawn[-1].regions]  # type: ignore[attr-defined]


def sketch_request() -> Any:
    from generators.api import Request

    return Request(model="sketch", prompt="a red apple on a beach", size=Extent(128, 128), seed=1)


ABLE = Capabilities(inpaint=True, refine=True, sizes=(Extent(1024, 1024), Extent(1184, 880), Extent(880, 1184)))
ANY = Capabilities(inpaint=True, refine=True, sizes=(), multiple=16)


@pytest.mark.parametrize(("size", "side", "able", "new"), [
    (Extent(1024, 1024), "right", ABLE, Extent(1378, 1024)), (Extent(1024, 1024), "up", ABLE, Extent(1024, 1378)),
    (Extent(512, 512), "around", ABLE, Extent(768, 768)), (Extent(512, 512), "left", ANY, Extent(768, 512)),
    (Extent(128, 128), "right", Capabilities(inpaint=True, sizes=(Extent(128, 128),)), None),
    (Extent(128, 128), "around", Capabilities(inpaint=True, sizes=(Extent(128, 128),)), None),
    (Extent(512, 512), "left", Capabilities(sizes=()), None)])
def test_a_picture_goes_on_where_the_model_has_a_size(size: Extent, side: canvas.Side, able: Capabilities,
                                                      new: Extent | None) -> None:
    assert canvas.extended(size, side, able) == new


def test_twice_the_size_needs_a_model_that_draws_it() -> None:
    assert canvas.enlarged(Extent(512, 512), ABLE) == Extent(1024, 1024)
    assert canvas.enlarged(Extent(1024, 1024), ABLE) is None
    assert canvas.enlarged(Extent(512, 512), dataclasses.replace(ABLE, refine=False)) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 48), st.integers(8, 48), st.integers(1, 30), st.sampled_from(canvas.SIDES))
def test_a_canvas_holds_the_picture_untouched_and_its_mask_the_rest(width: int, height: int, more: int,
                                                                    side: canvas.Side) -> None:
    image = Image.effect_noise((width, height), 60).convert("RGB")
    size = Extent(width + more * (side not in ("up", "down")), height + more * (side not in ("left", "right")))
    wider, mask = canvas.with_room(image, size, side)
    assert wider.size == mask.size == size
    assert mask.histogram()[0] == width * height
    kept = mask.point(lambda value: 255 - value).getbbox()
    assert kept and wider.crop(kept).tobytes() == image.tobytes()


def test_an_extension_keeps_every_pixel_and_its_parent(make: Make, store: ImageStore) -> None:
    able = dataclasses.replace(sketch.model().capabilities, sizes=(Extent(128, 128), Extent(192, 128)))
    wide = dataclasses.replace(sketch.model(), capabilities=able)
    image = sketch.draw(sketch_request(), {})
    picture = store.put(image, PictureRecord(id="", width=128, height=128)).id
    ctx = make(picture=picture, model=wide)
    result = registry.call(ctx, "extend", {"side": "left", "prompt": "a blue boat"})
    record = store.record(result.picture or "")
    assert (record.width, record.height, record.parents, record.tool) == (192, 128, [picture], "extend")
    assert store.image(record.id).crop((64, 0, 192, 128)).tobytes() == image.tobytes()
    assert "every pixel is as it was" in result.text and ctx.usage.images == 1


def test_who_cannot_extend_says_who_can(make: Make, store: ImageStore) -> None:
    image = Image.new("RGB", (96, 96), "teal")
    store.put(image, PictureRecord(id="", width=96, height=96))
    ctx = make(picture=picture_id(image), model=OUTSIDER, workshop=InProcess())
    with pytest.raises(ToolError, match="outsider has no size for a larger canvas"):
        registry.call(ctx, "extend", {"side": "left"})


def test_a_picture_is_enlarged_by_what_is_best_at_hand(make: Make, store: ImageStore, monkeypatch: pytest.MonkeyPatch
                                                       ) -> None:
    image = Image.effect_noise((96, 64), 60).convert("RGB")
    store.put(image, PictureRecord(id="", width=96, height=64))
    ctx = make(picture=picture_id(image), model=OUTSIDER, workshop=InProcess())
    found = registry.call(ctx, "upscale", {})
    record = store.record(found.picture or "")
    assert (record.model, record.width, record.height, record.parents) == ("lanczos", 192, 128, [picture_id(image)])
    assert "by interpolation, which adds no detail" in found.text
    assert store.image(record.id).tobytes() == image.resize((192, 128), Image.Resampling.LANCZOS).tobytes()

    larger = [dataclasses.replace(OUTSIDER, name=name, capabilities=Capabilities(upscale=times))
              for name, times in (("drawer", 0), ("little", 1), ("absent", 4), ("four-times", 4), ("twice", 2))]
    monkeypatch.setattr("generators.registry.installed", lambda one: one.name != "absent")
    assert upscale.upscaler(larger) == "four-times" and upscale.upscaler(larger[:3]) == "lanczos"


def test_there_is_an_end_to_enlarging(make: Make, store: ImageStore) -> None:
    image = Image.new("RGB", (5000, 10), "teal")
    store.put(image, PictureRecord(id="", width=5000, height=10))
    ctx = make(picture=picture_id(image), model=OUTSIDER, workshop=InProcess())
    with pytest.raises(ToolError, match="5000x10 is not made larger still"):
        registry.call(ctx, "upscale", {})
