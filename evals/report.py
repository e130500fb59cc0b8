"""From samples to numbers: score with interval beside cost, for each generator and arm, and paired differences.

The score of an arm is the mean of its tags' means (GenEval's overall), `mean` the plain one. Several seeds of an item
are averaged first.
Everything that the page shows is in this one value, which is also `report.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

from evals import arms, stats
from evals.api import EvalError, RunPlan, Sample, Score, Scorer

Value = Callable[[Sample], float]
SUMS = ("planner_calls", "tool_calls", "tokens", "images")


def build(plan: RunPlan, samples: Sequence[Sample], scorer: Scorer, eyes: dict[str, Any]) -> dict[str, Any]:
    """The report as plain values. Raises `EvalError` while nothing is scored."""
    ready = [s for s in samples if scorer.name in s.scores]
    if not ready:
        raise EvalError(f"Nothing is scored with {scorer.name!r} yet; run 'python -m evals score' first.")
    groups = grouped(ready)
    rows = [_row(key, group, scorer) for key, group in groups.items()]
    rows += [row for key, group in groups.items() for row in _derived(key, group, scorer)]
    return {
        "schema_version": 1,
        "suite": plan.suite,
        "suite_version": plan.suite_version,
        "scorer": {"name": scorer.name, "version": scorer.version, "purpose": scorer.purpose},
        "eyes": eyes,
        "started": plan.started,
        "machine": plan.machine,
        "configuration": plan.configuration,
        "revisions": plan.revisions,
        "items": len({s.item.id for s in ready}),
        "samples": len(ready),
        "unscored": len(samples) - len(ready),
        "rows": rows,
        "differences": _differences(groups, scorer),
    }


def grouped(samples: Iterable[Sample]) -> dict[tuple[str, str], list[Sample]]:
    """By generator and arm, in order of first appearance by name."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda s: (s.generator, _place(s.arm), s.item.id, s.seed)):
        found.setdefault((sample.generator, sample.arm), []).append(sample)
    return found


def _place(arm: str) -> tuple[int, str]:
    """Single first, then best-of-N, the ablations, the agent last: from plain to costly."""
    return (0 if arm == "single" else 1 if arms.best_of(arm) else 2 if arm in arms.ABLATIONS else 3, arm)


def _row(key: tuple[str, str], samples: Sequence[Sample], scorer: Scorer) -> dict[str, Any]:
    row = _scored(samples, lambda s: s.scores[scorer.name].value)
    return {"generator": key[0], "arm": key[1], "derived": False, **row, "parts": _parts(samples, scorer),
            "cost": _cost(samples), "statuses": dict(Counter(s.status for s in samples))}


def _derived(key: tuple[str, str], samples: Sequence[Sample], scorer: Scorer) -> Iterable[dict[str, Any]]:
    """What best-of-N would have been with another choice among the very same pictures."""
    if not arms.best_of(key[1]):
        return
    number, choices = arms.best_of(key[1]), {"random": fmean, "oracle": max}
    for name, choose in choices.items():
        row = _scored(samples, lambda s, choose=choose: choose(_candidates(s, scorer)))  # type: ignore[misc]
        yield {"generator": key[0], "arm": f"{name}-of-{number}", "derived": True, **row, "parts": {},
               "cost": _cost(samples), "statuses": {}}


def _candidates(sample: Sample, scorer: Scorer) -> list[float]:
    return [c.scores[scorer.name].value for c in sample.candidates if scorer.name in c.scores] or [0.0]


def _scored(samples: Sequence[Sample], value: Value) -> dict[str, Any]:
    tags = by_tag(samples, value)
    overall, low_high = stats.score([list(items.values()) for items in tags.values()])
    everything = [number for items in tags.values() for number in items.values()]
    return {"n": len(everything), "score": overall, "interval": list(low_high), "mean": fmean(everything),
            "tags": {tag: _tag(list(items.values())) for tag, items in tags.items()}}


