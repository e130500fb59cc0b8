"""Models of full size with random weights: the published sizes, and the same code at a small one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generators import catalogue, full_size, registry
from generators.api import Extent
from tests.generators.bench import draw, loaded, wish

_KL = {"block_out_channels": (8,) * 4, "norm_num_groups": 4, "layers_per_block": 1, "sample_size": 64}
_CLIP = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "projection_dim": 16, "vocab_size": 128}
_VL = {"text_config": {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2,
                       "vocab_size": 128, "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default",
                                                              "rope_theta": 1e6}},
       "vision_config": {"hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}}
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "flux1-dev": {
        "transformer": {"num_layers": 2, "num_single_layers": 2, "attention_head_dim": 16, "num_attention_heads": 2,
                        "joint_attention_dim": 16, "pooled_projection_dim": 16, "axes_dims_rope": (4, 4, 8)},
        "vae": _KL, "text_encoder": _CLIP,
        "text_encoder_2": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_heads": 2, "vocab_size": 128}},
    "sdxl": {
        "unet": {"block_out_channels": (8, 16, 16), "layers_per_block": 1, "transformer_layers_per_block": 1,
                 "attention_head_dim": 2, "cross_attention_dim": 32, "norm_num_groups": 4, "sample_size": 8,
                 "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 64},
        "vae": _KL, "text_encoder": _CLIP, "text_encoder_2": _CLIP},
    "qwen-image": {
        "transformer": {"num_layers": 2, "attention_head_dim": 16, "num_attention_heads": 2, "joint_attention_dim": 16,
                        "axes_dims_rope": (8, 4, 4)},
        "vae": {"base_dim": 8, "num_res_blocks": 1}, "text_encoder": _VL},
}


@pytest.mark.parametrize("name", full_size.MODELS)
def test_it_has_as_many_weights_as_the_catalogue_counts(name: str) -> None:
    row = full_size.MODELS[name]
    counted = catalogue.facts(name).billions
    parts: dict[str, float] = {}
    for part in row:
        if part not in ("pipeline", "scheduler"):
            which = {"vae": "decode"}.get(part, "read" if part.startswith("text") else "denoise")
            count = sum(weight.numel() for weight in full_size.made(name, part).parameters()) / 1e9
            parts[which] = parts.get(which, 0.0) + count
    assert parts["denoise"] == pytest.approx(counted[0], rel=0.01)
    assert parts["read"] == pytest.approx(counted[1], rel=0.03)
    assert parts["decode"] == pytest.approx(counted[2], abs=0.05)


@pytest.mark.parametrize("name", full_size.MODELS)
def test_its_folder_is_opened_and_drawn_with_as_any_other(name: str, tmp_path: Path) -> None:
    folder = full_size.write(name, tmp_path / name, smaller=SMALL[name])
    model = registry.find(str(folder))
    assert model.options["classes"]["generate"] == full_size.MODELS[name]["pipeline"]
    generator = loaded(folder)
    able = replace(model.capabilities, sizes=(Extent(64, 64),))
    generator.model = replace(generator.model, capabilities=able)
    first, other = draw(generator, wish(steps=2)), draw(generator, wish(steps=2, seed=6))
    assert first.image.size == (64, 64) and first.image.tobytes() != other.image.tobytes()
    assert first.image.tobytes() == draw(generator, wish(steps=2)).image.tobytes()
    encoder = generator._pipes[full_size.MODELS[name]["pipeline"]].text_encoder.config.get_text_config()
    assert encoder.num_hidden_layers == 1, "what reads is as wide as it is, and one layer deep"
