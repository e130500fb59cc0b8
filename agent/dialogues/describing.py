"""Descriptions of pictures with what they mean: objects, how they stand, background, style, what to leave out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.dialogues import phrases
from agent.dialogues.things import a_colour, a_name, a_thing, article
from agent.dialogues.wording import Pen
from agent.embedded.syntax import Description, Link, NounPhrase
from generators.world import vocabulary


@dataclass
class Draw:
    """A request for a picture: its words and what they mean."""

    words: str
    said: Description


@dataclass
class _Parts:
    """What is said between the verb and the end, in order."""

    said: Description = field(default_factory=Description)
    words: list[str] = field(default_factory=list)
    fronted: bool = False


def described(pen: Pen, anew: bool = False) -> Draw:
    """A whole request; `anew`: there is a picture, and another one is wanted."""
    parts = _Parts()
    _subject(pen, parts)
    what = " ".join(parts.words)
    ground, style = _ground(pen, parts.said, 0.42), _style(pen, parts.said)
    what = _set_in(pen, what, ground, style)
    what += _rest(pen, parts.said)
    words = _asked(pen, parts.said, what, anew, parts.fronted or what.startswith(_NO_VERB))
    return Draw(words, parts.said)


def is_exact(said: Description) -> bool:
    """Whether it has words that nobody could guess if they were misspelt."""
    things = (*said.objects, *said.avoid)
    return bool(said.text) or any(thing.name and not (thing.known or thing.category) for thing in things)


def _asked(pen: Pen, said: Description, what: str, anew: bool, fronted: bool) -> str:
    """With the words around it, and the mark that they leave in the meaning; `fronted` takes no verb before it."""
    if fronted and not anew:
        return pen.one(phrases.OPENINGS) + what
    again = {"new": 3, "draw": 0 if fronted else 6, "": 2.5 if said.objects and not fronted else 0}
    kind = pen.pick(again if anew else {"draw": 4, "want": 1.6, "": 4.5})
    said.marks |= {kind} - {""}
    table = {"draw": phrases.DRAWING, "want": phrases.WANTING, "new": phrases.ANEW, "": phrases.FRAMING}[kind]
    words = pen.one(phrases.OPENINGS) + pen.write(table, what=what)
    if pen.chance(0.05):
        return pen.one((f"{pen.one(phrases.STORIES)} {words}", f"{words}. {pen.one(phrases.ENDINGS)}"))
    return words


_NO_VERB = ("at ", "in ", "on ", "under ", "by ", "up ", "out ", "underwater", "downtown", "indoors", "from left")


# --- the objects ---


def _subject(pen: Pen, parts: _Parts) -> None:
    form = pen.pick({"one": 24, "list": 20, "pair": 30, "with": 5, "row": 2, "places": 4, "fronted": 4, "between": 3,
                     "colours": 5, "parts": 4, "sentences": 4, "together": 3, "wearing": 2, "chain": 3, "ground": 4})
    {"one": _one, "list": _list, "pair": _pair, "with": _with, "row": _row, "places": _places, "fronted": _fronted,
     "between": _between, "colours": _two_colours, "parts": _in_parts, "sentences": _sentences,
     "together": _together, "wearing": _wearing, "chain": _two_pairs, "ground": _only_ground}[form](pen, parts)


def _new(pen: Pen, parts: _Parts, **given: Any) -> str:
    """One more object, of another name than the others."""
    words, phrase = a_thing(pen, frozenset(thing.name or "" for thing in parts.said.objects), **given)
    parts.said.objects.append(phrase)
    return words


def _few(pen: Pen) -> dict[str, Any]:
    """Mostly single things where several are placed."""
    return {"count": 1} if pen.chance(0.75) else {"count": pen.one((2, 2, 3, 4))}


def _link(pen: Pen, parts: _Parts, subject: int, object: int, names: tuple[str, ...] = ()) -> str:
    name = pen.one(names) if names else pen.pick({"left of": 4, "right of": 4, "above": 4, "below": 4, "next to": 3,
                                                  "on": 1, "inside": 0.6})
    parts.said.links.append(Link(subject, name, object))
    return pen.one(phrases.RELATIONS[name])


def _one(pen: Pen, parts: _Parts) -> None:
    words = _new(pen, parts)
    thing = parts.said.objects[0]
    if thing.colour is None and pen.chance(0.06):
        word, thing.colour = a_colour(pen)
        words = pen.write(("{words} that {b} {c}", "{words} in {c}", "{words}, {c}"), words=words, c=word,
                          b="are" if thing.plural else "is")
    if pen.chance(0.1):
        thing.place = pen.one(tuple(phrases.PLACES))
        words = f"{words} {pen.one(phrases.PLACES[thing.place])}"
    parts.words.append(words)


def _list(pen: Pen, parts: _Parts) -> None:
    words = [_new(pen, parts) for _ in range(pen.pick({2: 5, 3: 4, 4: 1.5}))]
    parts.words.append(listed(pen, words))


def listed(pen: Pen, words: list[str]) -> str:
    last = pen.one((" and ", " and ", " and ", ", ", " & ", " plus ", ", and "))
    return (", " if pen.chance(0.85) else " and ").join(words[:-1]) + last + words[-1] if len(words) > 1 else words[0]


def _pair(pen: Pen, parts: _Parts) -> None:
    """`a dog left of a cat`, and perhaps something else besides."""
    first, second = _new(pen, parts, **_few(pen)), _new(pen, parts, **_few(pen))
    link = _link(pen, parts, 0, 1)
    is_ = pen.pick({"": 16, "that is ": 1.5, "standing ": 0.8, "sitting ": 0.8, "is ": 1, "sits ": 0.4, "stands ": 0.4})
    words = f"{first} {is_}{link} {second}"
    if pen.chance(0.2):
        words = pen.write("{w} (and|, and|with|plus) {third}", w=words, third=_new(pen, parts))
    parts.words.append(words)


def _two_pairs(pen: Pen, parts: _Parts) -> None:
    a, b = _new(pen, parts, count=1, looks=0.6), _new(pen, parts, count=1, looks=0.6)
    first = f"{a} {_link(pen, parts, 0, 1)} {b}"
    if pen.chance(0.5):
        c, d = _new(pen, parts, count=1, looks=0.6), _new(pen, parts, count=1, looks=0.6)
        parts.words.append(f"{first} and {c} {_link(pen, parts, 2, 3)} {d}")
        return
    c = _new(pen, parts, count=1, looks=0.6)
    about = pen.one((0, 1))
    link = _link(pen, parts, 2, about)
    parts.words.append(f"{first}, and {c} {link} the {parts.said.objects[about].name}")


def _with(pen: Pen, parts: _Parts) -> None:
    """`a house with a tree to the left of it`."""
    first, second = _new(pen, parts, count=1), _new(pen, parts, **_few(pen))
    if pen.chance(0.4):
        side = pen.one(("left", "right"))
        parts.said.links.append(Link(1, f"{side} of", 0))
        patterns = ("{a} with {b} (on|to) its {s}", "{a}, and (on|to) its {s} {b}", "{a}, {b} to its {s}")
        parts.words.append(pen.write(patterns, a=first, b=second, s=side))
        return
    parts.words.append(f"{first} {pen.one(('with', 'and', 'with'))} {second} {_link(pen, parts, 1, 0)} it")


def _row(pen: Pen, parts: _Parts) -> None:
    words = [_new(pen, parts, count=1, looks=0.5) for _ in range(pen.one((2, 3, 3)))]
    parts.said.links += [Link(n, "left of", n + 1) for n in range(len(words) - 1)]
    several = listed(pen, words)
    parts.words.append(pen.write(("from left to right(:|) {w}", "{w} (from left to right|lined up from left to right)"),
                                 w=several))


def _places(pen: Pen, parts: _Parts) -> None:
    """`a dog on the left and a cat on the right`, `on the left a dog, …`."""
    spots = pen.one((("left", "right"), ("right", "left"), ("top", "bottom"), ("top left", "bottom right"),
                     ("left", "centre"), ("bottom left", "top right"), ("centre", "right"),
                     ("left", "centre", "right")))
    fronted, said = pen.chance(0.3), []
    for spot in spots:
        words, where = _new(pen, parts, **_few(pen)), pen.one(phrases.PLACES[spot])
        parts.said.objects[-1].place = spot
        said.append(f"{where} {words}" if fronted else f"{words} {where}")
    parts.fronted = fronted
    parts.words.append(pen.one((", ", " and ", ", ")).join(said[:-1]) + pen.one((" and ", ", ")) + said[-1])


def _fronted(pen: Pen, parts: _Parts) -> None:
    """`to the left of a tree is a dog`."""
    other = _new(pen, parts, count=1)
    words = _new(pen, parts, **_few(pen))
    link = _link(pen, parts, 1, 0, ("left of", "right of", "above", "below", "next to"))
    parts.fronted = True
    parts.words.append(pen.write("{link} {other}(, there is| is| there is|,) {w}", link=link, other=other, w=words))


def _between(pen: Pen, parts: _Parts) -> None:
    words = [_new(pen, parts, count=1, looks=0.6) for _ in range(3)]
    parts.said.links.append(Link(0, "between", 1, 2))
    parts.words.append(f"{words[0]} {pen.one(('between', 'between', 'in between'))} {words[1]} and {words[2]}")


def _together(pen: Pen, parts: _Parts) -> None:
    words = [_new(pen, parts, count=1) for _ in range(2)]
    parts.said.links.append(Link(0, "next to", 1))
    near = pen.one(("next to each other", "side by side", "beside each other", "close together"))
    parts.words.append(f"{words[0]} and {words[1]} {near}")


def _wearing(pen: Pen, parts: _Parts) -> None:
    who = _new(pen, parts, count=1)
    what = _new(pen, parts, count=1)
    parts.said.links.append(Link(1, "on", 0))
    parts.words.append(f"{who} wearing {what}")


def _two_colours(pen: Pen, parts: _Parts) -> None:
    """`a red and a blue car`, `red and blue cars`, `three balls: red, green and blue`."""
    name, one, several, known = a_name(pen)
    colours = pen.rng.sample(vocabulary.COLOURS, pen.one((2, 2, 3)))
    for colour in colours:
        parts.said.objects.append(NounPhrase(name=name, known=known, colour=colour.name, counted=True))
    names = [colour.name for colour in colours]
    if len(names) == 2 and pen.chance(0.6):
        first = article("a", names[0])
        parts.words.append(f"{first} {names[0]} and {article('a', names[1])} {names[1]} {one}")
    else:
        number = pen.one(phrases.NUMBERS[len(names)][:2])
        parts.words.append(pen.write("{n} {s}(:|,) {c}", n=number, s=several, c=listed(pen, names)))


def _in_parts(pen: Pen, parts: _Parts) -> None:
    """`two cats, one black and one white`, `three dogs, one of them red`."""
    name, _, several, known = a_name(pen)
    first, second = (colour.name for colour in pen.rng.sample(vocabulary.COLOURS, 2))
    total = pen.one((2, 2, 3, 4))
    number = pen.one(phrases.NUMBERS[total][:2])
    rest = total - 1
    if pen.chance(0.6):
        tail = f"one {first} and {'one' if rest == 1 else phrases.NUMBERS[rest][0]} {second}"
    else:
        tail, second = pen.one((f"one of them {first}", f"one of them is {first}", f"one is {first}")), ""
    made = [NounPhrase(name=name, known=known, plural=rest > 1, count=rest, counted=True, colour=second or None),
            NounPhrase(name=name, known=known, count=1, counted=True, colour=first)]
    parts.said.objects += made if not second else made[::-1]
    parts.words.append(f"{number} {several}, {tail}")


def _sentences(pen: Pen, parts: _Parts) -> None:
    """`a dog. next to it a cat. the cat is black`."""
    first, second = _new(pen, parts, **_few(pen)), _new(pen, parts, count=1)
    link = _link(pen, parts, 1, 0, ("left of", "right of", "above", "below", "next to"))
    one, other = parts.said.objects
    head = (one.name or "") if one.count == 1 else vocabulary.plural_of(one.name or "")
    words = pen.write(("{a}. {b} is {l} the {h}", "{a} and {b}, the {o} is {l} the {h}",
                       "{a} and {b}. the {o} is {l} it", "{a}, {b}. the {o} should be {l} the {h}"),
                      a=first, b=second, l=link, h=head, o=other.name or "")
    if other.colour is None and pen.chance(0.4):
        word, other.colour = a_colour(pen)
        words += pen.write("(.|,|;) the {o} (is|should be) {c}", o=other.name or "", c=word)
    parts.words.append(words)


def _only_ground(pen: Pen, parts: _Parts) -> None:
    """A landscape without things in it."""
    name = pen.one([name for name in phrases.KNOWN_GROUNDS if not name.startswith("plain")])
    parts.said.background = name
    word = pen.one(phrases.BARE_GROUNDS[name])
    lead = pen.one(("an empty ", "a ", "the ", "a beautiful ", "just a "))
    if word.endswith("s") or word in ("grass", "space", "outer space", "snow"):
        lead = pen.one(("", "the "))
    parts.words.append(f"{article('a', word)} {word}" if lead == "a " else f"{lead}{word}")


# --- around them ---


def _ground(pen: Pen, said: Description, share: float) -> str:
    if said.background or not pen.chance(share):
        return ""
    said.background = pen.one(phrases.STRANGE_GROUNDS if pen.chance(0.06) else phrases.KNOWN_GROUNDS)
    if said.background in phrases.BARE_GROUNDS and pen.chance(0.25):
        word = pen.one(phrases.BARE_GROUNDS[said.background])
        patterns = ("with {a} {w} (background|backdrop)", "{w} background", "background: {w}",
                    "in the background {a} {w}", "and {a} {w} in the background")
        coloured = said.background.startswith("plain")
        a = "" if word.endswith("s") else article("a", word)
        return pen.write(patterns[:3] if coloured else patterns, a=a, w=word)
    return pen.write(phrases.GROUNDS[said.background])


def _style(pen: Pen, said: Description) -> str:
    """`in pencil sketch style`, or "" (a quarter of the time in front, which `_set_in` does)."""
    if not pen.chance(0.1):
        return ""
    said.style = pen.one(tuple(phrases.STYLES) if pen.chance(0.3) else phrases.KNOWN_STYLES)
    return pen.one(phrases.STYLES[said.style])


def _set_in(pen: Pen, what: str, ground: str, style: str) -> str:
    if ground and what:
        front = pen.chance(0.12) and not ground.startswith(("with", "and", "in the background", "background"))
        comma = pen.pick({" ": 5, ", ": 2})
        what = f"{ground}, {what}" if front else f"{what}{comma}{ground}"
    if style:
        patterns = ("{w} in {s} style", "{w}, {s}", "{w} as {a} {s}", "{w}, {s} style", "{w} in the style of {a} {s}",
                    "{a} {s} of {w}", "{s} style: {w}")
        what = pen.write(patterns, w=what, s=style, a=article("a", style))
    return what


def _rest(pen: Pen, said: Description) -> str:
    """What must not be there, what is written in it, a seed."""
    words = ""
    if pen.chance(0.08):
        taken = frozenset(thing.name or "" for thing in said.objects)
        names = [a_name(pen, taken) for _ in range(pen.pick({1: 4, 2: 1}))]
        said.avoid += [NounPhrase(name=name, known=known, plural=True, count=None) for name, _, _, known in names]
        lead = pen.one((" without ", " but no ", ", no ", " without any ", " and no ", ", please no "))
        words += lead + pen.one((" or ", " and ")).join(several for _, _, several, _ in names)
    if pen.chance(0.03):
        said.text = pen.one(phrases.SAYINGS)
        words += " " + pen.write(('with the (words|text) "{t}"', '(that says|saying) "{t}"', "with the word '{t}'"),
                                 t=said.text)
    if pen.chance(0.02):
        said.seed = pen.rng.randrange(10000)
        words += " " + pen.write("(with|, |using) seed {n}", n=str(said.seed))
    return words
