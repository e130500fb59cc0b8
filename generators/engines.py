"""What a worker process can hold: image models, what sees and compares, chat models. Made by key, on first need.

    model:NAME      draw(request, seeds, speed) with its pictures → a picture, or one for each of several seeds
                    load() → the seconds that it took; memory() → the most since it was asked, in GB
                    describe, answer(question) one    → words
    critic:FOLDER   see() one picture                 → what is in it
    matcher:SOURCE  pictures() several, texts(texts)  → their vectors, sure() → a cosine or None
    describer:SOURCE pictures() several             → their vectors
    measurer:KIND   distance(real, drawn)           → how far two sets of vectors are apart
    asker:SOURCE    likely(question, answers), says(question, most) some → a probability, words
                    agrees(questions) one           → probabilities of "yes"
    finder:SOURCE   find(names) one picture         → where they are in it
    outliner:SOURCE outline(where) one picture      → a mask
    chat:SOURCE     complete(messages, tools, …)      → an answer in OpenAI's shape

Imports nothing heavy: the engine's own file does, when it loads.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from PIL import Image
from pydantic import TypeAdapter

from generators import hardware, registry, weights
from generators.api import Cancelled, Generator, Model, Report, Request, Result, Seen, Stop, Unsupported
from generators.speed import Speed, of_no_use

Answer = tuple[dict[str, Any], list[Image.Image]]
MODEL: TypeAdapter[Model] = TypeAdapter(Model)
SEEN: TypeAdapter[Seen] = TypeAdapter(Seen)


class Engine(Protocol):
    """Something loaded that answers calls with plain data and pictures."""

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer: ...


class Painter:
    """An image model."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        began = time.perf_counter()
        generator.load()
        self.loading = time.perf_counter() - began

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        if name == "load":
            return {"seconds": self.loading}, []
        if name == "memory":
            return {"gb": hardware.peak_gb()}, []
        if name in ("describe", "answer"):
            read = getattr(self.generator, name, None)
            if read is None:
                raise Unsupported("This model cannot describe pictures.")
            return {"text": read(pictures[0], **params, stop=stop)}, []
        request, given = Request.model_validate(params["request"]), dict(zip(params["ids"], pictures, strict=True))
        missing = self._hastened(Speed(**params.get("speed", {})))
        results = self._drawn(request, params.get("seeds", ()), given, report, stop)
        last = results[-1]
        arithmetic = {**last.arithmetic, **missing}
        return {"seconds": dict(last.seconds), "arithmetic": arithmetic}, [one.image for one in results]

    def _hastened(self, speed: Speed) -> dict[str, Any]:
        """Passes the settings on; the record of those that this family has no use for."""
        hasten = getattr(self.generator, "hasten", None)
        if hasten is None:
            return of_no_use(speed)
        hasten(speed)
        return {}

    def _drawn(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
               stop: Stop) -> list[Result]:
        if not seeds:
            return [self.generator.run(request, pictures, report, stop)]
        several = getattr(self.generator, "several", None)
        if several is None:
            raise Unsupported("This model draws one picture at a time.")
        found: list[Result] = several(request, seeds, pictures, report, stop)
        return found


class Eyes:
    """A detector: `detect(image) -> Seen`."""

    def __init__(self, detector: Any) -> None:
        self.detector = detector

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        if name == "load":
            return {}, []
        return {"seen": SEEN.dump_python(self.detector.detect(pictures[0]), mode="json")}, []


class Comparer:
    """A model of pictures' and texts' vectors."""

    def __init__(self, matcher: Any) -> None:
        self.matcher = matcher

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        if name == "pictures":
            return {"vectors": self.matcher.picture_vectors(pictures).tolist()}, []
        if name == "sure":
            return {"cosine": self.matcher.sure}, []
        return {"vectors": self.matcher.text_vectors(params["texts"]).tolist()}, []


class Answerer:
    """A vision-language model."""

    def __init__(self, asker: Any) -> None:
        self.asker = asker

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        if name == "agrees":
            return {"likely": [self._agrees(pictures, question, stop) for question in params["questions"]]}, []
        if name == "likely":
            return {"probability": self.asker.likely(pictures, **params)}, []
        return {"text": self.asker.says(pictures, **params)}, []

    def _agrees(self, pictures: list[Image.Image], question: str, stop: Stop) -> float:
        if stop():
            raise Cancelled("Stopped between two questions.")
        return float(self.asker.agrees(pictures, question))


class Seeker:
    """An open-vocabulary detector."""

    def __init__(self, finder: Any) -> None:
        self.finder = finder

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        return {"seen": SEEN.dump_python(self.finder.find(pictures[0], params["names"]), mode="json")}, []


class Cutter:
    """A promptable segmentation model."""

    def __init__(self, outliner: Any) -> None:
        self.outliner = outliner

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        return {}, [self.outliner.outline(pictures[0], tuple(params["where"]))]


class Talker:
    """A local chat model."""

    def __init__(self, chat: Any) -> None:
        self.chat = chat
        chat.load()

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report,
             stop: Stop) -> Answer:
        if name == "load":
            return {}, []
        return {"answer": self.chat.complete(params["messages"], params["tools"], params["max_tokens"], stop)}, []


def make(key: str, spec: Mapping[str, Any]) -> Engine:
    """The engine of a key. `spec` is the catalogue entry of a model, or {} for the rest.

    Raises `ModelUnavailable` when weights are missing or unreadable.
    """
    kind, _, source = key.partition(":")
    if kind == "model":
        model = MODEL.validate_python(dict(spec))
        return Painter(registry.generator(model))
    if kind == "critic":
        from generators.seeing import Detector

        hardware.plan()
        return Eyes(Detector.load(source))
    if kind == "matcher":
        from generators.matching import Matcher

        return Comparer(Matcher.load(weights.locate(source)))
    if kind == "describer":
        from generators.describing import Describer

        return Comparer(Describer.load(weights.locate(source)))
    if kind == "measurer":
        from generators.measuring import Measurer

        return Measurer(source)
    if kind == "asker":
        from generators.asking import Asker

        return Answerer(Asker.load(weights.locate(source)))
    if kind == "finder":
        from generators.finding import Finder

        return Seeker(Finder.load(weights.locate(source)))
    if kind == "outliner":
        from generators.outlining import Outliner

        return Cutter(Outliner.load(weights.locate(source)))
    from generators.chat import Chat

    return Talker(Chat(source))
