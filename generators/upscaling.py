"""Pictures drawn larger: how much larger a model makes them, and plain interpolation under its own name.

"lanczos" is no model: it interpolates (Lanczos's window, by Pillow) and adds no detail. It serves where no upscaler is
installed, and says what it is. No torch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import PIL
from PIL import Image

from generators.api import Capabilities, Extent, Model, Request, Result, Unsupported

NAME = "lanczos"
MOST = 8
"""Times larger that interpolation makes a picture: beyond it there is nothing to see."""


def model() -> Model:
    """What stands for interpolation where a model is asked for."""
    able = Capabilities(generate=False, upscale=MOST, multiple=1)
    return Model(NAME, NAME, "", able, verified="interpolation, no detail added")


def need(request: Request, source: Image.Image, able: Capabilities, name: str) -> None:
    """Raises `Unsupported` where the size that is asked for is none that the model reaches."""
    factor = max(request.size.width / source.width, request.size.height / source.height)
    least = min(request.size.width / source.width, request.size.height / source.height)
    if least < 1 or factor > able.upscale or factor / least > 1.05:
        raise Unsupported(f"{name} draws a picture of {source.width}x{source.height} up to {able.upscale} times as "
                          f"large and in its own shape; {request.size.width}x{request.size.height} is not that.")


def interpolated(request: Request, pictures: Mapping[str, Image.Image]) -> Result:
    """The source at the request's size, by interpolation. Raises `Unsupported`."""
    began = time.perf_counter()
    source = pictures[request.sources[0]].convert("RGB")
    need(request, source, model().capabilities, NAME)
    drawn = source.resize(Extent(*request.size), Image.Resampling.LANCZOS)
    return Result(drawn, {"draw": time.perf_counter() - began},
                  {"device": "none", "method": "Lanczos interpolation, no detail added", "pillow": PIL.__version__})
