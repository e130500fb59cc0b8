"""What the agent's judgement is worth, from finished runs, as one small file: is it better than drawing plainly, than
rewriting, than choosing, at the same number of pictures; does it ask when it should; what does it lose, what does it
spoil; and what does each of its parts bring.

    families     from world-generate: single, rewrite, best-of-N and agent, of two seeds or more
    clarify      from world-clarify: no-questions and agent, with the same pictures (--budget-images 1)
    drift        from world-drift;  edit: from world-edit and world-inpaint, scored with "outside" as well
    multiturn    from world-multiturn
    ablations    whatever arms without a part the first two have

The hard split holds the prompts that a single shot gets right less than half the time. Which these are is decided, for
each seed, by the single shots with other seeds: a prompt that was picked because this very picture failed would look
better by the next one whoever draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from evals import arms, controls, registry, report, stats
from evals.api import EvalError, Sample, Scorer
from evals.folder import RunFolder
from generators import registry as models
from generators.api import GeneratorError

MAIN, CLARIFY, DRIFT, MULTITURN = "world-generate", "world-clarify", "world-drift", "world-multiturn"
EDITS = ("world-edit", "world-inpaint")
OUTSIDE = "outside"
MORE_IMAGES = 0.05
"""By so many pictures an item the asking may exceed the guessing and still count as equal."""
Groups = dict[tuple[str, str], list[Sample]]
Place = tuple[str, int]


@dataclass(frozen=True)
class Run:
    """A run folder's scored samples."""

    name: str
    suite: str
    scorer: Scorer
    groups: Groups

    def arm(self, generator: str, name: str) -> list[Sample]:
        """Raises `EvalError` where the run has no such samples."""
        if found := self.groups.get((generator, name)):
            return found
        raise EvalError(f"{self.name} has no scored samples of {generator}, {name}; run {self.suite} with this arm.")

    @property
    def generators(self) -> list[str]:
        return list(dict.fromkeys(generator for generator, _ in self.groups))


def read(folder: RunFolder) -> Run:
    """Raises `EvalError` where nothing is scored."""
    suite = folder.plan().suite
    scorer = registry.scorer(registry.task(suite).scorer)
    ready = [sample for sample in folder.all() if scorer.name in sample.scores]
    if not ready:
        raise EvalError(f"{folder.path} is not scored; run 'python -m evals score {folder.path}' first.")
    return Run(str(folder.path), suite, scorer, report.grouped(ready))


def build(runs: Sequence[Run]) -> tuple[dict[str, Any], list[str]]:
    """The file's content, null where no run speaks of it, and a sentence for each thing that is missing."""
    _distinct(runs)
    by_suite: dict[str, list[Run]] = {}
    for run in runs:
        by_suite.setdefault(run.suite, []).append(run)
    clarifying, edits = by_suite.get(CLARIFY, []), [run for name in EDITS for run in by_suite.get(name, [])]
    found: dict[str, Any] = {
        "families": {_family(generator): family(run, generator)
                     for run in by_suite.get(MAIN, []) for generator in run.generators},
        "clarify": clarify(clarifying) if clarifying else None,
        "drift": {"lost": 1 - _agents(by_suite[DRIFT])} if DRIFT in by_suite else None,
        "edit": {"outside_change": outside_change(edits)} if edits else None,
        "multiturn": _agents(by_suite[MULTITURN]) if MULTITURN in by_suite else None,
        "ablations": ablations([*by_suite.get(MAIN, []), *clarifying]),
    }
    needed = {"families": MAIN, "clarify": CLARIFY, "drift": DRIFT, "edit": " or ".join(EDITS), "multiturn": MULTITURN}
    return found, [f"Nothing on {name!r}: give a run of {suite}." for name, suite in needed.items() if not found[name]]


def _distinct(runs: Sequence[Run]) -> None:
    pairs = [(run.suite, generator) for run in runs for generator in run.generators]
    for suite, generator in pairs:
        if pairs.count((suite, generator)) > 1:
            raise EvalError(f"Two of the runs are of {suite} with {generator}; give one of them.")


def _family(generator: str) -> str:
    try:
        return str(models.find(generator).family)
    except GeneratorError as error:
        raise EvalError(str(error)) from None


def family(run: Run, generator: str) -> dict[str, Any]:
    """`arms` and `hard` of one generator. Best-of-N is given as many pictures as the agent drew, item by item."""
    names = [arm for whose, arm in run.groups if whose == generator and arms.best_of(arm)]
    if len(names) != 1:
        raise EvalError(f"{run.name} should have one best-of-N of {generator}, and has {len(names)}.")
    single, rewrite, best, agent = (run.arm(generator, arm) for arm in ("single", "rewrite", names[0], "agent"))
    equal = controls.derived({(generator, names[0]): best, (generator, "agent"): agent}, run.scorer)
    matched = equal.get((generator, names[0] + controls.EQUAL), [])
    against = {"single": single, "rewrite": rewrite, "best_of_n": matched}
    hard = hard_places(single, best, run)
    return {"arms": {name: _summary(samples, run) for name, samples in {**against, "agent": agent}.items()},
            "hard": {name: _gap(agent, samples, hard, run.scorer.name) for name, samples in against.items()}}


