"""ImgEdit's judge by rubric (Ye et al. 2025, `basic_bench.py`): three marks of one to five for each edit.

The rubrics are the published ones, one for each type of edit; the value is a fifth of the mean mark, so that five times
the mean over edits is the published number. Its judge is GPT-4o; here it is the model that MAQUETTE_VQA names.
"""

from __future__ import annotations

import json

from evals import benchmarks, protocols
from evals.api import Look, Score, Scorer
from evals.asking import Asks

MOST = 200  # tokens of a verdict
BEST = 5


class ImgEdit(Asks, Scorer):
    name = "imgedit"
    version = 1
    purpose = "ImgEdit's rubric by a vision-language model"

    def score(self, look: Look) -> Score:
        if not (look.image and look.before):
            return self.result(0.0, note="no picture before and after")
        rubric = json.loads(benchmarks.text("imgedit", "prompts.json"))[look.item.truth["edit_type"]]
        asked = rubric.replace("<edit_prompt>", look.item.turns[-1])
        reply = self.answers.says([look.before, look.image], asked, MOST)
        mark = protocols.rated(reply)
        if mark is None:
            return self.result(0.0, note=f"no verdict: {reply[:200]}")
        return self.result(min(mark, BEST) / BEST, note=reply.replace("\n", "; "))


SCORER = ImgEdit()
