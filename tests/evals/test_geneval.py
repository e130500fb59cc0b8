"""GenEval: its rule on small worked examples, its summary to the last digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals import __main__ as command
from evals import benchmarks, official
from evals.api import Item, Look, RunPlan, Sample
from evals.folder import RunFolder
from evals.scorers.geneval import SCORER, wrong
from evals.tasks.geneval import TASK
from generators.api import Box, Detection, Seen


def test_the_published_file_has_its_553_prompts() -> None:
    try:
        items = TASK.items()
    except benchmarks.NotFetched as error:
        pytest.skip(str(error))
    kinds = {"single_object", "two_object", "counting", "colors", "position", "color_attr"}
    assert len(items) == 553 and {item.tag for item in items} == kinds


def dog(x: float = 0.5, y: float = 0.5, thing: str = "dog", colour: str = "own", sure: float = 0.9) -> Detection:
    return Detection(thing, colour, Box(x - 0.1, y - 0.1, x + 0.1, y + 0.1), sure)


LEFT = {"include": [{"class": "cat", "count": 1}, {"class": "dog", "count": 1, "position": ["left of", 0]}]}
TWO = {"include": [{"class": "dog", "count": 2}], "exclude": [{"class": "dog", "count": 3}]}
RED = {"include": [{"class": "dog", "count": 1, "color": "red"}]}


@pytest.mark.parametrize(("truth", "objects", "reasons"), [
    ({"include": [{"class": "dog", "count": 1}]}, [dog(), dog(0.2)], []),
    ({"include": [{"class": "dog", "count": 1}]}, [dog(sure=0.2)], ["expected dog>=1, found 0"]),
    (TWO, [dog(0.2), dog(0.8)], []),
    (TWO, [dog(0.2)], ["expected dog>=2, found 1"]),
    (TWO, [dog(0.2), dog(0.5), dog(0.8)], ["expected dog<3, found 3"]),
    (RED, [dog(colour="red", sure=0.9), dog(0.2, colour="blue", sure=0.5)], []),
    (RED, [dog(colour="red", sure=0.5), dog(0.2, colour="blue", sure=0.9)], ["expected red dog>=1, found blue"]),
    (LEFT, [dog(0.2), dog(0.8, thing="cat")], []),
    (LEFT, [dog(0.8), dog(0.2, thing="cat")], ["expected dog left of target"]),
    (LEFT, [dog(0.2)], ["expected cat>=1, found 0", "no target for dog to be left of"]),
])  # fmt: skip
def test_the_rule(truth: dict[str, Any], objects: list[Detection], reasons: list[str]) -> None:
    assert wrong(truth, Seen(tuple(objects))) == reasons


def test_a_score_is_all_or_nothing() -> None:
    item = Item(id="0", tag="counting", turns=["two dogs"], truth=TWO)
    sample = Sample(key="k", suite="s", suite_version=1, item=item, arm="single", generator="g", seed=1, status="done")
    seen = Seen((dog(0.2), dog(0.8)))
    assert SCORER.score(Look(item, sample, Image.new("RGB", (8, 8)), seen)).value == 1
    assert SCORER.score(Look(item, sample, Image.new("RGB", (8, 8)), Seen((dog(),)))).value == 0


RESULTS = [("single_object", "a", True), ("single_object", "a", False), ("single_object", "b", False),
           ("counting", "c", True), ("counting", "c", True), ("counting", "d", False)]
SUMMARY = """Summary
=======
Total images: 6
Total prompts: 4
% correct images: 50.00%
% correct prompts: 50.00%

Task breakdown
==============
single_object    = 33.33% (1 / 3)
counting         = 66.67% (2 / 3)

Overall score (avg. over tasks): 0.50000"""


def test_the_summary_is_the_published_one(tmp_path: Path, capsys) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps({"tag": tag, "metadata": name, "correct": right}) + "\n"
                            for tag, name, right in RESULTS))
    assert command.main(["summary", str(file)]) == 0
    assert capsys.readouterr().out.rstrip("\n") == SUMMARY


def test_a_file_that_is_no_results_file_is_refused(tmp_path: Path, capsys) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text('{"tag": "counting", "correct": true, "metadata": "x"}\n{"tag": "counting"}\n')
    assert command.main(["summary", str(file)]) == 1
    assert "line 2, has no correct, metadata" in capsys.readouterr().err


def test_a_run_becomes_a_results_file(tmp_path: Path, capsys) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(RunPlan(suite="geneval", suite_version=1, arms=["single", "agent"], generators=["g"]))
    item = Item(id="00000", tag="counting", turns=["two dogs"], truth=TWO)
    blank = Sample(key="k", suite="geneval", suite_version=1, item=item, arm="agent", generator="g", seed=1,
                   status="done")
    look = Look(item, blank, Image.new("RGB", (8, 8)), Seen((dog(),)))
    folder.save(blank.model_copy(update={"scores": {"geneval": SCORER.score(look)}}))
    out = tmp_path / "results.jsonl"
    assert command.main(["export", str(folder.path), "--out", str(out)]) == 1
    assert "choose one with --arm" in capsys.readouterr().err
    assert command.main(["export", str(folder.path), "--arm", "agent", "--out", str(out)]) == 0
    (row,) = official.read(out)
    assert row["correct"] is False and row["reason"] == "expected dog>=2, found 1"
    assert json.loads(row["metadata"]) == TWO and list(json.loads(row["details"])) == ["dog"]
