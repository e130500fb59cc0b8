"""How much memory a model needs and which placement of its parts a machine has room for.

    whole      every part on the device
    parts      each part on the device only while it works; the rest waits in the machine's own memory
    float8     the same, and what denoises is kept in 8 bits a weight (its arithmetic stays as it was)
    streamed   layer by layer; little memory and slow

Numbers are computed from parameter counts, two bytes each, and an allowance for the work at about a million pixels.
They come within 20% of the peaks that SGLang publishes for FLUX.1, FLUX.2, klein, Qwen-Image and Z-Image, and are
estimates until a model was checked on a machine. Knows no catalogue; torch is imported where a pipeline is placed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

PLACEMENTS = ("whole", "parts", "float8", "streamed")
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
    return {name: round(gb, 1) for name, gb in found.items()}


def choose(billions: Sequence[float], card: float, ram: float) -> str | None:
    """The first placement that a machine has room for, None if it has for none.

    `card` is the memory of the graphics card, `ram` that of the machine, in GB; without a card (0) a model works in
    the machine's memory, whole.
    """
    demand = needs(billions)
    if not card:
        return "whole" if demand["whole"] <= RAM * ram else None
    for name in PLACEMENTS:
        waiting = 0.0 if name == "whole" else weights_gb(billions)
        if demand[name] <= ROOM * card and waiting <= RAM * ram:
            return name
    return None


def suited(billions: Sequence[float], whole: float, card: float) -> str:
    """The placement for a card of so many GB (0: none); MAQUETTE_PLACEMENT overrides it.

    `billions` as in `needs`, empty where they are unknown; then `whole` is what the model is thought to need, in GB.
    """
    asked = os.environ.get("MAQUETTE_PLACEMENT", "")
    if asked in PLACEMENTS:
        return asked
    if not card:
        return "whole"
    if billions:
        return choose(billions, card, float("inf")) or PLACEMENTS[-1]
    return "whole" if whole <= ROOM * card else "parts"


def place(pipe: Any, name: str, device: str) -> None:
    """Puts a diffusers pipeline where its placement says. `device` is torch's name of it."""
    import torch

    if name == "whole":
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
