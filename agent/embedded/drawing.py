"""From a description to a Brief, and what of it does not go: contradictions, nonsense counts, undrawable things."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent.embedded.draft import Draft, new_object, object_of
from agent.embedded.syntax import Description, Link, NounPhrase
from agent.embedded.words import CATEGORY_MEMBERS
from generators.api import World
from tools import coverage
from tools.api import Brief, BriefRelation, Question
from tools.layout import contradiction
from tools.naming import colour_name, listed, plural, thing_name

MOST = 20
"""More equal objects than this are taken for a figure of speech, by a model of the world."""

FAVOURITES = ("flower", "cat", "cake", "heart", "dog", "balloon", "house", "sun", "tree", "boat", "bird", "apple",
              "star", "rainbow", "fish", "butterfly", "car", "teddy bear")  # fmt: skip


@dataclass
class Trouble(Exception):
    """Something that only the user can settle: a question, or a plain sentence where there is nothing to ask."""

    text: str
    options: list[str] = field(default_factory=list)
    slot: str = ""
    brief: Brief | None = None

    def question(self) -> Question:
        return Question(
            text=self.text[:300], options=[option[:80] for option in self.options[:4]], slot=self.slot or "objects"
        )


def brief_of(said: Description, request: str) -> Brief:
    """The Brief of a new picture. Never fails; what contradicts is found by `check`."""
    draft = Draft(Brief(request=request[:2000]))
    ids = [draft.add_group(object_of(phrase, draft.fresh_id(phrase.name or "thing"))).id for phrase in said.objects]
    for link in said.links:
        ends = (link.subject, link.object, link.other)
        if all(end is None or end < len(ids) for end in ends):
            draft.brief.relations.append(
                BriefRelation.model_validate(
                    {
                        "subject": ids[link.subject],
                        "relation": link.name,
                        "object": ids[link.object],
                        "other": ids[link.other] if link.other is not None else None,
                    }
                )
            )
    draft.merge_equal()  # `a dog and another dog`
    scenery(draft.brief, said)
    return draft.brief


def scenery(brief: Brief, said: Description) -> None:
    """Background, style, text and what to avoid."""
    brief.background = said.background or brief.background
    brief.style = said.style or brief.style
    brief.text = said.text or brief.text
    avoided = [phrase.name for phrase in said.avoid if phrase.name]
    brief.avoid = list(dict.fromkeys([*brief.avoid, *avoided]))
    brief.unknown = list(dict.fromkeys(word for word in said.unknown if word))
    brief.assumed = list(dict.fromkeys(said.assumed))


def check(brief: Brief, said: Description, world: World | None, strict: bool = True) -> None:
    """Raises `Trouble` for what cannot be drawn as it was said. A model that takes any words is never held up."""
    if world is None:
        return
    for thing in brief.objects:
        if thing.name in brief.avoid:
            raise Trouble(
                f"You ask for {thing.phrase()} and for none at once. Shall I draw {thing.phrase()}, or not?",
                [thing.phrase(), f"no {thing.name}"],
                "objects",
            )
        if thing.count == 0:
            raise Trouble(
                f"None of it would be an empty picture. How many {plural(thing.name)} shall I draw?",
                ["one", "two", "three"],
                "count",
            )
        if thing.count is not None and thing.count > MOST:
            raise Trouble(
                f"{thing.count} is more than I can draw. How many {plural(thing.name)} shall it be?",
                _numbers(world),
                "count",
            )
    circle = contradiction(brief)
    if circle:
        raise Trouble(f"These cannot both be: {listed(circle)}. Which one do you want?", _definite(circle), "relation")
    check_either(brief, said)
    check_categories(said)
    if strict:
        check_drawable(brief, said, world)


def _numbers(world: World) -> list[str]:
    words = ("one", "two", "three", "four", "five")
    return list(words[max(0, min(world.counts, 5) - 3) : min(world.counts, 5)])


def _definite(lines: list[str]) -> list[str]:
    return [" ".join("the" if word in ("a", "an") else word for word in line.split()) for line in lines[:4]]


def check_either(brief: Brief, said: Description) -> None:
    """`a cat or a dog`: which of both is the user's to say. Where there is more than that, all of it is drawn."""
    if "or" in said.marks and "and" not in said.marks and not said.links and len(brief.objects) > 1:
        phrases = [thing.phrase() for thing in brief.objects]
        raise Trouble(f"Which shall it be: {listed(phrases, 'or')}?", phrases, "objects")


def check_categories(said: Description) -> None:
    """`an animal`: which one is the user's to say."""
    for phrase in said.objects:
        if phrase.category:
            members = list(CATEGORY_MEMBERS.get(phrase.category, ()))[:4]
            noun = phrase.name.removesuffix("s") if phrase.name and phrase.plural else phrase.name
            raise Trouble(f"Which {noun} shall I draw?", [*members[:3], "you choose"], "objects")


