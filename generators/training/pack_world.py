"""The parts of the picture world that packs are trained on: two at 128 pixels for two cores, the whole for a GPU."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

from generators.world.scenes import SQUARE, TALL, WIDE, Frame, Shapes, World, size_of
from generators.world.vocabulary import BACKGROUNDS as ALL_BACKGROUNDS
from generators.world.vocabulary import COLOURS, STYLES
from generators.world.vocabulary import THINGS as ALL_THINGS

THINGS = (
    "dog", "cat", "bird", "fish", "horse", "elephant", "apple", "banana", "cake", "pizza", "cup", "car", "bus",
    "boat", "airplane", "bicycle", "umbrella", "clock", "chair", "book", "tree", "flower", "house", "star",
    "sports ball", "heart",
)  # fmt: skip

FURTHER = (
    "sun", "moon", "cloud", "castle", "rocket", "robot", "snowman", "mushroom", "rabbit", "lion", "fox", "frog",
    "butterfly", "strawberry",
)  # fmt: skip
"""What people ask for first of all that neither the small world nor GenEval names."""

WIDER = (*THINGS, *(t.name for t in ALL_THINGS if t.geneval and t.name not in THINGS), *FURTHER)
"""A hundred: the small world's, all 80 of GenEval, and some that people ask for."""

BACKGROUNDS = (
    "beach", "night", "meadow", "snow", "sea", "desert", "sky", "sunset", "forest", "room",
    "plain white", "plain grey", "plain blue", "plain green", "plain yellow", "plain pink",
)  # fmt: skip

COLOUR_NAMES = tuple(colour.name for colour in COLOURS)

HELD_OUT_SHARE = 0.05


def held_out(world: World) -> frozenset[tuple[str, str]]:
    """The (thing, colour) pairs that training never shows: the 5% with the smallest hash."""
    pairs = sorted(world.combinations(), key=lambda pair: hashlib.sha256("/".join(pair).encode()).hexdigest())
    return frozenset(pairs[: round(len(pairs) * HELD_OUT_SHARE)])


@lru_cache(maxsize=1)
def held_out_combinations() -> frozenset[tuple[str, str]]:
    """Those of the small world."""
    return held_out(seen_world())


def pack_world(held_out: bool = True) -> World:
    """The world that the first pack draws; ``held_out`` keeps the evaluation's combinations away from training.

    Objects stand on a grid of sixteen pixels, a token's side, and are never mirrored.
    """
    pairs = held_out_combinations() if held_out else frozenset()
    return World(THINGS, COLOUR_NAMES, BACKGROUNDS, 5, grid=8, mirrored=False, held_out=pairs)


def seen_world() -> World:
    """What the autoencoder and the detectors learn from: the same words, any place, any size, mirrored or not."""
    return World(THINGS, COLOUR_NAMES, BACKGROUNDS, 5)


FULL_SHAPES: Shapes = (
    ((1,), 0.17), ((1, 1), 0.27), ((2,), 0.09), ((3,), 0.09), ((4,), 0.08), ((5,), 0.05),
    ((1, 2), 0.07), ((1, 3), 0.04), ((2, 2), 0.04), ((1, 4), 0.01), ((2, 3), 0.01), ((1, 1, 1), 0.11),
)  # fmt: skip
"""Counts to five are learnt last: a GPU has the time to see more of them."""


@dataclass(frozen=True)
class Domain:
    """What a pack is trained on: pictures of ``extent`` pixels a side, or in other frames of the same extent.

    Generators learn ``drawn``. Detectors and autoencoders learn ``seen``: the same words at any place and size,
    the held-out combinations included. Detectors look at ``sight`` pixels a side. A drawing's text is padded
    to ``tokens``, an edit's to ``edit_tokens``: padding is attended to, so training and calls must agree.
    ``largest`` is the longest side in packed latent tokens that `token_truth` tells apart.
    """

    name: str
    extent: int
    drawn: World
    seen: World
    sight: int
    tokens: int
    edit_tokens: int
    largest: int
    frames: tuple[Frame, ...] = (SQUARE,)

    @property
    def light(self) -> bool:
        """Whether its pictures are so small that a CPU's renderer paints them faster than a compositor."""
        return self.extent <= 128

    def grid(self, frame: Frame = SQUARE) -> tuple[int, int]:
        """Rows and columns of packed latent tokens: the autoencoder's 8 times the pipeline's 2 x 2 packing."""
        width, height = size_of(frame, self.extent)
        return height // 16, width // 16


DOMAINS = ("small", "wide", "full")


@lru_cache(maxsize=3)
def domain(name: str) -> Domain:
    """``small``: 26 things at 128 pixels, a matter of hours on two cores. ``wide``: a hundred things, else the same, to
    go on with what the small one taught. ``full``: every thing at 256, for a GPU."""
    if name not in DOMAINS:
        raise ValueError(f"There is no domain {name!r}; there are {', '.join(DOMAINS)}.")
    if name == "small":
        return Domain("small", 128, pack_world(), seen_world(), sight=96, tokens=44, edit_tokens=28, largest=4)
    if name == "wide":
        seen = replace(seen_world(), things=WIDER)
        drawn = replace(pack_world(), things=WIDER, held_out=held_out(seen))
        return Domain("wide", 128, drawn, seen, sight=96, tokens=44, edit_tokens=28, largest=4)
    things, grounds = tuple(thing.name for thing in ALL_THINGS), tuple(ground.name for ground in ALL_BACKGROUNDS)
    styles = tuple(style.name for style in STYLES)
    seen = World(things, COLOUR_NAMES, grounds, styles=styles, styled=0.3, shapes=FULL_SHAPES)
    drawn = replace(seen, grid=16, mirrored=False, near=True, held_out=held_out(seen))
    # A quarter of the batches in the other two frames: a batch has one size.
    frames = (SQUARE, SQUARE, SQUARE, WIDE, SQUARE, SQUARE, SQUARE, TALL)
    return Domain("full", 256, drawn, seen, sight=160, tokens=64, edit_tokens=40, largest=8, frames=frames)
