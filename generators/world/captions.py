"""Captions of scenes in many phrasings, and the regions that go with them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from generators.world.layout_text import Box
from generators.world.relations import is_between, next_to
from generators.world.scenes import SQUARE, Frame, Placed, Scene
from generators.world.vocabulary import COLOURS, COUNTS, SIZES, Word, find_thing, plural_of

_PREFIXES = (
    "", "", "", "", "", "a photo of", "a photo of", "a photo of", "a picture of", "an image of", "a drawing of", "draw",
    "draw me", "please draw", "show me", "can you draw", "could you draw", "i want", "i would like",
    "make a picture of",
    "paint", "create", "generate", "i'd like a picture of", "please make an image of", "give me",
)  # fmt: skip

_SUFFIXES = ("",) * 18 + (" please", ", please", ".")

GROUND_PHRASES: dict[str, tuple[str, ...]] = {
    "beach": ("on a beach", "on the beach", "at the beach", "on a sandy beach", "at the seaside", "by the shore"),
    "night": ("at night", "in the night", "under a night sky", "on a starry night", "in front of a night sky"),
    "meadow": ("in a meadow", "on the grass", "in a field", "on a lawn", "in a green field", "on a green meadow"),
    "snow": ("in the snow", "on snow", "in a snowy field", "in winter", "in a winter landscape"),
    "sea": ("in the sea", "on the sea", "on the water", "in the ocean", "on the ocean", "in the waves", "on a lake"),
    "desert": ("in the desert", "in a desert", "on sand dunes", "in the dunes"),
    "sky": ("in the sky", "in the blue sky", "against a blue sky", "in front of the sky"),
    "sunset": ("at sunset", "at sunrise", "at dusk", "in front of a sunset", "at dawn"),
    "forest": ("in a forest", "in the forest", "in the woods", "in a jungle"),
    "city": ("in a city", "in the city", "in town", "on a street", "in front of a skyline"),
    "room": ("in a room", "in the room", "indoors", "in a living room", "in the kitchen", "in a bedroom"),
    "space": ("in space", "in outer space", "in a galaxy"),
    "mountains": ("in the mountains", "in front of mountains", "in the hills", "in a mountain landscape"),
}

_PLAIN_PHRASES = (
    "on a {c} background", "on a plain {c} background", "with a {c} background", "on {c}",
    "in front of a {c} background", "on a light {c} background",
)  # fmt: skip

STYLE_PHRASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "flat": (("in flat style", "in flat colours", "in cartoon style"), ("a cartoon of", "a flat drawing of")),
    "pencil sketch": (
        ("in pencil", "as a pencil sketch", "as a sketch", "as a pencil drawing", "in pencil sketch style"),
        ("a pencil sketch of", "a pencil drawing of", "a sketch of", "a line drawing of"),
    ),
    "watercolour": (
        ("in watercolour", "in watercolor", "as a watercolour", "as a watercolour painting", "in watercolour style"),
        ("a watercolour of", "a watercolour painting of", "a watercolor of"),
    ),
    "pixel art": (
        ("in pixel art", "as pixel art", "in pixel art style", "in 8-bit style"),
        ("pixel art of", "a pixel art picture of", "a pixelated picture of"),
    ),
    "black and white": (
        ("in black and white", "in monochrome", "in greyscale", "in grayscale", "in black and white style"),
        ("a black and white photo of", "a black and white picture of", "a monochrome picture of"),
    ),
}
"""How a style is said after the things and before them."""

_JOINED = ("and", "and", "and", "with")
_NEXT_TO = (*_JOINED, "next to", "beside", "near")
_BESIDE = ("next to", "next to", "beside", "near", "right next to")
_LEFT = ("left of", "to the left of", "on the left of", "on the left side of")
_RIGHT = ("right of", "to the right of", "on the right of", "on the right side of")
_ABOVE = ("above", "above", "over", "higher than", "on top of")
_BELOW = ("below", "below", "under", "beneath", "underneath", "lower than")


def ground_phrase(rng: random.Random, name: str) -> str:
    """A phrase that sets the scene before a background: ``on a beach``, ``on a plain white background``."""
    if name.startswith("plain "):
        colour = name.removeprefix("plain ")
        phrase = rng.choice(_PLAIN_PHRASES).format(c=rng.choice(("grey", "gray")) if colour == "grey" else colour)
        return phrase.replace("a light white", "a plain white").replace("a light black", "a plain black")
    if rng.random() < 0.08:
        return f"with a {name} background"
    return rng.choice(GROUND_PHRASES[name])


def _vary(rng: random.Random, words: Sequence[Word], name: str, share: float) -> str:
    word = next(w for w in words if w.name == name)
    return rng.choice(word.synonyms) if word.synonyms and rng.random() < share else name


def with_article(phrase: str) -> str:
    """``a`` or ``an`` before a phrase."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def noun_phrase(
    rng: random.Random, thing: str, colour: str | None, size: str | None, count: int = 1, synonyms: float = 0.12
) -> str:
    """Size, colour and name without an article; plural if count is not 1."""
    entry = find_thing(thing)
    assert entry is not None
    name = entry.name if count == 1 else entry.plural
    if entry.synonyms and rng.random() < synonyms:
        other = rng.choice(entry.synonyms)
        if " of " not in other:
            name = other if count == 1 else plural_of(other)
    parts = [_vary(rng, SIZES, size, 0.35)] if size else []
    parts += [_vary(rng, COLOURS, colour, synonyms / 2)] if colour else []
    return " ".join([*parts, name])


