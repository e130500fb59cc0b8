"""A whole tool context in memory: the sketch generator in this process, a real picture store in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generators import sketch
from tests.tools.doubles import InProcess
from tools.api import Brief, Limits, ToolContext, Usage
from tools.images import ImageStore


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "data")


@pytest.fixture
def make(store: ImageStore) -> Callable[..., ToolContext]:
    """Makes contexts over one store."""

    def build(**given: Any) -> ToolContext:
        parts: dict[str, Any] = {"images": store, "workshop": InProcess(), "model": sketch.model("sketch"),
                                 "brief": Brief(), "limits": Limits(), "usage": Usage(), "seed": 7}  # fmt: skip
        return ToolContext(**{**parts, **given})

    return build
