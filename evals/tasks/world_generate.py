"""Held-out prompts of the picture world, each within what the pack says it can draw."""

from __future__ import annotations

from pathlib import Path

from evals.api import Item, Task
from evals.reading import json_lines

FILE = Path(__file__).resolve().parents[1] / "data" / "world_generate.jsonl"


class WorldGenerate(Task):
    name = "world-generate"
    version = 1
    purpose = "120 prompts: one thing, two, counts, colours, positions, and all of these mixed on a background"
    scorer = "world"

    def items(self) -> list[Item]:
        return [Item.model_validate(row) for row in json_lines(FILE)]


TASK = WorldGenerate()
