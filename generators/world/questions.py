"""What may be said and asked about a scene, with its exact truth: descriptions in one plain form, questions, answers.

A description is a caption without its variety: ``a red apple left of two dogs on a beach``; `told` reads one back.
Of a question the answer is drawn first, each as likely as the others, then a scene in which it is true: nobody who
does not look at the picture can answer better than by chance, or hardly (apples are red by nature).

What people might differ about is not asked: the colour of a thing in its own colours that have no common name, any
colour in a grey style, birds where there is an owl, a relation that holds by a hair.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from generators.world.captions import GROUND_PHRASES, noun_phrase, relations_between, with_article
from generators.world.scenes import GREY_STYLES, SQUARE, Frame, Placed, Scene, World, sample_scene
from generators.world.vocabulary import (
    ALSO_CALLED,
    BACKGROUNDS,
    COLOURS,
    COUNTS,
    NATURAL_COLOURS,
    RELATIONS,
    STYLES,
    find_count,
    find_thing,
)

Kind = tuple[str, str | None]
"""A thing and the colour it was painted in; None: its own colours, or a style that shows none."""


# --- descriptions -------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What a description says: how many of each kind, what holds between the first two kinds, background, style."""

    counts: tuple[tuple[Kind, int], ...]
    relation: str | None
    background: str
    style: str | None = None


def facts(scene: Scene) -> Facts:
    """The facts of a scene; kinds from left to right by their middle."""
    groups: dict[Kind, list[Placed]] = {}
    for item in sorted(scene.objects, key=lambda o: o.centre):
        groups.setdefault((item.thing, None if scene.style in GREY_STYLES else item.colour), []).append(item)
    ordered = sorted(groups.items(), key=lambda entry: _middle(entry[1]))
    holding = relations_between(ordered[0][1], ordered[1][1]) if len(ordered) > 1 else []
    counts = tuple((kind, len(items)) for kind, items in ordered)
    return Facts(counts, holding[0] if holding else None, scene.background, _styled(scene.style))


def description(scene: Scene) -> str:
    """The scene in words, always the same ones."""
    known = facts(scene)
    phrases = [_counted(kind, count) for kind, count in known.counts]
    if known.relation:
        phrases[:2] = [f"{phrases[0]} {known.relation} {phrases[1]}"]
    style = f" in {known.style} style" if known.style else ""
    return f"{' and '.join(phrases)} {_GROUND_WORDS[known.background]}{style}"


def told(text: str) -> Facts | None:
    """The facts that a description states; None for words that are no description."""
    style = next((w.name for w in STYLES if text.endswith(f" in {w.name} style")), None)
    text = text.removesuffix(f" in {style} style")
    ground = next((name for name, words in _GROUND_WORDS.items() if text.endswith(f" {words}")), None)
    if ground is None:
        return None
    text = text.removesuffix(f" {_GROUND_WORDS[ground]}")
    first, *others = text.split(" and ")
    relation = next((w.name for w in RELATIONS if f" {w.name} " in first), None)
    read = [_read(phrase) for phrase in (*(first.split(f" {relation} ") if relation else [first]), *others)]
    kinds = tuple(entry for entry in read if entry)
    return Facts(kinds, relation, ground, style) if len(kinds) == len(read) else None


_GROUND_WORDS = {
    word.name: f"on a {word.name} background" if word.name.startswith("plain ") else GROUND_PHRASES[word.name][0]
    for word in BACKGROUNDS
}


def _middle(items: Sequence[Placed]) -> tuple[float, float]:
    x, y = (sum(values) / len(items) for values in zip(*(o.centre for o in items), strict=True))
    return x, y


def _styled(style: str | None) -> str | None:
    return None if style == "flat" else style


def _name(thing: str, colour: str | None, many: bool) -> str:
    entry = find_thing(thing)
    assert entry is not None
    name = entry.plural if many else entry.name
    return f"{colour} {name}" if colour else name


def _counted(kind: Kind, count: int) -> str:
    if count == 1:
        return with_article(_name(*kind, many=False))
    return f"{COUNTS[count] if count < len(COUNTS) else count} {_name(*kind, many=True)}"


def _read(phrase: str) -> tuple[Kind, int] | None:
    """``two red dogs`` to its kind and count."""
    first, _, rest = phrase.partition(" ")
    count, colour = find_count(first), rest.split(" ")[0]
    if count is None:
        return None
    thing = find_thing(rest)
    if thing is None and any(colour == word.name for word in COLOURS):
        thing = find_thing(rest.removeprefix(colour))
        return ((thing.name, colour), count) if thing else None
    return ((thing.name, None), count) if thing else None


# --- questions ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A question about a scene, and its answer: yes or no, a number word, a colour, a background, a style."""

    kind: str
    scene: Scene
    text: str
    answer: str


SHARES = {"count": 0.26, "presence": 0.26, "relation": 0.2, "colour": 0.18, "background": 0.1, "style": 0.06}
"""The kinds of question and how often each comes; the last where a world has styles."""


def colour_of(item: Placed, style: str | None) -> str | None:
    """The colour that people would name; None where they would not agree on one."""
    return None if style in GREY_STYLES else item.colour or NATURAL_COLOURS.get(item.thing)


