"""GenEval 2's 800 prompts as published: three to ten atoms each (things, attributes, counts, positions, verbs)."""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task
from evals.reading import json_lines


class GenEval2(Task):
    name = "geneval2"
    version = 1
    purpose = "GenEval 2's own 800 prompts (Kamath et al. 2025), by how many things each says; not for commercial use"
    scorer = "geneval2"

    def items(self) -> list[Item]:
        rows = json_lines(benchmarks.find(self.name, "geneval2_data.jsonl"))
        return [Item(id=f"{number:03d}", tag=f"{row['atom_count']:02d} atoms", turns=[row["prompt"]],
                     truth={"questions": row["vqa_list"], "skills": row["skills"]})
                for number, row in enumerate(rows)]


TASK = GenEval2()
