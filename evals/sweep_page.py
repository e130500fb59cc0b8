"""A sweep as one HTML file that opens from disk: a table, plots over each setting, one prompt with every setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from evals import page
from evals.api import Sample

Cell = Mapping[str, Any]
MEASURES = (("score", "score"), ("diversity", "diversity"), ("seconds", "seconds of drawing"))
WIDTH, HEIGHT, EDGE, ROOM = 440, 240, 40, 110
STYLE = """
.plots { display: flex; flex-wrap: wrap; gap: 1rem } .plots figure { width: auto }
.grid td { padding: .15rem; text-align: center; border: 0 } .grid img { width: 6rem; height: auto; display: block }
"""


def render(sweep: Mapping[str, Any], samples: Sequence[Sample], pictures: Callable[[Sample], Path]) -> str:
    """`pictures` says in which folder a sample's picture lies."""
    cells = sweep["cells"]
    name = f"Sweep of {sweep['suite']}"
    parts = [f"<h1>{escape(name)}</h1>", _facts(sweep), "<h2>Every setting</h2>", _table(cells), "<h2>Plots</h2>",
             _plots(cells), "<h2>One prompt, every setting</h2>", _grids(cells, samples, pictures)]
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>{escape(name)}</title><style>{page.STYLE}{STYLE}</style><body>{''.join(parts)}</body></html>\n")


def table(cells: Sequence[Cell]) -> str:
    """The cells as Markdown."""
    head = "| model | steps | guidance | score | 95% interval | diversity | seconds |"
    rows = [f"| {' | '.join(_row(cell))} |" for cell in cells]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows]) + "\n"


def _row(cell: Cell) -> list[str]:
    low, high = cell["interval"]
    return [cell["generator"], _said(cell["steps"]), _said(cell["guidance"]), f"{cell['score']:.3f}",
            f"{low:.3f} to {high:.3f}", "–" if cell["diversity"] is None else f"{cell['diversity']:.3f}",
            f"{cell['seconds']:.2f}"]


def _said(value: float | None) -> str:
    return "its own" if value is None else f"{value:g}"


def _table(cells: Sequence[Cell]) -> str:
    head = ("model", "steps", "guidance", "score", "95% interval", "diversity", "seconds")
    return page.table(head, map(_row, cells))


def _facts(sweep: Mapping[str, Any]) -> str:
    machine, scorer = sweep["machine"], sweep["scorer"]
    lines = [f"{sweep['prompts']} prompts, {sweep['samples']} seeds each, drawn by the plain single shot; the same "
             f"seeds for every setting. Scored by “{scorer['name']}” version {scorer['version']}: {scorer['purpose']}.",
             "Diversity is the root mean square difference between thumbnails of the pictures of one prompt, 0 to 1.",
             f"Measured on {machine.get('cores')} cores, torch {machine.get('torch')}; begun {sweep['started']}."]
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _plots(cells: Sequence[Cell]) -> str:
    """Each measure over each setting that varies, a line for every model and value of the other setting."""
    drawn = [_plot(cells, axis, other, measure, f"{label} over {axis}")
             for axis, other in (("steps", "guidance"), ("guidance", "steps"))
             for measure, label in MEASURES
             if len({cell[axis] for cell in cells if cell[axis] is not None}) > 1]
    return f"<div class=plots>{''.join(drawn)}</div>" if drawn else "<p>Nothing varies.</p>"


