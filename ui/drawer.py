"""The settings, in a drawer that is closed until somebody wants it. Pure functions, no Gradio.

Every field is empty until it is set: what stands in it greyed is the model's own value, and emptying it is its reset.
The values stay in the browser as they were typed and come with every event (`ui.api.Sent.settings`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from typing import Any

from agent.api import Preset
from tools.api import Limits
from ui import presets
from ui.chosen import ADAPTER
from ui.render import escape
from ui.words import html, say

Rows = Sequence[Mapping[str, Any]]


def drawer(models: Rows, choices: Mapping[str, Any], default: str, limits: Limits,
           own_presets: Sequence[Preset] = ()) -> str:
    """The whole drawer. `models` as `StudioProtocol.models` lists them, `choices` as `StudioProtocol.choices`."""
    names = [str(row["name"]) for row in models if row.get("installed")]
    shown = [name for name in dict.fromkeys([default, *names]) if name in choices["models"]]
    own = "".join(_own(name, choices["models"][name]) for name in shown)
    budget = (_number("images", html("Pictures in a turn, at most"), limits.images, 1, 100, 1)
              + _number("seconds", html("Seconds for a turn, at most"), f"{limits.seconds:g}", 1, 86_400, 1))
    seed = _number("seed", html("Seed"), say("a new one each turn"), 0, 2**63 - 1, 1)
    grey = html("Grey is what the model or the studio does by itself; empty a field to go back to it.")
    return (f'<dialog class="mq-dialog mq-drawer" data-dialog="settings" aria-label="{html("Settings")}"><header>'
            f'<h2>{html("Settings")}</h2><button type="button" data-unset>{html("Reset all")}</button>'
            f'<button type="button" data-close aria-label="{html("Close")}">×</button></header>'
            f'{_picker(html("Model"), "data-pick-model", _models(models, default))}'
            f'{_picker(html("Planner"), "data-setting=planner", _planners(choices["planners"]))}'
            f'{presets.chips({name: choices["models"][name] for name in shown}, own_presets)}{own}'
            f'<fieldset><legend>{html("Every picture")}</legend>{seed}</fieldset>'
            f'<fieldset><legend>{html("Budget")}</legend>{budget}</fieldset>'
            f"<p><small>{grey}</small></p></dialog>")


def _picker(label: str, name: str, options: str) -> str:
    """A field with a list; `label` and `options` are HTML."""
    return f'<label class="mq-set"><span>{label}</span><select {name}>{options}</select></label>'


def _models(models: Rows, default: str) -> str:
    rows = sorted(models, key=lambda row: not (row.get("installed") and row.get("fits", True)))
    listed = [(str(row["name"]), needs(row)) for row in rows]
    listed = listed if default in dict(listed) else [(default, ""), *listed]
    return "".join(f'<option value="{escape(name)}"{" disabled" if why else ""}>'
                   f"{escape(name)}{' (' + escape(why) + ')' if why else ''}</option>" for name, why in listed)


def needs(row: Mapping[str, Any]) -> str:
    """What is missing before a model can be used, or nothing."""
    memory = say("needs about {gigabytes} GB of memory", gigabytes=f"{float(row.get('memory') or 0):.0f}")
    missing = [say("its weights are not on this machine")] if not row.get("installed") else []
    return "; ".join([*missing, *([memory] if not row.get("fits", True) else [])])


def _planners(planners: Rows) -> str:
    named = [("" if row["name"] == "auto" else escape(str(row["name"])), row) for row in planners]
    return "".join(f'<option value="{name}"{"" if row["available"] else " disabled"}>{escape(str(row["label"]))}'
                   "</option>" for name, row in named)


def _own(name: str, own: Mapping[str, Any]) -> str:
    """What can be set of one model; shown while that one is picked."""
    takes = own["takes"]
    fields = [_sizes(own["sizes"])]
    if "steps" in takes:
        fields.append(_number("steps", html("Steps"), own["steps"] or say("the model's own"), 1, 1000, 1))
    if "guidance" in takes:
        usual = say("the model's own") if own["guidance"] is None else own["guidance"]
        fields.append(_number("guidance", html("Guidance"), usual, 0, 100, "any"))
    if "negative" in takes:
        fields.append(f'<label class="mq-set"><span>{html("Negative prompt")}</span><input type="text" '
                      'data-setting="negative" maxlength="2000" '
                      f'placeholder="{html("what must not be there")}"></label>')
    return (f'<fieldset data-for="{escape(name)}" hidden><legend>{escape(name)}</legend>{"".join(fields)}'
            f'{_adapters(own.get("adapters", ()))}</fieldset>')


def _adapters(names: Sequence[str]) -> str:
    """How much of each adapter is laid over the model: nothing, unless a number is set."""
    fields = "".join(_number(escape(ADAPTER + name), escape(name), say("off"), -4, 4, "any") for name in names)
    title = html("Adapters")
    return f'<div role="group" aria-label="{title}"><h3>{title}</h3>{fields}</div>' if names else ""


def _sizes(sizes: Sequence[Sequence[int]]) -> str:
    """The model's sizes with their aspects; its own first, which is what is drawn where nothing is set."""
    first = _size(*sizes[0]) if sizes else html("the model's own")
    options = "".join(f'<option value="{w}x{h}">{_size(w, h)}</option>' for w, h in sizes[1:])
    return (f'<label class="mq-set"><span>{html("Size")}</span><select data-setting="size">'
            f'<option value="">{first}</option>{options}</select></label>')


def _size(width: int, height: int) -> str:
    return f"{_aspect(width, height)} · {width} × {height}"


ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))


def _aspect(width: int, height: int) -> str:
    """`4:3` also for 1184 x 880, which is as near as the model comes."""
    nearest = min(ASPECTS, key=lambda one: abs(one[0] / one[1] - width / height))
    if abs(nearest[0] / nearest[1] - width / height) > 0.05:
        common = gcd(width, height)
        nearest = (width // common, height // common)
    return f"{nearest[0]}:{nearest[1]}"


def _number(name: str, label: str, own: Any, least: int, most: int, step: int | str) -> str:
    """A field; `label` is HTML."""
    return (f'<label class="mq-set"><span>{label}</span><input type="number" inputmode="decimal" data-setting="{name}" '
            f'min="{least}" max="{most}" step="{step}" placeholder="{escape(str(own))}">'
            f'<button type="button" data-clear="{name}" aria-label="{html("Reset: {setting}", setting=label)}">↺'
            "</button></label>")