def _tag(values: list[float]) -> dict[str, Any]:
    return {"n": len(values), "score": fmean(values), "interval": list(stats.interval(values))}


def by_tag(samples: Iterable[Sample], value: Value) -> dict[str, dict[str, float]]:
    """tag → item → mean over its seeds, both in order of name."""
    found: dict[str, dict[str, list[float]]] = {}
    for sample in samples:
        found.setdefault(sample.item.tag, {}).setdefault(sample.item.id, []).append(value(sample))
    return {tag: {item: fmean(found[tag][item]) for item in sorted(found[tag])} for tag in sorted(found)}


def _parts(samples: Sequence[Sample], scorer: Scorer) -> dict[str, float]:
    scores: list[Score] = [s.scores[scorer.name] for s in samples]
    names = sorted({name for score in scores for name in score.parts})
    return {name: fmean([score.parts[name] for score in scores if name in score.parts]) for name in names}


def _cost(samples: Sequence[Sample]) -> dict[str, Any]:
    """Means for one item; of the memory the greatest."""
    stages = sorted({stage for s in samples for stage in s.cost.seconds})
    return {**{name: fmean([getattr(s.cost, name) for s in samples]) for name in SUMS},
            "seconds": {stage: fmean([s.cost.seconds.get(stage, 0.0) for s in samples]) for stage in stages},
            "peak_mb": max(s.cost.peak_mb for s in samples)}


def _differences(groups: dict[tuple[str, str], list[Sample]], scorer: Scorer) -> list[dict[str, Any]]:
    """Every arm against the single shot of the same generator, and the agent against every other."""
    found = []
    for (generator, arm), samples in groups.items():
        others = [o for g, o in groups if g == generator and o != arm and (o == "single" or arm == "agent")]
        for other in others:
            found.append({"generator": generator, "a": arm, "b": other,
                          **compared(samples, groups[generator, other], scorer)})
    return found


def compared(a: Sequence[Sample], b: Sequence[Sample], scorer: Scorer) -> dict[str, Any]:
    """The paired difference over the items that both have. Raises `EvalError` where there is none."""
    def value(sample: Sample) -> float:
        return sample.scores[scorer.name].value

    first, second = by_tag(a, value), by_tag(b, value)
    shared = {tag: sorted(items.keys() & second.get(tag, {}).keys()) for tag, items in first.items()}
    if not any(shared.values()):
        raise EvalError("The two have no item in common.")
    gap, low_high = stats.stratified_difference([[first[t][i] for i in items] for t, items in shared.items()],
                                                [[second[t][i] for i in items] for t, items in shared.items()])
    return {"n": sum(len(items) for items in shared.values()), "difference": gap, "interval": list(low_high)}


def table(report: dict[str, Any]) -> str:
    """The rows as Markdown."""
    lines = ["| model | arm | score | 95% interval | pictures | seconds | planner calls |",
             "|---|---|---|---|---|---|---|"]
    for row in report["rows"]:
        cost, (low, high) = row["cost"], row["interval"]
        lines.append(f"| {row['generator']} | {row['arm']} | {row['score']:.3f} | {low:.3f} to {high:.3f} | "
                     f"{cost['images']:.2f} | {cost['seconds'].get('total', 0):.2f} | {cost['planner_calls']:.2f} |")
    return "\n".join(lines) + "\n"


def sentences(report: dict[str, Any]) -> list[str]:
    """The differences in words."""
    return [_sentence(d) for d in report["differences"]]


def _sentence(d: dict[str, Any]) -> str:
    low, high = d["interval"]
    sure = "better than" if low > 0 else "worse than" if high < 0 else "not told apart from"
    return (f"{d['generator']}: {d['a']} is {sure} {d['b']} "
            f"({d['difference']:+.3f}, 95% interval {low:+.3f} to {high:+.3f}, {d['n']} items)")
