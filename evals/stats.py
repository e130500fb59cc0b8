"""Means with 95% intervals, and paired differences, by the percentile bootstrap (Efron and Tibshirani 1993).

Shares of right and wrong get Wilson's interval (1927) where the bootstrap has nothing to go by: with all of ten right,
resampling would say "100% to 100%".
Resampling is over items, so that several seeds of one item stay together and two arms are compared item by item.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generators.shares import wilson

RESAMPLES = 10_000
Interval = tuple[float, float]


def interval(values: Sequence[float]) -> Interval:
    """95% interval of the mean: Wilson's for zeros and ones, the bootstrap's for anything else."""
    return wilson(sum(values), len(values)) if values and set(values) <= {0.0, 1.0} else stratified([values])[1]


def difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, Interval]:
    """Mean of a - b, item by item, with its 95% interval. Raises ValueError where the lengths differ."""
    return stratified_difference([a], [b])


def stratified(groups: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    """The mean of the groups' means (GenEval's overall), resampled within each group. Empty groups do not count."""
    kept = [np.asarray(group, dtype=float) for group in groups if len(group)]
    if not kept:
        raise ValueError("there is nothing to average")
    rng = np.random.default_rng(0)
    draws = np.mean([_resampled_means(group, rng) for group in kept], axis=0)
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
