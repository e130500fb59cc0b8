"""DPG-Bench's 1,065 long prompts as published, each with its graph of questions.

The published script leaves out the file's first line of questions by mistake; here it counts.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from evals import benchmarks
from evals.api import Item, Task


class DPGBench(Task):
    name = "dpg-bench"
    version = 1
    purpose = "DPG-Bench's own 1,065 long prompts (Hu et al. 2024), each with questions that depend on one another"
    scorer = "dpg"

    def items(self) -> list[Item]:
        found: dict[str, Item] = {}
        for row in csv.DictReader(io.StringIO(benchmarks.text(self.name, "dpg_bench.csv"), newline="")):
            name = row["item_id"]
            if name not in found:
                found[name] = Item(id=name, tag="long prompts", turns=[row["text"].strip()], truth={"questions": []})
            found[name].truth["questions"].append(_question(row))
        return list(found.values())


def _question(row: dict[str, str]) -> dict[str, Any]:
    """Number 0 among those that it depends on means: on none."""
    parents = [int(number) for number in row["dependency"].split(",")]
    return {"id": int(row["proposition_id"]), "after": [number for number in parents if number],
            "category": row["tuple"].split("(")[0].strip(), "text": row["question_natural_language"]}


TASK = DPGBench()
