"""VQAScore (Lin et al. 2024, arXiv 2404.01291): how likely a model says Yes when asked whether the picture shows it.

What it should show is the whole description, where a suite has one, else the user's last words. GenAI-Bench's own
numbers are this score by CLIP-FlanT5, the mean over prompts; the question here is the one for instruct models. The
parts are a prompt's skills, so that a report has each skill's mean.
"""

from __future__ import annotations

from evals.api import Look, Score, Scorer
from evals.asking import Asks

QUESTION = 'Does this figure show "{}"? Please answer Yes or No.'


class VQAScore(Asks, Scorer):
    name = "vqa-score"
    version = 1
    purpose = "VQAScore: the probability of Yes, by a vision-language model"

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        text = look.item.truth.get("description") or look.item.turns[-1]
        value = self.answers.likely([look.image], QUESTION.format(text), ("Yes",))
        return self.result(value, dict.fromkeys(look.item.truth.get("skills", ()), value))


SCORER = VQAScore()
