"""Puts a report's numbers where people read them: the pack's metrics.json and card, and the README.

In Markdown the numbers stand between two comments, and only what is between them is replaced. Reports of further suites
lie in folders of their own beside the first one's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals import report as numbers
from evals.api import EvalError
from generators.files import write_atomic

ROOT = Path(__file__).resolve().parents[1]
PACK = ROOT / "generators" / "pack"
README = ROOT / "README.md"
UTTERANCES = ROOT / "evals" / "results" / "utterances.json"


def write(run: Path, pack: Path = PACK, readme: Path = README, utterances: Path = UTTERANCES) -> list[Path]:
    """Returns the files that were written. Raises `EvalError` where there is no report, or no pack."""
    report = read(run)
    metrics = pack / "metrics.json"
    if not metrics.is_file():
        raise EvalError(f"{metrics} is missing: evaluate the pack first (python -m generators.training.evaluate).")
    known = json.loads(metrics.read_text())
    others = [read(file.parent) for file in sorted(run.glob("*/report.json"))]
    evals = {**summary(report), "suites": {other["suite"]: summary(other) for other in others}}
    write_atomic(metrics, (json.dumps({**known, "evals": evals}, indent=1) + "\n").encode())
    written = [metrics]
    blocks = {"evals": f"\n{block(report)}", "suites": suites(others), "utterances": understood(utterances)}
    for file, heading in ((pack / "README.md", "## The studio with it"), (readme, "")):
        if file.is_file():
            write_atomic(file, filled(file.read_text(encoding="utf-8"), blocks, heading).encode())
            written.append(file)
    return written


def read(run: Path) -> dict[str, Any]:
    file = run / "report.json"
    try:
        return json.loads(file.read_text())
    except OSError:
        raise EvalError(f"{run} holds no report.json; run 'python -m evals report {run}' first.") from None
    except ValueError:
        raise EvalError(f"{file} cannot be read; write it again with 'python -m evals report'.") from None


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """What the metrics keep: everything that a table needs, no samples."""
    kept = ("suite", "suite_version", "scorer", "items", "samples", "started", "machine", "configuration", "revisions",
            "rows", "differences", "questions")
    return {name: report[name] for name in kept if name in report}


def block(report: dict[str, Any]) -> str:
    """The table and what follows from it, as Markdown."""
    cores = report["machine"].get("cores")
    head = (f"{report['items']} held-out prompts of the suite `{report['suite']}`, the same seeds for every arm, "
            f"scored by a judge that the studio never uses; on {cores} cores.")
    lines = [head, "", numbers.table(report)]
    lines += [f"- {sentence}." for sentence in numbers.sentences(report)]
    return "\n".join(lines) + "\n"


def suites(reports: Sequence[dict[str, Any]]) -> str:
    """One table of further suites: the agent in each, or the arms there are; nothing without a report."""
    lines = ["", "| suite | model | arm | items | score | 95% interval | pictures | seconds |", "|---" * 8 + "|"]
    for report in reports:
        rows = [row for row in report["rows"] if not row["derived"]]
        for row in [row for row in rows if row["arm"] == "agent"] or rows:
            low, high = row["interval"]
            lines.append(f"| {report['suite']} | {row['generator']} | {row['arm']} | {row['n']} | {row['score']:.3f} | "
                         f"{low:.3f} to {high:.3f} | {row['cost']['images']:.2f} | "
                         f"{row['cost']['seconds'].get('total', 0.0):.2f} |")  # fmt: skip
    return "\n".join([*lines, ""]) if reports else ""


def understood(file: Path) -> str:
    """How well the embedded planner understands sentences that were held out, in words; empty where nobody measured."""
    try:
        blind = json.loads(file.read_text())["blind"]
        tool, everything = (f"{blind[part]['share']:.1%}" for part in ("tool", "all"))
        return (f"Of {blind['lines']} sentences that were held out while it was written, and not looked at before this "
                f"was counted, it calls the right tool for {tool} and gets tool, arguments and Brief all right for "
                f"{everything}.")
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def filled(text: str, blocks: dict[str, str], heading: str = "") -> str:
    """The text with every block between its two comments. Where the text has none for the evals and a heading is given,
    they are added at its end, and those of the further suites after them."""
    if heading and _marks("evals")[0] not in text:
        text = f"{text.rstrip()}\n\n{heading}\n\n{''.join(_marks('evals'))}\n"
    if heading and blocks.get("suites") and _marks("suites")[0] not in text:
        after = _marks("evals")[1]
        text = text.replace(after, f"{after}\n\n{''.join(_marks('suites'))}", 1)
    for name, inner in blocks.items():
        begin, end = _marks(name)
        if inner and begin in text and end in text:
            head, _, rest = text.partition(begin)
            text = head + begin + inner + end + rest.partition(end)[2]
    return text


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
