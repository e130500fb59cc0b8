"""Tiny additions of random weights for the tiny pipelines, as published: LoRA, ControlNet, IP-Adapter.

Each function takes the folder of a tiny pipeline and one to write to. Imports torch when called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "to_query", "to_key", "to_value"]  # whichever of them a model has


def pipe_of(folder: Path) -> Any:
    from diffusers import DiffusionPipeline

    return DiffusionPipeline.from_pretrained(folder, local_files_only=True)


def denoiser(pipe: Any) -> tuple[str, Any]:
    name = "transformer" if getattr(pipe, "transformer", None) is not None else "unet"
    return name, getattr(pipe, name)


def lora(folder: Path, target: Path, seed: int = 1) -> Path:
    """A LoRA of rank 2 on the attention of what denoises, as `save_lora_weights` writes it."""
    return lora_of(pipe_of(folder), target, seed)


def lora_of(pipe: Any, target: Path, seed: int = 1) -> Path:
    import torch
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    torch.manual_seed(seed)
    name, part = denoiser(pipe)
    part.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=LAYERS, init_lora_weights="gaussian"))
    for weight_name, weight in part.named_parameters():
        if "lora_B" in weight_name:
            torch.nn.init.normal_(weight, std=0.5)
    type(pipe).save_lora_weights(target, **{f"{name}_lora_layers": get_peft_model_state_dict(part)})
    return target


def control(folder: Path, target: Path, seed: int = 1) -> Path:
    """A ControlNet for the pipeline, whose last layers are no longer zeros."""
    import torch
    from diffusers import ControlNetModel, FluxControlNetModel

    torch.manual_seed(seed)
    name, part = denoiser(pipe_of(folder))
    if name == "unet":
        net = ControlNetModel.from_unet(part, conditioning_embedding_out_channels=(8, 8))
    else:
        net = FluxControlNetModel.from_transformer(part, 1, 1, 16, 2)
    for weight in net.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.3)
    net.save_pretrained(target)
    return target


def likeness(folder: Path, target: Path) -> Path:
    """An IP-Adapter's weights and its eyes, in a folder as the hub has them."""
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(1)
    name, part = denoiser(pipe_of(folder))
    width = part.config.cross_attention_dim if name == "unet" else part.config.joint_attention_dim
    tensors = {"image_proj.proj.weight": torch.randn(4 * width, 16), "image_proj.proj.bias": torch.randn(4 * width),
               "image_proj.norm.weight": torch.ones(width), "image_proj.norm.bias": torch.zeros(width)}
    tensors |= _of_unet(part) if name == "unet" else _of_flux(part)
    target.mkdir()
    save_file(tensors, target / "ip_adapter.safetensors")
    CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, projection_dim=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=16)).save_pretrained(target / "image_encoder")
    return target


def _of_unet(unet: Any) -> dict[str, Any]:
    """The weights of each cross-attention, numbered 1, 3, 5 … as the paper's own code does."""
    import torch

    names = [n.removesuffix(".processor") for n in unet.attn_processors if "attn2" in n]
    found = {}
    for at, name in enumerate(names):
        for letter in "kv":
            layer = unet.get_submodule(f"{name}.to_{letter}")
            found[f"ip_adapter.{2 * at + 1}.to_{letter}_ip.weight"] = torch.randn(layer.weight.shape)
    return found


def _of_flux(transformer: Any) -> dict[str, Any]:
    """As XLabs names them: two projections for each double block."""
    import torch

    width, wide = transformer.config.joint_attention_dim, transformer.inner_dim
    found = {}
    for at in range(transformer.config.num_layers):
        for letter in "kv":
            stem = f"double_blocks.{at}.processor.ip_adapter_double_stream_{letter}_proj"
            found |= {f"{stem}.weight": torch.randn(wide, width), f"{stem}.bias": torch.randn(wide)}
    return found
