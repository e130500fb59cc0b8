"""Words of an instruction that say what, how and where: for models whose language is the picture world's.

Knows the vocabulary, not grammar: an instruction was understood by the planner before it came here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from generators.world import vocabulary

_ARTICLE = re.compile(r"^(?:a|an|the|one|some|another)\s+")
_AROUND = re.compile(
    r"^(?:please\s+)?(?:(?:put|place|add|draw|paint|insert|make|fill|replace|turn|change|this|that|it|in|into|with|to|by"
    r"|there|here)\s+)+|\s*(?:,?\s*(?:here|there|in here|in there|please|instead))+[.!]?$")
_REMOVING = re.compile(r"\b(?:remove|erase|delete|clear|nothing|take (?:\w+ ){0,3}(?:away|out)|get rid of)\b")
_BIGGER = re.compile(r"\b(?:bigger|larger|enlarge|grow|taller|wider|increase)\b")
_SMALLER = re.compile(r"\b(?:smaller|shrink|shorter|reduce|tinier|decrease)\b")
_BIG = re.compile(r"\b(?:big|large|huge|giant|enormous)\b")
_SMALL = re.compile(r"\b(?:small|little|tiny|mini|miniature)\b")
_SWAPPING = re.compile(r"\bswap\b|\b(?:switch|exchange|trade|change) (?:\w+ ){0,8}?(?:places?|positions?)\b")
_ON_THE_WAY = frozenset({"the", "and", "corner", "side", "please", "further", "a", "bit", "little", "of", "picture",
                         "image", "there"})  # fmt: skip
_TOWARDS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "upwards": (0, -1), "higher": (0, -1), "top": (0, -1),
            "down": (0, 1), "downwards": (0, 1), "lower": (0, 1), "bottom": (0, 1)}  # fmt: skip
_MIDDLE = frozenset({"centre", "center", "middle"})
_RELATIONS = (
    (r"left of|left from|on the left (?:side )?of", "left of"), (r"right of|on the right (?:side )?of", "right of"),
    (r"above|over", "above"), (r"below|under|beneath|underneath", "below"), (r"on top of|onto|atop", "on"),
    (r"next to|beside|near|by", "next to"), (r"inside|into", "inside"), (r"on", "on"), (r"in", "inside"),
)  # fmt: skip


class Phrase(NamedTuple):
    """A thing with its colour, as a layout calls it; both as the vocabulary has them."""

    thing: str | None
    colour: str | None
    words: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.colour, self.thing) if part) if self.thing else self.words


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9][a-z0-9'-]*", text.lower())


def find_phrase(text: str) -> Phrase:
    """The first thing that a text names, with the colour said before it: "a little purple puppy" is purple dog.

    Where the world knows none, the words themselves without article and verb.
    """
    words = words_of(text)
    start, length = _first_thing(words)
    bare = _ARTICLE.sub("", _AROUND.sub("", " ".join(words)).strip()).strip()
    if not length:
        return Phrase(None, find_colours(words)[-1] if find_colours(words) else None, bare or " ".join(words))
    thing = vocabulary.find_thing(" ".join(words[start:start + length]))
    colours = find_colours(words[:start])
    return Phrase(thing.name if thing else None, colours[-1] if colours else None, bare)


def _first_thing(words: list[str]) -> tuple[int, int]:
    """Where the first thing's name stands and how many words it has; the longest name wins. (0, 0) for none.

    A colour's name is a thing's ("orange") only where no thing follows it.
    """
    names = vocabulary.thing_names()
    spans = [(start, length) for start in range(len(words)) for length in (3, 2, 1)
             if " ".join(words[start:start + length]) in names and start + length <= len(words)]
    if not spans:
        return 0, 0
    first = min(spans, key=lambda span: (span[0], -span[1]))
    later = [span for span in spans if span[0] == first[0] + first[1]]
    if first[1] == 1 and vocabulary.find_colour(words[first[0]]) and later:
        return later[0]
    return first


def find_colours(words: list[str]) -> list[str]:
    """Every colour's name among the words, in order."""
    found = (vocabulary.find_colour(word) for word in words)
    return [colour.name for colour in found if colour]


def find_ground(text: str) -> str | None:
    """The background that a text names; the longest name wins."""
    words = words_of(text)
    for length in (4, 3, 2, 1):
        for start in range(len(words) - length + 1):
            part = " ".join(words[start:start + length])
            found = vocabulary.find_background(part)
            if found and (length > 1 or not vocabulary.find_colour(part) or "background" in words):
                return found.name
    return None


def removes(text: str) -> bool:
    """Whether the words ask for something to be gone ("remove this")."""
    return bool(_REMOVING.search(text.lower()))


def factor(text: str) -> float | None:
    """How much larger or smaller: 1.5, 0.62, or None where the words say neither."""
    lowered = text.lower()
    for larger, smaller in ((_BIGGER, _SMALLER), (_BIG, _SMALL)):
        if larger.search(lowered):
            return 1.5
        if smaller.search(lowered):
            return 0.62
    return None


def swaps(text: str) -> bool:
    """Whether two things are to change places."""
    return bool(_SWAPPING.search(text.lower()))


def last_place(text: str) -> list[str]:
    """The words for a direction or a place that stand last: "the left dog to the top right" is top, right."""
    found: list[str] = []
    for word in reversed(words_of(text)):
        if word in _TOWARDS or word in _MIDDLE:
            found.insert(0, word)
        elif found and (word not in _ON_THE_WAY or word == "of"):
            break
    return found


def direction(text: str) -> tuple[int, int] | None:
    """Where "further left" or "up" lead, as a step across and down."""
    found = [_TOWARDS[word] for word in last_place(text) if word in _TOWARDS]
    if not found:
        return None
    return max(-1, min(1, sum(x for x, _ in found))), max(-1, min(1, sum(y for _, y in found)))


def anchor(text: str) -> tuple[str, str] | None:
    """A relation to another thing, and that thing's name: "next to the red apple" is ("next to", "apple")."""
    lowered = " ".join(words_of(text))
    for pattern, name in _RELATIONS:
        for found in re.finditer(rf"\b(?:{pattern}) (?:(?:the|a|an|its|my|this|that) )?(.+)$", lowered):
            thing = _right_there(found[1].split())
            if thing:
                return name, thing
    return None


def _right_there(words: list[str]) -> str | None:
    """The thing that the words begin with, but for its colour and size."""
    start, length = _first_thing(words)
    adjectives = all(vocabulary.find_colour(word) or vocabulary.find_size(word) for word in words[:start])
    thing = vocabulary.find_thing(" ".join(words[start:start + length])) if length and adjectives else None
    return thing.name if thing else None
