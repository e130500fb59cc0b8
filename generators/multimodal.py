"""What the models of transformers do alike that draw codes of pictures and answer in words: loading, watching the
library's own loop, answering through the chat template.

A folder as `save_pretrained` wrote it, with a config.json and no model_index.json. A family names its class, how it is
called, and how it draws; whether a checkpoint's weights learnt the one, the other or both is said in the catalogue.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from PIL import Image

from generators import hardware, weights
from generators.api import BrokenOutput, Cancelled, Model, Progress, Report, Request, Stop
from generators.local import Local

LONGEST = 128
"""Words of an answer, at most."""
DESCRIBE = "Describe this picture in one sentence."


class Multimodal(Local):
    """One transformer for words and pictures behind the `Generator` protocol, and what it says of pictures behind
    `Reader`."""

    CLASS: str
    """The class of transformers that a folder holds."""
    CALL: Mapping[str, Any]
    """How it is called to draw, where neither the catalogue nor the request says otherwise."""
    TELLS: Mapping[str, Any] = {}
    """What the library is told besides when words are wanted."""
    SYSTEM = ""
    """What stands before a question, as the authors trained it."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._net: Any = None
        self._reads: Any = None

    def describe(self, image: Image.Image, stop: Stop) -> str:
        """What the picture shows. Raises `Cancelled`, `OutOfMemory`."""
        return self.answer(image, DESCRIBE, stop)

    def answer(self, image: Image.Image, question: str, stop: Stop) -> str:
        """The answer to a question about a picture. Raises as `describe` does."""
        return self._tried(lambda: self._said(image, question, stop))

    @abstractmethod
    def _drawn(self, request: Request, call: Mapping[str, Any], report: Report, stop: Stop) -> Any:
        """A picture as H x W x 3 numbers such as the model's processor makes of one. Raises `Cancelled`."""

    # Loading

    def _open(self, plan: hardware.Plan) -> None:
        import transformers

        self.unload()
        folder = weights.locate(self.model.source)
        with self._opening():
            reads = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
            net = getattr(transformers, self.CLASS).from_pretrained(folder, dtype=plan.dtype, local_files_only=True,
                                                                    use_safetensors=True)
        weights.check_finite([(folder.name, net)])
        self._reads, self._net, self._plan = reads, net.to(plan.device).eval(), plan

    def _close(self) -> None:
        self._net = self._reads = None

    # Drawing

    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        call = self._call(request)
        image = self._pixels(self._tried(lambda: self._drawn(request, call, report, stop)))
        return image, {"pipeline": type(self._net).__name__, "call": call}

    def _call(self, request: Request) -> dict[str, Any]:
        call = {**self.CALL, **self.options.get("call", {})}
        return call if request.guidance is None else {**call, "guidance_scale": request.guidance}

    def _pixels(self, values: Any) -> Image.Image:
        """H x W x 3 numbers as a picture. (The processors' own `postprocess` is of two minds: Janus' takes the rows for
        the channels where torchvision is missing, and Emu3's cuts fractions off.) Raises `BrokenOutput`."""
        import torch

        values, eyes = values.float().cpu(), self._reads.image_processor
        if not torch.isfinite(values).all():
            raise BrokenOutput(f"{self.model.name} returned numbers that are no picture.")
        mean, spread = (torch.tensor(numbers) for numbers in (eyes.image_mean, eyes.image_std))
        image = Image.fromarray(((values * spread + mean).clamp(0, 1) * 255).round().byte().numpy())
        if image.getcolors(1):
            raise BrokenOutput(f"{self.model.name} returned a picture of one single colour.")
        return image

    # Telling

    def _said(self, image: Image.Image, question: str, stop: Stop) -> str:
        from transformers import StoppingCriteriaList

        def asked(ids: Any, scores: Any, **more: Any) -> Any:
            import torch

            return torch.full((len(ids),), stop(), device=ids.device)

        given = self._reads.apply_chat_template(self._talk(image, question), add_generation_prompt=True, tokenize=True,
                                                return_dict=True, return_tensors="pt", **self.TELLS)
        given = given.to(self._net.device, self._used.dtype)
        said = self._net.generate(**given, **self.TELLS, do_sample=False, max_new_tokens=LONGEST,
                                  stopping_criteria=StoppingCriteriaList([asked]))
        if stop():
            raise Cancelled("Stopped while it was answering.")
        return str(self._reads.decode(said[0, given["input_ids"].shape[1] :], skip_special_tokens=True)).strip()

    def _talk(self, image: Image.Image, question: str) -> list[dict[str, Any]]:
        """The picture and the question; the mark that stands for a picture counts as one wherever it is written."""
        plain = question.replace(self._reads.image_token, " ")
        before = [{"role": "system", "content": [{"type": "text", "text": self.SYSTEM}]}] if self.SYSTEM else []
        return [*before, {"role": "user", "content": [{"type": "image", "image": image.convert("RGB")},
                                                      {"type": "text", "text": plain}]}]


class Watch:
    """Hears of every code that the library's loop is about to draw, and reports at every so many of them."""

    def __init__(self, report: Report, stop: Stop, total: int, every: int) -> None:
        self._report, self._stop, self._total, self._every, self._done = report, stop, total, every, 0

    def code(self) -> None:
        """One more. Raises `Cancelled`."""
        if self._stop():
            raise Cancelled(f"Stopped after code {self._done} of {self._total}.")
        self._done += 1
        if self._done % self._every == 0 or self._done == self._total:
            self._report(Progress(self._done, self._total))
