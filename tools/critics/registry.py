"""The critics of this folder: each module's `CRITIC`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tools import critics
from tools.critics.api import Critic


@cache
def all_critics() -> tuple[Critic, ...]:
    """Every critic, by module name. Raises `TypeError` where two judge one kind of requirement."""
    modules = [importlib.import_module(f"tools.critics.{info.name}") for info in pkgutil.iter_modules(critics.__path__)]
    found = tuple(module.CRITIC for module in modules if hasattr(module, "CRITIC"))
    kinds = [kind for critic in found for kind in critic.kinds]
    twice = {kind for kind in kinds if kinds.count(kind) > 1}
    if twice:
        raise TypeError(f"Two critics judge {sorted(twice)[0]!r}; one requirement gets one finding.")
    return found
