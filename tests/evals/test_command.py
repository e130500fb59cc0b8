"""`python -m evals`: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals import commands
from evals.__main__ import main
from tests.evals.doubles import opener


@pytest.fixture
def doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command with a studio that draws in this process; runs land in a temporary folder."""
    monkeypatch.setattr(commands, "opener", lambda plan: opener(tmp_path / "studios"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert "world-generate" in said and "world " in said and "best-of-N" in said


def test_run_scores_and_reports(doubled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["run", "world-generate", "--generators", "sketch", "--arms", "single,best-of-2,agent", "--limit", "6"]
    assert main([*wanted, "--out", "a"]) == 0
    said = capsys.readouterr()
    assert "| sketch | agent |" in said.out and "18/18" in said.err
    report = json.loads(Path("a/report.json").read_text())
    assert [row["arm"] for row in report["rows"]] == [
        "single", "best-of-2", "agent", "random-of-2", "oracle-of-2", "best-of-2 at equal images",
        "random-of-2 at equal images"]
    assert Path("a/report.html").read_text().startswith("<!doctype html>")
    assert {p.name for p in Path("a").iterdir()} == {"run.json", "samples", "pictures", "report.html", "report.json"}
    assert main(["run", "a"]) == 0 and main([*wanted, "--out", "a"]) == 0  # nothing left to do, twice
    assert main(["report", "a", "--out", "elsewhere", "--pictures", "2"]) == 0
    assert Path("elsewhere/report.html").stat().st_size < Path("a/report.html").stat().st_size
    assert main(["compare", "a", "a"]) == 0 and "+0.000" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["run", "geneval-9"], "There is no suite named 'geneval-9'; there are"),
    (["run", "world-generate", "--arms", "magic"], "There is no arm named 'magic'"),
    (["run", "world-generate", "--arms", "best-of-1"], "There is no arm named 'best-of-1'"),
    (["run", "world-generate", "--arms", ","], "at least one name"),
    (["run", "world-generate", "--generators", "no-such-model"], "no-such-model"),
    (["score", "nowhere"], "no run folder"),
    (["report", "nowhere"], "no run folder"),
    (["compare", "nowhere", "nowhere"], "no run folder"),
    (["vote", "nowhere"], "no run folder"),
    (["card", "nowhere"], "holds no report.json"),
])
def test_what_cannot_be_is_one_sentence(doubled: Path, arguments: list[str], sentence: str,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said and said.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["paint"], ["run"], ["run", "world-generate", "--limit", "0"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_another_run_in_the_same_folder_is_refused(doubled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["run", "world-generate", "--generators", "sketch", "--arms", "single", "--out", "a", "--limit"]
    assert main([*wanted, "1"]) == 0
    assert main([*wanted, "2"]) == 1
    assert "holds another run (limit: 1, not 2)" in capsys.readouterr().err


def test_an_unknown_scorer_is_refused(doubled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "world-generate", "--generators", "sketch", "--arms", "single", "--out", "a", "--limit", "1"])
    capsys.readouterr()
    assert main(["score", "a", "--scorer", "taste"]) == 1
    assert "no scorer named 'taste'" in capsys.readouterr().err


def test_there_is_no_judge_without_weights(tmp_path: Path) -> None:
    from PIL import Image

    from evals.api import EvalError
    from evals.judging import Judge

    with Judge(tmp_path) as judge, pytest.raises(EvalError, match="no judge"):
        judge.see(Image.new("RGB", (8, 8)))
