"""The command that turns runs into the table that the studio routes by."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from agent import routes as table
from evals import routes
from evals.api import EvalError

RESULTS = Path(__file__).resolve().parents[2] / "evals" / "results"


def words(*given: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    routes.add_to(parser.add_subparsers(dest="verb"))
    return parser.parse_args(["routes", *map(str, given)])


def report(folder: Path, model: str, score: float) -> Path:
    row = {"generator": model, "arm": "single", "n": 10, "score": score, "interval": [score, score], "tags": {},
           "cost": {"images": 1, "seconds": {"total": 2.0}}}
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(
        {"suite": "world-generate", "configuration": {"planner": "embedded"}, "rows": [row]}))
    return folder


def test_the_committed_report_becomes_a_table_that_can_be_read(tmp_path: Path,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "routes.json"
    routes.run(words(RESULTS, "--out", out))
    lines = table.read(out)
    assert lines and {line.road for line in lines} >= {"one shot"} and "lines about" in capsys.readouterr().out


def test_a_new_models_run_adds_to_the_table_and_a_later_one_replaces(tmp_path: Path) -> None:
    out = tmp_path / "routes.json"
    routes.run(words(report(tmp_path / "a", "a", 0.5), "--out", out))
    routes.run(words(report(tmp_path / "b", "b", 0.6), report(tmp_path / "c", "a", 0.7), "--out", out))
    assert [(line.model, line.score, line.seconds) for line in table.read(out)] == [("a", 0.7, 2.0), ("b", 0.6, 2.0)]
    routes.run(words(tmp_path / "b", "--out", out, "--afresh"))
    assert [line.model for line in table.read(out)] == ["b"]


def test_a_folder_without_a_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("[]")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(EvalError, match=r"report\.json"):
            routes.run(words(folder, "--out", tmp_path / "o.json"))
