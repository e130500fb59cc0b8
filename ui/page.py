"""What the page does when something happens on it: from a browser's event to the values of its parts.

No Gradio here: a handler yields `Frame`s, and `ui/chat.py` lays them out. So the whole behaviour can be tested
without a browser.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from PIL import Image

from agent.api import (
    AgentError,
    Called,
    Entry,
    Options,
    Search,
    SessionBusy,
    SessionView,
    StudioProtocol,
    Turn,
    UserSaid,
)
from generators.api import GeneratorError
from tools.api import Limits, Reference, Role, ToolError
from ui import (
    boxes,
    brief,
    chosen,
    drafting,
    drawer,
    evaluation,
    gallery,
    keys,
    larger,
    menus,
    notes,
    render,
    stage,
    strips,
    versions,
    wildcards,
)
from ui.api import Sent
from ui.compare import Comparison, compare
from ui.live import BUSY, Hub, LiveTurn, Snapshot, sentence
from ui.paint import mask_png
from ui.runs import Runs
from ui.words import say

log = logging.getLogger(__name__)
OURS = (AgentError, GeneratorError, ToolError)
PAUSE = 1 / 12
"""Seconds between two frames: a browser that redraws more often does nothing else."""
UPLOAD = 25 << 20
VARY = "Vary it a little"
"""A message: planners read English."""
MOST_FOUND = 120
MODELS_SECONDS = 5.0
ROLES = get_args(Role)


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
    panel: str | None = None
    gallery: str | None = None
    evaluation: str | None = None
    box: dict[str, Any] | None = None

    def since(self, last: Frame | None) -> Frame:
        """Only what differs from `last`: an unchanged part costs nothing to send."""
        if last is None:
            return self
        same = {name: None for name, value in self.__dict__.items() if value == getattr(last, name)}
        return replace(self, **same)


class Page:
    """One page for all browsers; it keeps nothing of a tab, which says with every event where it stands."""

    def __init__(self, studio: StudioProtocol, generator: str = "diffusion", limits: Limits | None = None,
                 runs: Runs | None = None) -> None:
        self.studio, self.generator, self.limits = studio, generator, limits or Limits()
        self.hub = Hub()
        self.runs = runs or Runs(None)
        self.newest = drafting.Newest()
        self._seen: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])

    # Events

    def load(self, sent: Sent) -> Iterator[Frame]:
        """Show a session again, and follow its turn if one is running."""
        frames = self._loaded(sent)
        yield replace(next(frames), panel=self._panel())
        yield from frames

    def _loaded(self, sent: Sent) -> Iterator[Frame]:
        if not sent.session:
            yield self._still(None)
            return
        try:
            yield from self._follow(sent.session, None, sent)
        except OURS as error:
            yield self._still(None, notice=sentence(error))

    def browse(self, words: str = "", starred: bool = False, count: int = gallery.PAGE,
               collection: str = "", like: str = "") -> Iterator[Frame]:
        """Every session's pictures, or those of a collection: the newest first, or those that fit the words and the
        example best."""
        collections = self.studio.collections()
        within = set(collections.get(collection, ())) if collection else None
        held = [picture for picture in self.studio.pictures()
                if (picture.starred or not starred) and (within is None or picture.id in within)]
        note = ""
        if words.strip() or like:
            try:
                found = self.studio.search(words, like=like or None, limit=MOST_FOUND)
            except OURS as error:
                found, like = Search(by="words", note=sentence(error)), ""
            by_id, note = {picture.id: picture for picture in held}, found.note
            held = [by_id[one.id] for one in found.pictures if one.id in by_id]
        yield Frame(gallery=gallery.gallery(held, words, starred, count, note, list(collections), collection, like))

    def collect(self, name: str, pictures: Sequence[str], on: bool, **shown: Any) -> Iterator[Frame]:
        """Put pictures into a collection or take them out, and show the gallery again."""
        try:
            self.studio.collect(name, pictures, on)
        except OURS as error:
            yield Frame(strip=strips.note(sentence(error)))
            return
        yield from self.browse(**shown)

    def evaluate(self, said: str = "") -> Iterator[Frame]:
        """The evaluations: what there is, what runs, and a form to begin one."""
        models = [str(row["name"]) for row in self.studio.models() if row.get("installed")]
        yield Frame(evaluation=evaluation.page(self.runs.all(), self.runs.offers(), models, said))

    def begin_run(self, asked: Mapping[str, str]) -> Iterator[Frame]:
        yield from self.evaluate(self.runs.begin(asked))

    def end_run(self, name: str) -> Iterator[Frame]:
        yield from self.evaluate(self.runs.end(name))

    def go_on_with_run(self, name: str) -> Iterator[Frame]:
        yield from self.evaluate(self.runs.go_on(name))

    def say(self, text: str, files: Sequence[str], sent: Sent, from_box: bool = True, **how: Any) -> Iterator[Frame]:
        """Send a message and follow the turn it starts. The message box is emptied only once it is taken."""
        text = self.worded(text, sent)
        if not text and not files and not sent.mask and not sent.notes:
            yield Frame()  # Gradio's page takes an event without an answer for an error
            return
        if not text:
            yield Frame(strip=strips.note(say("Say in a few words what to do with it, then send.")))
            return
        try:
            live = self._begin(text, files, sent, how)
        except (*OURS, OSError) as error:
            yield self._refused(sent, error)
            return
        yield from self._follow(live.session, live, sent, box=_EMPTY if from_box else None)

    def resume(self, sent: Sent) -> Iterator[Frame]:
        """Go on with a turn that was interrupted."""
        session = sent.session or ""
        try:
            before = tuple(self.studio.view(session).entries)
            live = self.hub.start(session, before, lambda listen, stop: self.studio.resume(session, listen, stop))
        except OURS as error:
            yield self._refused(sent, error)
            return
        yield from self._follow(session, live, sent)

    def undo(self, sent: Sent) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.undo(session))

    def select(self, sent: Sent, picture: str) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.select(session, picture))

    def star(self, sent: Sent, picture: str, on: bool) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.mark(session, picture, starred=on))

    def delete(self, sent: Sent, picture: str) -> Iterator[Frame]:
        """Take a picture out of the versions; the note that says so takes it back."""
        yield self._moved(sent, lambda session: self.studio.mark(session, picture, deleted=True),
                          strips.deleted(picture))

    def restore(self, sent: Sent, picture: str) -> Iterator[Frame]:
        yield self._moved(sent, lambda session: self.studio.mark(session, picture, deleted=False))

    def describe(self, sent: Sent, picture: str) -> Iterator[Frame]:
        """What the picture shows, in the line above the message box, from where it can be made the message."""
        try:
            yield Frame(strip=strips.described(self.studio.describe(picture)))
        except OURS as error:
            yield self._refused(sent, error)

    def add_presets(self, data: str) -> Iterator[Frame]:
        """Style presets of a file that another program wrote."""
        try:
            added = self.studio.add_presets(data)
        except OURS as error:
            yield Frame(strip=strips.note(sentence(error)))
            return
        yield Frame(panel=self._panel(), strip=strips.added(len(added)))

    def compare(self, sent: Sent) -> Iterator[Frame]:
        """The stage with the two versions that are picked, and what changed between them."""
        view = self.studio.view(sent.session or "")
        yield Frame(picture=stage.frame(view, self._comparison(view, sent)))

    def change_line(self, sent: Sent, number: int, was: str, wanted: str) -> Iterator[Frame]:
        """Say a changed line of the Brief to the planner; a number of -1 adds one."""
        if number < 0:
            yield from self.say(f"add {wanted}" if wanted.strip() else "", [], sent, from_box=False)
            return
        view = self.studio.view(sent.session or "")
        line = stage.brief_line(view, number)
        if line is None or line.text != was:
            yield Frame(strip=strips.note(say("The Brief has changed meanwhile; look again, and change the line as it "
                                              "is now.")), facts=self._facts(view, sent))
            return
        yield from self.say(brief.message(line, wanted), [], sent, from_box=False)

    def vary(self, sent: Sent) -> Iterator[Frame]:
        """The current picture once more with another seed, its layout kept."""
        yield from self.say(VARY, [], sent.model_copy(update=_BARE), from_box=False, vary=True)

    def enlarge(self, sent: Sent, side: str) -> Iterator[Frame]:
        """The current picture going on at a side, or at twice its size; a refusal is a sentence and no turn."""
        view = self.studio.view(sent.session or "")
        model = self._model(sent.model) or menus.usual_model(self.studio.models(), self.generator)
        if no := larger.refusal(stage.current(view), side, model, self.studio.models()):
            yield Frame(strip=strips.note(no))
            return
        call, words = larger.call(side)
        yield from self.say(words, [], sent.model_copy(update=_BARE), from_box=False, call=call)

    def draft(self, text: str, sent: Sent, quick: bool, tab: str) -> bytes | None:
        """What the message would draw, for a look; None where that is nothing, or a newer wish came. Raises `OURS`."""
        text = self.worded(text, sent)
        if not text or self.hub.find(sent.session):
            return None
        options = self._options(sent, {})
        own = self.studio.choices()["models"].get(options.generator or "", {}).get("steps")
        wishes = options.wishes.model_copy(update={"steps": drafting.steps(own, options.wishes.steps, quick)})
        with self.newest.only(tab) as stop:
            drafted = self.studio.draft(sent.session, self.turn(text, [], sent),
                                        options.model_copy(update={"wishes": wishes}), stop)
            return drafting.encoded(drafted.image) if drafted and not stop() else None

    def stop(self, sent: Sent) -> None:
        live = self.hub.find(sent.session)
        if live:
            live.stop()

    # Turns

    def worded(self, text: str, sent: Sent) -> str:
        """What is said, boxes included, one word of each wildcard."""
        view = self.studio.view(sent.session) if sent.session and sent.boxes else None
        text = wildcards.chosen(text.strip(), sent.picture or "")
        return boxes.words(text, boxes.read(sent.boxes), view.brief if view else None,
                           empty=not (view and view.picture))

    def _begin(self, text: str, files: Sequence[str], sent: Sent, how: dict[str, Any]) -> LiveTurn:
        if self.hub.find(sent.session):
            raise SessionBusy(say(BUSY))
        options = self._options(sent, how)
        before = tuple(self.studio.view(sent.session).entries) if sent.session else ()
        turn = self.turn(text, [self.studio.ingest(_read(path)).id for path in files], sent)
        session = sent.session or self.studio.new_session()
        said = UserSaid(**turn.model_dump(exclude={"id"}), turn=turn.id)
        return self.hub.start(session, before, lambda *heard: self.studio.turn(session, turn, options, *heard), said,
                              options.generator or "")

    def turn(self, text: str, pictures: Sequence[str], sent: Sent) -> Turn:
        """The message; of its pictures those that have a role are looked at, the others worked on."""
        roles = [*sent.roles, *[""] * len(pictures)]
        uploads = [id for id, role in zip(pictures, roles, strict=False) if role not in ROLES]
        references = [Reference.model_validate({"picture": id, "role": role})
                      for id, role in zip(pictures, roles, strict=False) if role in ROLES]
        mask, note = (None, None) if uploads else self._by_hand(sent)
        return Turn(id=uuid.uuid4().hex, text=text, uploads=uploads, mask=mask, note=note,
                    boxes=boxes.meant(text, boxes.read(sent.boxes), empty=not sent.picture),
                    references=references[:8])

    def _options(self, sent: Sent, how: Mapping[str, Any]) -> Options:
        """The drawer's settings for a turn. Raises `BadInput`."""
        choices, model = self.studio.choices(), self._model(sent.model)
        own = choices["models"].get(model or menus.usual_model(self.studio.models(), self.generator), {})
        return chosen.options(sent, model, own, choices["planners"], self.studio.presets(), self.limits, how)

    def _by_hand(self, sent: Sent) -> tuple[str | None, str | None]:
        """The painted area as a stored mask, and the picture with the note on it; paint says more exactly than a note
        what the message is about. None where there is none, or it was drawn on another picture than this."""
        strokes = notes.read(sent.notes)
        if not (sent.mask or strokes) or not sent.session or sent.picture != self.studio.current(sent.session):
            return None, None
        record = stage.current(self.studio.view(sent.session))
        if record is None:
            return None, None
        data = mask_png(sent.mask, record.width, record.height) if sent.mask else None
        data = data or notes.mask_png(strokes, record.scene, record.width, record.height)
        note = self.studio.ingest(notes.drawn_over(self._open(record.id), strokes)).id if strokes else None
        return self.studio.ingest_mask(data, record.id).id if data else None, note

    def _model(self, name: str | None) -> str | None:
        known = {row["name"] for row in self.studio.models() if row.get("installed")}
        return name if name in known else None

    def _facts(self, view: SessionView | None, sent: Sent) -> str:
        """What is known of the picture. The models are looked through every few seconds, not at every frame."""
        if time.monotonic() - self._seen[0] > MODELS_SECONDS:
            self._seen = (time.monotonic(), self.studio.models())
        record = stage.current(view)
        return stage.facts(view, sent.everything, larger.menu(record, self._seen[1]) if record else "")

    def _comparison(self, view: SessionView, sent: Sent) -> Comparison | None:
        """The two versions that are picked, measured; else what stands beside the current one."""
        pair = stage.beside(view)
        if pair is None:
            return None
        kept = {record.id: record for record in versions.shown(view)}
        left, right = (kept.get(id or "", usual) for id, usual in ((sent.left, pair.left), (sent.right, pair.right)))
        said = [entry for entry in view.entries if isinstance(entry, UserSaid)]
        painted = {entry.mask for entry in said if entry.mask and not entry.note}
        return compare(left, right, {record.id: record for record in view.versions}, painted, self._open)

    def _open(self, picture: str) -> Image.Image:
        with Image.open(self.studio.path(picture), formats=("PNG",)) as opened:
            opened.load()
            return opened.copy()

    def _moved(self, sent: Sent, move: Callable[[str], SessionView], notice: str = "") -> Frame:
        if self.hub.find(sent.session):
            return Frame(strip=strips.note(say(BUSY)))
        try:
            move(sent.session or "")
        except OURS as error:
            return self._refused(sent, error)
        frame = self._still(sent.session, sent)
        return replace(frame, strip=notice) if notice else frame

    def _refused(self, sent: Sent, error: Exception) -> Frame:
        """Nothing was taken: the page stays, the message stays in its box, one sentence says why."""
        said = say("That file could not be read; send it again.") if isinstance(error, OSError) else sentence(error)
        return Frame(strip=strips.note(said))

    # Frames

    def _follow(self, session: str, live: LiveTurn | None, sent: Sent, box: dict[str, Any] | None = None,
                ) -> Iterator[Frame]:
        """Frames of a running turn until it is over, then the session as it is kept."""
        live = live or self.hub.find(session)
        last: Frame | None = None
        now = live.snapshot() if live else None
        view: SessionView | None = None
        kept = -1
        while live and now and not now.over:
            if view is None or kept != len(now.entries):
                view, kept = self.studio.view(session), len(now.entries)
            frame = self._moving(session, view, live, now, sent)
            yield replace(frame.since(last), box=box if last is None else None)
            last = frame
            time.sleep(PAUSE)
            now = live.wait(now.version, timeout=1.0 if now.waits else 60.0)
        yield self._ended(session, live, now, sent, box, last)

    def _ended(self, session: str, live: LiveTurn | None, now: Snapshot | None, sent: Sent,
               box: dict[str, Any] | None, last: Frame | None) -> Frame:
        error = now.error if now else None
        frame = self._still(session, sent, live=live, error=error)
        if error and live and live.said and not _stored(self.studio.view(session).entries, live.said):
            return replace(frame, box={"text": live.said.text, "files": []})
        return replace(frame, box=box if last is None else None)

    def _still(self, session: str | None, sent: Sent | None = None, live: LiveTurn | None = None,
               error: str | None = None, notice: str | None = None) -> Frame:
        """The page while nothing runs."""
        sent = sent or Sent()
        view = self.studio.view(session) if session else None
        entries = list(view.entries) if view else []
        if live and live.said and error and not _stored(entries, live.said):
            entries.append(live.said)
        talk = render.chat(entries, question=view.question if view else None, gone=view.deleted if view else (),
                           earlier=sent.earlier)
        if error:
            talk.append(render.notice(error))
        comparison = self._comparison(view, sent) if view and sent.comparing else None
        return Frame(
            talk=talk, welcome=_above(entries, sent) if talk else stage.welcome(),
            picture=stage.frame(view, comparison), facts=self._facts(view, sent), top=self._top(session),
            strip=strips.note(notice, bool(view and view.interrupted)),
            signal=strips.signal(session=session, busy=False, taken=live.said.turn if live and live.said else None,
                           pending=bool(view and view.question)),
        )

    def _moving(self, session: str, view: SessionView, live: LiveTurn, now: Snapshot, sent: Sent) -> Frame:
        """The page while a turn runs."""
        entries = _together(live, now)
        made = [e.picture for e in now.entries if isinstance(e, Called) and e.picture]
        known = {record.id for record in view.versions}
        if made and made[-1] in known:
            view = view.model_copy(update={"picture": made[-1]})
        return Frame(
            talk=render.chat(entries, now, gone=view.deleted, earlier=sent.earlier),
            welcome=_above(entries, sent), picture=stage.frame(view), facts=self._facts(view, sent),
            strip=strips.note(), signal=strips.signal(
                session=session, busy=True, taken=live.said.turn if live.said else None, stopping=now.stopping,
                doing=render.doing(now), progress=render.progress(now, self.hub.ahead(live)),
                step=now.working.step if now.working else 0,
                steps=now.working.steps if now.working else 0, glimpse=strips.glimpse(now.glimpse)),
        )

    def _top(self, session: str | None) -> str:
        models = self.studio.models()
        usual = menus.usual_model(models, self.generator)
        return menus.topbar(self.studio.sessions(), models, session, usual, self.studio.choices()["models"])

    def _panel(self) -> str:
        """What opens over the page: the settings and the help."""
        models = self.studio.models()
        usual = menus.usual_model(models, self.generator)
        return drawer.drawer(models, self.studio.choices(), usual, self.limits, self.studio.presets()) + keys.overlay()


def safely(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same frames; where making one fails, a last one that says so in a sentence instead of Gradio's bare error."""
    try:
        yield from frames
    except Exception as error:
        if not isinstance(error, OURS):
            log.exception("an event of the page failed")
        yield Frame(strip=strips.note(sentence(error)))


_BARE: dict[str, Any] = {"mask": None, "boxes": [], "notes": []}
_EMPTY: dict[str, Any] = {"text": "", "files": []}


def _above(entries: Sequence[Entry], sent: Sent) -> str:
    """What stands above the conversation: the way to what was said before."""
    more = render.hidden(entries, sent.earlier)
    return strips.earlier(min(more, render.LATEST)) if more else ""


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
