"""What the tests of every family of generators do with one, and a clock for the tests of their trainings."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from generators import registry
from generators.api import Extent, Request, picture_id
from generators.world.sprites import font_installed

if TYPE_CHECKING:
    from pathlib import Path

needs_font = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")

LIKELIEST = {"temperature": 0, "guidance_scale": 1.0}
"""A call of the token families that leaves nothing to luck."""


def loaded(folder: Path, dtype: Any = None, **options: Any) -> Any:
    """The generator of a checkpoint's folder, in another dtype if one is given."""
    model = registry.find(str(folder))
    made: Any = registry.generator(dataclasses.replace(model, options={**model.options, **options}))
    made.load()
    if dtype:
        made._open(made._used._replace(dtype=dtype))
    return made


def wish(**more):
    return Request(**{"model": "m", "prompt": "a red dog", "size": Extent(64, 64), "seed": 5, **more})


def never():
    return False


def draw(generator, request, *pictures, stop=never, report=lambda event: None):
    return generator.run(request, {picture_id(p): p for p in pictures}, report, stop)


def photo(width=64, height=64, seed=1):
    small = Image.frombytes("RGB", (8, 8), random.Random(seed).randbytes(192))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def hole(extent, box):
    mask = Image.new("L", extent)
    mask.paste(255, box)
    return mask


def codes_drawn(generator, monkeypatch, request, *pictures):
    """The codes of the picture that a token family draws, and what is told of its arithmetic."""
    drawn = []
    decode = generator._tokens.decode
    monkeypatch.setattr("generators.previews.SHARE", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(generator._tokens, "decode", lambda ids, size: drawn.append(ids) or decode(ids, size))
        told = draw(generator, request, *pictures).arithmetic
    return drawn[0][0], told


def seconds_are_steps(patch):
    """In trainings, a clock that goes on by a second whenever it is asked whether it is over."""
    from generators.training import autoregressive, common
    from generators.training.common import Clock

    class Steps(Clock):
        asked = 0

        @property
        def seconds(self):
            return self.spent + self.asked

        @property
        def over(self):
            self.asked += 1
            return Clock.over.fget(self)

    for module in (common, autoregressive):
        patch.setattr(module, "Clock", Steps, raising=False)
