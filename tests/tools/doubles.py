"""A workshop without a process: the sketch generator, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from generators import sketch, sketch_scene, upscaling
from generators.api import (
    Box,
    Capabilities,
    Extent,
    Eyes,
    Laid,
    Model,
    ModelUnavailable,
    Report,
    Request,
    Result,
    Seen,
    Stop,
    Told,
)

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

    def draw_several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
                     stop: Stop) -> list[Result]:
        """At once: one request is noted for all."""
        if self.error:
            raise self.error
        self.drawn.append(request)
        return sketch.Sketch(sketch.model("sketch")).several(request, seeds, pictures, report, stop)

    over: Laid = field(default_factory=Laid)

    def laid(self, model: Model) -> Laid:
        return self.over

    looks: Eyes = field(default_factory=Eyes)
    answers: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sought: list[str] = field(default_factory=list)

    def find(self, image: Image.Image, names: Sequence[str], stop: Stop) -> Seen:
        """As a detector: what of these names is there, each sought name noted."""
        if self.error or not self.looks.finder:
            raise self.error or ModelUnavailable("Nothing here finds things in real pictures.")
        self.sought += names
        return Seen(tuple(d for d in sketch_scene.read(image).objects if d.thing in names))

    def ask(self, image: Image.Image, questions: Sequence[str], stop: Stop) -> Told:
        """As a vision-language model: the prepared answer to the question that holds the words; else none."""
        if self.error:
            raise self.error
        self.asked += questions
        found = [next((p for words, p in self.answers.items() if words in one), None) for one in questions]
        return Told(tuple(found), 100 if self.looks.server else 0)

    def outline(self, image: Image.Image, where: Box | tuple[float, float], stop: Stop) -> Image.Image:
        """As a segmentation model: the ellipse in a box."""
        mask = Image.new("L", image.size)
        box = where if isinstance(where, Box) else Box(*where, *where).grow(0.1)
        ImageDraw.Draw(mask).ellipse(box.pixels(Extent(*image.size)), fill=255)
        return mask

    def see(self, image: Image.Image) -> Seen:
        return sketch_scene.read(image)

    def model(self, name: str) -> Model:
        return next(model for model in self.models() if model.name == name)

    def models(self) -> list[Model]:
        return [sketch.model("sketch"), OUTSIDER, ONLY_DRAWS]
