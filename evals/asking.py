"""Models that scorers ask about pictures, each in a process of its own from the first question on.

A vision-language model answers questions; an image-text model says how near pictures and texts are, a vision model how
near pictures are. Which ones is a setting (MAQUETTE_VQA, MAQUETTE_CLIP, MAQUETTE_SIGLIP, MAQUETTE_DINO: a folder or
a hub id in the local cache), because a score is only comparable with scores of the same model. Nothing is downloaded: a
model that is not there is said to be missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from PIL import Image

from evals.api import EvalError
from generators import weights
from generators.api import GeneratorError
from generators.worker import Job, Worker


class Answers(Protocol):
    """What answers questions about pictures."""

    def likely(self, images: Sequence[Image.Image], question: str, answers: Sequence[str]) -> float:
        """The probability, 0 to 1, that the first word of the reply begins one of the answers."""
        ...

    def says(self, images: Sequence[Image.Image], question: str, most: int) -> str:
        """The reply itself, of at most so many tokens."""
        ...

    def close(self) -> None: ...


class Sameness(Protocol):
    """What turns pictures into unit vectors."""

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray: ...

    def close(self) -> None: ...


class Distances(Protocol):
    """What says how far two sets of vectors are apart."""

    def load(self) -> None:
        """Raises `EvalError` where it is not on this machine."""
        ...

    def distance(self, real: list[list[float]], drawn: list[list[float]]) -> float: ...

    def close(self) -> None: ...


class Nearness(Sameness, Protocol):
    """What turns pictures and texts into unit vectors of one space."""

    def texts(self, texts: Sequence[str]) -> np.ndarray: ...


class _Asked:
    """A model in a worker. Raises `EvalError` where it is not on this machine or fails."""

    kind: str

    def __init__(self, variable: str, default: str) -> None:
        self.variable, self.default = variable, default
        self._worker: Worker | None = None

    @property
    def source(self) -> str:
        return (os.environ.get(self.variable) if self.variable else None) or self.default

    def close(self) -> None:
        """Ends the process; the next question starts another."""
        if self._worker:
            self._worker.close()
        self._worker = None

    def _check(self) -> None:
        """Raises `GeneratorError` where the model is not on this machine."""
        weights.locate(self.source)

    def _call(self, name: str, params: Mapping[str, Any], images: Sequence[Image.Image] = ()) -> dict[str, Any]:
        try:
            self._check()
            if self._worker is None:
                self._worker = Worker(self.source)
            job = Job(f"{self.kind}:{self.source}", name, params)
            value, _ = self._worker.run(job, [i.convert("RGB") for i in images], lambda event: None, lambda: False)
        except GeneratorError as error:
            another = f" ({self.variable} can name another one.)" if self.variable else ""
            raise EvalError(f"The model that this scorer asks did not answer: {error}{another}") from error
        return value


class Asking(_Asked):
    """A vision-language model (`generators.asking`)."""

    kind = "asker"

    def likely(self, images: Sequence[Image.Image], question: str, answers: Sequence[str]) -> float:
        return float(self._call("likely", {"question": question, "answers": list(answers)}, images)["probability"])

    def says(self, images: Sequence[Image.Image], question: str, most: int) -> str:
        return str(self._call("says", {"question": question, "most": most}, images)["text"])


class Describing(_Asked):
    """A model of pictures alone (`generators.describing`)."""

    kind = "describer"

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray:
        """N x D float32 unit vectors."""
        return np.asarray(self._call("pictures", {}, images)["vectors"], dtype=np.float32)


class Measuring(_Asked):
    """FID or KID (`generators.measuring`)."""

    kind = "measurer"

    def __init__(self, metric: str) -> None:
        super().__init__("", metric)

    def _check(self) -> None:
        """There are no weights."""

    def load(self) -> None:
        self._call("load", {})

    def distance(self, real: list[list[float]], drawn: list[list[float]]) -> float:
        return float(self._call("distance", {"real": real, "drawn": drawn})["distance"])


class Matching(Describing):
    """An image-text model (`generators.matching`)."""

    kind = "matcher"

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """N x D float32 unit vectors."""
        return np.asarray(self._call("texts", {"texts": list(texts)})["vectors"], dtype=np.float32)


def vqa() -> Asking:
    """GenEval 2's judge, unless MAQUETTE_VQA names another."""
    return Asking("MAQUETTE_VQA", "Qwen/Qwen3-VL-8B-Instruct")


