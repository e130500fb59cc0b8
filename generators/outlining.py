"""Outlining: the pixels of the thing at a point or in a box, in any picture, by a promptable segmentation model.

Segment Anything (Kirillov et al. 2023, arXiv 2304.02643) and its successors of transformers that take the same prompts:
SAM and SAM 2 (Ravi et al. 2024, arXiv 2408.00714), by `AutoModelForMaskGeneration`. Pictures are made ready here, as
the models' own processors do it: that of SAM 2 needs torchvision. What the model made of the latest picture is kept, so
that the next click in it takes no time. Safetensors only.

Of the masks that a model offers, the one that it scores best is taken; how good that score is was not measured here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators import hardware, weights
from generators.api import Box, ModelUnavailable, picture_id
from generators.local import opened

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("sam", "sam2", "sam2_video")
"""The `model_type`s that are read here. SAM keeps a picture's shape and pads it to a square; SAM 2 stretches it."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Point = tuple[float, float]


class Outliner:
    """A loaded model; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._pads = model.config.model_type == "sam"
        self._latest: tuple[str, Any] = ("", None)
        self._side = int(model.config.prompt_encoder_config.image_size)

    @classmethod
    def load(cls, folder: str | Path) -> Outliner:
        """Loads a folder as `save_pretrained` wrote it. Raises `ModelUnavailable`."""
        from transformers import AutoConfig, AutoModelForMaskGeneration

        folder = Path(folder)
        weights.check(folder)
        plan = hardware.plan()
        with opened(f"{folder.name} cannot be opened to outline things", ImportError):
            kind = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
            if kind not in KINDS:
                raise ModelUnavailable(f"{folder.name} outlines nothing: it is a {kind}, and {', '.join(KINDS)} do.")
            model = AutoModelForMaskGeneration.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        weights.check_finite([(folder.name, model)])
        return cls(model.float().to(plan.device).eval())

    def outline(self, image: Image.Image, where: Box | Point) -> Image.Image:
        """The thing in a box, or at a point (x, y in fractions): "L" of the image's size, 255 where it is."""
        import torch

        across, down = self._size(image)
        spot = torch.tensor(where, dtype=torch.float32) * torch.tensor([across, down] * (len(where) // 2))
        asked = ({"input_boxes": spot[None, None]} if len(where) == 4 else
                 {"input_points": spot[None, None, None], "input_labels": torch.ones(1, 1, 1, dtype=torch.long)})
        device = self._model.device
        with torch.inference_mode():
            output = self._model(image_embeddings=self._read(image), multimask_output=True,
                                 **{name: value.to(device) for name, value in asked.items()})
        best = int(output.iou_scores[0, 0].argmax())
        return self._mask(output.pred_masks[0, 0, best].float().cpu(), image, across, down)

    def _read(self, image: Image.Image) -> Any:
        """What the model makes of a picture before it is asked for anything."""
        name = picture_id(image)
        if self._latest[0] != name:
            self._latest = (name, self._model.get_image_embeddings(self._ready(image).to(self._model.device)))
        return self._latest[1]

    def _size(self, image: Image.Image) -> tuple[int, int]:
        """How many pixels across and down of the model's square the picture takes."""
        if not self._pads:
            return self._side, self._side
        shrink = self._side / max(image.size)
        return max(1, round(image.width * shrink)), max(1, round(image.height * shrink))

    def _ready(self, image: Any) -> Any:
        """1 x 3 x side x side."""
        import numpy as np
        import torch

        size = self._size(image)
        pixels = np.asarray(image.convert("RGB").resize(size, 2), np.float32) / 255
        pixels = (pixels - np.array(_MEAN, np.float32)) / np.array(_STD, np.float32)
        square = np.zeros((self._side, self._side, 3), np.float32)
        square[:size[1], :size[0]] = pixels
        return torch.from_numpy(square.transpose(2, 0, 1).copy())[None]

    def _mask(self, logits: Any, image: Image.Image, across: int, down: int) -> Image.Image:
        """A mask of the model's low resolution, at the picture's."""
        import torch.nn.functional as F
        from PIL import Image as Pictures

        square = F.interpolate(logits[None, None], (self._side, self._side), mode="bilinear", align_corners=False)
        part = square[:, :, :down, :across]
        whole = F.interpolate(part, (image.height, image.width), mode="bilinear", align_corners=False)[0, 0]
        return Pictures.fromarray((whole > 0).numpy().astype("uint8") * 255, "L")
