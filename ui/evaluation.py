"""The evaluations as HTML: a form to begin one, and every run with its progress, scores and report. No Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ui.render import escape
from ui.runs import MOST, Offers, Run
from ui.words import html, phrase, say, say_many

PURPOSE = phrase("What the studio is worth, in numbers: the same prompts through a model alone and through the whole "
                 "studio, scored by a judge that the studio never uses.")
ARMS = "single, agent"
"""Names, as an example of what can be typed."""
FIELDS = ("suite", "generators", "arms", "limit")


def page(runs: Sequence[Run], offers: Offers, models: Sequence[str], said: str = "") -> str:
    """The whole tab. `models` are the installed ones, `said` a sentence about what was just asked for."""
    note = f'<p class="mq-note" role="alert"><span>{escape(said)}</span></p>' if said else ""
    nothing = f'<li class="mq-none">{html("Nothing was evaluated here yet.")}</li>'
    listed = "".join(_run(run) for run in runs) or nothing
    live = ' data-running="yes"' if any(run.running for run in runs) else ""
    return (f'<section class="mq-evaluation" aria-label="{html("Evaluation")}"{live}><h2>{html("Evaluation")}</h2>'
            f'<p>{html(PURPOSE)}</p>{_form(offers, models)}{note}'
            f'<ul aria-label="{html("Runs, newest first")}">{listed}</ul></section>')


def _form(offers: Offers, models: Sequence[str]) -> str:
    if not offers.suites:
        return f'<p class="mq-note">{html("Evaluations cannot be started here.")}</p>'
    suites = "".join(f'<option value="{escape(name)}" title="{escape(purpose)}">{escape(name)}</option>'
                     for name, purpose in offers.suites.items())
    known = "".join(f'<option value="{escape(name)}"></option>' for name in models)
    return (f'<div class="mq-begin" role="group" aria-label="{html("Begin an evaluation")}"><label>{html("Suite")}'
            f'<select data-run="suite">{suites}</select></label><label>{html("Generators")}<input '
            f'data-run="generators" list="mq-models" maxlength="300" placeholder="{html("the suite’s own")}"></label>'
            f'<datalist id="mq-models">{known}</datalist><label>{html("Arms")}<input data-run="arms" maxlength="200" '
            f'placeholder="{ARMS}" title="{escape(", ".join(offers.arms))}"></label><label>'
            f'{html("Items at most")}<input data-run="limit" type="number" min="1" max="{MOST}" '
            f'placeholder="{html("all")}"></label>'
            f'<button type="button" data-begin-run class="mq-primary">{html("Begin")}</button>'
            "<p data-purpose></p></div>")


def _run(run: Run) -> str:
    limit = say_many("{count} item", "{count} items", run.limit) if run.limit else ""
    facts = " · ".join(filter(None, [", ".join(run.generators), ", ".join(run.arms), limit, _when(run.started)]))
    return (f'<li data-run-name="{escape(run.name)}"><h3>{escape(run.suite)}</h3><p><small>{escape(facts)}</small></p>'
            f'{_progress(run)}{_table(run.rows)}<div class="mq-runacts">{_acts(run)}</div></li>')


def _when(started: str) -> str:
    """`2026-11-21 17:03`; nothing while the command has not said yet."""
    return started[:16].replace("T", " ") if "T" in started else ""


def _progress(run: Run) -> str:
    if not run.running:
        return f"<p>{escape(run.last)}</p>" if run.last else ""
    how_far = f' max="{run.everything}" value="{run.done}"' if run.everything else ""
    words = (say("{done} of {everything}", done=run.done, everything=run.everything) + f" · {run.last}"
             if run.everything else run.last or say("starting"))
    label = html("Progress of {suite}", suite=escape(run.suite))
    return f'<progress aria-label="{label}"{how_far}></progress><p>{escape(words)}</p>'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Score with its interval, pictures and seconds, a line for each model and arm."""
    if not rows:
        return ""
    lines = "".join(_line(row) for row in rows if not row.get("derived"))
    names = [html("model"), html("arm"), html("score"), html("{share} interval", share="95%"), html("n")]
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _line(row: Mapping[str, Any]) -> str:
    low, high = [*(row.get("interval") or ()), None, None][:2]
    interval = say("{low} to {high}", low=_number(low), high=_number(high))
    cells = [row.get("generator"), row.get("arm"), _number(row.get("score")), interval, row.get("n")]
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "–"


def _acts(run: Run) -> str:
    name = escape(run.name)
    where = f"runs/{quote(run.name, safe='')}/report.html"
    report = (f'<a href="{where}" target="_blank" rel="noopener">{html("Open the report")}</a>' if run.has_report
              else "")
    if run.running:
        return f'{report}<button type="button" data-act="unevaluate" data-id="{name}">{html("Stop")}</button>'
    unfinished = run.everything is None or run.done < run.everything
    more = (f'<button type="button" data-act="reevaluate" data-id="{name}">{html("Go on")}</button>' if unfinished
            else "")
    return f"{report}{more}"
