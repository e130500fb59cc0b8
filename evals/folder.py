"""A run folder: run.json, samples/<key>.json, pictures/<key>.png. Every file appears whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError

from evals.api import SCHEMA, EvalError, RunPlan, Sample
from generators.files import sweep, write_atomic

STUDIO = ".studio-"
"""What the names of the studios' temporary data folders begin with."""


class RunFolder:
    """Reads and writes one run. Knows nothing of what the samples mean."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = path / "samples"
        self.pictures = path / "pictures"

    def create(self, plan: RunPlan) -> None:
        """Raises `EvalError` where another run already lies here or nothing can be written."""
        if (self.path / "run.json").exists():
            raise EvalError(f"{self.path} already holds a run; resume it with 'python -m evals run {self.path}'.")
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
            self.pictures.mkdir(exist_ok=True)
            write_atomic(self.path / "run.json", _json(plan))
        except OSError as error:
            raise EvalError(f"{self.path} cannot be written: {error.strerror}.") from None

    def plan(self) -> RunPlan:
        """Raises `EvalError` where there is no run, or one of another version."""
        file = self.path / "run.json"
        if not file.is_file():
            raise EvalError(f"{self.path} is no run folder: it holds no run.json.")
        try:
            plan = RunPlan.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise EvalError(f"{file} cannot be read: {error.errors()[0]['msg']}.") from None
        if plan.schema_version != SCHEMA:
            raise EvalError(f"{self.path} was written by another version (schema {plan.schema_version}, "
                            f"this is {SCHEMA}); start a new run.")
        return plan

    def has(self, key: str) -> bool:
        return (self.samples / f"{key}.json").is_file()

    def save(self, sample: Sample) -> None:
        """The sample is finished once this returns. Raises `EvalError` on a full disk."""
        self._write(self.samples / f"{sample.key}.json", _json(sample))

    def save_picture(self, name: str, data: bytes) -> str:
        self._write(self.pictures / name, data)
        return name

    def _write(self, file: Path, data: bytes) -> None:
        try:
            write_atomic(file, data)
        except OSError as error:
            raise EvalError(f"{file} cannot be written: {error.strerror}. What is finished is kept.") from None

    def all(self) -> Iterator[Sample]:
        """Every finished sample, by key. Raises `EvalError` on one that cannot be read."""
        for file in sorted(self.samples.glob("*.json")):
            try:
                yield Sample.model_validate_json(file.read_bytes())
            except ValidationError as error:
                raise EvalError(f"{file} is damaged ({error.errors()[0]['msg']}); delete it and resume.") from None

    def sweep(self) -> None:
        """Removes what a killed run left half-written, and the data folders of its studios."""
        sweep(self.samples)
        sweep(self.pictures)
        for left in self.path.glob(f"{STUDIO}*"):
            shutil.rmtree(left, ignore_errors=True)


def _json(value: BaseModel) -> bytes:
    return (value.model_dump_json(indent=1) + "\n").encode()
