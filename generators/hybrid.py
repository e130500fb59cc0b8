"""The hybrid family: one model drafts the picture, another one draws over it, keeping what is where.

A model is a folder with nothing but a model_index.json:

    {"_class_name": "Hybrid", "_draft": "pack-autoregressive", "_refiner": "pack-diffusion", "_strength": 0.6}

The draft may be of any model that generates, the refiner any that refines; each is named as everywhere (a catalogue
name, a hub id, a folder, also one inside this one). `_strength` is how much of the noise the refiner begins with, 0 to
1: the more, the less of the draft stays (Meng et al. 2022, SDEdit, arXiv 2108.01073). Edits and inpaintings are the
refiner's alone.

Knows no library of models: the two draw through their own families' files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

from generators import registry
from generators.api import Model, Preview, Report, Request, Result, Stop
from generators.local import PER_PART, shared


class Hybrid:
    """Two models behind the `Generator` protocol."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._models = [registry.find(name) for name in model.options["parts"]]
        self._draft, self._refiner = (registry.generator(part) for part in self._models)

    def load(self) -> None:
        """Reads both models' weights. Raises `ModelUnavailable`."""
        self._draft.load()
        self._refiner.load()

    def unload(self) -> None:
        """Gives the memory back."""
        self._draft.unload()
        self._refiner.unload()

    def run(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        """Draw. Raises as the two models do."""
        drafted, refined = self._models
        if request.kind != "generate":
            return self._refiner.run(request.model_copy(update={"model": refined.name}), pictures, report, stop)
        # Steps and guidance that somebody asks for are those of the model that ends the picture.
        own = {"model": drafted.name, "steps": None, "guidance": None, "strength": None}
        if not drafted.capabilities.negative:
            own["negative"] = ""
        draft = self._draft.run(request.model_copy(update=own), {}, shared(report, 0, 2), stop)
        report(Preview(PER_PART, draft.image))
        over = {"kind": "refine", "model": refined.name, "sources": ("draft",),
                "strength": request.strength or self.model.options["strength"]}
        done = self._refiner.run(request.model_copy(update=over), {"draft": draft.image}, shared(report, 1, 2),
                                 stop)
        return Result(done.image, _seconds(draft, done), _arithmetic(draft, done))


GENERATOR = Hybrid


def _seconds(draft: Result, done: Result) -> dict[str, float]:
    return {"draft": sum(draft.seconds.values()), **done.seconds}


def _arithmetic(draft: Result, done: Result) -> dict[str, Any]:
    """The refiner's, the draft's below, and one revision for the weights of both."""
    both = f"{draft.arithmetic['weights']}{done.arithmetic['weights']}".encode()
    return {**done.arithmetic, "weights": hashlib.sha256(both).hexdigest(), "draft": dict(draft.arithmetic),
            "refiner": done.arithmetic["weights"]}
