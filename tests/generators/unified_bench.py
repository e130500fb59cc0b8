"""A tiny unified model and what the tests of its family do with it. Imports torch."""

from __future__ import annotations

import dataclasses
import random

from PIL import Image

from generators import registry, unified
from generators.api import Extent, Request, picture_id

LIKELIEST = {"temperature": 0, "guidance_scale": 1.0}
"""A call that leaves nothing to luck."""


def loaded(folder, dtype=None, **call):
    model = registry.find(str(folder))
    made = unified.Unified(dataclasses.replace(model, options={**model.options, "call": call}))
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
    drawn = []
    decode = generator._tokens.decode
    monkeypatch.setattr("generators.previews.SHARE", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(generator._tokens, "decode", lambda ids, size: drawn.append(ids) or decode(ids, size))
        told = draw(generator, request, *pictures).arithmetic
    return drawn[0][0], told
