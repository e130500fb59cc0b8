"""Matching: pictures and texts as vectors that lie close together where they belong together.

A folder of any image-text model of transformers (SigLIP, SigLIP 2, CLIP and their like, ours in the pack among them)
with its processor. A picture's vector serves for all texts: `texts @ pictures.T` are the cosines by which candidate
pictures are ranked for a text, and by which one's own pictures are searched.

A model that was trained with a sigmoid loss (SigLIP, Zhai et al. 2023, arXiv 2303.15343) also says how probable it is
that a text is true of a picture: sigmoid(exp(scale) * cosine + bias). What that is worth differs from model to model: a
folder says from which probability on it was found to be right (`sure_from` in its config.json); where it does not,
pictures are only ranked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from generators import hardware, weights
from generators.api import ModelUnavailable

if TYPE_CHECKING:
    from PIL import Image


class Matcher:
    """A loaded model; ``load`` brings in torch, importing this module does not."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    @classmethod
    def load(cls, folder: str | Path) -> Matcher:
        """Loads a folder as `save_pretrained` wrote it. Raises `ModelUnavailable`."""
        from transformers import AutoModel, AutoProcessor

        folder = Path(folder)
        weights.check(folder)
        model = AutoModel.from_pretrained(folder, local_files_only=True).float().eval()
        if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
            raise ModelUnavailable(f"{folder.name} is no model that compares pictures with texts, such as SigLIP or "
                                   f"CLIP; it is a {type(model).__name__}.")
        weights.check_finite([(folder.name, model)])
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        return cls(model.to(hardware.plan().device), processor)

    def picture_vectors(self, images: Sequence[Image.Image]) -> np.ndarray:
        """The unit vectors of N pictures of any size: N x D float32."""
        inputs = self._processor(images=[image.convert("RGB") for image in images], return_tensors="pt")
        return self._vectors(self._model.get_image_features, inputs)

    def text_vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The unit vectors of N texts: N x D float32. What is longer than the model reads is cut off."""
        # Padded to the full length, as SigLIP learns it; the others mask the padding.
        most = self._model.config.text_config.max_position_embeddings
        inputs = self._processor(text=list(texts), padding="max_length", truncation=True, max_length=most,
                                 return_tensors="pt")
        return self._vectors(self._model.get_text_features, inputs)

    @property
    def sure(self) -> float | None:
        """The cosine from which on the model is sure that a text is true of a picture; None where nobody measured."""
        probability, bias = getattr(self._model.config, "sure_from", None), getattr(self._model, "logit_bias", None)
        if not isinstance(probability, float) or not 0 < probability < 1 or bias is None:
            return None
        scale = math.exp(self._model.logit_scale.item())
        return (math.log(probability / (1 - probability)) - bias.item()) / scale

    def _vectors(self, features: Any, inputs: Any) -> np.ndarray:
        import torch

        with torch.inference_mode():
            found = features(**inputs.to(self._model.device)).pooler_output.float()
        return torch.nn.functional.normalize(found, dim=-1).cpu().numpy()
