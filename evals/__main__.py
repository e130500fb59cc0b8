"""python -m evals list | fetch | run | score | report | compare | sweep | vote | judgement | routes | …

    python -m evals run world-generate --arms single,best-of-4,agent --limit 60 --out runs/a
    python -m evals run runs/a              goes on where it was, whatever ended it
    python -m evals score runs/a            scores again without drawing
    python -m evals report runs/a           report.html and report.json
    python -m evals compare runs/a runs/b
    python -m evals sweep world-generate --steps 4,8,16 --guidance 1,2,4 --limit 12 --out runs/s
                                            quality, diversity and time over settings; goes on as runs do
    python -m evals vote runs/a             a page for blind votes between two pictures, counted in the report
    python -m evals judgement runs/a runs/c runs/e --out evals/results/judgement.json
                                            what each part of the agent is worth, in one file
    python -m evals fetch geneval           downloads a published benchmark's file, checked by its hash
    python -m evals export runs/g --out results.jsonl && python -m evals summary results.jsonl
                                            GenEval's own results file, and its own summary of one
    python -m evals routes runs/a           the table by which the studio chooses models, from what was measured
    python -m evals skills learn runs/a     has recipes written for the planner from what failed; keep: if they pay
    python -m evals card runs/a             writes the numbers into the pack's metrics and card, and the README
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from evals import commands, routes, skills
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
    run.add_argument("--skills", type=Path, help="a folder of recipes for the planner; arm trial: also unmeasured ones")
    run.add_argument("--workers", type=_positive, help="so many studios at a time, decided when a run begins "
                     "(default: one on each graphics card)")
    run.add_argument("--budget-images", type=_positive, help="pictures for one item at most")
    run.add_argument("--budget-seconds", type=_positive, help="seconds for one item at most")
    score = verbs.add_parser("score", help="score the finished samples of a run, without drawing")
    score.add_argument("run", type=Path)
    score.add_argument("--scorer", help="default: the suite's own; fid or kid: an arm's pictures as a set")
    score.add_argument("--against", type=Path, help="of fid and kid: the folder of pictures to compare with")
    score.add_argument("--again", action="store_true", help="also what is scored already")
    report = verbs.add_parser("report", help="write report.html and report.json of a run")
    report.add_argument("run", type=Path)
    report.add_argument("--scorer", help="default: the suite's own")
    report.add_argument("--out", type=Path, help="another folder for the two files")
    report.add_argument("--pictures", type=_positive, default=24, help="so many prompts with their pictures")
    compare = verbs.add_parser("compare", help="two runs, item by item")
    compare.add_argument("a", type=Path)
    compare.add_argument("b", type=Path)
    sweep = verbs.add_parser("sweep", help="one prompt set with many settings; on a sweep's folder: go on with it")
    sweep.add_argument("what", nargs="?", default="world-generate", help="a suite, or the folder of a sweep")
    sweep.add_argument("--generators", help="as in run")
    sweep.add_argument("--steps", help="with commas, e.g. 4,8,16 (default: the model's own)")
    sweep.add_argument("--guidance", help="with commas, e.g. 1,2.5,5 (default: the model's own)")
    sweep.add_argument("--limit", type=_positive, help="as in run")
    sweep.add_argument("--samples", type=_positive, default=3, help="so many seeds for each item (diversity needs two)")
    sweep.add_argument("--out", type=Path, help="the folder (default: runs/sweep- and the suite's name)")
    vote = verbs.add_parser("vote", help="a page on this machine for blind votes between two pictures of a run")
    vote.add_argument("run", type=Path)
    vote.add_argument("--port", type=int, default=7861)
    vote.add_argument("--voter", default="one", help="a name, where several people vote one after another")
    judgement = verbs.add_parser("judgement", help="what the agent's judgement is worth, from several runs")
    judgement.add_argument("runs", type=Path, nargs="+")
    judgement.add_argument("--out", type=Path, required=True)
    routes.add_to(verbs)
    skills.add_to(verbs)
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
    # Being told to end is Ctrl-C, also where a shell in the background passed on that Ctrl-C is ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
