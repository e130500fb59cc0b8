"""What people say of a picture when they look for one, in whole or in part, and whether it is so.

A claim holds of a scene, or does not, or nobody could tell: whether two dogs are "a dog", whether a dog in its own
colours is "a brown dog", how big is "big". `altered` makes a scene that differs in one respect, so that two claims
of the same words tell the two apart only where somebody has looked at that.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from generators.world.captions import (
    STYLE_PHRASES,
    counted,
    ground_phrase,
    groups_of,
    noun_phrase,
    relations_between,
    square,
)
from generators.world.scenes import (
    GREY_STYLES,
    SQUARE,
    Frame,
    Placed,
    Scene,
    World,
    fit_box,
    place,
    sample_scene,
    with_objects,
)
from generators.world.tables import COLOUR_INDEX, GROUND_INDEX, STYLE_INDEX, THING_INDEX, Table
from generators.world.vocabulary import NATURAL_COLOURS, RELATIONS

MANY = 99


class Number(NamedTuple):
    """How many: it holds from ``low`` to ``high`` of them, and does not under ``least`` or over ``most``."""

    low: int
    high: int
    least: int
    most: int


def exactly(count: int) -> Number:
    """As a number word says it."""
    return Number(count, count, count, count)


A = Number(1, 1, 1, MANY)
"""``a dog``: with two of them, nobody could tell."""
ANY = Number(1, MANY, 1, MANY)
"""``dog``"""
SEVERAL = Number(2, MANY, 1, MANY)
"""``dogs``"""


class Group(NamedTuple):
    """Some equal objects; ``thing`` None is "something", ``colour`` and ``size`` None are not said."""

    thing: str | None
    colour: str | None
    size: str | None
    number: Number


class Claim(NamedTuple):
    """What a text says: who is there, how the first stands to the second, before what, in which style."""

    groups: tuple[Group, ...]
    relation: str | None = None
    ground: str | None = None
    style: str | None = None


# --- what can be said of a scene ----------------------------------------------------------


def whole_claim(rng: random.Random, scene: Scene, complete: bool = False) -> Claim:
    """All that a scene shows; a relation, the background and the style are at times left out unless ``complete``."""
    groups = _groups(scene)
    rng.shuffle(groups)
    said = tuple(Group(*group[0].kind, exactly(len(group))) for group in groups)
    told, placed, styled = (complete or rng.random() < share for share in (0.75, 0.85, 0.85))
    relation = _relation(groups) if told else None
    return Claim(said, relation, scene.background if placed else None, scene.style if styled else None)


def partial_claim(rng: random.Random, scene: Scene) -> Claim:
    """Part of what a scene shows, as people search: ``dog``, ``something red on a beach``, ``two cats in pencil``."""
    if rng.random() < 0.1:
        return Claim((), ground=scene.background)
    groups = _groups(scene)
    picked = rng.sample(groups, 2 if len(groups) > 1 and rng.random() < 0.45 else 1)
    said = tuple(_loosely(rng, group) for group in picked)
    told = all(group.thing for group in said) and rng.random() < 0.6
    placed, styled = rng.random() < 0.35, rng.random() < 0.35
    relation = _relation(picked) if told else None
    return Claim(said, relation, scene.background if placed else None, scene.style if styled else None)


def _groups(scene: Scene) -> list[list[Placed]]:
    """What there is, without colours that the style does not show."""
    grey = scene.style in GREY_STYLES
    return groups_of([replace(o, colour=None) for o in scene.objects] if grey else scene.objects)


def _relation(groups: Sequence[Sequence[Placed]]) -> str | None:
    """The clearer of the relations between the first two groups."""
    return next(iter(relations_between(groups[0], groups[1])), None) if len(groups) > 1 else None


def _loosely(rng: random.Random, group: Sequence[Placed]) -> Group:
    thing, colour, size = group[0].kind
    numbers = (A, A, ANY, ANY) if len(group) == 1 else (exactly(len(group)), exactly(len(group)), SEVERAL, ANY)
    number = rng.choice(numbers)
    if colour and rng.random() < 0.15:
        return Group(None, colour, None, SEVERAL if number == SEVERAL else ANY)
    return Group(thing, colour if rng.random() < 0.7 else None, size if rng.random() < 0.7 else None, number)


# --- how it is said -----------------------------------------------------------------------

_PREFIXES = ("",) * 12 + (
    "a photo of", "a picture of", "an image of", "show me", "find", "find me", "draw", "draw me", "i want",
    "please draw", "show me the picture with", "the one with", "something with", "a scene with",
)  # fmt: skip
_JOINED = (" and ", " and ", " and ", " with ", ", ", " next to ")
_RELATION_WORDS = {word.name: (word.name, *word.synonyms) for word in RELATIONS}


def say(rng: random.Random, claim: Claim) -> str:
    """One of the many texts of a claim."""
    nouns = [_words(rng, group) for group in claim.groups]
    if claim.relation:
        nouns[:2] = [f"{nouns[0]} {rng.choice(_RELATION_WORDS[claim.relation])} {nouns[1]}"]
    body = rng.choice(_JOINED).join(nouns)
    if claim.ground:
        body = f"{body} {_ground(rng, claim.ground, bare=not nouns)}".strip()
    if claim.style:
        after, before = STYLE_PHRASES[claim.style]
        body = f"{rng.choice(before)} {body}" if nouns and rng.random() < 0.4 else f"{body} {rng.choice(after)}"
    return f"{rng.choice(_PREFIXES)} {body}".strip() if nouns else body


def _words(rng: random.Random, group: Group) -> str:
    if group.thing is None:
        return f"{group.colour} things" if group.number == SEVERAL else f"something {group.colour}"
    kind = (group.thing, group.colour, group.size)
    if group.number == ANY:
        return noun_phrase(rng, *kind)
    if group.number == SEVERAL:
        return f"{rng.choice(('', '', 'some ', 'several '))}{noun_phrase(rng, *kind, count=2)}"
    return counted(rng, kind, group.number.low)


def _ground(rng: random.Random, name: str, bare: bool) -> str:
    if bare and rng.random() < 0.5:
        return f"{name.removeprefix('plain ')} background" if name.startswith("plain ") else name
    return ground_phrase(rng, name)


# --- whether it is so ---------------------------------------------------------------------

_SIDES = {"small": (0.26, 0.32), "big": (0.44, 0.34)}
"""The longer side, in the square root of the picture's area, at which a size is sure, and at which it can be."""
_GREY = [STYLE_INDEX[name] for name in GREY_STYLES]
_NATURAL = np.full(len(THING_INDEX), -1)
_NATURAL[[THING_INDEX[thing] for thing in NATURAL_COLOURS]] = [COLOUR_INDEX[c] for c in NATURAL_COLOURS.values()]


