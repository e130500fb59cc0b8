"""DPG-Bench's score (Hu et al. 2024, `compute_dpg_bench.py`): the share of yes among a prompt's questions.

A question that depends on one answered with no counts as no. Its judge mPLUG answers in words; here yes is what a
vision-language model finds likelier than no. The parts are shares of yes by category, without the dependency rule.
"""

from __future__ import annotations

from evals import protocols
from evals.api import Look, Score, Scorer
from evals.asking import Asks
from generators.asking import NO, YES


class DPG(Asks, Scorer):
    name = "dpg"
    version = 1
    purpose = "DPG-Bench's question graph by a vision-language model"

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        questions = [protocols.Question(q["id"], tuple(q["after"]), q["category"], q["text"])
                     for q in look.item.truth["questions"]]
        right = {q.id: self._is_so(look, q.text) for q in questions}
        parts = protocols.by_category((q.category, right[q.id]) for q in questions)
        wrong = [q.text for q in questions if not right[q.id]]
        return self.result(protocols.dpg(questions, right), parts, f"no: {' '.join(wrong)}" if wrong else "")

    def _is_so(self, look: Look, question: str) -> bool:
        assert look.image is not None
        asked = f"{question} Answer Yes or No."
        return self.answers.likely([look.image], asked, YES) > self.answers.likely([look.image], asked, NO)


SCORER = DPG()
