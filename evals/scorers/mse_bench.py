"""MSE-Bench's judge (Qu et al. 2025, VINCIE, `evaluation/compute_score.py`): five turns, and which of them held.

After each turn a vision-language model sees the pictures so far and marks, 0 to 10, how well the last change was
followed and how well the rest was kept; the turn succeeds where both are above 6, and after one that does not none is
looked at. The value is whether the last turn succeeded; the means of the parts are the published rates by turn. The
question is the published one; its judge is GPT-4o, here it is the model that MAQUETTE_VQA names. A reply without marks
counts as a failure, where the published script asks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from evals import benchmarks, protocols
from evals.api import Look, Score, Scorer
from evals.asking import Asks
from evals.reading import strings

MOST = 300  # tokens of a verdict


class MSEBench(Asks, Scorer):
    name = "mse-bench"
    version = 1
    purpose = "MSE-Bench's success by turn, by a vision-language model"

    def score(self, look: Look) -> Score:
        turns = look.item.turns
        pictures = [picture for picture in (*look.earlier, look.before, look.image) if picture]
        if look.image is None or len(pictures) != len(turns) + 1:
            return self.result(0.0, dict.fromkeys(map("turn {}".format, range(1, len(turns) + 1)), 0.0), "no picture")
        marks = list(self._marks(pictures, turns))
        rates = protocols.sessions([marks + [None] * (len(turns) - len(marks))])
        said = "; ".join(f"{turn}: {mark[0]:g} and {mark[1]:g}" if mark else f"{turn}: no verdict"
                         for turn, mark in enumerate(marks, 1))
        return self.result(rates[-1], {f"turn {turn}": rate for turn, rate in enumerate(rates, 1)}, said)

    def _marks(self, pictures: Sequence[Image.Image], turns: Sequence[str]) -> Iterator[tuple[float, float] | None]:
        """Of each turn, up to the first that fails."""
        question = strings(benchmarks.text("mse-bench", "evaluation/compute_score.py"))["prompt_template"]
        first = pictures[0].resize(pictures[1].size)
        for count in range(1, len(turns) + 1):
            said = {f"turn{i}": text for i, text in enumerate(turns[:count], 1)}
            asked = question.format(editing_prompt=said, num_prompts=count, num_images=count + 1)
            mark = protocols.followed(self.answers.says([first, *pictures[1 : count + 1]], asked, MOST))
            yield mark
            if not protocols.succeeds(mark):
                return


SCORER = MSEBench()
