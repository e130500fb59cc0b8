"""Which models look at real pictures: chosen by the setting `eyes` out of what lies on this machine. No torch.

The pack's critic looks at what models of the picture world draw, and at nothing else. Any other picture is looked at by

    a finder      where are things of these names (`generators.finding`)
    an outliner   which pixels are the thing here (`generators.outlining`)
    an asker      is this true of the picture, yes or no (`generators.asking`, or a chat server that sees)

and by nobody, where there is none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from generators import catalogue, registry, weights
from generators.api import Capabilities, Eyes, Model, ModelUnavailable, Stop, Told
from generators.finding import KINDS as FINDERS
from generators.outlining import KINDS as OUTLINERS

if TYPE_CHECKING:
    from PIL import Image

AUTO, PACK, NONE, SERVER, LOCAL = "auto", "pack", "none", "openai", "hf:"
LONGEST = 768
"""The longer side of a picture that is asked about, in pixels, at most."""


Ask = Callable[["Image.Image", Sequence[str], Stop], Told]


def chosen(setting: str) -> Eyes:
    """What a setting means here and now: "auto" (whatever of the catalogue is installed and fits this machine), "pack"
    (the pack's critic alone), "none", or names with commas between: of the catalogue, folders, hub ids, "openai",
    "openai:MODEL", "hf:NAME".

    Raises `ModelUnavailable`, one sentence, for what is not on this machine or is nothing that looks at pictures.
    """
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    if NONE in parts:
        return Eyes(pack=False)
    found = Eyes()
    for part in parts:
        if part == AUTO:
            found = _installed(found)
        elif part.partition(":")[0] == SERVER:
            found = replace(found, server=True)
        elif part != PACK:
            found = replace(found, **_named(part))
    return found


def server_model(setting: str) -> str | None:
    """The model of a chat server that a setting asks for: "" for the planner's own, None where it asks for none."""
    parts = (part.strip().partition(":") for part in setting.split(","))
    return next((model.strip() for name, _, model in parts if name == SERVER), None)


def describe() -> list[dict[str, Any]]:
    """One row for each of the catalogue's, for people and JSON; `gb` is what it takes on disk and, loaded, about the
    same in memory."""
    return [{"name": row["name"], "does": row["does"], "source": row["source"], "installed": _is_here(row["source"]),
             "fits": _fits(row), "gb": row["gb"], "licence": row["licence"], "commercial": row.get("commercial", ""),
             "needs": row.get("needs", ""), "verified": row.get("verified", ""), "paper": row.get("paper", "")}
            for row in catalogue.eyes()]


def smaller(image: Image.Image) -> Image.Image:
    """An RGB picture at most `LONGEST` pixels long."""
    small = image.convert("RGB")
    if max(small.size) > LONGEST:
        small.thumbnail((LONGEST, LONGEST))
    return small


def _installed(eyes: Eyes) -> Eyes:
    """Of each kind the catalogue's first that is whole on this machine, where none was named."""
    for row in catalogue.eyes():
        if not getattr(eyes, row["does"]) and _is_here(row["source"]) and _usable(row):
            eyes = replace(eyes, **{row["does"]: row["source"]})
    return eyes


def _is_here(source: str) -> bool:
    folder = weights.find(source)
    return folder is not None and folder.is_dir() and (folder / "config.json").is_file() and weights.is_whole(folder)


def _usable(row: dict[str, Any]) -> bool:
    """Whether the machine has room for it, and what its processor needs: packages, by the names they are imported by.
    """
    return _fits(row) and all(find_spec(name) is not None for name in row.get("needs", "").split())


def _fits(row: dict[str, Any]) -> bool:
    return registry.fits(Model(row["name"], "eyes", row["source"], Capabilities(), memory_gb=1.2 * row["gb"]))


def _named(name: str) -> dict[str, Any]:
    """The one field that a name fills."""
    local = name.startswith(LOCAL)
    plain = name.removeprefix(LOCAL)
    row = next((row for row in catalogue.eyes() if plain in (row["name"], row["source"])), None)
    source = row["source"] if row else plain
    folder = weights.locate(source)
    kind = _kind(folder)
    if local:
        return {"asker": source}
    return {"finder" if kind in FINDERS else "outliner" if kind in OUTLINERS else "asker": source}


def _kind(folder: Any) -> str:
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{folder.name} is no model that looks at pictures: it has no readable "
                               "config.json.") from error
    return str(kind)
