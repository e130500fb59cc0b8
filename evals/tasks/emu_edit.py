"""Emu Edit's test set as published: 3,589 instructions of seven kinds, each about a picture that is brought.

Sheynin et al. 2023 (arXiv 2311.10089); huggingface.co/datasets/facebook/emu_edit_test_set, CC BY-NC 4.0. A row holds
instruction, image, task, split, idx, hash and a caption of the picture before and after. These are the rows of its
split "test"; the authors' own pictures (emu_edit_test_set_generations) name the two splits the other way round, so
that numbers are only comparable where the number of items is the same.
"""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task


class EmuEdit(Task):
    name = "emu-edit"
    version = 1
    purpose = "Emu Edit's own 3,589 test instructions (Sheynin et al. 2023) for pictures that are brought, by kind"
    scorer = "emu-edit"

    def items(self) -> list[Item]:
        return [Item(id=f"{row['task']}-{row['idx']}", tag=row["task"], turns=[row["instruction"].strip()],
                     brings=row["picture"],
                     truth={"captions": [row["input_caption"].strip(), row["output_caption"].strip()]})
                for row in benchmarks.rows(self.name)]


TASK = EmuEdit()
