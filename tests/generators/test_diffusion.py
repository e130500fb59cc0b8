"""The diffusion family on real pipeline classes with tiny random weights: one path for all of them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time

import pytest
from PIL import ImageChops

from generators import catalogue, diffusion, registry
from generators.api import (
    Box,
    BrokenOutput,
    Cancelled,
    Extent,
    ModelUnavailable,
    OutOfMemory,
    Preview,
    Progress,
    Region,
    Unsupported,
    picture_id,
)
from generators.workshop import Workshop
from tests.generators.bench import draw, hole, photo, wish

KLEIN = {"num_inference_steps": 4, "guidance_scale": 2.0, "max_sequence_length": 16, "text_encoder_out_layers": [1, 2]}
CALLS = {"klein": KLEIN, "sdxl": {"num_inference_steps": 4, "guidance_scale": 2.0},
         "qwen_image": {"num_inference_steps": 4, "true_cfg_scale": 2.0}}


def tiny_model(folder, kind, **options):
    model = registry.find(str(folder))
    able = dataclasses.replace(model.capabilities, sizes=(Extent(64, 64),))
    return dataclasses.replace(model, name=kind, capabilities=able,
                               options={**model.options, "call": CALLS[kind], **options})


def loaded(folder, kind, **options):
    made = diffusion.Diffusion(tiny_model(folder, kind, **options))
    made.load()
    return made


@pytest.fixture(scope="module", params=["klein", "sdxl", "qwen_image"])
def generator(request, checkpoint):
    return loaded(checkpoint(request.param), request.param)


@pytest.fixture(scope="module")
def klein(checkpoint):
    return loaded(checkpoint("klein"), "klein")


def test_generate_is_the_same_every_time_and_different_by_seed(generator):
    first = draw(generator, wish())
    assert first.image.size == (64, 64) and first.image.mode == "RGB"
    assert picture_id(draw(generator, wish()).image) == picture_id(first.image)
    assert picture_id(draw(generator, wish(seed=6)).image) != picture_id(first.image)


def test_edits_return_the_sources_size_and_depend_on_it(generator):
    source, other = photo(100, 60), photo(100, 60, seed=2)
    edited = draw(generator, wish(kind="edit", sources=(picture_id(source),)), source).image
    assert edited.size == source.size
    assert picture_id(draw(generator, wish(kind="edit", sources=(picture_id(source),)), source).image) == picture_id(
        edited)
    assert picture_id(draw(generator, wish(kind="edit", sources=(picture_id(other),)), other).image) != picture_id(
        edited)


def test_inpainting_changes_the_hole_and_no_other_pixel(generator):
    source = photo(100, 60)
    mask = hole(source.size, (30, 10, 70, 40))
    the_request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask))
    result = draw(generator, the_request, source, mask)
    assert ImageChops.difference(result.image, source).getbbox() == (30, 10, 70, 40)
    assert picture_id(draw(generator, the_request, source, mask).image) == picture_id(result.image)
    assert "Inpaint" in result.arithmetic["pipeline"]


def test_an_edit_in_between_does_not_change_what_is_generated(generator):
    """The pipelines share their weights; nothing else may leak from one into the other."""
    before, source = draw(generator, wish()).image, photo(100, 60)
    mask = hole(source.size, (30, 10, 70, 40))
    draw(generator, wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask)), source, mask)
    assert picture_id(draw(generator, wish()).image) == picture_id(before)


def test_every_step_is_reported_and_some_are_shown(generator):
    events = []
    draw(generator, wish(steps=10), report=events.append)
    assert [e.step for e in events if isinstance(e, Progress)] == list(range(1, 11))
    assert all(e.steps == 10 for e in events if isinstance(e, Progress))
    assert all(max(e.image.size) <= 64 for e in events if isinstance(e, Preview))


def test_previews_are_of_the_picture_and_do_not_disturb_it(generator, monkeypatch):
    monkeypatch.setattr("generators.previews.SHARE", 1e9)
    events = []
    shown = draw(generator, wish(steps=10), report=events.append).image
    looks = [e.image for e in events if isinstance(e, Preview)]
    assert len(looks) >= 3
    assert all(min(low for low, _ in look.getextrema()) < max(high for _, high in look.getextrema()) for look in looks)
    monkeypatch.setattr("generators.previews.SHARE", -1.0)
    assert picture_id(draw(generator, wish(steps=10)).image) == picture_id(shown)


def test_cancelled_within_one_step(generator):
    events = []
    with pytest.raises(Cancelled, match="step 3 of 10"):
        draw(generator, wish(steps=10), report=events.append,
             stop=lambda: sum(isinstance(e, Progress) for e in events) >= 2)
    assert sum(isinstance(e, Progress) for e in events) == 2
    draw(generator, wish())


def test_what_decided_the_arithmetic_is_told(generator):
    told = draw(generator, wish(steps=3, guidance=1.5)).arithmetic
    assert {"device", "dtype", "threads", "torch", "diffusers", "weights", "memory", "pipeline", "call"} <= set(told)
    assert told["call"]["num_inference_steps"] == 3
    assert 1.5 in told["call"].values(), "guidance reaches the pipeline under its own name"
    assert len(told["weights"]) == 64
    json.dumps(told)


# What is the same for all, on one of them


def test_a_layout_is_text_after_the_prompt_or_drawn_by_regions(klein, monkeypatch):
    regions = (Region("red dog", Box(0, 0, 0.5, 1)),)
    seen = []
    spy = type(klein._pipe("Flux2KleinPipeline")).encode_prompt
    monkeypatch.setattr(type(klein._pipe("Flux2KleinPipeline")), "encode_prompt",
                        lambda self, prompt, **more: seen.append(prompt) or spy(self, prompt=prompt, **more))
    draw(klein, wish(regions=regions))
    assert [prompt for prompt in seen if prompt] == ["a red dog"], "the region by the pipeline that inpaints"
    able = dataclasses.replace(klein.model.capabilities, boxes="text")
    monkeypatch.setattr(klein, "model", dataclasses.replace(klein.model, capabilities=able))
    draw(klein, wish(regions=regions))
    assert [prompt for prompt in seen if prompt][1:] == ["a red dog ; red dog <w08><h16><c0408>"]


def test_without_an_inpainting_pipeline_an_edit_is_pasted_back(klein, monkeypatch):
    monkeypatch.setattr(klein, "options", {**klein.options, "inpaint_via": "edit"})
    source = photo(100, 60)
    mask = hole(source.size, (30, 10, 70, 40))
    result = draw(klein, wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask)), source, mask)
    assert result.arithmetic["pipeline"] == "Flux2KleinPipeline"
    assert ImageChops.difference(result.image, source).getbbox() == (30, 10, 70, 40)


def test_without_paste_back_the_model_has_its_way(klein):
    source, mask = photo(100, 60), hole((100, 60), (30, 10, 70, 40))
    result = draw(klein, wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask),
                                 paste_back=False), source, mask)
    assert ImageChops.difference(result.image, source).getbbox() == (0, 0, 100, 60)


def test_a_second_picture_is_a_reference(klein):
    first, second = photo(100, 60), photo(64, 64, seed=2)
    ids = picture_id(first), picture_id(second)
    alone = draw(klein, wish(kind="edit", sources=ids[:1]), first)
    both = draw(klein, wish(kind="edit", sources=ids), first, second)
    assert both.image.size == first.size
    assert picture_id(both.image) != picture_id(alone.image)


def test_sizes_are_snapped_to_what_the_model_draws(klein):
    assert draw(klein, wish(size=Extent(100, 90))).image.size == (64, 64)


def test_a_model_that_only_generates_says_so(klein, monkeypatch):
    monkeypatch.setattr(klein, "options", {**klein.options, "classes": {"generate": "Flux2KleinPipeline"}})
    source = photo(100, 60)
    with pytest.raises(Unsupported):
        draw(klein, wish(kind="edit", sources=(picture_id(source),)), source)


def poison(pipe, value):
    """Makes the autoencoder return nothing but `value`."""
    decode = pipe.vae.decode

    def wrong(latents, **more):
        return tuple(part * 0 + value for part in decode(latents, **more))

    pipe.vae.decode = wrong


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.25])
def test_numbers_that_are_no_picture_are_tried_once_more_and_then_told(checkpoint, monkeypatch, value):
    generator, opened = loaded(checkpoint("klein"), "klein"), []
    reopen = diffusion.Diffusion._open

    def open_poisoned(self, plan):
        reopen(self, plan)
        opened.append(str(plan.dtype))
        poison(next(iter(self._pipes.values())), value)

    monkeypatch.setattr(diffusion.Diffusion, "_open", open_poisoned)
    poison(next(iter(generator._pipes.values())), value)
    with pytest.raises(BrokenOutput):
        draw(generator, wish())
    half = str(generator._used.dtype)
    assert opened == ([] if half == "torch.float32" else ["torch.float32", half])


def test_full_precision_mends_what_half_precision_broke(checkpoint):
    import torch

    generator = loaded(checkpoint("klein"), "klein")
    if generator._used.dtype == torch.float32:
        pytest.skip("this machine computes in float32 anyway")
    good = draw(generator, wish()).image
    poison(next(iter(generator._pipes.values())), float("nan"))
    told = draw(generator, wish()).arithmetic
    assert told["dtype"] == "float32"
    assert picture_id(draw(generator, wish()).image) == picture_id(good), "and the next one is as before"


@pytest.mark.parametrize(
    ("times", "memory"),
    [(1, "whole, caches freed"), (2, "autoencoder in tiles"), (3, "attention in slices")],
)
def test_the_ladder_out_of_memory(klein, monkeypatch, times, memory):
    failures = fail(klein, monkeypatch, times)
    assert draw(klein, wish()).arithmetic["memory"] == memory
    assert len(failures) == times
    assert draw(klein, wish()).arithmetic["memory"] == "whole", "the next picture starts from the ground"


def test_out_of_memory_after_every_rung(klein, monkeypatch):
    fail(klein, monkeypatch, 99)
    with pytest.raises(OutOfMemory, match="smaller size"):
        draw(klein, wish())


def fail(generator, monkeypatch, times):
    import torch

    kinds = [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(),
             RuntimeError("DefaultCPUAllocator: can't allocate memory")]
    failures, pipe = [], generator._pipe("Flux2KleinPipeline")
    encode = pipe.check_inputs

    def encode_or_fail(*args, **more):
        if len(failures) < times:
            failures.append(1)
            raise kinds[len(failures) % 3]
        return encode(*args, **more)

    monkeypatch.setattr(pipe, "check_inputs", encode_or_fail)
    return failures


def test_another_runtime_error_is_not_taken_for_memory(klein, monkeypatch):
    def wrong(*_, **__):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(klein._pipe("Flux2KleinPipeline"), "check_inputs", wrong)
    with pytest.raises(RuntimeError, match="shapes"):
        draw(klein, wish())


def test_nan_weights_are_refused_at_load(checkpoint, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(checkpoint("klein"), tmp_path / "nan")
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["decoder.conv_in.weight"].view(-1)[3] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"vae\.decoder\.conv_in\.weight"):
        loaded(folder, "klein")


@pytest.mark.parametrize("missing", ["vae/config.json", "transformer/diffusion_pytorch_model.safetensors"])
def test_a_folder_with_a_part_missing_is_a_sentence(checkpoint, tmp_path, missing):
    folder = shutil.copytree(checkpoint("klein"), tmp_path / "part")
    (folder / missing).unlink()
    with pytest.raises(ModelUnavailable) as caught:
        loaded(folder, "klein")
    assert "\n" not in str(caught.value)


def test_a_pipeline_that_diffusers_does_not_have(checkpoint):
    model = tiny_model(checkpoint("klein"), "klein", classes={"generate": "NoSuchPipeline"})
    with pytest.raises(ModelUnavailable, match="NoSuchPipeline"):
        diffusion.Diffusion(model).load()


def test_every_class_of_the_catalogue_exists():
    import diffusers

    for kind in catalogue.pipelines().values():
        for job in ("generate", "edit", "inpaint"):
            assert job not in kind or hasattr(diffusers, kind[job])


def test_in_a_worker_process(checkpoint, klein):
    """The same pixels as here, cancelled within a step, and alive afterwards."""
    model = tiny_model(checkpoint("klein"), "klein")
    with Workshop([model]) as workshop:
        drawn = workshop.draw(wish(model="klein"), {})
        worker, stop = workshop._workers["klein"], []

        def report(event):
            if isinstance(event, Progress):
                stop.append(time.monotonic())

        with pytest.raises(Cancelled):
            workshop.draw(wish(model="klein", steps=500), {}, report, lambda: len(stop) > 2)
        assert worker.alive and time.monotonic() - stop[2] < 10
    assert picture_id(drawn.image) == picture_id(draw(klein, wish()).image)
