"""From samples to numbers: score with interval beside cost, for each generator and arm, and paired differences.

The score of an arm is the mean of its tags' means (GenEval's overall), `mean` the plain one. Several seeds of an item
are averaged first. Arms marked as derived are choices among pictures of others (`evals.controls`).
Everything that the page shows is in this one value, which is also `report.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from evals import arms, controls, stats
from evals.api import EvalError, RunPlan, Sample, Score, Scorer
from generators.shares import share

Value = Callable[[Sample], float]
DISTANCES = ("L1", "L2")
"""How the names of parts end of which less is better."""
SUMS = ("planner_calls", "tool_calls", "tokens", "images")


def build(plan: RunPlan, samples: Sequence[Sample], scorer: Scorer, eyes: dict[str, Any],
          people: Sequence[dict[str, Any]] = (), sets: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The report as plain values; `people` is what they chose (`evals.votes`), `sets` what arms are worth as sets of
    pictures (`evals.sets`). Raises `EvalError` while nothing is
    scored."""
    ready = [s for s in samples if scorer.name in s.scores]
    if not ready:
        raise EvalError(f"Nothing is scored with {scorer.name!r} yet; run 'python -m evals score' first.")
    groups = grouped(ready)
    derived = controls.derived(groups, scorer)
    rows = [row(key, group, scorer) for key, group in groups.items()]
    rows += [row(key, group, scorer, derived=True) for key, group in derived.items()]
    return {
        "schema_version": 1,
        "suite": plan.suite,
        "suite_version": plan.suite_version,
        "scorer": {"name": scorer.name, "version": scorer.version, "purpose": scorer.purpose,
                   "verified": scorer.verified},
        "eyes": eyes,
        "started": plan.started,
        "machine": plan.machine,
        "workers": plan.workers,
        "configuration": plan.configuration,
        "revisions": plan.revisions,
        "items": len({s.item.id for s in ready}),
        "samples": len(ready),
        "unscored": len(samples) - len(ready),
        "rows": rows,
        "differences": _differences(groups, derived, scorer),
        "questions": _questions(groups, scorer),
        "people": list(people),
        "sets": list(sets),
    }


