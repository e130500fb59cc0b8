"""One worker process and the studio's side of it: start, one job at a time, progress, cancel, kill, restart.

The process is a fresh interpreter (never a fork of the studio, whose main module it does not import) that knows
nothing but its end of a socket pair. It starts with the first job and again with the first job after it died.

    w = Worker("pack")
    value, pictures = w.run(job, pictures, report, stop)
    w.close()

`run` raises the `GeneratorError` that the worker sent, `WorkerDied` within a second of its end, and `Cancelled`
at most `grace` seconds after `stop()` turned true: a worker that does not heed is killed, except while it loads
a model, which it may finish for the next job.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from PIL import Image

from generators import wire
from generators.api import Cancelled, GeneratorError, Loading, Preview, Progress, Report, Stop, WorkerDied

ROOT = Path(__file__).resolve().parent.parent
POLL = 0.02
_SECRET = re.compile(r"(API_?KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)", re.IGNORECASE)
_SETTINGS = {
    # Without these, half of a small model's time on a CPU goes to page faults and to threads that spin.
    "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0",
    "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "500000000",
    # A worker never goes to the network.
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DISABLE_TELEMETRY": "YES",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error",
    "PYTHONFAULTHANDLER": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TOKENIZERS_PARALLELISM": "false", "PYTORCH_ENABLE_MPS_FALLBACK": "1", "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Job:
    """A call of an engine: its key and what it is made from, the call's name and plain parameters."""

    engine: str
    call: str
    params: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)


