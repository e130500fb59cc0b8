"""Placements: what is chosen, what is missing, and the quantised ones where their package is installed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from generators import catalogue, diffusion, opening, placement, registry
from generators.api import Extent, ModelUnavailable
from tests.generators.bench import draw, wish

FLUX = catalogue.facts("flux1-dev").billions


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with none of the packages that quantise."""
    monkeypatch.setattr(placement, "find_spec", lambda name: None)


@pytest.mark.parametrize("asked", ["nf4", "int8"])
def test_a_placement_whose_package_is_missing_says_what_to_install(asked: str, without: None,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAQUETTE_PLACEMENT", asked)
    with pytest.raises(ModelUnavailable, match=f"pip install {placement.PACKAGES[asked]}"):
        placement.suited(FLUX, 30.0, 24.0)


def test_an_unknown_placement_is_a_sentence_that_lists_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAQUETTE_PLACEMENT", "int4")
    with pytest.raises(ModelUnavailable, match="'int4'.*" + ".*".join(placement.PLACEMENTS)):
        placement.suited(FLUX, 30.0, 24.0)


def test_what_is_quantised_is_chosen_only_where_its_package_is(without: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert placement.choose(FLUX, 16, 64) == "streamed"
    monkeypatch.setattr(placement, "find_spec", lambda name: object())
    assert placement.choose(FLUX, 16, 64) == "nf4" and placement.choose(FLUX, 24, 64) == "float8"
    assert placement.choose(FLUX, 16, 16) == "nf4", "what waits in the machine's memory is small, too"
    assert placement.choose(FLUX, 80, 64) == "whole"


def test_a_request_outweighs_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAQUETTE_PLACEMENT", "parts")
    assert placement.suited(FLUX, 30.0, 80.0, "streamed") == "streamed"


def test_four_bits_are_refused_without_a_card() -> None:
    with pytest.raises(ModelUnavailable, match=r"graphics card.*int8"):
        placement.quantised("nf4", "cpu")
    assert placement.quantised("float8", "cuda") is None and placement.quantised("whole", "cpu") is None


def test_what_denoises_and_large_text_encoders_are_quantised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "_quantisation", lambda name, library: (name, library))
    monkeypatch.setattr(placement, "LARGE", 100)
    for part, size in (("transformer", 1), ("text_encoder", 99), ("text_encoder_2", 100), ("vae", 1000)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "model.safetensors").write_bytes(bytes(size))
    how = placement.quantised("nf4", "cuda:0")
    assert how is not None
    found = {part.name: how(part.name, part, "diffusers") for part in tmp_path.iterdir()}
    four = ("nf4", "diffusers")
    assert found == {"transformer": four, "text_encoder": None, "text_encoder_2": four, "vae": None}


def test_one_file_cannot_be_quantised(tmp_path: Path) -> None:
    file = tmp_path / "one.safetensors"
    file.write_bytes(bytes(16))
    with pytest.raises(ModelUnavailable, match=r"one file.*float8"):
        opening.pipeline(None, str(file), {}, None, lambda part, folder, library: None)


def test_a_model_that_does_not_come_apart_is_offered_no_other_placement() -> None:
    rows = {row["name"]: row for row in map(registry.describe, registry.listed())}
    whole = [model.name for model in registry.listed() if model.options.get("run_by") in ("emu3", "janus")]
    assert whole and all(set(rows[name]["needs"]) == {"whole"} for name in whole)
    assert set(rows["flux1-dev"]["needs"]) == set(placement.PLACEMENTS)


def opened(folder: Path, name: str) -> diffusion.Diffusion:
    model = registry.find(str(folder))
    able = dataclasses.replace(model.capabilities, sizes=(Extent(64, 64),))
    call = {"num_inference_steps": 2, "guidance_scale": 2.0, "max_sequence_length": 16,
            "text_encoder_out_layers": [1, 2]}
    made = diffusion.Diffusion(dataclasses.replace(
        model, capabilities=able, options={**model.options, "placement": name, "call": call}))
    made.load()
    return made


@pytest.mark.filterwarnings("ignore")
def test_eight_bits_by_torchao_draw_on_this_machine(checkpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quantization = pytest.importorskip("torchao.quantization")
    monkeypatch.setattr(placement, "LARGE", 0)
    plain, small = opened(checkpoint("klein"), "whole"), opened(checkpoint("klein"), "int8")
    pipe = small._pipes["Flux2KleinPipeline"]
    block = pipe.transformer.transformer_blocks[0]
    assert type(block.attn.to_q.weight) is quantization.Int8Tensor
    assert type(pipe.text_encoder.model.layers[0].mlp.up_proj.weight) is quantization.Int8Tensor
    first, again = draw(small, wish()), draw(small, wish())
    assert first.arithmetic["placement"] == "int8" and first.image.tobytes() == again.image.tobytes()
    whole = draw(plain, wish()).image
    pairs = zip(first.image.tobytes(), whole.tobytes(), strict=True)
    assert 0 < sum(abs(a - b) for a, b in pairs) / len(whole.tobytes()) < 8, "near the picture of the whole weights"


@pytest.mark.filterwarnings("ignore")
def test_four_bits_are_asked_for_as_bitsandbytes_wants_them() -> None:
    pytest.importorskip("bitsandbytes")
    how = placement._quantisation("nf4", "diffusers")
    assert how.load_in_4bit and how.bnb_4bit_quant_type == "nf4"
    assert type(placement._quantisation("nf4", "transformers")).__module__.startswith("transformers")
