"""The command `python -m evals routes RUN… --out FILE`: what runs measured, as the table that the studio routes by.

A run is a run folder or a folder that holds a `report.json`. A later run's line takes the place of an earlier one's;
the lines of a table that is there already and that no run measures again stay, so that one run of a new model adds it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent import routes
from evals.api import EvalError
from generators.files import write_atomic


def add_to(verbs: Any) -> None:
    """The command's words, added to the subparsers of `python -m evals`."""
    made = verbs.add_parser("routes", help="write the table that the studio routes by, from runs")
    made.add_argument("runs", nargs="+", type=Path, help="run folders, or folders that hold a report.json")
    made.add_argument("--out", type=Path, default=routes.PACK_TABLE, help="the table (default: the pack's)")
    made.add_argument("--afresh", action="store_true", help="without the lines that are there already")


def run(given: argparse.Namespace) -> None:
    """Raises `EvalError` for a folder without a report."""
    kept = [] if given.afresh else routes.read(given.out)
    table = routes.table([_report(folder) for folder in given.runs])
    rows = {(row["model"], row["road"], row["category"], row["planner"]): row
            for row in [*(line.model_dump(mode="json") for line in kept), *table["rows"]]}
    table["rows"] = [row for _, row in sorted(rows.items())]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(given.out, (json.dumps(table, indent=1) + "\n").encode())
    print(f"{given.out}: {len(table['rows'])} lines about {len({row['model'] for row in table['rows']})} models.")


def _report(folder: Path) -> dict[str, Any]:
    file = folder / "report.json"
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        routes.table([report])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise EvalError(f"{file} is no report that can be read; 'python -m evals report' writes one "
                        f"({type(error).__name__}).") from None
    return report
