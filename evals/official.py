"""GenEval's results file and the summary that its repository prints of one (`summary_scores.py`), to the last digit.

A line holds filename, tag, prompt, correct, reason, and as JSON text metadata and details, so that files made here can
be read by its scripts and files made by its scripts can be summed up here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from evals.api import EvalError, Sample
from evals.reading import json_lines

SCORER = "geneval"
NEEDED = ("tag", "correct", "metadata")


def rows(samples: Iterable[Sample], pictures: Path) -> list[dict[str, Any]]:
    """The lines of the samples scored by GenEval's rule, in the order of the items.

    In `details` a detection is x0, y0, x1, y1 in fractions of the picture, and its confidence.
    """
    ready = sorted((s for s in samples if SCORER in s.scores), key=lambda s: (s.item.id, s.seed))
    return [_row(sample, pictures) for sample in ready]


def _row(sample: Sample, pictures: Path) -> dict[str, Any]:
    score = sample.scores[SCORER]
    details: dict[str, list[list[float]]] = {}
    for mark in score.marks:
        details.setdefault(mark.label, []).append([*mark.box, mark.confidence])
    return {"filename": str(pictures / sample.picture) if sample.picture else "", "tag": sample.item.tag,
            "prompt": sample.item.turns[-1], "correct": score.value == 1, "reason": score.note.replace("; ", "\n"),
            "metadata": json.dumps(sample.item.truth), "details": json.dumps(details)}


def read(file: Path) -> list[dict[str, Any]]:
    """A results file. Raises `EvalError` naming the line that is none."""
    found = json_lines(file)
    if not found:
        raise EvalError(f"{file} holds no results.")
    for number, row in enumerate(found, 1):
        if missing := [name for name in NEEDED if name not in row]:
            raise EvalError(f"{file}, line {number}, has no {', '.join(missing)}: no GenEval results file.")
    return found


def summary(results: Sequence[dict[str, Any]]) -> str:
    """What `summary_scores.py` prints: tags in order of first appearance, overall the mean of their means."""
    prompts: dict[str, bool] = {}
    tags: dict[str, list[bool]] = {}
    for row in results:
        prompts[row["metadata"]] = prompts.get(row["metadata"], False) or row["correct"]
        tags.setdefault(row["tag"], []).append(row["correct"])
    lines = ["Summary", "=======", f"Total images: {len(results)}", f"Total prompts: {len(prompts)}",
             f"% correct images: {fmean(row['correct'] for row in results):.2%}",
             f"% correct prompts: {fmean(prompts.values()):.2%}", "", "Task breakdown", "=============="]
    lines += [f"{tag:<16} = {fmean(values):.2%} ({sum(values)} / {len(values)})" for tag, values in tags.items()]
    overall = fmean(fmean(values) for values in tags.values())
    return "\n".join([*lines, "", f"Overall score (avg. over tasks): {overall:.5f}"])
