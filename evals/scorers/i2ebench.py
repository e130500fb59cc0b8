"""I2EBench's scores (Ma et al. 2024, `eval_scripts/`), by dimension: a question, a style, or what it should be like.

A question about the edited picture is answered by a vision-language model, which then says whether that was the right
answer (there GPT-4o, and GPT-4); a style is compared by CLIP; restored pictures, and what lies outside a region, by
structural similarity (here of luminance).
"""

from __future__ import annotations

from PIL import Image

from evals import asking, benchmarks, likeness
from evals.api import Look, Score, Scorer

MOST = 30  # tokens of an answer, as published
VERDICT = """
Question: {question}
Correct Answer: {right}
Machine Response: {said}
Is the machine's answer correct? Answer yes or no.
"""


class I2EBench(asking.Asks, Scorer):
    name = "i2ebench"
    version = 1
    purpose = "I2EBench's questions, styles and similarities"

    def __init__(self, answers: asking.Answers | None = None, nearness: asking.Nearness | None = None) -> None:
        super().__init__(answers)
        self.nearness = nearness or asking.clip()

    def close(self) -> None:
        super().close()
        self.nearness.close()

    def score(self, look: Look) -> Score:
        if look.image is None:
            return self.result(0.0, note="no picture")
        truth = look.item.truth
        if "question" in truth:
            return self._answered(look.image, truth["question"], truth["answer"])
        if "style" in truth:
            cosine = self.nearness.pictures([look.image])[0] @ self.nearness.texts([truth["style"]])[0]
            return self.result(float(min(max(cosine, 0.0), 1.0)), note="cosine; published is 100 times that")
        return self.result(max(0.0, likeness.ssim(*_alike(look.image, truth["like"], truth.get("except")))))

    def _answered(self, image: Image.Image, question: str, right: str) -> Score:
        said = self.answers.says([image], question, MOST)
        verdict = self.answers.says([], VERDICT.format(question=question, right=right, said=said), MOST)
        return self.result(float("yes" in verdict.lower()), note=f"{question} {said}")


def _alike(edited: Image.Image, wanted: str, mask: str | None) -> tuple[Image.Image, Image.Image]:
    """Both in one size, and the same wherever the mask is not black."""
    with Image.open(benchmarks.picture(wanted)) as opened:
        like = opened.convert("RGB")
    edited = edited.resize(like.size)
    if mask:
        with Image.open(benchmarks.picture(mask)) as opened:
            region = opened.convert("L").resize(like.size)
        for picture in (like, edited):
            picture.paste(region.convert("RGB"), mask=region.point(lambda v: 255 if v else 0))
    return like, edited


SCORER = I2EBench()
