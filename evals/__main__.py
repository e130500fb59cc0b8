"""python -m evals list | fetch | run | score | report | compare | export | summary | card

    python -m evals run world-generate --arms single,best-of-4,agent --limit 60 --out runs/a
    python -m evals run runs/a              goes on where it was, whatever ended it
    python -m evals score runs/a            scores again without drawing
    python -m evals report runs/a           report.html and report.json
    python -m evals compare runs/a runs/b
    python -m evals fetch geneval           downloads a published benchmark's file, checked by its hash
    python -m evals export runs/g --out results.jsonl && python -m evals summary results.jsonl
                                            GenEval's own results file, and its own summary of one
    python -m evals card runs/a             writes the numbers into the pack's metrics and card, and the README
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from evals import commands
from evals.api import EvalError


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m evals", description="Measures the studio: score and cost.")
    verbs = root.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="the suites, arms and scorers there are")
    fetch = verbs.add_parser("fetch", help="download a published benchmark's file")
    fetch.add_argument("suite", help="its name, as in list")
    run = verbs.add_parser("run", help="make samples, score and report; on a run folder: go on with it")
    run.add_argument("what", help="a suite, or a run folder")
    run.add_argument("--generators", help="names, families or folders, with commas (default: the suite's)")
    run.add_argument("--arms", help="with commas, as in list (default: single,agent)")
    run.add_argument("--limit", type=_positive, help="so many items, taken from all kinds in turn")
    run.add_argument("--samples", type=_positive, default=1, help="so many seeds for each item")
    run.add_argument("--out", type=Path, help="the run folder (default: runs/ and the suite's name)")
    run.add_argument("--planner", default="embedded", help="as in app.py")
    run.add_argument("--budget-images", type=_positive, help="pictures for one item at most")
    run.add_argument("--budget-seconds", type=_positive, help="seconds for one item at most")
    score = verbs.add_parser("score", help="score the finished samples of a run, without drawing")
    score.add_argument("run", type=Path)
    score.add_argument("--scorer", help="default: the suite's own")
    score.add_argument("--again", action="store_true", help="also what is scored already")
    report = verbs.add_parser("report", help="write report.html and report.json of a run")
    report.add_argument("run", type=Path)
    report.add_argument("--scorer", help="default: the suite's own")
    report.add_argument("--out", type=Path, help="another folder for the two files")
    report.add_argument("--pictures", type=_positive, default=24, help="so many prompts with their pictures")
    compare = verbs.add_parser("compare", help="two runs, item by item")
    compare.add_argument("a", type=Path)
    compare.add_argument("b", type=Path)
    export = verbs.add_parser("export", help="write a run of geneval as GenEval's own results file")
    export.add_argument("run", type=Path)
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--generator", help="where the run has several")
    export.add_argument("--arm", help="where the run has several")
    summary = verbs.add_parser("summary", help="what GenEval's repository prints of a results file")
    summary.add_argument("file", type=Path)
    card = verbs.add_parser("card", help="write a run's numbers into the pack's metrics, its card and the README")
    card.add_argument("run", type=Path, help="a run folder, or a folder that holds a report.json")
    return root


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 when something went wrong, 2 on wrong usage."""
    given = parser().parse_args(arguments)
    try:
        commands.VERBS[given.verb](given)
    except EvalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; what is finished is kept, and the same command goes on.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
