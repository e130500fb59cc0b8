"""Which models there are: the catalogue, folders, single files, and the local Hugging Face cache. No torch.

A family is a file of this folder that names its class: `GENERATOR = TheClass`. It is imported when one of its
models loads. Pipelines of diffusers are all run by one file, whatever family they count among.
"""

from __future__ import annotations

import difflib
import importlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from generators import catalogue, geometry, hardware, placement, single_file, sketch, upscaling, weights
from generators.api import FAMILIES, Capabilities, Extent, Generator, MapKind, Model, ModelUnavailable, World

HERE = Path(__file__).resolve().parent
PACK = HERE / "pack"
_GRID = ("grid", "sides", "size_sides")
"""What a pack.json says of its grid: see `generators.world.layout_text.Grid`."""
INDEXES = ("model_index.json", "config.json")
"""What says of which class a folder is: a pipeline of diffusers, or a model of transformers."""
REMOTE = "remote"
"""The family of what a server draws: nothing of it lies here."""
HALF_NEW = 0.6
"""The strength of a hybrid that says none."""
BATCH = 4
"""How many pictures a class of diffusers is asked for at once; each has room for that many, or is asked for one."""
MAPS = get_args(MapKind)


def families() -> list[str]:
    """The families that have a file here, the sketch generator included."""
    return sorted(p.stem for p in HERE.glob("*.py") if re.search(r"^GENERATOR\b", p.read_text("utf-8"), re.MULTILINE))


def generator(model: Model) -> Generator:
    """The generator of a model's family, not loaded yet. Raises `ModelUnavailable`."""
    room = model.options.get("run_by", model.family)
    if room not in families():
        raise ModelUnavailable(f"{model.name} is of the family {model.family!r}, which this version does not know.")
    return importlib.import_module(f"generators.{room}").GENERATOR(model)


def listed() -> list[Model]:
    """The catalogue's models, the pack's first; of the pack only what has its weights here."""
    kinds, card, measured = catalogue.kinds(), _json(PACK / "pack.json"), _measured()
    found: dict[str, Model] = {}
    for row in catalogue.models():
        if not row.get("pack"):
            found[row["name"]] = _entry(row, kinds)
        elif row["pipeline"] == "Hybrid":
            found |= _pack_hybrid(row, found, measured)
        elif installed(model := _pack(row, kinds, card, measured)):
            found[row["name"]] = model
    return list(found.values())


def find(name: str) -> Model:
    """The model of a name: a catalogue name, a family (its default), a hub id, a folder with a model_index.json, or
    one safetensors file that holds a whole model.

    Raises `ModelUnavailable`, saying what there is.
    """
    models = listed()
    known = {model.name: model for model in reversed(models)} | {model.source: model for model in models}
    if name in sketch.MODES:
        return sketch.model(name)
    if name == upscaling.NAME:
        return upscaling.model()
    if name in FAMILIES:
        return _default(name, models)
    if name in known:
        return known[name]
    found = weights.find(name)
    if found is not None and found.is_file():
        return _single(name, found)
    if found is not None and _index(found):
        return _foreign(name, found)
    if found is None and weights.is_hub_id(name):
        weights.locate(name)
    raise ModelUnavailable(_nothing(name, models))


def _nothing(name: str, models: list[Model]) -> str:
    """Why there is no such model, and what there is."""
    for row in catalogue.elsewhere():
        if name and name.lower() in row["name"].lower().split(", "):
            served = f"; {row['served_by']} serves it" if row["served_by"] else ""
            return f"{row['name']} is not among the models here: {row['why']}{served}."
    near = difflib.get_close_matches(name.lower(), [model.name for model in models], n=3)
    known = list(dict.fromkeys([*near, *(model.name for model in models if installed(model))]))
    return (f"There is no model {name!r}; there are {', '.join(known) or 'none installed'}, and what "
            "`python app.py models` lists.")


def _default(family: str, models: list[Model]) -> Model:
    members = [model for model in models if model.family == family]
    if not members:
        raise ModelUnavailable(f"There is no {family} model yet; `python app.py models` lists what there is.")
    return next((model for model in members if installed(model)), members[0])


