"""Janus and Janus-Pro: one transformer that draws and tells what it sees (Chen et al. 2025, arXiv 2501.17811).

transformers' own class and its own loop: guidance in one batch, a static cache, codes drawn one by one. A folder as
`save_pretrained` wrote it, with a config.json and no model_index.json. It draws in one size, edits nothing and reads
pictures by an encoder of their own, not by the codes that it draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from generators import hardware, weights
from generators.api import BrokenOutput, Cancelled, Progress, Report, Request, Stop
from generators.local import Local

GUIDANCE = 5.0
LONGEST = 128
"""Words of an answer, at most."""
DESCRIBE = "Describe this picture in one sentence."


class Janus(Local):
    """A Janus checkpoint behind the `Generator` protocol, and what it says of pictures behind `Reader`."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._net: Any = None
        self._reads: Any = None

    def describe(self, image: Image.Image, stop: Stop) -> str:
        """What the picture shows. Raises `Cancelled`, `OutOfMemory`."""
        return self.answer(image, DESCRIBE, stop)

    def answer(self, image: Image.Image, question: str, stop: Stop) -> str:
        """The answer to a question about a picture. Raises as `describe` does."""
        return self._tried(lambda: self._said(image, question, stop))

    # Loading

    def _open(self, plan: hardware.Plan) -> None:
        from transformers import AutoProcessor, JanusForConditionalGeneration

        self.unload()
        folder = weights.locate(self.model.source)
        with self._opening():
            reads = AutoProcessor.from_pretrained(folder, local_files_only=True)
            net = JanusForConditionalGeneration.from_pretrained(folder, dtype=plan.dtype, local_files_only=True,
                                                                use_safetensors=True)
        weights.check_finite([(folder.name, net)])
        self._reads, self._net, self._plan = reads, net.to(plan.device).eval(), plan

    def _close(self) -> None:
        self._net = self._reads = None

    # Drawing

    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        call = {"guidance_scale": GUIDANCE, "temperature": 1.0, **self.options.get("call", {})}
        if request.guidance is not None:
            call["guidance_scale"] = request.guidance
        image = self._tried(lambda: self._drawn(request, call, report, stop))
        return image, {"pipeline": type(self._net).__name__, "call": call}

    def _drawn(self, request: Request, call: Mapping[str, Any], report: Report, stop: Stop) -> Image.Image:
        import torch

        talk = [{"role": "user", "content": [{"type": "text", "text": request.prompt}]}]
        text = self._reads.apply_chat_template(talk, add_generation_prompt=True)
        given = self._reads(text=text, generation_mode="image", return_tensors="pt").to(self._net.device)
        plain, total = call["guidance_scale"] <= 1, self._net.config.vision_config.num_image_tokens
        with hardware.seeded(request.seed, self._used.device):
            codes = self._net.generate(**given, generation_mode="image", do_sample=True,
                                       logits_processor=[_Watch(report, stop, total, plain)], **call)
            values = self._net.decode_image_tokens(codes).float().cpu()
        if not torch.isfinite(values).all():
            raise BrokenOutput(f"{self.model.name} returned numbers that are no picture.")
        image = Image.fromarray(self._pixels(values[0]).numpy())
        if image.getcolors(1):
            raise BrokenOutput(f"{self.model.name} returned a picture of one single colour.")
        return image

    def _pixels(self, values: Any) -> Any:
        """H x W x 3 numbers as the model knows them to bytes. (The processor's own `postprocess` takes the rows for
        the channels where torchvision is missing.)"""
        import torch

        eyes = self._reads.image_processor
        mean, spread = (torch.tensor(numbers) for numbers in (eyes.image_mean, eyes.image_std))
        return ((values * spread + mean).clamp(0, 1) * 255).round().byte()

    # Telling

    def _said(self, image: Image.Image, question: str, stop: Stop) -> str:
        from transformers import StoppingCriteriaList

        def asked(ids: Any, scores: Any, **more: Any) -> Any:
            import torch

            return torch.full((len(ids),), stop(), device=ids.device)

        talk = [{"role": "user", "content": [{"type": "image", "image": image.convert("RGB")},
                                             {"type": "text", "text": question}]}]
        given = self._reads.apply_chat_template(talk, add_generation_prompt=True, tokenize=True, return_dict=True,
                                                generation_mode="text", return_tensors="pt")
        given = given.to(self._net.device, self._used.dtype)
        said = self._net.generate(**given, generation_mode="text", do_sample=False, max_new_tokens=LONGEST,
                                  stopping_criteria=StoppingCriteriaList([asked]))
        if stop():
            raise Cancelled("Stopped while it was answering.")
        return str(self._reads.decode(said[0, given["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


class _Watch:
    """Stands among what warps scores, and hears of every code. ``plain``: without guidance, where the library's loop
    still reads the text twice, with its words and without, and would take both for pictures."""

    def __init__(self, report: Report, stop: Stop, total: int, plain: bool) -> None:
        self._report, self._stop, self._total, self._plain, self._done = report, stop, total, plain, 0

    def __call__(self, ids: Any, scores: Any) -> Any:
        if self._stop():
            raise Cancelled(f"Stopped after code {self._done} of {self._total}.")
        self._done += 1
        if self._done % max(1, self._total // 24) == 0:
            self._report(Progress(self._done, self._total))
        return scores[: len(scores) // 2] if self._plain else scores


GENERATOR = Janus
