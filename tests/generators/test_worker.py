"""A worker process under every misfortune: it dies, hangs, babbles, runs out of memory, loses its studio."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import groupby
from pathlib import Path

import psutil
import pytest
from PIL import Image

from generators import sketch, wire
from generators.api import (
    BrokenOutput,
    Cancelled,
    Extent,
    GeneratorError,
    Loading,
    ModelUnavailable,
    OutOfMemory,
    Preview,
    Progress,
    Request,
    WorkerDied,
)
from generators.engines import MODEL
from generators.worker import Job, Turns, Worker


@pytest.fixture
def worker():
    made = Worker("test")
    yield made
    made.close()


def job(name="sketch", call="draw", **options):
    request = Request(model=name, prompt="a red dog", size=Extent(64, 64), seed=1)
    return Job(f"model:{name}{sorted(options.items())}", call, {"request": request.model_dump(mode="json"), "ids": []},
               MODEL.dump_python(sketch.model(name, **options), mode="json"))


def run(worker, the_job, stop=lambda: False, report=lambda event: None):
    return worker.run(the_job, [], report, stop)


class After:
    """A stop that comes some seconds after the first progress."""

    def __init__(self, seconds):
        self.seconds, self.began = seconds, None

    def report(self, event):
        if self.began is None and isinstance(event, Progress):
            self.began = time.monotonic()

    def __call__(self):
        return self.began is not None and time.monotonic() > self.began + self.seconds


def test_a_job_reports_and_returns_a_picture(worker):
    events = []
    value, (image,) = run(worker, job(), report=events.append)
    assert image.size == (64, 64) and image.mode == "RGB"
    assert value["arithmetic"]["device"] == "none"
    kinds = [type(e) for e in events]
    assert kinds[0] is Loading
    assert [e.step for e in events if isinstance(e, Progress)] == [1, 2, 3, 4]
    assert all(e.image.size == (32, 32) for e in events if isinstance(e, Preview)) and Preview in kinds


def test_a_process_is_started_once_and_without_torch(worker):
    run(worker, job())
    pid = worker.pid
    run(worker, job())
    assert worker.pid == pid
    maps = Path(f"/proc/{pid}/maps")
    assert not maps.exists() or "libtorch" not in maps.read_text()


def test_the_first_picture_comes_quickly(worker):
    began = time.monotonic()
    run(worker, job())
    assert time.monotonic() - began < 30  # a fifth of a second on a quiet machine


@pytest.mark.parametrize(
    ("name", "kind"), [("sketch-oom", OutOfMemory), ("sketch-nan", BrokenOutput)]
)
def test_errors_come_across_typed_and_the_process_lives_on(worker, name, kind):
    with pytest.raises(kind) as caught:
        run(worker, job(name))
    assert str(caught.value).endswith(".")
    pid = worker.pid
    run(worker, job())
    assert worker.pid == pid


def test_what_a_model_should_not_raise_is_a_sentence_too(worker):
    broken = job()
    with pytest.raises(GeneratorError, match="The model failed: KeyError"):
        run(worker, Job(broken.engine, "draw", {}, broken.spec))


def test_a_model_that_cannot_load_is_typed(worker, tmp_path):
    spec = {**job().spec, "family": "diffusion", "source": str(tmp_path), "name": "none"}
    with pytest.raises(ModelUnavailable):
        run(worker, Job("model:none", "load", {}, spec))


def test_death_is_noticed_within_a_second_and_cured_with_the_next_job(worker):
    with pytest.raises(WorkerDied):
        run(worker, job("sketch-die"))
    run(worker, job())


def test_a_kill_from_outside_is_noticed_within_a_second(worker):
    died = []

    def draw():
        try:
            run(worker, job("sketch-slow", pause=1.0))
        except WorkerDied:
            died.append(time.monotonic())

    thread = threading.Thread(target=draw)
    thread.start()
    while not worker.holds(job("sketch-slow", pause=1.0).engine):
        time.sleep(0.01)
    killed = time.monotonic()
    os.kill(worker.pid, signal.SIGKILL)
    thread.join(10)
    assert died and died[0] - killed < 5


def test_a_process_killed_while_idle_costs_nothing(worker):
    run(worker, job())
    psutil.Process(worker.pid).kill()
    time.sleep(0.1)
    run(worker, job())


def test_nonsense_on_the_pipe_ends_the_process(worker):
    with pytest.raises(WorkerDied, match="no message"):
        run(worker, job("sketch-garbage"))
    assert not worker.alive
    run(worker, job())


def test_soft_cancel_within_a_second(worker):
    stop = After(0.2)
    with pytest.raises(Cancelled):
        run(worker, job("sketch-slow"), stop, stop.report)
    assert time.monotonic() - stop.began < worker.grace
    assert worker.alive, "it heeded, so it lives on"


def test_what_does_not_heed_is_killed_after_the_grace(worker):
    stop, worker.grace = After(0.1), 0.3
    with pytest.raises(Cancelled, match="ended"):
        run(worker, job("sketch-hang"), stop, stop.report)
    assert time.monotonic() - stop.began < 5
    assert not worker.alive
    run(worker, job())


def test_stopping_while_a_model_loads_returns_at_once_and_lets_it_load(worker):
    slow = job(call="load", load_seconds=3.0)
    began = time.monotonic()
    with pytest.raises(Cancelled, match="loading"):
        run(worker, slow, stop=lambda: time.monotonic() > began + 0.3)
    assert time.monotonic() - began < 2.8
    pid = worker.pid
    run(worker, slow)
    assert worker.pid == pid, "the load was not thrown away"
    assert time.monotonic() - began < 60


def test_silence_is_death(worker):
    engine = job()
    run(worker, engine)
    worker.silence = 0.4
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerDied, match="no sign of life"):
        run(worker, engine)


def test_no_progress_at_all_is_death():
    worker = Worker("test", patience=2.5)
    with pytest.raises(WorkerDied, match="no progress"):
        run(worker, job("sketch-hang"))
    worker.close()


def test_a_callers_own_error_does_not_poison_the_next_job(worker):
    def broken(event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(worker, job("sketch-slow"), report=broken)
    _, (image,) = run(worker, job())
    assert image.size == (64, 64)


def test_jobs_of_many_threads_run_one_at_a_time_in_order(worker):
    run(worker, job())
    heard = []

    def draw(number):
        run(worker, job("sketch-slow", steps=4, pause=0.01), report=lambda event: heard.append(number))

    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=draw, args=(number,)))
        threads[-1].start()
        time.sleep(0.03)
    for thread in threads:
        thread.join(30)
    assert [number for number, _ in groupby(heard)] == list(range(6))


def test_waiting_for_a_turn_can_be_cancelled():
    turns, entered = Turns(), threading.Event()

    def hold():
        with turns.take(lambda: False):
            entered.set()
            time.sleep(1.0)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    began = time.monotonic()
    with pytest.raises(Cancelled), turns.take(lambda: True):
        pass
    assert time.monotonic() - began < 0.9
    thread.join()
    assert not turns.busy


def test_the_worker_ends_with_its_studio():
    code = ("import sys, time, os; sys.path.insert(0, os.getcwd())\n"
            "from tests.generators.test_worker import job, run\nfrom generators.worker import Worker\n"
            "w = Worker('x'); run(w, job()); print(w.pid, flush=True)\n"
            "run(w, job('sketch-slow', pause=5.0))")
    studio = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(studio.stdout.readline())
    assert psutil.pid_exists(pid)
    studio.kill()
    studio.wait()
    studio.stdout.close()
    gone_by = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < gone_by
        time.sleep(0.05)


def test_closing_in_the_middle_of_a_job_tells_whoever_waits(worker):
    run(worker, job())
    told, started = [], threading.Event()

    def draw():
        try:
            run(worker, job("sketch-slow", pause=1.0), report=lambda event: started.set())
        except WorkerDied as error:
            told.append(str(error))

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait(10)
    worker.close()
    for thread in threads:
        thread.join(5)
    assert len(told) == 3 and not worker.alive
    run(worker, job())


def test_neither_zombies_nor_files_are_left(worker):
    run(worker, job())
    worker.close()
    gc.collect()
    before = psutil.Process().num_fds()
    for name in ("sketch", "sketch-die", "sketch-garbage", "sketch"):
        with contextlib.suppress(WorkerDied):
            run(worker, job(name))
    worker.close()
    gc.collect()
    assert psutil.Process().num_fds() == before
    assert not [p for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE]


def test_keys_do_not_reach_the_worker(worker, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-1")
    run(worker, job())
    assert "OPENAI_API_KEY" not in psutil.Process(worker.pid).environ()
    assert psutil.Process(worker.pid).environ()["OMP_WAIT_POLICY"] == "PASSIVE"


class Ends:
    """Both ends of a pipe."""

    def __enter__(self):
        from multiprocessing import Pipe

        self.ours, self.theirs = Pipe()
        return self.ours, self.theirs

    def __exit__(self, *_):
        self.ours.close()
        self.theirs.close()


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"[]", b"{}", b'{"type": "finished"}', b'{"type": 3, "pictures": []}', b"\xff\xfe", b"[" * 10000,
     b'{"type": "x", "pictures": [{"coding": "raw", "mode": "../P", "size": [1, 1]}]}'],
)
def test_any_nonsense_is_garbled(data):
    with Ends() as (ours, theirs):
        theirs.send_bytes(data)
        theirs.send_bytes(b"abc")
        with pytest.raises(wire.Garbled):
            wire.receive(ours)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pictures_cross_exactly(mode):
    image = Image.effect_noise((31, 17), 80).convert(mode)
    with Ends() as (ours, theirs):
        wire.send(theirs, {"type": "x", "n": 1}, [image])
        message, (same,) = wire.receive(ours)
    assert message == {"type": "x", "n": 1}
    assert (same.mode, same.size, same.tobytes()) == (image.mode, image.size, image.tobytes())
