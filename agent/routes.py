"""The measured table that routing reads: how well and how fast each model does each kind of request on each road.

A plain JSON file, made from reports of the evaluations, so that a new model is routed well after one run:

    {"schema_version": 1, "rows": [
        {"model": "pack-diffusion", "road": "region by region", "category": "counting", "suite": "world-generate",
         "planner": "embedded", "n": 10, "score": 0.9, "interval": [0.7, 1.0], "seconds": 0.4, "images": 1.0}, …]}

`score` is a share from 0 to 1 with its 95% interval, `seconds` and `images` are means over the whole suite for one
request. `category` is a tag of the suite, or "all" for the suite's overall score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generators.registry import PACK
from generators.shares import wilson

SCHEMA_VERSION = 1
FILE = "routes.json"
PACK_TABLE = PACK / FILE
ALL = "all"

Road = Literal["one shot", "draft and refine", "region by region", "region by region, then refine",
               "edit by instruction", "inpaint by mask"]
ROADS_OF_ARMS: Mapping[str, Road] = {
    "single": "one shot", "no-layout": "draft and refine", "no-repair": "region by region",
    "agent": "region by region, then refine", "no-routing": "region by region, then refine"}
"""Arms that always take one road; of an agent that chose its roads by an older table, `no-routing` is the plain one."""
ROADS_OF_SUITES: Mapping[str, Road] = {"world-edit": "edit by instruction", "world-inpaint": "inpaint by mask"}
CATEGORIES: Mapping[str, str] = {"fill": "replace", "clear": "remove"}
"""What a suite calls otherwise than an edit's operations are called."""


class Measured(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    road: Road
    category: str
    suite: str
    planner: str = ""
    n: int = Field(ge=1)
    score: float = Field(ge=0, le=1)
    interval: tuple[float, float]
    seconds: float = Field(ge=0)
    images: float = Field(ge=0)

    @property
    def low(self) -> float:
        """How good it is at least: the interval's lower end, or Wilson's (1927) where that one is more careful, as it
        is where all or nearly all came right."""
        return min(self.interval[0], wilson(self.score * self.n, self.n)[0])


def table(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The table of some `report.json`s, in their order; a later report's line takes the place of an earlier one's.

    Rows of arms that are no road (best-of-N, what is derived) and of suites about neither drawing nor one edit are
    left out. Raises `KeyError` or a `ValidationError` for what is no report.
    """
    found: dict[tuple[str, ...], Measured] = {}
    for report in reports:
        for row in sorted(report["rows"], key=lambda row: _last(row["arm"])):
            for line in _lines(report, row):
                found[line.model, line.road, line.category, line.planner] = line
    rows = [line.model_dump(mode="json") for _, line in sorted(found.items())]
    return {"schema_version": SCHEMA_VERSION, "rows": rows}


def _last(arm: str) -> int:
    return list(ROADS_OF_ARMS).index(arm) if arm in ROADS_OF_ARMS else -1


def _lines(report: Mapping[str, Any], row: Mapping[str, Any]) -> list[Measured]:
    road = _road(str(report["suite"]), row)
    if road is None:
        return []
    common = {"model": row["generator"], "road": road, "suite": report["suite"],
              "planner": "" if row["arm"] == "single" else report["configuration"].get("planner", ""),
              "seconds": row["cost"]["seconds"].get("total", 0.0), "images": row["cost"]["images"]}
    tags = {**row["tags"], ALL: row}
    return [Measured(category=CATEGORIES.get(tag, tag), n=one["n"], score=one["score"], interval=one["interval"],
                     **common) for tag, one in tags.items()]


def _road(suite: str, row: Mapping[str, Any]) -> Road | None:
    if row.get("derived") or row["arm"] not in ROADS_OF_ARMS:
        return None
    if suite in ROADS_OF_SUITES:
        return ROADS_OF_SUITES[suite] if row["arm"] in ("agent", "no-routing") else None
    return ROADS_OF_ARMS[row["arm"]] if suite == "world-generate" or suite.startswith("geneval") else None


def read(*files: Path) -> tuple[Measured, ...]:
    """The lines of the first of these files that there is and that can be read; none without one."""
    for file in files:
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
            if value["schema_version"] == SCHEMA_VERSION:
                return tuple(Measured.model_validate(row) for row in value["rows"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            continue
    return ()
