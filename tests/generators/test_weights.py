"""Weights that are more than weights: pickles under every name, code in configs, numbers that are none."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
from pathlib import Path

import pytest

from generators import weights
from generators.api import ModelUnavailable

ROOT = Path(weights.__file__).resolve().parent.parent


def tensors(values=b"\0" * 16, header=None):
    head = json.dumps(header or {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(head)) + head + values


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a pipeline, with one good file of weights."""
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(tensors())
    (tmp_path / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}))
    return tmp_path


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_clean_folder_is_taken(model):
    weights.check(model)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt", "model.pt", "model.pth", "weights.pkl"])
def test_a_pickle_alone_is_refused_and_never_opened(model, name):
    touched = model / "touched"
    (model / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (model / "unet" / name).write_bytes(pickle.dumps(Evil(str(touched))))
    with pytest.raises(ModelUnavailable, match=r"pickle .*safetensors"):
        weights.check(model)
    assert not touched.exists()


def test_what_a_hub_repository_holds_beside_is_left_alone(model):
    (model / "whole-model.ckpt").write_bytes(b"never opened")
    (model / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"never opened")
    (model / "vae_decoder").mkdir()
    (model / "vae_decoder" / "openvino_model.bin").write_bytes(b"never opened")
    (model / "unet" / "vocab.json").write_text('{"auto_map": 7}')
    weights.check(model)
    assert [path.name for path in weights.weight_files(model)] == ["diffusion_pytorch_model.safetensors"]


def test_a_renamed_pickle_is_refused_by_content(model):
    touched = model / "touched"
    (model / "unet" / "more.safetensors").write_bytes(pickle.dumps(Evil(str(touched))) * 3)
    with pytest.raises(ModelUnavailable, match=r"more\.safetensors is not a safetensors file"):
        weights.check(model)
    assert not touched.exists()


GOOD = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
BAD = {
    "empty": b"",
    "short": b"abc",
    "huge header": struct.pack("<Q", 2**40) + b"{}",
    "header beyond the end": struct.pack("<Q", 500) + b"{}",
    "no json": struct.pack("<Q", 4) + b"nope",
    "a list": struct.pack("<Q", 2) + b"[]" + b"\0" * 16,
    "deep": struct.pack("<Q", 50_000) + b"[" * 50_000,
    "beyond the end": tensors(header={"a": {**GOOD, "data_offsets": [0, 160]}}),
    "negative": tensors(header={"a": {**GOOD, "data_offsets": [16, 0]}}),
    "overlap": tensors(header={"a": {**GOOD, "data_offsets": [0, 12]}, "b": {**GOOD, "data_offsets": [8, 16]}}),
    "gap": tensors(header={"a": {**GOOD, "data_offsets": [4, 16]}}),
    "rest": tensors() + b"more",
    "no offsets": tensors(header={"a": {"dtype": "F32"}}),
    "words": tensors(header={"a": {**GOOD, "data_offsets": ["0", "16"]}}),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_headers_are_refused(model, data):
    (model / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(data)
    with pytest.raises(ModelUnavailable, match="not a safetensors file"):
        weights.check(model)


@pytest.mark.parametrize(
    "config",
    [{"auto_map": {"AutoModel": "modeling.Evil"}}, {"custom_pipelines": {"x": {}}}],
)
def test_configs_that_bring_code_are_refused(model, config):
    (model / "unet" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="run code"):
        weights.check(model)


@pytest.mark.parametrize(
    "index",
    [{"_class_name": ["my_pipeline", "Evil"]}, {"_class_name": "X", "unet": ["my_module", "Evil"]},
     {"_class_name": "X", "unet": ["os", "system"]}],
)
def test_components_from_elsewhere_are_refused(model, index):
    (model / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match="run code"):
        weights.check(model)


@pytest.mark.parametrize("where", ["pipeline.py", "unet/modeling.py"])
def test_python_files_are_refused(model, where):
    (model / where).write_text("print('hello')")
    with pytest.raises(ModelUnavailable, match="Python code"):
        weights.check(model)


def test_broken_json_is_refused_by_name(model):
    (model / "unet" / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"unet/config\.json"):
        weights.check(model)


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="no weights"):
        weights.check(tmp_path)


def test_the_revision_follows_the_content(model):
    before = weights.revision(model)
    assert len(before) == 64 and weights.revision(model) == before
    path = model / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(tensors(b"\1" * 16))
    os.utime(path, ns=(1, 1))
    assert weights.revision(model) != before


@pytest.mark.parametrize("name", ["nowhere", "../x/y/z", "a/../b", "no/such-model"])
def test_what_is_not_here_is_not_fetched(name):
    with pytest.raises(ModelUnavailable):
        weights.locate(name)


def test_nan_and_infinity_are_found_by_name():
    import torch

    layer = torch.nn.Linear(4, 4)
    weights.check_finite([("unet", layer)])
    with torch.no_grad():
        layer.weight[1, 2] = float("nan")
    with pytest.raises(ModelUnavailable, match=r"unet\.weight"):
        weights.check_finite([("unet", layer)])


@pytest.mark.parametrize("words", ["trust_remote_code", "torch.load(", "pickle.load", "import pickle", "weights_only"])
def test_nothing_in_the_product_opens_pickles_or_runs_foreign_code(words):
    found = subprocess.run(["grep", "-rlF", "--include=*.py", words, *(str(ROOT / room) for room in
                            ("generators", "tools", "agent", "ui", "evals"))], capture_output=True, text=True)
    assert found.stdout == ""
