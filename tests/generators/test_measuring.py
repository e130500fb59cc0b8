"""Distances of sets: by hand where they can be, and a sentence where torchmetrics is missing."""

from __future__ import annotations

import sys

import pytest

from generators.api import ModelUnavailable
from generators.engines import make

torch = pytest.importorskip("torch")
CORNERS = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]
MOVED = [[x + 3, y + 4] for x, y in CORNERS]


def distance(kind: str, real: list[list[float]], drawn: list[list[float]]) -> float:
    value, _ = make(f"measurer:{kind}", {}).call("distance", {"real": real, "drawn": drawn}, [], lambda event: None,
                                                 lambda: False)
    return float(value["distance"])


def test_fid_of_a_set_that_was_moved_is_the_square_of_how_far() -> None:
    pytest.importorskip("torchmetrics")
    assert distance("fid", CORNERS, MOVED) == pytest.approx(25, abs=1e-3)  # the covariances are the same
    assert distance("fid", CORNERS, CORNERS) == pytest.approx(0, abs=1e-3)


def test_fid_of_a_set_that_was_spread_is_that_of_its_covariances() -> None:
    pytest.importorskip("torchmetrics")
    spread = [[2 * x - 1, 2 * y - 1] for x, y in CORNERS]  # the same middle; variances of 4/3 become 16/3
    each = 4 / 3 + 16 / 3 - 2 * (4 / 3 * 16 / 3) ** 0.5
    assert distance("fid", CORNERS, spread) == pytest.approx(2 * each, abs=1e-3)


def test_kid_by_hand() -> None:
    """Kernel (x.y / 2 + 1)^3. Within the real: k((1, 1), (1, -1)) = 1; within the drawn: k((2, 0), (0, 2)) = 1.

    Across: k((1, 1), (2, 0)) = k((1, 1), (0, 2)) = k((1, -1), (2, 0)) = 8, k((1, -1), (0, 2)) = 0. 1 + 1 - 2 x 24 / 4.
    """
    pytest.importorskip("torchmetrics")
    assert distance("kid", [[1.0, 1.0], [1.0, -1.0]], [[2.0, 0.0], [0.0, 2.0]]) == pytest.approx(-10, abs=1e-4)


def test_without_torchmetrics_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchmetrics"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(ModelUnavailable, match="FID takes the package torchmetrics; install it"):
        make("measurer:fid", {})