def grouped(samples: Iterable[Sample]) -> dict[tuple[str, str], list[Sample]]:
    """By generator and arm, in order of first appearance by name."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda s: (s.generator, _place(s.arm), s.item.id, s.seed)):
        found.setdefault((sample.generator, sample.arm), []).append(sample)
    return found


def _place(arm: str) -> tuple[int, str]:
    """Single first, then rewriting, one of N, the ablations, the agent last: from plain to costly."""
    ranks = (arm.startswith("single"), arm == "rewrite", arms.best_of(arm) or arms.random_of(arm),
             arm in arms.ABLATIONS)
    return (next((rank for rank, found in enumerate(ranks) if found), len(ranks)), arm)


def row(key: tuple[str, str], samples: Sequence[Sample], scorer: Scorer, derived: bool = False) -> dict[str, Any]:
    row = _scored(samples, lambda s: s.scores[scorer.name].value)
    return {"generator": key[0], "arm": key[1], "derived": derived, **row,
            "parts": {} if derived else _parts(samples, scorer),
            "kinds": {} if derived else _kinds(samples, scorer), "cost": _cost(samples),
            "statuses": {} if derived else dict(Counter(s.status for s in samples))}


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


def _kinds(samples: Sequence[Sample], scorer: Scorer) -> dict[str, dict[str, float]]:
    """tag → part → its mean among the samples of that tag which have it."""
    tags = {sample.item.tag for sample in samples}
    return {tag: _parts([s for s in samples if s.item.tag == tag], scorer) for tag in sorted(tags)}


def weakest(parts: Mapping[str, float]) -> str:
    """The part that fails most; none where nothing fails. Distances, of which less is better, are left out."""
    shares = {name: value for name, value in parts.items() if not name.endswith(DISTANCES)}
    worst = min(shares, key=lambda name: shares[name], default="")
    return worst if worst and shares[worst] < 1 else ""


def _cost(samples: Sequence[Sample]) -> dict[str, Any]:
    """Means for one item; of the memory the greatest."""
    stages = sorted({stage for s in samples for stage in s.cost.seconds})
    return {**{name: fmean([getattr(s.cost, name) for s in samples]) for name in SUMS},
            "seconds": {stage: fmean([s.cost.seconds.get(stage, 0.0) for s in samples]) for stage in stages},
            "latency": _latency([s.cost.seconds.get("total", 0.0) for s in samples]),
            "peak_mb": max(s.cost.peak_mb for s in samples)}


def _latency(seconds: Sequence[float]) -> dict[str, float]:
    """How long half of the samples took at most, and 95 of a hundred."""
    return {"p50": float(np.percentile(seconds, 50)), "p95": float(np.percentile(seconds, 95))}


def _differences(groups: dict[tuple[str, str], list[Sample]], derived: dict[tuple[str, str], list[Sample]],
                 scorer: Scorer) -> list[dict[str, Any]]:
    """Every arm against the single shot of the same generator, the agent against every other, the critic's choice
    against one at random."""
    found = []
    everything = {**groups, **derived}
    for (generator, arm), samples in groups.items():
        for (whose, other), others in everything.items():
            if whose == generator and other != arm and _worth_comparing(arm, other):
                number = controls.short(samples, others) if other.endswith(controls.EQUAL) else 0
                found.append({"generator": generator, "a": arm, "b": other, **compared(samples, others, scorer),
                              **({"short": number} if number else {})})
    return found


def _worth_comparing(arm: str, other: str) -> bool:
    if other.startswith("oracle"):
        return False
    number = arms.best_of(arm)
    return other == "single" or arm == "agent" or bool(number and number == arms.random_of(other))


def _questions(groups: dict[tuple[str, str], list[Sample]], scorer: Scorer) -> list[dict[str, Any]]:
    """Of suites that say which requests are ambiguous: how often each kind is asked about, how many questions did not
    matter, and what asking is worth against guessing, on the ambiguous ones."""
    found = []
    for (generator, arm), samples in groups.items():
        kinds = {kind: [bool(s.asked) for s in samples if s.item.truth.get("ambiguous") is kind]
                 for kind in (True, False)}
        if not any(kinds.values()):
            continue
        asked = [one for s in samples for one in s.asked]
        found.append({"generator": generator, "arm": arm, "asks_ambiguous": share(kinds[True]),
                      "asks_clear": share(kinds[False]), "asked": len(asked) / len(samples),
                      "idle": sum(not one.mattered for one in asked) / len(samples),
                      "gain": gain(samples, groups.get((generator, "no-questions"), ()), scorer)})
    return found


def gain(asking: Sequence[Sample], guessing: Sequence[Sample], scorer: Scorer) -> dict[str, Any] | None:
    """The paired difference on the ambiguous requests, and the pictures that each took for them."""
    a, b = ([s for s in some if s.item.truth.get("ambiguous")] for some in (asking, guessing))
    if not a or not b or a[0].arm == b[0].arm:
        return None
    return {**compared(a, b, scorer), "images": [fmean(s.cost.images for s in some) for some in (a, b)]}


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


def failures(report: dict[str, Any]) -> str:
    """What went wrong, by kind of prompt and part, as Markdown; empty where a scorer has no parts."""
    rows = [row for row in report["rows"] if row["parts"]]
    names = sorted({name for row in rows for name in row["parts"]})
    lines = [f"| {' | '.join(['model', 'arm', 'kind of prompt', 'fails most by', *names])} |",
             f"|{'---|' * (len(names) + 4)}"]
    for row in rows:
        for tag, parts in row["kinds"].items():
            shares = (f"{parts[name]:.3f}" if name in parts else "–" for name in names)
            lines.append(f"| {' | '.join([row['generator'], row['arm'], tag, weakest(parts) or '–', *shares])} |")
    return "\n".join(lines) + "\n" if rows else ""


def sentences(report: dict[str, Any]) -> list[str]:
    """The differences in words."""
    return [_sentence(d) for d in report["differences"]]


def _sentence(d: dict[str, Any]) -> str:
    low, high = d["interval"]
    sure = "better than" if low > 0 else "worse than" if high < 0 else "not told apart from"
    short = f"; for {d['short']} of them the agent drew more than there were" if d.get("short") else ""
    return (f"{d['generator']}: {d['a']} is {sure} {d['b']} "
            f"({d['difference']:+.3f}, 95% interval {low:+.3f} to {high:+.3f}, {d['n']} items{short})")
