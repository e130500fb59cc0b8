"""Turns that are being worked on, and everybody who watches them.

A turn runs in a thread of its own, so that closing or reloading a tab does not end it. Watchers do not get
events one by one but look at a `Snapshot`: a page that comes back, or is slow, sees all that was kept and the
latest of what passes, and no queue can grow.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.api import (
    AgentError,
    Called,
    Entry,
    Event,
    Glimpse,
    Listen,
    Outcome,
    SessionBusy,
    Started,
    Thinking,
    UserSaid,
    Working,
)
from generators.api import GeneratorError
from tools.api import ToolError
from ui.words import phrase, say

log = logging.getLogger(__name__)
Run = Callable[[Listen, Callable[[], bool]], Outcome]
DRAWING = frozenset({"generate", "edit", "inpaint", "extend", "upscale"})
UNEXPECTED = phrase("Something unexpected went wrong and was written to the log; the conversation is kept. "
                    "Try once more, or say it in other words.")
BUSY = phrase("The studio is still working on the message before this one; wait for it, or press stop.")


@dataclass(frozen=True)
class Snapshot:
    """A turn as it stands. `entries` are this turn's, in order; `error` is one sentence; `since` when its latest call
    began, by the monotonic clock."""

    entries: tuple[Entry, ...] = ()
    started: tuple[Started, ...] = ()
    thinking: Thinking | None = None
    working: Working | None = None
    glimpse: Glimpse | None = None
    stopping: bool = False
    outcome: Outcome | None = None
    error: str | None = None
    version: int = 0
    since: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether it asked for a picture and the model has not begun it."""
        return self.draws and self.working is None and self.glimpse is None

    @property
    def draws(self) -> bool:
        return not self.over and bool(self.started) and self.started[-1].tool in DRAWING

    @property
    def over(self) -> bool:
        return self.outcome is not None or self.error is not None

    def after(self, event: Event) -> Snapshot:
        """This turn one event later."""
        if isinstance(event, Thinking):
            return replace(self, thinking=event)
        if isinstance(event, Started):
            return replace(self, started=(*self.started, event), thinking=None, working=None, glimpse=None,
                           since=time.monotonic())
        if isinstance(event, Working):
            return replace(self, working=event)
        if isinstance(event, Glimpse):
            return replace(self, glimpse=event)
        if event in self.entries:
            return self
        longer = replace(self, entries=(*self.entries, event), thinking=None)
        if not isinstance(event, Called):
            return longer
        left = tuple(started for started in self.started if started.call != event.call)
        return replace(longer, started=left, working=None, glimpse=None)


def sentence(error: Exception) -> str:
    """What a person is told of an error. Ours are written for that; anything else stays in the log."""
    if isinstance(error, AgentError | GeneratorError | ToolError):
        return str(error) or type(error).__name__
    return say(UNEXPECTED)


@dataclass
class LiveTurn:
    """One running turn. `before` are the session's entries when it began, `model` is what was picked to draw it."""

    session: str
    before: tuple[Entry, ...]
    said: UserSaid | None = None
    model: str = ""
    _now: Snapshot = field(default_factory=Snapshot)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, run: Run) -> None:
        self._thread = threading.Thread(target=self._work, args=(run,), name=f"turn {self.session[:8]}", daemon=True)
        self._thread.start()

    def _work(self, run: Run) -> None:
        try:
            outcome = run(self._hear, self._stop.is_set)
        except Exception as error:
            said = sentence(error)
            if said == say(UNEXPECTED):
                log.exception("a turn of session %s failed", self.session)
            self._set(lambda now: replace(now, error=said))
        else:
            self._set(lambda now: replace(now, outcome=outcome))

    def _hear(self, event: Event) -> None:
        self._set(lambda now: now.after(event))

    def _set(self, change: Callable[[Snapshot], Snapshot]) -> None:
        with self._changed:
            self._now = replace(change(self._now), version=self._now.version + 1)
            self._changed.notify_all()

    def stop(self) -> None:
        self._stop.set()
        self._set(lambda now: replace(now, stopping=True))

    def snapshot(self) -> Snapshot:
        with self._changed:
            return self._now

    def wait(self, seen: int, timeout: float) -> Snapshot:
        """The turn as it stands as soon as it differs from version `seen`, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._now.version != seen, timeout)
            return self._now

    def join(self, timeout: float) -> None:
        if self._thread:
            self._thread.join(timeout)


class Hub:
    """The running turns, one a session at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, LiveTurn] = {}

    def start(self, session: str, before: tuple[Entry, ...], run: Run, said: UserSaid | None = None,
              model: str = "") -> LiveTurn:
        """Begin a turn in a thread of its own. Raises `SessionBusy` while another runs."""
        live = LiveTurn(session, before, said, model)
        with self._lock:
            self._turns = {name: turn for name, turn in self._turns.items() if not turn.snapshot().over}
            if session in self._turns:
                raise SessionBusy(say(BUSY))
            self._turns[session] = live
        live.begin(run)
        return live

    def find(self, session: str | None) -> LiveTurn | None:
        with self._lock:
            live = self._turns.get(session or "")
        return live if live and not live.snapshot().over else None

    def ahead(self, live: LiveTurn) -> int:
        """How many pictures of the same model, which draws one at a time, come before the one that a turn waits for."""
        mine = live.snapshot()
        if not mine.waits:
            return 0
        with self._lock:
            others = [turn.snapshot() for turn in self._turns.values() if turn is not live and turn.model == live.model]
        return sum(other.draws and other.since < mine.since for other in others)

    def close(self, timeout: float = 3.0) -> None:
        """Ask every turn to stop and give it a moment to put its best picture away."""
        with self._lock:
            turns = list(self._turns.values())
        for live in turns:
            live.stop()
        for live in turns:
            live.join(timeout)