def check_drawable(brief: Brief, said: Description, world: World) -> None:
    """Where nothing of what was named can be drawn, the nearest that can is offered."""
    names = [thing_name(thing.name) for thing in brief.objects]
    if not names or any(name in world.objects for name in names):
        return
    raise Trouble(
        f"I have not learnt to draw {listed([plural_or_one(t) for t in brief.objects], 'or')}. "
        "What shall I draw instead?",
        offers(names, world),
        "objects",
        brief,
    )


def plural_or_one(thing: object) -> str:
    phrase = thing.model_copy(update={"place": None, "colour": None, "size": None, "attributes": []})  # type: ignore[attr-defined]
    return phrase.phrase()


def offers(names: list[str], world: World, most: int = 4) -> list[str]:
    """What the model can draw that comes nearest to some names; its favourites where nothing does."""
    near = [thing for name in names for thing in coverage.nearest(name, world)]
    near += [thing for thing in (*FAVOURITES, *world.objects) if thing in world.objects]
    return list(dict.fromkeys(near))[:most]


def vague(said: Description | None, words: list[str], world: World | None) -> Trouble:
    """One short question with a few choices, drawn from what the model can draw."""
    wanted = set(words)
    likely: tuple[str, ...] = ()
    if {"birthday", "bday"} & wanted:
        likely = ("birthday cake", "balloon", "gift", "flower", "cake", "heart")
    elif {"christmas", "xmas"} & wanted:
        likely = ("christmas tree", "snowman", "gift", "star", "snowflake")
    elif {"love", "valentine", "romantic", "wife", "husband", "girlfriend", "boyfriend"} & wanted:
        likely = ("heart", "rose", "flower", "teddy bear")
    elif {"cute", "sweet", "lovely"} & wanted:
        likely = ("cat", "dog", "rabbit", "teddy bear", "panda")
    elif {"scary", "spooky", "halloween"} & wanted:
        likely = ("ghost", "spider", "dragon", "pumpkin", "wolf")
    else:
        likely = ()
    known = world.objects if world else ()
    choices = [thing for thing in (*likely, *FAVOURITES) if not world or thing in known]
    choices += [thing for thing in known if thing not in choices]
    return Trouble(
        "What would you like to see in it?", [article(thing) for thing in choices[:3]] + ["you choose"], "objects"
    )


def article(name: str) -> str:
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def surprise(seed: str, world: World | None, request: str) -> Brief:
    """A picture of the planner's own choosing: the same for the same words and number of pictures so far."""
    number = sum(map(ord, seed)) * 7919
    things = [thing for thing in FAVOURITES if not world or thing in world.objects] or list(
        world.objects[:3] if world else ()
    )
    colours = list(world.colours) if world and world.colours else ["red", "blue", "yellow"]
    grounds = list(world.backgrounds) if world and world.backgrounds else ["beach", "meadow", "night"]
    first, second = things[number % len(things)], things[(number // 7 + 1) % len(things)]
    brief = Brief(request=request[:2000], background=grounds[(number // 3) % len(grounds)])
    brief.objects.append(new_object(first, first, 1, colour=colour_name(colours[(number // 5) % len(colours)])))
    if second != first:
        brief.objects.append(new_object(second, second, 1))
    chosen = ", ".join(thing.phrase() for thing in brief.objects)
    brief.assumed = [f"my own choice: {chosen}"]
    return brief


def fill(said: Description, answer: Description) -> Description:
    """A description without objects, or with undrawable ones, completed by an answer's objects.

    Where it was asked which animal, the others that were named stay, and so does how they stand.
    """
    asked = next((at for at, thing in enumerate(said.objects) if thing.category), None)
    old = said.objects[asked or 0] if said.objects else None
    for thing in answer.objects:
        _inherit(thing, old, said)
    if asked is None or not answer.objects:
        said.objects, said.links = answer.objects, answer.links
    else:
        said.links = [_moved(link, asked, len(answer.objects) - 1) for link in said.links]
        said.objects[asked : asked + 1] = answer.objects
    for name in ("background", "style", "text"):
        setattr(said, name, getattr(answer, name) or getattr(said, name))
    said.marks -= {"or"}
    said.unknown = answer.unknown
    said.avoid += answer.avoid
    return said


def _moved(link: Link, at: int, by: int) -> Link:
    """A relation after the object `at` became so many more."""
    def now(number: int) -> int:
        return number + by if number > at else number

    other = None if link.other is None else now(link.other)
    return replace(link, subject=now(link.subject), object=now(link.object), other=other)


def _inherit(thing: NounPhrase, old: NounPhrase | None, said: Description) -> None:
    """ "two kangaroos" answered by "dog" are two dogs; "something red" answered by "a ball" is a red ball."""
    if old is not None:
        thing.colour = thing.colour or old.colour
        thing.size = thing.size or old.size
        if not thing.counted and (not thing.plural or (old.count or 0) > 1):
            thing.count, thing.counted = old.count, old.counted
    if said.colours and not thing.colour:
        thing.colour = said.colours[0]


def reconcile(brief: Brief) -> None:
    """Older relations give way to newer ones that they contradict."""
    while brief.relations and contradiction(brief):
        circle = set(contradiction(brief))
        oldest = next((r for r in brief.relations if brief.relation_text(r) in circle), brief.relations[0])
        brief.relations.remove(oldest)
