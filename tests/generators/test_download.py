"""`python app.py models get`, against a stand-in for the hub on this machine."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generators import checking, eyes, weights
from tests.generators.hub import REVISION, Hub

ROOT = Path(__file__).resolve().parents[2]
NAME = "somebody/some-model"


def tensors(count: int = 50_000) -> bytes:
    head = json.dumps({"a": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
    return struct.pack("<Q", len(head)) + head + os.urandom(4 * count)


def repository(**more: bytes) -> dict[str, bytes]:
    """As they are on the hub: settings, words, weights, and the same weights again in other forms."""
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
             "tokenizer": ["transformers", "CLIPTokenizer"], "safety_checker": [None, None]}
    return {"model_index.json": json.dumps(index).encode(), "README.md": b"# A model", "LICENSE": b"Do as you like.",
            "unet/config.json": b"{}", "unet/diffusion_pytorch_model.safetensors": tensors(),
            "unet/diffusion_pytorch_model.fp16.safetensors": tensors(), "unet/diffusion_pytorch_model.bin": b"pickle",
            "tokenizer/vocab.json": b"{}", "tokenizer/merges.txt": b"a b", "whole.safetensors": tensors(),
            "pictures/teaser.png": b"\x89PNG", "safety_checker/config.json": b"{}", "run.py": b"print()", **more}


def get(hub: Hub, *words: str, name: str = NAME, **env: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the object on stdout, what was said on stderr."""
    done = subprocess.run([sys.executable, "app.py", "models", "get", name, "--json", *words], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, **hub.env, **env}, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def here() -> set[str]:
    folder = weights.find(NAME)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} if folder else set()


def test_a_model_is_fetched_whole_and_nothing_else_is() -> None:
    with Hub({NAME: repository()}) as hub:
        code, said, _ = get(hub)
        assert code == 0 and said["revision"] == REVISION and said["path"] == str(weights.find(NAME))
        assert here() == {"model_index.json", "LICENSE", "unet/config.json", "tokenizer/vocab.json",
                          "tokenizer/merges.txt", "unet/diffusion_pytorch_model.safetensors"}
        assert weights.is_whole(weights.locate(NAME))
        before = sum(hub.asked.values())
        assert get(hub)[0] == 0 and sum(hub.asked.values()) == before, "what is here is not fetched again"
    known = checking.known(Path(os.environ["MAQUETTE_DATA"]))
    assert known[NAME]["revision"] == REVISION


def test_progress_is_told_to_people() -> None:
    with Hub({NAME: repository()}) as hub:
        done = subprocess.run([sys.executable, "app.py", "models", "get", NAME], cwd=ROOT, capture_output=True,
                              text=True, env={**os.environ, **hub.env}, timeout=120)
    assert done.returncode == 0 and "100 %" in done.stderr and "diffusion_pytorch_model" in done.stderr
    assert f"models check {NAME}" in done.stdout


def test_small_is_all_but_the_weights() -> None:
    with Hub({NAME: repository()}) as hub:
        assert get(hub, "--small")[0] == 0
        assert "unet/config.json" in here() and not any(path.endswith(".safetensors") for path in here())
        assert not weights.is_whole(weights.locate(NAME)), "and so it is not ready"
        assert get(hub)[0] == 0 and weights.is_whole(weights.locate(NAME))


def test_a_connection_that_breaks_is_taken_up_again() -> None:
    large = {"unet/diffusion_pytorch_model.safetensors": tensors(6_000_000)}  # more than the client holds back
    with Hub({NAME: repository(**large)}, "breaks") as hub:
        assert get(hub)[0] == 0
        assert hub.ranges == ["unet/diffusion_pytorch_model.safetensors"]
        assert weights.is_whole(weights.locate(NAME))


def test_what_arrives_damaged_is_thrown_away() -> None:
    with Hub({NAME: repository()}, "damaged") as hub:
        code, said, _ = get(hub)
        assert code == 1 and "arrived damaged" in said["reply"]
        assert not any(path.endswith(".safetensors") for path in here())
        hub.trouble = ""
        assert get(hub)[0] == 0


@pytest.mark.parametrize(("trouble", "code", "sentence"), [
    ("gated", 1, "is gated: ask for access on https://huggingface.co/somebody/some-model, and sign in"),
    ("missing", 2, "The hub has no model somebody/some-model"),
    ("busy", 1, "503"),
])
def test_refusals_are_sentences(trouble: str, code: int, sentence: str) -> None:
    with Hub({NAME: repository()}, trouble) as hub:
        got, said, _ = get(hub)
    assert got == code and sentence in said["reply"] and "\n" not in said["reply"]


