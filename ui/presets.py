"""Style presets as chips in the drawer, and the one that is picked. Pure functions, no Gradio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.api import BadInput, Preset
from ui.render import escape
from ui.words import html, say


def chips(models: Mapping[str, Mapping[str, Any]], own: Sequence[Preset]) -> str:
    """One group for each model, shown while that one is picked, and the user's own under them."""
    groups = "".join(f'<div class="mq-presets" data-for="{escape(name)}" role="group" '
                     f'aria-label="{html("Styles of {model}", model=escape(name))}" hidden>'
                     f'{_buttons(map(Preset.model_validate, model["presets"]))}</div>'
                     for name, model in models.items() if model.get("presets"))
    mine = (f'<div class="mq-presets" role="group" aria-label="{html("Your styles")}">{_buttons(own)}</div>' if own
            else "")
    return (f'<fieldset class="mq-styles"><legend>{html("Style of new pictures")}</legend>{groups}{mine}'
            f'<p role="status" data-preset-words></p><label class="mq-import">{html("Import CSV or JSON")}'
            '<input type="file" accept=".csv,.json,text/csv,application/json" data-import-presets></label></fieldset>')


def _buttons(presets: Iterable[Preset]) -> str:
    return "".join(f'<button type="button" data-preset="{escape(one.name)}" aria-pressed="false" '
                   f'data-words="{_words(one)}">{escape(one.name)}</button>' for one in presets)


def _words(preset: Preset) -> str:
    """What it does, in full: nothing that is added to a request is hidden."""
    without = " " + say("Without: {words}", words=preset.negative) if preset.negative else ""
    return escape(preset.prompt.replace("{prompt}", "…") + "." * (not preset.prompt.endswith(".")) + without, 1000)


def picked(name: str, own: Sequence[Preset], model: Mapping[str, Any]) -> Preset:
    """The preset of a name: the user's own before the model's. Raises `BadInput` where the model has none of it."""
    known = [*own, *map(Preset.model_validate, model.get("presets", ()))]
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise BadInput(say("There is no style {name} with this model; pick another in the settings, or none.",
                           name=repr(name[:80])))
    return found
