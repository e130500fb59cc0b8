"""One suite a file; each holds one `evals.api.Task` named TASK. What most of them are: a file of lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from evals.api import Item
from evals.reading import json_lines

DATA = Path(__file__).resolve().parents[1] / "data"


class Lines:
    """Beside `Task` as a base: the items of the suite NAME are the lines of evals/data/NAME.jsonl."""

    name: ClassVar[str]

    def rows(self) -> list[dict[str, Any]]:
        """The lines as they are. Raises `EvalError`."""
        return json_lines(DATA / f"{self.name.replace('-', '_')}.jsonl")

    def items(self) -> list[Item]:
        return [Item.model_validate(row) for row in self.rows()]