def clip() -> Matching:
    """CLIPScore's model, unless MAQUETTE_CLIP names another."""
    return Matching("MAQUETTE_CLIP", "openai/clip-vit-base-patch32")


def siglip() -> Matching:
    return Matching("MAQUETTE_SIGLIP", "google/siglip2-so400m-patch14-384")


def features() -> Describing:
    """The model whose features sets of pictures are compared by, unless MAQUETTE_FEATURES names another."""
    return Describing("MAQUETTE_FEATURES", "facebook/dinov2-base")


def named(model: object) -> str:
    """The name of an asked model: the last part of its folder or hub id."""
    return Path(str(getattr(model, "source", type(model).__name__))).name


def clip_large() -> Matching:
    """The model of LAION's aesthetic score, unless MAQUETTE_AESTHETIC_CLIP names another."""
    return Matching("MAQUETTE_AESTHETIC_CLIP", "openai/clip-vit-large-patch14")


def pick() -> Matching:
    return Matching("MAQUETTE_PICKSCORE", "yuvalkirstain/PickScore_v1")


def hps() -> Matching:
    """HPS v2 as a folder of transformers, unless MAQUETTE_HPS names another."""
    return Matching("MAQUETTE_HPS", "adams-story/HPSv2-hf")


def dino() -> Describing:
    """The model of MagicBrush's DINO similarity, unless MAQUETTE_DINO names another."""
    return Describing("MAQUETTE_DINO", "facebook/dino-vits16")


class Asks:
    """Beside `Scorer` as a base: scores pictures by what a vision-language model answers. Not held against published
    numbers, which take the very model of the publication."""

    eyes: ClassVar[bool] = False
    verified: ClassVar[bool] = False

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers = answers or vqa()

    def close(self) -> None:
        self.answers.close()


class Compares:
    """Beside `Scorer` as a base: scores pictures by how near they are to a text."""

    eyes: ClassVar[bool] = False
    verified: ClassVar[bool] = False
    model: ClassVar[Callable[[], Nearness]]

    def __init__(self, nearness: Nearness | None = None) -> None:
        self.nearness = nearness or type(self).model()

    def close(self) -> None:
        self.nearness.close()

    def cosine(self, image: Image.Image, text: str) -> float:
        """-1 to 1."""
        return float(np.clip(self.nearness.pictures([image])[0] @ self.nearness.texts([text])[0], -1, 1))


class ComparesAndLikens(Compares):
    """By texts and by pictures alone (`dino`) as well."""

    def __init__(self, nearness: Nearness | None = None, sameness: Sameness | None = None) -> None:
        super().__init__(nearness)
        self.dino = sameness or dino()

    def close(self) -> None:
        super().close()
        self.dino.close()


class Likens:
    """Beside `Scorer` as a base: scores pictures by how near they are to another picture."""

    eyes: ClassVar[bool] = False
    verified: ClassVar[bool] = False
    model: ClassVar[Callable[[], Sameness]]

    def __init__(self, sameness: Sameness | None = None) -> None:
        self.sameness = sameness or type(self).model()

    def close(self) -> None:
        self.sameness.close()

    def alike(self, image: Image.Image, other: Image.Image) -> float:
        """The cosine of two pictures, 0 to 1 (less than 0 counts as 0)."""
        a, b = self.sameness.pictures([image, other])
        return float(np.clip(a @ b, 0, 1))