def holds(claims: Sequence[Claim], table: Table) -> np.ndarray:
    """Whether C claims hold of N scenes: C x N int8; 1 yes, -1 no, 0 nobody could tell."""
    found = np.zeros((len(claims), len(table)), np.int8)
    for row, claim in enumerate(claims):
        parts = list(_parts(claim, table))
        yes, no = np.logical_and.reduce([part[0] for part in parts]), np.logical_or.reduce([part[1] for part in parts])
        found[row] = np.where(no, -1, np.where(yes, 1, 0))
    return found


def _parts(claim: Claim, table: Table) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each thing that a claim says, of which scenes it surely holds and of which it surely does not (N bool)."""
    matches = [_matches(group, table) for group in claim.groups]
    for group, (sure, maybe) in zip(claim.groups, matches, strict=True):
        least, most = sure.sum(1), maybe.sum(1)
        number = group.number
        yield (number.low <= least) & (most <= number.high), (most < number.least) | (least > number.most)
    if claim.relation:
        yield _stands(claim.relation, matches[0][1], matches[1][1], table)
    for name, index, shown in ((claim.ground, GROUND_INDEX, table.ground), (claim.style, STYLE_INDEX, table.style)):
        if name:
            yield shown == index[name], shown != index[name]


def _matches(group: Group, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Which objects surely are what is meant, and which can be (N x M bool)."""
    sure = table.thing >= 0 if group.thing is None else table.thing == THING_INDEX[group.thing]
    maybe = sure
    if group.colour:
        colour, own, natural = COLOUR_INDEX[group.colour], table.colour == 0, _NATURAL[table.thing]
        grey = np.isin(table.style, _GREY)[:, None]
        like = (table.colour == colour) | own & (natural == colour)
        sure, maybe = sure & like & ~grey, maybe & (like | own & (natural < 0) | grey)
    if group.size:
        wide, high = (table.pixels[..., 2:] - table.pixels[..., :2]).transpose(2, 0, 1)
        side = np.maximum(wide, high) / np.sqrt(table.size[0] * table.size[1])
        at, can = _SIDES[group.size]
        larger = group.size == "big"
        sure, maybe = (m & ((side >= v) if larger else (side <= v)) for m, v in ((sure, at), (maybe, can)))
    return sure, maybe


