"""Finding: boxes of named things in any picture, by an open-vocabulary detector of transformers.

OWLv2 (Minderer et al. 2023, arXiv 2306.09683), OWL-ViT (2022, arXiv 2205.06230) and Grounding DINO (Liu et al. 2023,
arXiv 2303.05499), by `AutoModelForZeroShotObjectDetection`. It looks for the names that it is asked for and for nothing
else; colours are measured (`generators.colours`), the background stays unknown. Safetensors only.

What it does not know: how sure its scores make it (they order boxes and are no probabilities; the thresholds are those
of the models' own documentation, not measured here), and whether a box holds one thing or a group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators import colours, hardware, weights
from generators.api import Box, Detection, ModelUnavailable, Seen
from generators.local import opened

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("owlv2", "owlvit", "grounding-dino", "mm-grounding-dino")
"""The `model_type`s that are read here."""
THRESHOLDS = {"owlv2": 0.2, "owlvit": 0.1, "grounding-dino": 0.35, "mm-grounding-dino": 0.35}
ALIKE = 0.5
"""Boxes of one name that overlap this much (IoU) are one thing."""
SAME = 0.85
"""Boxes of two names that overlap this much are one thing with two names; the surer one stays."""
MOST = 60
"""Boxes of one picture, the surest."""

_SMOOTH = 2  # PIL's bilinear filter, which looks at every pixel when it makes a picture smaller

Scored = tuple[float, str, Box]


class Finder:
    """A loaded detector; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any, processor: Any, threshold: float | None = None) -> None:
        self._model, self._processor = model, processor
        self._kind = model.config.model_type
        self.threshold = THRESHOLDS[self._kind] if threshold is None else threshold

    @classmethod
    def load(cls, folder: str | Path, threshold: float | None = None) -> Finder:
        """Loads a folder as `save_pretrained` wrote it. Raises `ModelUnavailable`."""
        from transformers import AutoConfig, AutoModelForZeroShotObjectDetection, AutoProcessor

        folder = Path(folder)
        weights.check(folder)
        plan = hardware.plan()
        with opened(f"{folder.name} cannot be opened as a detector", ImportError):
            kind = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
            if kind not in KINDS:
                raise ModelUnavailable(f"{folder.name} finds nothing by name: it is a {kind}, and {', '.join(KINDS)} "
                                       "do.")
            processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
            model = AutoModelForZeroShotObjectDetection.from_pretrained(folder, local_files_only=True,
                                                                        use_safetensors=True)
        weights.check_finite([(folder.name, model)])
        return cls(model.float().to(plan.device).eval(), processor, threshold)

    def find(self, image: Image.Image, names: Sequence[str]) -> Seen:
        """Where these things are in an RGB picture; `Detection.thing` is a name as it was given."""
        asked = {words: name for name in dict.fromkeys(names) if (words := _plain(name))}
        found = self._boxes(image, list(asked)) if asked else []
        kept: list[Detection] = []
        for score, words, box in sorted(found, key=lambda one: -one[0]):
            if all(box.iou(k.box) < (ALIKE if k.thing == asked[words] else SAME) for k in kept):
                kept.append(_detection(image, asked[words], box, score))
        return Seen(tuple(kept[:MOST]))

    def _boxes(self, image: Image.Image, names: list[str]) -> list[Scored]:
        way: Callable[[Any, list[str]], tuple[Any, Any, float]] = (
            self._by_words if "dino" in self._kind else self._by_query)
        scores, boxes, side = way(image, names)
        best, which = scores.max(-1)
        found = []
        for at in (best > self.threshold).nonzero()[:, 0].tolist():
            box = _box(boxes[at].tolist(), image, side)
            if box.width > 0 and box.height > 0:
                found.append((float(best[at]), names[int(which[at])], box))
        return found

    def _by_query(self, image: Any, names: list[str]) -> tuple[Any, Any, float]:
        """OWL: a score for each box and name, Q x N; OWLv2's boxes are shares of the picture padded to a square."""
        asked, side = [[f"a photo of {_article(name)} {name}" for name in names]], 0
        if self._kind == "owlv2":
            side, size = max(image.size), self._processor.image_processor.size
            square = _padded(image).resize((size["width"], size["height"]), _SMOOTH)
            inputs = self._inputs(square, asked, truncation=True, do_pad=False, do_resize=False)
        else:
            inputs = self._inputs(image, asked, truncation=True)
        output = self._forward(inputs)
        return output.logits[0].sigmoid(), output.pred_boxes[0], float(side)

    def _by_words(self, image: Any, names: list[str]) -> tuple[Any, Any, float]:
        """Grounding DINO: a score for each box and word; a name's is that of its likeliest word."""
        import torch

        text = " ".join(f"{name}." for name in names)
        inputs = self._inputs(image, text)
        output = self._forward(inputs)
        spans = self._spans(inputs["input_ids"][0].tolist())
        if len(spans) < len(names):  # longer than the model reads
            names[:] = names[:len(spans)]
        words = output.logits[0].sigmoid()
        scores = torch.stack([words[:, start:stop].amax(-1) for start, stop in spans[:len(names)]], -1)
        return scores, output.pred_boxes[0], 0.0

    def _spans(self, ids: list[int]) -> list[tuple[int, int]]:
        """Where each name's words stand among the tokens: names end with a full stop."""
        tokenizer = self._processor.tokenizer
        stop, special = tokenizer.convert_tokens_to_ids("."), set(tokenizer.all_special_ids)
        spans, start = [], 0
        for at, token in enumerate(ids):
            if token == stop and at > start:
                spans.append((start, at))
            if token == stop or token in special - {tokenizer.unk_token_id}:
                start = at + 1
        return spans

    def _inputs(self, image: Any, text: Any, **more: Any) -> Any:
        return self._processor(images=image.convert("RGB"), text=text, return_tensors="pt", **more).to(
            self._model.device)

    def _forward(self, inputs: Any) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(**inputs)


def _plain(name: str) -> str:
    """A name as detectors are asked: lower case, and no full stop, which would end it."""
    return " ".join(re.sub(r"[^\w'-]+", " ", name.lower()).split())[:80]


def _padded(image: Any) -> Any:
    """The picture in the top left of a black square, as OWLv2 learnt it; its own way there needs scipy."""
    from PIL import Image

    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image.convert("RGB"), (0, 0))
    return square


def _article(name: str) -> str:
    return "an" if name[:1] in "aeiou" else "a"


def _box(centred: list[float], image: Image.Image, side: float) -> Box:
    """Corners in fractions of the picture, from centre and size in fractions of a square of `side` pixels (0: of the
    picture itself)."""
    x, y, width, height = centred
    across, down = (side / image.width, side / image.height) if side else (1.0, 1.0)
    return Box((x - width / 2) * across, (y - height / 2) * down, (x + width / 2) * across,
               (y + height / 2) * down).clip()


def _detection(image: Image.Image, name: str, box: Box, score: float) -> Detection:
    colour, share = colours.colour_of(image, box)
    return Detection(name, colour, box, score, share)