def installed(model: Model) -> bool:
    """Whether the weights are on this machine, all of them."""
    if model.family == REMOTE:
        return True
    if parts := model.options.get("parts"):
        return all(installed(find(part)) for part in parts)
    found = weights.find(model.source) if model.source else None
    if found is None:
        return model.family in ("sketch", upscaling.NAME)
    return found.is_file() or (_index(found) is not None and weights.is_whole(found))


def _index(folder: Path) -> Path | None:
    """The file of a folder that says of which class it is."""
    return next((folder / index for index in INDEXES if (folder / index).is_file()), None)


def fits(model: Model) -> bool:
    """Whether the machine's memory (or its graphics card's) holds the model, in whatever placement."""
    if catalogue.facts(model.name).billions:
        return _placement(model) is not None
    return model.memory_gb <= max(0.9 * _memory_gb(), _card_gb())


def _offered(model: Model) -> tuple[str, ...]:
    return placement.offered(model.options.get("run_by", model.family))


def _placement(model: Model) -> str | None:
    """What would be chosen here for a model whose parameters are counted."""
    among = set(_offered(model)) & set(placement.here())
    return placement.choose(catalogue.facts(model.name).billions, _card_gb(), _memory_gb(), among)


def describe(model: Model) -> dict[str, Any]:
    """A row of `models --json`. `memory` and `needs` (by placement) are in GB, `placement` is what would be chosen
    here; what nobody looked up is "" or empty."""
    able, facts, call = model.capabilities, catalogue.facts(model.name), model.options.get("call", {})
    needs = placement.needs(facts.billions) if facts.billions else {"whole": model.memory_gb}
    needs = {name: gb for name, gb in needs.items() if name in _offered(model)}
    chosen = _placement(model) if facts.billions else None
    return {"name": model.name, "family": model.family, "capabilities": able.names(),
            "sizes": [list(size) for size in able.sizes], "installed": installed(model), "fits": fits(model),
            "memory": model.memory_gb, "licence": model.licence, "verified": model.verified,
            "source": facts.hub_id, "commercial": facts.commercial, "gated": facts.gated, "paper": facts.paper,
            "references": able.references, "takes": able.takes(), "controls": list(able.controls),
            "upscale": able.upscale, "batch": able.batch,
            "needs": needs, "placement": chosen or ("whole" if fits(model) else ""),
            "few_step": facts.few_step, "steps": call.get("num_inference_steps"),
            "guidance": call.get(model.options.get("guidance", "guidance_scale")), "precision": "bfloat16"}


def _entry(row: Mapping[str, Any], kinds: Mapping[str, Any]) -> Model:
    kind = {**kinds[row["pipeline"]], **{key: row[key] for key in ("base",) if key in row}}
    options = {**_options(kind, row.get("call", {})), "edit_call": row.get("edit_call", {}),
               "inpaint_call": row.get("inpaint_call", {}), "also": row.get("also", {}), "billions": row["billions"]}
    return Model(row["name"], row.get("family", "diffusion"), row["source"], _capabilities(kind), row["licence"],
                 placement.needs(row["billions"])["whole"], "tiny checkpoint", options)


def _capabilities(kind: Mapping[str, Any], sizes: tuple[Extent, ...] | None = None) -> Capabilities:
    laid = [row["kinds"] for row in catalogue.additions() if row["pipeline"] == kind.get("generate")]
    can_inpaint = "inpaint" in kind or "edit" in kind
    return Capabilities(
        batch=kind.get("batch", BATCH if "generate" in kind and "family" not in kind else 1),
        generate="generate" in kind, refine="refine" in kind, edit="edit" in kind, inpaint=can_inpaint,
        adapters=kind.get("adapters", False), likeness=any("likeness" in kinds for kinds in laid),
        controls=tuple(name for name in MAPS if any(name in kinds for kinds in laid)) if "control" in kind else (),
        upscale=kind.get("factor", 0),
        regions="generate" in kind and can_inpaint and "boxes" not in kind and "family" not in kind,
        references=kind.get("references", 0), boxes=kind.get("boxes", "none"), negative=kind.get("negative", False),
        understands=kind.get("understands", False),
        sizes=_sizes_of(kind) if sizes is None else sizes, multiple=kind["multiple"])


