"""A Brief as one plain sentence, in the picture world's canonical phrasing.

"a red apple to the left of two dogs and a cat on a beach in watercolour style": relations first, then what else
is there, the background, the style. Knows words, not pictures.
"""

from __future__ import annotations

from generators.api import World
from tools.api import Brief, BriefObject, BriefRelation
from tools.naming import background_name, colour_name, listed, plural, relation_phrase, style_name, thing_name

_GROUNDS = {
    "beach": "on a beach", "night": "at night", "meadow": "in a meadow", "snow": "in the snow", "sea": "in the sea",
    "desert": "in the desert", "sky": "in the sky", "sunset": "at sunset", "forest": "in a forest",
    "city": "in a city", "room": "in a room", "space": "in space", "mountains": "in the mountains",
}  # fmt: skip


def background_phrase(name: str) -> str:
    """`on a beach`, `at night`, `on a plain white background`; what the world does not know: `with a … background`."""
    known = background_name(name)
    if known in _GROUNDS:
        return _GROUNDS[known]
    words = [word for word in known.split() if word != "background"]
    article = "an" if words and words[0][:1] in "aeiou" else "a"
    return f"{'on' if known.startswith('plain ') else 'with'} {article} {' '.join(words)} background"


def style_phrase(name: str) -> str:
    """`in watercolour style`."""
    return f"in {style_name(name).removesuffix(' style')} style"


def caption(brief: Brief, world: World | None = None) -> str:
    """The whole Brief in one sentence, or, for a model of a `world`, what its captions taught it to read.

    Such a model reads one relation, sizes and colours; where further objects belong, boxes tell it better.
    """
    if world is not None:
        brief = _plain(brief, world)
    parts = [_objects(brief)]
    if brief.background:
        parts.append(background_phrase(brief.background))
    if brief.style and style_name(brief.style) != "flat":
        parts.append(style_phrase(brief.style))
    if brief.text:
        parts.append(f'with the words "{brief.text}"')
    return " ".join(part for part in parts if part)


def object_phrase(thing: BriefObject) -> str:
    """The object as a model of the world reads it in a layout: colour and singular name."""
    colour = colour_name(thing.colour) if thing.colour else None
    return " ".join(word for word in (colour, thing_name(thing.name)) if word)


def _plain(brief: Brief, world: World) -> Brief:
    """Only the words that the world's captions have."""
    things = [_plain_object(thing, world) for thing in brief.objects if thing.count != 0]
    ids = {thing.id for thing in things}
    relations = [r for r in brief.relations if {r.subject, r.object} <= ids and r.relation in _told(world)]
    style = brief.style if brief.style and style_name(brief.style) in world.styles else None
    return brief.model_copy(update={"objects": things, "relations": relations[:1], "style": style, "text": None})


def _plain_object(thing: BriefObject, world: World) -> BriefObject:
    name = thing_name(thing.name)
    colour = colour_name(thing.colour) if thing.colour else None
    return thing.model_copy(update={"name": name, "plural": plural(name), "attributes": [], "colour": colour,
                                    "count": 3 if thing.count is None else thing.count})


def _told(world: World) -> tuple[str, ...]:
    return (*world.relations, "next to") if world.relations else ("left of", "right of", "above", "below", "next to")


def _objects(brief: Brief) -> str:
    """Relations first, each object named in full once; "the dog" where it was named before."""
    said: set[str] = set()
    clauses = [_clause(brief, relation, said) for relation in brief.relations]
    clauses += [thing.phrase() for thing in brief.objects if thing.id not in said and thing.count != 0]
    return listed(clauses)


def _clause(brief: Brief, relation: BriefRelation, said: set[str]) -> str:
    link = relation_phrase(relation.relation)
    words = [_noun(brief, relation.subject, said), link, _noun(brief, relation.object, said)]
    if relation.other:
        words += ["and", _noun(brief, relation.other, said)]
    return " ".join(words)


def _noun(brief: Brief, id: str, said: set[str]) -> str:
    thing = brief.named(id)
    if thing is None:
        return id
    if id not in said:
        said.add(id)
        return thing.phrase()
    bare = thing.model_copy(update={"attributes": [], "size": None})
    if thing.count == 1:
        return f"the {bare.phrase(count=False)}"
    return f"the {' '.join(bare.model_copy(update={'count': 2}).phrase().split()[1:])}"
