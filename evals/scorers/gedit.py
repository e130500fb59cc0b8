"""GEdit-Bench's judge (Liu et al. 2025), which is VIEScore (Ku et al. 2023, arXiv 2312.14867): two marks.

How well the edit follows (`semantics`, both pictures shown) and how good it looks (`quality`, the edited one alone),
each the smaller of two marks of 0 to 10. The value is a tenth of the root of their product, so that ten times the mean
of the tasks' means is the published G_O. The questions are the published ones; their judges are GPT-4.1 and
Qwen2.5-VL-72B, here it is the model that MAQUETTE_VQA names. A reply without marks counts as 0, where the published
script guesses.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from evals import benchmarks, protocols
from evals.api import Look, Score, Scorer
from evals.asking import Asks
from evals.reading import strings

MOST = 300  # tokens of a verdict
BEST = 10
QUESTIONS = ("_prompts_0shot_two_image_edit_rule", "_prompts_0shot_tie_rule_SC"), ("_prompts_0shot_rule_PQ",)


class GEdit(Asks, Scorer):
    name = "gedit"
    version = 1
    purpose = "GEdit-Bench's VIEScore by a vision-language model"

    def score(self, look: Look) -> Score:
        if not (look.image and look.before):
            return self.result(0.0, note="no picture before and after")
        edited = look.image.resize(look.before.size)
        said = strings(benchmarks.text("gedit-bench", "viescore/vie_prompts.py"))
        semantics, quality = ("\n".join([said["_context_no_delimit"], *(said[part] for part in parts)])
                              for parts in QUESTIONS)
        semantics = semantics.replace("<instruction>", look.item.turns[-1])
        marks = {"semantics": self._mark([look.before, edited], semantics),
                 "quality": self._mark([edited], quality)}
        missing = [name for name, mark in marks.items() if mark is None]
        found = {name: (mark or 0.0) / BEST for name, mark in marks.items()}
        value = protocols.viescore(found["semantics"], found["quality"])
        return self.result(value, found, f"no verdict about {' and '.join(missing)}" if missing else "")

    def _mark(self, pictures: Sequence[Image.Image], question: str) -> float | None:
        return protocols.least(self.answers.says(pictures, question, MOST))


SCORER = GEdit()
