"""Asking: a vision-language model of transformers that answers questions about pictures.

Besides what it says, how likely its first word begins a given answer: the soft score of VQAScore (Lin et al. 2024,
arXiv 2404.01291) and of GenEval 2 (Kamath et al. 2025, arXiv 2512.16853). Answers greedily. Safetensors only. Models
that also take films (Qwen's) have a processor that needs torchvision, which is not among our own requirements.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators import hardware, weights
from generators.api import ModelUnavailable
from generators.local import opened

if TYPE_CHECKING:
    from PIL import Image


YES, NO = ("Yes", "yes", " Yes", " yes"), ("No", "no", " No", " no")
"""As they may begin a reply, in the spellings of GenEval 2's script."""


class Asker:
    """A loaded model; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    @classmethod
    def load(cls, folder: str | Path) -> Asker:
        """Loads a folder as `save_pretrained` wrote it. Raises `ModelUnavailable`."""
        from transformers import AutoModelForImageTextToText, AutoProcessor

        folder = Path(folder)
        weights.check(folder)
        plan = hardware.plan()
        with opened(f"{folder.name} cannot be asked about pictures", ImportError):
            processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
            model = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True, use_safetensors=True,
                                                                dtype=plan.dtype)
        if not getattr(processor, "chat_template", None):
            raise ModelUnavailable(f"{folder.name} has no chat template; use an instruct model.")
        weights.check_finite([(folder.name, model)])
        return cls(model.to(plan.device).eval(), processor)

    def likely(self, images: Sequence[Image.Image], question: str, answers: Sequence[str]) -> float:
        """The probability that the reply's first token is the first one of any of the answers, 0 to 1."""
        import torch

        with torch.inference_mode():
            logits = self._model(**self._inputs(images, question)).logits[0, -1].float()
        return float(logits.softmax(-1)[self._first(answers)].sum())

    def agrees(self, images: Sequence[Image.Image], question: str) -> float:
        """How probable "yes" is against "no", 0 to 1, for a question that one of the two answers.

        By the model's first token alone, so that nothing that stands in a picture can make it say anything else.
        """
        import torch

        with torch.inference_mode():
            logits = self._model(**self._inputs(images, f"{question} Answer yes or no.")).logits[0, -1].float()
        yes, no = (logits[self._first(words)].logsumexp(0) for words in (YES, NO))
        return float((yes - no).sigmoid())

    def says(self, images: Sequence[Image.Image], question: str, most: int) -> str:
        """The reply, of at most `most` tokens."""
        import torch

        inputs = self._inputs(images, question)
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=most, do_sample=False, temperature=None, top_p=None,
                                          top_k=None, pad_token_id=self._processor.tokenizer.pad_token_id)
        new = output[0, inputs["input_ids"].shape[1]:]
        return str(self._processor.tokenizer.decode(new, skip_special_tokens=True)).strip()

    def _first(self, answers: Sequence[str]) -> list[int]:
        """The tokens that any of the answers begins with."""
        tokenizer = self._processor.tokenizer
        return sorted({ids[0] for answer in answers if (ids := tokenizer.encode(answer, add_special_tokens=False))})

    def _inputs(self, images: Sequence[Image.Image], question: str) -> Any:
        """One message: the pictures in their order, then the question."""
        content = [{"type": "image", "image": image.convert("RGB")} for image in images]
        messages = [{"role": "user", "content": [*content, {"type": "text", "text": question}]}]
        encoded = self._processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=True,
                                                      return_dict=True, return_tensors="pt")
        return encoded.to(self._model.device, dtype=self._model.dtype)
