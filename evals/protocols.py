"""How published benchmarks make one number of many: pure functions, each after its authors' own script.

    GenEval 2         Kamath et al. 2025, arXiv 2512.16853, `evaluation.py`
    DPG-Bench         Hu et al. 2024, arXiv 2403.05135, `compute_dpg_bench.py`
    T2I-CompBench++   Huang et al. 2023, arXiv 2307.06350, `BLIP_vqa.py`, `3_in_1.py`
    ImgEdit           Ye et al. 2025, arXiv 2505.20275, `step1_get_avgscore.py`, `step2_typescore.py`
    GEdit-Bench       Liu et al. 2025, arXiv 2504.17761, `calculate_statistics.py` (VIEScore, Ku et al. 2023)
    MSE-Bench         Qu et al. 2025, arXiv 2506.10941, `compute_score.py`

GenEval's is in `evals.official`. Nothing here looks at a picture.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Kind = str


# --- GenEval 2 ----------------------------------------------------------------------------


def atom_level(scores: Sequence[float]) -> float:
    """Soft-TIFA AM: the arithmetic mean of a prompt's soft scores."""
    return fmean(scores)


def prompt_level(scores: Sequence[float]) -> float:
    """Soft-TIFA GM: the geometric mean of a prompt's soft scores; 0 where one of them is 0."""
    return math.exp(fmean(math.log(score) for score in scores)) if all(scores) else 0.0


def by_skill(prompts: Iterable[tuple[Sequence[str], Sequence[float]]]) -> dict[str, float]:
    """The mean soft score of each skill over all atoms of all prompts (skills and scores, atom by atom)."""
    found: dict[str, list[float]] = {}
    for skills, scores in prompts:
        for skill, score in zip(skills, scores, strict=True):
            found.setdefault(skill, []).append(score)
    return {skill: fmean(values) for skill, values in found.items()}


# --- DPG-Bench ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A line of dpg_bench.csv: its number, the numbers that it depends on (none: a root), its category and words."""

    id: int
    after: tuple[int, ...]
    category: str
    text: str


def dependent(questions: Sequence[Question], right: Mapping[int, bool]) -> dict[int, float]:
    """Every question's score: 0 where it, or one that it depends on, was answered with no.

    As published the questions are gone through in their order, and one that was set to 0 counts as no for those after.
    """
    scores = {question.id: float(right[question.id]) for question in questions}
    for question in questions:
        if any(scores.get(parent) == 0 for parent in question.after):
            scores[question.id] = 0.0
    return scores


def dpg(questions: Sequence[Question], right: Mapping[int, bool]) -> float:
    """A picture's score: the mean over its questions, the dependency rule applied."""
    return fmean(dependent(questions, right).values())


def by_category(answers: Iterable[tuple[str, bool]], broad: bool = True) -> dict[str, float]:
    """Shares of yes by category ("entity - whole"), by its first word if `broad`; without the dependency rule."""
    found: dict[str, list[bool]] = {}
    for category, right in answers:
        found.setdefault(category.split("-")[0].strip() if broad else category, []).append(right)
    return {category: fmean(values) for category, values in found.items()}


# --- T2I-CompBench++ ----------------------------------------------------------------------


def blip_vqa(phrases: Sequence[float | None]) -> float:
    """A picture's attribute score: the product over its noun phrases of the probability that each is there.

    None stands for a phrase that the prompt does not have, and counts as 1. Four decimals, as it is written to file.
    """
    return round(math.prod(1.0 if score is None else score for score in phrases), 4)


def three_in_one(kind: Kind, attribute: float, spatial: float, action: float) -> float:
    """A picture's score for a complex prompt, which speaks of attributes and of "spatial", "action" or "both"."""
    if kind == "spatial":
        return (spatial + attribute) * 0.5
    if kind == "action":
        return (action + attribute) * 0.5
    return (attribute + spatial + action) / 3


# --- edits --------------------------------------------------------------------------------


def rated(reply: str) -> float | None:
    """ImgEdit: the mean of the lines "NAME: NUMBER" in a judge's reply, 1 to 5; None where there is none."""
    parts = [line.strip().split(": ") for line in reply.splitlines()]
    scores = [int(part[1]) for part in parts if len(part) == 2 and part[1].isdigit()]
    return round(fmean(scores), 2) if scores else None


def by_type(scores: Iterable[tuple[str, float]]) -> dict[str, float]:
    """ImgEdit: the mean of each type of edit, to two decimals."""
    found: dict[str, list[float]] = {}
    for kind, score in scores:
        found.setdefault(kind, []).append(score)
    return {kind: round(fmean(values), 2) for kind, values in found.items()}


def viescore(semantics: float, quality: float) -> float:
    """GEdit-Bench: an edit's overall score, 0 to 10, from how well it follows and how good it looks."""
    return math.sqrt(semantics * quality)


def gedit(edits: Iterable[tuple[str, float, float]]) -> float:
    """GEdit-Bench: the mean over the types of edit of the mean overall score (type, semantics, quality)."""
    found: dict[str, list[float]] = {}
    for kind, semantics, quality in edits:
        found.setdefault(kind, []).append(viescore(semantics, quality))
    return fmean(fmean(values) for values in found.values())


def least(reply: str) -> float | None:
    """VIEScore: the smallest of the marks, 0 to 10, in a judge's reply ({"score": [a, b], …}, or the list alone); None
    where there are none, where the published script guesses."""
    found = _json(reply)
    marks = found.get("score") if isinstance(found, dict) else found
    marks = marks if isinstance(marks, list) else [marks]
    return float(min(marks)) if marks and all(_is_mark(mark) for mark in marks) else None


def followed(reply: str) -> tuple[float, float] | None:
    """MSE-Bench: how well the last turn was followed and how well the rest was kept, 0 to 10 each; None where a judge's
    reply does not say."""
    found = _json(reply)
    said: dict[str, Any] = found if isinstance(found, dict) else {}
    marks = (said.get("prompt_following"), said.get("consistency"))
    return (float(marks[0] or 0), float(marks[1] or 0)) if all(_is_mark(mark) for mark in marks) else None


ENOUGH = 6
"""MSE-Bench: both marks of a turn that succeeds are above this."""


def succeeds(marks: tuple[float, float] | None) -> bool:
    """MSE-Bench: whether a turn did what it should. The turns after one that did not are not looked at, and count as
    failed."""
    return marks is not None and min(marks) > ENOUGH


def sessions(turns: Sequence[Sequence[tuple[float, float] | None]]) -> list[float]:
    """MSE-Bench: for each turn the share of all sessions that succeeded up to it (session by session, turn by turn)."""
    longest = max(len(marks) for marks in turns)
    return [fmean(len(marks) > last and all(succeeds(one) for one in marks[: last + 1]) for marks in turns)
            for last in range(longest)]


def _json(reply: str) -> Any:
    """What a reply holds between its outermost braces, or brackets; None where that is no JSON."""
    found = re.search(r"\{.*\}", reply, re.DOTALL) or re.search(r"\[.*\]", reply, re.DOTALL)
    try:
        return json.loads(found.group().replace("\n", " ")) if found else None
    except ValueError:
        return None


def _is_mark(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10
