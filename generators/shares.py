"""The interval of a share of successes: pure arithmetic, for every evaluation of ours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Z = 1.96


def wilson(right: float, total: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share (Wilson 1927); everything is possible where nothing was tried."""
    if total == 0:
        return 0.0, 1.0
    share, spread = right / total, Z * Z / total
    middle, half = share + spread / 2, Z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def rounded(right: float, total: int) -> list[float]:
    """The same, as reports keep it."""
    return [round(bound, 4) for bound in wilson(right, total)]


def share(values: Sequence[bool]) -> dict[str, Any]:
    """A share of successes with its interval and count, as reports and cards hold it."""
    right = sum(values)
    return {"share": round(right / max(1, len(values)), 4), "interval": rounded(right, len(values)), "n": len(values)}
