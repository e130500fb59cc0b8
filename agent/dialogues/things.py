"""Noun phrases with what they mean: new things ("two small red apples") and things of the picture ("the left one")."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from agent.dialogues import phrases
from agent.dialogues.wording import Pen
from agent.embedded.draft import Draft, Item
from agent.embedded.syntax import NounPhrase, Relation
from agent.embedded.words import CATEGORY_MEMBERS, COLOURS_BEYOND, MORE_NOUNS
from generators.world import vocabulary

Said = tuple[str, NounPhrase]

_USUAL = ("dog", "cat", "bird", "fish", "horse", "elephant", "apple", "banana", "cake", "pizza", "cup", "car", "bus",
          "boat", "airplane", "bicycle", "umbrella", "clock", "chair", "book", "tree", "flower", "house", "star",
          "sports ball", "heart", "person", "balloon", "bear", "sun", "hat", "butterfly", "train")  # fmt: skip
_COUNTS: Mapping[int | None, float] = {
    1: 64, 2: 12, 3: 8, 4: 4, 5: 2.5, None: 5, 6: 0.6, 7: 0.3, 8: 0.3, 9: 0.2, 10: 0.3, 12: 0.3, 15: 0.2, 20: 0.2,
}  # fmt: skip


@cache
def _names() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Every thing of the world with the words for it, each as singular and plural."""
    found: dict[str, list[tuple[str, str]]] = {}
    for thing in vocabulary.THINGS:
        known = [s for s in thing.synonyms if vocabulary.find_thing(s) is thing and " of " not in s]
        found[thing.name] = [(thing.name, thing.plural)] * (2 * len(known) + 2)
        found[thing.name] += [(word, vocabulary.plural_of(word)) for word in known]
    for word, name in MORE_NOUNS.items():
        if not word.endswith("s") and word != "children":
            found[name].append((word, vocabulary.plural_of(word)))
    return {name: tuple(words) for name, words in found.items()}


def a_name(pen: Pen, avoid: frozenset[str] = frozenset()) -> tuple[str, str, str, bool]:
    """The name of some thing, its singular and plural as they are said, and whether the world has it."""
    strange = pen.chance(0.04)
    name = pen.one(phrases.STRANGERS if strange else _USUAL if pen.chance(0.4) else tuple(_names()))
    if name in avoid:
        return a_name(pen, avoid)
    if strange:
        return name, name, vocabulary.plural_of(name), False
    glyph = vocabulary.find_thing(name).glyph if pen.chance(0.006) else None  # type: ignore[union-attr]
    if glyph and len(glyph) == 1:
        return name, glyph, glyph, True
    return name, *pen.one(_names()[name]), True


def a_colour(pen: Pen) -> tuple[str, str]:
    """A colour as it is said, and its name."""
    if pen.chance(0.03):
        word = pen.one(COLOURS_BEYOND)
        return word, word
    colour = pen.one(vocabulary.COLOURS)
    if pen.chance(0.15):
        return pen.one(colour.synonyms), colour.name
    return (pen.one(("light ", "dark ", "bright ")) if pen.chance(0.05) else "") + colour.name, colour.name


def a_thing(pen: Pen, avoid: frozenset[str] = frozenset(), looks: float = 1.0, **given: Any) -> Said:
    """Something new: "a red car", "three tiny ghosts", "lots of stars". `given` are fields of the noun phrase."""
    name, one, several, known = a_name(pen, avoid)
    made = NounPhrase(name=name, known=known, **{"count": pen.pick(dict(_COUNTS)), **given})
    before = []
    if "size" not in given and pen.chance(0.12 * looks):
        made.size = pen.one(("small", "big"))
    if made.size:
        before.append(pen.one(phrases.SIZES[made.size]))
    if pen.chance(0.06 * looks):
        made.attributes.append(pen.one(phrases.ADJECTIVES))
        before.append(made.attributes[0])
    if "colour" not in given and pen.chance(0.35 * looks):
        word, made.colour = a_colour(pen)
        before.append(word)
    elif made.colour:
        before.append(made.colour)
    made.plural = made.count != 1
    return _counted(pen, made, " ".join([*before, several if made.plural else one])), made


