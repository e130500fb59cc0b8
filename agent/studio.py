"""The studio: the one door for the page, the commands and the evals (`agent.api.StudioProtocol`).

    with open_studio(settings) as studio:
        outcome = studio.turn(studio.new_session(), Turn(id=uuid4().hex, text="two dogs"))

A turn runs in its caller's thread, alone in its session. What must survive is on disk before anybody hears of it;
a turn that was cut off anywhere goes on with `resume` from its last checkpoint.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from agent import asking, planners, prompt, routes, routing, skills, workshops
from agent.api import (
    Answered,
    Asked,
    BadInput,
    Briefed,
    Described,
    Drafted,
    Entry,
    Event,
    Held,
    Listen,
    NothingToResume,
    Options,
    Outcome,
    Planner,
    Preset,
    Search,
    SessionView,
    Turn,
    UserSaid,
)
from agent.checkpoints import Checkpoints
from agent.collections import Collections
from agent.database import explained
from agent.describing import describe
from agent.folder import DataFolder
from agent.memory import Memory, size_for
from agent.outcomes import conclude
from agent.presets import Presets, imported, with_negative
from agent.projections import last_brief, made, open_question, shown
from agent.replaying import replay
from agent.sessions import Sessions
from agent.settable import choices
from agent.settings import Settings
from agent.state import SCHEMA_VERSION, Desk, State, brief_of
from generators.api import BadPicture, Extent
from generators.pixels import ingest, ingest_mask
from generators.workshop import Workshop
from tools.api import PictureRecord, Question, ToolError, Wishes
from tools.coverage import cannot
from tools.history import made_from, undo_target
from tools.images import ImageStore

MAX_CHARACTERS = 4000


def _never() -> bool:
    return False


def _nobody(event: Event) -> None:
    """Nobody listens."""


def _keep_nothing(key: str, entry: Entry) -> None:
    """Nothing is kept."""


@contextlib.contextmanager
def open_studio(settings: Settings) -> Iterator[Studio]:
    """A studio on the settings' data folder; closed at the end, workers included."""
    studio = Studio(settings)
    try:
        yield studio
    finally:
        studio.close()


