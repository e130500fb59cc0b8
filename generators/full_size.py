"""Writes a model that people run at its full size, with random weights in bf16: an ordinary folder, to be measured.

    python -m generators.full_size flux1-dev .training/flux1-dev
    python app.py models bench .training/flux1-dev

What is learnt decides no seconds and no gigabytes, so that load time, memory and the worth of settings can be known
where the weights are not. The settings are those of the published configuration files. What reads the words has one
layer of its full width unless `--read` asks for all: embeddings have their true shape, and a placement's memory then
counts no text encoder. The tokenizer knows letters. Pictures are noise; how far a step cache takes them from the plain
one says nothing about trained weights, and a cache that compares steps may leave out more or fewer of them.
"""

from __future__ import annotations

import argparse
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_KL = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "sample_size": 1024, "force_upcast": True,
       "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
_MARKS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
_CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
           "projection_dim": 768, "vocab_size": 49408, **_MARKS}
_CLIP_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
           "projection_dim": 1280, "hidden_act": "gelu", "vocab_size": 49408, **_MARKS}
_T5 = {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64, "vocab_size": 32128,
       "feed_forward_proj": "gated-gelu", "is_encoder_decoder": False, "use_cache": False, "pad_token_id": 0,
       "tie_word_embeddings": False}
_QWEN_VL = {
    "text_config": {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
                    "num_key_value_heads": 4, "vocab_size": 152064, "max_position_embeddings": 128000,
                    "rope_parameters": {"mrope_section": [16, 24, 24], "rope_type": "default",
                                        "rope_theta": 1000000.0}},
    "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
                      "out_hidden_size": 3584, "fullatt_block_indexes": [7, 15, 23, 31]}, **_MARKS}

MODELS: dict[str, dict[str, Any]] = {
    "flux1-dev": {
        "pipeline": "FluxPipeline",
        "scheduler": ("FlowMatchEulerDiscreteScheduler", {"shift": 3.0, "use_dynamic_shifting": True,
                                                          "base_shift": 0.5, "max_shift": 1.15}),
        "transformer": ("FluxTransformer2DModel", {
            "patch_size": 1, "in_channels": 64, "num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128,
            "num_attention_heads": 24, "joint_attention_dim": 4096, "pooled_projection_dim": 768,
            "guidance_embeds": True, "axes_dims_rope": (16, 56, 56)}),
        "vae": ("AutoencoderKL", {**_KL, "latent_channels": 16, "scaling_factor": 0.3611, "shift_factor": 0.1159,
                                  "use_quant_conv": False, "use_post_quant_conv": False}),
        "text_encoder": ("CLIPTextModel", _CLIP_L), "text_encoder_2": ("T5EncoderModel", _T5)},
    "sdxl": {
        "pipeline": "StableDiffusionXLPipeline",
        "scheduler": ("EulerDiscreteScheduler", {"beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1,
                                                 "beta_schedule": "scaled_linear", "timestep_spacing": "leading"}),
        "unet": ("UNet2DConditionModel", {
            "sample_size": 128, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "transformer_layers_per_block": (1, 2, 10), "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048,
            "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816}),
        "vae": ("AutoencoderKL", {**_KL, "latent_channels": 4, "scaling_factor": 0.13025}),
        "text_encoder": ("CLIPTextModel", _CLIP_L), "text_encoder_2": ("CLIPTextModelWithProjection", _CLIP_G)},
    "qwen-image": {
        "pipeline": "QwenImagePipeline",
        "scheduler": ("FlowMatchEulerDiscreteScheduler", {
            "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 0.9, "max_image_seq_len": 8192,
            "shift_terminal": 0.02, "time_shift_type": "exponential"}),
        "transformer": ("QwenImageTransformer2DModel", {
            "patch_size": 2, "in_channels": 64, "out_channels": 16, "num_layers": 60, "attention_head_dim": 128,
            "num_attention_heads": 24, "joint_attention_dim": 3584, "axes_dims_rope": (16, 56, 56)}),
        "vae": ("AutoencoderKLQwenImage", {"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2,
                                           "temperal_downsample": [False, True, True]}),
        "text_encoder": ("Qwen2_5_VLForConditionalGeneration", _QWEN_VL)},
}
LENGTHS = {"CLIPTextModel": 77, "CLIPTextModelWithProjection": 77}
"""How many words an encoder reads; the others 512 and more."""

Settings = Mapping[str, Mapping[str, Any]]


def made(name: str, part: str, smaller: Settings | None = None, read: bool = True) -> Any:
    """One network of a model on torch's meta device: shapes, and no numbers. `smaller` overrides settings by part."""
    import diffusers
    import torch
    import transformers

    kind, settings = MODELS[name][part]
    settings = _deep(settings, (smaller or {}).get(part, {}))
    with torch.device("meta"):
        if not part.startswith("text_encoder"):
            return getattr(diffusers, kind)(**settings)
        which = getattr(transformers, kind)
        return which(which.config_class(**(settings if read else _deep(settings, _one_layer(settings)))))


def write(name: str, folder: Path, device: str = "cpu", read: bool = False, smaller: Settings | None = None) -> Path:
    """The folder of a model, as `save_pretrained` leaves it; its weights are made on the device."""
    import diffusers
    import torch

    torch.manual_seed(1)
    row = MODELS[name]
    kind, settings = row["scheduler"]
    parts: dict[str, Any] = {"scheduler": getattr(diffusers, kind)(**settings)}
    for part in row:
        if part not in ("pipeline", "scheduler"):
            parts[part] = _filled(made(name, part, smaller, read), device)
        if part.startswith("text_encoder"):
            parts[part.replace("text_encoder", "tokenizer")] = _letters(LENGTHS.get(row[part][0], 2048))
    pipe = getattr(diffusers, row["pipeline"])(**parts)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def _one_layer(settings: Mapping[str, Any]) -> dict[str, Any]:
    if "text_config" in settings:
        return {"text_config": {"num_hidden_layers": 1},
                "vision_config": {"depth": 1, "fullatt_block_indexes": [0]}}
    return {"num_layers" if "d_model" in settings else "num_hidden_layers": 1}


def _deep(settings: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return {**settings, **{key: _deep(settings[key], value) if isinstance(value, Mapping) else value
                           for key, value in over.items()}}


def _filled(network: Any, device: str) -> Any:
    """Numbers for every weight, of a scale that neither dies out nor blows up over many layers."""
    import torch

    network = network.to(torch.bfloat16).to_empty(device=device)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim > 1:
                weight.normal_(std=weight[0].numel() ** -0.5)
            else:
                weight.fill_(1.0 if name.endswith(("weight", "gamma")) else 0.0)
        for buffer in network.buffers():
            buffer.zero_()
    return network.eval()


def _letters(longest: int) -> Any:
    """A tokenizer of one token a letter: Qwen-Image's pipeline cuts a fixed number of tokens off the front."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", "<s>", "</s>", *string.printable]
    plain = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    plain.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)])
    return PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                                   eos_token="</s>", padding_side="right", model_max_length=longest)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", choices=sorted(MODELS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", help="where the weights are made: a card if there is one")
    parser.add_argument("--read", action="store_true", help="with every layer of what reads the words")
    given = parser.parse_args()
    import torch

    device = given.device or ("cuda" if torch.cuda.is_available() else "cpu")
    folder = write(given.name, given.folder, device, given.read)
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors")) / 1e9
    print(f"{given.name}, random weights, {size:.1f} GB: {folder}")


if __name__ == "__main__":
    main()
