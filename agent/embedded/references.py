"""What a noun phrase points at in the picture: "the left one", "the other dog", "it", "all the dogs"."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.embedded.draft import Draft, Item
from agent.embedded.syntax import NounPhrase, Relation
from agent.embedded.words import CATEGORY_MEMBERS
from tools.naming import listed, plural
from tools.places import find_place


class Ambiguous(Exception):
    """Several things could be meant by a phrase that means one."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__("ambiguous")
        self.items = items


class Missing(Exception):
    """Nothing of the kind is in the picture."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass
class Choice:
    """How the user told apart what was ambiguous: by a phrase, all of it, or as the planner likes."""

    phrase: NounPhrase | None = None
    every: bool = False
    any: bool = False
    items: list[Item] = field(default_factory=list)


def find(phrase: NounPhrase, draft: Draft, choice: Choice | None = None, lenient: bool = False) -> list[Item]:
    """The items that are meant, left to right. Raises `Ambiguous` or `Missing`; `lenient` picks among several."""
    candidates = _candidates(phrase, draft)
    found = _narrowed(phrase, candidates, draft)
    if not found:
        raise Missing(_wanted(phrase))
    return _as_many(phrase, found, draft, choice or (Choice(any=True) if lenient else None))


def _candidates(phrase: NounPhrase, draft: Draft) -> list[Item]:
    if phrase.pronoun:
        return _by_pronoun(phrase.pronoun, draft)
    if phrase.category:
        return [item for item in draft.items if item.name in CATEGORY_MEMBERS.get(phrase.category, ())] or [
            item for item in draft.items if item.name == phrase.name
        ]
    if phrase.name:
        named = [item for item in draft.items if item.name == phrase.name]
        return [item for item in named if item.seen] or named
    return _of_one_kind(draft)


def _by_pronoun(pronoun: str, draft: Draft) -> list[Item]:
    if pronoun == "rest":
        kept = {id(item) for item in draft.focus}
        return [item for item in draft.items if id(item) not in kept]
    if pronoun == "all":
        return draft.items
    if pronoun == "it":
        return draft.focus or draft.items
    several = len(draft.focus) > 1
    return draft.focus if several else draft.items


def _of_one_kind(draft: Draft) -> list[Item]:
    """ "the left one": of what was spoken of, if there are several of it; else of everything."""
    names = {item.name for item in draft.focus}
    alike = [item for item in draft.items if item.name in names]
    return alike if len(alike) > 1 else draft.items


def _narrowed(phrase: NounPhrase, items: list[Item], draft: Draft) -> list[Item]:
    if phrase.colour:
        items = [item for item in items if item.colour == phrase.colour]
    if phrase.size:
        sized = [item for item in items if draft.size_of(item) == phrase.size]
        items = sized or _extreme(items, "biggest" if phrase.size == "big" else "smallest")
    if phrase.quantity == "other" and items:
        items = _others(items, draft)
    if phrase.place:
        items = _at_place(items, phrase.place)
    if phrase.relation and items:
        items = _by_relation(items, phrase.relation, draft)
    return _picked(items, phrase.pick, draft) if phrase.pick and items else items


def _others(items: list[Item], draft: Draft) -> list[Item]:
    spoken = {id(item) for item in draft.focus}
    rest = [item for item in items if id(item) not in spoken]
    return rest or items


def _x(item: Item) -> float:
    return item.box.centre[0]


def _y(item: Item) -> float:
    return item.box.centre[1]


def _at_place(items: list[Item], place: str) -> list[Item]:
    known = find_place(place)
    inside = [item for item in items if known and known.holds(item.box.centre, 0.0)]
    if len(inside) == 1 or len(items) < 2:
        return inside or items
    keys = {"left": _x, "right": lambda i: -_x(i), "top": _y, "bottom": lambda i: -_y(i)}
    best = items
    for word in place.split():
        if word in keys:
            best = sorted(best, key=keys[word])[: max(1, (len(best) + 1) // 2) if " " in place else 1]
    if place in ("centre", "middle"):
        return [_middle(items)]
    return best[:1]


def _middle(items: list[Item]) -> Item:
    return sorted(items, key=_x)[len(items) // 2]


def _by_relation(items: list[Item], relation: Relation, draft: Draft) -> list[Item]:
    try:
        others = find(relation.object, draft, lenient=True)
    except Missing:
        return items
    x, y = others[0].box.centre
    rest = [item for item in items if item not in others] or items
    sides = {
        "left of": lambda i: _x(i) < x,
        "right of": lambda i: _x(i) > x,
        "above": lambda i: _y(i) < y,
        "below": lambda i: _y(i) > y,
    }
    if relation.name in sides:
        rest = [item for item in rest if sides[relation.name](item)] or rest
    return [min(rest, key=lambda i: (_x(i) - x) ** 2 + (_y(i) - y) ** 2)]


def _picked(items: list[Item], pick: tuple[str, str | int], draft: Draft) -> list[Item]:
    kind, value = pick
    across = sorted(items, key=_x)
    if kind == "size":
        return _extreme(items, str(value))
    if kind == "side":
        newest = draft.focus if value == "newest" and draft.focus else across[-1:]
        sides = {
            "left": across[:1],
            "right": across[-1:],
            "middle": [_middle(items)],
            "newest": newest,
            "top": sorted(items, key=_y)[:1],
            "bottom": sorted(items, key=_y)[-1:],
        }
        return sides[str(value)]
    number = int(value)
    across = across[::-1] if kind == "ordinal right" else across
    if number < 0:
        return across[-1:]
    return across[number - 1 : number]


def _extreme(items: list[Item], which: str) -> list[Item]:
    ordered = sorted(items, key=lambda i: i.box.area)
    return ordered[-1:] if which == "biggest" else ordered[:1]


def _as_many(phrase: NounPhrase, found: list[Item], draft: Draft, choice: Choice | None) -> list[Item]:
    if len(found) == 1 or phrase.quantity in ("all", "both") or phrase.pronoun in ("them", "all"):
        return found
    if phrase.pronoun == "rest" and draft.focus:
        return found
    if phrase.quantity == "one of" or phrase.pronoun == "one of them":
        return _plainest(found, draft, phrase.count or 1)
    if phrase.plural and phrase.count is None:
        return found
    if phrase.count is not None and phrase.counted and phrase.article != "indef":
        return found if phrase.definite else _plainest(found, draft, phrase.count)
    if phrase.article == "indef":
        return _plainest(found, draft, 1)
    if choice is None:
        raise Ambiguous(found)
    return _chosen(found, choice, draft)


def _chosen(found: list[Item], choice: Choice, draft: Draft) -> list[Item]:
    if choice.every:
        return found
    if choice.any or choice.phrase is None:
        return found[:1]
    narrowed = _narrowed(choice.phrase, [i for i in found if choice.phrase.name in (None, i.name)], draft)
    if not narrowed:
        raise Ambiguous(found)
    return narrowed if choice.phrase.plural or len(narrowed) == 1 else narrowed[:1]


def _plainest(items: list[Item], draft: Draft, count: int) -> list[Item]:
    """Some of several, where any will do: those without a colour of their own first, from the left."""
    ordered = sorted(items, key=lambda i: ((g.colour is not None) if (g := draft.group_of(i)) else False, _x(i)))
    return sorted(ordered[:count], key=_x)


def _wanted(phrase: NounPhrase) -> str:
    words = [phrase.colour, phrase.name or ("thing" if phrase.pronoun else "one")]
    return " ".join(word for word in words if word)


def options_for(items: list[Item]) -> list[str]:
    """How to tell several things apart in few words: "the left dog", "the right dog", "both"."""
    if len({item.name for item in items}) == len(items):
        labels = [f"the {item.name}" for item in items]
    else:
        labels = _by_side(items)
    return [*labels[:3], "both" if len(items) == 2 else "all of them"]


def _by_side(items: list[Item]) -> list[str]:
    name = items[0].name if len({item.name for item in items}) == 1 else "one"
    words = {2: ("left", "right"), 3: ("left", "middle", "right")}.get(len(items))
    if words is None:
        words = ("first", "second", "third", "fourth")
    return [f"the {word} {name}" for word in words]


def described(items: list[Item]) -> str:
    """`two dogs`, `the dog and the cat`."""
    names = [item.name for item in items]
    kinds = list(dict.fromkeys(names))
    return listed([f"{names.count(n)} {plural(n)}" if names.count(n) > 1 else f"the {n}" for n in kinds])
