"""A studio that plays a recorded conversation: pictures from the world's renderer, words from a table.

A test double of `agent.api.StudioProtocol`; the page's own tests stand on it where the real studio would only
make them slow. Nothing outside tests/ may import it.
"""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from agent.api import (
    Answered,
    Asked,
    BadInput,
    Briefed,
    Called,
    Described,
    Drafted,
    Entry,
    Found,
    Glimpse,
    Held,
    Judged,
    Listen,
    NothingToResume,
    Options,
    Outcome,
    PictureView,
    Preset,
    Search,
    SessionBusy,
    SessionView,
    Started,
    StepView,
    Thinking,
    Turn,
    UnknownSession,
    UserSaid,
    Working,
)
from generators.api import BadPicture, Box, Extent, Request, picture_id
from tools.api import (
    Brief,
    BriefObject,
    BriefRelation,
    Critique,
    Finding,
    PictureRecord,
    Question,
    SceneObject,
    Usage,
)

EXTENT = 128
COLOURS = {"red": "#c8372d", "purple": "#7d4fb3", "brown": "#8a5a34", "pink": "#e39bb4", "blue": "#3f6fb5"}
MODELS = [
    {"name": "pack-diffusion", "family": "diffusion", "capabilities": ["generate", "edit", "inpaint", "boxes"],
     "sizes": [[128, 128]], "installed": True, "fits": True, "memory": 0.4, "licence": "Apache-2.0",
     "verified": "pack measured"},
    {"name": "flux2-klein-4b", "family": "diffusion", "capabilities": ["generate", "edit"],
     "sizes": [[1024, 1024]], "installed": False, "fits": False, "memory": 13.0, "licence": "Apache-2.0",
     "verified": "tiny checkpoint"},
]
Thing = tuple[str, str, Box]


def paint(things: list[Thing], ground: str) -> Image.Image:
    """A small picture of coloured discs on a ground, enough to tell versions apart by eye."""
    top, bottom = {"night": ("#1c2340", "#2c3050")}.get(ground, ("#9cc9e8", "#e8d6a2"))
    image = Image.new("RGB", (EXTENT * 4, EXTENT * 4), top)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, EXTENT * 2.4, EXTENT * 4, EXTENT * 4), fill=bottom)
    for _, colour, box in things:
        left, high, right, low = box.pixels(Extent(EXTENT * 4, EXTENT * 4))
        pen.ellipse((left, high, right, low), fill=COLOURS.get(colour, "#777777"))
    return image.resize((EXTENT, EXTENT), Image.Resampling.LANCZOS)


