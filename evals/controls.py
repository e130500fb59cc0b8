"""What best-of-N would have been with another choice among the very same pictures: comparisons that cost no drawing.

    random-of-N                     one of the N at random (the mean over them is its expectation)
    oracle-of-N                     the best of them by the scorer: an upper bound
    best-of-N at equal images       the critic's choice among the first k, k being what the agent drew for that very
                                    item and seed: a gain that took k pictures is set against k pictures
    random-of-N at equal images     one of those k at random

Where the agent drew more than N, N is all there is; `short` counts these samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from evals import arms
from evals.api import Candidate, Sample, Scorer

Key = tuple[str, str]
Choose = Callable[[Sequence[Candidate]], float]
EQUAL = " at equal images"


def derived(groups: dict[Key, list[Sample]], scorer: Scorer) -> dict[Key, list[Sample]]:
    """The samples of the derived arms, by generator and arm."""
    return {key: samples for key, samples in _derived(groups, scorer) if key not in groups}


def _derived(groups: dict[Key, list[Sample]], scorer: Scorer) -> Iterator[tuple[Key, list[Sample]]]:
    by_mean, by_best, by_critic = _choices(scorer)
    for (generator, arm), samples in groups.items():
        number = arms.best_of(arm)
        if not number:
            continue
        random, agent = f"random-of-{number}", drawn(groups.get((generator, "agent"), ()))
        yield (generator, random), [_chosen(s, random, scorer, by_mean) for s in samples]
        yield (generator, f"oracle-of-{number}"), [_chosen(s, f"oracle-of-{number}", scorer, by_best) for s in samples]
        matched = [s for s in samples if _place(s) in agent]
        for name, choose in ((arm, by_critic), (random, by_mean)) if matched else ():
            yield (generator, name + EQUAL), [_chosen(s, name + EQUAL, scorer, choose, agent[_place(s)])
                                              for s in matched]


def _choices(scorer: Scorer) -> tuple[Choose, Choose, Choose]:
    def value(candidate: Candidate) -> float:
        return candidate.scores[scorer.name].value if scorer.name in candidate.scores else 0.0

    return (lambda some: fmean(value(c) for c in some), lambda some: max(value(c) for c in some),
            lambda some: value(max(some, key=lambda c: (-1.0 if c.critic is None else c.critic, -c.doubt))))


def drawn(samples: Sequence[Sample]) -> dict[tuple[str, int], int]:
    """How many pictures an arm took, by item and seed."""
    return {_place(sample): sample.cost.images for sample in samples}


def short(agent: Sequence[Sample], best: Sequence[Sample]) -> int:
    """For how many samples the agent drew more pictures than there are to choose from."""
    there = {_place(sample): len(sample.candidates) for sample in best}
    return sum(number > there[place] for place, number in drawn(agent).items() if place in there)


def _place(sample: Sample) -> tuple[str, int]:
    return sample.item.id, sample.seed


def _chosen(sample: Sample, arm: str, scorer: Scorer, choose: Choose, number: int | None = None) -> Sample:
    """The sample as it would be with this choice among its first pictures (None: all of them), at their cost."""
    there = len(sample.candidates)
    some = sample.candidates if number is None else sample.candidates[: max(1, number)]
    score = sample.scores[scorer.name]
    part = len(some) / there if there else 1.0
    seconds = {stage: taken if stage == "planning" else taken * part for stage, taken in sample.cost.seconds.items()}
    cost = sample.cost if len(some) == there else sample.cost.model_copy(
        update={"images": len(some), "tool_calls": round(sample.cost.tool_calls * part), "seconds": seconds})
    value = choose(some) if some else 0.0
    return sample.model_copy(update={"arm": arm, "candidates": some, "cost": cost,
                                     "scores": {scorer.name: score.model_copy(update={"value": value})}})
