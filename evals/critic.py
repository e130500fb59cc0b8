"""The studio's own critic, for arms that choose among pictures and users who paint over a thing in one.

It is not the judge, and never sees a truth.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any

from PIL import Image

from agent.api import StudioProtocol
from generators.api import Extent
from tools import registry
from tools.api import Brief, Critique, Limits, PictureRecord, ToolContext, Usage, Workshop

AROUND = 0.03
"""How much wider than a thing a user paints, as a share of the picture."""


@dataclass(frozen=True)
class Verdict:
    """What the critic thought of one picture: `score` as the studio counts it, `doubt` to break ties."""

    score: float
    doubt: float
    seconds: float


class Critic:
    """Holds pictures against a Brief with the very tool, and the very models, that the agent uses."""

    def __init__(self, workshop: Workshop, generator: str) -> None:
        self._workshop, self._generator = workshop, generator

    def judge(self, studio: StudioProtocol, picture: str, brief: Brief) -> Verdict:
        """Raises `ToolError` or `GeneratorError` where the picture cannot be looked at."""
        model = self._workshop.model(self._generator)
        ctx = ToolContext(images=_Shelf(studio, picture), workshop=self._workshop, model=model, brief=brief,
                          limits=Limits(), usage=Usage(), seed=0, picture=picture)
        began = time.perf_counter()
        critique = registry.call(ctx, "critique", {}).critique or Critique(picture=picture)
        return Verdict(critique.score, _doubt(critique), time.perf_counter() - began)

    def paint_over(self, studio: StudioProtocol, picture: str, thing: str) -> str | None:
        """A mask over the surest such thing, a little wider than its box; None where none is seen."""
        shelf = _Shelf(studio, picture)
        found = [d for d in self._workshop.see(shelf.image(picture)).objects if d.thing == thing]
        if not found:
            return None
        box = max(found, key=lambda d: d.confidence).box.grow(AROUND)
        extent = Extent(*shelf.image(picture).size)
        mask = Image.new("L", extent)
        mask.paste(255, box.pixels(extent))
        data = io.BytesIO()
        mask.save(data, "PNG")
        return studio.ingest_mask(data.getvalue(), picture).id


class _Shelf:
    """One picture of a studio's store, to look at only."""

    def __init__(self, studio: StudioProtocol, picture: str) -> None:
        with Image.open(studio.path(picture)) as opened:
            self._image = opened.convert("RGB")
        self._record = PictureRecord(id=picture, width=self._image.width, height=self._image.height)

    def image(self, id: str) -> Image.Image:
        return self._image

    def record(self, id: str) -> PictureRecord:
        return self._record

    def put(self, image: Image.Image, record: PictureRecord) -> PictureRecord:
        raise NotImplementedError("a critic stores no pictures")

    def drawn(self, fingerprint: str) -> PictureRecord | None:
        return None

    def annotate(self, id: str, **notes: Any) -> PictureRecord:
        return self._record


def _doubt(critique: Critique) -> float:
    """Mean probability, as the critic sees it, that a checked line does not hold."""
    checked = [f for f in critique.findings if f.passed is not None]
    wrong = [1 - f.confidence if f.passed else f.confidence for f in checked]
    return sum(wrong) / len(wrong) if wrong else 0.0
