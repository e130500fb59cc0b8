"""A picture is asked for, then one change of it. Right is what then shows the whole: what was asked, and the rest.

Score a finished run with `--scorer outside` as well, for how much of the rest stayed as it was, pixel by pixel.
"""

from __future__ import annotations

from pathlib import Path

from evals.api import Item, Task
from evals.reading import json_lines

FILE = Path(__file__).resolve().parents[1] / "data" / "world_edit.jsonl"


class WorldEdit(Task):
    name = "world-edit"
    version = 1
    purpose = "40 edits of pictures just drawn: recolour, remove, add, replace, change the background"
    scorer = "world"

    def items(self) -> list[Item]:
        return [Item.model_validate(row) for row in json_lines(FILE)]


TASK = WorldEdit()
