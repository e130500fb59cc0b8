"""The inside of a worker process: holds loaded engines, works on one job at a time, listens for cancellation.

Started by `generators.worker` as `python -m generators.host FD`; never imported by the studio. A thread listens
to the pipe all the while, so that a cancelled job learns of it at its next step, and so that the process ends
the moment the studio does. While a job runs another thread says every second that the process is alive.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image

from generators import wire
from generators.api import Cancelled, GeneratorError, Loading, OutOfMemory, Preview, Progress
from generators.engines import Engine, make

BEAT = 1.0


class Host:
    """One pipe, the jobs that came through it, the engines that were needed so far."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.engines: dict[str, Engine] = {}
        self.jobs: queue.SimpleQueue[tuple[dict[str, Any], list[Image.Image]]] = queue.SimpleQueue()
        self.cancelled: set[int] = set()
        self._sending = threading.Lock()

    def serve(self) -> None:
        """Works until the studio is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            self._work(*self.jobs.get())

    def _listen(self) -> None:
        while True:
            try:
                message, pictures = wire.receive(self.pipe)
            except (EOFError, OSError, wire.Garbled):
                os._exit(0)
            if message["type"] == "cancel":
                self.cancelled.add(message["job"])
            else:
                self.jobs.put((message, pictures))

    def _work(self, job: Mapping[str, Any], pictures: list[Image.Image]) -> None:
        number, done = job["job"], threading.Event()
        threading.Thread(target=self._beat, args=(number, done), daemon=True).start()
        try:
            value, drawn = self._call(job, pictures)
            answer: dict[str, Any] = {"type": "finished", "value": value}
        except Exception as error:
            answer, drawn = {"type": "failed", **_failure(error)}, []
        done.set()
        self._send(number, answer, drawn)
        self.cancelled.discard(number)

    def _call(self, job: Mapping[str, Any], pictures: list[Image.Image]) -> tuple[dict[str, Any], list[Image.Image]]:
        number = job["job"]

        def report(event: Loading | Progress | Preview) -> None:
            self._report(number, event)

        def stop() -> bool:
            return number in self.cancelled

        engine = self.engines.get(job["engine"])
        if engine is None:
            report(Loading(job["engine"].partition(":")[2]))
            engine = make(job["engine"], job["spec"])
            self.engines[job["engine"]] = engine
        if stop():
            raise Cancelled("Stopped before the first step.")
        return engine.call(job["call"], job["params"], pictures, report, stop)

    def _report(self, number: int, event: Loading | Progress | Preview) -> None:
        if isinstance(event, Preview):
            self._send(number, {"type": "preview", "step": event.step}, [event.image], small=True)
        elif isinstance(event, Progress):
            self._send(number, {"type": "progress", "step": event.step, "steps": event.steps})
        else:
            self._send(number, {"type": "loading", "model": event.model})

    def _send(self, number: int, message: dict[str, Any], pictures: list[Image.Image] | None = None,
              small: bool = False) -> None:
        with self._sending:
            try:
                wire.send(self.pipe, {**message, "job": number}, pictures, small)
            except OSError:
                os._exit(0)

    def _beat(self, number: int, done: threading.Event) -> None:
        while not done.wait(BEAT):
            self._send(number, {"type": "alive"})


def _failure(error: Exception) -> dict[str, str]:
    """What the studio is told: the kind of error and one sentence. The rest goes to this process's log."""
    if isinstance(error, GeneratorError):
        return {"kind": type(error).__name__, "sentence": str(error)}
    traceback.print_exc()
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return {"kind": OutOfMemory.__name__, "sentence": "This machine has too little memory for that; "
                "choose a smaller size or a smaller model."}
    first = str(error).strip().splitlines()[0][:200] if str(error).strip() else "no further words"
    return {"kind": "GeneratorError", "sentence": f"The model failed: {type(error).__name__}: {first}"}


def main() -> None:
    """Entry point of the worker process."""
    Host(Connection(int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
