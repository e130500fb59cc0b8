"""One name for one thing: what planners, people and detectors call it, brought to the picture world's name.

A word that the world does not know stays as it is, in lower case.
"""

from __future__ import annotations

from generators.world import vocabulary


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def thing_name(text: str) -> str:
    """`puppies` is `dog`."""
    found = vocabulary.find_thing(text)
    return found.name if found else _folded(text)


def colour_name(text: str) -> str:
    """`crimson` is `red`."""
    found = vocabulary.find_colour(text)
    return found.name if found else _folded(text)


def background_name(text: str) -> str:
    """`on the seaside` is not understood, `the seaside` is `beach`."""
    found = vocabulary.find_background(text)
    return found.name if found else _folded(text)


def style_name(text: str) -> str:
    """`watercolor` is `watercolour`."""
    found = vocabulary.find_style(text)
    return found.name if found else _folded(text)


def plural(name: str) -> str:
    """The plural of a thing's name, by the vocabulary where it knows the thing."""
    found = vocabulary.find_thing(name)
    return found.plural if found else f"{name}s"


def some(count: int, name: str) -> str:
    """`1 dog`, `2 dogs`, `no dog`."""
    if count == 0:
        return f"no {name}"
    return f"{count} {name if count == 1 else plural(name)}"


def listed(words: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def relation_phrase(name: str) -> str:
    """`to the left of`; most relations are said as they are called."""
    return f"to the {name}" if name in ("left of", "right of") else name
