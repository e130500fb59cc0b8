"""A session with a picture in it, in memory but for the store: what the contracts call tools and critics with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generators import sketch, sketch_scene
from generators.api import Extent, Model, Request, Result, Seen, picture_id
from tools.api import Brief, BriefObject, Limits, PictureRecord, ToolContext, Usage
from tools.images import ImageStore

EXTENT = Extent(128, 128)
ABLE = replace(sketch.model(), capabilities=replace(sketch.model().capabilities, refine=True))
"""The sketch generator, taken for a model that can do everything: every tool is offered."""


class Models:
    """`tools.api.Workshop` without a process."""

    def draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Any, stop: Any) -> Result:
        return sketch.Sketch(sketch.model()).run(request, pictures, report, stop)

    def see(self, image: Image.Image) -> Seen:
        return sketch_scene.read(image)

    def model(self, name: str) -> Model:
        return sketch.model()

    def models(self) -> list[Model]:
        return [sketch.model()]


@pytest.fixture
def ctx(tmp_path: Path) -> ToolContext:
    """One dog was drawn, its picture is the current one, and a mask was painted."""
    store = ImageStore(tmp_path / "data")
    request = Request(model="sketch", prompt="a dog", size=EXTENT, seed=1)
    image = sketch.draw(request, {})
    record = store.put(image, PictureRecord(id=picture_id(image), width=128, height=128, request=request,
                                            model="sketch", tool="generate"))
    mask = Image.new("L", EXTENT)
    mask.paste(255, (32, 32, 96, 96))
    painted = store.put(mask, PictureRecord(id="", role="mask", width=128, height=128))
    brief = Brief(request="a dog", objects=[BriefObject(id="dog", name="dog")])
    return ToolContext(images=store, workshop=Models(), model=ABLE, brief=brief, limits=Limits(),
                       usage=Usage(), seed=1, picture=record.id, first=record.id, mask=painted.id,
                       versions=(record.id,))
