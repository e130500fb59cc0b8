"""GenEval 2's Soft-TIFA (Kamath et al. 2025, `evaluation.py`): how likely a model gives each right answer, in one word.

As published the value is the geometric mean over a prompt's questions (GM, prompt level); the arithmetic one (AM, atom
level) and each skill's are among the parts. What differs is the model, where MAQUETTE_VQA names another than its judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from evals import protocols
from evals.api import Look, Score, Scorer
from evals.asking import Asks
from generators.asking import YES

DIGITS = {word: str(number) for number, word in enumerate(
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)}  # fmt: skip


class GenEval2(Asks, Scorer):
    name = "geneval2"
    version = 1
    purpose = "GenEval 2's Soft-TIFA GM by a vision-language model"

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        questions = look.item.truth["questions"]
        scores = [self.answers.likely([look.image], f"{question} Answer in one word.", spellings(question, answer))
                  for question, answer in questions]
        skills = protocols.by_skill([(look.item.truth["skills"], scores)])
        doubtful = [f"{question} {answer}: {score:.2f}"
                    for (question, answer), score in zip(questions, scores, strict=True) if score < 0.5]
        return self.result(protocols.prompt_level(scores), {"AM": protocols.atom_level(scores), **skills},
                           "; ".join(doubtful))


def spellings(question: str, answer: str) -> Sequence[str]:
    """The words that count as the answer: a number's also as a digit; of any other question the answer is yes."""
    if not question.startswith("How many"):
        return YES
    words = (answer, answer.capitalize(), DIGITS.get(answer, "other"))
    return [*words, *(f" {word}" for word in words)]


SCORER = GenEval2()
