"""Promptable segmentation: tiny ordinary checkpoints of two families."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from generators.api import Box, ModelUnavailable
from generators.outlining import Outliner
from tests.generators import tiny_eyes

torch = pytest.importorskip("torch")
PICTURE = Image.effect_noise((96, 48), 90).convert("RGB")
PICTURE.paste((200, 30, 30), (10, 5, 50, 40))
PROMPTS = [Box(0.1, 0.1, 0.5, 0.8), (0.3, 0.5)]


@pytest.fixture(scope="module", params=["sam", "sam2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return getattr(tiny_eyes, request.param)(tmp_path_factory.mktemp("outliners") / request.param)


def test_a_mask_has_the_pictures_size_and_two_values(folder: Path) -> None:
    outliner = Outliner.load(folder)
    for where in PROMPTS:
        mask = outliner.outline(PICTURE, where)
        assert (mask.size, mask.mode) == (PICTURE.size, "L") and {v for _, v in mask.getcolors()} <= {0, 255}
        assert mask.tobytes() == outliner.outline(PICTURE, where).tobytes()


def test_where_one_points_and_what_there_is_make_a_difference(folder: Path) -> None:
    outliner = Outliner.load(folder)
    seen = [outliner._model]
    logits: list[torch.Tensor] = []
    seen[0].register_forward_hook(lambda module, given, output: logits.append(output.pred_masks))
    for picture, where in ((PICTURE, PROMPTS[0]), (PICTURE, Box(0.6, 0.1, 0.9, 0.4)), (PICTURE, PROMPTS[1]),
                           (ImageChops.invert(PICTURE), PROMPTS[0])):
        outliner.outline(picture, where)
    assert all(not torch.equal(logits[0], other) for other in logits[1:])


def test_a_picture_is_read_once_for_every_click(folder: Path) -> None:
    outliner, read = Outliner.load(folder), []
    outliner._model.vision_encoder.register_forward_hook(lambda *given: read.append(1))
    for where in (*PROMPTS, *PROMPTS):
        outliner.outline(PICTURE, where)
    assert len(read) == 1
    outliner.outline(ImageChops.invert(PICTURE), PROMPTS[0])
    assert len(read) == 2


def test_the_picture_is_made_ready_as_the_librarys_own_processor_does(tmp_path: Path) -> None:
    """For SAM, whose processor runs without torchvision: the same pixels, the same box, the same masks."""
    from transformers import AutoProcessor

    folder = tiny_eyes.sam(tmp_path / "sam")
    outliner, processor = Outliner.load(folder), AutoProcessor.from_pretrained(folder)
    box = [9.6, 4.8, 48.0, 38.4]
    theirs = processor(PICTURE, input_boxes=[[box]], return_tensors="pt")
    pixels = outliner._ready(PICTURE)
    assert outliner._size(PICTURE) == (64, 32) and torch.allclose(pixels, theirs["pixel_values"], atol=0.02)
    with torch.inference_mode():
        output = outliner._model(pixel_values=theirs["pixel_values"], input_boxes=theirs["input_boxes"].float())
    masks = processor.image_processor.post_process_masks(output.pred_masks, theirs["original_sizes"],
                                                         theirs["reshaped_input_sizes"])[0]
    best = masks[0, int(output.iou_scores[0, 0].argmax())]
    ours = torch.frombuffer(bytearray(outliner.outline(PICTURE, PROMPTS[0]).tobytes()), dtype=torch.uint8)
    ours = ours.reshape(48, 96) > 0
    assert (ours == best).float().mean() > 0.97


def test_other_models_are_refused_in_a_sentence(checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="outlines nothing: it is a qwen3"):
        Outliner.load(checkpoint("chat"))
    folder = tiny_eyes.sam(tmp_path / "sam")
    (folder / "config.json").write_text('{"model_type": "sam"}')
    with pytest.raises(ModelUnavailable, match="sam cannot be opened to outline things"):
        Outliner.load(folder)
