"""Evaluations as the page sees them: run folders on disk, and `python -m evals` as a process of its own.

Nothing of `evals/` is imported: a run is begun by its command, is watched by what it writes, and is told to
end, after which the same command goes on where it was.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ui.words import say

ROOT = Path(__file__).resolve().parent.parent
LOG = "page.log"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,120}")
COUNTED = re.compile(r"(\d+)/(\d+)  (.*)")
MOST = 2000
ENDING_SECONDS = 10.0


@dataclass(frozen=True)
class Run:
    """A run folder. `done` of `everything` samples are made (None: not known), `last` is what the command said last."""

    name: str
    suite: str
    arms: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()
    limit: int | None = None
    started: str = ""
    done: int = 0
    everything: int | None = None
    running: bool = False
    last: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()
    has_report: bool = False


@dataclass(frozen=True)
class Offers:
    """What can be evaluated, as `python -m evals list` tells it: names with their purposes, and the arms."""

    suites: Mapping[str, str] = field(default_factory=dict)
    arms: Sequence[str] = ()


class Runs:
    """The run folders in one folder, and the one process that works on them. None: nothing can be evaluated."""

    def __init__(self, folder: Path | None, command: Sequence[str] = (sys.executable, "-m", "evals")) -> None:
        self.folder, self.command = folder, list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._name = ""

    @cached_property
    def _offers(self) -> Offers:
        said = subprocess.run([*self.command, "list"], cwd=ROOT, capture_output=True, text=True, timeout=120)
        return _read_list(said.stdout)

    def offers(self) -> Offers:
        """Asked for once; nothing where the command does not answer."""
        try:
            return self._offers if self.folder else Offers()
        except (OSError, subprocess.SubprocessError):
            return Offers()

    def all(self) -> list[Run]:
        """The newest first; what is no run folder is passed over."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = [run for path in self.folder.iterdir() if (run := self._read(path))]
        return sorted(found, key=lambda run: run.started, reverse=True)

    def begin(self, asked: Mapping[str, str]) -> str:
        """Start a run of a suite; a sentence where that cannot be."""
        suite, limit = asked.get("suite", ""), asked.get("limit", "").strip()
        names = {what: re.findall(r"[^\s,]+", asked.get(what, "")) for what in ("generators", "arms")}
        if suite not in self.offers().suites:
            return say("Choose a suite.")
        wrong = next((word for words in names.values() for word in words if not WORD.fullmatch(word)), None)
        if wrong is not None:
            return say("{word} is no name.", word=repr(wrong[:40]))
        if limit and not (limit.isdigit() and 0 < int(limit) <= MOST):
            return say("A limit is a number from 1 to {most}.", most=MOST)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{suite}"
        flags = [f"--{what}={','.join(words)}" for what, words in names.items() if words]
        return self._start(name, [suite, *flags, *([f"--limit={limit}"] if limit else [])])

    def go_on(self, name: str) -> str:
        """Continue a run that was ended; a sentence where that cannot be."""
        path = self._path(name)
        return self._start(name, [str(path)]) if path else say("There is no such run here.")

    def _start(self, name: str, words: Sequence[str]) -> str:
        with self._lock:
            if self.running:
                return say("An evaluation is running already; wait for it, or stop it.")
            if self.folder is None:
                return say("There is no data folder for evaluations here.")
            out = self.folder / name
            out.mkdir(parents=True, exist_ok=True)
            with (out / LOG).open("wb") as log:
                self._process = subprocess.Popen(
                    [*self.command, "run", *words, *(["--out", str(out)] if words[0] != str(out) else [])],
                    cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            self._name = name
        return ""

    @property
    def running(self) -> str:
        """The name of the run that is being worked on, or nothing."""
        return self._name if self._process and self._process.poll() is None else ""

    def end(self, name: str) -> str:
        """Ask the running evaluation to stop; what is finished is kept."""
        with self._lock:
            if not name or self.running != name or self._process is None:
                return say("That evaluation is not running.")
            self._process.terminate()
        return ""

    def close(self) -> None:
        """Stop what runs, and see that it is gone."""
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None:
                return
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_SECONDS)
            if process.poll() is None:
                process.kill()
                process.wait()

    def report(self, name: str) -> Path | None:
        """The report of a run, where it has one."""
        path = self._path(name)
        file = path / "report.html" if path else None
        return file if file and file.is_file() and not file.is_symlink() else None

    def _path(self, name: str) -> Path | None:
        path = self.folder / name if self.folder and NAME.fullmatch(name) else None
        return path if path and path.is_dir() and not path.is_symlink() else None

    def _read(self, path: Path) -> Run | None:
        if not (NAME.fullmatch(path.name) and path.is_dir()):
            return None
        plan, running = _json(path / "run.json"), self.running == path.name
        last = _last_line(path / LOG)
        if not plan and not last and not running:
            return None
        counted = COUNTED.match(last)
        report = _json(path / "report.json")
        done = sum(1 for _ in (path / "samples").glob("*.json")) if (path / "samples").is_dir() else 0
        return Run(
            name=path.name, suite=str(plan.get("suite") or path.name.partition("-")[2].partition("-")[2]),
            arms=tuple(plan.get("arms", ())), generators=tuple(plan.get("generators", ())), limit=plan.get("limit"),
            started=str(plan.get("started") or path.name), done=done, running=running,
            everything=int(counted[2]) if counted else report.get("samples"), rows=tuple(report.get("rows", ())),
            last=counted[3] if counted and running else "" if report and not running else last,
            has_report=self.report(path.name) is not None)


def _read_list(text: str) -> Offers:
    """`suites:` with names and purposes, then further parts; `arms:` with one line of names."""
    parts: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith(" "):
            parts[line.rstrip(":")] = []
        elif parts:
            parts[next(reversed(parts))].append(line.strip())
    suites = {line.split()[0]: " ".join(line.split()[1:]) for line in parts.get("suites", []) if line}
    arms = [arm.strip() for line in parts.get("arms", []) for arm in line.split(",") if arm.strip()]
    return Offers(suites, arms)


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(file: Path) -> str:
    """What the command said last; a changing line on a terminal ends in a carriage return."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 4096))
            lines = re.split(r"[\r\n]+", stream.read().decode(errors="replace").strip())
    except OSError:
        return ""
    return "" if lines[-1].startswith("/") else lines[-1].strip()[:300]  # the report's place is told last
