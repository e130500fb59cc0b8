"""`kill -9` at any point: after a restart the session is what it would have been, nothing twice, nothing broken."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.scripted import ScriptedPlanner
from agent.settings import load
from agent.studio import Studio
from generators.workshop import Workshop
from tests.faults import conversation
from tools.images import ImageStore

pytestmark = pytest.mark.shared_worker
SEED = 20261120


class Nursery:
    """Processes that hold the conversation, ready to be killed."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.faults.conversation"], cwd=root, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, session: str, folder: Path, kill_after: float | None = None) -> tuple[int, float]:
        """The exit status (-9: killed) and the seconds that it took."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{session} {folder}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline().split()[1])
        since = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            self._kill(pid)
        status = int(self.process.stdout.readline().split()[1])
        return os.waitstatus_to_exitcode(status), time.monotonic() - since

    def _kill(self, pid: int) -> None:
        """Its own workers must notice, and end by themselves."""
        try:
            workers = psutil.Process(pid).children(recursive=True)
            os.kill(pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive, f"workers outlived the studio: {alive}"

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(Path(__file__).resolve().parents[2])
    yield nursery
    nursery.close()


def new_session(folder: Path) -> str:
    studio = Studio(load(data=folder, generator="sketch"), Nobody(), ScriptedPlanner([]))  # type: ignore[arg-type]
    session = studio.new_session()
    studio.close()
    return session


class Nobody:
    """A workshop that is not used."""

    def close(self) -> None:
        """Nothing to close."""


def story(folder: Path, session: str) -> list[Any]:
    """The session's entries without what a clock decides."""
    studio = Studio(load(data=folder, generator="sketch"), Nobody(), ScriptedPlanner([]))  # type: ignore[arg-type]
    view = studio.view(session)
    assert not view.interrupted
    _sound(studio.store)
    studio.close()
    return [_timeless(entry.model_dump(mode="json")) for entry in view.entries]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(inner) for key, inner in value.items() if key not in ("seconds", "session", "path")}
    if isinstance(value, list):
        return [_timeless(inner) for inner in value]
    return re.sub(r"in \d+\.\d s", "in … s", value) if isinstance(value, str) else value


def _sound(store: ImageStore) -> None:
    """Every picture can be read and is what its name says; nothing half-written is left after the sweep."""
    for picture in store.ids():
        store.image(picture)
        store.record(picture)
    left = [path for path in store.folder.rglob("*") if path.name.endswith((".part", ".tmp"))]
    assert left == []


def pictures(folder: Path) -> list[str]:
    return ImageStore(folder).ids()


@pytest.mark.parametrize("most", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_points(nursery: Nursery, tmp_path: Path, most: int) -> None:
    undisturbed = tmp_path / "undisturbed"
    session = new_session(undisturbed)
    status, seconds = nursery.run(session, undisturbed)
    assert status == 0
    expected, drawn = story(undisturbed, session), pictures(undisturbed)
    assert [e["outcome"]["status"] for e in expected if e["kind"] == "outcome"] == ["done", "question", "done"]

    rng = random.Random(SEED + most)
    kills = 0
    while kills < most:
        folder = tmp_path / f"after-{kills}"
        session = new_session(folder)
        while (status := nursery.run(session, folder, rng.uniform(0, seconds))[0]) == -signal.SIGKILL:
            kills += 1
        assert status == 0
        assert story(folder, session) == expected
        assert pictures(folder) == drawn


class PowerCut(BaseException):
    """Nothing after this happens any more."""


class Fuse:
    """Lets so many writes through, and then none."""

    def __init__(self, writes: int | None) -> None:
        self.left = writes

    def wrap(self, function: Any) -> Any:
        def write(*args: Any, **named: Any) -> Any:
            if self.left is not None:
                if self.left <= 0:
                    raise PowerCut
                self.left -= 1
            return function(*args, **named)

        return write


def _hold(folder: Path, session: str, workshop: Any, turns: range, writes: int | None = None) -> bool:
    """Some turns of the conversation, with a power cut after so many writes; whether they came to their end."""
    studio = Studio(load(data=folder, generator="sketch"), workshop, ScriptedPlanner(conversation.script))
    fuse = Fuse(writes)
    for owner, names in ((studio.sessions_on_disk, ("append", "begin", "finish")), (studio.store, ("_write",)),
                         (studio.checkpoints.saver, ("put", "put_writes", "delete_thread"))):
        for name in names:
            setattr(owner, name, fuse.wrap(getattr(owner, name)))
    try:
        for number in turns:
            turn = conversation.Turn(id=f"turn-{number}", text=conversation.TURNS[number])
            studio.turn(session, turn, conversation.Options(seed=7))
        return True
    except PowerCut:
        return False
    finally:
        studio.workshop = Nobody()  # type: ignore[assignment]
        studio.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(conversation.TURNS)))
def test_a_power_cut_before_every_single_write(tmp_path: Path, number: int) -> None:
    before, turn = tmp_path / "before", range(number, number + 1)
    session = new_session(before)
    with Workshop(eyes="sketch") as workshop:
        assert _hold(before, session, workshop, range(number))
        shutil.copytree(before, tmp_path / "whole")
        assert _hold(tmp_path / "whole", session, workshop, turn)
        expected = story(tmp_path / "whole", session), pictures(tmp_path / "whole")
        for writes in range(1000):
            folder = tmp_path / str(writes)
            shutil.copytree(before, folder)
            if whole := _hold(folder, session, workshop, turn, writes):
                break
            assert _hold(folder, session, workshop, turn)
            assert (story(folder, session), pictures(folder)) == expected, f"cut before write {writes}"
            shutil.rmtree(folder)
        assert whole and writes >= 10
