"""What the page does when something happens on it: from a browser's event to the values of its parts.

No Gradio here: a handler yields `Frame`s, and `ui/chat.py` lays them out. So the whole behaviour can be tested
without a browser.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.api import (
    AgentError,
    Called,
    Entry,
    Glimpse,
    Options,
    SessionBusy,
    SessionView,
    StudioProtocol,
    Turn,
    UserSaid,
)
from generators.api import GeneratorError
from tools.api import Limits, ToolError
from ui import menus, render, stage
from ui.api import Sent
from ui.live import Hub, LiveTurn, Snapshot, sentence
from ui.paint import mask_png

log = logging.getLogger(__name__)
OURS = (AgentError, GeneratorError, ToolError)
PAUSE = 1 / 12
"""Seconds between two frames: a browser that redraws more often does nothing else."""
GLIMPSE = 512
UPLOAD = 25 << 20
BUSY = "The studio is still working on the message before this one; wait for it, or press stop."


@dataclass(frozen=True)
class Frame:
    """The page at one moment. None means: leave that part as it is."""

    talk: list[render.Item] | None = None
    welcome: str | None = None
    picture: str | None = None
    facts: str | None = None
    top: str | None = None
    strip: str | None = None
    signal: str | None = None
    box: dict[str, Any] | None = None

    def since(self, last: Frame | None) -> Frame:
        """Only what differs from `last`: an unchanged part costs nothing to send."""
        if last is None:
            return self
        same = {name: None for name, value in self.__dict__.items() if value == getattr(last, name)}
        return replace(self, **same)


class Page:
    """One page for all browsers; it keeps nothing of a tab, which says with every event where it stands."""

    def __init__(self, studio: StudioProtocol, generator: str = "diffusion", limits: Limits | None = None) -> None:
        self.studio, self.generator, self.limits = studio, generator, limits or Limits()
        self.hub = Hub()

    # Events

    def load(self, sent: Sent) -> Iterator[Frame]:
        """Show a session again, and follow its turn if one is running."""
        if not sent.session:
            yield self._still(None)
            return
        try:
            yield from self._follow(sent.session, None)
        except OURS as error:
            yield self._still(None, notice=sentence(error))

    def say(self, text: str, files: Sequence[str], sent: Sent, from_box: bool = True) -> Iterator[Frame]:
        """Send a message and follow the turn it starts. The message box is emptied only once it is taken."""
        text = text.strip()
        if not text and not files and not sent.mask:
            yield Frame()  # Gradio's page takes an event without an answer for an error
            return
        if not text:
            yield Frame(strip=_strip("Say in a few words what to do with it, then send."))
            return
        try:
            live = self._begin(text, files, sent)
        except (*OURS, OSError) as error:
            yield self._refused(sent, error)
            return
        yield from self._follow(live.session, live, box=_EMPTY if from_box else None)

    def resume(self, sent: Sent) -> Iterator[Frame]:
        """Go on with a turn that was interrupted."""
        session = sent.session or ""
        try:
            before = tuple(self.studio.view(session).entries)
            live = self.hub.start(session, before, lambda listen, stop: self.studio.resume(session, listen, stop))
        except OURS as error:
            yield self._refused(sent, error)
            return
        yield from self._follow(session, live)

    def undo(self, sent: Sent) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.undo(session))

    def select(self, sent: Sent, picture: str) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.select(session, picture))

    def stop(self, sent: Sent) -> None:
        live = self.hub.find(sent.session)
        if live:
            live.stop()

    # Turns

    def _begin(self, text: str, files: Sequence[str], sent: Sent) -> LiveTurn:
        if self.hub.find(sent.session):
            raise SessionBusy(BUSY)
        before = tuple(self.studio.view(sent.session).entries) if sent.session else ()
        uploads = [self.studio.ingest(_read(path)).id for path in files]
        turn = Turn(id=uuid.uuid4().hex, text=text, uploads=uploads, mask=None if uploads else self._mask(sent))
        session = sent.session or self.studio.new_session()
        options = Options(generator=self._model(sent.model), limits=self.limits)
        said = UserSaid(turn=turn.id, text=text, uploads=turn.uploads, mask=turn.mask)
        return self.hub.start(session, before, lambda listen, stop: self.studio.turn(session, turn, options, listen,
                                                                                     stop), said)

    def _mask(self, sent: Sent) -> str | None:
        """The painted area as a stored mask; None where nothing was painted, or on another picture than this."""
        if not sent.mask or not sent.session or sent.picture != self.studio.current(sent.session):
            return None
        record = stage.current(self.studio.view(sent.session))
        data = mask_png(sent.mask, record.width, record.height) if record else None
        return self.studio.ingest_mask(data, record.id).id if record and data else None

    def _model(self, name: str | None) -> str | None:
        known = {row["name"] for row in self.studio.models() if row.get("installed")}
        return name if name in known else None

    def _moved(self, sent: Sent, move: Callable[[str], SessionView]) -> Frame:
        if self.hub.find(sent.session):
            return Frame(strip=_strip(BUSY))
        try:
            move(sent.session or "")
        except OURS as error:
            return self._refused(sent, error)
        return self._still(sent.session)

    def _refused(self, sent: Sent, error: Exception) -> Frame:
        """Nothing was taken: the page stays, the message stays in its box, one sentence says why."""
        said = "That file could not be read; send it again." if isinstance(error, OSError) else sentence(error)
        return Frame(strip=_strip(said))

    # Frames

    def _follow(self, session: str, live: LiveTurn | None, box: dict[str, Any] | None = None) -> Iterator[Frame]:
        """Frames of a running turn until it is over, then the session as it is kept."""
        live = live or self.hub.find(session)
        last: Frame | None = None
        now = live.snapshot() if live else None
        view: SessionView | None = None
        kept = -1
        while live and now and not now.over:
            if view is None or kept != len(now.entries):
                view, kept = self.studio.view(session), len(now.entries)
            frame = self._moving(session, view, live, now)
            yield replace(frame.since(last), box=box if last is None else None)
            last = frame
            time.sleep(PAUSE)
            now = live.wait(now.version, timeout=60.0)
        yield self._ended(session, live, now, box, last)

    def _ended(self, session: str, live: LiveTurn | None, now: Snapshot | None, box: dict[str, Any] | None,
               last: Frame | None) -> Frame:
        error = now.error if now else None
        frame = self._still(session, live=live, error=error)
        if error and live and live.said and not _stored(self.studio.view(session).entries, live.said):
            return replace(frame, box={"text": live.said.text, "files": []})
        return replace(frame, box=box if last is None else None)

    def _still(self, session: str | None, live: LiveTurn | None = None, error: str | None = None,
               notice: str | None = None) -> Frame:
        """The page while nothing runs."""
        view = self.studio.view(session) if session else None
        entries = list(view.entries) if view else []
        if live and live.said and error and not _stored(entries, live.said):
            entries.append(live.said)
        talk = render.chat(entries, question=view.question if view else None)
        if error:
            talk.append(render.notice(error))
        return Frame(
            talk=talk, welcome="" if talk else stage.welcome(), picture=stage.frame(view), facts=stage.facts(view),
            top=self._top(session), strip=_strip(notice, bool(view and view.interrupted)),
            signal=_signal(session=session, busy=False, taken=live.said.turn if live and live.said else None,
                           pending=bool(view and view.question)),
        )

    def _moving(self, session: str, view: SessionView, live: LiveTurn, now: Snapshot) -> Frame:
        """The page while a turn runs."""
        entries = _together(live, now)
        made = [e.picture for e in now.entries if isinstance(e, Called) and e.picture]
        known = {record.id for record in view.versions}
        if made and made[-1] in known:
            view = view.model_copy(update={"picture": made[-1]})
        return Frame(
            talk=render.chat(entries, now), welcome="", picture=stage.frame(view), facts=stage.facts(view),
            strip=_strip(), signal=_signal(
                session=session, busy=True, taken=live.said.turn if live.said else None, stopping=now.stopping,
                doing=render.doing(now), progress=render.progress(now), step=now.working.step if now.working else 0,
                steps=now.working.steps if now.working else 0, glimpse=_glimpse(now.glimpse)),
        )

    def _top(self, session: str | None) -> str:
        models = self.studio.models()
        return menus.topbar(self.studio.sessions(), models, session, menus.usual_model(models, self.generator))


def safely(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same frames; where making one fails, a last one that says so in a sentence instead of Gradio's bare error."""
    try:
        yield from frames
    except Exception as error:
        if not isinstance(error, OURS):
            log.exception("an event of the page failed")
        yield Frame(strip=_strip(sentence(error)))


