"""T2I-CompBench++'s validation prompts as published: eight kinds of composition, 300 each.

Its own scores come from BLIP, UniDet and CLIP with noun phrases found by spaCy (`evals.protocols` has how they are put
together); here a picture is scored by VQAScore.
"""

from __future__ import annotations

from evals import benchmarks
from evals.api import Item, Task

KINDS = ("color", "shape", "texture", "spatial", "3d_spatial", "numeracy", "non_spatial", "complex")


class T2ICompBench(Task):
    name = "t2i-compbench"
    version = 1
    purpose = "T2I-CompBench++'s 2400 validation prompts (Huang et al. 2023): attributes, relations, numbers, all mixed"
    scorer = "vqa-score"

    def items(self) -> list[Item]:
        return [Item(id=f"{kind}-{number:03d}", tag=kind, turns=[prompt])
                for kind in KINDS for number, prompt in enumerate(self._lines(f"{kind}_val.txt"))]

    def _lines(self, file: str) -> list[str]:
        """Without the carriage returns that six of the files have."""
        return [line.strip() for line in benchmarks.text(self.name, file).splitlines() if line.strip()]


TASK = T2ICompBench()
