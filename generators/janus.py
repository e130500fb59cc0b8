"""Janus and Janus-Pro: one transformer that draws and tells what it sees (Chen et al. 2025, arXiv 2501.17811).

transformers' own class and its own loop: guidance in one batch, a static cache, codes drawn one by one. It draws in one
size, edits nothing and reads pictures by an encoder of their own, not by the codes that it draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generators import hardware
from generators.api import Report, Request, Stop
from generators.multimodal import Multimodal, Watch


class Janus(Multimodal):
    """A Janus checkpoint behind the `Generator` protocol, and what it says of pictures behind `Reader`."""

    CLASS = "JanusForConditionalGeneration"
    CALL = {"guidance_scale": 5.0, "temperature": 1.0}
    TELLS = {"generation_mode": "text"}

    def _drawn(self, request: Request, call: Mapping[str, Any], report: Report, stop: Stop) -> Any:
        talk = [{"role": "user", "content": [{"type": "text", "text": request.prompt}]}]
        text = self._reads.apply_chat_template(talk, add_generation_prompt=True)
        given = self._reads(text=text, generation_mode="image", return_tensors="pt").to(self._net.device)
        total = self._net.config.vision_config.num_image_tokens
        watch = Watch(report, stop, total, max(1, total // 24))
        with hardware.seeded(request.seed, self._used.device):
            codes = self._net.generate(**given, generation_mode="image", do_sample=True,
                                       logits_processor=[_Scores(watch, call["guidance_scale"] <= 1)], **call)
            return self._net.decode_image_tokens(codes)[0]


class _Scores:
    """Stands among what warps scores. ``plain``: without guidance, where the library's loop still reads the text twice,
    with its words and without, and would take both for pictures."""

    def __init__(self, watch: Watch, plain: bool) -> None:
        self._watch, self._plain = watch, plain

    def __call__(self, ids: Any, scores: Any) -> Any:
        self._watch.code()
        return scores[: len(scores) // 2] if self._plain else scores


GENERATOR = Janus
