"""A picture is asked for, one thing in it is painted over, and another is put there: what the page calls painting.

Score a finished run with `--scorer outside` as well: what was not painted over must be the same to the pixel.
"""

from __future__ import annotations

from pathlib import Path

from evals.api import Item, Task
from evals.reading import json_lines

FILE = Path(__file__).resolve().parents[1] / "data" / "world_inpaint.jsonl"


class WorldInpaint(Task):
    name = "world-inpaint"
    version = 1
    purpose = "24 things painted over and replaced, or taken away, in pictures just drawn"
    scorer = "world"

    def items(self) -> list[Item]:
        return [Item.model_validate(row) for row in json_lines(FILE)]


TASK = WorldInpaint()
