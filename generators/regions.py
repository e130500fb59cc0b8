"""A layout for a model that reads none: a draft of the whole, then each region drawn into it, the largest first.

Pure: a request becomes a draft and one inpainting for each region. What is drawn outside a region's box stays, so a
later region covers an earlier one only where they overlap (as in Blended Diffusion, Avrahami et al. 2022, arXiv
2111.14818, one region after the other). Knows no models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from PIL import Image

from generators import geometry
from generators.api import Capabilities, Extent, Request

SOURCE, MASK = "the picture so far", "the region"
"""What a step's request calls the two pictures that it is drawn from."""


class Step(NamedTuple):
    """An inpainting, and its mask ("L", 255 where the region is)."""

    request: Request
    mask: Image.Image


class Plan(NamedTuple):
    """What is drawn first, and what is drawn into it."""

    draft: Request
    steps: list[Step]


def serves(request: Request, able: Capabilities) -> bool:
    """Whether a request's layout has to be drawn region by region."""
    return request.kind == "generate" and bool(request.regions) and able.boxes == "none" and able.regions


def planned(request: Request, size: Extent) -> Plan:
    """The draft of a request and its regions' steps, for a picture of `size` pixels.

    A step says its region's phrase alone; seeds follow the request's, so that equal phrases are not drawn alike.
    """
    draft = request.model_copy(update={"regions": ()})
    order = sorted(request.regions, key=lambda region: -region.box.area)
    return Plan(draft, [
        Step(draft.model_copy(update={"kind": "inpaint", "prompt": region.phrase, "seed": (request.seed + at) % 2**63,
                                      "sources": (SOURCE,), "mask": MASK, "size": size}),
             geometry.mask_of([region.box], size))
        for at, region in enumerate(order, 1) if region.box.clip().area > 0])


def with_pictures(step: Step, so_far: Image.Image, given: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
    """Everything that a step is drawn from: also what the whole picture follows or resembles."""
    return {**given, SOURCE: so_far, MASK: step.mask}
