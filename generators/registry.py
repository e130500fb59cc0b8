"""Which models there are: the catalogue, folders, and what lies in the local Hugging Face cache. No torch.

A family is a file of this folder that names its class: `GENERATOR = TheClass`. It is imported when one of its
models loads.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from generators import geometry, sketch, weights
from generators.api import FAMILIES, Capabilities, Extent, Generator, Model, ModelUnavailable, World
from generators.world.layout_text import Grid

HERE = Path(__file__).resolve().parent
PACK = HERE / "pack"
CATALOGUE = HERE / "catalogue.toml"
LEAST = 64  # a side that every pipeline accepts
_ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))


def families() -> list[str]:
    """The families that have a file here, the sketch generator included."""
    return sorted(p.stem for p in HERE.glob("*.py") if re.search(r"^GENERATOR\b", p.read_text("utf-8"), re.MULTILINE))


def generator(model: Model) -> Generator:
    """The generator of a model's family, not loaded yet. Raises `ModelUnavailable`."""
    if model.family not in families():
        raise ModelUnavailable(f"{model.name} is of the family {model.family!r}, which this version does not know.")
    return importlib.import_module(f"generators.{model.family}").GENERATOR(model)


def listed() -> list[Model]:
    """The catalogue's models, the pack's first; of the pack only what has its weights here."""
    kinds = _kinds()
    models = [(row, _entry(row, kinds)) for row in _catalogue()["model"]]
    return [model for row, model in models if not row.get("pack") or installed(model)]


def find(name: str) -> Model:
    """The model of a name: a catalogue name, a family (its default), a hub id, a folder with a model_index.json.

    Raises `ModelUnavailable`, listing what there is.
    """
    models = listed()
    known = {model.name: model for model in reversed(models)} | {model.source: model for model in models}
    if name in sketch.MODES:
        return sketch.model(name)
    if name in FAMILIES:
        return _default(name, models)
    if name in known:
        return known[name]
    folder = weights.find(name)
    if folder is not None and (folder / "model_index.json").is_file():
        return _foreign(name, folder)
    if folder is None and weights.is_hub_id(name):
        weights.locate(name)
    raise ModelUnavailable(f"There is no model {name!r}; there are {', '.join(m.name for m in models)}.")


def _default(family: str, models: list[Model]) -> Model:
    members = [model for model in models if model.family == family]
    if not members:
        raise ModelUnavailable(f"There is no {family} model yet; there are {', '.join(m.name for m in models)}.")
    return next((model for model in members if installed(model)), members[0])


def installed(model: Model) -> bool:
    """Whether the weights are on this machine."""
    folder = weights.find(model.source) if model.source else None
    return model.family == "sketch" or (folder is not None and (folder / "model_index.json").is_file())


def fits(model: Model) -> bool:
    """Whether the machine's memory (or its graphics card's) holds the model."""
    return model.memory_gb <= max(0.9 * _memory_gb(), _card_gb())


def describe(model: Model) -> dict[str, Any]:
    """A row of `models --json`. `memory` is in GB."""
    able = model.capabilities
    return {"name": model.name, "family": model.family, "capabilities": able.names(),
            "sizes": [list(size) for size in able.sizes], "installed": installed(model), "fits": fits(model),
            "memory": model.memory_gb, "licence": model.licence, "verified": model.verified}


def _catalogue() -> dict[str, Any]:
    with CATALOGUE.open("rb") as file:
        return tomllib.load(file)


def _kinds() -> dict[str, Any]:
    """What is known of the classes that may stand in a model_index.json."""
    data = _catalogue()
    return {**data["pipelines"], **data["families"]}


def _entry(row: Mapping[str, Any], kinds: Mapping[str, Any]) -> Model:
    if row.get("pack"):
        return _pack(row, kinds)
    kind = kinds[row["pipeline"]]
    verified = "tiny checkpoint" if kind.get("verified") else ""
    return Model(row["name"], row["family"], row["source"], _capabilities(kind), row["licence"], row["memory_gb"],
                 verified, _options(kind, row.get("call", {})))


def _capabilities(kind: Mapping[str, Any], sizes: tuple[Extent, ...] | None = None) -> Capabilities:
    return Capabilities(
        generate="generate" in kind, edit="edit" in kind, inpaint="inpaint" in kind or "edit" in kind,
        references=kind.get("references", 0), boxes=kind.get("boxes", "none"), negative=kind.get("negative", False),
        understands=kind.get("understands", False),
        sizes=_buckets(kind["base"], kind["multiple"]) if sizes is None else sizes, multiple=kind["multiple"])