def _summary(samples: Sequence[Sample], run: Run) -> dict[str, Any]:
    row = report.row(("", ""), samples, run.scorer)
    return {"score": row["score"], "ci": row["interval"], "images": row["cost"]["images"],
            "seconds": row["cost"]["seconds"].get("total", 0.0)}


def hard_places(single: Sequence[Sample], best: Sequence[Sample], run: Run) -> set[Place]:
    """Items and seeds that other single shots get right less than half the time: those with other seeds, and the
    pictures that best-of-N chose from with other seeds, each of which is a single shot too."""
    shots: dict[str, dict[int, dict[int, float]]] = {}
    for sample in single:
        shots.setdefault(sample.item.id, {}).setdefault(sample.seed, {})[sample.seed] = _value(sample, run)
    for sample in best:
        values = {c.seed: c.scores[run.scorer.name].value for c in sample.candidates if run.scorer.name in c.scores}
        shots.setdefault(sample.item.id, {}).setdefault(sample.seed, {}).update(values)
    hard, alone = set(), 0
    for item, by_seed in shots.items():
        for seed in by_seed:
            others = [value for other, values in by_seed.items() if other != seed for value in values.values()]
            alone += not others
            if others and fmean(others) < 0.5:
                hard.add((item, seed))
    if alone:
        raise EvalError(f"{run.name} has prompts of a single seed; which are hard has to be decided by other pictures "
                        "than those compared: run it with --samples 2 or more.")
    return hard


def _value(sample: Sample, run: Run) -> float:
    return sample.scores[run.scorer.name].value


def _gap(a: Sequence[Sample], b: Sequence[Sample], places: set[Place], scorer: str) -> dict[str, Any]:
    """The paired difference at these places; the seeds of an item are averaged first."""
    first, second = ({(s.item.id, s.seed): s.scores[scorer].value for s in some} for some in (a, b))
    gaps: dict[str, list[float]] = {}
    for place in sorted(places & first.keys() & second.keys()):
        gaps.setdefault(place[0], []).append(first[place] - second[place])
    if not gaps:
        return {"difference": None, "ci": None}
    mean, interval = stats.stratified([[fmean(values) for values in gaps.values()]])
    return {"difference": mean, "ci": list(interval)}


def clarify(runs: Sequence[Run]) -> dict[str, float]:
    """Shares of the ambiguous and of the clear requests that the agent asks about, and what the answers bring against
    guessing. Raises `EvalError` where the guess had fewer pictures."""
    agent = [sample for run in runs for sample in _of("agent", run)]
    found = report.gain(agent, [sample for run in runs for sample in _of("no-questions", run)], runs[0].scorer)
    if found is None:
        raise EvalError(f"{runs[0].name} has no ambiguous requests in both agent and no-questions.")
    if found["images"][0] > found["images"][1] + MORE_IMAGES:
        a, b = found["images"]
        raise EvalError(f"In {runs[0].name} the agent drew {a:.2f} pictures where guessing drew {b:.2f}: not to be "
                        "compared; run it with --budget-images 1.")
    asks = {kind: fmean(bool(s.asked) for s in agent if s.item.truth.get("ambiguous") is kind)
            for kind in (True, False)}
    return {"asks_ambiguous": asks[True], "asks_clear": asks[False], "gain": found["difference"]}


def _of(arm: str, run: Run) -> Iterable[Sample]:
    return (sample for generator in run.generators for sample in run.arm(generator, arm))


def _agents(runs: Sequence[Run]) -> float:
    """The agent's score, each item counting the same."""
    return fmean(_value(sample, run) for run in runs for sample in _of("agent", run))


def outside_change(runs: Sequence[Run]) -> float:
    """Mean share of the pixels away from an edit that the agent changed, where the edit was made and leaves any."""
    edited = [sample for run in runs for sample in _of("agent", run)
              if sample.before and sample.picture and "background" not in sample.item.truth.get("changed", ())]
    values = [1 - sample.scores[OUTSIDE].value for sample in edited if OUTSIDE in sample.scores]
    if not values:
        raise EvalError(f"{runs[0].name} is not scored with {OUTSIDE!r}; run 'python -m evals score {runs[0].name} "
                        f"--scorer {OUTSIDE}' first.")
    return fmean(values)


def ablations(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """For each family and part: the agent with it against the agent without."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        for generator, arm in run.groups:
            if arm in arms.ABLATIONS and (generator, "agent") in run.groups:
                gap = report.compared(run.arm(generator, "agent"), run.arm(generator, arm), run.scorer)
                part = {"difference": gap["difference"], "ci": gap["interval"]}
                found.setdefault(_family(generator), {})[arm.removeprefix("no-")] = part
    return found
