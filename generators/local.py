"""What every family of local weights does alike: loading, timing, a second try in full precision, finishing.

A family names what it opens and how it draws; the rest is here. Knows no library of models.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from PIL import Image

from generators import geometry, hardware, weights
from generators.api import (
    Box,
    BrokenOutput,
    Loading,
    Model,
    ModelUnavailable,
    OutOfMemory,
    Preview,
    Progress,
    Region,
    Report,
    Request,
    Result,
    Stop,
)
from generators.stages import Stages
from generators.world.layout_text import Box as Corners
from generators.world.layout_text import Grid, onto_grid

T = TypeVar("T")
PER_PART = 50
"""Steps that are reported of each part of a picture's drawing, whatever that part counts itself."""


class Local(ABC):
    """A model of local weights behind the `Generator` protocol."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.options = model.options
        self._plan: hardware.Plan | None = None
        self._revision = ""
        self._stages = Stages()

    def load(self) -> None:
        """Reads the weights. Raises `ModelUnavailable`."""
        folder = weights.locate(self.model.source)
        weights.check(folder)
        self._revision = weights.revision(folder)
        self._open(hardware.plan())

    def unload(self) -> None:
        """Gives the memory back."""
        self._close()
        hardware.free()

    def run(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        """Draw. Raises `Cancelled` at the next step or code, `OutOfMemory`, `BrokenOutput`, `Unsupported`."""
        def one() -> tuple[list[Image.Image], dict[str, Any]]:
            drawn, told = self._draw(request, pictures, report, stop)
            return [drawn], told

        return self._results(request, pictures, one)[0]

    def _results(self, request: Request, pictures: Mapping[str, Image.Image],
                 draw: Callable[[], tuple[list[Image.Image], dict[str, Any]]]) -> list[Result]:
        """What was drawn at once, finished, each with its share of the time."""
        began = time.perf_counter()
        self._stages.begin()
        (drawn, told), precision = self._guarded(draw)
        drawing = time.perf_counter() - began
        images = [finished(request, pictures, one) for one in drawn]
        arithmetic = {**hardware.arithmetic(self._used), "weights": self._revision, "batch": len(images), **told,
                      **precision}
        apart = self._stages.seconds
        seconds = {**apart, "denoise" if apart else "draw": drawing - sum(apart.values()),
                   "finish": time.perf_counter() - began - drawing}
        share = {stage: taken / len(images) for stage, taken in seconds.items()}
        return [Result(image, share, arithmetic) for image in images]

    @abstractmethod
    def _open(self, plan: hardware.Plan) -> None:
        """Opens the weights anew, by a plan that it keeps. Raises `ModelUnavailable`."""

    @abstractmethod
    def _close(self) -> None:
        """Lets go of the weights."""

    @abstractmethod
    def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop
              ) -> tuple[Image.Image, dict[str, Any]]:
        """A picture of the model's own size, and what else decided its numbers. Raises as `run` does."""

    @property
    def _used(self) -> hardware.Plan:
        assert self._plan is not None, "load() comes first"
        return self._plan

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Whatever the libraries raise over a folder that is damaged becomes a sentence."""
        with opened(f"{self.model.name} cannot be loaded"):
            yield

    def _tried(self, work: Callable[[], T]) -> T:
        """What `work` makes of the model, nothing kept for learning. Raises `OutOfMemory`."""
        import torch

        try:
            with torch.inference_mode():
                return work()
        except (MemoryError, RuntimeError) as error:
            if not hardware.is_memory(error):
                raise
            hardware.free()
            raise OutOfMemory(f"{self.model.name} needs more memory than there is; choose a smaller size or a smaller "
                              "model.") from error

    def _guarded(self, work: Callable[[], T]) -> tuple[T, dict[str, Any]]:
        """What `work` makes of the model; once more in full precision if its numbers are none, and then it is noted."""
        import torch

        try:
            return work(), {}
        except BrokenOutput:
            plan = self._used
            if plan.dtype == torch.float32:
                raise
        try:
            self._open(plan._replace(dtype=torch.float32))
            return work(), {"dtype": "float32"}
        finally:
            self._open(plan)

    def _regions(self, request: Request) -> list[Region]:
        """The layout that a model reads; that of a new picture is moved onto the grid it learnt to draw on."""
        if self.model.capabilities.boxes == "none":
            return []
        boxes: list[Corners] = [region.box for region in request.regions]
        grid = Grid.of(self.options.get("grid", {}))
        if request.kind in ("generate", "refine") and grid:
            boxes = onto_grid(boxes, grid)
        return [Region(region.phrase, Box(*box)) for region, box in zip(request.regions, boxes, strict=True)]

    def _with_hole(self, request: Request, pictures: Mapping[str, Image.Image]) -> Request:
        """An inpainting with no layout is told of its hole as one, where the model reads layouts."""
        if request.kind != "inpaint" or request.regions or self.model.capabilities.boxes != "text":
            return request
        hole = geometry.box_of(pictures[request.mask or ""].convert("L"))
        return request.model_copy(update={"regions": (Region(request.prompt, hole),)}) if hole else request


@contextmanager
def opened(sentence: str, *more: type[Exception]) -> Iterator[None]:
    """What the libraries raise over a folder that is damaged, and ``more``, becomes `ModelUnavailable`: the sentence
    and the reason. Too little memory stays what it is."""
    damaged: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError,
                                            *more)
    try:
        yield
    except damaged as error:
        if hardware.is_memory(error):
            raise
        raise ModelUnavailable(f"{sentence}: {first_line(error)}") from error


def finished(request: Request, pictures: Mapping[str, Image.Image], drawn: Image.Image) -> Image.Image:
    """At the source's size; with a mask, the source's own pixels outside it."""
    if request.kind == "generate":
        return drawn
    if request.kind == "upscale":
        return drawn.resize(request.size, Image.Resampling.LANCZOS) if drawn.size != request.size else drawn
    mask = pictures[request.mask] if request.mask and request.paste_back else None
    return geometry.restored(drawn, pictures[request.sources[0]].convert("RGB"), mask)


def shared(report: Report, part: int, parts: int) -> Report:
    """One part's events as those of its share of the work."""
    def told(event: Loading | Progress | Preview) -> None:
        if isinstance(event, Progress):
            report(Progress(PER_PART * part + PER_PART * event.step // event.steps, PER_PART * parts))
        else:
            report(event)

    return told


def first_line(error: BaseException) -> str:
    """An error's kind and the beginning of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
