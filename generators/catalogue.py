"""The catalogue file as plain values: models, what is known of classes, what is served elsewhere. No torch."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "catalogue.toml"


@dataclass(frozen=True)
class Facts:
    """What people ask of a model besides what it can do.

    `commercial` is "yes", "no", the condition in words, or "" where nobody looked; `billions` are parameters: what
    denoises, what reads the words, what decodes pictures (none where unknown); `also` are parts that lie in other
    repositories.
    """

    hub_id: str = ""
    commercial: str = ""
    gated: bool = False
    paper: str = ""
    few_step: bool = False
    billions: tuple[float, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)


def models() -> list[dict[str, Any]]:
    """The rows of the catalogue, in its order."""
    return _read()["model"]


def kinds() -> dict[str, Any]:
    """What is known of the classes that may stand in a model_index.json, by their names."""
    return {**_read()["pipelines"], **_read()["families"]}


def pipelines() -> dict[str, Any]:
    """Those of them that are classes of diffusers."""
    return _read()["pipelines"]


def additions() -> list[dict[str, Any]]:
    """What can be laid over a model for a picture: {name, kinds, pipeline, source, licence, commercial, …}."""
    return _read()["addition"]


def addition(name: str) -> dict[str, Any] | None:
    """The addition of a name, if the catalogue has it."""
    return next((row for row in additions() if row["name"] == name), None)


def eyes() -> list[dict[str, Any]]:
    """What can look at real pictures: {name, does, source, licence, commercial, gb, …}, the first choice first."""
    return _read().get("eyes", [])


def elsewhere() -> list[dict[str, str]]:
    """Names that people ask for and that are not here: {name, why, served_by}."""
    return [{"served_by": "", **row} for row in _read()["elsewhere"]]


def facts(name: str) -> Facts:
    """The facts of a model of the catalogue; of any other nothing is known."""
    row = next((row for row in models() if row["name"] == name), None)
    if row is None:
        return Facts()
    hub_id = "" if row.get("pack") else row["source"]
    commercial = "yes" if row.get("pack") else row.get("commercial", "")
    return Facts(hub_id, commercial, row.get("gated", False), row.get("paper", ""), row.get("few_step", False),
                 tuple(row.get("billions", ())), row.get("also", {}))


def _read() -> dict[str, Any]:
    return _parsed(FILE, FILE.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _parsed(path: Path, changed: int) -> dict[str, Any]:
    """Parsed once, and again when the file was changed."""
    return tomllib.loads(path.read_text("utf-8"))
