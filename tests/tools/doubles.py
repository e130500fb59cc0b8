"""A workshop without a process: the sketch generator, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from generators import sketch, sketch_scene, upscaling
from generators.api import Capabilities, Extent, Model, Report, Request, Result, Seen, Stop

OUTSIDER = Model("outsider", "diffusion", "", Capabilities(edit=True, inpaint=True, sizes=(Extent(96, 96),)))
"""A model from outside the picture world, drawn by the sketch generator all the same."""

ONLY_DRAWS = Model("only-draws", "autoregressive", "", Capabilities(sizes=(Extent(96, 96),)))


@dataclass
class InProcess:
    """`tools.api.Workshop` without a process: notes every request that it draws."""

    drawn: list[Request] = field(default_factory=list)
    error: Exception | None = None

    def draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        if self.error:
            raise self.error
        self.drawn.append(request)
        if request.model == upscaling.NAME:
            return upscaling.interpolated(request, pictures)
        return sketch.Sketch(sketch.model("sketch")).run(request, pictures, report, stop)

    def see(self, image: Image.Image) -> Seen:
        return sketch_scene.read(image)

    def model(self, name: str) -> Model:
        return next(model for model in self.models() if model.name == name)

    def models(self) -> list[Model]:
        return [sketch.model("sketch"), OUTSIDER, ONLY_DRAWS]