def _sizes_of(kind: Mapping[str, Any]) -> tuple[Extent, ...]:
    if "sizes" in kind:
        return tuple(Extent(*size) for size in kind["sizes"])
    return geometry.buckets(kind["base"], kind["multiple"])


def _options(kind: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    classes = {job: kind[job] for job in ("generate", "refine", "edit", "inpaint", "upscale", "plain") if job in kind}
    unset = dict.fromkeys(kind.get("without", ()))
    return {"classes": classes, "control": kind.get("control", {}), "call": {**unset, **call},
            "guidance": kind.get("guidance", "guidance_scale"),
            "run_by": kind.get("file", kind.get("family", "diffusion"))}


def _pack(row: Mapping[str, Any], kinds: Mapping[str, Any], card: Mapping[str, Any], measured: set[str]) -> Model:
    """One of the pack's own models; what it has learnt stands beside its weights. `inpaint` there: "pipeline", a dict
    with {"via": "pipeline" or "edit", "call": {…}}, or anything else for an edit that is pasted back. How a family
    other than diffusion is called stands in a part of its own, under the family's name, and what it has learnt where
    that is something else."""
    family = row.get("family", "diffusion")
    own = card if family == "diffusion" else card.get(family, {})
    kind, size = kinds[row["pipeline"]], card.get("size", 64)
    extent = Extent(size, size) if isinstance(size, int) else Extent(*size)
    frames = dict.fromkeys([extent, *(Extent(*frame) for frame in card.get("frames", ()))])
    sizes = _sizes(_json(HERE / row["source"] / "model_index.json")) or tuple(frames)
    names = ("objects", "colours", "backgrounds", "styles", "relations")
    learnt = {**card, **{name: own[name] for name in (*names, "counts") if name in own}}
    world = World(**{name: tuple(learnt.get(name, ())) for name in names}, counts=int(learnt.get("counts", 4)))
    able = Capabilities(refine="refine" in kind, edit=True, inpaint=True, references=1, boxes="text", sizes=sizes,
                        understands=kind.get("understands", False), multiple=kind["multiple"], world=world)
    inpaint = own.get("inpaint")
    how = inpaint if isinstance(inpaint, dict) else {"via": inpaint}
    options = {**_options(kind, own.get("call", {})), "edit_call": own.get("edit_call", {}),
               "inpaint_call": how.get("call", {}), "grid": {name: card[name] for name in _GRID if name in card},
               "inpaint_via": "pipeline" if how.get("via") in ("pipeline", "native") else "edit"}
    return Model(row["name"], family, str(HERE / row["source"]), able, row["licence"], row["memory_gb"],
                 "pack measured" if family in measured else "", options)


def _pack_hybrid(row: Mapping[str, Any], found: Mapping[str, Model], measured: set[str]) -> dict[str, Model]:
    """The pack's hybrid, if the models that it is made of are there."""
    try:
        model = _hybrid(row["name"], HERE / row["source"], lambda name: found[name])
    except (ModelUnavailable, KeyError):
        return {}
    return {row["name"]: replace(model, licence=row["licence"],
                                 verified="pack measured" if model.family in measured else "")}


def _part(name: str) -> Model:
    """One of the models that a hybrid is made of."""
    folder = weights.find(name)
    if folder is not None and _json(folder / "model_index.json").get("_class_name") == "Hybrid":
        raise ModelUnavailable(f"{name} is a hybrid itself, and none can be made of another.")
    return find(name)


def _hybrid(name: str, folder: Path, part: Callable[[str], Model]) -> Model:
    """A folder that names a model for the draft and one that refines it: it can do what both can, and edits as the
    refiner does. Raises `ModelUnavailable`."""
    said = _json(folder / "model_index.json")
    names, strength = [said.get("_draft"), said.get("_refiner")], said.get("_strength", HALF_NEW)
    if not all(isinstance(one, str) for one in names) or not isinstance(strength, int | float) or not 0 < strength <= 1:
        raise ModelUnavailable(f"{name} names no draft and refiner, or a strength that is none.")
    draft, refiner = (part(str(one)) for one in names)
    able, last = draft.capabilities, refiner.capabilities
    if not able.generate or not last.refine:
        lacks = f"{draft.name} draws no pictures" if not able.generate else f"{refiner.name} refines none"
        raise ModelUnavailable(f"{name} cannot be made of these two: {lacks}.")
    sizes = tuple(size for size in last.sizes if size in able.sizes) or last.sizes
    boxes = last.boxes if able.boxes == last.boxes else "none"
    both = replace(last, generate=True, refine=False, understands=False, batch=1, sizes=sizes, boxes=boxes,
                   regions=boxes == "none" and able.regions, adapters=False, controls=(), likeness=False,
                   world=able.world or last.world)
    memory = round(draft.memory_gb + refiner.memory_gb, 3)
    return Model(name, "hybrid", str(folder), both, memory_gb=memory,
                 options={"parts": [draft.name, refiner.name], "strength": strength})


def _measured() -> set[str]:
    """The families that the pack's metrics hold numbers of: the training's own, and those of the evaluations."""
    metrics = _json(PACK / "metrics.json")
    evals = metrics.get("evals")
    rows = evals.get("rows", ()) if isinstance(evals, dict) else ()
    found = {str(row.get("generator", "")).removeprefix("pack-") for row in rows}
    measured = metrics.get("generators")
    own = set(measured) if isinstance(measured, dict) else set()
    return (found | own) & set(FAMILIES)


def _foreign(name: str, folder: Path) -> Model:
    """A model that is only a folder: what it can do follows from the class that it names."""
    kind_name, sizes = _named_class(name, folder)
    if kind_name == "Hybrid":
        return _hybrid(name, folder, lambda part: _part(str(folder / part) if (folder / part).is_dir() else part))
    if not isinstance(kind_name, str) or not re.fullmatch(r"[A-Za-z0-9]+", kind_name):
        raise ModelUnavailable(f"{name} asks to run code of its own, which the studio does not.")
    plain = {"generate": kind_name, "multiple": 16, "base": 1024}
    kind = {**catalogue.kinds().get(kind_name, plain)}
    kind["base"] = _trained_side(folder) or kind["base"]
    size = sum(path.stat().st_size for path in weights.weight_files(folder)) / 1e9
    able, family = _capabilities(kind, sizes or None), kind.get("family", "diffusion")
    return Model(name, family, str(folder), able, "", round(1.2 * size, 3), "", _options(kind, {}))


def _named_class(name: str, folder: Path) -> tuple[Any, tuple[Extent, ...]]:
    """The class that a folder names, and the sizes that it was trained at. Raises `ModelUnavailable`."""
    file = _index(folder) or folder / INDEXES[0]
    try:
        index = json.loads(file.read_text("utf-8"))
        kind_name = index["_class_name"] if file.name == INDEXES[0] else index["architectures"][0]
        sizes = _sizes(index)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ModelUnavailable(f"{name} has no readable {file.name}.") from error
    if file.name != INDEXES[0] and kind_name not in catalogue.kinds():
        raise ModelUnavailable(f"{name} is a {str(kind_name)[:60]}, which draws no pictures here.")
    return kind_name, sizes


def _single(name: str, file: Path) -> Model:
    """One safetensors file: its tensors' names say whose it is; settings and words are the base model's."""
    like = next(model for model in listed() if model.name == single_file.base(file))
    options = {**like.options, "base": like.source}
    return Model(name, like.family, str(file), like.capabilities, "", round(1.2 * file.stat().st_size / 1e9, 3), "",
                 options)


def _sizes(index: Mapping[str, Any]) -> tuple[Extent, ...]:
    """The sizes that a folder of a family of ours was trained at, the usual one first."""
    return tuple(Extent(int(width), int(height)) for width, height in index.get("_sizes", ()))


def _trained_side(folder: Path) -> int | None:
    """The side of the pictures that a model was trained on, in pixels, where its parts say so."""
    vae = _json(folder / "vae" / "config.json")
    for part in ("unet", "transformer"):
        latent = _json(folder / part / "config.json").get("sample_size")
        if isinstance(latent, int):
            return latent * 2 ** (len(vae.get("block_out_channels", [0] * 4)) - 1)
    side = vae.get("sample_size")
    return side if isinstance(side, int) else None


def _json(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is none."""
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
    """Memory of the largest card, 0 without one."""
    return max(hardware.cards(), default=0.0)
