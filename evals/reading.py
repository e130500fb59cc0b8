"""Reads data files of suites; says which file and which line when one is not as it should be. Runs none of them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from evals.api import EvalError


def json_lines(file: Path) -> list[dict[str, Any]]:
    """One JSON object a line; empty lines do not count. Raises `EvalError`."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvalError(f"{file} cannot be read: {error.strerror}.") from None
    return [_object(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def strings(source: str) -> dict[str, str]:
    """The texts that a Python file gives a name to, at its top level: a published judge's own words."""
    named = [(node.targets[0], node.value) for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    return {name.id: value.value for name, value in named
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str)}


def _object(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise EvalError(f"{file}, line {number}, is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise EvalError(f"{file}, line {number}, holds no object.")
    return value
