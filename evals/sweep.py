"""One prompt set drawn with many settings: steps x guidance x generators, plainly, with the same seeds everywhere.

A sweep is a folder with a run for each generator, whose arms are the settings (`evals.arms.setting`): each resumes, is
scored and reports like any run. What a sweep adds is diversity: how far apart the pictures of one prompt are, here the
root mean square difference of their thumbnails, 0 to 1. That is blind to what is in them; a different scene and a
different shade may measure the same. A model whose family takes no steps is drawn with each guidance alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image

from evals import arms, likeness, report, stats
from evals.api import EvalError, RunPlan, Sample, Scorer
from evals.folder import RunFolder

STEPPED = ("diffusion", "hybrid")
"""Families that draw in steps."""
SIDE = 32
"""Of the thumbnails that are compared, in pixels."""


def cells(family: str, steps: Sequence[int], guidances: Sequence[float]) -> list[str]:
    """The arms of a generator's run: every combination of what its family takes."""
    taken: Sequence[int | None] = (steps or [None]) if family in STEPPED else [None]
    wanted: Sequence[float | None] = guidances or [None]
    return [arms.check(arms.setting(step, guidance)) for step in taken for guidance in wanted]


def folder_of(sweep: Path, generator: str) -> RunFolder:
    """Where the run of a generator lies; its name may be a path or a hub id."""
    return RunFolder(sweep / (re.sub(r"[^\w.-]+", "-", generator).strip("-.") or "generator"))


def runs(sweep: Path) -> list[RunFolder]:
    """Raises `EvalError` where there is none."""
    found = [RunFolder(file.parent) for file in sorted(sweep.glob("*/run.json"))]
    if not found:
        raise EvalError(f"{sweep} is no sweep: it holds no run of a generator.")
    return found


def measure(folders: Sequence[RunFolder], scorer: Scorer) -> dict[str, Any]:
    """The sweep as plain values; each of its `cells` holds steps and guidance (None: the model's own), score, diversity
    (None: of a single seed) and seconds of drawing. Raises `EvalError` while nothing is scored."""
    plans = [folder.plan() for folder in folders]
    found = [cell for folder in folders for cell in _cells(folder, scorer)]
    if not found:
        raise EvalError("Nothing of this sweep is scored yet.")
    first = plans[0]
    return {"schema_version": 1, "suite": first.suite, "suite_version": first.suite_version, "machine": first.machine,
            "started": min(plan.started for plan in plans), "revisions": _revisions(plans), "samples": first.samples,
            "scorer": {"name": scorer.name, "version": scorer.version, "purpose": scorer.purpose},
            "prompts": max(cell["n"] for cell in found), "cells": found}


def _revisions(plans: Sequence[RunPlan]) -> dict[str, str]:
    return {name: revision for plan in plans for name, revision in plan.revisions.items()}


def _cells(folder: RunFolder, scorer: Scorer) -> list[dict[str, Any]]:
    ready = [sample for sample in folder.all() if scorer.name in sample.scores]
    if not ready:
        return []
    rows = report.build(folder.plan(), ready, scorer, {})["rows"]
    groups = report.grouped(ready)
    return sorted((_cell(row, groups[row["generator"], row["arm"]], folder.pictures) for row in rows),
                  key=lambda cell: (cell["steps"] or 0, cell["guidance"] or 0.0))


def _cell(row: dict[str, Any], samples: Sequence[Sample], pictures: Path) -> dict[str, Any]:
    wished, seconds = arms.wishes(row["arm"]), row["cost"]["seconds"]
    spread = [found for group in _by_item(samples) if (found := diversity(group, pictures)) is not None]
    return {"generator": row["generator"], "arm": row["arm"], "steps": wished.steps, "guidance": wished.guidance,
            "n": row["n"], "score": row["score"], "interval": row["interval"],
            "diversity": fmean(spread) if spread else None,
            "diversity_interval": list(stats.interval(spread)) if spread else None,
            "seconds": seconds.get("drawing", 0.0) + seconds.get("encoding", 0.0)}


def _by_item(samples: Sequence[Sample]) -> list[list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.item.id, []).append(sample)
    return list(found.values())


def diversity(samples: Sequence[Sample], pictures: Path) -> float | None:
    """Mean distance between every two pictures of one prompt; None where there are no two."""
    small = [_small(pictures / sample.picture) for sample in samples if sample.picture]
    return likeness.diversity(small, distance) if len(small) > 1 else None


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of two pictures of one shape, 0 to 1."""
    return float(np.sqrt(np.mean((a - b) ** 2)))


def _small(file: Path) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except OSError as error:
        raise EvalError(f"The picture {file} cannot be read ({error}); delete its sample's JSON and resume.") from None
    return np.asarray(image, dtype=float) / 255
