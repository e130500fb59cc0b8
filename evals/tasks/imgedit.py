"""ImgEdit's basic edits as published: 737 instructions of nine types, each about a picture that the user brings.

The pictures are not fetched: they are large, and lie in an archive (see the sentence that says so).
"""

from __future__ import annotations

import json

from evals import benchmarks
from evals.api import Item, Task


class ImgEdit(Task):
    name = "imgedit"
    version = 1
    purpose = "ImgEdit's own 737 basic edits (Ye et al. 2025) of pictures that are brought, by type of edit"
    scorer = "imgedit"

    def items(self) -> list[Item]:
        rows = json.loads(benchmarks.text(self.name, "basic_edit.json"))
        return [Item(id=key, tag=row["edit_type"], turns=[row["prompt"].strip()], brings=f"{self.name}/{row['id']}",
                     truth={"edit_type": row["edit_type"]}) for key, row in rows.items()]


TASK = ImgEdit()
