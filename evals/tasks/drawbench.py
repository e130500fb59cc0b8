"""DrawBench's 200 prompts in eleven categories: colours, counts, conflicts, rare words, text and more."""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task


class DrawBench(Task):
    name = "drawbench"
    version = 1
    purpose = "DrawBench's own 200 prompts (Saharia et al. 2022), from colours and counts to misspellings and text"
    scorer = "vqa-score"

    def items(self) -> list[Item]:
        rows = [line.split("\t") for line in benchmarks.text(self.name, "DrawBench.txt").splitlines() if line.strip()]
        return [Item(id=f"{number:03d}", tag=kind.strip(), turns=[prompt.strip()])
                for number, (prompt, kind) in enumerate(rows)]


TASK = DrawBench()
