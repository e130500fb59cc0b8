"""Open-vocabulary detectors: tiny ordinary checkpoints of two families, held against the library's own reading."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from generators.api import Box, ModelUnavailable
from generators.finding import Finder
from tests.generators import tiny_eyes

torch = pytest.importorskip("torch")
RED, BLUE = (Image.new("RGB", (96, 48), colour) for colour in ("red", "blue"))
RED.paste((250, 250, 250), (10, 5, 50, 40))
NAMES = ["dog", "red cat"]


@pytest.fixture(scope="module", params=["owlv2", "owlvit", "grounding_dino", "mm_grounding_dino"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return getattr(tiny_eyes, request.param)(tmp_path_factory.mktemp("eyes") / request.param)


def test_what_is_found_is_asked_for_inside_the_picture_and_sorted(folder: Path) -> None:
    seen = Finder.load(folder, threshold=0.0).find(RED, [*NAMES, "Dog", ""])
    assert seen.objects and {d.thing for d in seen.objects} <= {"dog", "red cat", "Dog"} and seen.background is None
    assert all(0 <= d.box.x0 < d.box.x1 <= 1 and 0 <= d.box.y0 < d.box.y1 <= 1 for d in seen.objects)
    sure = [d.confidence for d in seen.objects]
    assert sure == sorted(sure, reverse=True) and all(0 <= one <= 1 for one in sure)
    for one in seen.objects:
        assert all(one.box.iou(other.box) < 0.85 for other in seen.objects if other is not one)


def test_it_looks_and_reads(folder: Path) -> None:
    finder = Finder.load(folder, threshold=0.0)
    one = finder.find(RED, ["dog"])
    assert finder.find(RED, ["dog"]) == one
    assert [d.confidence for d in finder.find(BLUE, ["dog"]).objects] != [d.confidence for d in one.objects]
    assert [d.confidence for d in finder.find(RED, ["two"]).objects] != [d.confidence for d in one.objects]


def test_nothing_is_found_where_nothing_is_sought_or_sure(folder: Path) -> None:
    assert Finder.load(folder, threshold=0.0).find(RED, []).objects == ()
    assert Finder.load(folder, threshold=1.0).find(RED, NAMES).objects == ()


def test_the_surest_box_is_that_of_the_librarys_own_reading(folder: Path) -> None:
    """Through the processor's `post_process_grounded_object_detection`, for one name and a square picture."""
    square = RED.resize((64, 64))
    finder = Finder.load(folder, threshold=0.0)
    model, processor = finder._model, finder._processor
    owl = "owl" in model.config.model_type
    more = {"do_resize": False, "do_pad": False} if "owlv2" in model.config.model_type else {}
    inputs = processor(images=square, text=[["a photo of a dog"]] if owl else "dog.", return_tensors="pt", **more)
    with torch.inference_mode():
        output = model(**inputs)
    given = {} if owl else {"input_ids": inputs["input_ids"]}
    (read,) = processor.post_process_grounded_object_detection(output, threshold=0.0, target_sizes=[(64, 64)], **given)
    ours = finder.find(square, ["dog"]).objects[0]
    if owl:
        assert ours.confidence == pytest.approx(float(read["scores"].max()), abs=1e-5)
    near = [Box(*(side / 64 for side in box)).clip().iou(ours.box) for box in read["boxes"].tolist()]
    assert max(near) > 0.99


def test_a_wide_pictures_boxes_are_in_its_own_fractions(tmp_path: Path) -> None:
    """OWLv2 reads it in a square with black below: a box down to the square's half reaches the picture's end."""
    finder = Finder.load(tiny_eyes.owlv2(tmp_path / "owlv2"), threshold=0.0)
    logits, boxes = torch.full((1, 2, 1), 3.0), torch.tensor([[[0.5, 0.25, 0.5, 0.5], [0.25, 0.125, 0.1, 0.1]]])
    finder._forward = lambda inputs: type("Output", (), {"logits": logits, "pred_boxes": boxes})  # type: ignore[method-assign]
    found = [d.box for d in finder.find(RED, ["dog"]).objects]
    assert found == [pytest.approx(Box(0.25, 0.0, 0.75, 1.0)), pytest.approx(Box(0.2, 0.15, 0.3, 0.35))]


def test_each_name_keeps_its_own_words(tmp_path: Path) -> None:
    finder = Finder.load(tiny_eyes.grounding_dino(tmp_path / "dino"), threshold=0.0)
    ids = finder._processor.tokenizer("red dog. cat. the left of it.")["input_ids"]
    words = [finder._processor.tokenizer.convert_ids_to_tokens(ids[start:stop]) for start, stop in finder._spans(ids)]
    assert words == [["red", "dog"], ["cat"], ["the", "left", "of", "it"]]


def test_colours_are_those_of_the_pixels(folder: Path) -> None:
    found = Finder.load(folder, threshold=0.0).find(BLUE, NAMES).objects
    assert {d.colour for d in found} == {"blue"} and all(d.colour_confidence == 1.0 for d in found)


def test_other_models_are_refused_in_a_sentence(folder: Path, checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="finds nothing by name: it is a qwen3"):
        Finder.load(checkpoint("chat"))
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "processor_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="broken cannot be opened as a detector"):
        Finder.load(broken)
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="pickle"):
        Finder.load(broken)
