"""A report as one HTML file that opens from disk: tables, score against cost, and the pictures, failures first.

Everything that came from a model or a data file is escaped; nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from evals import report as numbers
from evals.api import Mark, Sample

THUMB = 112
STAGES = ("planning", "loading", "encoding", "drawing", "critique", "other", "total")
HUES = ("#2f6f9f", "#b3542e", "#4a7f3c", "#7b4fa0", "#8a6d1f", "#a03a63")

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2e7d4f; --bad: #b3402e }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, th.left, td.left { text-align: left }
.wide { overflow-x: auto } .quiet { opacity: .65 } .good { color: var(--good) } .bad { color: var(--bad) }
.items { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)) }
.item { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem }
.item p { margin: 0 0 .4rem } .shots { display: flex; flex-wrap: wrap; gap: .6rem }
figure { margin: 0; width: 7rem } figcaption { font-size: .75rem; line-height: 1.25; overflow-wrap: anywhere }
.frame { position: relative; width: 7rem; height: 7rem; background: var(--soft) }
.frame img, .frame svg { position: absolute; inset: 0; width: 100%; height: 100% }
.frame svg { opacity: 0 } .frame:hover svg, .frame:focus svg { opacity: 1 }
"""

SCRIPT = """
const tag = document.getElementById("tag"), failed = document.getElementById("failed");
function filter() {
  for (const item of document.querySelectorAll(".item"))
    item.hidden = (tag.value && item.dataset.tag !== tag.value) || (failed.checked && item.dataset.failed !== "yes");
}
tag.onchange = failed.onchange = filter;
"""


def render(report: Mapping[str, Any], samples: Sequence[Sample], pictures: Path, most: int = 24) -> str:
    """The page, with the pictures of at most `most` items."""
    name = report["scorer"]["name"]
    parts = [f"<h1>{escape(report['suite'])}</h1>", _facts(report), "<h2>Score and cost</h2>", _rows(report["rows"]),
             _chart(report["rows"]), "<h2>Where the time goes</h2>", _stages(report["rows"]),
             _people(report.get("people", ())), _sets(report.get("sets", ())), _questions(report.get("questions", ())),
             "<h2>Differences, item by item</h2>", _differences(report),
             "<h2>By kind of prompt</h2>", _tags(report["rows"]), "<h2>What failed</h2>", _parts(report["rows"]),
             _kinds(report["rows"]),
             "<h2>Pictures, failures first</h2>", _items(samples, name, pictures, most)]
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>{escape(report['suite'])}: report</title><style>{STYLE}</style>"
            f"<body>{''.join(parts)}<script>{SCRIPT}</script></body></html>\n")


def _cards(machine: Mapping[str, Any]) -> str:
    return "".join(f", a card of {gb} GB" for gb in machine.get("cards_gb", ()))


def _facts(report: Mapping[str, Any]) -> str:
    machine, scorer = report["machine"], report["scorer"]
    revisions = ", ".join(f"{name} ({revision[:12]})" for name, revision in report["revisions"].items())
    lines = [f"{report['items']} prompts, {report['samples']} samples; suite version {report['suite_version']}.",
             f"Scored by “{scorer['name']}” version {scorer['version']}: {scorer['purpose']}.",
             f"Models: {revisions}.",
             f"Measured on {machine.get('cores')} cores, {machine.get('memory_gb')} GB, {machine.get('system')}, "
             f"torch {machine.get('torch')}{_cards(machine)}; begun {report['started']}."]
    if report.get("workers", 1) > 1:
        lines.append(f"{report['workers']} studios drew at a time, on a card each where there are as many; the memory "
                     "is that of all of them.")
    if not scorer.get("verified", True):
        lines.append("This scorer has not been held against published numbers yet.")
    if report["unscored"]:
        lines.append(f"{report['unscored']} further samples are not scored yet.")
    if accuracy := report["eyes"].get("summary"):
        lines.append(f"The judge itself, on rendered scenes: {accuracy}.")
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    head = ("model", "arm", "score", "95% interval", "plain mean", "pictures", "seconds", "half within",
            "95% within", "of it drawing", "planner calls", "tokens", "memory, MB")
    return table(head, (_cells(row) for row in rows), left=2)


