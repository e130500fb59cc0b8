"""A run of the real studio with the sketch generator, killed three times: nothing is made twice, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.api import Sample
from evals.folder import RunFolder

ROOT = Path(__file__).resolve().parents[2]
WANTED = ["world-generate", "--generators", "sketch", "--arms", "single,best-of-2,agent", "--limit", "12"]
EVERYTHING = 36


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-W", "ignore", "-m", "evals", "run", *arguments], cwd=ROOT,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(*arguments: str) -> None:
    process = start(*arguments)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()


def kill_after(samples: int, run: Path, *arguments: str) -> None:
    process = start(*arguments)
    end = time.monotonic() + 120
    while len(list(run.glob("samples/*.json"))) < samples and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"


def stamps(run: Path) -> dict[str, tuple[int, int]]:
    """Of the finished samples: the file's identity and time, which change when it is written again."""
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in run.glob("samples/*.json")}


def essence(sample: Sample) -> dict[str, Any]:
    """All of a sample but what takes time or has one."""
    kept = sample.model_dump(mode="json", exclude={"made", "cost", "reply"})
    return {**kept, "images": sample.cost.images, "planner_calls": sample.cost.planner_calls}


@pytest.mark.slow
def test_three_kills_change_nothing(tmp_path: Path) -> None:
    calm, shaken = tmp_path / "calm", tmp_path / "shaken"
    finish(*WANTED, "--out", str(calm))
    finished: dict[str, tuple[int, int]] = {}
    for number, samples in enumerate((4, 13, 25)):
        kill_after(samples, shaken, *([*WANTED, "--out", str(shaken)] if number == 0 else [str(shaken)]))
        now = stamps(shaken)
        assert {name: now[name] for name in finished} == finished
        assert samples <= len(now) < EVERYTHING
        finished = now
    unscored = {s.key: essence(s) for s in RunFolder(shaken).all()}
    finish(str(shaken))
    after = {s.key: s for s in RunFolder(shaken).all()}
    assert all(essence(after[key].model_copy(update={"scores": {}, "candidates": []}))
               == {**old, "scores": {}, "candidates": []} for key, old in unscored.items())
    assert {s.key: essence(s) for s in RunFolder(calm).all()} == {key: essence(s) for key, s in after.items()}
    assert len(after) == EVERYTHING
    for picture in calm.glob("pictures/*.png"):
        with Image.open(picture) as a, Image.open(shaken / "pictures" / picture.name) as b:
            assert a.tobytes() == b.tobytes()
    assert {p.name for p in calm.glob("pictures/*")} == {p.name for p in shaken.glob("pictures/*")}
    assert not list(shaken.glob(".studio-*")) and not list(shaken.rglob("*.part"))


def test_the_real_studio_runs_a_suite(tmp_path: Path) -> None:
    finish("world-generate", "--generators", "sketch", "--arms", "single,agent", "--limit", "2", "--out",
           str(tmp_path / "run"))
    samples = list(RunFolder(tmp_path / "run").all())
    assert len(samples) == 4 and all(s.picture and s.status in ("done", "partial") for s in samples)
    assert all(s.scores["world"].marks for s in samples)
    planned = {s.arm: s.cost.planner_calls for s in samples}
    assert planned["single"] == 0 and planned["agent"] > 0