def _counted(pen: Pen, made: NounPhrase, words: str) -> str:
    """With its number in front, which says in `made` how it was said."""
    made.counted = True
    if made.count is None:
        number = pen.one(phrases.SOME)
        made.counted = bool(number)
    elif made.count != 1:
        number = pen.one(phrases.NUMBERS.get(made.count, (str(made.count),)))
    else:
        number = pen.one(phrases.ONE) if pen.chance(0.92) else ""
        made.counted = bool(number)
        made.article = "indef" if number == "a" else ""
    return f"{article(number, words)} {words}".strip()


def article(number: str, words: str) -> str:
    return "an" if number == "a" and words[:1] in "aeiou" else number


def a_category(pen: Pen) -> Said:
    """`an animal`: which one is left to somebody."""
    kind = pen.one([name for name in CATEGORY_MEMBERS if name not in ("furniture", "plant")])
    if pen.chance(0.8):
        return f"{article('a', kind)} {kind}", NounPhrase(kind, category=kind, counted=True, article="indef")
    count = pen.one((2, 3))
    return f"{pen.one(phrases.NUMBERS[count])} {kind}s", NounPhrase(f"{kind}s", category=kind, plural=True, count=count,
                                                                    counted=True)


# --- what is there ---


def words_for(pen: Pen, name: str, several: bool = False) -> str:
    return pen.one(_names().get(name, ((name, vocabulary.plural_of(name)),)))[several]


def _definite(pen: Pen, words: str) -> str:
    return f"{pen.pick({'the': 12, 'that': 1, 'this': 0.5, 'my': 0.7, '': 0.8})} {words}".strip()


def _the(name: str | None, **more: Any) -> NounPhrase:
    return NounPhrase(name=name, known=name is not None, definite=True, article="def", **more)


def pointed(pen: Pen, draft: Draft, single: bool = False) -> Said:
    """A phrase that points at something in the picture, mostly in a way that tells it from the rest.

    `single`: at one thing only. The picture is not empty.
    """
    if draft.focus and pen.chance(0.3):
        return _pronoun(pen, draft, single)
    if len(draft.items) > 1 and not single and pen.chance(0.025):
        return pen.one(("everything", "all of it", "all things", "everything in the picture")), NounPhrase(
            pronoun="all", definite=True)
    if 0 < len(draft.focus) < len(draft.items) and not single and pen.chance(0.02):
        return pen.one(("everything else", "the rest", "the others")), NounPhrase(pronoun="rest", definite=True)
    if len(draft.items) > 1 and pen.chance(0.04):
        return pen.one(("it", "it", "this", "that")), NounPhrase(pronoun="it", definite=True)
    item = pen.one(draft.items)
    alike = [other for other in draft.items if other.name == item.name]
    if len(alike) == 1 or pen.chance(0.14):
        return _alone(pen, item, draft)
    if not single and pen.chance(0.3):
        return _all(pen, item.name, len(alike))
    return _told_apart(pen, item, alike, draft)


def _pronoun(pen: Pen, draft: Draft, single: bool) -> Said:
    if len(draft.focus) > 1 and not single:
        return pen.one(("them", "them", "these", "those")), NounPhrase(pronoun="them", definite=True)
    if len(draft.focus) > 1:
        return "one of them", NounPhrase(pronoun="one of them", definite=True, count=1, counted=True)
    return pen.pick({"it": 8, "this": 1, "that": 1, "that one": 0.5}), NounPhrase(pronoun="it", definite=True)


def _alone(pen: Pen, item: Item, draft: Draft) -> Said:
    """By its name, sometimes by its colour too: for the only one of that name, or to be asked which is meant."""
    word = words_for(pen, item.name)
    if item.colour and pen.chance(0.12):
        return f"the {item.colour} {word}", _the(item.name, colour=item.colour)
    if item.colour and pen.chance(0.06) and sum(i.colour == item.colour for i in draft.items) == 1:
        return f"the {item.colour} one", _the(None, colour=item.colour)
    return _definite(pen, word), _the(item.name)


