"""DesignBench: thirty scenes that a user has in mind, of which the first sentence says only a part.

Scored is how well the picture shows the whole. Nobody answers the studio's questions about it yet (in the paper a model
does that sees the scene), so only arms that ask none, such as no-questions, say something.
"""

from __future__ import annotations

import json

from evals import benchmarks
from evals.api import Item, Task


class DesignBench(Task):
    name = "designbench"
    version = 1
    purpose = "DesignBench's 30 scenes (Hahn et al. 2024): asked for in short, scored by the long description"
    scorer = "vqa-score"

    def items(self) -> list[Item]:
        rows = json.loads(benchmarks.text(self.name, "prompts_and_classes.json"))
        return [Item(id=f"{row['index']:02d}", tag="designs", turns=[row["short_description"].strip()],
                     truth={"description": row["long_description"].strip()}) for row in rows.values()]


TASK = DesignBench()