def _stands(relation: str, a: np.ndarray, b: np.ndarray, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Whether every a stands so to every b, and whether no a does to any (N bool each)."""
    axis = 0 if relation in ("left of", "right of") else 1
    if relation in ("right of", "below"):
        a, b = b, a
    centre = (table.box[..., axis] + table.box[..., axis + 2]) / 2
    first, last = np.where(a, centre, -np.inf), np.where(b, centre, np.inf)
    every = last.min(1) - first.max(1) > 0.1
    some = np.where(b, centre, -np.inf).max(1) - np.where(a, centre, np.inf).min(1) > 0.02
    return every, ~some


# --- scenes that differ in one respect ----------------------------------------------------

Alter = Callable[[random.Random, Scene, World], Scene | None]


def altered(rng: random.Random, scene: Scene, world: World, kind: str) -> Scene | None:
    """The scene with one thing different, or None where it cannot be in that way."""
    return ALTERATIONS[kind](rng, scene, world)


def _swapped(scene: Scene, group: Sequence[Placed], **changes: str | None) -> Scene:
    return with_objects(scene, [replace(o, **changes) if o in group else o for o in scene.objects])  # type: ignore[arg-type]


def _recoloured(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    group = rng.choice(groups_of(scene.objects))
    thing = group[0].thing
    taken = {o.colour for o in scene.objects if o.thing == thing} | {NATURAL_COLOURS.get(thing)}
    free = [colour for colour in world.colours if colour not in taken]
    return _swapped(scene, group, colour=rng.choice(free)) if free and scene.style not in GREY_STYLES else None


def _exchanged(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    """Two kinds of things with each other's colours: the same words, put together otherwise."""
    groups = [group for group in groups_of(scene.objects) if group[0].colour]
    if len(groups) < 2 or scene.style in GREY_STYLES:
        return None
    a, b = rng.sample(groups, 2)
    if a[0].thing == b[0].thing or a[0].colour == b[0].colour:
        return None
    return _swapped(_swapped(scene, a, colour=b[0].colour), b, colour=a[0].colour)


def _recounted(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    """One more of something, or one less, but never none."""
    group = rng.choice(groups_of(scene.objects))
    spare = group[-1]
    if len(group) > 1 and (len(scene.objects) >= world.most or rng.random() < 0.5):
        return with_objects(scene, [o for o in scene.objects if o is not spare])
    taken = [o.box for o in scene.objects]
    box = place(rng, world, spare.thing, spare.side(scene.frame), taken, scene.frame) if len(taken) < 5 else None
    return with_objects(scene, [*scene.objects, replace(spare, box=box)]) if box else None


def _mirrored(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    """Everything on the other side; what it looks like stays as it is."""
    relation = _relation(groups_of(scene.objects))
    if relation is None:
        return None
    axis = 0 if relation in ("left of", "right of") else 1

    def moved(item: Placed) -> Placed:
        box = list(item.box)
        box[axis], box[axis + 2] = 1 - box[axis + 2], 1 - box[axis]
        return replace(item, box=tuple(box))  # type: ignore[arg-type]

    return with_objects(scene, [moved(item) for item in scene.objects])


def _moved_elsewhere(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    others = [ground for ground in world.backgrounds if ground != scene.background]
    return replace(scene, background=rng.choice(others)) if others else None


def _replaced(rng: random.Random, scene: Scene, world: World) -> Scene | None:
    """Another thing in place of one kind, in its colour."""
    group, there = rng.choice(groups_of(scene.objects)), {o.thing for o in scene.objects}
    thing = rng.choice([name for name in world.things if name not in there])

    def changed(item: Placed) -> Placed:
        return replace(item, thing=thing, box=fit_box(thing, square(item.box, scene.frame), scene.frame))

    return with_objects(scene, [changed(o) if o in group else o for o in scene.objects])


ALTERATIONS: dict[str, Alter] = {
    "colour": _recoloured,
    "colours exchanged": _exchanged,
    "count": _recounted,
    "relation": _mirrored,
    "background": _moved_elsewhere,
    "thing": _replaced,
}
"""The ways in which two scenes can differ."""


@dataclass(frozen=True)
class Twins:
    """Two scenes that differ in one respect."""

    kind: str
    scene: Scene
    other: Scene


def sample_twins(rng: random.Random, kind: str, world: World, frame: Frame = SQUARE) -> Twins:
    """A scene of a world that can be altered in this way, and the other."""
    while True:
        scene = sample_scene(rng, world, None, frame)
        other = altered(rng, scene, world, kind)
        if other is not None:
            return Twins(kind, scene, other)
