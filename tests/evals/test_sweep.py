"""Sweeps: every setting once, resumed and measured; a page that loads nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from evals import arms, commands, sweep, sweep_page
from evals.__main__ import main
from evals.api import EvalError
from tests.evals.doubles import StudioDouble, opener
from tests.evals.test_report import Page

WANTED = ["sweep", "world-generate", "--generators", "sketch", "--guidance", "1,2.5", "--limit", "3", "--samples", "2"]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[StudioDouble]:
    studios: list[StudioDouble] = []
    monkeypatch.setattr(commands, "opener", lambda plan: opener(tmp_path / "studios", opened=studios))
    monkeypatch.chdir(tmp_path)
    return studios


def test_every_combination_that_a_family_takes() -> None:
    assert sweep.cells("diffusion", [4, 8], [1, 2.5]) == [
        "single:steps=4:guidance=1", "single:steps=4:guidance=2.5", "single:steps=8:guidance=1",
        "single:steps=8:guidance=2.5"]
    assert sweep.cells("hybrid", [4], []) == ["single:steps=4"] and sweep.cells("diffusion", [], []) == ["single"]
    assert sweep.cells("autoregressive", [4, 8], [3]) == ["single:guidance=3"], "it takes no steps"
    assert all(arms.check(name) for name in sweep.cells("diffusion", [1, 1000], [0, 100]))


def test_distance_is_that_of_the_pixels() -> None:
    black, white = np.zeros((4, 4, 3)), np.ones((4, 4, 3))
    half = black.copy()
    half[:2] = 1
    assert sweep.distance(black, white) == 1 and sweep.distance(black, black) == 0
    assert sweep.distance(black, half) == pytest.approx(np.sqrt(0.5))


def test_a_sweep_is_measured_and_goes_on(opened: list[StudioDouble], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WANTED, "--out", "s"]) == 0
    assert sum(len(studio.turns) for studio in opened) == 2 * 3 * 2
    asked = {options.wishes.guidance for studio in opened for _, options in studio.turns}
    assert asked == {1.0, 2.5} and "| sketch | its own | 2.5 |" in capsys.readouterr().out
    found = json.loads(Path("s/sweep.json").read_text())
    assert [(cell["guidance"], cell["n"]) for cell in found["cells"]] == [(1.0, 3), (2.5, 3)]
    assert all(0 < cell["diversity"] < 1 and cell["seconds"] == 0.25 for cell in found["cells"])
    text = Path("s/sweep.html").read_text()
    assert all(address.startswith("data:image/webp") for address in Page(text).addresses) and text.count("<svg") == 3
    assert not re.search(r"https?://|@import|url\(", text)
    drawn = len(opened)
    assert main(["sweep", "s"]) == 0 and main([*WANTED, "--out", "s"]) == 0 and len(opened) == drawn
    next(iter(Path("s/sketch/samples").glob("*.json"))).unlink()
    assert main(["sweep", "s"]) == 0
    assert sum(len(studio.turns) for studio in opened) == 2 * 3 * 2 + 1, "only what was missing"


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["sweep", "world-generate", "--steps", "many"], "--steps takes numbers"),
    (["sweep", "world-generate", "--steps", "2.5"], "--steps takes numbers"),
    (["sweep", "utterances"], "draws nothing"),
    (["sweep", "nonsense"], "There is no suite named 'nonsense'"),
    (["sweep", "world-generate", "--generators", "no-such-model"], "no-such-model"),
    (["sweep", "world-generate", "--guidance", "-1"], "There is no arm named"),
])
def test_what_cannot_be_swept_is_one_sentence(opened: list[StudioDouble], arguments: list[str], sentence: str,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    if arguments[-2] == "--guidance":
        arguments = [*arguments[:-2], f"--guidance={arguments[-1]}"]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_a_folder_without_runs_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="is no sweep"):
        sweep.runs(tmp_path)


def test_lines_of_one_setting_are_one_curve() -> None:
    cells = [{"generator": "m", "arm": "", "steps": steps, "guidance": guidance, "score": 0.5, "interval": [0, 1],
              "diversity": None, "seconds": steps / 10, "n": 1} for guidance in (1.0, 4.0) for steps in (4, 8, 16)]
    svg = sweep_page._plot(cells, "steps", "guidance", "seconds", "t")
    assert svg.count("<polyline") == 2 and svg.count("<circle") == 6 and ">guidance 4<" in svg
    assert sweep_page._plot(cells, "steps", "guidance", "diversity", "t") == "", "unknown everywhere"
