"""One safetensors file, as people share them: loaded by path, and told from what is none."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generators import registry, single_file, weights
from generators.api import Extent, Model, ModelUnavailable, Request, picture_id
from tests.generators import tiny_pipelines
from tests.generators.ldm import single_file as as_people_share_it

SD = "stable-diffusion-v1-5/stable-diffusion-v1-5"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny Stable Diffusion: the folder, and the same in one file."""
    base = tmp_path_factory.mktemp("shared")
    folder = tiny_pipelines.save("StableDiffusionPipeline", base / "folder")
    return folder, as_people_share_it(folder, base / "my model.safetensors")


def fetched(folder: Path, small: bool) -> None:
    """The base model as `models get sd-1.5` leaves it, with `--small` or without."""
    snapshot = weights.cache_folder() / f"models--{SD.replace('/', '--')}" / "snapshots" / "abc"
    shutil.copytree(folder, snapshot, ignore=shutil.ignore_patterns("*.safetensors") if small else None)


def draw(model: Model) -> str:
    able = replace(model.capabilities, sizes=(Extent(64, 64),))
    generator = registry.generator(replace(model, capabilities=able))
    generator.load()
    request = Request(model="m", prompt="a red dog", size=Extent(64, 64), seed=7, steps=2)
    result = generator.run(request, {}, lambda event: None, lambda: False)
    assert len(result.arithmetic["weights"]) == 64
    return picture_id(result.image)


def test_a_file_draws_what_its_folder_draws(shared: tuple[Path, Path]) -> None:
    folder, file = shared
    fetched(folder, small=True)
    model = registry.find(str(file))
    assert model.capabilities.names() == ["generate", "refine", "edit", "inpaint", "negative"]
    assert registry.installed(model)
    assert draw(model) == draw(registry.find(str(folder)))


def test_without_the_settings_it_says_how_to_get_them(shared: tuple[Path, Path]) -> None:
    with pytest.raises(ModelUnavailable, match=rf"models get {SD} --small"):
        registry.generator(registry.find(str(shared[1]))).load()


def header(**shapes: list[int]) -> bytes:
    head: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        size = 4
        for side in shape:
            size *= side
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


MARKS = {
    "sdxl": {"conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias": [1]},
    "sd-1.5": {"cond_stage_model.transformer.text_model.embeddings.position_embedding.weight": [1],
               "model.diffusion_model.input_blocks.0.0.weight": [1, 4]},
    "instruct-pix2pix": {"cond_stage_model.transformer.text_model.embeddings.position_embedding.weight": [1],
                         "model.diffusion_model.input_blocks.0.0.weight": [1, 8]},
    "flux1-schnell": {"double_blocks.0.img_attn.norm.key_norm.scale": [1]},
    "flux1-dev": {"model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale": [1],
                  "model.diffusion_model.guidance_in.in_layer.bias": [1]},
    "chroma1-hd": {"double_blocks.0.img_attn.norm.key_norm.scale": [1],
                   "distilled_guidance_layer.in_proj.bias": [1]},
}


@pytest.mark.parametrize("name", MARKS)
def test_whose_a_file_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.safetensors").write_bytes(header(**MARKS[name]))
    assert single_file.base(tmp_path / "a.safetensors") == name
    assert registry.find(str(tmp_path / "a.safetensors")).options["base"] == registry.find(name).source


def test_every_mark_is_of_a_model_that_opens_single_files() -> None:
    import diffusers

    for name, _ in single_file._MARKS:
        classes = registry.find(name).options["classes"]
        assert hasattr(getattr(diffusers, next(iter(classes.values()))), "from_single_file"), name


@pytest.mark.parametrize(("tensor", "sentence"), [
    ("lora_unet_down_blocks_0.lora_down.weight", "LoRA"), ("control_model.time_embed.0.weight", "ControlNet"),
    ("something.else", "none of its tensors' names")])
def test_other_files_are_told_apart(tmp_path: Path, tensor: str, sentence: str) -> None:
    (tmp_path / "a.safetensors").write_bytes(header(**{tensor: [1]}))
    with pytest.raises(ModelUnavailable, match=sentence):
        registry.find(str(tmp_path / "a.safetensors"))


@pytest.mark.parametrize(("name", "data", "sentence"), [
    ("a.ckpt", b"PK\x03\x04", "pickle"), ("a.safetensors", b"PK\x03\x04 not safetensors at all", "not a safetensors"),
    ("a.safetensors", b"", "not a safetensors")])
def test_what_is_no_safetensors_is_refused(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelUnavailable, match=sentence):
        registry.find(str(tmp_path / name))
