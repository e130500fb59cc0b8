"""Means with 95% intervals, and paired differences, by the percentile bootstrap (Efron and Tibshirani 1993).

Shares of right and wrong get Wilson's interval (1927) where the bootstrap has nothing to go by: with all of ten right,
resampling would say "100% to 100%".
Resampling is over items, so that several seeds of one item stay together and two arms are compared item by item.
What people chose becomes strengths by the model of Bradley and Terry (1952).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generators.shares import wilson

RESAMPLES = 10_000
REFITS = 1000
"""So many resamples where each takes a fit."""
PRIOR = 0.1
"""Wins and losses of everybody against somebody of strength 0: who never lost is not infinitely strong."""
Interval = tuple[float, float]


def interval(values: Sequence[float]) -> Interval:
    """95% interval of the mean: Wilson's for zeros and ones, the bootstrap's for anything else."""
    return wilson(sum(values), len(values)) if values and set(values) <= {0.0, 1.0} else stratified([values])[1]


def difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, Interval]:
    """Mean of a - b, item by item, with its 95% interval. Raises ValueError where the lengths differ."""
    return stratified_difference([a], [b])


def stratified(groups: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    """The mean of the groups' means (GenEval's overall), resampled within each group. Empty groups do not count.

    Groups of a single value are resampled among one another: each by itself would vary by nothing.
    """
    kept = [np.asarray(group, dtype=float) for group in groups if len(group)]
    if not kept:
        raise ValueError("there is nothing to average")
    rng = np.random.default_rng(0)
    alone = np.concatenate([group for group in kept if len(group) == 1] or [np.empty(0)])
    several = [_resampled_means(group, rng) for group in kept if len(group) > 1]
    weighed = [_resampled_means(alone, rng) * len(alone)] if len(alone) else []
    draws = np.sum([*several, *weighed], axis=0) / len(kept)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(np.mean([group.mean() for group in kept])), (float(low), float(high))


def score(groups: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    """`stratified`; where everything is right, or everything is wrong, with Wilson's interval."""
    everything = [value for group in groups for value in group]
    mean, between = stratified(groups)
    return mean, wilson(sum(everything), len(everything)) if set(everything) in ({0.0}, {1.0}) else between


def stratified_difference(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    """The same for a paired difference; the groups of a and b hold the same items in the same order."""
    return stratified([_gaps(x, y) for x, y in zip(a, b, strict=True)])


def _gaps(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _resampled_means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    picks = rng.integers(0, len(values), size=(RESAMPLES, len(values)))
    return values[picks].mean(axis=1)


def bradley_terry(wins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log strengths, shape [n], with mean 0, and their 95% intervals, shape [n, 2], resampled over items.

    `wins[item, a, b]`: how often a was preferred to b on that item; a tie is half a win for each. A difference of 1
    means that the stronger is preferred in 73% of their meetings.
    """
    rng = np.random.default_rng(0)
    items = len(wins)
    if not items:
        raise ValueError("there are no votes")
    weights = rng.multinomial(items, [1 / items] * items, size=REFITS)
    draws = _strengths(np.tensordot(weights, wins, axes=1))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return _strengths(wins.sum(axis=0)[None])[0], np.stack([low, high], axis=1)


def _strengths(wins: np.ndarray) -> np.ndarray:
    """Shape [fit, n]: Hunter's MM algorithm (2004, MM algorithms for generalized Bradley-Terry models)."""
    games, won = wins + wins.transpose(0, 2, 1), wins.sum(axis=2) + PRIOR
    p = np.ones(won.shape)
    for _ in range(2000):
        meetings = (games / (p[:, :, None] + p[:, None, :])).sum(axis=2) + 2 * PRIOR / (p + 1)
        p, before = won / meetings, p
        if np.abs(np.log(p / before)).max() < 1e-6:
            break
    logs = np.log(p)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))
