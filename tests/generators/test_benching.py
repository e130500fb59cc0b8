"""`python app.py models bench`: what is drawn beside the plain picture, and what is reported of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import app
from generators import benching
from generators.api import Extent
from generators.speed import checked
from generators.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.shared_worker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint, made by another process, since this one stays without torch."""
    target = tmp_path_factory.mktemp("tiny") / "QwenImagePipeline"
    code = ("from pathlib import Path; from tests.generators import tiny_pipelines as tiny; "
            f"tiny.save({target.name!r}, Path({str(target)!r}))")
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with Workshop(eyes="sketch", threads=1) as shop:
        yield shop


def test_settings_are_drawn_turn_by_turn_with_the_plain_picture(workshop: Workshop, folder: Path, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = workshop.draw
    monkeypatch.setattr(workshop, "draw", lambda *given, **named: asked.append(str(named["speed"])) or
                        real(*given, **named))
    said: list[str] = []
    found = benching.bench(
        workshop, str(folder), tmp_path, settings=[checked("taylor:2"), checked(attention="native_math"),
                                                   checked("first-block")],
        placements=["whole", "nf4"], rounds=2, steps=6, size=Extent(64, 64), say=said.append)
    arms = ["plain", "cache=taylor:2", "attention=native_math", "cache=first-block:0.05"]
    assert asked == [*arms, *arms[:3], *arms[:3], *["plain"] * 3], "what was left out once is not drawn again"
    rows = {row["setting"]: row for row in found["rows"]}
    assert list(rows) == [*arms, "whole", "nf4"]
    plain, cached, whole = rows["plain"], rows["cache=taylor:2"], rows["whole"]
    assert plain["difference"] == whole["difference"] == 0 < cached["difference"] and plain["speedup"] == 1
    assert all(row["seconds"] > 0 and row["memory_gb"] > 0.1 and row["load_seconds"] > 0 for row in (plain, cached))
    with Image.open(cached["picture"]) as picture:
        assert picture.size == (64, 64)
    assert cached["speedup"] == pytest.approx(plain["seconds"] / cached["seconds"], rel=0.05)
    assert "IndexError" in rows["cache=first-block:0.05"]["left_out"][0] and "nf4" in rows["nf4"]["left_out"][0]
    assert found["arithmetic"]["pipeline"] == "QwenImagePipeline" and len(said) == 10
    lines = benching.table(found)
    assert len(lines) == 7 and lines[-1].startswith("nf4") and "bitsandbytes" in lines[-1]


def test_the_command_reports_and_leaves_the_pictures(folder: Path, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    words = ["models", "bench", str(folder), "--settings", "cache=taylor:2", "--steps", "4", "--size", "64x64",
             "--rounds", "1", "--data", str(tmp_path), "--json"]
    assert app.main(words) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["setting"] for row in found["rows"]] == ["plain", "cache=taylor:2"] and found["size"] == [64, 64]
    left = tmp_path / "bench" / folder.name
    assert {file.name for file in left.iterdir()} == {"plain.png", "cache=taylor-2.png", "bench.json"}
    assert json.loads((left / "bench.json").read_text()) == found


@pytest.mark.parametrize(("more", "says"), [
    (["--settings", "cache=teacache"], "first-block, taylor, mag"), (["--placements", "int3"], "nf4"),
    (["--size", "big"], "1024x1024"), (["--rounds", "0"], "from 1 on"), (["--steps", "0"], "from 1 on")])
def test_what_cannot_be_measured_is_a_sentence(more: list[str], says: str, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["models", "bench", "sketch", "--data", str(tmp_path), *more]) == 2
    assert says in capsys.readouterr().err


def test_it_runs_without_a_studio(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benching", "nothing-of-the-kind", "--settings", "compile"])
    assert benching.main() == 2 and "There is no model 'nothing-of-the-kind'" in capsys.readouterr().err


def test_how_far_two_pictures_are_apart() -> None:
    black = Image.new("RGB", (2, 2))
    one = black.copy()
    one.putpixel((0, 0), (255, 0, 0))
    assert benching.difference(black, black) == 0 and benching.difference(black, one) == 255 / 12


def test_the_settings_reach_a_picture_and_what_is_left_out_is_said_once(
        folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    from agent.settings import Settings, SettingsError, load
    from agent.workshops import make
    from generators.api import Request

    with pytest.raises(SettingsError, match=r"cache.*first-block, taylor, mag"):
        load(cache="teacache")
    settings = Settings(cache="mag", attention="native_math", generator="sketch")
    with make(settings) as shop:
        found = shop.model(str(folder))
        shop.add(replace(found, capabilities=replace(found.capabilities, sizes=(Extent(64, 64),))))
        request = Request(model=found.name, prompt="a red dog", seed=1, size=Extent(64, 64), steps=2)
        told = [shop.draw(request.model_copy(update={"seed": seed}), {}).arithmetic["speed"] for seed in (1, 2)]
    assert told[0] == told[1] and told[0]["attention"] == "native_math" and "cache=mag:0.06" in told[0]["left out"]
    assert [record.getMessage() for record in caplog.records if "was left out" in record.getMessage()] == [
        f"{folder}: cache=mag:0.06 was left out: its ratios are known for FLUX.1, not for QwenImageTransformer2DModel."]
