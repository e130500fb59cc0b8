"""What can be laid over a model's pictures: adapters (LoRA), ControlNets, likenesses (IP-Adapter), and where they lie.

Each lies on this machine, named by the catalogue, a path or a hub id; files of one's own in a folder of adapters go by
their names. Nothing is fetched and no pickle is opened. No torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from generators import catalogue, weights
from generators.api import Adapter, Control, Laid, Likeness, Model, ModelUnavailable

_USUAL = "pytorch_lora_weights.safetensors"


class Found(NamedTuple):
    """Where an addition lies, and what the catalogue says of it besides."""

    place: Path
    row: Mapping[str, Any]


def here(model: Model, folder: Path | None = None) -> Laid:
    """What can be laid over a model's pictures now; `folder` holds adapters of one's own, which may fit or not."""
    from generators import control_maps  # brings numpy, which a start does without

    able = model.capabilities
    pipeline = next(iter(model.options.get("classes", {}).values()), "")
    rows = [row for row in catalogue.additions() if row["pipeline"] == pipeline]
    found = [row for row in rows if is_here(row)]
    follows = tuple(kind for kind in able.controls if any(kind in row["kinds"] for row in found))
    adapters = [row["name"] for row in found if "adapter" in row["kinds"]]
    likeness = next((tuple(row["of"]) for row in found if "likeness" in row["kinds"]), ())
    return Laid(tuple(dict.fromkeys([*adapters, *own(folder)])) if able.adapters else (), follows,
                tuple(kind for kind in follows if kind in control_maps.maps_here()),
                likeness if able.likeness else (), dict(_absent(model, rows, follows, likeness)))


def _absent(model: Model, rows: list[dict[str, Any]], follows: tuple[str, ...], likeness: tuple[str, ...]
            ) -> Iterator[tuple[str, str]]:
    """What is missing for each kind of map and likeness that the catalogue knows a way to, by what fetches it."""
    from generators import control_maps

    for kind in model.capabilities.controls:
        if kind not in follows:
            yield kind, next(row["name"] for row in rows if kind in row["kinds"])
        elif missing := control_maps.missing(kind):
            yield kind, missing
    for row in rows:
        if "likeness" in row["kinds"] and not likeness:
            yield from ((of, row["name"]) for of in row["of"])


def is_here(row: Mapping[str, Any]) -> bool:
    """Whether an addition of the catalogue is whole on this machine, with what looks at pictures for it."""
    return all(_has(repository, only) for repository, only in repositories(row).items())


def _has(repository: str, only: tuple[str, ...]) -> bool:
    place = weights.find(repository)
    if place is None or not place.is_dir():
        return False
    folders = [place / name for name in only if not (place / name).is_file()] if only else [place]
    return all((folder / "config.json").is_file() and weights.is_whole(folder) for folder in folders)


def describe() -> list[dict[str, Any]]:
    """One row for each of the catalogue's, for people and JSON."""
    names = ("name", "kinds", "pipeline", "source", "licence", "commercial")
    return [{**{name: row[name] for name in names}, "installed": is_here(row)} for row in catalogue.additions()]


def repositories(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What is fetched for one of the catalogue's: by repository the files and folders of it, none for the whole."""
    files = (row["file"],) if "file" in row else ()
    if "encoder" not in row:
        return {row["source"]: files}
    if Path(row["encoder"]).parent == Path(row["file"]).parent:
        return {row["source"]: (*files, row["encoder"])}
    return {row["encoder"]: (), row["source"]: files}


def own(folder: Path | None) -> list[str]:
    """The names of the adapters in a folder of one's own."""
    try:
        return sorted(path.stem for path in folder.glob("*.safetensors")) if folder else []
    except OSError:
        return []


def placed(adapter: Adapter, folder: Path | None) -> Adapter:
    """The adapter with its path for its name, where it is one of one's own."""
    mine = folder is not None and adapter.source in own(folder) and catalogue.addition(adapter.source) is None
    return adapter._replace(source=str(folder / f"{adapter.source}.safetensors")) if folder and mine else adapter


def file_of(source: str, named: str = "") -> Path:
    """The safetensors file of an adapter: by its name in the catalogue, a path, or a hub id in the local cache.

    Raises `ModelUnavailable`: not here, a pickle, no safetensors, or a folder of which several could be meant.
    """
    row = catalogue.addition(source)
    if row:
        source, named = row["source"], row.get("file", "")
    elif not (weights.find(source) or weights.is_hub_id(source) or "/" in source):
        raise ModelUnavailable(f"There is no adapter {source!r}: `models` lists those of the catalogue, and files of "
                               "one's own lie in the folder adapters of the data folder.")
    owner, _, file = source.partition("/")
    repository, _, inner = file.partition("/")
    if not weights.find(source) and inner and weights.is_hub_id(f"{owner}/{repository}"):
        source, named = f"{owner}/{repository}", inner
    place = weights.locate(source)
    if place.is_dir():
        place = _inside(place, named) if named else _only(place, source)
    weights.check(place)
    return place


def _inside(folder: Path, named: str) -> Path:
    path = folder / named
    if ".." in Path(named).parts or not path.is_file():
        raise ModelUnavailable(f"There is no {named} in {folder.name}.")
    return path


def _only(folder: Path, source: str) -> Path:
    files = sorted(path for path in folder.iterdir() if path.suffix == ".safetensors")
    if not files:
        weights.check(folder)  # says whether it is a pickle or nothing at all
    usual = [file for file in files if file.name == _USUAL] or files
    if len(usual) > 1:
        raise ModelUnavailable(f"{source} holds several files ({', '.join(file.name for file in usual[:6])}); name one "
                               f"of them, as {source}/{usual[0].name}.")
    return usual[0]


def control_net(control: Control, pipeline: str) -> Found:
    """The folder of a control's net. Raises `ModelUnavailable` where it is missing or unreadable."""
    row = _row(control.source, control.kind, pipeline, f"follows {control.kind} maps")
    place = weights.locate(row["source"])
    if place.is_file():
        raise ModelUnavailable(f"{place.name} is one file; a ControlNet is a folder with a config.json.")
    weights.check(place)
    return Found(place, row)


def likeness_of(likeness: Likeness, pipeline: str) -> Found:
    """The folder and the file of what resembles pictures. Raises `ModelUnavailable` where it is missing or unreadable.
    """
    row = _row(likeness.source, "likeness", pipeline, "resembles pictures")
    if "file" in row:
        place = weights.find(row["source"])
        if place is None:
            raise ModelUnavailable(f"{row['source']} is not on this machine; fetch it once with "
                                   f"`python app.py models get {row['name']}`.")
        weights.check(_inside(place, row["file"]))
        return Found(place, row)
    file = file_of(row["source"])
    return Found(file.parent, {**row, "file": file.name, "encoder": "image_encoder"})


def encoder(found: Found) -> Path:
    """The folder of what looks at the picture, beside the weights or in a repository of its own."""
    inside = found.place / found.row["encoder"]
    place = inside if inside.is_dir() else weights.locate(found.row["encoder"])
    weights.check(place)
    return place


def _row(source: str, kind: str, pipeline: str, does: str) -> Mapping[str, Any]:
    """What is known of a source; without one, of what the catalogue has for a kind and a pipeline."""
    if source:
        return catalogue.addition(source) or {"source": source}
    rows = [row for row in catalogue.additions() if kind in row["kinds"] and row["pipeline"] == pipeline]
    if not rows:
        raise ModelUnavailable(f"The catalogue has nothing that {does} for a {pipeline}; name its folder or hub id.")
    return next(filter(is_here, rows), rows[0])
