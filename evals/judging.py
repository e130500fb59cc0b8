"""What the evals see with: the judge, a detector of its own that the studio never uses, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from evals.api import EvalError
from generators import sketch_scene
from generators.api import GeneratorError, Seen
from generators.engines import SEEN
from generators.worker import Job, Worker

FOLDER = Path(__file__).resolve().parent / "judge"
METRICS = FOLDER.parents[1] / "generators" / "pack" / "metrics.json"


class Judge:
    """The trained detector in `evals/judge/`. Loaded with the first picture."""

    name = "judge"

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._worker: Worker | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def see(self, image: Image.Image) -> Seen:
        """Raises `EvalError` where there is no judge or it fails."""
        job = Job(f"critic:{self.folder}", "see")
        try:
            value, _ = self._started().run(job, [image.convert("RGB")], lambda event: None, lambda: False)
        except GeneratorError as error:
            raise EvalError(f"The judge could not look at a picture: {error}") from error
        return SEEN.validate_python(value["seen"])

    def close(self) -> None:
        if self._worker:
            self._worker.close()
        self._worker = None

    def _started(self) -> Worker:
        if not self.folder.is_dir() or not any(self.folder.glob("*.safetensors")):
            raise EvalError(f"There is no judge: {self.folder} holds no weights.")
        if self._worker is None:
            self._worker = Worker("judge")
        return self._worker


class ExactEyes:
    """Reads the sketch generator's pictures without a model, exactly; nothing else."""

    name = "exact"

    def see(self, image: Image.Image) -> Seen:
        return sketch_scene.read(image)

    def close(self) -> None:
        """Nothing to end."""


def eyes_for(generator: str) -> Judge | ExactEyes:
    """The judge; for the procedural generator what reads its pictures."""
    return ExactEyes() if generator.startswith("sketch") else Judge()


def measured() -> dict[str, Any]:
    """How good the judge itself was on held-out rendered scenes: what the pack's evaluation wrote, and a summary."""
    try:
        found = json.loads(METRICS.read_text()).get("judge", {}) if METRICS.is_file() else {}
    except ValueError:
        raise EvalError(f"{METRICS} cannot be read.") from None
    known = [f"{name} {found[name]:.1%}" for name in ("precision", "recall", "colour of those found") if name in found]
    return {**found, "summary": ", ".join(known)} if found else {}
