"""What a person can set of a model, and how long it usually takes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agent.presets import built_in
from generators.api import Laid, Model
from tools import reference


def settable(model: Model, laid: Laid) -> dict[str, Any]:
    """What a user can set of a model and lay over it, what it can take from a picture, and its own values."""
    call, able = model.options.get("call", {}), model.capabilities
    takes = {"diffusion": ["steps", "guidance"], "hybrid": ["steps", "guidance"]}.get(model.family, ["guidance"])
    return {"presets": [preset.model_dump() for preset in built_in(able)], "steps": call.get("num_inference_steps"),
            "guidance": call.get(model.options.get("guidance", "guidance_scale")),
            "takes": ([] if model.family == "sketch" else takes) + (["negative"] if able.negative else []),
            "sizes": [list(size) for size in able.sizes], "adapters": list(laid.adapters),
            "roles": reference.roles(able, laid)}


def choices(models: Iterable[Model], took: Iterable[tuple[str, float]], laid: Callable[[Model], Laid]
            ) -> dict[str, Any]:
    """By name, what can be set of each model, and the seconds that a turn with it took lately."""
    by_name: dict[str, list[float]] = {}
    for name, seconds in took:
        by_name.setdefault(name, []).append(seconds)
    return {model.name: settable(model, laid(model)) | {"seconds": usual(by_name.get(model.name, []))}
            for model in models}


def usual(seconds: Sequence[float]) -> float | None:
    """The median of the latest turns; of one alone, that one."""
    return round(statistics.median(seconds[:9]), 1) if seconds else None
