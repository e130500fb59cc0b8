"""Pictures alone as vectors: an ordinary checkpoint without a text side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators.api import ModelUnavailable
from generators.describing import Describer
from tests.generators.test_matching import SIDES, clip

torch = pytest.importorskip("torch")
PICTURES = [Image.new("RGB", (64, 40), colour) for colour in ("red", "blue", "green")]


def dino(folder: Path) -> Path:
    """A tiny ViTModel with its image processor, 32 px, as DINO's checkpoints on the hub are."""
    from transformers import ViTConfig, ViTModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    torch.manual_seed(5)
    ViTModel(ViTConfig(**SIDES, image_size=32, patch_size=8), add_pooling_layer=False).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def test_the_vectors_are_the_first_tokens_last_state(tmp_path: Path) -> None:
    from transformers import AutoImageProcessor, AutoModel

    folder = dino(tmp_path / "dino")
    found = Describer.load(folder).picture_vectors(PICTURES)
    assert found.shape == (3, 32) and found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5) and np.ptp(found, axis=0).max() > 1e-3
    with torch.inference_mode():
        state = AutoModel.from_pretrained(folder).eval()(
            **AutoImageProcessor.from_pretrained(folder)(PICTURES[0], return_tensors="pt")).last_hidden_state[0, 0]
    assert np.allclose(found[0], (state / state.norm()).numpy(), atol=1e-5)


def test_a_model_that_reads_too_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="clip is no model of pictures alone, such as DINO; it is a CLIPModel"):
        Describer.load(clip(tmp_path / "clip"))
