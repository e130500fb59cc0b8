"""Seeing: finds objects, their boxes and colours, and the background of a picture.

The detector is "Objects as Points" (Zhou et al. 2019, arXiv 1904.07850) on a public class:
a `SegformerForSemanticSegmentation` whose channels, at a quarter of the resolution, are a
heat map per thing, the box's size and offset at its centre, the colour there, and the
background. Its `id2label` names them, so the folder describes itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.api import Box, Detection, Seen
from generators.world.vocabulary import NATURAL_COLOURS

if TYPE_CHECKING:
    from PIL import Image

OWN = "own"
"""The colour label of an object in its natural colours."""

THRESHOLD = 0.4
"""How sure a detection must be. At 0.3 half of the blobs that a person cannot name are named, at 0.4 two fifths, and
hardly an object less is found (`python -m generators.training.labelled mark`)."""


def has_colour(seen: Detection, colour: str) -> bool:
    """Whether a person would call it that: painted so, or so by nature (an apple is red)."""
    return (NATURAL_COLOURS.get(seen.thing) if seen.colour == OWN else seen.colour) == colour


class Channels:
    """Where each kind of output lies in the model's channels, read from its labels."""

    def __init__(self, id2label: dict[int, str]):
        kinds: dict[str, list[tuple[int, str]]] = {}
        for index in sorted(int(key) for key in id2label):
            kind, _, name = id2label[index].partition(":")
            kinds.setdefault(kind, []).append((index, name))
        self.names = {kind: [name for _, name in rows] for kind, rows in kinds.items()}
        self._slices = {kind: slice(rows[0][0], rows[-1][0] + 1) for kind, rows in kinds.items()}

    def of(self, output: Any, kind: str) -> Any:
        """The channels of one kind, from N x C x H x W."""
        return output[:, self._slices[kind]]


class Detector:
    """A loaded detector; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any, processor: Any, threshold: float = THRESHOLD):
        self._model, self._processor, self.threshold = model, processor, threshold
        self._channels = Channels(model.config.id2label)

    @classmethod
    def load(cls, folder: str | Path, threshold: float = THRESHOLD) -> Detector:
        """Loads a folder as `save_pretrained` wrote it."""
        from transformers import SegformerForSemanticSegmentation
        from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

        model = SegformerForSemanticSegmentation.from_pretrained(folder, local_files_only=True).float().eval()
        return cls(model, SegformerImageProcessorPil.from_pretrained(folder, local_files_only=True), threshold)

    @property
    def things(self) -> list[str]:
        """What it can recognise."""
        return self._channels.names["heat"]

    def detect(self, image: Image.Image) -> Seen:
        """What is in one picture of any size."""
        return self.detect_all([image])[0]

    def detect_all(self, images: list[Image.Image]) -> list[Seen]:
        """What is in each of several pictures."""
        import torch

        pixels = self._processor([i.convert("RGB") for i in images], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            output = self._model(pixel_values=pixels).logits
        return [self._decode(output[i : i + 1]) for i in range(len(images))]

    def _decode(self, output: Any) -> Seen:
        """Peaks of the heat maps to detections, for 1 x C x H x W."""
        import torch
        import torch.nn.functional as F

        heat = self._channels.of(output, "heat").sigmoid()
        peaks = (heat == F.max_pool2d(heat, 3, 1, 1)) & (heat > self.threshold)
        found = peaks[0].nonzero().tolist()
        found.sort(key=lambda at: -heat[0, at[0], at[1], at[2]].item())
        kept: list[Detection] = []
        for thing, row, column in found:
            detection = self._at(output, heat, thing, row, column)
            if detection is not None and all(detection.box.iou(k.box) < 0.55 for k in kept):
                kept.append(detection)
        grounds = self._channels.of(output, "background").mean(dim=(2, 3)).softmax(-1)[0]
        best = int(torch.argmax(grounds))
        return Seen(tuple(kept), self._channels.names["background"][best], float(grounds[best]))

    def _at(self, output: Any, heat: Any, thing: int, row: int, column: int) -> Detection | None:
        rows, columns = heat.shape[2:]
        width, height = self._channels.of(output, "box")[0, :, row, column].clamp(0.02, 1).tolist()
        dx, dy = self._channels.of(output, "offset")[0, :, row, column].clamp(-0.5, 1.5).tolist()
        x, y = (column + dx) / columns, (row + dy) / rows
        box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2).clip()
        if box.width <= 0 or box.height <= 0:
            return None
        colours = self._channels.of(output, "colour")[0, :, row, column].softmax(-1)
        best = int(colours.argmax())
        return Detection(
            thing=self._channels.names["heat"][thing],
            colour=self._channels.names["colour"][best],
            box=box,
            confidence=float(heat[0, thing, row, column]),
            colour_confidence=float(colours[best]),
        )