def _cells(row: Mapping[str, Any]) -> list[str]:
    cost, seconds, latency = row["cost"], row["cost"]["seconds"], row["cost"]["latency"]
    return [row["generator"], row["arm"] + (" (derived)" if row["derived"] else ""), _percent(row["score"]),
            _span(row["interval"]), _percent(row["mean"]), f"{cost['images']:.2f}", f"{seconds.get('total', 0):.2f}",
            f"{latency['p50']:.2f}", f"{latency['p95']:.2f}", f"{seconds.get('drawing', 0):.2f}",
            f"{cost['planner_calls']:.2f}", f"{cost['tokens']:.0f}", f"{cost['peak_mb']:.0f}"]


def _stages(rows: Sequence[Mapping[str, Any]]) -> str:
    """Seconds for one item by part, of the arms that were really run."""
    own = [row for row in rows if not row["derived"]]
    names = [name for name in STAGES if any(name in row["cost"]["seconds"] for row in own)]
    body = ([row["generator"], row["arm"], *(f"{row['cost']['seconds'].get(name, 0):.3f}" for name in names)]
            for row in own)
    return table(("model", "arm", *names), body, left=2)


def _people(rows: Sequence[Mapping[str, Any]]) -> str:
    """What people preferred, without knowing which was which, as strengths of Bradley and Terry."""
    if not rows:
        return ""
    body = ([row["generator"], row["arm"], f"{row['strength']:+.2f}", "{:+.2f} to {:+.2f}".format(*row["interval"]),
             _percent(row["won"]), str(row["votes"])] for row in rows)
    note = ("<p class=quiet>From blind votes between two pictures. Strengths are logarithmic, with mean 0: one more "
            "means preferred in 73% of their meetings.</p>")
    head = ("model", "arm", "strength", "95% interval", "won", "votes")
    return f"<h2>What people preferred</h2>{note}{table(head, body, left=2)}"


def _sets(rows: Sequence[Mapping[str, Any]]) -> str:
    """How far an arm's pictures are, as a set, from other ones."""
    if not rows:
        return ""
    body = ([row["generator"], row["arm"], row["against"], row["features"], row["kind"], f"{row['value']:.4f}",
             str(row["pictures"]), str(row["of"])] for row in rows)
    note = ("<p class=quiet>Less is better. FID is too high where the pictures are few; numbers compare only with "
            "those of the same features, folder and number of pictures.</p>")
    head = ("model", "arm", "against", "features of", "distance", "value", "pictures", "against how many")
    return f"<h2>As sets of pictures</h2>{note}{table(head, body, left=5)}"


def _questions(rows: Sequence[Mapping[str, Any]]) -> str:
    """How often which requests were asked about, and what it was worth."""
    if not rows:
        return ""
    body = ([row["generator"], row["arm"], _share(row["asks_ambiguous"]), _share(row["asks_clear"]),
             f"{row['asked']:.2f}", f"{row['idle']:.2f}", _gain(row["gain"])] for row in rows)
    head = ("model", "arm", "asked about ambiguous ones", "about clear ones", "questions an item",
            "of them without matter", "against guessing")
    return f"<h2>Questions</h2>{table(head, body, left=2)}"


def _share(found: Mapping[str, Any]) -> str:
    return f"{_percent(found['share'])} ({_span(found['interval'])})" if found["n"] else "–"


