"""`python app.py models check`: what is run, what is measured, what is remembered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import app
from generators import catalogue, checking, registry
from generators.api import Control, ModelUnavailable
from generators.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint, made by another process, since this one stays without torch."""
    target = tmp_path_factory.mktemp("tiny") / "StableDiffusionPipeline"
    code = ("from pathlib import Path; from tests.generators import tiny_pipelines as tiny; "
            f"tiny.save({target.name!r}, Path({str(target)!r}))")
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, capture_output=True)
    return target


@pytest.fixture
def workshop(folder: Path) -> Iterator[Workshop]:
    found = registry.find(str(folder))
    quick = {"call": {"num_inference_steps": 2}}
    with Workshop([replace(found, name="tiny", options={**found.options, **quick})], eyes="sketch", threads=1) as shop:
        yield shop


def test_all_that_a_model_is_declared_to_do_is_run_and_measured(workshop: Workshop, folder: Path) -> None:
    said: list[str] = []
    found = checking.check(workshop, "tiny", said.append)
    assert found["passed"] and found["weights"] == str(folder)
    able = ("generate", "refine", "edit", "inpaint", "negative", "regions", "batch")
    assert found["capabilities"] == dict.fromkeys(able, "ok"), "of what is laid over a model there is nothing here"
    assert set(found["seconds"]) == set(found["capabilities"]) and all(took > 0 for took in found["seconds"].values())
    assert 0.1 < found["memory_gb"] < 20, "of the process that holds the model"
    assert found["critic"] == {"asked": 4, "seen": 0}, "nothing can be seen in what random weights draw"
    assert len(said) == 8 and found["arithmetic"]["regions"] == 1


def test_what_is_laid_over_a_model_is_checked_where_it_is_here(folder: Path, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    net, kind = tmp_path / "net", "StableDiffusionPipeline"
    net.mkdir()
    (net / "config.json").write_text("{}")
    (net / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    monkeypatch.setattr(catalogue, "additions", lambda: [
        {"name": "net", "kinds": ["canny", "pose"], "pipeline": kind, "source": str(net)},
        {"name": "lora", "kinds": ["adapter"], "pipeline": kind, "source": "someone/elsewhere"}])
    laid = dict(checking._laid(registry.find(str(folder))))
    assert list(laid) == ["controls"], "the other is not on this machine"
    assert laid["controls"]["controls"] == (Control("canny", "source", ready=False),)


def test_what_fails_is_told_and_not_verified(folder: Path, tmp_path: Path) -> None:
    found = registry.find(str(folder))
    broken = {"classes": {**found.options["classes"], "inpaint": "NoSuchPipeline"}, "call": {"num_inference_steps": 2}}
    with Workshop([replace(found, name="tiny", options={**found.options, **broken})], eyes="sketch", threads=1) as shop:
        result = checking.check(shop, "tiny", lambda line: None)
    assert not result["passed"] and "NoSuchPipeline" in result["capabilities"]["inpaint"]
    assert result["capabilities"]["edit"] == "ok"
    checking.remember(tmp_path, "tiny", checked=result)
    row = checking.with_what_is_known([{"name": "tiny", "source": str(folder), "verified": "x"}], tmp_path)[0]
    assert row["verified"] == "x" and row["checked"]["capabilities"]["edit"] == "ok"


def test_what_was_verified_holds_for_the_weights_that_were_there(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    rows = [{"name": "m", "source": str(tmp_path / "weights"), "verified": "tiny checkpoint"}]
    checking.remember(tmp_path, "m", checked={"passed": True, "weights": str(tmp_path / "weights")})
    checking.remember(tmp_path, "m", revision="abc")
    row = checking.with_what_is_known(rows, tmp_path)[0]
    assert (row["verified"], row["revision"]) == ("real weights on this machine", "abc")
    rows[0]["source"] = str(tmp_path)  # another revision
    assert checking.with_what_is_known(rows, tmp_path)[0]["verified"] == "tiny checkpoint"


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / checking.FILE).write_text(text)
    assert checking.known(tmp_path) == {}


def test_a_model_that_is_not_here_is_not_checked() -> None:
    with Workshop(eyes="sketch") as shop, pytest.raises(ModelUnavailable, match="models get"):
        checking.check(shop, "flux1-dev", lambda line: None)


def test_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["models", "check", "sketch", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["passed"] and said["capabilities"]["generate"] == "ok"
    assert checking.known(Path(os.environ["MAQUETTE_DATA"]))["sketch"]["checked"]["passed"]


def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["models"]) == 0
    out = capsys.readouterr().out
    lines = {line.split()[1]: line for line in out.splitlines() if len(line.split()) > 2}
    assert "not commercially, gated" in lines["flux1-dev"] and "edit" in lines["qwen-image-edit"]
    assert "BAGEL: " in out and max(map(len, lines.values())) < 160
    assert app.main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in listed["models"]} <= set(lines) and listed["elsewhere"]
    assert {row["name"] for row in listed["eyes"]} <= set(lines) and "finds named things" in lines["owlv2"]
    assert "needs torchvision, never tried here" in lines["qwen3-vl-4b"]
    assert {"name", "does", "source", "installed", "gb", "licence", "verified"} <= set(listed["eyes"][0])


@pytest.mark.parametrize(("words", "sentence"), [
    (["get"], "Which model?"), (["check"], "Which model?"), (["get", "nothing"], "There is no model 'nothing'"),
    (["get", "pack-diffusion"], "is here already"), (["throw", "x"], "invalid choice")])
def test_wrong_usage_is_a_sentence(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert app.main(["models", *words]) == 2
    assert sentence in capsys.readouterr().err
