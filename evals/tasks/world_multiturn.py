"""A picture and five changes of it, one after another: does it still show what it should at the end?"""

from __future__ import annotations

from pathlib import Path

from evals.api import Item, Task
from evals.reading import json_lines

FILE = Path(__file__).resolve().parents[1] / "data" / "world_multiturn.jsonl"


class WorldMultiturn(Task):
    name = "world-multiturn"
    version = 1
    purpose = "20 conversations of a picture and five edits in a row; right is what the last picture should hold"
    scorer = "world"

    def items(self) -> list[Item]:
        return [Item.model_validate(row) for row in json_lines(FILE)]


TASK = WorldMultiturn()
