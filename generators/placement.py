"""How much memory a model needs and which placement of its parts a machine has room for.

    whole      every part on the device
    parts      each part on the device only while it works; the rest waits in the machine's own memory
    float8     the same, and what denoises is kept in 8 bits a weight (its arithmetic stays as it was)
    int8       as parts, and what denoises and large text encoders are quantised to 8 bits a weight while they are
               read (torchao, weights only)
    nf4        the same to 4 bits (bitsandbytes, normal floats of QLoRA, arXiv 2305.14314); needs a card
    streamed   layer by layer; little memory and slow

int8 and nf4 need a package of the extra `quantised`, and are chosen only where it is installed.

Numbers are computed from parameter counts, two bytes each, and an allowance for the work at about a million pixels.
They come within 20% of the peaks that SGLang publishes for FLUX.1, FLUX.2, klein, Qwen-Image and Z-Image, and are
estimates until a model was checked on a machine. Knows no catalogue; torch is imported where a pipeline is placed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generators.api import ModelUnavailable

PLACEMENTS = ("whole", "parts", "float8", "int8", "nf4", "streamed")
PACKAGES = {"int8": "torchao", "nf4": "bitsandbytes"}
"""What quantises while weights are read."""
SHARES = {"int8": 0.5, "nf4": 0.29}
"""What is left of two bytes a weight: 8 bits, or 4 and a scale of 32 for every 64 weights."""
LARGE = 1e9  # bytes of a text encoder that is worth quantising
BYTES = 2.0  # a weight in bf16
ROOM = 0.92  # of a card's memory that a model may fill
RAM = 0.9  # of the machine's
LAYER = 0.05  # the largest layer's share of what denoises


def weights_gb(billions: Sequence[float]) -> float:
    """All weights of a model, in GB. `billions`: parameters that denoise, read the words, decode pictures."""
    return BYTES * sum(billions)


def needs(billions: Sequence[float]) -> dict[str, float]:
    """GB of the device's memory at each placement, the most demanding first."""
    denoise, read, decode = (BYTES * count for count in billions)
    work = 3.0 + 0.08 * denoise
    found = {"whole": denoise + read + decode + work,
             "parts": max(denoise, read, decode) + work,
             "float8": max(denoise / 2, read, decode) + work,
             "streamed": max(LAYER * denoise, LAYER * read, decode) + work}
    found |= {name: max(share * denoise, share * read, decode) + work for name, share in SHARES.items()}
    return {name: round(found[name], 1) for name in PLACEMENTS}


def offered(run_by: str) -> tuple[str, ...]:
    """The placements that a family file knows: only pipelines of diffusers come apart."""
    return PLACEMENTS if run_by == "diffusion" else PLACEMENTS[:1]


def here() -> tuple[str, ...]:
    """The placements for which nothing is missing on this machine."""
    return tuple(name for name in PLACEMENTS if name not in PACKAGES or find_spec(PACKAGES[name]))


def choose(billions: Sequence[float], card: float, ram: float, among: Collection[str] | None = None) -> str | None:
    """The first placement that a machine has room for, None if it has for none.

    `card` is the memory of the graphics card, `ram` that of the machine, in GB; without a card (0) a model works in
    the machine's memory, whole. `among`: the placements that may be chosen (None: those that are `here`).
    """
    demand, allowed = needs(billions), here() if among is None else among
    if not card:
        return "whole" if demand["whole"] <= RAM * ram else None
    for name in (name for name in PLACEMENTS if name in allowed):
        waiting = 0.0 if name == "whole" else SHARES.get(name, 1.0) * weights_gb(billions)
        if demand[name] <= ROOM * card and waiting <= RAM * ram:
            return name
    return None


def suited(billions: Sequence[float], whole: float, card: float, asked: str = "") -> str:
    """The placement for a card of so many GB (0: none); `asked`, or else MAQUETTE_PLACEMENT, overrides it.

    `billions` as in `needs`, empty where they are unknown; then `whole` is what the model is thought to need, in GB.
    Raises `ModelUnavailable` where what is asked for is not there, and says what helps.
    """
    asked = asked or os.environ.get("MAQUETTE_PLACEMENT", "")
    if asked:
        return _there(asked)
    if not card:
        return "whole"
    if billions:
        return choose(billions, card, float("inf")) or PLACEMENTS[-1]
    return "whole" if whole <= ROOM * card else "parts"


def _there(asked: str) -> str:
    if asked not in PLACEMENTS:
        raise ModelUnavailable(f"There is no placement {asked!r}; there are {', '.join(PLACEMENTS)}.")
    if asked not in here():
        raise ModelUnavailable(f"The placement {asked} needs {PACKAGES[asked]}: `pip install {PACKAGES[asked]}`.")
    return asked


Quantise = Callable[[str, Path, str], Any]
"""From a component's name, folder and library (diffusers, transformers) to how it is quantised, None for not at all."""


def quantised(name: str, device: str) -> Quantise | None:
    """How a placement has a pipeline's components read; None: as they are. Raises `ModelUnavailable`."""
    if name not in PACKAGES:
        return None
    if name == "nf4" and device == "cpu":
        raise ModelUnavailable("The placement nf4 needs a graphics card: diffusers reads 4 bits of bitsandbytes onto "
                               "nothing else. On a CPU there is int8.")
    return lambda part, folder, library: _quantisation(name, library) if _worth(part, folder) else None


def _worth(part: str, folder: Path) -> bool:
    """What denoises, and text encoders that are large: a small one saves nothing and loses."""
    if part.startswith(("transformer", "unet")):
        return True
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return part.startswith("text_encoder") and size >= LARGE


def _quantisation(name: str, library: str) -> Any:
    """The two libraries have a class of the same name each."""
    import importlib

    import torch

    classes = importlib.import_module(library)
    if name == "nf4":
        return classes.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4",
                                          bnb_4bit_compute_dtype=torch.bfloat16)
    from torchao.quantization import Int8WeightOnlyConfig

    return classes.TorchAoConfig(Int8WeightOnlyConfig(version=2))


def place(pipe: Any, name: str, device: str) -> None:
    """Puts a diffusers pipeline where its placement says. `device` is torch's name of it."""
    import torch

    if name == "whole" or (name in PACKAGES and device == "cpu"):  # where there is nothing to come and go between
        pipe.to(device)
        return
    if name == "streamed":
        pipe.enable_group_offload(onload_device=torch.device(device), offload_type="leaf_level",
                                  use_stream=device.startswith("cuda"))
        return
    if name == "float8":
        denoiser = getattr(pipe, "transformer", None) or pipe.unet
        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=denoiser.dtype)
    pipe.enable_model_cpu_offload(device=device)


def place_beside(module: Any, name: str, device: str) -> None:
    """Puts a module that works along with a placed pipeline where that works: at once, or as soon as it is called."""
    if name == "whole":
        module.to(device)
        return
    from accelerate import cpu_offload_with_hook

    cpu_offload_with_hook(module, device)
