"""Maps made from pictures: edges by hand, the rest by real classes of transformers with random weights."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from generators import control_maps, poses, weights
from generators.api import Control, ModelUnavailable, Unsupported
from generators.map_colours import ADE
from tests.generators import tiny_maps
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


@pytest.mark.parametrize("kind", ["depth", "pose", "segmentation"])
def test_what_has_no_model_here_says_which_to_fetch(kind):
    name = control_maps.missing(kind)
    assert name == control_maps.MODELS[kind][0] and kind not in control_maps.maps_here()
    with pytest.raises(ModelUnavailable, match=f"models get {name}"):
        control_maps.made(Control(kind, "p"), photo())


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Tiny models of each sort, by name."""
    folder = tmp_path_factory.mktemp("maps")
    return {name: getattr(tiny_maps, name)(folder / name) for name in ("vitpose", "rtdetr", "upernet", "segformer")}


def test_which_kinds_can_be_computed_is_told_by_the_cache(models):
    assert control_maps.maps_here() == ("canny",) and control_maps.missing("canny") == ""
    second = weights.cache_folder() / f"models--{control_maps.MODELS['segmentation'][1].replace('/', '--')}"
    shutil.copytree(models["upernet"], second / "snapshots" / "abc")
    assert control_maps.maps_here() == ("canny", "segmentation") and control_maps.missing("segmentation") == ""
    assert control_maps.made(Control("segmentation", "p"), photo()).size == (64, 64)
    next((second / "snapshots" / "abc").glob("*.safetensors")).unlink()
    assert control_maps.maps_here() == ("canny",), "half a download is none"


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
    monkeypatch.setitem(control_maps.MODELS, "depth", (str(depths),))
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


@pytest.mark.parametrize("name", ["upernet", "segformer"])
def test_segments_are_in_the_colours_of_their_classes(models, monkeypatch, name):
    monkeypatch.setitem(control_maps.MODELS, "segmentation", (str(models[name]),))
    found = control_maps.made(Control("segmentation", "p"), photo(90, 70))
    assert found.size == (90, 70) and found.mode == "RGB"
    used = {colour for _, colour in found.getcolors(10_000)}
    assert len(used) > 3 and used <= set(ADE)
    assert found.tobytes() == control_maps.segments(photo(90, 70)).tobytes()
    assert found.tobytes() != control_maps.segments(photo(90, 70, seed=2)).tobytes()


def test_a_segment_lies_where_its_class_is_likeliest(models, monkeypatch):
    import torch
    from transformers import UperNetForSemanticSegmentation
    from transformers.modeling_outputs import SemanticSegmenterOutput

    def by_place(self, pixel_values):
        logits = torch.zeros(1, 150, 64, 64)
        logits[:, 12, :, :32], logits[:, 149, :, 32:] = 5, 5
        return SemanticSegmenterOutput(logits=logits)

    monkeypatch.setattr(UperNetForSemanticSegmentation, "forward", by_place)
    monkeypatch.setattr(control_maps, "_MOST", 100)
    pixels = np.asarray(control_maps.segments(photo(200, 120), str(models["upernet"])))
    assert (pixels[:, :98] == ADE[12]).all() and (pixels[:, 102:] == ADE[149]).all()
    assert ADE[12] == (150, 5, 61) and ADE[149] == (92, 0, 255), "a person and a flag"
    assert len(ADE) == 150 and len(set(ADE)) == 149, "a road and a skyscraper are both grey"


def test_what_knows_other_classes_or_joints_is_a_sentence(models, tmp_path):
    cases = ((control_maps.segments, tiny_maps.upernet(tmp_path / "upernet", 19), "tells 19 classes"),
             (control_maps.pose, tiny_maps.vitpose(tmp_path / "vitpose", 21), "tells 21 joints"),
             (control_maps.segments, models["rtdetr"], "cannot be opened to tell segments"),
             (control_maps.pose, models["upernet"], "tell poses"))
    for work, folder, said in cases:
        with pytest.raises(ModelUnavailable, match=said):
            work(photo(), str(folder))
    cups = tiny_maps.rtdetr(tmp_path / "rtdetr", "cup")
    with pytest.raises(ModelUnavailable, match="finds no people"):
        control_maps.pose(photo(), str(models["vitpose"]), str(cups))


def test_poses_come_from_models_that_are_installed(models, monkeypatch):
    monkeypatch.setitem(control_maps.MODELS, "pose", (str(models["vitpose"]),))
    with monkeypatch.context() as patch:
        patch.setattr(poses, "SURE", 99.0)
        with pytest.raises(Unsupported, match="No person was found"):
            control_maps.made(Control("pose", "p"), photo(90, 70))
    monkeypatch.setattr(poses, "SURE", -9.0)
    whole = control_maps.made(Control("pose", "p"), photo(90, 70))
    assert whole.size == (90, 70) and whole.mode == "RGB" and whole.getbbox()
    monkeypatch.setattr(control_maps, "FINDERS", (str(models["rtdetr"]),))
    with monkeypatch.context() as patch:
        patch.setattr(poses, "PERSON", 0.999)
        with pytest.raises(Unsupported, match="No person was found"):
            control_maps.made(Control("pose", "p"), photo(90, 70))
    monkeypatch.setattr(poses, "PERSON", 0.0)
    assert control_maps.made(Control("pose", "p"), photo(90, 70)).tobytes() != whole.tobytes(), "other boxes"


def test_a_map_of_another_aspect_is_cut_and_keeps_its_proportions_and_colours():
    wide = Image.new("RGB", (120, 60), "white")
    ImageDraw.Draw(wide).rectangle((40, 10, 79, 49), fill=(120, 120, 120))
    fitted = control_maps.fitted(Control("segmentation", "p", ready=True), wide, (64, 64))
    assert fitted.size == (64, 64) and {colour for _, colour in fitted.getcolors()} == {(255,) * 3, (120,) * 3}
    left, top, right, bottom = ImageChops.invert(fitted).getbbox()
    assert abs((right - left) - (bottom - top)) <= 1 and 40 < right - left < 45
