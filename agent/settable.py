"""What a person can set of a model, and how long it usually takes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from agent.presets import built_in
from generators.api import Model


def settable(model: Model) -> dict[str, Any]:
    """What a user can set of a model, and its own values."""
    call, able = model.options.get("call", {}), model.capabilities
    takes = {"diffusion": ["steps", "guidance"], "hybrid": ["steps", "guidance"]}.get(model.family, ["guidance"])
    return {"presets": [preset.model_dump() for preset in built_in(able)], "steps": call.get("num_inference_steps"),
            "guidance": call.get(model.options.get("guidance", "guidance_scale")),
            "takes": ([] if model.family == "sketch" else takes) + (["negative"] if able.negative else []),
            "sizes": [list(size) for size in able.sizes]}


def usual(seconds: Sequence[float]) -> float | None:
    """The median of the latest turns; of one alone, that one."""
    return round(statistics.median(seconds[:9]), 1) if seconds else None
