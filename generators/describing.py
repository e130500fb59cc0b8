"""Describing: pictures alone as vectors, by a vision model that never saw a text (DINO and its like).

A folder of any vision transformer of transformers with its image processor. The vector is the last state of the first
token, which is what DINO's own code gives out (Caron et al. 2021, arXiv 2104.14294).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from generators import hardware, weights
from generators.api import ModelUnavailable

if TYPE_CHECKING:
    from PIL import Image


class Describer:
    """A loaded model; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    @classmethod
    def load(cls, folder: str | Path) -> Describer:
        """Loads a folder as `save_pretrained` wrote it. Raises `ModelUnavailable`."""
        from transformers import AutoImageProcessor, AutoModel

        folder = Path(folder)
        weights.check(folder)
        model = AutoModel.from_pretrained(folder, local_files_only=True).float().eval()
        if model.main_input_name != "pixel_values" or hasattr(model, "get_text_features"):
            raise ModelUnavailable(f"{folder.name} is no model of pictures alone, such as DINO; it is a "
                                   f"{type(model).__name__}.")
        weights.check_finite([(folder.name, model)])
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        return cls(model.to(hardware.plan().device), processor)

    def picture_vectors(self, images: Sequence[Image.Image]) -> np.ndarray:
        """The unit vectors of N pictures of any size: N x D float32."""
        import torch

        inputs = self._processor(images=[image.convert("RGB") for image in images], return_tensors="pt")
        with torch.inference_mode():
            found = self._model(**inputs.to(self._model.device)).last_hidden_state[:, 0].float()
        return torch.nn.functional.normalize(found, dim=-1).cpu().numpy()
