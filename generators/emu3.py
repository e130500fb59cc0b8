"""Emu3: one transformer over words and the codes of pictures, in one vocabulary (Wang et al. 2024, arXiv 2409.18869).

transformers' own class and its own loop, which reads what is wanted and what is not in turns. It draws in any size of
about 720 x 720 pixels, a code for 8 x 8 of them, row by row, each row closed by a mark of its own; it edits nothing.
Two checkpoints of this class were published, and nothing in their folders tells them apart: the one draws (Emu3-Gen),
the other answers (Emu3-Chat). The catalogue says which does what; a folder that it does not know is taken to draw. The
words for quality with which the authors end every prompt are not added to the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generators import hardware
from generators.api import Extent, Report, Request, Stop
from generators.multimodal import Multimodal, Watch


class Emu3(Multimodal):
    """An Emu3 checkpoint behind the `Generator` protocol, and behind `Reader` where it learnt to answer."""

    CLASS = "Emu3ForConditionalGeneration"
    CALL = {"guidance_scale": 3.0, "temperature": 1.0, "top_k": 2048, "negative_prompt": ""}
    SYSTEM = "You are a helpful assistant."

    def _call(self, request: Request) -> dict[str, Any]:
        call = super()._call(request)
        return {**call, "negative_prompt": request.negative or call["negative_prompt"]}

    def _drawn(self, request: Request, call: Mapping[str, Any], report: Report, stop: Stop) -> Any:
        import torch

        sampling = {key: value for key, value in call.items() if key != "negative_prompt"}
        sampling["guidance_scale"] = max(1.0, call["guidance_scale"])  # the library leaves guidance out at 1 alone
        given, other = (self._asked(text, request.size) for text in (request.prompt, call["negative_prompt"]))
        rows, columns = given.pop("image_sizes")[0]
        start, total = given["input_ids"].shape[1], rows * (columns + 1) - 1
        grid = _Grid(self._net, Watch(report, stop, total, columns + 1), start, columns)
        with hardware.seeded(request.seed, self._used.device):
            drawn = self._net.generate(**given, do_sample=True, max_new_tokens=total, prefix_allowed_tokens_fn=grid,
                                       negative_prompt_ids=other["input_ids"],
                                       negative_prompt_attention_mask=other["attention_mask"], **sampling)
        # The marks that close the last row and the picture are the same for all, and dropped when it is decoded.
        codes = torch.nn.functional.pad(drawn[:, start:], (0, 4))
        return self._net.decode_image_tokens(image_tokens=codes, height=rows, width=columns)[0].permute(1, 2, 0)

    def _asked(self, text: str, size: Extent) -> Any:
        """Words, and the beginning of a picture of a size in pixels."""
        return self._reads(text=text, return_for_image_generation=True, ratio=f"{size.width}:{size.height}",
                           image_area=size.width * size.height, return_tensors="pt").to(self._net.device)


class _Grid:
    """What may come next in a picture: any code, and after the last one of a row the mark that closes it."""

    def __init__(self, net: Any, watch: Watch, start: int, columns: int) -> None:
        import torch

        words = net.vocabulary_mapping
        self._watch, self._start, self._columns = watch, start, columns
        self._codes, self._close = (torch.tensor(ids, device=net.device)
                                    for ids in (words.image_tokens, [words.eol_token_id]))

    def __call__(self, batch: int, ids: Any) -> Any:
        self._watch.code()
        column = (len(ids) - self._start) % (self._columns + 1)
        return self._close if column == self._columns else self._codes


GENERATOR = Emu3