def _gain(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "–"
    low, high = found["interval"]
    a, b = found["images"]
    return f"{found['difference']:+.3f} ({low:+.3f} to {high:+.3f}), {a:.2f} pictures against {b:.2f}"


def _differences(report: Mapping[str, Any]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in numbers.sentences(dict(report))) + "</ul>"


def _tags(rows: Sequence[Mapping[str, Any]]) -> str:
    tags = sorted({tag for row in rows for tag in row["tags"]})
    body = ([row["generator"], row["arm"], *(_tag(row["tags"].get(tag)) for tag in tags)] for row in rows)
    return table(("model", "arm", *tags), body, left=2)


def _tag(found: Mapping[str, Any] | None) -> str:
    return f"{_percent(found['score'])} ({_span(found['interval'])})" if found else "–"


def _parts(rows: Sequence[Mapping[str, Any]]) -> str:
    own = [row for row in rows if row["parts"]]
    names = sorted({name for row in own for name in row["parts"]})
    body = ([row["generator"], row["arm"], *(_percent(row["parts"].get(name)) for name in names),
             ", ".join(f"{count} {status}" for status, count in sorted(row["statuses"].items()))] for row in own)
    note = "<p class=quiet>Share of the lines of each kind that hold, where a prompt has such a line.</p>"
    return note + table(("model", "arm", *names, "how turns ended"), body, left=2)


def _kinds(rows: Sequence[Mapping[str, Any]]) -> str:
    """By kind of prompt which part fails; of the arms that were really run."""
    own = [row for row in rows if row["parts"] and row.get("kinds")]
    names = sorted({name for row in own for name in row["parts"]})
    if not names:
        return ""
    body = ([row["generator"], row["arm"], tag, numbers.weakest(parts) or "–",
             *(_percent(parts.get(name)) for name in names)]
            for row in own for tag, parts in row["kinds"].items())
    return "<h2>What failed, by kind of prompt</h2>" + table(
        ("model", "arm", "kind of prompt", "fails most by", *names), body, left=4)


def table(head: Sequence[str], body: Iterable[Sequence[str]], left: int = 1) -> str:
    """As HTML, everything escaped; the first `left` columns are words."""

    def row(cells: Sequence[str], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}{' class=left' if i < left else ''}>{escape(cell)}</{kind}>"
                                for i, cell in enumerate(cells)) + "</tr>"

    return f"<div class=wide><table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in body)}</table></div>"


WIDTH, HEIGHT, EDGE = 640, 260, 44


def _chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """Score against seconds for one item, with its interval as a whisker; derived arms are hollow."""
    most = max((_seconds(row) for row in rows), default=0) * 1.2 or 1.0
    hues = {g: HUES[i % len(HUES)] for i, g in enumerate(dict.fromkeys(row["generator"] for row in rows))}
    ordered = sorted(rows, key=lambda row: -row["score"])
    taken: list[tuple[float, float]] = []
    dots = "".join(_dot(row, hues[row["generator"]], most, taken) for row in ordered)
    shares = (0, 0.25, 0.5, 0.75, 1)
    grid = "".join(line(EDGE, WIDTH - EDGE, _y(v), _y(v), "currentColor", 0.15) for v in shares)
    grid += "".join(text(EDGE - 6, _y(v) + 4, f"{v:.0%}", "end") for v in shares)
    ticks = "".join(text(_x(most * k / 4, most), HEIGHT - EDGE + 18, f"{most * k / 4:.1f} s", "middle")
                    for k in range(5))
    return (f'<div class=wide><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
            f'aria-label="score against seconds for one item">{grid}{ticks}{dots}</svg></div>')


def _dot(row: Mapping[str, Any], hue: str, most: float, taken: list[tuple[float, float]]) -> str:
    """One arm; its name goes past those that are in the way, away from the nearer edge."""
    x, y = _x(_seconds(row), most), _y(row["score"])
    low, high = (_y(v) for v in row["interval"])
    name = y + 4
    while any(abs(x - other) < 110 and abs(name - height) < 13 for other, height in taken):
        name += 13 if row["score"] > 0.5 else -13
    taken.append((x, name))
    fill = "none" if row["derived"] else hue
    return (line(x, x, low, high, hue, 0.5) + f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{hue}"/>'
            + text(x + 9, name, row["arm"], "start"))


def _seconds(row: Mapping[str, Any]) -> float:
    return float(row["cost"]["seconds"].get("total", 0.0))


def _x(seconds: float, most: float) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * seconds / most


def _y(score: float) -> float:
    return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * score


def line(x1: float, x2: float, y1: float, y2: float, hue: str, opacity: float) -> str:
    return (f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="{hue}" '
            f'opacity="{opacity}"/>')