class Studio:
    """Sessions, pictures, models and the planner of one data folder. Thread-safe: one turn at a time per session."""

    def __init__(self, settings: Settings, workshop: Workshop | None = None, planner: Planner | None = None) -> None:
        self.settings = settings
        self.folder = DataFolder(settings.data)
        self.sessions_on_disk = Sessions(settings.data)
        self.store = ImageStore(settings.data)
        if self.folder.alone:
            self.store.sweep()
        self.workshop = workshop or workshops.make(settings)
        self._planner = planner
        self.memory = Memory(settings.data)
        self._collections, self._presets = Collections(settings.data), Presets(settings.data)
        self._records_read: dict[str, tuple[tuple[int, int, int] | None, PictureRecord]] = {}

    @cached_property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.settings.data)

    def close(self) -> None:
        self.workshop.close()
        if "checkpoints" in self.__dict__:
            self.checkpoints.close()
        self.sessions_on_disk.close()
        self.folder.close()

    # Sessions

    def new_session(self) -> str:
        return self.sessions_on_disk.create()

    def sessions(self) -> list[dict[str, Any]]:
        return self.sessions_on_disk.listing()

    def current(self, session: str) -> str | None:
        self.sessions_on_disk.require(session)
        return self.sessions_on_disk.picture(session)

    def view(self, session: str) -> SessionView:
        self.sessions_on_disk.require(session)
        entries = [self._with_paths(entry) for entry in self.sessions_on_disk.entries(session)]
        unfinished = self.sessions_on_disk.open_turn(session) is not None
        starred, deleted = self.sessions_on_disk.marked(session)
        return SessionView(session=session, entries=entries, versions=self._records(made(entries)),
                           picture=self.sessions_on_disk.picture(session), brief=last_brief(entries),
                           starred=starred, deleted=deleted, question=open_question(entries),
                           interrupted=unfinished and not self.sessions_on_disk.busy(session))

    def _records(self, pictures: list[str]) -> list[PictureRecord]:
        return [record for picture in pictures if (record := self._record(picture))]

    def _record(self, picture: str) -> PictureRecord | None:
        """A record as its file has it; one that was read is read again only when its file is another."""
        try:
            file = os.stat(self.store.folder / "records" / f"{picture}.json")
            stamp = (file.st_ino, file.st_mtime_ns, file.st_size)
        except OSError:
            stamp = None
        known = self._records_read.get(picture)
        if known and stamp and known[0] == stamp:
            return known[1]
        if picture not in self.store:
            return None
        record = self.store.record(picture)
        self._records_read[picture] = (stamp, record)
        return record

    def _with_paths(self, entry: Entry) -> Entry:
        """Paths follow the data folder, wherever it is now."""
        if not isinstance(entry, Answered):
            return entry
        images = [image.model_copy(update={"path": str(self.store.folder / "pictures" / f"{image.id}.png")})
                  for image in entry.outcome.images]
        return entry.model_copy(update={"outcome": entry.outcome.model_copy(update={"images": images})})

    # Pictures

    def ingest(self, data: bytes) -> PictureRecord:
        taken = ingest(data)
        return self.store.put(taken.image, PictureRecord(id="", role="upload", width=0, height=0))

    def ingest_mask(self, data: bytes, picture: str) -> PictureRecord:
        record = self.store.record(picture)
        mask = ingest_mask(data, Extent(record.width, record.height))
        return self.store.put(mask, PictureRecord(id="", role="mask", width=0, height=0))

    def path(self, picture: str) -> str:
        return str(self.store.path(picture))

    def export(self, picture: str, folder: str | Path) -> str:
        """A copy of a stored picture in a folder, with what was found out about it inside; its path."""
        return str(self.store.export(picture, folder))

    def undo(self, session: str) -> SessionView:
        """Back to the picture before the current one. Raises `BadInput` where there is none."""
        with self._settled(session):
            entries = self.sessions_on_disk.entries(session)
            try:
                picture = undo_target(self.store, self.sessions_on_disk.picture(session),
                                      self._kept(session, shown(entries)))
            except ToolError as error:
                raise BadInput(str(error)) from None
            self._choose(session, picture, entries)
        return self.view(session)

    def select(self, session: str, picture: str) -> SessionView:
        """Make a picture of this session the current one. Raises `BadInput` where it is none of them."""
        with self._settled(session):
            entries = self.sessions_on_disk.entries(session)
            if picture not in made(entries):
                raise BadInput(f"Session {session} has no picture {picture[:40]!r}.")
            self._choose(session, picture, entries)
        return self.view(session)

    def mark(self, session: str, picture: str, starred: bool | None = None, deleted: bool | None = None) -> SessionView:
        """Star or delete a picture of this session, or take that back (the file stays: others may be made from it).

        Where the current picture is deleted, the one that it was made from becomes current; one that is taken back
        is current again. Raises `BadInput` where the session has no such picture.
        """
        with self._settled(session):
            entries = self.sessions_on_disk.entries(session)
            if picture not in made(entries):
                raise BadInput(f"Session {session} has no picture {picture[:40]!r}.")
            self.sessions_on_disk.mark(session, picture, starred, deleted)
            if deleted is False:
                self._choose(session, picture, entries)
            elif deleted and picture == self.sessions_on_disk.picture(session):
                self._leave(session, picture, entries)
        return self.view(session)

    def _leave(self, session: str, picture: str, entries: list[Entry]) -> None:
        """Make what a deleted picture was made from the current one; else the newest that is left."""
        left = self._kept(session, made(entries))
        earlier = made_from(self.store, picture, left) if left else None
        if earlier not in left:
            earlier = left[-1] if left else None
        if earlier:
            self._choose(session, earlier, entries)
        else:
            self.sessions_on_disk.choose(session, None)

    def _kept(self, session: str, pictures: list[str]) -> list[str]:
        """Those that the user has not deleted."""
        _, deleted = self.sessions_on_disk.marked(session)
        return [picture for picture in pictures if picture not in deleted]

    def _choose(self, session: str, picture: str, entries: list[Entry]) -> None:
        brief = self.store.record(picture).brief
        if brief and brief != last_brief(entries):
            number = len(entries)
            self.sessions_on_disk.append(session, f"choice-{number}", Briefed(turn=f"choice-{number}", brief=brief))
        self.sessions_on_disk.choose(session, picture)

    @contextlib.contextmanager
    def _settled(self, session: str) -> Iterator[None]:
        """The session for ourselves, with no turn left open."""
        self.sessions_on_disk.require(session)
        with self.sessions_on_disk.alone(session):
            self._abandon(session)
            yield

    def search(self, text: str = "", like: str | None = None, session: str | None = None, limit: int = 24) -> Search:
        """See `agent.gallery.Gallery.search`."""
        from agent.gallery import Gallery

        return Gallery(self.sessions_on_disk, self.store, self.workshop).search(text, like, session, limit)

    def describe(self, picture: str) -> Described:
        """See `agent.describing`."""
        return describe(self.store.image(picture), self.workshop)

    def outline(self, picture: str, at: tuple[float, float]) -> Image.Image | None:
        return self.workshop.outline(self.store.image(picture), at) if self.workshop.looks.outliner else None

    # Turns

    def turn(self, session: str, turn: Turn, options: Options | None = None, listen: Listen | None = None,
             stop: Callable[[], bool] | None = None) -> Outcome:
        """Work on a message. The same `turn.id` again gives the same outcome, or goes on where it was cut off.

        Raises an `AgentError` or `GeneratorError` where the message cannot be taken; nothing is kept of it then.
        """
        options = self._settle(options)
        self.sessions_on_disk.require(session)
        with self.sessions_on_disk.alone(session):
            if earlier := self.sessions_on_disk.answered(session, turn.id):
                return self._outcome(earlier)
            self.check(session, turn, options)
            self._abandon(session, unless=turn.id)
            return self._run(session, turn, options, listen or _nobody, stop or _never)

    def resume(self, session: str, listen: Listen | None = None, stop: Callable[[], bool] | None = None) -> Outcome:
        """Finish the turn that was cut off. Raises `NothingToResume` where there is none."""
        self.sessions_on_disk.require(session)
        with self.sessions_on_disk.alone(session):
            unfinished = self.sessions_on_disk.open_turn(session)
            if unfinished is None:
                raise NothingToResume(f"No turn of session {session} was interrupted.")
            return self._run(session, *unfinished, listen or _nobody, stop or _never)

    def draft(self, session: str | None, turn: Turn, options: Options | None = None,
              stop: Callable[[], bool] | None = None) -> Drafted | None:
        """See `agent.api.StudioProtocol`; always by the embedded planner, which answers while one types."""
        from agent import drafts

        options = self._settle(options).model_copy(update={"planner": "embedded", "single_shot": False})
        self.check(session, turn, options)
        entries = self.sessions_on_disk.entries(session) if session else []
        desk = self._desk(session or "draft", turn, options, entries, _nobody, stop or _never)
        desk.images, desk.keep = drafts.Scrap(self.store), _keep_nothing
        desk.planner = planners.make("embedded", self.settings, self.workshop, False)
        number = 1 + sum(isinstance(entry, UserSaid) for entry in entries)
        state = self._input(session or "draft", turn, options, number, entries)
        return drafts.draft(state, desk, desk.clock)

    def _settle(self, options: Options | None) -> Options:
        """The options with everything that they leave open as the settings say."""
        options = options or Options(limits=self.settings.limits)
        named = options.generator or "generator" in self.settings.model_fields_set
        return options.model_copy(update={"generator": options.generator or self.settings.generator,
                                          "planner": options.planner or self.settings.planner,
                                          "free": not named and self.settings.routing})

    def check(self, session: str | None, turn: Turn, options: Options | None = None) -> None:
        """Everything that can be wrong with a message, before anything is kept of it (None: for a new session).

        Raises `BadInput`, `UnknownSession`, or a `GeneratorError`.
        """
        if not turn.text.strip() and not turn.uploads:
            raise BadInput("There is nothing to do: the message is empty.")
        if len(turn.text) > MAX_CHARACTERS:
            raise BadInput(f"The message is {len(turn.text)} characters long; at most {MAX_CHARACTERS} are read.")
        self.check_options(options)
        records = [self.store.record(id) for id in turn.uploads]
        for picture in [*(one.picture for one in turn.references), *filter(None, [turn.note])]:
            self.store.record(picture)
        if options and options.vary and not (session and self._varied(session)):
            raise BadInput("There is no drawn picture yet that could be varied.")
        if turn.mask:
            current = self.current(session) if session else None
            self._check_mask(turn.mask, records[-1].id if records else current)

    def _varied(self, session: str) -> bool:
        """Whether the session's current picture was drawn here."""
        picture = self.current(session)
        return picture is not None and self.store.record(picture).request is not None

    def check_options(self, options: Options | None) -> None:
        """Raises a `GeneratorError` or `BadInput` where there is no such generator, planner or adapter."""
        settled = self._settle(options)
        self.workshop.check_adapters(self.workshop.model(settled.generator or ""), settled.wishes.adapters)
        if not settled.single_shot:
            self.planner(settled.planner or "auto")

    def _check_mask(self, mask: str, picture: str | None) -> None:
        if picture is None:
            raise BadInput("There is a mask but no picture yet that it could belong to.")
        painted, under = self.store.record(mask), self.store.record(picture)
        if (painted.width, painted.height) != (under.width, under.height):
            raise BadPicture(f"The mask has {painted.width}x{painted.height} pixels, the picture "
                             f"{under.width}x{under.height}: they must be the same size.")

    def planner(self, kind: str, rehearsing: bool = False) -> Planner:
        return self._planner or planners.make(kind, self.settings, self.workshop, rehearsing)

    def _run(self, session: str, turn: Turn, options: Options, listen: Listen, stop: Callable[[], bool]) -> Outcome:
        begun = self.sessions_on_disk.open_turn(session) is None
        number = self.sessions_on_disk.begin(session, turn, options)
        entries = self.sessions_on_disk.entries(session)
        if begun:
            listen(next(e for e in entries if isinstance(e, UserSaid) and e.turn == turn.id))
        desk = self._desk(session, turn, options, entries, listen, stop)
        with explained(self.settings.data):
            state = self.checkpoints.run(self._input(session, turn, options, number, entries), desk)
        return self._finish(session, state, desk)

    def _input(self, session: str, turn: Turn, options: Options, number: int, entries: list[Entry]) -> State:
        """What the graph starts a turn with."""
        brief, question = last_brief(entries), open_question(entries, before=turn.id)
        model = self.workshop.model(options.generator or self.settings.generator).name
        return State(schema_version=SCHEMA_VERSION, session=session, turn=turn.model_dump(), number=number,
                     picture=self.sessions_on_disk.picture(session), layout=[],
                     brief=brief.model_dump(mode="json") if brief and not options.single_shot else None,
                     question=question.model_dump() if question else None,
                     plan={"model": model, "seed": options.seed, "single_shot": options.single_shot,
                           "limits": options.limits.model_dump(), "without": self._without(options, entries, turn),
                           "wishes": self._wishes(options, turn, model).model_dump(mode="json"), "vary": options.vary,
                           "call": options.call, "routing": self.settings.routing, "free": options.free,
                           "preset": options.preset.model_dump() if options.preset else None, "ahead": options.ahead,
                           "planner": self._planner_name(options),
                           "repairs": 0 if "repair" in options.without else self.settings.repairs})

    def _planner_name(self, options: Options) -> str:
        """As reports name it."""
        return self.settings.automatic_planner if options.planner in (None, "auto") else str(options.planner)

    def _wishes(self, options: Options, turn: Turn, model: str) -> Wishes:
        """What was set, the preset's with it, and the shape that the user always likes where none was."""
        wishes = with_negative(options.wishes, options.preset)
        if wishes.size or options.single_shot or "memory" in options.without or not self.settings.memory:
            return wishes
        size = size_for(self.memory.all(), self.workshop.model(model).capabilities, turn.text)
        return wishes.model_copy(update={"size": size}) if size else wishes

    def _without(self, options: Options, entries: list[Entry], turn: Turn) -> list[str]:
        """What was asked to be left out, and questions where the user wants none or was asked enough."""
        spared = asking.quiet(entries, turn.id, self.settings.questions)
        return list(dict.fromkeys([*options.without, *(["questions"] if spared else [])]))

    def _desk(self, session: str, turn: Turn, options: Options, entries: list[Entry], listen: Listen,
              stop: Callable[[], bool]) -> Desk:
        def keep(key: str, entry: Entry) -> None:
            if self.sessions_on_disk.append(session, key, entry):
                listen(entry)

        earlier = [entry for entry in entries if entry.turn != turn.id]
        planner = None if options.single_shot else self.planner(options.planner or "auto")
        versions = self._kept(session, shown(earlier))
        return Desk(session=session, images=self.store, workshop=self.workshop,
                    planner=planner, keep=keep, tell=listen, stop=stop, routes=self.routes(),
                    memory=self.memory if self.settings.memory and "memory" not in options.without else None,
                    skills=() if "skills" in options.without else self.skills(options.trial),
                    history=prompt.history(earlier, until=turn.id), versions=tuple(versions))

    def routes(self) -> tuple[routes.Measured, ...]:
        """What was measured of models and roads: the user's own table, else the pack's."""
        return routes.read(self.settings.data / routes.FILE, routes.PACK_TABLE) if self.settings.routing else ()

    def skills(self, trial: bool = False) -> tuple[skills.Skill, ...]:
        """The recipes that may be given to planners: the user's own and the pack's; with `trial` the unmeasured too."""
        return skills.read(self.settings.data / skills.FOLDER, skills.PACK_SKILLS, trial=trial)

    def _finish(self, session: str, state: State, desk: Desk) -> Outcome:
        turn, question = state["turn"]["id"], state.get("asking")
        if question:
            desk.keep(f"{turn}/question", Asked(turn=turn, question=Question.model_validate(question)))
        model = self.workshop.model(state["plan"]["model"])
        outcome = conclude(state, session, self.store.record, self.path, cannot(brief_of(state), model.capabilities))
        entry = Answered(turn=turn, outcome=outcome, picture=state.get("picture"))
        if self.sessions_on_disk.finish(session, entry):
            desk.tell(entry)
        if not question:
            self.checkpoints.forget(session)
        return outcome

    def _outcome(self, entry: Answered) -> Outcome:
        shown = self._with_paths(entry)
        assert isinstance(shown, Answered)
        return shown.outcome

    def _abandon(self, session: str, unless: str | None = None) -> None:
        """Close a turn that was cut off and that nobody will resume; what it drew stays among the versions."""
        unfinished = self.sessions_on_disk.open_turn(session)
        if unfinished is None or unfinished[0].id == unless:
            return
        outcome = Outcome(status="stopped", session=session, reply="This was interrupted and not continued.")
        self.sessions_on_disk.finish(session, Answered(turn=unfinished[0].id, outcome=outcome,
                                                       picture=self.sessions_on_disk.picture(session)))
        self.checkpoints.forget(session)

    # Models, dry runs, replays

    def models(self) -> list[dict[str, Any]]:
        return self.workshop.describe()

    def pictures(self) -> list[Held]:
        starred = self.sessions_on_disk.stars()
        found = [Held(id=one.id, session=one.session, text=one.text, starred=(one.session, one.id) in starred)
                 for one in self.sessions_on_disk.pictures() if one.id in self.store]
        return found[::-1]

    def collections(self) -> dict[str, list[str]]:
        return self._collections.all()

    def collect(self, name: str, pictures: Sequence[str], on: bool = True) -> None:
        """See `agent.api.StudioProtocol`; what is no picture here is left out."""
        self._collections.change(name, [id for id in pictures if id in self.store], on)

    def presets(self) -> list[Preset]:
        return self._presets.all()

    def add_presets(self, data: str) -> list[Preset]:
        """See `agent.presets.imported`."""
        self._presets.add(added := imported(data))
        return added

    def choices(self) -> dict[str, Any]:
        own = self.workshop.model(self.settings.generator)  # may be a folder, which is in no list
        models = choices((own, *self.workshop.models()), self.sessions_on_disk.durations(), self.workshop.laid)
        return {"planners": planners.choices(self.settings), "models": models}

    def plan(self, turns: list[str], options: Options | None = None) -> dict[str, Any]:
        from agent.rehearsal import rehearse  # brings the grammar, which most commands do without

        options = self._settle(options)
        if not turns or any(len(text) > MAX_CHARACTERS for text in turns):
            raise BadInput(f"A plan needs one or more turns of at most {MAX_CHARACTERS} characters.")
        return rehearse(turns, self.workshop, self.planner(options.planner or "auto", rehearsing=True),
                        self.workshop.model(options.generator or ""), options)

    def why(self, text: str, options: Options | None = None) -> dict[str, Any]:
        """Which model and road a request would get, why, and what was passed over; draws nothing."""
        options = self._settle(options)
        planner = self._planner_name(options)
        return routing.explain(text, self.plan([text], options), options, planner, self.workshop, self.routes())

    def replay(self, data: bytes, beside: Sequence[bytes] = ()) -> dict[str, Any]:
        """Draw the picture of these bytes again; `beside` are further files that may hold its sources and mask."""
        return replay(data, self.store, self.workshop, beside)
