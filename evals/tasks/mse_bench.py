"""MSE-Bench as published: 100 pictures that are brought, with five changes one after the other.

Qu et al. 2025 (VINCIE, arXiv 2506.10941); huggingface.co/datasets/leigangqu/MSE-Bench, Apache-2.0. A row holds image,
index, summary, description_source and, turn by turn, context (what is said), description_target and operation.
"""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task


class MSEBench(Task):
    name = "mse-bench"
    version = 1
    purpose = "MSE-Bench's own 100 sessions (Qu et al. 2025) of five changes to a picture that is brought"
    scorer = "mse-bench"

    def items(self) -> list[Item]:
        return [Item(id=f"{row['index']:03d}", tag="session", turns=[text.strip() for text in row["context"]],
                     brings=row["picture"], truth={"description": row["description_target"][-1].strip()})
                for row in benchmarks.rows(self.name)]


TASK = MSEBench()
