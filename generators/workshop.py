"""The models as the rest of the studio sees them: draw, see, compare, chat. Knows which process holds what.

    with Workshop() as workshop:
        result = workshop.draw(request, {id: image}, report, stop)
        seen = workshop.see(result.image)

Thread-safe. Nothing is started before it is needed. The pack's models and its critic live in one process, every
other model and chat model in its own, of which the least recently used are ended when there are too many.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from generators import eyes, hardware, laid, registry, sketch_scene, speed, upscaling, weights
from generators.api import (
    Adapter,
    Box,
    BrokenOutput,
    Cancelled,
    Capabilities,
    Eyes,
    GeneratorError,
    Laid,
    Loading,
    Model,
    ModelUnavailable,
    OutOfMemory,
    Report,
    Request,
    Result,
    Seen,
    Stop,
    Told,
    Unsupported,
    WorkerDied,
)
from generators.engines import MODEL, SEEN
from generators.eyes import Ask
from generators.local import shared
from generators.speed import Speed
from generators.worker import Job, Worker

if TYPE_CHECKING:
    import numpy as np

    from generators.remote import Remote

PACK = Path(__file__).resolve().parent / "pack"
CRITIC = PACK / "critic"
MATCHER = PACK / "contrastive"
BACKOFF = 0.2
LOG = logging.getLogger("maquette")
EYES = "eyes"
"""The process of everything that looks at real pictures."""
SKETCH = "sketch"
_TAKEN = {"adapters": "adapters", "controls": "maps to follow", "likeness": "picture to resemble"}


def _never() -> bool:
    return False


def _nobody(event: object) -> None:
    """Progress that nobody wants to hear of."""


class Workshop:
    """All models of this machine.

    `models` are further models than the catalogue's, `threads` how many threads a worker computes with (None: the
    physical cores), `resident` how many processes besides the pack's may stay (None: two, or one on each card), `card`
    the graphics card that the first process works on, each further one on the next, `retries` how often a picture is
    tried again after its process died, `eyes` what looks at pictures (see `generators.eyes.chosen`; "sketch" reads the
    sketch generator's), `ask` how a chat server is asked about one, where `eyes` says so, `matcher` the folder or hub
    id of what compares pictures with words ("": the pack's), `speed` the settings that pictures are drawn with,
    `adapters` a folder of adapters of one's own, which go by their files' names.
    """

    def __init__(self, models: Sequence[Model] | None = None, *, threads: int | None = None,
                 resident: int | None = None, card: int = 0, retries: int = 2, eyes: str = eyes.AUTO,
                 ask: Ask | None = None, matcher: str = "", speed: Speed | None = None, adapters: Path | None = None,
                 grace: float = 3.0, workers: Callable[[str], Worker] | None = None) -> None:
        self._extra = {model.name: model for model in models or ()}
        self._new = workers or (lambda name: Worker(name, threads=threads, grace=grace))
        self._resident = max(2, len(hardware.cards())) if resident is None else resident
        self._card, self._retries, self._eyes, self._ask = card, retries, eyes, ask
        self._matcher = matcher or str(MATCHER)
        self._speed, self._adapters = speed or Speed(), adapters
        self._said: set[tuple[str, str]] = set()
        self._workers: dict[str, Worker] = {}
        self._servers: dict[str, Remote] = {}
        self._guard = threading.Lock()
        self._closed = False

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def models(self) -> list[Model]:
        """The catalogue, and the models given to this workshop."""
        return [*self._extra.values(), *(m for m in registry.listed() if m.name not in self._extra)]

    def add(self, model: Model) -> None:
        """One more model, under its name."""
        self._extra[model.name] = model

    def model(self, name: str) -> Model:
        """The model of a name: of the catalogue, a family's default, a folder, a hub id.

        Raises `ModelUnavailable`, saying what there is.
        """
        return self._extra.get(name) or registry.find(name)

    def laid(self, model: Model) -> Laid:
        """What can be laid over a model's pictures here, now."""
        return laid.here(model, self._adapters)

    def check_adapters(self, model: Model, adapters: Sequence[Adapter]) -> None:
        """Raises `Unsupported` where the model takes none, `ModelUnavailable` where one is not on this machine."""
        if adapters and not model.capabilities.adapters:
            raise Unsupported(f"{model.name} takes no adapters{self._able(lambda able: able.adapters)}.")
        for adapter in adapters:
            laid.file_of(laid.placed(adapter, self._adapters).source)

    def describe(self) -> list[dict[str, Any]]:
        """One row per model, with the keys of `models --json`."""
        return [registry.describe(model) for model in self.models()]

    def draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report = _nobody,
             stop: Stop = _never, speed: Speed | None = None) -> Result:
        """Makes the picture of a request; `pictures` holds its sources and mask by id, `speed` overrides the settings.

        Raises a `GeneratorError`: see `generators.api`.
        """
        model = self.model(request.model)
        self._admit(request, model, pictures)
        if model.name == upscaling.NAME:
            return upscaling.interpolated(request, pictures)
        if model.family == registry.REMOTE:
            return self._server(model).run(request, pictures, report, stop)
        return self._drawn(model, request, (), pictures, report, stop, speed)[0]

    def draw_several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image],
                     report: Report = _nobody, stop: Stop = _never) -> list[Result]:
        """The pictures of a request with each of some seeds: as many at once as the model draws, one by one where there
        is no room for that. Raises as `draw` does."""
        model = self.model(request.model)
        self._admit(request, model, pictures)
        most = _at_once(model, request)
        parts = [seeds[start : start + most] for start in range(0, len(seeds), most)]
        results: list[Result] = []
        for number, part in enumerate(parts):
            told = shared(report, number, len(parts)) if len(parts) > 1 else report
            results += self._several(model, request, part, pictures, told, stop)
        return results

    def _several(self, model: Model, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image],
                 report: Report, stop: Stop) -> list[Result]:
        if len(seeds) > 1:
            with suppress(OutOfMemory):
                return self._drawn(model, request, seeds, pictures, report, stop)
        return [self.draw(request.model_copy(update={"seed": seed}), pictures, shared(report, at, len(seeds)), stop)
                for at, seed in enumerate(seeds)]

    def _drawn(self, model: Model, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image],
               report: Report, stop: Stop, hasten: Speed | None = None) -> list[Result]:
        """The picture of a request, or one for each seed, by the process that holds the model."""
        ids = request.pictures()
        params = {"request": self._placed(request).model_dump(mode="json"), "ids": ids, "seeds": list(seeds),
                  "speed": (self._speed if hasten is None else hasten)._asdict()}
        job = Job(f"model:{model.name}", "draw", params, MODEL.dump_python(model, mode="json"))
        value, drawn = self._run(_room(model), job, [pictures[id] for id in ids], report, stop)
        if len(drawn) != max(1, len(seeds)):
            raise BrokenOutput(f"{model.name} returned no picture.")
        if hasten is None:
            self._say_what_was_left_out(model.name, value["arithmetic"])
        return [Result(image, value["seconds"], value["arithmetic"]) for image in drawn]

    def _placed(self, request: Request) -> Request:
        """The request with the paths of one's own adapters, which it names and records by their files' names."""
        adapters = tuple(laid.placed(adapter, self._adapters) for adapter in request.adapters)
        return request.model_copy(update={"adapters": adapters}) if adapters else request

    def _say_what_was_left_out(self, name: str, arithmetic: Mapping[str, Any]) -> None:
        """Once for each setting of a model."""
        for sentence in speed.left_out(arithmetic):
            if (name, sentence) not in self._said:
                self._said.add((name, sentence))
                LOG.warning("%s: %s", name, sentence)

    def load(self, name: str, stop: Stop = _never) -> float:
        """Loads a model, unless it is; how many seconds reading its weights took. Raises a `GeneratorError`."""
        return float(self._of_a_process(name, "load", stop)["seconds"])

    def memory(self, name: str) -> float:
        """The most memory that a model's process took since this was asked last, in GB: see `hardware.peak_gb`."""
        return float(self._of_a_process(name, "memory", _never)["gb"])

    def _of_a_process(self, name: str, call: str, stop: Stop) -> dict[str, Any]:
        model = self.model(name)
        job = Job(f"model:{model.name}", call, {}, MODEL.dump_python(model, mode="json"))
        return self._run(_room(model), job, [], _nobody, stop)[0]

    def rest(self) -> None:
        """Ends every idle process, which gives all its memory back; the next job starts a new one."""
        with self._guard:
            leaving = [room for room, worker in self._workers.items() if not worker.busy]
            workers = [self._workers.pop(room) for room in leaving]
        for worker in workers:
            worker.close()

    def tell(self, name: str, image: Image.Image, question: str = "", stop: Stop = _never) -> str:
        """What a model that understands pictures says an RGB picture shows, or its answer to a question about it.

        Raises a `GeneratorError`: see `generators.api`.
        """
        model = self.model(name)
        if not model.capabilities.understands:
            raise Unsupported(f"{model.name} cannot describe pictures{self._able(lambda able: able.understands)}.")
        job = Job(f"model:{model.name}", "answer" if question else "describe",
                  {"question": question} if question else {}, MODEL.dump_python(model, mode="json"))
        value, _ = self._run(_room(model), job, [image.convert("RGB")], _nobody, stop)
        if stop():  # it was quicker than the word of it
            raise Cancelled
        return value["text"]

    def see(self, image: Image.Image) -> Seen:
        """What the pack's critic sees in an RGB picture of the picture world.

        Raises `ModelUnavailable` where there is no critic.
        """
        if self._eyes == SKETCH:
            return sketch_scene.read(image)
        self._need_critic()
        value, _ = self._run("pack", Job(f"critic:{CRITIC}", "see"), [image.convert("RGB")], _nobody, _never)
        return SEEN.validate_python(value["seen"])

    @property
    def sees(self) -> bool:
        """Whether there is something that looks at pictures."""
        return self._eyes == SKETCH or (self._eyes != eyes.NONE and CRITIC.is_dir())

    @property
    def looks(self) -> Eyes:
        """What looks at real pictures here, now. Raises `ModelUnavailable` where the setting names what is not here."""
        return Eyes() if self._eyes == SKETCH else eyes.chosen(self._eyes)

    def find(self, image: Image.Image, names: Sequence[str], stop: Stop = _never) -> Seen:
        """Where things of these names are in any RGB picture, as an open-vocabulary detector sees it.

        Raises `ModelUnavailable` where there is none, and every `GeneratorError` of a worker.
        """
        source = _need(self.looks.finder, "finds things")
        value, _ = self._look(Job(f"finder:{source}", "find", {"names": list(names)}), image, stop)
        return SEEN.validate_python(value["seen"])

    def outline(self, image: Image.Image, where: Box | tuple[float, float], stop: Stop = _never) -> Image.Image:
        """The thing in a box of any RGB picture, or at a point (x, y): an "L" mask, 255 where it is. Raises as `find`.
        """
        source = _need(self.looks.outliner, "outlines things")
        _, masks = self._look(Job(f"outliner:{source}", "outline", {"where": list(where)}), image, stop)
        return masks[0]

    def ask(self, image: Image.Image, questions: Sequence[str], stop: Stop = _never) -> Told:
        """How probable it is that each question about any picture is answered by yes. Raises as `find`."""
        looks, small = self.looks, eyes.smaller(image)
        if looks.server:
            if self._ask is None:
                raise ModelUnavailable("The eyes openai need OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your "
                                       "own.")
            return self._ask(small, questions, stop)
        source = _need(looks.asker, "answers questions")
        value, _ = self._look(Job(f"asker:{source}", "agrees", {"questions": list(questions)}), small, stop)
        return Told(tuple(value["likely"]))

    def picture_vectors(self, images: Sequence[Image.Image]) -> np.ndarray:
        """The unit vectors of N pictures, N x D float32. Raises as `text_vectors`."""
        return self._vectors(Job(f"matcher:{self._matcher}", "pictures"), [image.convert("RGB") for image in images])

    def text_vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The unit vectors of N texts, N x D float32: the nearer to a picture's, the truer of it.

        Raises `ModelUnavailable` where nothing compares pictures with words, and every `GeneratorError` of a worker.
        """
        return self._vectors(Job(f"matcher:{self._matcher}", "texts", {"texts": list(texts)}), [])

    def sure(self) -> float | None:
        """The cosine of a text's and a picture's vector from which on the one is surely true of the other; None where
        that was not measured of the model, so that it can only rank. Raises as `text_vectors`."""
        return self._compare(Job(f"matcher:{self._matcher}", "sure"), [])["cosine"]

    @property
    def matches(self) -> str | None:
        """Names the weights that compare pictures with words: equal names, equal vectors. None: there are none."""
        folder = weights.find(self._matcher)
        return weights.revision(folder)[:16] if folder and weights.weight_files(folder) else None

    def chat(self, source: str, messages: list[dict[str, Any]], tools: list[dict[str, Any]], max_tokens: int = 1024,
             stop: Stop = _never, report: Report = _nobody) -> dict[str, Any]:
        """One answer of a local chat model (a folder or a hub id in the local cache).

        Returns {"content", "tool_calls", "usage"} in OpenAI's shape. Raises a `GeneratorError`.
        """
        job = Job(f"chat:{source}", "complete", {"messages": messages, "tools": tools, "max_tokens": max_tokens})
        value, _ = self._run(f"chat:{source}", job, [], report, stop)
        return value["answer"]

    def warm(self, name: str, look: bool = True) -> None:
        """Begins to load a model, and the pack's critic with it, and returns at once. Failures show up later."""
        threading.Thread(target=self._warm, args=(name, look), daemon=True).start()

    def close(self) -> None:
        """Ends every process."""
        with self._guard:
            self._closed = True
            workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            worker.close()

    def _server(self, model: Model) -> Remote:
        """What speaks with a server, and remembers what it is."""
        from generators.remote import Remote

        with self._guard:
            return self._servers.setdefault(model.name, Remote(model))

    def _admit(self, request: Request, model: Model, pictures: Mapping[str, Image.Image]) -> None:
        if not model.capabilities.can(request.kind):
            others = self._able(lambda able: able.can(request.kind))
            raise Unsupported(f"{model.name} cannot {request.kind}{others}.")
        for what, asked in (("adapters", request.adapters), ("controls", request.controls),
                            ("likeness", request.likeness)):
            if asked and what not in model.capabilities.takes():
                others = self._able(lambda able, what=what: what in able.takes())  # type: ignore[misc]
                raise Unsupported(f"{model.name} takes no {_TAKEN[what]}{others}.")
        missing = [id for id in request.pictures() if id not in pictures]
        if missing or (request.kind != "generate" and not request.sources):
            raise Unsupported(f"To {request.kind}, a request needs its source pictures at hand.")
        if request.kind == "inpaint" and not request.mask:
            raise Unsupported("To inpaint, a request needs a mask.")

    def _able(self, can: Callable[[Capabilities], bool]) -> str:
        """``; this and that can``: the installed models of which something is true."""
        others = [model.name for model in self.models() if can(model.capabilities) and registry.installed(model)]
        return f"; {', '.join(others)} can" if others else ""

    def _vectors(self, job: Job, pictures: list[Image.Image]) -> np.ndarray:
        import numpy as np  # not needed to draw

        return np.array(self._compare(job, pictures)["vectors"], np.float32)

    def _compare(self, job: Job, pictures: list[Image.Image]) -> dict[str, Any]:
        own = self._matcher == str(MATCHER)
        if own and self.matches is None:
            raise ModelUnavailable("Nothing here compares pictures with words: generators/pack/contrastive is missing.")
        return self._run("pack" if own else job.engine, job, pictures, _nobody, _never)[0]

    def _look(self, job: Job, image: Image.Image, stop: Stop) -> tuple[dict[str, Any], list[Image.Image]]:
        """A job of the real eyes; where they find no room, once more after everything that is idle has left."""
        try:
            return self._run(EYES, job, [image.convert("RGB")], _nobody, stop)
        except OutOfMemory:
            self.rest()
            return self._run(EYES, job, [image.convert("RGB")], _nobody, stop)

    def _need_critic(self) -> None:
        if self._eyes == eyes.NONE:
            raise ModelUnavailable("Looking at pictures is switched off (eyes = none).")
        if not CRITIC.is_dir():
            raise ModelUnavailable("There is no critic here: generators/pack/critic is missing.")

    def _warm(self, name: str, look: bool) -> None:
        try:
            model = self.model(name)
            if model.family == registry.REMOTE:
                return self._server(model).load()
            self.load(name, self._is_closed)
            if look and self._eyes not in (SKETCH, eyes.NONE) and CRITIC.is_dir():
                self._run("pack", Job(f"critic:{CRITIC}", "load"), [], _nobody, self._is_closed)
        except GeneratorError:
            return  # the next picture will say it to somebody

    def _is_closed(self) -> bool:
        return self._closed

    def _run(self, room: str, job: Job, pictures: list[Image.Image], report: Report, stop: Stop
             ) -> tuple[dict[str, Any], list[Image.Image]]:
        for attempt in range(self._retries + 1):
            worker = self._worker(room)
            if not worker.holds(job.engine):
                report(Loading(job.engine.partition(":")[2]))
            try:
                return worker.run(job, pictures, report, stop)
            except WorkerDied:
                if attempt == self._retries or self._closed or stop():
                    raise
                time.sleep(BACKOFF * 2**attempt)
        raise AssertionError("unreachable")

    def _worker(self, room: str) -> Worker:
        with self._guard:
            if self._closed:
                raise WorkerDied("The workshop is closed.")
            if room not in self._workers:
                self._workers[room] = self._on_a_card(self._new(room))
                self._make_room(room)
            return self._workers[room]

    def _on_a_card(self, worker: Worker) -> Worker:
        """On the first card that no other process works on, as far as there are as many cards as processes."""
        taken = {other.card for other in self._workers.values()}
        worker.card = next(card for card in itertools.count(self._card) if card not in taken)
        return worker

    def _make_room(self, newcomer: str) -> None:
        """Ends the least recently used idle processes beyond the limit; never the pack's, never a busy one."""
        others = [r for r, w in self._workers.items() if r not in (newcomer, "pack") and not w.busy]
        others.sort(key=lambda room: self._workers[room].used)
        for room in others[: max(0, len(others) + (newcomer != "pack") - self._resident)]:
            self._workers.pop(room).close()


def _need(source: str, does: str) -> str:
    """Raises `ModelUnavailable` where there is none."""
    if not source:
        raise ModelUnavailable(f"Nothing here {does} in real pictures; `python app.py models` lists what could, and "
                               "`models get NAME` fetches it.")
    return source


def _at_once(model: Model, request: Request) -> int:
    """How many pictures of a request a model draws at once; a layout that it does not read is drawn one by one."""
    read = not request.regions or model.capabilities.boxes != "none"
    return model.capabilities.batch if request.kind == "generate" and read else 1


def _room(model: Model) -> str:
    """The process that holds a model: one for all of the pack, one for each other model."""
    return "pack" if Path(model.source or ".").resolve().is_relative_to(PACK) and model.source else model.name


