"""A whole model in one safetensors file, as people share them: whose it is, told by the names of its tensors.

Such a file holds weights and nothing else. Settings and tokenizers, and parts that it has not got, come from the folder
of the model that it was made from, which has to be on this machine (`models get NAME --small` fetches all but its
weights). Reads the file's header only; no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from generators import weights
from generators.api import ModelUnavailable

Shapes = Mapping[str, tuple[int, ...]]
_DENOISER = "model.diffusion_model."
_XL = "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias"
_SD1 = "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight"
_FIRST = "model.diffusion_model.input_blocks.0.0.weight"


def _has(name: str) -> Callable[[Shapes], bool]:
    """Files of one part and files of all parts differ by a prefix."""
    return lambda shapes: name in shapes or _DENOISER + name in shapes


def _takes(channels: int, mark: str) -> Callable[[Shapes], bool]:
    return lambda shapes: mark in shapes and shapes.get(_FIRST, (0, channels))[1] == channels


_MARKS: tuple[tuple[str, Callable[[Shapes], bool]], ...] = (
    ("sdxl", _takes(4, _XL)),
    ("sd-1.5", _takes(4, _SD1)),
    ("instruct-pix2pix", _takes(8, _SD1)),
    ("sd-3.5-large", _has("joint_blocks.37.x_block.mlp.fc1.weight")),
    ("sd-3.5-medium", _has("joint_blocks.0.x_block.attn2.qkv.weight")),
    ("chroma1-hd", _has("distilled_guidance_layer.in_proj.bias")),
    ("flux1-dev", lambda shapes: _has("double_blocks.0.img_attn.norm.key_norm.scale")(shapes)
        and _has("guidance_in.in_layer.bias")(shapes)),
    ("flux1-schnell", _has("double_blocks.0.img_attn.norm.key_norm.scale")),
    ("z-image-turbo", _has("layers.0.adaLN_modulation.0.weight")),
)
"""Catalogue name to what marks its file, in the order of asking: later marks are found in earlier models' files too.
As in diffusers' `loaders/single_file_utils.py`."""


def base(file: Path) -> str:
    """The catalogue's model that a file's settings and words are those of.

    Raises `ModelUnavailable` for a pickle, for what is no safetensors file and for one that holds no whole model.
    """
    if file.suffix in weights.PICKLES:
        raise ModelUnavailable(f"{file.name} is a pickle, which can run code when it is opened; convert it to "
                               "safetensors first.")
    shapes = weights.header(file)
    for name, marked in _MARKS:
        if marked(shapes):
            return name
    raise ModelUnavailable(f"{file.name} is no whole image model that the studio knows: {_kind(shapes)}.")


def _kind(shapes: Shapes) -> str:
    """What such a file probably is."""
    names = " ".join(list(shapes)[:200])
    if "lora" in names or ".alpha" in names:
        return "it looks like a LoRA, which is added to a model"
    if "control_model" in names or "controlnet" in names:
        return "it looks like a ControlNet, which is added to a model"
    if "encoder." in names and "decoder." in names:
        return "it looks like an autoencoder alone"
    return "none of its tensors' names is one that they have"
