"""Where a model's weights are, and whether they may be opened: safetensors by content, no code, nothing fetched.

A string such as "owner/name" is looked up in the local Hugging Face cache and never downloaded. Formats that can
run code when they are opened (pickles: .bin, .ckpt, .pt, .pth, .pkl) are never opened, whatever they are called.
A model is a folder, or one safetensors file that holds all of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from generators.api import ModelUnavailable

PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_LIBRARIES = ("diffusers", "transformers", "tokenizers", None)
_MOST_HEADER = 100_000_000


def is_hub_id(name: str) -> bool:
    return bool(_HUB_ID.fullmatch(name)) and ".." not in name


def find(source: str) -> Path | None:
    """Where a model is: the folder itself, one safetensors file, or the snapshot of a hub id in the local cache."""
    place = Path(source).expanduser()
    try:
        if place.is_dir() or (place.suffix in (".safetensors", *PICKLES) and place.is_file()):
            return place
    except (OSError, ValueError):  # no name of a file
        return None
    return _cached(source) if is_hub_id(source) else None


def locate(source: str) -> Path:
    """As `find`. Raises `ModelUnavailable`, saying how to get it."""
    found = find(source)
    if found is None and is_hub_id(source):
        raise ModelUnavailable(f"{source} is not on this machine; fetch it once with "
                               f"`python app.py models get {source}`.")
    if found is None:
        raise ModelUnavailable(f"There is no model folder {source!r}.")
    return found


def cache_folder() -> Path:
    """The Hugging Face cache of this machine, where the hub's own client keeps its downloads."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


def _cached(hub_id: str) -> Path | None:
    cache = cache_folder() / f"models--{hub_id.replace('/', '--')}"
    named = cache / "refs" / "main"
    if named.is_file() and (found := cache / "snapshots" / named.read_text().strip()).is_dir():
        return found
    snapshots = [s for s in (cache / "snapshots").glob("*") if s.is_dir()]
    return max(snapshots, key=lambda s: s.stat().st_mtime, default=None)


def check(folder: Path) -> None:
    """Refuses a model folder that could run code or whose weights are no safetensors.

    Raises `ModelUnavailable`, naming the file.
    """
    if folder.is_file():
        _check_file(folder)
        return
    for path in _files(folder):
        if path.suffix == ".py":
            raise ModelUnavailable(f"{folder.name} holds Python code ({path.name}), which the studio does not run.")
        if path.name == "model_index.json" or path.name.endswith("config.json"):
            _check_config(path)
    for part in _parts(folder):
        _check_pickles(part)
    files = weight_files(folder)
    if not files:
        raise ModelUnavailable(f"{folder.name} holds no weights in the safetensors format.")
    for path in files:
        check_header(path)


def is_whole(folder: Path) -> bool:
    """Whether a folder has the weights of each of its parts, every shard of them: a download may have stopped."""
    try:
        return all(_is_whole(part) for part in _parts(folder) if (part / "config.json").is_file())
    except ModelUnavailable:
        return False


