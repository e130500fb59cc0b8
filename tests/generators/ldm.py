"""A diffusers folder of Stable Diffusion 1.5 (the tiny one's layout: two levels, one layer each) as one file with the
names that its tensors have in files people share. The names are CompVis' latent-diffusion's."""

from __future__ import annotations

from pathlib import Path

_RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
           "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
_UNET = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
         "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0", "conv_out": "out.2",
         "down_blocks.0.resnets.0": "input_blocks.1.0", "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
         "down_blocks.1.resnets.0": "input_blocks.3.0", "down_blocks.1.attentions.0": "input_blocks.3.1",
         "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
         "mid_block.resnets.1": "middle_block.2",
         "up_blocks.0.resnets.0": "output_blocks.0.0", "up_blocks.0.attentions.0": "output_blocks.0.1",
         "up_blocks.0.resnets.1": "output_blocks.1.0", "up_blocks.0.attentions.1": "output_blocks.1.1",
         "up_blocks.0.upsamplers.0.conv": "output_blocks.1.2.conv", "up_blocks.1.resnets.0": "output_blocks.2.0",
         "up_blocks.1.resnets.1": "output_blocks.3.0"}
_VAE = {"conv_norm_out": "norm_out", "down_blocks.0.downsamplers.0": "down.0.downsample",
        "up_blocks.0.upsamplers.0": "up.1.upsample", "mid_block.resnets.0": "mid.block_1",
        "mid_block.resnets.1": "mid.block_2", "mid_block.attentions.0.group_norm": "mid.attn_1.norm",
        "mid_block.attentions.0.to_q": "mid.attn_1.q", "mid_block.attentions.0.to_k": "mid.attn_1.k",
        "mid_block.attentions.0.to_v": "mid.attn_1.v", "mid_block.attentions.0.to_out.0": "mid.attn_1.proj_out",
        **{f"down_blocks.{level}.resnets.0": f"down.{level}.block.0" for level in (0, 1)},
        **{f"up_blocks.{level}.resnets.{block}": f"up.{1 - level}.block.{block}" for level in (0, 1)
           for block in (0, 1)}}


def single_file(folder: Path, file: Path) -> Path:
    """Writes all tensors of a folder's parts into one safetensors file."""
    from safetensors.torch import load_file, save_file

    unet = load_file(_weights(folder, "unet"))
    tensors = {f"model.diffusion_model.{_unet(name)}": tensor for name, tensor in unet.items()}
    for name, tensor in load_file(_weights(folder, "vae")).items():
        linear = "attentions" in name and tensor.ndim == 2
        tensors[f"first_stage_model.{_vae(name)}"] = tensor[:, :, None, None] if linear else tensor
    for name, tensor in load_file(_weights(folder, "text_encoder")).items():
        tensors[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    return file


def _weights(folder: Path, part: str) -> Path:
    return next((folder / part).glob("*.safetensors"))


def _unet(name: str) -> str:
    found = _renamed(name, _UNET)
    if ".resnets." in name:
        for ours, theirs in _RESNET.items():
            found = found.replace(f".{ours}.", f".{theirs}.")
    return found


def _vae(name: str) -> str:
    side, _, rest = name.partition(".")
    if side in ("encoder", "decoder"):
        return f"{side}.{_renamed(rest, _VAE)}".replace("conv_shortcut", "nin_shortcut")
    return name


def _renamed(name: str, table: dict[str, str]) -> str:
    """The longest beginning of a name that the table knows, in the other words."""
    known = max((key for key in table if name.startswith(f"{key}.")), key=len, default=None)
    return table[known] + name[len(known):] if known else name
