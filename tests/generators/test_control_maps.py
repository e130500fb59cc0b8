"""Maps made from pictures: edges by hand, depths by a real class of transformers with random weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from generators import control_maps
from generators.api import Control, ModelUnavailable, Unsupported
from tests.generators.bench import photo


def disc(colour="white", ground="black"):
    image = Image.new("RGB", (96, 80), ground)
    ImageDraw.Draw(image).ellipse((20, 20, 60, 60), fill=colour)
    return image


def test_the_edge_of_a_disc_is_a_thin_ring():
    edges = np.asarray(control_maps.canny(disc()))
    assert edges.shape == (80, 96) and set(np.unique(edges)) == {0, 255}
    down, right = np.nonzero(edges)
    away = np.hypot(down - 40, right - 40)
    assert away.min() > 17.5 and away.max() < 22.5, "on the rim and nowhere else"
    around = 2 * np.pi * 20
    assert 0.8 * around < len(down) < 1.3 * around, "one pixel wide"
    angles = np.unique((np.degrees(np.arctan2(down - 40, right - 40)) // 10).astype(int))
    assert len(angles) >= 36, "all the way round"


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_an_edge_of_any_direction_is_found(angle):
    across = np.add.outer(np.sin(np.radians(angle)) * (np.arange(64) - 32), np.cos(np.radians(angle)) * (
        np.arange(64) - 32))
    edges = np.asarray(control_maps.canny(Image.fromarray(np.where(across > 0.3, 255, 0).astype(np.uint8))))
    assert edges.any() and np.abs(across[edges > 0]).max() < 2.5
    assert np.count_nonzero(edges) < 130, "no more than a staircase along the line"


def test_what_is_faint_counts_where_it_goes_on_from_what_is_not():
    faint = np.zeros((64, 64), np.uint8)
    faint[:, 32:] = 65
    assert not np.asarray(control_maps.canny(Image.fromarray(faint))).any()
    faint[:16, 32:] = 255
    column = np.asarray(control_maps.canny(Image.fromarray(faint)))[24:, 28:36]
    assert column.any(axis=1).all()


def test_a_plain_picture_has_no_edges():
    assert control_maps.canny(Image.new("RGB", (33, 17), "teal")).getextrema() == (0, 0)
    assert control_maps.canny(Image.new("L", (1, 1))).size == (1, 1)


def test_a_map_that_is_ready_is_taken_as_it_is():
    for kind in ("canny", "depth", "pose", "segmentation"):
        assert control_maps.made(Control(kind, "p", ready=True), photo()).tobytes() == photo().tobytes()
    assert control_maps.made(Control("canny", "p"), disc()).mode == "RGB"
    for kind in ("pose", "segmentation"):
        with pytest.raises(Unsupported, match=f"{kind} map is not computed here"):
            control_maps.made(Control(kind, "p"), photo())


@pytest.fixture(scope="module")
def depths(tmp_path_factory):
    """A DPT of random weights, as the hub has them."""
    import torch
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessorPil

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("depth") / "dpt"
    model = DPTForDepthEstimation(DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=8,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        reassemble_factors=[4, 2, 1, 0.5]))
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    for weight in model.head.parameters():
        weight.data.abs_()  # else its last step makes zeros of everything
    model.save_pretrained(folder)
    DPTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def test_depths_come_from_a_model_that_is_installed(depths, monkeypatch):
    with pytest.raises(ModelUnavailable, match=r"models get depth-anything"):
        control_maps.made(Control("depth", "p"), photo())
    monkeypatch.setattr(control_maps, "DEPTH", (str(depths),))
    far = control_maps.made(Control("depth", "p"), photo(60, 44))
    assert far.size == (60, 44) and far.mode == "RGB"
    assert far.convert("L").getextrema() == (0, 255), "from the farthest to the nearest"
    assert far.tobytes() == control_maps.made(Control("depth", "p"), photo(60, 44)).tobytes()
    assert far.tobytes() != control_maps.made(Control("depth", "p"), photo(60, 44, seed=2)).tobytes()


def test_what_tells_no_depths_is_a_sentence(depths, tmp_path):
    with pytest.raises(ModelUnavailable, match="no model folder"):
        control_maps.depth(photo(), str(tmp_path / "none"))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "model.safetensors").write_bytes((depths / "model.safetensors").read_bytes())
    with pytest.raises(ModelUnavailable, match="cannot be opened to tell depths"):
        control_maps.depth(photo(), str(tmp_path / "bad"))
