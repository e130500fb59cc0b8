"""GenEval's 553 prompts as published: six kinds of composition, each checked by detection."""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task
from evals.reading import json_lines


class GenEval(Task):
    name = "geneval"
    version = 1
    purpose = "GenEval's own 553 prompts (Ghosh et al. 2023): one object, two, counts, colours, positions, attributes"
    scorer = "geneval"

    def items(self) -> list[Item]:
        rows = json_lines(benchmarks.find(self.name, "evaluation_metadata.jsonl"))
        return [Item(id=f"{number:05d}", tag=row["tag"], turns=[row["prompt"]], truth=row)
                for number, row in enumerate(rows)]


TASK = GenEval()