def count_of(scene: Scene, thing: str, colour: str | None = None) -> int | None:
    """How many of a thing there are, of a colour if one is given; None where people might differ."""
    if any(item.thing in ALSO_CALLED.get(thing, ()) for item in scene.objects):
        return None
    colours = [colour_of(item, scene.style) for item in scene.objects if item.thing == thing]
    if colour is None:
        return len(colours)
    return None if None in colours else colours.count(colour)


def answers_of(world: World, kind: str) -> tuple[str, ...]:
    """All answers to a kind of question in a world."""
    if kind == "count":
        return tuple(COUNTS[n] for n in sorted({0} | {n for shape, _ in world.shapes for n in shape}))
    if kind in ("presence", "relation"):
        return ("yes", "no")
    return {"colour": world.colours, "background": world.backgrounds, "style": world.styles}[kind]


def kinds_of(world: World) -> tuple[str, ...]:
    """The kinds of question that a world's scenes can be asked."""
    return tuple(kind for kind in SHARES if answers_of(world, kind))


def sample_question(rng: random.Random, world: World, kind: str | None = None, frame: Frame = SQUARE) -> Question:
    """A random scene and a question about it; ``kind`` is one of ``kinds_of(world)`` (None: any)."""
    kinds = kinds_of(world)
    chosen = kind or rng.choices(kinds, [SHARES[k] for k in kinds])[0]
    answer = rng.choice(answers_of(world, chosen))
    while True:
        scene = sample_scene(rng, world, _shape(rng, world, answer), frame)
        if chosen == "background":
            scene = replace(scene, background=answer)
        if chosen == "style":
            scene = replace(scene, style=answer)
        text = _MAKERS[chosen](rng, world, scene, answer)
        if text is not None:
            return Question(chosen, scene, text, answer)


def _shape(rng: random.Random, world: World, answer: str) -> tuple[int, ...] | None:
    """How many of each kind a scene must hold for a number to be the answer."""
    fitting = [shape for shape, _ in world.shapes if answer in COUNTS and COUNTS.index(answer) in shape]
    return rng.choice(fitting) if fitting else None


def _subject(rng: random.Random, world: World, scene: Scene, present: bool) -> Kind | None:
    """Something to ask about, likely to be in the scene, or likely not: another colour, another thing."""
    coloured = bool(world.colours) and scene.style not in GREY_STYLES and rng.random() < 0.5
    item = rng.choice(scene.objects)
    thing, colour = item.thing, colour_of(item, scene.style)
    if not present:
        thing = thing if coloured and rng.random() < 0.6 else rng.choice(world.things)
        colour = rng.choice(world.colours) if coloured else None
    if not coloured:
        return thing, None
    # A pair that is never shown would always be answered with no.
    return None if colour is None or (thing, colour) in world.held_out else (thing, colour)


def _count(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    number = COUNTS.index(answer)
    subject = _subject(rng, world, scene, number > 0)
    if subject is None or count_of(scene, *subject) != number:
        return None
    ways = ("how many {} are there?", "how many {} are in the picture?", "how many {} do you see?",
            "how many {} can you see?")  # fmt: skip
    return rng.choice(ways).format(noun_phrase(rng, *subject, None, count=2))


def _presence(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    subject = _subject(rng, world, scene, answer == "yes")
    number = count_of(scene, *subject) if subject else None
    if subject is None or number is None or (number > 0) != (answer == "yes"):
        return None
    if rng.random() < 0.25:
        return f"are there any {noun_phrase(rng, *subject, None, count=2)}?"
    ways = ("is there {}?", "is there {} in the picture?", "do you see {}?", "can you see {}?")
    return rng.choice(ways).format(with_article(noun_phrase(rng, *subject, None)))


def _colour(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    thing = rng.choice(scene.objects).thing
    alike = [item for item in scene.objects if item.thing == thing]
    if count_of(scene, thing, answer) != len(alike):
        return None
    words = noun_phrase(rng, thing, None, None, count=len(alike))
    ways = ("what colour {} the {}?", "what color {} the {}?", "which colour {} the {}?")
    return rng.choice(ways).format("is" if len(alike) == 1 else "are", words)


_OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


def _relation(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    alone = [item for item in scene.objects if count_of(scene, item.thing) == 1]
    if len(alone) < 2:
        return None
    first, second = rng.sample(alone, 2)
    holding = relations_between([first], [second])
    if not holding:
        return None
    name = rng.choice(holding) if answer == "yes" else _OPPOSITE[rng.choice(holding)]
    word = next(word for word in RELATIONS if word.name == name)
    words = rng.choice((name, name, *word.synonyms))
    things = (noun_phrase(rng, item.thing, None, None) for item in (first, second))
    return f"is the {f' {words} the '.join(things)}?"


def _background(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    if scene.style in GREY_STYLES and answer.startswith("plain "):
        return None
    return rng.choice(("what is the background?", "what is in the background?", "where is this?"))


def _style(rng: random.Random, world: World, scene: Scene, answer: str) -> str | None:
    return rng.choice(("what style is it?", "what is the style of the picture?", "which style is this?"))


_MAKERS: dict[str, Callable[[random.Random, World, Scene, str], str | None]] = {
    "count": _count,
    "presence": _presence,
    "relation": _relation,
    "colour": _colour,
    "background": _background,
    "style": _style,
}
