from __future__ import annotations

import pytest

from generators.api import Box
from tools.places import find_place
from tools.relations import gap, holds


def at(x: float, y: float, side: float = 0.2) -> Box:
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


@pytest.mark.parametrize("relation, subject, other, expected", [
    ("left of", at(0.2, 0.5), at(0.7, 0.5), True),
    ("left of", at(0.7, 0.5), at(0.2, 0.5), False),
    ("right of", at(0.7, 0.5), at(0.2, 0.5), True),
    ("left of", at(0.48, 0.5), at(0.5, 0.5), False),  # closer than a tenth of both sizes
    ("left of", at(0.2, 0.2), at(0.7, 0.7), True),  # 45 degrees: left of and above
    ("above", at(0.2, 0.2), at(0.7, 0.7), True),
    ("left of", at(0.4, 0.1), at(0.5, 0.9), False),  # nearly straight above
    ("above", at(0.5, 0.2), at(0.5, 0.8), True),
    ("below", at(0.5, 0.2), at(0.5, 0.8), False),
    ("next to", at(0.2, 0.5), at(0.45, 0.5), True),
    ("next to", at(0.1, 0.1), at(0.9, 0.9), False),
    ("next to", at(0.5, 0.5), at(0.5, 0.5), False),
    ("inside", at(0.5, 0.5, 0.1), at(0.5, 0.5, 0.4), True),
    ("inside", at(0.5, 0.5, 0.4), at(0.5, 0.5, 0.1), False),
    ("inside", at(0.7, 0.5, 0.2), at(0.5, 0.5, 0.4), False),
    ("on", at(0.5, 0.3), at(0.5, 0.6, 0.4), True),
    ("on", at(0.1, 0.3), at(0.7, 0.6, 0.4), False),
    ("on", at(0.5, 0.05, 0.1), at(0.5, 0.8, 0.2), False),  # hovering
])
def test_pairs(relation: str, subject: Box, other: Box, expected: bool) -> None:
    assert holds(relation, [subject], [other]) is expected


def test_every_pair_must_hold_for_directions() -> None:
    apple = at(0.3, 0.5)
    assert holds("right of", [at(0.6, 0.5), at(0.9, 0.5)], [apple])
    assert not holds("right of", [at(0.6, 0.5), at(0.1, 0.5)], [apple])


def test_one_neighbour_is_enough() -> None:
    assert holds("next to", [at(0.2, 0.5)], [at(0.45, 0.5), at(0.9, 0.9)])
    assert not holds("next to", [at(0.2, 0.5), at(0.1, 0.05, 0.05)], [at(0.9, 0.9)])


@pytest.mark.parametrize("spot, expected", [((0.5, 0.5), True), ((0.1, 0.5), False), ((0.5, 0.95), False)])
def test_between(spot: tuple[float, float], expected: bool) -> None:
    ends = at(0.2, 0.5), at(0.8, 0.5)
    assert holds("between", [at(*spot, 0.1)], [ends[0]], [ends[1]]) is expected
    assert holds("between", [at(*spot, 0.1)], list(ends)) is expected


@pytest.mark.parametrize("relation", ["left of", "above", "next to", "between", "inside", "on"])
def test_nothing_is_in_no_relation(relation: str) -> None:
    assert not holds(relation, [], [at(0.5, 0.5)])
    assert not holds(relation, [at(0.5, 0.5)], [])


def test_gap() -> None:
    assert gap(at(0.2, 0.5), at(0.5, 0.5)) == pytest.approx(0.1)
    assert gap(at(0.2, 0.5), at(0.3, 0.5)) == 0


@pytest.mark.parametrize("words, inside, outside", [
    ("top left", (0.2, 0.2), (0.8, 0.2)), ("the top left corner", (0.2, 0.2), (0.2, 0.8)),
    ("centre", (0.5, 0.5), (0.1, 0.5)), ("the middle of the picture", (0.5, 0.5), (0.5, 0.9)),
    ("bottom", (0.1, 0.8), (0.1, 0.2)), ("on the right side", (0.9, 0.1), (0.3, 0.1)),
    ("top centre", (0.5, 0.2), (0.1, 0.2)), ("Upper Right", (0.9, 0.1), (0.9, 0.9)),
])
def test_places(words: str, inside: tuple[float, float], outside: tuple[float, float]) -> None:
    place = find_place(words)
    assert place is not None and place.holds(inside) and not place.holds(outside)


@pytest.mark.parametrize("words", ["", "behind the tree", "foreground", "on the moon", "the picture"])
def test_what_is_no_place(words: str) -> None:
    assert find_place(words) is None
