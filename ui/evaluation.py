"""The evaluations as HTML: a form to begin one, and every run with its progress, scores and report. No Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ui.render import escape
from ui.runs import MOST, Offers, Run

PURPOSE = ("What the studio is worth, in numbers: the same prompts through a model alone and through the whole studio, "
           "scored by a judge that the studio never uses.")
FIELDS = ("suite", "generators", "arms", "limit")


def page(runs: Sequence[Run], offers: Offers, models: Sequence[str], said: str = "") -> str:
    """The whole tab. `models` are the installed ones, `said` a sentence about what was just asked for."""
    note = f'<p class="mq-note" role="alert"><span>{escape(said)}</span></p>' if said else ""
    listed = "".join(_run(run) for run in runs) or '<li class="mq-none">Nothing was evaluated here yet.</li>'
    live = ' data-running="yes"' if any(run.running for run in runs) else ""
    return (f'<section class="mq-evaluation" aria-label="Evaluation"{live}><h2>Evaluation</h2><p>{PURPOSE}</p>'
            f'{_form(offers, models)}{note}<ul aria-label="Runs, newest first">{listed}</ul></section>')


def _form(offers: Offers, models: Sequence[str]) -> str:
    if not offers.suites:
        return '<p class="mq-note">Evaluations cannot be started here.</p>'
    suites = "".join(f'<option value="{escape(name)}" title="{escape(purpose)}">{escape(name)}</option>'
                     for name, purpose in offers.suites.items())
    known = "".join(f'<option value="{escape(name)}"></option>' for name in models)
    return ('<div class="mq-begin" role="group" aria-label="Begin an evaluation"><label>Suite<select data-run="suite">'
            f'{suites}</select></label><label>Generators<input data-run="generators" list="mq-models" maxlength="300" '
            f'placeholder="the suite’s own"></label><datalist id="mq-models">{known}</datalist><label>Arms<input '
            f'data-run="arms" maxlength="200" placeholder="single, agent" title="{escape(", ".join(offers.arms))}">'
            f'</label><label>Items at most<input data-run="limit" type="number" min="1" max="{MOST}" placeholder="all">'
            '</label><button type="button" data-begin-run class="mq-primary">Begin</button>'
            "<p data-purpose></p></div>")


def _run(run: Run) -> str:
    limit = f"{run.limit} items" if run.limit else ""
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
    words = f"{run.done} of {run.everything} · {run.last}" if run.everything else run.last or "starting"
    return f'<progress aria-label="Progress of {escape(run.suite)}"{how_far}></progress><p>{escape(words)}</p>'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Score with its interval, pictures and seconds, a line for each model and arm."""
    if not rows:
        return ""
    lines = "".join(_line(row) for row in rows if not row.get("derived"))
    return ("<table><thead><tr><th>model</th><th>arm</th><th>score</th><th>95% interval</th><th>n</th></tr></thead>"
            f"<tbody>{lines}</tbody></table>")


def _line(row: Mapping[str, Any]) -> str:
    low, high = [*(row.get("interval") or ()), None, None][:2]
    cells = [row.get("generator"), row.get("arm"), _number(row.get("score")), f"{_number(low)} to {_number(high)}",
             row.get("n")]
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "–"


def _acts(run: Run) -> str:
    name = escape(run.name)
    where = f"runs/{quote(run.name, safe='')}/report.html"
    report = f'<a href="{where}" target="_blank" rel="noopener">Open the report</a>' if run.has_report else ""
    if run.running:
        return f'{report}<button type="button" data-act="unevaluate" data-id="{name}">Stop</button>'
    unfinished = run.everything is None or run.done < run.everything
    more = f'<button type="button" data-act="reevaluate" data-id="{name}">Go on</button>' if unfinished else ""
    return f"{report}{more}"