class Turns:
    """A lock that is given out in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._waiting: deque[object] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    @contextmanager
    def take(self, stop: Stop) -> Iterator[None]:
        """Waits for its turn. Raises `Cancelled` when `stop()` turns true before."""
        ticket = object()
        with self._guard:
            self._waiting.append(ticket)
        try:
            self._wait(ticket, stop)
            yield
        finally:
            with self._guard:
                self._waiting.remove(ticket)
                self._guard.notify_all()

    def _wait(self, ticket: object, stop: Stop) -> None:
        with self._guard:
            while self._waiting[0] is not ticket:
                if stop():
                    raise Cancelled("Stopped while waiting for the picture before.")
                self._guard.wait(0.05)


class Worker:
    """One child process. Safe to call from several threads; jobs run one after another, first come first served.

    `silence` is how long a running job may go without a sign of life, in seconds; `patience` how long without
    any progress at all. `card` is the number of the graphics card that it starts on, where there are several; counted
    round and round, so that any number will do.
    """

    def __init__(self, name: str, *, threads: int | None = None, grace: float = 3.0, silence: float = 60.0,
                 patience: float = 1800.0) -> None:
        self.name, self.grace, self.silence, self.patience = name, grace, silence, patience
        self._threads = threads
        self.card = 0
        self._turns = Turns()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._log: IO[bytes] | None = None
        self._job = 0
        self._closing = False
        self._loaded: set[str] = set()
        self.used = time.monotonic()

    @property
    def alive(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process else None

    @property
    def busy(self) -> bool:
        return self._turns.busy

    def holds(self, engine: str) -> bool:
        """Whether an engine has answered a job since the process started."""
        return self.alive and engine in self._loaded

    def run(self, job: Job, pictures: list[Image.Image], report: Report, stop: Stop
            ) -> tuple[dict[str, Any], list[Image.Image]]:
        """Does one job and returns its value and pictures. See the module for what it raises."""
        with self._turns.take(stop):
            self.used = time.monotonic()
            if self._closing:
                raise WorkerDied(f"The process of {self.name} is being ended.")
            number = self._submit(job, pictures)
            try:
                return self._attend(number, job, report, stop)
            except GeneratorError:
                raise
            except BaseException:
                self._forget(number)
                raise
            finally:
                self.used = time.monotonic()

    def _forget(self, number: int) -> None:
        """Nobody waits for this job any more (the caller's own code failed)."""
        with suppress(WorkerDied):
            self._send({"type": "cancel", "job": number})

    def close(self) -> None:
        """Ends the process, whatever it is doing, and gives everything back. A later `run` starts a new one.

        Not to be called by the reports of a running job.
        """
        self._closing = True
        process = self._process
        if process:
            process.kill()  # whoever waits for its answer hears of it and leaves
        with self._turns.take(lambda: False):
            self._release()
            self._closing = False

    def _release(self) -> None:
        process, pipe, log = self._process, self._pipe, self._log
        self._process, self._pipe, self._log, self._loaded = None, None, None, set()
        if pipe:
            pipe.close()
        if process:
            process.kill()
            process.wait()
        if log:
            log.close()

    def _submit(self, job: Job, pictures: list[Image.Image]) -> int:
        if not self.alive:
            self._start()
        self._job += 1
        message = {"type": "job", "job": self._job, "engine": job.engine, "call": job.call,
                   "params": dict(job.params), "spec": dict(job.spec)}
        self._send(message, pictures)
        return self._job

    def _send(self, message: Mapping[str, Any], pictures: list[Image.Image] | None = None) -> None:
        try:
            assert self._pipe is not None
            wire.send(self._pipe, message, pictures)
        except OSError as error:
            raise self._died("ended before it took the job") from error

    def _start(self) -> None:
        self._release()
        ours, theirs = socket.socketpair()
        with theirs:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed in _release)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "generators.host", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),), env=self._environment(theirs.fileno()), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._pipe = Connection(ours.detach())

    def _environment(self, pipe: int) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        path = os.pathsep.join([str(ROOT), *filter(None, [ours.get("PYTHONPATH")])])
        threads = {"MAQUETTE_THREADS": str(self._threads)} if self._threads else {}
        return {**ours, **_SETTINGS, **threads, "PYTHONPATH": path, "MAQUETTE_WORKER_FD": str(pipe),
                "MAQUETTE_CARD": str(self.card)}

    def _attend(self, number: int, job: Job, report: Report, stop: Stop) -> tuple[dict[str, Any], list[Image.Image]]:
        wait = _Wait(self.silence, self.patience, loading=not self.holds(job.engine))
        while True:
            if stop() and not wait.cancelled:
                self._cancel(number, wait)
            if wait.cancelled and time.monotonic() > wait.cancelled + self.grace:
                self._release()
                raise Cancelled("Stopped; the model did not heed, so its process was ended.")
            message, pictures = self._next(wait)
            if message is None or message.get("job") != number:
                continue
            if message["type"] == "finished":
                self._loaded.add(job.engine)
                return message["value"], pictures
            self._pass_on(message, pictures, wait, job, report)

    def _cancel(self, number: int, wait: _Wait) -> None:
        self._send({"type": "cancel", "job": number})
        if wait.loading:
            raise Cancelled("Stopped while the model was loading.")
        wait.cancelled = time.monotonic()

    def _next(self, wait: _Wait) -> tuple[dict[str, Any] | None, list[Image.Image]]:
        assert self._pipe is not None
        try:
            if not self._pipe.poll(POLL):
                self._check(wait)
                return None, []
            message, pictures = wire.receive(self._pipe)
        except (EOFError, OSError, wire.Garbled) as error:
            how = "sent something that is no message" if self._exit_code() is None else "ended unexpectedly"
            raise self._died(how) from error
        wait.heard = time.monotonic()
        return message, pictures

    def _check(self, wait: _Wait) -> None:
        if wait.silent:
            raise self._died(f"gave no sign of life for {self.silence:.0f} seconds")
        if wait.stuck:
            raise self._died(f"made no progress for {self.patience:.0f} seconds")

    def _pass_on(self, message: Mapping[str, Any], pictures: list[Image.Image], wait: _Wait, job: Job,
                 report: Report) -> None:
        kind = message["type"]
        if kind == "failed":
            raise wire.ERRORS.get(message.get("kind", ""), GeneratorError)(message.get("sentence", "The model failed."))
        if kind == "alive":
            return
        wait.moved, wait.loading = time.monotonic(), kind == "loading"
        if kind != "loading":
            self._loaded.add(job.engine)
        event = _event(message, pictures)
        if event is None:
            raise self._died("sent a message that nobody knows")
        if not wait.cancelled:
            report(event)

    def _died(self, how: str) -> WorkerDied:
        """Ends what is left of the process; the error says how it went, and its last words go to our log."""
        code = self._exit_code()
        words = self._last_words()
        if not self._closing:  # else we ended it ourselves
            log = logging.getLogger("maquette.worker")
            log.warning("worker %s %s (exit code %s): %s", self.name, how, code, words)
        self._release()
        if code == -signal.SIGKILL and not self._closing:
            how += " (the system killed it, perhaps for want of memory)"
        return WorkerDied(f"The process of {self.name} {how}; it will be started afresh with the next picture.")

    def _exit_code(self) -> int | None:
        """How the process ended (None: it runs); one that has just closed its pipe gets a moment to."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(0.2) if self._process else None
        return None

    def _last_words(self) -> str:
        if not self._log:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        return self._log.read().decode(errors="replace").strip()


def _event(message: Mapping[str, Any], pictures: list[Image.Image]) -> Loading | Progress | Preview | None:
    match message:
        case {"type": "loading", "model": str(model)}:
            return Loading(model)
        case {"type": "progress", "step": int(step), "steps": int(steps)}:
            return Progress(step, steps)
        case {"type": "preview", "step": int(step)} if pictures:
            return Preview(step, pictures[0])
    return None


class _Wait:
    """What is known of a running job: whether it still loads, when it was last heard of."""

    def __init__(self, silence: float, patience: float, loading: bool,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.silence, self.patience, self.loading, self.clock = silence, patience, loading, clock
        self.heard = self.moved = clock()
        self.cancelled = 0.0

    @property
    def silent(self) -> bool:
        return self.clock() > self.heard + self.silence

    @property
    def stuck(self) -> bool:
        return self.clock() > self.moved + self.patience
