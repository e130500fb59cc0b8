"""Means, intervals and paired differences against values known by hand."""

from __future__ import annotations

import random

import pytest

from evals import stats


def test_all_right_is_not_certainty() -> None:
    """Wilson's interval of 10 of 10 begins at 0.7225 (Newcombe 1998 gives the formula)."""
    low, high = stats.interval([1.0] * 10)
    assert low == pytest.approx(0.7225, abs=1e-3) and high == 1.0
    assert stats.interval([0.0] * 10) == pytest.approx((0.0, 1 - 0.7225), abs=1e-3)
    assert stats.score([[1.0] * 5, [1.0] * 5]) == (1.0, pytest.approx((0.7225, 1.0), abs=1e-3))


def test_a_difference_that_is_always_the_same_has_no_width() -> None:
    assert stats.difference([1.0] * 5, [0.0] * 5) == (1.0, (1.0, 1.0))


def test_the_bootstraps_interval_of_a_share_is_about_the_textbooks() -> None:
    _, (low, high) = stats.stratified([[1.0] * 60 + [0.0] * 40])
    assert low == pytest.approx(0.6 - 1.96 * 0.049, abs=0.012)
    assert high == pytest.approx(0.6 + 1.96 * 0.049, abs=0.012)


def test_pairing_is_by_item() -> None:
    a, b = [1.0, 0.0] * 50, [1.0, 0.0] * 50
    assert stats.difference(a, b) == (0.0, (0.0, 0.0))
    shifted, (low, high) = stats.difference(a, b[::-1])
    assert shifted == 0 and low < 0 < high


def test_groups_weigh_the_same_whatever_their_size() -> None:
    mean, _ = stats.stratified([[1.0] * 90, [0.0] * 10])
    assert mean == pytest.approx(0.5)


def test_groups_are_resampled_independently() -> None:
    """Two groups of one kind: the interval is narrower than either's by the square root of two."""
    rng = random.Random(1)
    group = [float(rng.random() < 0.5) for _ in range(100)]
    one = stats.stratified([group])[1]
    both = stats.stratified([group, group])[1]
    assert (both[1] - both[0]) / (one[1] - one[0]) == pytest.approx(0.707, abs=0.06)


def test_it_is_deterministic() -> None:
    assert stats.interval([0.0, 1.0, 1.0]) == stats.interval([0.0, 1.0, 1.0])


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(ValueError):
        stats.difference([1.0], [1.0, 0.0])
    with pytest.raises(ValueError):
        stats.interval([])


def test_groups_of_one_are_resampled_together() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    mean, interval = stats.stratified([[value] for value in values])
    assert mean == pytest.approx(0.6) and interval == stats.stratified([values])[1]
    assert stats.stratified([[1.0], [0.0, 1.0]])[1] == (0.5, 1.0), "alone among groups of several, it stays"