_EMPTY: dict[str, Any] = {"text": "", "files": []}


def _together(live: LiveTurn, now: Snapshot) -> list[Entry]:
    """What was said before the turn, what was said to begin it, and what came of it so far."""
    entries = [*live.before, *now.entries]
    if live.said and not _stored(entries, live.said):
        entries.insert(len(live.before), live.said)
    return entries


def _stored(entries: Sequence[Entry], said: UserSaid) -> bool:
    return any(isinstance(entry, UserSaid) and entry.turn == said.turn for entry in entries)


def _read(path: str) -> bytes:
    """An uploaded file's bytes, one more than allowed at most: `ingest` has the last word on what they are."""
    with Path(path).open("rb") as stream:
        return stream.read(UPLOAD + 1)


def _glimpse(glimpse: Glimpse | None) -> str | None:
    """The rough look as a data URL: it is gone in a moment, so it never becomes a file."""
    if glimpse is None:
        return None
    image = glimpse.image.convert("RGB")
    image.thumbnail((GLIMPSE, GLIMPSE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _signal(**values: Any) -> str:
    """What `static/maquette.js` must know, as JSON in HTML that nobody sees."""
    return f"<i>{render.escape(json.dumps(values), limit=1 << 20)}</i>"


def _strip(notice: str | None = None, interrupted: bool = False) -> str:
    """The line above the message box: refusals, and the offer to go on."""
    parts = [f'<div class="mq-note" role="alert"><span>{render.escape(notice)}</span>'
             '<button type="button" data-dismiss aria-label="Dismiss">×</button></div>'] if notice else []
    parts += ['<div class="mq-note"><span>The last message was interrupted before it was finished.</span><button '
              'type="button" data-act="resume" class="mq-primary">Continue</button></div>'] if interrupted else []
    return "".join(parts)
