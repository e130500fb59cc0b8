"""Pictures and texts as vectors: ordinary checkpoints of two families, in this process and in a worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators import workshop as workshops
from generators.api import ModelUnavailable
from generators.matching import Matcher
from generators.workshop import Workshop
from tests.generators.tiny import WORDS, tokenizer

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.shared_worker

SIDES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
WORD_IDS = {"vocab_size": len(WORDS), "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
PICTURES = [Image.new("RGB", (64, 40), colour) for colour in ("red", "blue", "green")]
TEXTS = ["a red dog", "two blue cat", "a b c d e f g h i j k l m n o p q r s t u v w x y z and more"]


def siglip(folder: Path) -> Path:
    """A tiny SiglipModel with its processor in one, 32 px."""
    from transformers import SiglipConfig, SiglipModel, SiglipProcessor
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    torch.manual_seed(3)
    text = {**SIDES, **WORD_IDS, "max_position_embeddings": 8}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config={**SIDES, "image_size": 32, "patch_size": 8}))
    model.to(torch.bfloat16).save_pretrained(folder)
    SiglipProcessor(SiglipImageProcessorPil(size={"height": 32, "width": 32}), tokenizer(chat=False)).save_pretrained(
        folder)
    return folder


def clip(folder: Path) -> Path:
    """A tiny CLIPModel as repositories on the hub have it: the processor's parts beside one another."""
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(4)
    text = {**SIDES, **WORD_IDS, "max_position_embeddings": 12}
    config = CLIPConfig(text_config=text, vision_config={**SIDES, "image_size": 32, "patch_size": 8}, projection_dim=24)
    CLIPModel(config).save_pretrained(folder)
    tokenizer(chat=False).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[siglip, clip])
def folder(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("matcher") / request.param.__name__)


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(folder):
    matcher = Matcher.load(folder)
    shown, said = matcher.picture_vectors(PICTURES), matcher.text_vectors(TEXTS)
    assert shown.dtype == said.dtype == np.float32 and shown.shape == said.shape
    assert np.allclose(np.linalg.norm(np.concatenate([shown, said]), axis=1), 1, atol=1e-5)
    assert np.ptp(shown, axis=0).max() > 1e-3 and np.ptp(said, axis=0).max() > 1e-3, "they tell things apart"
    for index in range(3):
        assert np.allclose(matcher.picture_vectors(PICTURES[index : index + 1])[0], shown[index], atol=1e-5)
        assert np.allclose(matcher.text_vectors(TEXTS[index : index + 1])[0], said[index], atol=1e-5)


def test_the_vectors_are_those_of_the_models_own_comparison(folder):
    """Against the class's forward pass, whose logits are the scaled cosines."""
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained(folder).float().eval()
    inputs = AutoProcessor.from_pretrained(folder)(text=TEXTS[:2], images=PICTURES, padding="max_length",
                                                   max_length=model.config.text_config.max_position_embeddings,
                                                   return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits_per_text
    matcher = Matcher.load(folder)
    near = matcher.text_vectors(TEXTS[:2]) @ matcher.picture_vectors(PICTURES).T
    slope = model.logit_scale.exp().item()
    bias = model.logit_bias.item() if hasattr(model, "logit_bias") else 0.0
    assert np.allclose(near * slope + bias, logits.numpy(), atol=1e-4)


def test_a_worker_compares(tmp_path):
    folder = siglip(tmp_path / "siglip")
    with Workshop(matcher=str(folder)) as workshop:
        assert workshop.matches
        shown = workshop.picture_vectors([*PICTURES[:2], PICTURES[2].convert("L")])
        matcher = Matcher.load(folder)
        assert np.allclose(shown[:2], matcher.picture_vectors(PICTURES[:2]), atol=1e-5)
        assert np.allclose(workshop.text_vectors(TEXTS), matcher.text_vectors(TEXTS), atol=1e-5)


def test_equal_weights_have_one_name_and_others_another(tmp_path):
    folders = [siglip(tmp_path / "one"), siglip(tmp_path / "again"), clip(tmp_path / "other")]
    one, again, other = (Workshop(matcher=str(folder)).matches for folder in folders)
    assert one and one == again and other and one != other


def test_without_a_model_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(workshops, "MATCHER", tmp_path / "contrastive")
    with Workshop() as workshop:
        assert workshop.matches is None
        with pytest.raises(ModelUnavailable, match="generators/pack/contrastive is missing"):
            workshop.text_vectors(["a dog"])
    with Workshop(matcher="somebody/clip") as workshop:
        assert workshop.matches is None
        with pytest.raises(ModelUnavailable, match="somebody/clip is not on this machine"):
            workshop.picture_vectors(PICTURES)


def test_models_that_compare_nothing_are_refused(checkpoint):
    with pytest.raises(ModelUnavailable, match="no model that compares pictures with texts"):
        Matcher.load(checkpoint("chat"))