def _all(pen: Pen, name: str, number: int) -> Said:
    several = words_for(pen, name, True)
    if number == 2 and pen.chance(0.5):
        return f"{pen.one(('both', 'both the', 'both of the', 'the two'))} {several}", _the(
            name, plural=True, quantity="both", count=2)
    lead = pen.one(("all the", "all", "all of the", "the", "the", "every"))
    if lead == "every":
        return f"every {words_for(pen, name)}", _the(name, quantity="all", count=None)
    if lead == "the":
        return f"the {several}", _the(name, plural=True, count=None)
    return f"{lead} {several}", _the(name, plural=True, quantity="all", count=None)


def _told_apart(pen: Pen, item: Item, alike: list[Item], draft: Draft) -> Said:
    """One of several of a name, by where it is, what it looks like, or what is beside it."""
    by_name = pen.chance(0.6)
    name, word = (item.name, words_for(pen, item.name)) if by_name else (None, "one")
    if not by_name and {i.name for i in draft.focus} != {item.name} and len({i.name for i in draft.items}) > 1:
        name, word = item.name, words_for(pen, item.name)
    if item.colour and sum(i.colour == item.colour for i in alike) == 1 and pen.chance(0.5):
        return f"the {item.colour} {word}", _the(name, colour=item.colour)
    kind = pen.pick({"side": 5, "ordinal": 2, "size": 1.2, "height": 0.8, "place": 2, "relation": 1, "one": 0.8,
                     "other": 1.2 if draft.focus else 0})
    return _by(pen, kind, item, alike, name, word, draft)


def _by(pen: Pen, kind: str, item: Item, alike: list[Item], name: str | None, word: str, draft: Draft) -> Said:
    across = sorted(alike, key=lambda i: i.box.centre)
    at = across.index(item)
    side = "left" if at == 0 else "right" if at == len(across) - 1 else "middle" if len(across) == 3 else None
    if kind == "side" and side:
        more = {"left": ("left", "left", "leftmost"), "right": ("right", "right", "rightmost"), "middle": ("middle",)}
        return f"the {pen.one(more[side])} {word}", _the(name, pick=("side", side))
    if kind == "place" and side:
        middle = {"left": "on the left", "right": "on the right", "middle": "in the middle"}[side]
        lead = pen.one(("", "", "that is "))
        return f"the {word} {lead}{middle}", _the(name, place="centre" if side == "middle" else side)
    if kind == "size":
        which = pen.one(("biggest", "smallest"))
        words = {"biggest": ("biggest", "largest", "bigger"), "smallest": ("smallest", "smaller")}[which]
        return f"the {pen.one(words)} {word}", _the(name, pick=("size", which))
    if kind == "height":
        which = pen.one(("top", "bottom"))
        words = {"top": ("top", "upper", "highest"), "bottom": ("bottom", "lower", "lowest")}[which]
        return f"the {pen.one(words)} {word}", _the(name, pick=("side", which))
    if kind == "one":
        several = words_for(pen, item.name, True)
        return f"one of the {several}", _the(item.name, plural=True, quantity="one of", count=1)
    if kind == "other" and item.name in {i.name for i in draft.focus} and len(draft.focus) < len(alike):
        return f"the other {word}", _the(name, quantity="other", count=None)
    strangers = [i for i in draft.items if i.name != item.name]
    if kind == "relation" and strangers:
        other = pen.one(strangers)
        relation = pen.one(("left of", "right of", "next to", "above", "below"))
        link = pen.one(phrases.RELATIONS[relation][:3])
        return f"the {word} {link} the {other.name}", _the(name, relation=Relation(relation, _the(other.name)))
    if at < 5:
        ordinal = ("first", "second", "third", "fourth", "fifth")[at]
        tail = " from the left" if pen.chance(0.3) else ""
        return f"the {ordinal} {word}{tail}", _the(name, pick=("ordinal", at + 1))
    return f"the left {word}", _the(name, pick=("side", "left"))
