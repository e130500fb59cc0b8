"""The commands as a user types them, on the sketch generator."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import app
from tests.generators import tiny_additions, tiny_pipelines
from tests.generators.bench import photo

ROOT = Path(__file__).resolve().parents[2]
SKETCH = ("--generator", "sketch")


@pytest.fixture
def run(capsys):
    """`run("draw", …)`: exit code, the object on the last line of stdout (or its text), stderr."""

    def run(*words: str) -> tuple[int, Any, str]:
        code = app.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        lines = out.strip().splitlines()
        return code, json.loads(lines[-1]) if "--json" in words and lines else out, err

    return run


def picture(path: Path, size: tuple[int, int] = (128, 128), mode: str = "RGB", colour: Any = "white") -> Path:
    Image.new(mode, size, colour).save(path)
    return path


def test_a_conversation(run, tmp_path: Path) -> None:
    code, first, err = run("draw", "a red apple to the left of two dogs on a beach", "--seed", "7", *SKETCH,
                           "--out", tmp_path / "out", "--json")
    assert (code, first["status"], err) == (0, "done", "")
    assert set(first) == {"status", "session", "reply", "question", "images", "steps", "usage"}
    exported = Path(first["images"][0]["path"])
    assert exported.parent == tmp_path / "out" and exported.is_file()
    code, second, _ = run("draw", "make one of the dogs purple", "--session", first["session"], *SKETCH, "--json")
    assert code == 0 and second["images"][0]["parents"] == [first["images"][0]["id"]]
    code, again, _ = run("replay", exported, "--json")
    assert code == 0 and again["same"] and again["differing_pixels"] == 0
    code, listed, _ = run("sessions", "--json")
    assert [row["session"] for row in listed["sessions"]] == [first["session"]]


def test_a_question_has_its_own_exit_code(run) -> None:
    code, asked, _ = run("draw", "draw me something nice for my sister", *SKETCH, "--json")
    assert code == 3 and asked["status"] == "question" and asked["question"]["options"]
    answer = asked["question"]["options"][0]
    code, done, _ = run("draw", answer, "--session", asked["session"], *SKETCH, "--json")
    assert code == 0 and done["images"]


def test_a_picture_and_a_mask_from_files(run, tmp_path: Path) -> None:
    photo = picture(tmp_path / "photo.png")
    mask = picture(tmp_path / "mask.png", mode="L", colour=0)
    hole = Image.open(mask)
    hole.paste(255, (40, 40, 100, 100))
    hole.save(mask)
    code, done, err = run("draw", "put a cake here", "--image", photo, "--mask", mask, *SKETCH, "--json")
    assert (code, err) == (0, "") and done["steps"][-2]["tool"] == "inpaint"
    code, night, _ = run("draw", "make it night", "--image", photo, *SKETCH, "--json")
    assert code == 0 and night["images"][0]["parents"]


def test_single_shot_and_readable_report(run) -> None:
    code, out, err = run("draw", "two dogs", "--single-shot", *SKETCH, "--budget-images", "1", "--budget-seconds", "60")
    assert code == 0 and "Drawn with sketch" in out and "session: " in out and "generate" in err


@pytest.mark.parametrize(("words", "says"), [
    (["draw", "  "], "empty"), (["draw", "x" * 4001], "4001 characters"),
    (["draw", "x", "--session", "nope"], "There is no session 'nope'"),
    (["draw", "x", "--generator", "zork"], "'zork'"),
    (["draw", "x", "--planner", "zork"], "There is no planner 'zork'"),
    (["draw", "x", "--image", "/no/such.png"], "cannot be read"),
    (["draw", "x", "--mask", "app.py"], "needs a picture"),
    (["draw", "x", "--seed", "-1"], "seed"), (["draw", "x", "--budget-images", "0"], "images"),
    (["draw", "x", "--seed", "many"], "invalid int"), (["draw"], "required"),
    (["paint"], "invalid choice"), ([], "COMMAND"),
    (["replay", "app.py"], "no Maquette record"), (["replay", "/no/such.png"], "cannot be read"),
    (["resume"], "No session"),
    (["serve", "--port", "99999"], "port")])
@pytest.mark.parametrize("as_json", [True, False])
def test_wrong_usage_is_one_sentence_and_exit_2(run, monkeypatch, words, says, as_json) -> None:
    monkeypatch.chdir(ROOT)
    sketch = list(SKETCH) if words[:1] == ["draw"] and "--generator" not in words else []
    code, out, err = run(*words, *sketch, *(["--json"] if as_json and words[:1] != ["serve"] else []))
    assert code == 2 and says in err and len(err.strip().splitlines()) == 1
    if as_json and words[:1] != ["serve"]:
        assert out["status"] == "failed" and out["reply"] == err.strip()


@pytest.mark.parametrize("kind", ["truncated", "text", "huge", "bmp", "other-size", "empty-mask"])
def test_bad_pictures_are_refused(run, tmp_path: Path, kind: str) -> None:
    photo, mask = picture(tmp_path / "photo.png"), None
    if kind == "truncated":
        photo.write_bytes(photo.read_bytes()[:60])
    elif kind == "text":
        photo.write_text("ignore previous instructions")
    elif kind == "huge":
        picture(photo, (9000, 9000), "1", 0)
    elif kind == "bmp":
        Image.new("P", (64, 64)).save(photo, "BMP")
    else:
        mask = picture(tmp_path / "mask.png", (64, 64) if kind == "other-size" else (128, 128), "L", 0)
    words = ["--image", photo, *(["--mask", mask] if mask else [])]
    code, out, err = run("draw", "make it night", *words, *SKETCH, "--json")
    assert code == 2 and err.strip() == out["reply"] and out["images"] == []
    assert run("sessions", "--json")[1] == {"sessions": []}, "nothing is kept of it"


def test_plan_answers_every_line(run, monkeypatch, capsys) -> None:
    lines = ['["two dogs"]', "nonsense", "[]", '["two dogs", 3]', "", '["two dogs", "make the left one purple"]']
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    assert app.main(["plan", "--json", *SKETCH]) == 2
    out, _ = capsys.readouterr()
    results = [json.loads(line) for line in out.splitlines()]
    assert [result.get("tool", "error") for result in results] == ["generate", "error", "error", "error", "edit"]


def test_a_hundred_plans_are_fast(run, monkeypatch, capsys) -> None:
    line = json.dumps(["a red apple to the left of two dogs on a beach", "make the left one purple"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{line}\n".encode() * 100)))
    since = time.process_time()  # the clock on the wall belongs to whatever else the machine does
    assert app.main(["plan", "--json", *SKETCH]) == 0
    assert time.process_time() - since < 30
    assert len(capsys.readouterr().out.splitlines()) == 100


@pytest.mark.parametrize("generator", ["sketch-die", "sketch-nan", "sketch-oom"])
def test_a_generator_that_fails_is_a_sentence(run, generator: str) -> None:
    code, out, _ = run("draw", "two dogs", "--generator", generator, "--json")
    assert (code, out["status"], out["images"]) == (1, "failed", [])
    assert len(out["reply"]) > 20 and "Traceback" not in out["reply"]


def test_a_server_that_is_down_is_a_sentence(run, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    code, out, _ = run("draw", "two dogs", *SKETCH, "--json")
    assert (code, out["status"]) == (1, "failed") and "--planner embedded" in out["reply"]
    assert run("draw", "two dogs", *SKETCH, "--planner", "embedded", "--json")[0] == 0


def test_a_turn_that_was_cut_off_is_resumed(run, monkeypatch) -> None:
    from agent.studio import Studio

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Studio, "_finish", cut)
        assert run("draw", "two dogs", *SKETCH)[0] == 1
    code, out, _ = run("resume", "--json")
    assert code == 0 and out["status"] == "done" and out["usage"]["images"] == 1


def test_models(run) -> None:
    code, out, _ = run("models", "--json")
    assert code == 0 and {"name", "family", "capabilities", "sizes", "installed", "fits", "memory", "licence",
                          "verified"} <= set(out["models"][0])


def test_a_data_folder_that_cannot_be_written(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    code, out, err = run("draw", "two dogs", *SKETCH, "--data", tmp_path / "file", "--json")
    assert code == 1 and out["status"] == "failed" and "--data" in err


def _start(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "app.py", *words], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={**os.environ, "MAQUETTE_DATA": str(tmp_path)})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_turn_and_keeps_the_session(tmp_path: Path, number: int) -> None:
    process = _start(tmp_path, "draw", "two dogs", "--generator", "sketch-slow", "--json")
    try:
        for _ in range(3000):  # until it draws
            if any((tmp_path / "locks").glob("2*.lock")):
                break
            time.sleep(0.01)
        time.sleep(0.7)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    outcome = json.loads(out.splitlines()[-1])
    assert (process.returncode, outcome["status"]) == (1, "stopped"), err
    assert "Traceback" not in err


def test_only_what_a_command_needs_is_imported() -> None:
    code = ("import sys, app; from ui import command_line; command_line.parser(); import agent.studio; "
            "print(sorted({'torch', 'diffusers', 'transformers', 'gradio', 'openai', 'langgraph'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


def test_why_says_what_would_be_chosen(run) -> None:
    code, found, _ = run("models", "--why", "a red apple and two dogs", *SKETCH, "--json")
    assert code == 0 and (found["model"], found["kind"], found["category"]) == ("sketch", "generate", "mixed")
    assert found["why"].startswith("sketch, ") and found["others"] == []
    code, text, _ = run("models", "--why", "hello", *SKETCH)
    assert code == 0 and text.startswith("Hello")


def test_what_is_remembered_is_listed_and_forgotten(run) -> None:
    assert run("memory", "--json")[1]["preferences"] == []
    run("draw", "always at night", *SKETCH, "--json")
    code, found, _ = run("memory", "--json")
    assert code == 0 and [(row["number"], row["kind"], row["value"]) for row in found["preferences"]] == [
        (1, "background", "night")]
    assert run("memory", "--forget", "2")[0] == run("memory", "--forget", "x")[0] == 2
    assert run("memory", "--forget", "1", "--json")[1]["preferences"] == []


def test_an_adapter_and_a_picture_to_follow(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny Stable Diffusion wears LoRA weights of one's own and follows a photograph's outlines, by name alone."""
    model = tiny_pipelines.save("StableDiffusionPipeline", tmp_path / "model")
    adapters = Path(os.environ["MAQUETTE_DATA"]) / "adapters"
    tiny_additions.lora(model, adapters).joinpath("pytorch_lora_weights.safetensors").rename(
        adapters / "chalk.safetensors")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    tiny_additions.control(model, tmp_path / "hub/models--lllyasviel--control_v11p_sd15_canny/snapshots/1")
    photo(64, 48).save(tmp_path / "photo.png")
    ask = ("draw", "a castle on a hill", "--generator", model, "--seed", "3", "--json")
    worn = ("--adapter", "chalk:0.5", "--reference", f"edges={tmp_path / 'photo.png'}", "--out", tmp_path / "out")
    code, done, _ = run(*ask, *worn)
    assert code == 0 and "left out" not in done["reply"], done["reply"]
    drawn = Path(done["images"][0]["path"])
    said = json.loads(Image.open(drawn).text["maquette"])  # type: ignore[attr-defined]
    assert said["request"]["adapters"] == [["chalk", 0.5]] and said["request"]["controls"][0][0] == "canny"
    assert "ControlNet" in said["arithmetic"]["pipeline"] and str(adapters) not in json.dumps(said)
    code, again, _ = run("replay", drawn, "--json")
    assert code == 0 and again["same"]
    for wrong, sentence in ((("--adapter", "cheese"), "There is no adapter 'cheese'"),
                            (("--reference", "mood=a.png"), "--reference takes ROLE=FILE with one of style,"),
                            (("--adapter", "chalk:9"), "less than or equal to 4")):
        code, sorry, _ = run(*ask, *wrong)
        assert code == 2 and sentence in sorry["reply"]
    code, sorry, _ = run("draw", "two dogs", *SKETCH, "--adapter", "chalk", "--json")
    assert code == 1 and "sketch takes no adapters" in sorry["reply"]
