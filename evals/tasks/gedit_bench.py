"""GEdit-Bench's English half as published: 606 requests of users in eleven tasks, each about a picture that is brought.

Liu et al. 2025 (arXiv 2504.17761); huggingface.co/datasets/stepfun-ai/GEdit-Bench, MIT. A row holds key, task_type,
instruction, instruction_language ("en" or "cn"), input_image, input_image_raw and Intersection_exist: whether every
model of the paper answered, the share of which is published beside the whole. Brought is `input_image`, which the
published judge is shown as well.
"""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task


class GEditBench(Task):
    name = "gedit-bench"
    version = 1
    purpose = "GEdit-Bench's own 606 English edits (Liu et al. 2025) of pictures that are brought, in eleven tasks"
    scorer = "gedit"

    def items(self) -> list[Item]:
        return [Item(id=row["key"], tag=row["task_type"], turns=[row["instruction"].strip()], brings=row["picture"],
                     truth={"intersection": bool(row["Intersection_exist"])})
                for row in benchmarks.rows(self.name) if row["instruction_language"] == "en"]


TASK = GEditBench()