def text(x: float, y: float, words: str, anchor: str, hue: str = "currentColor") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" fill="{hue}">'
            f"{escape(words)}</text>")


def _items(samples: Sequence[Sample], scorer: str, pictures: Path, most: int) -> str:
    by_item: dict[str, list[Sample]] = {}
    for sample in samples:
        by_item.setdefault(sample.item.id, []).append(sample)
    worst = sorted(by_item.values(), key=lambda group: (_mean(group, scorer), group[0].item.id))
    shown = spread(worst, most)
    tags = sorted({group[0].item.tag for group in shown})
    choice = "<option value=''>all" + "".join(f"<option>{escape(tag)}</option>" for tag in tags)
    head = (f"<p>{len(shown)} of {len(by_item)} prompts. <label>Kind <select id=tag>{choice}</select></label> "
            "<label><input type=checkbox id=failed> failed only</label>. "
            "Point at a picture to see what the judge saw.</p>")
    return head + "<div class=items>" + "".join(_item(group, scorer, pictures) for group in shown) + "</div>"


def spread(groups: Sequence[Any], most: int) -> list[Any]:
    """At most so many of a list, the first and the last and evenly between, so that successes are shown too."""
    if len(groups) <= most:
        return list(groups)
    worst = groups[: most * 2 // 3]
    rest, number = groups[len(worst) :], most - len(worst)
    return [*worst, *(rest[i * len(rest) // number] for i in range(number))]


def _mean(group: Sequence[Sample], scorer: str) -> float:
    values = [s.scores[scorer].value for s in group if scorer in s.scores]
    return sum(values) / len(values) if values else 0.0


def _item(group: Sequence[Sample], scorer: str, pictures: Path) -> str:
    first = group[0].item
    failed = "yes" if _mean(group, scorer) < 1 else "no"
    shots = "".join(_shot(sample, scorer, pictures) for sample in group)
    said = " ▸ ".join(first.turns)
    return (f'<div class=item data-tag="{escape(first.tag)}" data-failed={failed}><p>{escape(said)} '
            f"<span class=quiet>{escape(first.tag)}</span></p><div class=shots>{shots}</div></div>")


def _shot(sample: Sample, scorer: str, pictures: Path) -> str:
    score = sample.scores.get(scorer)
    value = "not scored" if score is None else f"{score.value:.0%}"
    kind = "good" if score and score.value == 1 else "bad"
    words = "; ".join(part for part in (score.note if score else "", sample.error) if part)
    image = f'<img alt="" src="{thumbnail(pictures / sample.picture)}">' if sample.picture else ""
    marks = _marks(score.marks) if score else ""
    several = f"{sample.generator}, " if sample.generator else ""
    if sample.plan is not None:
        words = "; ".join([f"{sample.plan.get('tool')} {sample.plan.get('arguments')}", words])
    frame = f"<div class=frame tabindex=0>{image}{marks}</div>" if sample.plan is None else ""
    return (f"<figure>{frame}<figcaption>{escape(several + sample.arm)} "
            f"<b class={kind}>{value}</b> {sample.cost.seconds.get('total', 0):.1f} s<br>{escape(words)}</figcaption>"
            "</figure>")


def _marks(marks: Sequence[Mark]) -> str:
    def one(mark: Mark) -> str:
        b = mark.box
        return (f'<rect x="{b.x0:.3f}" y="{b.y0:.3f}" width="{b.width:.3f}" height="{b.height:.3f}" fill="none" '
                f'stroke="#fff" stroke-width=".012"/><text x="{b.x0:.3f}" y="{max(0.08, b.y0):.3f}" font-size=".08" '
                f'fill="#fff" stroke="#000" stroke-width=".004">{escape(mark.label)} {mark.confidence:.2f}</text>')

    return f'<svg viewBox="0 0 1 1" preserveAspectRatio="none">{"".join(one(m) for m in marks)}</svg>'


def thumbnail(path: Path) -> str:
    """A small copy as a data address; empty where the file is gone."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError:
        return ""
    image.thumbnail((THUMB, THUMB))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _span(interval: Sequence[float]) -> str:
    return f"{interval[0]:.0%} to {interval[1]:.0%}"
