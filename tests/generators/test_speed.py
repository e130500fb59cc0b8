"""Speed settings: what is asked for, what is at work in a picture, what a model does not take."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from generators import diffusion, engines, full_size, opening, registry, speed
from generators.api import Extent, picture_id
from generators.speed import Speed, checked, left_out, parsed
from tests.generators.bench import draw, photo, wish
from tests.generators.test_full_size import SMALL

FIRST, TAYLOR = checked(cache="first-block:0.9"), checked(cache="taylor:3")
STEPS = {"call": {"num_inference_steps": 6, "true_cfg_scale": 2.0}}


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory, checkpoint: Any) -> diffusion.Diffusion:
    """A tiny QwenImagePipeline of three blocks: a cache that computes only the first needs others to leave out."""
    import torch
    from diffusers import QwenImagePipeline, QwenImageTransformer2DModel

    pipe = opening.pipeline(QwenImagePipeline, str(checkpoint("qwen_image")), {}, torch.float32)
    torch.manual_seed(2)
    settings = {**{k: v for k, v in pipe.transformer.config.items() if not k.startswith("_")}, "num_layers": 3}
    pipe.register_modules(transformer=QwenImageTransformer2DModel(**settings))
    folder = tmp_path_factory.mktemp("qwen") / "three"
    pipe.save_pretrained(folder)
    return loaded(folder, STEPS)


@pytest.fixture(scope="module")
def unet(checkpoint: Any) -> diffusion.Diffusion:
    return loaded(checkpoint("sdxl"), {"call": {"num_inference_steps": 4}})


def loaded(folder: Path, options: dict[str, Any]) -> diffusion.Diffusion:
    model = registry.find(str(folder))
    able = dataclasses.replace(model.capabilities, sizes=(Extent(64, 64),))
    made = diffusion.Diffusion(dataclasses.replace(model, capabilities=able, options={**model.options, **options}))
    made.load()
    return made


def drawn(generator: diffusion.Diffusion, wanted: Speed, **request: Any) -> tuple[bytes, dict[str, Any]]:
    generator.hasten(wanted)
    try:
        result = draw(generator, wish(**request))
    finally:
        generator.hasten(Speed())
    return result.image.tobytes(), result.arithmetic.get("speed", {})


def test_nothing_is_on_unless_it_was_asked_for(qwen: diffusion.Diffusion) -> None:
    assert checked() == checked("off", "none", "off") == Speed() and str(Speed()) == "plain"
    assert drawn(qwen, Speed())[1] == {} and "speed" not in draw(qwen, wish()).arithmetic


def test_settings_are_written_out_in_full() -> None:
    assert checked("first-block", "blocks", "native") == Speed("first-block:0.05", "blocks:inductor", "native")
    assert parsed("compile + cache=taylor") == Speed("taylor:5", "blocks:inductor")
    assert parsed(str(FIRST)) == FIRST and parsed("plain") == Speed()


@pytest.mark.parametrize(("text", "lists"), [
    ("cache=teacache", "first-block, taylor, mag"), ("compile=all", "blocks:inductor"), ("attention=flash9", "sage"),
    ("cache=taylor:0", "taylor:5"), ("cache=first-block:much", "first-block:0.05"), ("cash=taylor", "cache=NAME"),
    ("attention", "attention=NAME")])
def test_an_unknown_name_is_a_sentence_that_lists_the_names(text: str, lists: str) -> None:
    with pytest.raises(ValueError, match=lists) as error:
        parsed(text)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_flux_has_its_own_cache(tmp_path: Path) -> None:
    flux = loaded(full_size.write("flux1-dev", tmp_path / "flux", smaller=SMALL["flux1-dev"]),
                  {"call": {"num_inference_steps": 10, "max_sequence_length": 16}})
    wanted = checked(cache="mag:0.5")
    plain, (first, told) = drawn(flux, Speed())[0], drawn(flux, wanted)
    drawn(flux, wanted, prompt="a blue circle", seed=9)
    assert told == {"cache": "mag:0.5"} and first == drawn(flux, wanted)[0] != plain == drawn(flux, Speed())[0]


@pytest.mark.parametrize("wanted", [FIRST, TAYLOR])
def test_a_cache_begins_anew_with_every_picture_and_leaves_none_behind(qwen: diffusion.Diffusion,
                                                                        wanted: Speed) -> None:
    plain, _ = drawn(qwen, Speed())
    first, told = drawn(qwen, wanted)
    other, _ = drawn(qwen, wanted, prompt="a blue circle", seed=9)
    again, _ = drawn(qwen, wanted)
    assert told == {"cache": wanted.cache} and first == again != other
    assert first != plain == drawn(qwen, Speed())[0]


def test_a_cache_does_not_outlive_its_picture_in_a_class_that_shares_the_weights(qwen: diffusion.Diffusion) -> None:
    source = photo()
    asked = wish(kind="refine", sources=(picture_id(source),), strength=0.9)
    plain = draw(qwen, asked, source).image.tobytes()
    drawn(qwen, FIRST)
    assert draw(qwen, asked, source).image.tobytes() == plain
    denoiser = qwen._pipes["QwenImagePipeline"].transformer
    assert not denoiser.is_cache_enabled


def test_blocks_are_compiled_once_and_may_be_left_alone_again(qwen: diffusion.Diffusion) -> None:
    plain, _ = drawn(qwen, Speed())
    wanted = checked(compile="blocks:eager")
    assert drawn(qwen, wanted) == (plain, {"compile": "blocks:eager"}), "the same arithmetic through torch.compile"
    kept = qwen._faster._compiled["eager"]
    blocks = qwen._pipes["QwenImagePipeline"].transformer.transformer_blocks
    assert len(kept) == len(blocks) == 3 and all(block._compiled_call_impl is None for block in blocks)
    assert drawn(qwen, wanted)[0] == plain and qwen._faster._compiled["eager"] is kept


def test_a_cache_works_on_compiled_blocks(qwen: diffusion.Diffusion) -> None:
    both = TAYLOR._replace(compile="blocks:eager")
    assert drawn(qwen, both) == (drawn(qwen, TAYLOR)[0], {"compile": "blocks:eager", "cache": "taylor:3"})


def test_another_back_end_computes_attention_and_the_librarys_own_is_chosen_again(qwen: diffusion.Diffusion) -> None:
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry as Registry

    before = Registry.get_active_backend()
    assert drawn(qwen, checked(attention="native_math"))[1] == {"attention": "native_math"}
    assert Registry.get_active_backend() == before
    block = qwen._pipes["QwenImagePipeline"].transformer.transformer_blocks[0]
    assert block.attn.processor._attention_backend is None


def test_what_a_class_does_not_take_is_left_out_and_said(unet: diffusion.Diffusion) -> None:
    plain, _ = drawn(unet, Speed())
    pixels, told = drawn(unet, Speed("taylor:5", "", "native_math"))
    assert pixels == plain and told == {"left out": {
        "cache=taylor:5": "UNet2DConditionModel has no caches",
        "attention=native_math": "the layers of UNet2DConditionModel choose no back end"}}
    assert "cache=taylor:5 was left out: UNet2DConditionModel has no caches." in list(left_out({"speed": told}))


def test_a_package_that_is_missing_is_left_out_and_said(qwen: diffusion.Diffusion) -> None:
    pytest.importorskip("diffusers")
    plain, _ = drawn(qwen, Speed())
    pixels, told = drawn(qwen, checked(attention="sage", cache="mag"))
    assert pixels == plain and "sageattention" in told["left out"]["attention=sage"]
    assert "FLUX.1" in told["left out"]["cache=mag:0.06"]


def test_what_fails_while_it_draws_is_left_out_and_the_picture_is_drawn_without(
        qwen: diffusion.Diffusion, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _ = drawn(qwen, Speed())
    monkeypatch.setattr(qwen, "_faster", speed.Faster())
    real, calls = qwen._drawn, []

    def failing(*given: Any) -> Any:
        found = real(*given)
        calls.append(found)
        if len(calls) == 1:
            raise IndexError("pop from an empty list")
        return found

    monkeypatch.setattr(qwen, "_drawn", failing)
    pixels, told = drawn(qwen, TAYLOR)
    assert pixels == plain and told == {"left out": {"cache=taylor:3": "IndexError: pop from an empty list"}}
    assert drawn(qwen, TAYLOR)[1] == told and len(calls) == 3, "it is not tried again"


def test_of_two_settings_the_one_that_fails_is_left_out(checkpoint: Any) -> None:
    klein = loaded(checkpoint("klein"), {"call": {"num_inference_steps": 4, "guidance_scale": 2.0,
                                                  "max_sequence_length": 16, "text_encoder_out_layers": [1, 2]}})
    pixels, told = drawn(klein, FIRST._replace(attention="native_math"))
    assert told["attention"] == "native_math" and list(told["left out"]) == ["cache=first-block:0.9"]
    assert pixels == drawn(klein, checked(attention="native_math"))[0]


def test_a_family_without_such_settings_says_so() -> None:
    painter = engines.Painter(registry.generator(registry.find("sketch")))
    value, _ = painter.call("draw", {"request": wish(model="sketch").model_dump(mode="json"), "ids": [],
                                     "speed": TAYLOR._asdict()}, [], lambda event: None, lambda: False)
    assert list(left_out(value["arithmetic"])) == ["cache=taylor:3 was left out: this model takes no such settings."]
    value, _ = painter.call("draw", {"request": wish(model="sketch").model_dump(mode="json"), "ids": []}, [],
                            lambda event: None, lambda: False)
    assert "speed" not in value["arithmetic"]
