"""Every word and phrase the embedded planner knows, in one table: the picture world's names and the closed words.

A phrase may be several things at once ("orange" is a colour and a fruit, "paint" a verb of two senses): a token holds
all its readings, and the grammar asks for the one that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

from agent.embedded import words as closed
from generators.world import vocabulary as world

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Noun:
    """A name of a thing of the world, as it was said."""

    name: str
    plural: bool
    both: bool = False
    """The same word is singular and plural (sheep)."""
    said: str = ""
    """The word that was used, where the world's vocabulary does not have it."""


@dataclass
class Lexicon:
    """`table` leads from a phrase's words to its readings {kind: value}; `single` holds every word in it."""

    table: dict[Phrase, dict[str, Any]] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)
    longest: int = 1

    def put(self, phrase: str, kind: str, value: Any, override: bool = True) -> None:
        words = tuple(phrase.replace("-", " ").replace("'", "").split())
        readings = self.table.setdefault(words, {})
        if kind == "verb":
            readings.setdefault("verb", set()).add(value)
        elif override or kind not in readings:
            readings[kind] = value
        self.single.update(words)
        self.longest = max(self.longest, len(words))

    def readings(self, words: Phrase) -> Mapping[str, Any]:
        return self.table.get(words, {})


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The one table, built at first use (about 20 ms)."""
    made = Lexicon()
    for fill in (_nouns, _colours, _sizes, _numbers, _relations, _places, _grounds, _styles, _closed):
        fill(made)
    return made


def _nouns(made: Lexicon) -> None:
    by_name = {thing.name: thing for thing in world.THINGS}
    for text, thing in sorted(world.thing_names().items(), key=lambda item: item[0] in by_name):
        plural = text == thing.plural or (text not in (thing.name, *thing.synonyms))
        made.put(text, "noun", Noun(thing.name, plural, thing.name == thing.plural))
    for thing in world.THINGS:  # how people (and benchmarks) misform plurals: knifes, benchs, sheeps, persons
        for name in (thing.name, *thing.synonyms):
            made.put(f"{name}s", "noun", Noun(thing.name, True), override=False)
            if name.endswith("man"):
                made.put(f"{name[:-3]}men", "noun", Noun(thing.name, True), override=False)
        made.put(thing.name.replace(" ", ""), "noun", Noun(thing.name, False), override=False)
    for text, name in closed.MORE_NOUNS.items():
        plural = text.endswith(("s", "children")) and text != "sunglasses"
        for form, several in ((text, plural), (f"{text}s", True)):
            made.put(form, "noun", Noun(name, several, said=text), override=False)
    for text in ("men", "women"):
        made.put(text, "noun", Noun("person", True))
    for text, name in closed.CATEGORIES.items():
        made.put(text, "category", name)
        made.put(f"{text}s" if text != "furniture" else text, "category", name)


def _colours(made: Lexicon) -> None:
    for colour in closed.COLOURS_BEYOND:
        made.put(colour, "colour", colour)
    for word in world.COLOURS:
        for text in (*word.synonyms, word.name):
            for form in (text, f"light {text}", f"dark {text}", f"bright {text}", f"{text} coloured", f"deep {text}"):
                made.put(form, "colour", word.name)


def _sizes(made: Lexicon) -> None:
    for word in world.SIZES:
        for text in (word.name, *word.synonyms):
            made.put(text, "size", word.name)
    for text, name in closed.SIZE_MORE.items():
        made.put(text, "size", name)
        made.put(text, "more", name)


def _numbers(made: Lexicon) -> None:
    for text, times in closed.TIMES.items():
        made.put(text, "times", times)
    for text, number in closed.NUMBERS.items():
        made.put(text, "number", number)
    for text in closed.SOME:
        made.put(text, "some", None)
    for text, number in closed.ORDINALS.items():
        made.put(text, "ordinal", number)
    for text, pick in closed.PICKS.items():
        made.put(text, "pick", pick)


def _relations(made: Lexicon) -> None:
    for name, texts in closed.RELATIONS_BEYOND.items():
        for text in texts:
            made.put(text, "relation", name)
    for word in world.RELATIONS:
        for text in (*word.synonyms, word.name):
            made.put(text, "relation", word.name)
    for text in closed.DEPTH:
        made.put(text, "relation", text)
    for side, of in product(("left", "right"), ("its", "his", "her", "their")):
        for lead in ("to", "on", "at"):
            made.put(f"{lead} {of} {side}", "relation it", f"{side} of")
    made.put("on top", "relation it", "above")


def _places(made: Lexicon) -> None:
    ends = (
        "",
        " of the picture",
        " of the image",
        " of the scene",
        " of picture",
        " of the frame",
        " of the photo",
        " of it",
        " of the canvas",
        " of the page",
    )
    leads = (
        "at the",
        "on the",
        "in the",
        "to the",
        "into the",
        "towards the",
        "in",
        "at",
        "on",
        "over to the",
        "over on the",
        "up in the",
        "down in the",
    )
    for spot, names in closed.SPOTS.items():
        for lead, name, end in product(leads, names, ends):
            if not (end == "" and lead in ("in", "at", "on") and " " not in name):
                made.put(f"{lead} {name}{end}", "place", spot)
    for text, spot in closed.BARE_SPOTS.items():
        made.put(text, "bare place", spot)


def _grounds(made: Lexicon) -> None:
    for name in closed.BACKGROUNDS_BEYOND:
        made.put(name, "ground", name)
    for word in world.BACKGROUNDS:
        for text in (word.name, *word.synonyms, *closed.BACKGROUND_SYNONYMS.get(word.name, ())):
            if world.find_colour(text) is None and text not in ("grey", "gray", "plain", "wood"):
                made.put(text, "ground", word.name)
    for word in world.COLOURS:
        plain = f"plain {word.name}"
        known = world.find_background(plain)
        made.put(f"{word.name} background", "ground", known.name if known else plain)
        made.put(f"plain {word.name} background", "ground", known.name if known else plain)
    made.put("grey background", "ground", "plain grey")
    made.put("plain grey background", "ground", "plain grey")


def _styles(made: Lexicon) -> None:
    pairs = [(word.name, word.synonyms) for word in world.STYLES] + [(name, ()) for name in closed.STYLES_BEYOND]
    for name, synonyms in pairs:
        for text in (name, *synonyms, *closed.STYLE_SYNONYMS.get(name, ())):
            a = f"{'an' if text[0] in 'aeiou' else 'a'} {text}"
            for form in (
                text,
                f"{text} style",
                f"in {text}",
                f"in {text} style",
                f"in {a} style",
                f"as {text}",
                f"in the style of {text}",
                f"as {a}",
                f"in the style of {a}",
                a,
                f"{a} of",
                f"{text} of",
                f"{text} painting of",
                f"{a} painting of",
                f"{a} picture of",
                f"{a} drawing of",
                f"{text} drawing of",
                f"in {a} style of",
                f"{a} style",
                f"{text} version",
                f"{a} version",
            ):
                made.put(form, "style", name)


def _closed(made: Lexicon) -> None:
    for kind, senses in closed.PHRASES.items():
        for value, texts in senses.items():
            for text in texts:
                made.put(text, kind, value)


def known_words() -> frozenset[str]:
    """Single words that a misspelling may be meant for."""
    return frozenset(word for word in lexicon().single if len(word) >= 3 and word.isalpha())


def phrases_of(kind: str) -> Iterable[str]:
    return (" ".join(words) for words, readings in lexicon().table.items() if kind in readings)
