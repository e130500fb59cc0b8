"""What other tools write into their pictures is read back; what is damaged or hostile says nothing."""

from __future__ import annotations

import io
import json
import time

import pytest
from PIL import Image, PngImagePlugin

from generators.pixels import encode_png
from generators.recalled import Recalled, recalled

A1111 = ("a red apple, two dogs\non a beach\nNegative prompt: blurry, (bad:1.2)\n"
         'Steps: 28, Sampler: "DPM++ 2M, Karras", CFG scale: 4.5, Seed: 7, Size: 768x512, Model: flux, Version: v1.10')
COMFY = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 9, "steps": 20, "cfg": 8.0, "positive": ["10", 0],
                                               "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": 512}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "ugly", "clip": ["4", 1]}},
    "10": {"class_type": "ControlNetApply", "inputs": {"conditioning": ["6", 0]}},
}
INVOKE = {"positive_prompt": "a ship", "negative_prompt": "", "seed": 5, "steps": 30, "cfg_scale": 7.5, "width": 1024,
          "height": 768, "model": {"name": "FLUX dev", "key": "x"}}


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text)
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def test_a1111() -> None:
    assert recalled(png(parameters=A1111)) == Recalled(
        "A1111", "a red apple, two dogs\non a beach", "blurry, (bad:1.2)", 7, 28, 4.5, (768, 512), "flux")
    assert recalled(png(parameters="only words, no settings")) == Recalled("A1111", "only words, no settings")


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
@pytest.mark.parametrize(("head", "letters"), [(b"UNICODE\0", "utf-16-be"), (b"UNICODE\0", "utf-16-le"),
                                               (b"ASCII\0\0\0", "utf-8")])
def test_a1111_in_exif(format: str, head: bytes, letters: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = head + A1111.encode(letters)
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, format, exif=exif)
    found = recalled(file.getvalue())
    assert found and found.seed == 7 and found.text.startswith("a red apple")


def test_adapters_by_name_and_how_much() -> None:
    lora = {"class_type": "LoraLoader", "inputs": {"lora_name": "chalk.safetensors", "strength_model": 0.8}}
    invoke = {**INVOKE, "loras": [{"model": {"name": "chalk"}, "weight": 0.8}, {"model": {"name": "x"}, "weight": 99}]}
    prompted = A1111.replace("on a beach", "on a beach <lora:chalk:0.8>")
    for texts in ({"parameters": prompted}, {"prompt": json.dumps({**COMFY, "11": lora})},
                  {"invokeai_metadata": json.dumps(invoke)}):
        found = recalled(png(**texts))
        assert found and found.adapters == (("chalk", 0.8),), texts
        assert "<" not in found.text


def test_comfyui() -> None:
    assert recalled(png(prompt=json.dumps(COMFY), workflow="{}")) == Recalled(
        "ComfyUI", "a cat", "ugly", 9, 20, 8.0, (640, 512), "sdxl.safetensors")


def test_invokeai() -> None:
    assert recalled(png(invokeai_metadata=json.dumps(INVOKE))) == Recalled(
        "InvokeAI", "a ship", None, 5, 30, 7.5, (1024, 768), "FLUX dev")


def test_our_own_and_it_comes_first() -> None:
    record = {"role": "drawn", "brief": {"request": "two dogs"}, "request": {
        "kind": "generate", "prompt": "two dogs on a plain white background", "negative": "", "seed": 3, "steps": None,
        "guidance": 2.0, "size": [128, 128], "model": "pack-diffusion"}}
    data = encode_png(Image.new("RGB", (16, 16)), json.dumps(record), False)
    assert recalled(data) == Recalled("Maquette", "two dogs", None, 3, None, 2.0, (128, 128), "pack-diffusion")


LOOP = {"1": {"class_type": "KSampler", "inputs": {"seed": 1, "positive": ["2", 0], "negative": ["2", 0]}},
        "2": {"class_type": "X", "inputs": {"a": ["3", 0]}}, "3": {"class_type": "X", "inputs": {"a": ["2", 0]}}}


@pytest.mark.parametrize("data", [
    b"", b"not a picture", png(), png(prompt="{"), png(prompt="[1]"), png(prompt=json.dumps(LOOP)),
    png(invokeai_metadata="[" * 5000), png(maquette='{"request": 3}'), png(maquette="null"), png(parameters=" "),
    png(parameters=A1111)[:60],
])  # fmt: skip
def test_nothing_is_said_by_what_cannot_be_read(data: bytes) -> None:
    assert recalled(data) is None


@pytest.mark.parametrize("text", ["y" * 200_000, " " * 200_000, "a b " * 50_000, 'a:"' * 70_000, "a: " * 70_000])
def test_no_text_is_read_for_long(text: str) -> None:
    began = time.process_time()
    recalled(png(parameters=f"words\nmore {text}"))
    assert time.process_time() - began < 5


def test_values_out_of_bounds_are_left_out() -> None:
    found = recalled(png(parameters="x\nSteps: 99999, CFG scale: nan, Seed: -1, Size: 0x5, Model: m"))
    assert found == Recalled("A1111", "x", model="m")
    long = recalled(png(parameters="y" * 100_000))
    assert long and len(long.text) == 4000
