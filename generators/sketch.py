"""A procedural generator: exact pictures without weights, and every way in which a generator can fail.

It ships with the product for tests and demonstrations of the machinery; nothing chooses it unless its name is
given. The same request gives the same picture everywhere. No torch.

    sketch            draws in four quick steps
    sketch-slow       forty steps of 50 ms
    sketch-oom        out of memory at every try; options {"times": n}: only the first n times
    sketch-nan        returns a constant picture
    sketch-die        the process exits half-way
    sketch-hang       neither answers nor heeds a request to stop
    sketch-garbage    writes nonsense to the studio
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from generators import sketch_scene as scene
from generators.api import (
    Box,
    BrokenOutput,
    Cancelled,
    Capabilities,
    Extent,
    Model,
    OutOfMemory,
    Preview,
    Progress,
    Report,
    Request,
    Result,
    Stop,
    World,
)
from generators.local import shared
from generators.world import vocabulary

MODES = ("sketch", "sketch-slow", "sketch-oom", "sketch-nan", "sketch-die", "sketch-hang", "sketch-garbage")


def model(name: str = "sketch", **options: Any) -> Model:
    """The catalogue entry of one of the `MODES`."""
    world = World(
        objects=tuple(t.name for t in vocabulary.THINGS),
        colours=tuple(c.name for c in vocabulary.COLOURS),
        backgrounds=tuple(b.name for b in vocabulary.BACKGROUNDS),
        relations=tuple(r.name for r in vocabulary.RELATIONS),
        counts=5,
    )
    able = Capabilities(edit=True, inpaint=True, references=1, boxes="text", negative=True, batch=4,
                        sizes=(Extent(128, 128), Extent(64, 64), Extent(256, 256)), multiple=8, world=world)
    return Model(name, "sketch", "", able, licence="Apache-2.0", verified="procedural", options=options)


class Sketch:
    """Draws boxes with their names' codes. `Generator` in full, faults included."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.mode = model.name.removeprefix("sketch").removeprefix("-")
        self._failures = 0

    def load(self) -> None:
        """Nothing to load; options {"load_seconds": s} pretends."""
        time.sleep(float(self.model.options.get("load_seconds", 0)))

    def unload(self) -> None:
        """Nothing to give back."""

    def run(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        """Draw. Raises `Cancelled`, or what the mode is there to raise."""
        began = time.perf_counter()
        steps = int(self.model.options.get("steps", 40 if self.mode == "slow" else 4))
        pause = float(self.model.options.get("pause", 0.05 if self.mode == "slow" else 0.0))
        image = draw(request, pictures)
        for step in range(1, steps + 1):
            if stop() and self.mode != "hang":
                raise Cancelled(f"Stopped at step {step} of {steps}.")
            time.sleep(pause)
            report(Progress(step, steps))
            if step % max(1, steps // 4) == 0:
                report(Preview(step, image.resize((max(1, image.width // 2), max(1, image.height // 2)))))
            if step == steps // 2:
                self._misbehave()
        if self.mode == "nan":
            image = Image.new("RGB", image.size)
        if min(low for low, _ in _extrema(image)) == max(high for _, high in _extrema(image)):
            raise BrokenOutput(f"{self.model.name} returned a picture of one single colour.")
        return Result(image, {"draw": time.perf_counter() - began}, {"device": "none", "model": "sketch 1"})

    def several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
                stop: Stop) -> list[Result]:
        """Each of them. Raises as `run` does."""
        return [self.run(request.model_copy(update={"seed": seed}), pictures, shared(report, at, len(seeds)), stop)
                for at, seed in enumerate(seeds)]

    def _misbehave(self) -> None:
        if self.mode == "die":
            os._exit(7)
        if self.mode == "hang":
            time.sleep(3600)
        if self.mode == "oom" and self._failures < int(self.model.options.get("times", 1_000_000)):
            self._failures += 1
            raise OutOfMemory(f"{self.model.name} needs more memory than this machine has; choose a smaller size.")
        if self.mode == "garbage":
            os.write(int(os.environ.get("MAQUETTE_WORKER_FD", os.open(os.devnull, os.O_WRONLY))), b"nonsense" * 64)
            time.sleep(60)


def draw(request: Request, pictures: Mapping[str, Image.Image]) -> Image.Image:
    """The picture of a request: of its size when it generates, of its first source's size when it edits."""
    text = request.prompt.split(" ; ")[0]
    if request.kind == "generate":
        return _scene(request, text)
    source = pictures[request.sources[0]].convert("RGB")
    image, mask = source.copy(), pictures.get(request.mask or "")
    area = _area(mask)
    if request.regions:
        _carry_out(image, text, request)
    else:
        scene.follow(image, text, area, request.seed)
    if mask is not None and request.paste_back:
        return Image.composite(image, source, mask.convert("L").point(lambda v: 255 if v else 0))
    return image


def _scene(request: Request, text: str) -> Image.Image:
    image = scene.blank(request.size, scene.ground_of(text), request.seed, text)
    for region in request.regions:
        _place(image, region.phrase, region.box)
    if not request.regions:
        things = [m for m in scene.mentions(text) for _ in range(m.count)]
        for index, thing in enumerate(things):
            scene.paint(image, thing.thing, thing.colour, scene.row(index, len(things)))
    return image


def _carry_out(image: Image.Image, text: str, request: Request) -> None:
    """An edit whose regions follow the convention of `generators.world.layout_text`."""
    removing = re.search(r"\b(remove|erase|delete|take away|get rid)\b", text.lower()) is not None
    making = re.search(r"\b(add|put|place|draw|replace|swap|into)\b", text.lower()) is not None
    paints = [] if making else scene.colours(text)
    for region in request.regions:
        if removing or region.phrase.startswith(("from ", "nothing")):
            scene.erase(image, region.box)
    for region in request.regions:
        if not (removing or region.phrase.startswith(("from ", "nothing"))):
            phrase = region.phrase.removeprefix("to ")
            _place(image, f"{paints[-1]} {scene.bare(phrase)}" if paints else phrase, region.box)


def _place(image: Image.Image, phrase: str, box: Box) -> None:
    said = scene.mentions(phrase)
    scene.paint(image, said[0].thing if said else "", said[0].colour if said else None, box, phrase)


def _area(mask: Image.Image | None) -> Box | None:
    bounds = mask.convert("L").getbbox() if mask is not None else None
    if mask is None or bounds is None:
        return None
    return Box(bounds[0] / mask.width, bounds[1] / mask.height, bounds[2] / mask.width, bounds[3] / mask.height)


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    found = image.getextrema()
    return [found] if isinstance(found[0], (int, float)) else list(found)  # type: ignore[list-item]


GENERATOR = Sketch