def test_no_network_is_a_sentence() -> None:
    with Hub({}) as hub:
        env = hub.env
    done = subprocess.run([sys.executable, "app.py", "models", "get", NAME], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, **env}, timeout=120)
    assert done.returncode == 1 and "cannot be reached" in done.stderr and "Traceback" not in done.stderr


def test_without_leave_to_use_the_network_it_says_so() -> None:
    with Hub({NAME: repository()}) as hub:
        code, said, _ = get(hub, HF_HUB_OFFLINE="1")
    assert code == 1 and "HF_HUB_OFFLINE" in said["reply"]


def test_too_little_room_is_said_before_anything_large_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    from generators import download

    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: SimpleNamespace(free=2_000_000_000))
    with pytest.raises(download.DownloadFailed, match=r"takes 9\.0 GB more, and .* has 2\.0 GB left"):
        download._need_room(NAME, 9_000_000_000)


@pytest.mark.parametrize("variant", [False, True])
def test_weights_that_are_no_plain_safetensors_are_not_fetched(variant: bool) -> None:
    files = repository()
    del files["unet/diffusion_pytorch_model.safetensors"]
    if not variant:
        del files["unet/diffusion_pytorch_model.fp16.safetensors"]
    with Hub({NAME: files}) as hub:
        code, said, _ = get(hub)
        assert code == 2 and ("variant" if variant else "pickle") in said["reply"]
        assert set(hub.asked) == {"model_index.json"}


def test_a_pickle_that_calls_itself_safetensors_is_not_opened(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path}/ran",)

    with Hub({NAME: repository(**{"unet/diffusion_pytorch_model.safetensors": pickle.dumps(Evil())})}) as hub:
        code, said, _ = get(hub)
    assert code == 2 and "not a safetensors file" in said["reply"] and not (tmp_path / "ran").exists()
    assert not (weights.cache_folder() / "models--somebody--some-model" / "refs" / "main").is_file()


def test_parts_of_other_repositories_come_along() -> None:
    llama = {"config.json": b'{"architectures": ["LlamaForCausalLM"]}', "model.safetensors": tensors(100),
             "tokenizer.json": b"{}", "original/consolidated.00.pth": b"pickle"}
    with Hub({"HiDream-ai/HiDream-I1-Full": repository(), "meta-llama/Meta-Llama-3.1-8B-Instruct": llama}) as hub:
        code, said, _ = get(hub, name="hidream-i1-full")
    assert code == 0 and said["source"] == "HiDream-ai/HiDream-I1-Full"
    found = weights.locate("meta-llama/Meta-Llama-3.1-8B-Instruct")
    assert {path.name for path in found.iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}


def test_eyes_are_fetched_by_name_and_look_from_then_on() -> None:
    files = {"config.json": b'{"model_type": "owlv2"}', "model.safetensors": tensors(), "vocab.json": b"{}",
             "preprocessor_config.json": b"{}", "pytorch_model.bin": b"pickle"}
    with Hub({"google/owlv2-base-patch16-ensemble": files}) as hub:
        code, said, _ = get(hub, name="owlv2")
    assert code == 0 and said["source"] == "google/owlv2-base-patch16-ensemble"
    assert eyes.chosen("auto").finder == said["source"] and not (Path(said["path"]) / "pytorch_model.bin").exists()


def test_of_a_repository_that_holds_more_only_what_an_addition_needs() -> None:
    eyes = {"sdxl_models/image_encoder/config.json": b"{}", "sdxl_models/image_encoder/model.safetensors": tensors(),
            "sdxl_models/image_encoder/pytorch_model.bin": b"pickle"}
    files = {"sdxl_models/ip-adapter_sdxl.safetensors": tensors(), "sdxl_models/ip-adapter_sdxl.bin": b"pickle", **eyes,
             "sdxl_models/ip-adapter-plus_sdxl.safetensors": tensors(), "models/ip-adapter_sd15.safetensors": tensors()}
    with Hub({"h94/IP-Adapter": files}) as hub:
        assert get(hub, name="sdxl-likeness")[0] == 0
        done = subprocess.run([sys.executable, "app.py", "models"], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, **hub.env}, timeout=120)
    folder = weights.locate("h94/IP-Adapter")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "sdxl_models/ip-adapter_sdxl.safetensors", "sdxl_models/image_encoder/config.json",
        "sdxl_models/image_encoder/model.safetensors"}
    ready = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("ready")}
    assert "sdxl-likeness" in ready and "sd15-likeness" not in ready


def test_a_file_that_a_repository_lost_is_a_sentence() -> None:
    with Hub({"nerijs/pixel-art-xl": {"other.safetensors": tensors()}}) as hub:
        code, said, _ = get(hub, name="pixel-art-xl")
    assert code == 2 and "nerijs/pixel-art-xl has no pixel-art-xl.safetensors" in said["reply"]
