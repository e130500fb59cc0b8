"""An arm's pictures as a set: what is compared with what, kept, shown; stand-ins see and measure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evals import __main__ as command
from evals import page, registry, runner, sets
from evals import report as numbers
from evals.api import EvalError
from evals.folder import RunFolder
from tests.evals import made_up


class Greys:
    """A picture's vector is how bright it is."""

    source = "somebody/greys"
    closed = 0

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.array([[image.convert("L").getpixel((0, 0))] for image in images], dtype=np.float32)

    def close(self) -> None:
        self.closed += 1


class Means:
    """The distance of two sets is that of their means."""

    def load(self) -> None:
        """Here already."""

    def distance(self, real: list[list[float]], drawn: list[list[float]]) -> float:
        return abs(float(np.mean(real) - np.mean(drawn)))

    def close(self) -> None:
        """Nothing to end."""


class Missing(Means):
    def load(self) -> None:
        raise EvalError("FID takes the package torchmetrics.")


def quiet(line: str, important: bool = False) -> None:
    """Nobody watches."""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Two arms with two pictures each, of brightness 10 and 30, 50 and 70; a third with one."""
    folder = RunFolder(tmp_path / "run")
    task = registry.task("world-generate")
    folder.create(runner.new_plan(task, ["single", "agent"], ["sketch"], {"sketch": "1"}, {}))
    for arm, levels in {"single": (10, 30), "agent": (50, 70), "rewrite": (90,)}.items():
        for index, level in enumerate(levels):
            Image.new("RGB", (8, 8), (level,) * 3).save(folder.pictures / f"{level}.png")
            folder.save(made_up.sample(f"item {index}", arm, 1, picture=f"{level}.png"))
    return folder


@pytest.fixture
def real(tmp_path: Path) -> Path:
    (tmp_path / "real").mkdir()
    for level in (80, 100):
        Image.new("RGB", (8, 8), (level,) * 3).save(tmp_path / "real" / f"{level}.png")
    (tmp_path / "real" / "notes.txt").write_text("no picture")
    return tmp_path / "real"


def test_each_arm_is_a_set(run: RunFolder, real: Path) -> None:
    greys = Greys()
    rows = sets.measure(run, "fid", real, quiet, greys, Means())
    assert [(row["arm"], row["value"], row["pictures"], row["of"]) for row in rows] == [
        ("single", 70, 2, 2), ("agent", 30, 2, 2)], "one picture is no set"
    assert {row["features"] for row in rows} == {"greys"} and greys.closed == 1
    sets.measure(run, "kid", real, quiet, greys, Means())
    sets.measure(run, "fid", real, quiet, greys, Means())
    assert [(row["kind"], row["arm"]) for row in sets.results(run)] == [
        ("fid", "agent"), ("fid", "single"), ("kid", "agent"), ("kid", "single")], "measured again is not kept twice"


def test_it_stands_in_the_report(run: RunFolder, real: Path, tmp_path: Path) -> None:
    sets.measure(run, "fid", real, quiet, Greys(), Means())
    report = numbers.build(run.plan(), list(run.all()), registry.scorer("world"), {}, (), sets.results(run))
    text = page.render(report, [], tmp_path)
    assert "As sets of pictures" in text and "<td>70.0000</td><td>2</td><td>2</td>" in text
    assert json.loads(json.dumps(report))["sets"][0]["kind"] == "fid"


def test_what_is_missing_is_a_sentence(run: RunFolder, real: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(EvalError, match="none holds 0 pictures, and the run 5"):
        sets.measure(run, "fid", tmp_path / "none", quiet, Greys(), Means())
    with pytest.raises(EvalError, match="takes the package"):
        sets.measure(run, "fid", real, lambda line, important=False: pytest.fail(line), Greys(), Missing())
    for given, sentence in ((["--scorer", "fid"], "--scorer fid --against FOLDER"),
                            (["--against", str(real)], "name both"),
                            (["--scorer", "kid", "--against", str(tmp_path / "nowhere")], "nowhere cannot be read"),
                            (["--scorer", "fid", "--against", str(real)], "did not answer: ")):
        assert command.main(["score", str(run.path), *given]) == 1
        assert sentence in capsys.readouterr().err