def _is_whole(part: Path) -> bool:
    shards = next(iter(sorted(part.glob("*.safetensors.index.json"))), None)
    if shards is None:
        return any(part.glob("*.safetensors"))
    try:
        named = set(json.loads(shards.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((part / str(name)).is_file() for name in named)


def weight_files(folder: Path) -> list[Path]:
    """Every file of the model's parts that calls itself safetensors, in a fixed order."""
    if folder.is_file():
        return [folder]
    return sorted(path for part in _parts(folder) for path in part.glob("*.safetensors") if path.is_file())


def _parts(folder: Path) -> list[Path]:
    """The folders that are loaded: a pipeline's parts, or the folder itself. Hub repositories hold others beside."""
    index = folder / "model_index.json"
    if not index.is_file():
        return [folder]
    named = [name for name, value in _json(index).items() if isinstance(value, list) and name.isidentifier()]
    return [folder / name for name in named if (folder / name).is_dir()]


def _check_file(path: Path) -> None:
    if path.suffix in PICKLES:
        raise ModelUnavailable(f"{path.name} is a pickle, which can run code when it is opened; convert it to "
                               "safetensors first.")
    check_header(path)


def _check_pickles(part: Path) -> None:
    """A pickle beside safetensors is left alone, unopened; where it is all there is, the model is refused."""
    pickles = [path for path in part.iterdir() if path.suffix in PICKLES and path.name != "training_args.bin"]
    if pickles and not any(path.suffix == ".safetensors" for path in part.iterdir()):
        raise ModelUnavailable(f"{part.name} has its weights as a pickle ({pickles[0].name}), which can run code when "
                               "it is opened; convert it to safetensors first.")


def _check_config(path: Path) -> None:
    config = _json(path)
    foreign = path.name == "model_index.json" and next(_foreign(config), None)
    if "auto_map" in config or "custom_pipelines" in config or foreign:
        raise ModelUnavailable(f"{path.parent.name}/{path.name} asks to run code of its own, which is never done here.")


def _json(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise ModelUnavailable(f"{path.parent.name}/{path.name} is not readable JSON.") from error
    if not isinstance(config, dict):
        raise ModelUnavailable(f"{path.parent.name}/{path.name} should be a JSON object.")
    return config


def _foreign(index: dict[str, Any]) -> Iterator[str]:
    """Components of a pipeline that come from anywhere else than the public libraries."""
    if not isinstance(index.get("_class_name"), str):
        yield "_class_name"
    for name, value in index.items():
        pair = isinstance(value, list) and len(value) == 2 and not name.startswith("_")
        if pair and not isinstance(value[0], int) and value[0] not in _LIBRARIES and not _is_diffusers_part(value[0]):
            yield name


def _is_diffusers_part(library: Any) -> bool:
    """diffusers names the module of a pipeline's own parts, such as "stable_diffusion" for the safety checker."""
    return library in ("stable_diffusion", "stable_diffusion_safe", "flux", "kandinsky", "deepfloyd_if", "glm_image")


def check_header(path: Path) -> None:
    """Whether a file really is safetensors: a bounded JSON header whose tensors lie inside the file.

    Source: the safetensors format, github.com/huggingface/safetensors. Raises `ModelUnavailable`.
    """
    header(path)


def header(path: Path) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a safetensors file's tensors, nothing loaded. Raises as `check_header`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = file.read(length) if 2 <= length <= min(_MOST_HEADER, size - 8) else b""
    try:
        entries = {name: entry for name, entry in json.loads(head).items() if name != "__metadata__"}
        shapes = {name: tuple(entry["shape"]) for name, entry in entries.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        entries, shapes = None, {}
    if entries is None or not _plausible(entries, size - 8 - length):
        raise ModelUnavailable(f"{path.name} is not a safetensors file, whatever its name says.")
    return shapes


def _plausible(entries: dict[str, Any], room: int) -> bool:
    try:
        spans = sorted(tuple(entry["data_offsets"]) for entry in entries.values())
    except (KeyError, TypeError):
        return False
    end = 0
    for low, high in spans:
        if low != end or high < low:
            return False
        end = high
    return end == room


def revision(folder: Path) -> str:
    """The sha256 over all weight files (names and content), 64 hex digits: equal revisions, equal weights."""
    whole = hashlib.sha256()
    for path in weight_files(folder):
        stat = path.stat()
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        whole.update(f"{name}:{_content(path, stat.st_size, stat.st_mtime_ns)}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=4096)
def _content(path: Path, size: int, mtime: int) -> str:
    """The sha256 of a file. The hub's cache already names its files by it."""
    blob = path.resolve()
    if blob.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return blob.name
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_finite(modules: Iterable[tuple[str, Any]]) -> None:
    """Refuses weights with NaN or infinity: they load silently and draw nothing. Takes (name, torch module) pairs.

    Raises `ModelUnavailable`, naming the tensor.
    """
    import torch

    for part, module in modules:
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)  # what was quantised counts no infinities
            known = plain and tensor.is_floating_point() and tensor.device.type != "meta"
            if known and not torch.isfinite(tensor).all():
                raise ModelUnavailable(f"The weights are damaged: {part}.{name} holds numbers that are none.")


def _files(folder: Path) -> list[Path]:
    """Files up to one folder deep: a pipeline's parts lie in folders of their own."""
    return [path for path in [*folder.glob("*"), *folder.glob("*/*")] if path.is_file()]
