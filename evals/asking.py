"""Models that scorers ask about pictures, each in a process of its own from the first question on.

A vision-language model answers questions; an image-text model says how near pictures and texts are. Which ones is a
setting (MAQUETTE_VQA, MAQUETTE_CLIP, MAQUETTE_SIGLIP: a folder or a hub id in the local cache), because a score is only
comparable with scores of the same model. Nothing is downloaded: a model that is not there is said to be missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
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


class Nearness(Protocol):
    """What turns pictures and texts into unit vectors of one space."""

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray: ...

    def texts(self, texts: Sequence[str]) -> np.ndarray: ...

    def close(self) -> None: ...


class _Asked:
    """A model in a worker. Raises `EvalError` where it is not on this machine or fails."""

    kind: str

    def __init__(self, variable: str, default: str) -> None:
        self.variable, self.default = variable, default
        self._worker: Worker | None = None

    @property
    def source(self) -> str:
        return os.environ.get(self.variable) or self.default

    def close(self) -> None:
        """Ends the process; the next question starts another."""
        if self._worker:
            self._worker.close()
        self._worker = None

    def _call(self, name: str, params: Mapping[str, Any], images: Sequence[Image.Image] = ()) -> dict[str, Any]:
        try:
            weights.locate(self.source)
            if self._worker is None:
                self._worker = Worker(self.source)
            job = Job(f"{self.kind}:{self.source}", name, params)
            value, _ = self._worker.run(job, [i.convert("RGB") for i in images], lambda event: None, lambda: False)
        except GeneratorError as error:
            raise EvalError(f"The model that this scorer asks did not answer: {error} "
                            f"({self.variable} can name another one.)") from error
        return value


class Asking(_Asked):
    """A vision-language model (`generators.asking`)."""

    kind = "asker"

    def likely(self, images: Sequence[Image.Image], question: str, answers: Sequence[str]) -> float:
        return float(self._call("likely", {"question": question, "answers": list(answers)}, images)["probability"])

    def says(self, images: Sequence[Image.Image], question: str, most: int) -> str:
        return str(self._call("says", {"question": question, "most": most}, images)["text"])


class Matching(_Asked):
    """An image-text model (`generators.matching`)."""

    kind = "matcher"

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray:
        """N x D float32 unit vectors."""
        return np.asarray(self._call("pictures", {}, images)["vectors"], dtype=np.float32)

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


YES = ("Yes", "yes", " yes", " Yes")
NO = ("No", "no", " no", " No")
"""As they may begin a reply, in the spellings of GenEval 2's script."""
