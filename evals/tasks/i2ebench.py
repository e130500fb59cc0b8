"""I2EBench's edits as published: 2,218 instructions in sixteen dimensions, each about a picture that is brought.

The first of its five rounds, in its original wording (`ori_exp`). The pictures are not fetched: see the sentence that
says where they are.
"""

from __future__ import annotations

import json
from typing import Any

from evals import benchmarks
from evals.api import Item, Task


class I2EBench(Task):
    name = "i2ebench"
    version = 1
    purpose = "I2EBench's own 2,218 edits (Ma et al. 2024) of pictures that are brought, in sixteen dimensions"
    scorer = "i2ebench"

    def items(self) -> list[Item]:
        return [self._item(file.partition("/")[0], key, row)
                for file in benchmarks.all_published()[self.name].files
                for key, row in json.loads(benchmarks.text(self.name, file)).items()]

    def _item(self, dimension: str, key: str, row: dict[str, Any]) -> Item:
        return Item(id=f"{dimension}-{int(key):03d}", tag=dimension, turns=[row["ori_exp"].strip()],
                    brings=f"{self.name}/{dimension}/input/{row['image']}", truth=self._truth(dimension, row))

    def _truth(self, dimension: str, row: dict[str, Any]) -> dict[str, str]:
        """What is asked of the edited picture; or the style it has; or the picture that it should be like."""
        if "Evaluation" in row:
            return {"question": row["Evaluation"], "answer": row["Answer"]}
        if "style" in row:
            return {"style": row["style"]}
        if "mask" in row:
            return {"like": f"{self.name}/{dimension}/input/{row['image']}",
                    "except": f"{self.name}/{dimension}/mask/{row['mask']}"}
        return {"like": f"{self.name}/{dimension}/gt/{row['image']}"}


TASK = I2EBench()