def counted(rng: random.Random, kind: tuple[str, str | None, str | None], count: int) -> str:
    """A group in words: ``a red apple``, ``two big dogs``."""
    phrase = noun_phrase(rng, *kind, count=count)
    if count == 1:
        return f"one {phrase}" if rng.random() < 0.04 else with_article(phrase)
    if count == 2 and rng.random() < 0.08:
        return f"a couple of {phrase}"
    return f"{count if rng.random() < 0.05 else COUNTS[count]} {phrase}"


def groups_of(objects: Sequence[Placed]) -> list[list[Placed]]:
    """Objects of one kind (thing, colour, size) together, in order of first appearance."""
    groups: dict[tuple, list[Placed]] = {}
    for item in objects:
        groups.setdefault(item.kind, []).append(item)
    return list(groups.values())


def relations_between(a: Sequence[Placed], b: Sequence[Placed], margin: float = 0.1) -> list[str]:
    """The relations that hold between every member of two groups (centres), the clearer axis first."""
    ax, ay = [o.centre[0] for o in a], [o.centre[1] for o in a]
    bx, by = [o.centre[0] for o in b], [o.centre[1] for o in b]
    gaps = {
        "left of": min(bx) - max(ax),
        "right of": min(ax) - max(bx),
        "above": min(by) - max(ay),
        "below": min(ay) - max(by),
    }
    return [name for name, gap in sorted(gaps.items(), key=lambda item: -item[1]) if gap > margin]


_RELATION_WORDS = {"left of": _LEFT, "right of": _RIGHT, "above": _ABOVE, "below": _BELOW}


def _nearness(rng: random.Random, groups: list[list[Placed]], words: list[str], frame: Frame) -> str | None:
    """``a cat between two dogs``, ``a cat next to a dog``, where it holds."""
    for index, group in enumerate(groups):
        others = [item for g in groups if g is not group for item in g]
        if len(group) == 1 and len(others) == 2 and is_between(group[0], others[0], others[1], frame):
            outside = [w for i, w in enumerate(words) if i != index]
            return f"{words[index]} {rng.choice(('between', 'between', 'in between'))} {' and '.join(outside)}"
    if len(groups) == 2 and max(map(len, groups)) == 1 and next_to(groups[0][0], groups[1][0]):
        return f"{words[0]} {rng.choice(_BESIDE)} {words[1]}"
    return None


def _join(rng: random.Random, groups: list[list[Placed]], relation: bool, near: Frame | None = None) -> str:
    """The groups in words; with a frame, "between" and "next to" are said too, and only where they hold."""
    words = [counted(rng, g[0].kind, len(g)) for g in groups]
    if len(groups) == 1:
        return words[0]
    if near and relation and rng.random() < 0.85:
        told = _nearness(rng, groups, words, near)
        if told:
            return told
    holding = relations_between(groups[0], groups[1]) if relation else []
    if holding:
        name = holding[0] if len(holding) == 1 or rng.random() < 0.75 else holding[1]
        first = f"{words[0]} {rng.choice(_RELATION_WORDS[name])} {words[1]}"
    elif len(groups) == 2:
        first = f"{words[0]} {rng.choice(_JOINED if near else _NEXT_TO)} {words[1]}"
    else:
        first = f"{words[0]}, {words[1]}"
    return " and ".join([first, *words[2:]])


def caption(
    rng: random.Random, scene: Scene, relations: float = 0.6, ground: bool | None = None, near: bool = False
) -> str:
    """One of a scene's many captions.

    ``ground`` says whether the background is named (None: mostly), ``near`` that "between" and "next to" are
    said, and only where they hold.
    """
    groups = groups_of(scene.objects)
    rng.shuffle(groups)
    body = _join(rng, groups, rng.random() < relations, scene.frame if near else None)
    if ground is None:
        ground = rng.random() > {"plain white": 0.5}.get(scene.background, 0.16)
    if ground:
        phrase = ground_phrase(rng, scene.background)
        body = f"{phrase}, {body}" if rng.random() < 0.05 else f"{body} {phrase}"
    if scene.style and (scene.style != "flat" or rng.random() < 0.5):
        body, leading = _in_style(rng, body, scene.style)
        if leading:
            return f"{body}{rng.choice(_SUFFIXES)}"
    prefix = rng.choice(_PREFIXES)
    return f"{prefix} {body}{rng.choice(_SUFFIXES)}".strip()


def _in_style(rng: random.Random, body: str, style: str) -> tuple[str, bool]:
    """A caption with its style, and whether that came first."""
    after, before = STYLE_PHRASES[style]
    if rng.random() < 0.45:
        return f"{rng.choice(before)} {body}", True
    return f"{body}{rng.choice((' ', ' ', ', '))}{rng.choice(after)}", False


def region_phrase(item: Placed) -> str:
    """What a layout calls an object: colour and name."""
    return f"{item.colour} {item.thing}" if item.colour else item.thing


def jittered(rng: random.Random, box: Box, amount: float = 0.02) -> Box:
    """A box moved and stretched a little, kept inside the picture."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value + rng.uniform(-amount, amount))) for value in box)
    return x0, y0, x1, y1


def square(box: Box, frame: Frame = SQUARE) -> Box:
    """The square around a box, as a planner would give it that knows no proportions."""
    half = max((box[2] - box[0]) * frame[0], (box[3] - box[1]) * frame[1]) / 2
    wide, high = half / frame[0], half / frame[1]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return max(0.0, x - wide), max(0.0, y - high), min(1.0, x + wide), min(1.0, y + high)


def regions(
    rng: random.Random, objects: Sequence[Placed], amount: float = 0.02, frame: Frame = SQUARE
) -> list[tuple[str, Box]]:
    """The layout of a scene, boxes slightly off; a third of the time squares instead of tight boxes."""
    squares = rng.random() < 0.35
    named = [
        (region_phrase(o), jittered(rng, square(o.box, frame) if squares else o.box, amount))
        for group in groups_of(objects)
        for o in group
    ]
    return named
