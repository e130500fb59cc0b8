"""The drawer's settings, as the browser sends them, read into a turn's options. Nothing that it says opens a file: what
has a name is picked from what the studio lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agent.api import BadInput, Options, Preset
from tools.api import Limits
from ui import presets
from ui.api import Sent
from ui.words import say

ADAPTER = "adapter:"
"""Before an adapter's name: the setting that holds how much of it."""


def options(sent: Sent, model: str | None, own: Mapping[str, Any], planners: Sequence[Mapping[str, Any]],
            kept: Sequence[Preset], limits: Limits, how: Mapping[str, Any]) -> Options:
    """The options of a turn with a model (None: the usual one), of which `own` is what can be set; `kept` are the
    user's presets, `how` is what the event itself asks for. What is empty was not set. Raises `BadInput`."""
    given = {name: value.strip() for name, value in sent.settings.items() if value.strip()}
    if given.get("planner", "auto") not in [row["name"] for row in planners if row["available"]]:
        raise BadInput(say("That planner cannot be used here; pick another in the settings."))
    preset = presets.picked(given["style"], kept, own) if "style" in given else None
    worn = [(name, given[ADAPTER + name]) for name in own.get("adapters", ()) if ADAPTER + name in given]
    budget = limits.model_dump() | {name: given[name] for name in ("images", "seconds") if name in given}
    try:
        return Options.model_validate({
            "generator": model, "planner": given.get("planner"), "preset": preset, "limits": budget,
            "seed": given.get("seed", sent.seed), "wishes": {**_wishes(given), "adapters": worn}, **how})
    except ValidationError as error:
        first = error.errors()[0]
        name = worn[int(first["loc"][2])][0] if first["loc"][1:2] == ("adapters",) and len(first["loc"]) > 2 else (
            first["loc"][-1])
        raise BadInput(say("The setting {name} cannot be {value}: {why}. Change it in the settings.", name=name,
                           value=repr(str(first["input"])[:40]), why=first["msg"])) from None


def _wishes(given: Mapping[str, str]) -> dict[str, Any]:
    wishes: dict[str, Any] = {name: given[name] for name in ("steps", "guidance", "negative") if name in given}
    if "size" in given:
        wishes["size"] = given["size"].split("x")
    return wishes
