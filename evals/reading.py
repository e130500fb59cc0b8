"""Reads data files of suites; says which file and which line when one is not as it should be."""

from __future__ import annotations

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


def _object(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise EvalError(f"{file}, line {number}, is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise EvalError(f"{file}, line {number}, holds no object.")
    return value
