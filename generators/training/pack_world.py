"""The part of the picture world that the first pack is trained on."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from generators.world.scenes import World
from generators.world.vocabulary import COLOURS

THINGS = (
    "dog", "cat", "bird", "fish", "horse", "elephant", "apple", "banana", "cake", "pizza", "cup", "car", "bus",
    "boat", "airplane", "bicycle", "umbrella", "clock", "chair", "book", "tree", "flower", "house", "star",
    "sports ball", "heart",
)  # fmt: skip

BACKGROUNDS = (
    "beach", "night", "meadow", "snow", "sea", "desert", "sky", "sunset", "forest", "room",
    "plain white", "plain grey", "plain blue", "plain green", "plain yellow", "plain pink",
)  # fmt: skip

COLOUR_NAMES = tuple(colour.name for colour in COLOURS)

HELD_OUT_SHARE = 0.05


@lru_cache(maxsize=1)
def held_out_combinations() -> frozenset[tuple[str, str]]:
    """The (thing, colour) pairs that training never shows: the 5% with the smallest hash."""
    pairs = [(thing, colour) for thing in THINGS for colour in COLOUR_NAMES]
    pairs.sort(key=lambda pair: hashlib.sha256("/".join(pair).encode()).hexdigest())
    return frozenset(pairs[: round(len(pairs) * HELD_OUT_SHARE)])


def pack_world(held_out: bool = True) -> World:
    """The world that the first pack draws; ``held_out`` keeps the evaluation's combinations away from training.

    Objects stand on a grid of sixteen pixels, a token's side, and are never mirrored.
    """
    pairs = held_out_combinations() if held_out else frozenset()
    return World(THINGS, COLOUR_NAMES, BACKGROUNDS, 5, grid=8, mirrored=False, held_out=pairs)


def seen_world() -> World:
    """What the autoencoder and the detectors learn from: the same words, any place, any size, mirrored or not."""
    return World(THINGS, COLOUR_NAMES, BACKGROUNDS, 5)