def _plot(cells: Sequence[Cell], axis: str, other: str, measure: str, title: str) -> str:
    known = sorted((cell for cell in cells if None not in (cell[axis], cell[measure])), key=lambda cell: cell[axis])
    if not known:
        return ""
    xs = list(dict.fromkeys(cell[axis] for cell in known))
    top = 1.0 if measure == "score" else max(cell[measure] for cell in known) * 1.1 or 1.0
    lines: dict[tuple[str, Any], list[Cell]] = {}
    for cell in known:
        lines.setdefault((cell["generator"], cell[other]), []).append(cell)
    several, taken, body = len({generator for generator, _ in lines}) > 1, list[float](), _frame(xs, top)
    from_above = sorted(enumerate(lines.items()), key=lambda curve: -float(curve[1][1][-1][measure]))
    for number, ((generator, value), group) in from_above:
        points = [(_x(xs.index(cell[axis]), len(xs)), _y(cell[measure], top)) for cell in group]
        name = " ".join([*([generator] if several else []), f"{other} {_said(value)}"])
        body += _curve(points, [cell[measure] for cell in group], name, page.HUES[number % len(page.HUES)], taken)
    return (f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'role="img" aria-label="{escape(title)}">{body}</svg></figure>')


def _frame(xs: Sequence[float], top: float) -> str:
    """Lines across at 0, half and top; the setting's values below, evenly spaced."""
    grid = "".join(page.line(EDGE, WIDTH - ROOM, _y(value, top), _y(value, top), "currentColor", 0.15)
                   + page.text(EDGE - 5, _y(value, top) + 4, f"{value:.2g}", "end") for value in (0, top / 2, top))
    return grid + "".join(page.text(_x(i, len(xs)), HEIGHT - EDGE + 18, f"{x:g}", "middle") for i, x in enumerate(xs))


def _curve(points: Sequence[tuple[float, float]], values: Sequence[float], name: str, hue: str,
           taken: list[float]) -> str:
    """A line with a dot for each setting, and its name at its end."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{hue}"><title>{escape(name)}: {value:.3f}</title>'
                   "</circle>" for (x, y), value in zip(points, values, strict=True))
    label = page.text(points[-1][0] + 7, _free(points[-1][1] + 4, taken), name, "start", hue)
    return f'<polyline fill="none" stroke="{hue}" points="{path}"/>{dots}{label}'


def _x(place: int, places: int) -> float:
    return EDGE + (WIDTH - EDGE - ROOM) * place / max(1, places - 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / top


def _free(height: float, taken: list[float]) -> float:
    """A height for a name at which no other stands."""
    while any(abs(height - other) < 13 for other in taken):
        height += 13
    taken.append(height)
    return height


def _grids(cells: Sequence[Cell], samples: Sequence[Sample], pictures: Callable[[Sample], Path]) -> str:
    """For each model a table of pictures: guidance across, steps down; the first prompt and seed that all have."""
    shown = ""
    for generator in dict.fromkeys(cell["generator"] for cell in cells):
        own = [cell for cell in cells if cell["generator"] == generator]
        drawn = sorted((s for s in samples if s.generator == generator and s.picture),
                       key=lambda s: (s.item.id, s.seed))
        if not drawn:
            continue
        first = drawn[0]
        by_arm = {s.arm: s for s in drawn if (s.item.id, s.seed) == (first.item.id, first.seed)}
        across = list(dict.fromkeys(cell["guidance"] for cell in own))
        rows = "".join(
            f"<tr><td>{escape(_said(steps))} steps</td>"
            + "".join(_shot(by_arm, own, steps, guidance, pictures) for guidance in across) + "</tr>"
            for steps in dict.fromkeys(cell["steps"] for cell in own))
        head = "".join(f"<td>guidance {escape(_said(guidance))}</td>" for guidance in across)
        shown += (f"<p><b>{escape(generator)}</b>: {escape(' ▸ '.join(first.item.turns))}</p>"
                  f"<div class=wide><table class=grid><tr><td></td>{head}</tr>{rows}</table></div>")
    return shown


def _shot(by_arm: Mapping[str, Sample], cells: Sequence[Cell], steps: Any, guidance: Any,
          pictures: Callable[[Sample], Path]) -> str:
    arm = next((cell["arm"] for cell in cells if (cell["steps"], cell["guidance"]) == (steps, guidance)), "")
    sample = by_arm.get(arm)
    if sample is None or not sample.picture:
        return "<td></td>"
    return f'<td><img alt="" src="{page.thumbnail(pictures(sample) / sample.picture)}"></td>'
