"""Which tasks and scorers there are: whatever lies in their folders."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TypeVar

import evals.scorers
import evals.tasks
from evals.api import EvalError, Scorer, Task

Part = TypeVar("Part", Task, Scorer)


def tasks() -> dict[str, Task]:
    """Every task by its name."""
    return _collect(list(evals.tasks.__path__), "evals.tasks", "TASK", Task)


def scorers() -> dict[str, Scorer]:
    """Every scorer by its name."""
    return _collect(list(evals.scorers.__path__), "evals.scorers", "SCORER", Scorer)


def task(name: str) -> Task:
    """Raises `EvalError` with the names that there are."""
    return _named(tasks(), name, "suite")


def scorer(name: str) -> Scorer:
    """Raises `EvalError` with the names that there are."""
    return _named(scorers(), name, "scorer")


def _collect(folders: list[str], package: str, variable: str, kind: type[Part]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for entry in pkgutil.iter_modules(folders):
        one = getattr(importlib.import_module(f"{package}.{entry.name}"), variable, None)
        if not isinstance(one, kind):
            raise TypeError(f"{package}.{entry.name} should hold a {kind.__name__} named {variable}")
        if one.name in found:
            raise TypeError(f"{package}.{entry.name}: the name {one.name!r} is taken")
        found[one.name] = one
    return dict(sorted(found.items()))


def _named(parts: dict[str, Part], name: str, what: str) -> Part:
    if name not in parts:
        raise EvalError(f"There is no {what} named {name!r}; there are {', '.join(parts)}.")
    return parts[name]
