"""A layout drawn region by region: the plan by itself, then by a model with tiny random weights."""

from __future__ import annotations

import dataclasses
import json

import pytest
from PIL import ImageChops

from generators import diffusion, geometry, regions, registry
from generators.api import Box, Cancelled, Capabilities, Extent, Progress, Region, picture_id
from tests.generators import tiny_pipelines
from tests.generators.bench import draw, wish

SKY, SUN = Region("blue sky", Box(0, 0, 1, 0.5)), Region("yellow sun", Box(0.5, 0, 0.75, 0.25))


def test_a_draft_and_a_step_for_each_region_the_largest_first():
    asked = wish(regions=(SUN, SKY), negative="rain", steps=7, guidance=3.0)
    draft, steps = regions.planned(asked, Extent(64, 32))
    assert draft == asked.model_copy(update={"regions": ()})
    assert [step.request.prompt for step in steps] == ["blue sky", "yellow sun"]
    assert [step.mask.getbbox() for step in steps] == [(0, 0, 64, 16), (32, 0, 48, 8)]
    assert len({draft.seed, *(step.request.seed for step in steps)}) == 3
    for step in steps:
        kept = step.request
        assert (kept.kind, kept.negative, kept.steps, kept.guidance, kept.regions) == ("inpaint", "rain", 7, 3.0, ())
        type(kept).model_validate(kept.model_dump())


def test_the_plan_is_of_the_layout_alone():
    one, two = (regions.planned(wish(regions=(SUN, SKY)), Extent(64, 32)) for _ in range(2))
    assert [step.request for step in one.steps] == [step.request for step in two.steps]
    assert all(step.request.seed < 2**63 for step in regions.planned(
        wish(regions=(SKY, SUN), seed=2**63 - 1), Extent(64, 64)).steps)


def test_a_region_outside_the_picture_is_left_out():
    assert regions.planned(wish(regions=(Region("moon", Box(1.2, 0, 1.5, 1)),)), Extent(64, 64)).steps == []


def test_who_is_served():
    able = Capabilities(inpaint=True, regions=True)
    assert regions.serves(wish(regions=(SKY,)), able)
    for asked, can in ((wish(), able), (wish(kind="edit", regions=(SKY,)), able),
                       (wish(regions=(SKY,)), dataclasses.replace(able, boxes="text")),
                       (wish(regions=(SKY,)), dataclasses.replace(able, regions=False))):
        assert not regions.serves(asked, can)


def test_every_model_that_inpaints_and_reads_no_boxes_takes_a_layout():
    for model in registry.listed():
        able = model.capabilities
        if model.options.get("run_by") == "diffusion":
            assert able.regions == (able.boxes == "none" and able.generate and able.inpaint), model.name


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    name = "StableDiffusionPipeline"
    found = registry.find(str(tiny_pipelines.save(name, tmp_path_factory.mktemp("regions") / name)))
    able = dataclasses.replace(found.capabilities, sizes=(Extent(64, 64),))
    made = diffusion.Diffusion(dataclasses.replace(
        found, capabilities=able, options={**found.options, "call": {"num_inference_steps": 2}}))
    made.load()
    return made


def test_regions_are_drawn_into_the_draft_and_the_rest_is_the_drafts(generator):
    draft = draw(generator, wish())
    drawn = draw(generator, wish(regions=(SUN, SKY)))
    changed = ImageChops.difference(draft.image, drawn.image)
    assert changed.getbbox() == (0, 0, 64, 32)
    assert picture_id(drawn.image) == picture_id(draw(generator, wish(regions=(SUN, SKY))).image)
    other = draw(generator, wish(regions=(SUN._replace(phrase="two dogs"), SKY)))
    inside = ImageChops.difference(other.image, drawn.image).getbbox()
    assert inside and geometry.mask_of([SUN.box], Extent(64, 64)).crop(inside).getextrema() == (255, 255)
    assert drawn.arithmetic["regions"] == 2 and "Inpaint" in drawn.arithmetic["pipeline"]
    assert "Inpaint" not in drawn.arithmetic["draft"]["pipeline"]
    json.dumps(drawn.arithmetic)


def test_progress_is_that_of_the_whole(generator):
    events = []
    draw(generator, wish(regions=(SUN, SKY)), report=events.append)
    steps = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in steps] == sorted(event.step for event in steps)
    assert steps[-1].step == steps[-1].steps == steps[0].steps
    with pytest.raises(Cancelled):
        draw(generator, wish(regions=(SUN, SKY)), report=events.append,
             stop=lambda: sum(isinstance(event, Progress) for event in events) > len(steps) + 3)