class Memory:
    """One session of the double."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.versions: list[str] = []
        self.picture: str | None = None
        self.starred: list[str] = []
        self.deleted: list[str] = []
        self.brief: Brief | None = None
        self.question: Question | None = None
        self.interrupted = False
        self.things: dict[str, tuple[list[Thing], str]] = {}
        self.lock = threading.Lock()


class StudioDouble:
    """Plays "draw", "purple", "put a cake", a vague request and "undo"; `pace` is the time of one step.

    While `held` is set, a drawing stays at its third step: what a test wants to see in mid-turn is there for as long
    as the test takes, however slow the machine.
    """

    def __init__(self, folder: Path, pace: float = 0.02, steps: int = 8, reply: str | None = None) -> None:
        self.folder, self.pace, self.steps, self.reply = folder, pace, steps, reply
        self.fail: Exception | None = None
        self.held = threading.Event()
        self.heard: list[tuple[Turn, Options | None]] = []
        self.drafted: list[tuple[Turn, Options | None]] = []
        self._collected: dict[str, list[str]] = {}
        self._sessions: dict[str, Memory] = {}
        self._records: dict[str, PictureRecord] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def new_session(self) -> str:
        name = uuid.uuid4().hex
        self._sessions[name] = Memory()
        return name

    def sessions(self) -> list[dict[str, Any]]:
        rows = []
        for name, memory in reversed(self._sessions.items()):
            said = next((e.text for e in memory.entries if isinstance(e, UserSaid)), "")
            rows.append({"session": name, "title": said, "created": "2026-11-20T19:00:00Z",
                         "updated": "2026-11-20T19:00:00Z", "pictures": len(memory.versions)})
        return rows

    def view(self, session: str) -> SessionView:
        memory = self._memory(session)
        return SessionView(session=session, entries=list(memory.entries), picture=memory.picture,
                           versions=[self._records[id] for id in memory.versions], brief=memory.brief,
                           starred=list(memory.starred), deleted=list(memory.deleted),
                           question=memory.question, interrupted=memory.interrupted)

    def ingest(self, data: bytes) -> PictureRecord:
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
                image = opened.convert("RGB")
        except Exception as error:
            raise BadPicture("This file is no picture we can read; PNG, JPEG and WebP work.") from error
        return self._keep(image, PictureRecord(id="", role="upload", width=image.width, height=image.height))

    def ingest_mask(self, data: bytes, picture: str) -> PictureRecord:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("L")
        record = self._records[picture]
        if image.size != (record.width, record.height):
            raise BadPicture("The mask does not fit its picture.")
        return self._keep(image, PictureRecord(id="", role="mask", width=image.width, height=image.height,
                                               parents=[picture]))

    def path(self, picture: str) -> str:
        if picture not in self._records:
            raise BadPicture("There is no such picture.")
        return str(self.folder / f"{picture}.png")

    def current(self, session: str) -> str | None:
        return self._memory(session).picture

    def turn(self, session: str, turn: Turn, options: Options | None = None, listen: Listen | None = None,
             stop: Callable[[], bool] | None = None) -> Outcome:
        memory = self._memory(session)
        if not memory.lock.acquire(blocking=False):
            raise SessionBusy("This session is still working on the message before; stop it or wait.")
        try:
            if self.fail:
                raise self.fail
            return _Play(self, session, memory, turn, listen or (lambda event: None), stop or (lambda: False),
                         options).run()
        finally:
            memory.lock.release()

    def resume(self, session: str, listen: Listen | None = None, stop: Callable[[], bool] | None = None) -> Outcome:
        memory = self._memory(session)
        if not memory.interrupted:
            raise NothingToResume("Nothing was interrupted here.")
        memory.interrupted = False
        last = next(e for e in reversed(memory.entries) if isinstance(e, UserSaid))
        turn = Turn(id=last.turn, text=last.text)
        return _Play(self, session, memory, turn, listen or (lambda event: None), stop or (lambda: False)).run()

    def undo(self, session: str) -> SessionView:
        memory = self._memory(session)
        parents = self._records[memory.picture].parents if memory.picture else []
        memory.picture = parents[0] if parents else memory.picture
        return self.view(session)

    def select(self, session: str, picture: str) -> SessionView:
        self._memory(session).picture = picture
        return self.view(session)

    def mark(self, session: str, picture: str, starred: bool | None = None, deleted: bool | None = None) -> SessionView:
        memory = self._memory(session)
        for marks, on in ((memory.starred, starred), (memory.deleted, deleted)):
            if on is not None and (picture in marks) != on:
                (marks.append if on else marks.remove)(picture)
        left = [id for id in memory.versions if id not in memory.deleted]
        if deleted is False:
            memory.picture = picture
        elif deleted and picture == memory.picture:
            parents = [id for id in self._records[picture].parents if id in left]
            memory.picture = next(iter([*parents, *reversed(left)]), None)
        return self.view(session)

    def pictures(self) -> list[Held]:
        return [Held(id=id, session=name, text=memory.entries[0].text, starred=id in memory.starred)  # type: ignore[union-attr]
                for name, memory in self._sessions.items() for id in memory.versions if id not in memory.deleted][::-1]

    def search(self, text: str = "", like: str | None = None, session: str | None = None, limit: int = 24) -> Search:
        found = [Found(id=one.id, session=one.session, text=one.text, path=self.path(one.id), score=1.0)
                 for one in self.pictures() if text in one.text and one.id != like]
        return Search(by="words", pictures=found[:limit])

    def grow(self, session: str, count: int) -> None:
        """So many pictures in a session, each made from the one before it, as long talks have them."""
        memory = self._sessions[session]
        record = self._records[memory.versions[0]]
        for number in range(len(memory.versions), count):
            id = f"{number:032x}"
            self._records[id] = record.model_copy(update={"id": id, "parents": [memory.versions[-1]]})
            memory.versions.append(id)
            memory.entries += [UserSaid(turn=id, text="one more"), Answered(turn=id, picture=id, outcome=Outcome(
                status="done", session=session, reply="Here it is."))]

    def describe(self, picture: str) -> Described:
        return Described(text="a red apple <b>and</b> a dog", by="the critic")

    def outline(self, picture: str, at: tuple[float, float]) -> Image.Image | None:
        return None

    def presets(self) -> list[Preset]:
        return [Preset(name="Ink", prompt="{prompt} in ink")]

    def add_presets(self, data: str) -> list[Preset]:
        raise BadInput("That is no list of presets.")

    def collections(self) -> dict[str, list[str]]:
        return {name: list(ids) for name, ids in self._collected.items()}

    def collect(self, name: str, pictures: Sequence[str], on: bool = True) -> None:
        kept = [id for id in self._collected.get(name, []) if id not in pictures]
        self._collected[name] = [*kept, *pictures] if on else kept

    def draft(self, session: str | None, turn: Turn, options: Options | None = None,
              stop: Callable[[], bool] | None = None) -> Drafted | None:
        self.drafted.append((turn, options))
        return Drafted(image=paint([], "beach"), seconds=0.0, seed=7)

    def choices(self) -> dict[str, Any]:
        own = {"steps": 8, "guidance": None, "takes": ["steps", "guidance"], "sizes": [[128, 128]], "seconds": None}
        return {"planners": [{"name": "auto", "label": "automatic", "available": True}],
                "models": {row["name"]: own for row in MODELS}}

    def plan(self, turns: list[str], options: Options | None = None) -> dict[str, Any]:
        return {}

    def models(self) -> list[dict[str, Any]]:
        return MODELS

    def replay(self, data: bytes) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        return None

    def _memory(self, session: str) -> Memory:
        if session not in self._sessions:
            raise UnknownSession("There is no session of that name here; start a new one.")
        return self._sessions[session]

    def _keep(self, image: Image.Image, record: PictureRecord) -> PictureRecord:
        record = record.model_copy(update={"id": picture_id(image)})
        image.save(self.folder / f"{record.id}.png")
        self._records[record.id] = record
        return record


class _Play:
    """One turn of the double."""

    def __init__(self, studio: StudioDouble, session: str, memory: Memory, turn: Turn, listen: Listen,
                 stop: Callable[[], bool], options: Options | None = None) -> None:
        self.studio, self.session, self.memory, self.turn, self.options = studio, session, memory, turn, options
        self.listen, self.stop = listen, stop
        self.began = time.monotonic()

    def run(self) -> Outcome:
        if not any(isinstance(e, UserSaid) and e.turn == self.turn.id for e in self.memory.entries):
            self.note(UserSaid(turn=self.turn.id, text=self.turn.text, uploads=self.turn.uploads, mask=self.turn.mask))
        self.memory.question = None
        self.listen(Thinking(planner="double"))
        time.sleep(self.studio.pace * 4)
        words = self.turn.text.lower()
        self.studio.heard.append((self.turn, self.options))
        if "nice" in words:
            return self.ask()
        if words.strip() == "undo":
            self.studio.undo(self.session)
            return self.end("done", "Back to the picture before.")
        return self.draw(*self.change(words))

    def change(self, words: str) -> tuple[str, list[Thing], str]:
        things, ground = self.memory.things.get(self.memory.picture or "", ([], "beach"))
        if "purple" in words and things:
            return "edit", [*things[:-1], ("dog", "purple", things[-1][2])], ground
        if self.turn.mask:
            return "inpaint", [("cake", "pink", things[0][2]), *things[1:]], ground
        return "generate", [("apple", "red", Box(0.12, 0.58, 0.34, 0.8)), ("dog", "brown", Box(0.46, 0.42, 0.7, 0.8)),
                            ("dog", "brown", Box(0.72, 0.46, 0.95, 0.82))], "beach"

    def draw(self, tool: str, things: list[Thing], ground: str) -> Outcome:
        brief = _brief(self.turn.text, things, ground)
        self.memory.brief = brief
        self.note(Briefed(turn=self.turn.id, brief=brief))
        if tool == "generate":
            self.call("layout_plan", {}, "3 boxes")
        image = paint(things, ground)
        began, call = time.monotonic(), uuid.uuid4().hex
        self.listen(Started(call=call, tool=tool, arguments={"prompt": self.turn.text}))
        for step in range(1, self.studio.steps + 1):
            if self.stop():
                return self.end("stopped", "Stopped; the best picture so far stays.")
            time.sleep(self.studio.pace)
            while step > 3 and self.studio.held.is_set() and not self.stop():
                time.sleep(0.02)
            self.listen(Working(call=call, step=step, steps=self.studio.steps))
            blur = image.filter(ImageFilter.GaussianBlur(2 * (self.studio.steps - step)))
            self.listen(Glimpse(call=call, step=step, image=blur))
        record = self.keep(image, tool, things, ground, brief, time.monotonic() - began)
        step_view = StepView(tool=tool, arguments={"prompt": self.turn.text}, seconds=time.monotonic() - began, ok=True)
        self.note(Called(turn=self.turn.id, call=call, step=step_view, picture=record.id))
        findings = record.critique.findings if record.critique else []
        self.note(Judged(turn=self.turn.id, picture=record.id, findings=findings))
        return self.end("done", self.studio.reply or "Here it is: everything you asked for is there.", record)

    def keep(self, image: Image.Image, tool: str, things: list[Thing], ground: str, brief: Brief,
             seconds: float) -> PictureRecord:
        parent = [self.memory.picture] if self.memory.picture and tool != "generate" else []
        findings = [Finding(requirement=r.text, kind=r.kind, passed=True, confidence=0.93,
                            evidence=f"saw {r.text} (0.93)", subject=r.subject) for r in brief.requirements()]
        kind = "generate" if tool == "generate" else tool
        request = Request(kind=kind, model="pack-diffusion", prompt=self.turn.text, size=Extent(EXTENT, EXTENT),
                          seed=7, steps=self.studio.steps, sources=tuple(parent))
        scene = [SceneObject(id=f"{name}-{i}", name=name, colour=colour, box=box)
                 for i, (name, colour, box) in enumerate(things, 1)]
        record = self.studio._keep(image, PictureRecord(
            id="", width=EXTENT, height=EXTENT, request=request, model="pack-diffusion", revision="double",
            parents=parent, mask=self.turn.mask, tool=tool, seconds={"total": seconds}, brief=brief, scene=scene,
            critique=Critique(picture="", findings=findings)))
        self.memory.things[record.id] = (things, ground)
        if record.id not in self.memory.versions:
            self.memory.versions.append(record.id)
        self.memory.picture = record.id
        return record

    def call(self, tool: str, arguments: dict[str, Any], note: str) -> None:
        call = uuid.uuid4().hex
        self.listen(Started(call=call, tool=tool, arguments=arguments))
        time.sleep(self.studio.pace)
        step = StepView(tool=tool, arguments=arguments, seconds=self.studio.pace, ok=True, note=note)
        self.note(Called(turn=self.turn.id, call=call, step=step))

    def ask(self) -> Outcome:
        question = Question(text="What should be in it?", options=["flowers", "a cake", "a cat", "you choose"])
        self.memory.question = question
        self.note(Asked(turn=self.turn.id, question=question))
        return self.end("question", question.text, question=question)

    def end(self, status: Any, reply: str, record: PictureRecord | None = None,
            question: Question | None = None) -> Outcome:
        images = [PictureView(path=self.studio.path(record.id), id=record.id, width=record.width,
                              height=record.height, seed=7, model=record.model, parents=record.parents,
                              critique=record.critique.findings if record.critique else [])] if record else []
        usage = Usage(planner_calls=1, images=len(images), seconds=time.monotonic() - self.began)
        outcome = Outcome(status=status, session=self.session, reply=reply, question=question, images=images,
                          usage=usage)
        self.note(Answered(turn=self.turn.id, outcome=outcome, picture=self.memory.picture))
        return outcome

    def note(self, entry: Entry) -> None:
        self.memory.entries.append(entry)
        self.listen(entry)


def _brief(text: str, things: list[Thing], ground: str) -> Brief:
    names = list(dict.fromkeys((name, colour) for name, colour, _ in things))
    objects = [BriefObject(id=f"{name}-{i}", name=name, colour=None if colour == "brown" else colour,
                           count=sum(t[:2] == (name, colour) for t in things))
               for i, (name, colour) in enumerate(names, 1)]
    relations = [BriefRelation(subject=objects[0].id, relation="left of", object=objects[1].id)]
    return Brief(request=text, objects=objects, relations=relations, background=ground,
                 assumed=[f"background: {ground}"])