def _buckets(base: int, multiple: int) -> tuple[Extent, ...]:
    """Sizes of about base x base pixels at common aspects, the square first."""
    def bucket(wide: int, high: int) -> Extent:
        return geometry.snap(Extent(*(round(base * math.sqrt(r)) for r in (wide / high, high / wide))), multiple, LEAST)

    return tuple(dict.fromkeys(bucket(*aspect) for aspect in _ASPECTS))


def _options(kind: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    classes = {job: kind[job] for job in ("generate", "edit", "inpaint") if job in kind}
    return {"classes": classes, "guidance": kind.get("guidance", "guidance_scale"), "call": dict(call)}


def _pack(row: Mapping[str, Any], kinds: Mapping[str, Any]) -> Model:
    """The pack's own model; what it has learnt stands beside its weights. `inpaint` there: "pipeline", a dict with
    {"via": "pipeline" or "edit", "call": {…}}, or anything else for an edit that is pasted back. How a family other
    than diffusion is called stands in a part of its own, under the family's name."""
    card = _card()
    own = card if row["family"] == "diffusion" else card.get(row["family"], {})
    kind, size = kinds[row["pipeline"]], card.get("size", 64)
    extent = Extent(size, size) if isinstance(size, int) else Extent(*size)
    sizes = _sizes(_config(HERE / row["source"] / "model_index.json")) or (extent,)
    names = ("objects", "colours", "backgrounds", "styles", "relations")
    world = World(**{name: tuple(card.get(name, ())) for name in names}, counts=int(card.get("counts", 4)))
    able = Capabilities(edit=True, inpaint=True, references=1, boxes="text", sizes=sizes,
                        understands=kind.get("understands", False), multiple=kind["multiple"], world=world)
    inpaint = own.get("inpaint")
    how = inpaint if isinstance(inpaint, dict) else {"via": inpaint}
    options = {**_options(kind, own.get("call", {})), "edit_call": own.get("edit_call", {}),
               "inpaint_call": how.get("call", {}), "grid": Grid.of(card),
               "inpaint_via": "pipeline" if how.get("via") in ("pipeline", "native") else "edit"}
    measured = "pack measured" if (PACK / "metrics.json").is_file() else ""
    return Model(row["name"], row["family"], str(HERE / row["source"]), able, row["licence"], row["memory_gb"],
                 measured, options)


def _card() -> dict[str, Any]:
    try:
        card = json.loads((PACK / "pack.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _foreign(name: str, folder: Path) -> Model:
    """A model that is only a folder: what it can do follows from the class in its model_index.json."""
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        kind_name, sizes = index["_class_name"], _sizes(index)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{name} has no readable model_index.json.") from error
    if not isinstance(kind_name, str) or not re.fullmatch(r"[A-Za-z0-9]+", kind_name):
        raise ModelUnavailable(f"{name} asks to run code of its own, which the studio does not.")
    plain = {"generate": kind_name, "multiple": 16, "base": 1024}
    kind = {**_kinds().get(kind_name, plain)}
    kind["base"] = _trained_side(folder) or kind["base"]
    size = sum(path.stat().st_size for path in weights.weight_files(folder)) / 1e9
    able, family = _capabilities(kind, sizes or None), kind.get("family", "diffusion")
    return Model(name, family, str(folder), able, "", round(1.2 * size, 3), "", _options(kind, {}))


def _sizes(index: Mapping[str, Any]) -> tuple[Extent, ...]:
    """The sizes that a folder of a family of ours was trained at, the usual one first."""
    return tuple(Extent(int(width), int(height)) for width, height in index.get("_sizes", ()))


def _trained_side(folder: Path) -> int | None:
    """The side of the pictures that a model was trained on, in pixels, where its parts say so."""
    vae = _config(folder / "vae" / "config.json")
    for part in ("unet", "transformer"):
        latent = _config(folder / part / "config.json").get("sample_size")
        if isinstance(latent, int):
            return latent * 2 ** (len(vae.get("block_out_channels", [0] * 4)) - 1)
    side = vae.get("sample_size")
    return side if isinstance(side, int) else None


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (ValueError, OSError, AttributeError):
        return 8.0


@lru_cache(maxsize=1)
def _card_gb() -> float:
    """Memory of the largest NVIDIA card, 0 without one."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return 0.0
    try:
        said = subprocess.run([tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
                              capture_output=True, text=True, timeout=5, check=True).stdout
        return max(float(line) for line in said.split()) * 2**20 / 1e9
    except (subprocess.SubprocessError, OSError, ValueError):
        return 0.0
