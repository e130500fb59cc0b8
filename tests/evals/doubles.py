"""A studio that draws with the sketch generator in this process: pictures are real files, nothing is planned."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from agent.api import BadInput, Options, Outcome, PictureView, SessionView, StepView, Turn
from evals.runner import Bench
from generators import sketch, sketch_scene
from generators.api import Extent, Model, Request, Seen, picture_id
from tools.api import Brief, PictureRecord, Usage

EXTENT = Extent(128, 128)
Draw = Callable[[str, int], str]


class StudioDouble:
    """`draw` gives the words that are really drawn, so that a test decides what goes wrong."""

    def __init__(self, folder: Path, draw: Draw = lambda text, seed: text) -> None:
        self.folder, self.draw = folder, draw
        self.sessions: dict[str, list[PictureRecord]] = {}
        self.turns: list[tuple[str, Options]] = []
        self.masks: list[Image.Image] = []
        self.painted: list[str | None] = []
        self.brought: list[list[str]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def new_session(self) -> str:
        name = uuid.uuid4().hex
        self.sessions[name] = []
        return name

    def turn(self, session: str, turn: Turn, options: Options | None = None, **_: Any) -> Outcome:
        assert options is not None and options.seed is not None
        self.turns.append((turn.text, options))
        self.painted.append(turn.mask)
        self.brought.append(turn.uploads)
        words = self.draw(turn.text, options.seed)
        if words == "refuse":
            raise BadInput("This cannot be drawn here.")
        if words == "ask":
            return Outcome(status="question", session=session, reply="Which?", usage=Usage(planner_calls=1))
        request = Request(model="sketch", prompt=words, size=EXTENT, seed=options.seed)
        image = sketch.draw(request, {})
        record = PictureRecord(id=picture_id(image), width=128, height=128, request=request, model="sketch",
                               revision="sketch 1", seconds={"draw": 0.25})
        image.save(self.folder / f"{record.id}.png")
        self.sessions[session].append(record)
        view = PictureView(path=self.path(record.id), id=record.id, width=128, height=128, seed=options.seed,
                           model="sketch", parents=[], critique=[])
        steps = [StepView(tool="generate", arguments={}, seconds=0.5, ok=True)]
        usage = Usage(planner_calls=0 if options.single_shot else 1, images=1, tool_calls=1, seconds=1.0, tokens=10)
        return Outcome(status="done", session=session, reply="Here it is.", images=[view], steps=steps, usage=usage)

    def view(self, session: str) -> SessionView:
        return SessionView(session=session, versions=self.sessions[session])

    def current(self, session: str) -> str | None:
        records = self.sessions[session]
        return records[-1].id if records else None

    def ingest(self, data: bytes) -> PictureRecord:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        record = PictureRecord(id=picture_id(image), role="upload", width=image.width, height=image.height)
        image.save(self.folder / f"{record.id}.png")
        return record

    def ingest_mask(self, data: bytes, picture: str) -> PictureRecord:
        mask = Image.open(io.BytesIO(data))
        self.masks.append(mask)
        return PictureRecord(id=picture_id(mask), width=mask.width, height=mask.height)

    def path(self, picture: str) -> str:
        return str(self.folder / f"{picture}.png")

    def plan(self, turns: list[str], options: Options | None = None) -> dict[str, Any]:
        things = [{"id": m.thing, "name": m.thing, "count": m.count, "colour": m.colour}
                  for m in sketch_scene.mentions(turns[-1])]
        brief = Brief.model_validate({"request": turns[-1], "objects": things})
        return {"brief": brief.model_dump(mode="json"), "tool": "generate", "arguments": {}, "reply": "", "cannot": []}


class WorkshopDouble:
    """The sketch generator's eyes, without a process."""

    def see(self, image: Image.Image) -> Seen:
        return sketch_scene.read(image)

    def model(self, name: str) -> Model:
        return sketch.model()

    def models(self) -> list[Model]:
        return [sketch.model()]


def opener(folder: Path, draw: Draw = lambda text, seed: text, opened: list[StudioDouble] | None = None) -> Any:
    """What `runner.run` takes; every studio that it opens is noted in `opened`."""

    @contextmanager
    def open_studio(generator: str, data: Path, card: int) -> Iterator[Bench]:
        studio = StudioDouble(folder / uuid.uuid4().hex, draw)
        if opened is not None:
            opened.append(studio)
        yield Bench(studio, WorkshopDouble())  # type: ignore[arg-type]

    return open_studio
