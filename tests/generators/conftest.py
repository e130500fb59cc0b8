"""Tiny real checkpoints, built once for all tests that need one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

for name, value in {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "DIFFUSERS_VERBOSITY": "error",
                    "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}.items():
    os.environ.setdefault(name, value)  # before torch reads them


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`checkpoint("klein")` is a folder with a tiny model of that kind: see `tiny.py`."""
    built: dict[str, Path] = {}

    def get(kind: str) -> Path:
        from tests.generators import tiny

        if kind not in built:
            built[kind] = getattr(tiny, kind)(tmp_path_factory.mktemp(kind) / kind)
        return built[kind]

    return get
