"""The bar at the top as HTML: sessions, models, the ways to gallery, settings and help. Pure functions, no Gradio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from ui.drawer import needs
from ui.render import escape
from ui.words import html, html_many, say


def topbar(sessions: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]], session: str | None,
           default: str, own: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> str:
    """The whole bar. `models` as `StudioProtocol.models` lists them, `default` the model used unless one is picked,
    `own` what `StudioProtocol.choices` says of each."""
    took = {name: one["seconds"] for name, one in own.items() if one.get("seconds") is not None}
    here = {str(row["name"]) for row in models if row.get("installed")}
    takes = {name: one["roles"] for name, one in own.items() if name in here and one.get("roles")}
    return (f'<header class="mq-top"><a class="mq-brand" href="?" aria-label="{html("Maquette, new session")}">'
            f'{mark()}<span>Maquette</span></a><nav aria-label="{html("Studio")}" '
            f'data-took="{escape(json.dumps(took))}" data-roles="{escape(json.dumps(takes), 20_000)}">'
            f'{session_menu(sessions, session)}{model_menu(models, default)}'
            f'{_button("data-view=gallery", html("Gallery"), "gallery")}'
            f'{_button("data-view=evaluation", html("Evaluation"), "chart")}'
            f'{_button("data-open=settings", html("Settings"), "sliders")}'
            f'{_button("data-open=keys", html("Help and keys"), "help")}{_theme()}</nav></header>')


ICONS = {
    "gallery": "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
    "chart": "M4 20h16M7 16v-5M12 16V6M17 16v-8",
    "sliders": "M4 8h9m4 0h3M4 16h3m4 0h9M13 6v4M17 6v4M13 6h4M13 10h4M7 14v4M11 14v4M7 14h4M7 18h4",
    "help": "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5",
}


def _button(does: str, label: str, icon: str) -> str:
    return (f'<button type="button" class="mq-icon-button" {does} aria-label="{label}" title="{label}">'
            f'<svg viewBox="0 0 24 24" class="mq-icon" aria-hidden="true"><path d="{ICONS[icon]}"/></svg></button>')


def _menu(name: str, label: str, body: str) -> str:
    return (f'<details class="mq-menu mq-{name}" name="mq-menu"><summary>{label}</summary>'
            f'<div class="mq-pop">{body}</div></details>')


def session_menu(sessions: Sequence[Mapping[str, Any]], session: str | None) -> str:
    """Links, newest first, so that they open in a new tab as well."""
    here = next((row for row in sessions if row["session"] == session), None)
    rows = "".join(_session(row, row["session"] == session) for row in sessions[:40])
    new = f'<a class="mq-new" href="?">{html("New session")}</a>'
    body = f"{new}<ul>{rows}</ul>" if rows else new
    title = escape(_title(here), 60) if here else html("New session")
    return _menu("sessions", f'<span class="mq-cap">{html("Session")}</span><span class="mq-val">{title}</span>', body)


def _title(row: Mapping[str, Any]) -> str:
    return str(row.get("title") or say("untitled"))


def _session(row: Mapping[str, Any], here: bool) -> str:
    count = int(row.get("pictures") or 0)
    amount = html_many("{count} picture", "{count} pictures", count)
    now = ' aria-current="page"' if here else ""
    return (f'<li><a href="?session={quote(str(row["session"]), safe="")}"{now}>'
            f"<span>{escape(_title(row), 80)}</span><small>{amount}</small></a></li>")


def model_menu(models: Sequence[Mapping[str, Any]], default: str) -> str:
    """Installed models can be picked; the others say what they would need."""
    rows = sorted(models, key=lambda row: not row.get("installed"))
    body = "".join(_model(row) for row in rows) or f'<p>{html("No models were found.")}</p>'
    label = f'<span class="mq-cap">{html("Model")}</span><span class="mq-val mq-model-name">{escape(default)}</span>'
    group = f'<ul role="radiogroup" aria-label="{html("Model")}" data-default="{escape(default)}">{body}</ul>'
    return _menu("models", label, group)


def usual_model(models: Sequence[Mapping[str, Any]], wanted: str) -> str:
    """The model that is used unless one is picked: `wanted` by name, or the first usable one of that family."""
    usable = [row for row in models if row.get("installed")]
    names = [str(row["name"]) for row in usable if wanted in (row["name"], row.get("family"))]
    return wanted if wanted in names else next(iter(names), wanted)


def _model(row: Mapping[str, Any]) -> str:
    name, can = escape(str(row["name"])), ", ".join(str(word) for word in row.get("capabilities", ()))
    why = escape(needs(row))
    off = " disabled" if why else ""
    return (f'<li><button type="button" role="radio" aria-checked="false" data-model="{name}"{off}><span>{name}</span>'
            f"<small>{escape(can)}</small><small>{why or escape(_size(row))}</small></button></li>")


def _size(row: Mapping[str, Any]) -> str:
    sizes = ", ".join("×".join(str(int(side)) for side in size) for size in list(row.get("sizes") or ())[:3])
    return " · ".join(filter(None, [str(row.get("family", "")), sizes]))


def _theme() -> str:
    return (f'<button type="button" class="mq-theme" data-theme-switch aria-label="{html("Light or dark")}">'
            '<svg viewBox="0 0 24 24" class="mq-icon" aria-hidden="true"><circle cx="12" cy="12" r="8"/>'
            '<path d="M12 4a8 8 0 0 1 0 16z" class="mq-fill"/></svg></button>')


def mark() -> str:
    """The logo: a small block of clay on a stand."""
    return ('<svg viewBox="0 0 32 32" class="mq-logo" aria-hidden="true"><path d="M8 25h16v3H8z"/>'
            '<path d="M15 20h2v5h-2z"/><path class="mq-clay" d="M9 20V9l5 4 2-3 2 3 5-4v11z"/></svg>')
