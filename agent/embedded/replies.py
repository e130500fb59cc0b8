"""What the planner says in words. One or two plain sentences; facts only from what it was told."""

from __future__ import annotations

from agent.embedded import talk
from agent.embedded.grammar import Grammar
from agent.embedded.normalise import words_of
from agent.embedded.situation import Situation
from agent.embedded.tokens import Token, tokens_of
from tools import coverage
from tools.api import Brief, SceneObject
from tools.naming import listed, plural, relation_phrase, some, thing_name
from tools.relations import holds

ALL_RIGHT = "All right, I leave it as it is."
THANKS = "You are welcome. Say what to change, or what to draw next."
ENGLISH = "I understand English only; please say it in English."
UNASKED = "All right, I will not ask in this session; where something is open, I choose."
NOT_AN_ANSWER = "I did not understand that answer."
NO_PICTURE = 'There is no picture yet. Say what to draw, for example "a red apple left of two dogs on a beach".'
NOTHING_TO_UNDO = "There is nothing to undo: no picture has been made yet."
NOTHING_TO_REDO = "There is nothing to redo: this is the newest version."
START_OVER = "All right, something new: what shall I draw?"
NOTED = "Noted for this picture; nothing had to be drawn."
ALREADY = "The picture is like that already."
DRAWN_ANEW = "I could not change only that, so I draw it anew."
PICTURE_SIZE = "The size of the picture comes with the model that draws it; I can make things in it bigger or smaller."
KEPT = "It is saved already: every version stays, and the picture can be downloaded from where it is shown."
NO_WORDS = "I have not learnt to write words into a picture; I keep them in mind."
_EXAMPLES = '"two dogs on a beach", then "make the left dog purple", "add a cake", "at night" or "undo"'


ONLY_PICTURES = "I only draw pictures, and talk about the one that is here. Say what you want to see."
NO_MIRROR = (
    "I cannot mirror or flip a picture, but I can move a thing to the other side of it: say "
    '"move it to the other side".'
)
NO_FILTERS = (
    "I cannot rotate, crop, brighten or sharpen a picture. I can add, remove, replace, recolour, resize and move "
    "things, and change the background."
)


def joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def silence(now: Situation) -> str:
    if now.uploads:
        return "I have your picture. Say what to change in it."
    if now.mask:
        return "I see the part that you painted over. Say what belongs there."
    return "Say what to draw, or what to change."


def after(results: list[str]) -> str:
    """The last word of a turn: why something failed, as the tool put it; else nothing, the facts follow."""
    errors = [text for text in results if text.startswith("Error: ")]
    return errors[-1].removeprefix("Error: ").split("\n")[0][:500] if errors else ""


def greeting(now: Situation) -> str:
    return f"Hello! I draw pictures and change them as you say: {_EXAMPLES}. What shall it be?"


def not_understood(now: Situation) -> str:
    said = " ".join(now.message.split())[:80]
    if now.has_picture and _about_filters(said):
        return strange(said)
    return (
        f'I did not understand "{said}". You can say, for example, {_EXAMPLES}; "what can you draw?" lists what I know.'
    )


def view(now: Situation, change: str, name: str | None) -> str:
    """There is no camera; what can be done instead, about something that is there."""
    wanted = [thing.name for thing in now.brief.objects] if now.brief else []
    name = name or next(iter([*(thing.name for thing in now.scene), *wanted]), "dog")
    return f'There is no camera to move, but I can make the {name} {change}: say "make the {name} {change}".'


def strange(said: str) -> str:
    """A part of a change that could not be read."""
    if {"mirror", "mirrored", "flip", "flipped"} & {word.text for word in words_of(said)}:
        return NO_MIRROR
    return NO_FILTERS if _about_filters(said) else f'I did not understand "{said[:80]}".'


def _about_filters(said: str) -> bool:
    return bool(talk.FILTERS & {word.text for word in words_of(said)})


def notes(now: Situation, brief: Brief) -> str:
    """What was not understood, what was taken for something else, and what comes nearest to what cannot be drawn."""
    lines = []
    strange = [word for word in brief.unknown if len(word) > 2 or not word.isascii()]
    if strange and now.world is not None:
        lines.append(f"I did not understand {listed([quoted(word) for word in strange[:6]])}.")
    if brief.assumed:
        lines.append(f"I assumed: {'; '.join(brief.assumed)}.")
    return joined(*lines, *_nearest(now, brief))


def quoted(text: str) -> str:
    return f'"{text[:40]}"'


def _nearest(now: Situation, brief: Brief) -> list[str]:
    world = now.world
    if world is None:
        return []
    strange = [thing_name(thing.name) for thing in brief.objects if thing_name(thing.name) not in world.objects]
    lines = []
    for name in list(dict.fromkeys(strange))[:3]:
        near = coverage.nearest(name, world)
        tail = f"; the nearest that I can draw: {listed(near, 'or')}" if near else ""
        lines.append(f'I have not learnt to draw "{name[:40]}"{tail}.')
    return lines


def complaint(now: Situation) -> str:
    """It is not right, and nobody said what: what can be done about it."""
    return 'What should be different? Name it ("make the dog red", "remove the cat"), or say "again" for another try.'


# --- questions about the studio ---


def ability(now: Situation, about: str, tokens: list[Token]) -> str:
    sayings = {"help": _help, "who": _who, "all": _all, "models": _models, "can": _can, "sizes": _sizes}
    if about == "can":
        return _can(now, tokens)
    if about in sayings:
        return sayings[about](now)  # type: ignore[operator]
    if about == "language":
        return ENGLISH
    return _names(now, about)


def _help(now: Situation) -> str:
    return (
        f"Say what you want to see, then what to change: {_EXAMPLES}. Paint over a part to repaint only that part, or "
        'bring a picture of your own. "what can you draw?" lists what I know.'
    )


def _who(now: Situation) -> str:
    return f"I am Maquette, an image studio that you talk to; {now.model} draws the pictures, here on this machine."


def _all(now: Situation) -> str:
    world = now.world
    if world is None:
        return f"{now.model} takes any words: describe a picture, and then say what to change{_abilities(now)}."
    names = ", ".join(plural(name) for name in world.objects[:40])
    more = f" and {len(world.objects) - 40} more things" if len(world.objects) > 40 else ""
    return (
        f"I draw {names}{more}; in {_list(world.colours)}; up to {world.counts} of a kind; with backgrounds such as "
        f"{_list(world.backgrounds[:8])}. Then you can change things: {_EXAMPLES}."
    )


def _list(names: tuple[str, ...]) -> str:
    return listed(list(names)) or "their own colours"


def _abilities(now: Situation) -> str:
    able = {"edit": "I can edit", "inpaint": "I can repaint a part that you paint over"}
    found = [text for name, text in able.items() if name in now.capabilities]
    return f" ({listed(found)})" if found else " (this model only draws new pictures)"


def _models(now: Situation) -> str:
    return f"{now.model} is loaded now; the others are listed under Models, or by the command models."


def _sizes(now: Situation) -> str:
    return f"Pictures have the size that {now.model} was made for; things in them can be small or big."


def _names(now: Situation, about: str) -> str:
    if now.world is None:
        return f"{now.model} takes any words for {about}."
    if about == "objects":
        return _all(now)
    names = getattr(now.world, about, ())
    return f"I know these {about}: {_list(names)}." if names else f"{now.model} has learnt no {about}."


def _can(now: Situation, tokens: list[Token]) -> str:
    named = [token.get("noun").name for token in tokens if token.has("noun")]
    if named and now.world is not None:
        yes = [name for name in named if name in now.world.objects]
        no = [name for name in named if name not in now.world.objects]
        parts = [
            f"Yes, I can draw {listed([plural(n) for n in yes])}." if yes else "",
            f"No, I have not learnt to draw {listed([plural(n) for n in no])}." if no else "",
        ]
        return joined(*parts, "Say it as a wish, and I start.")
    if any(token.text in ("edit", "change") or token.verb("set") for token in tokens):
        able = "edit" in now.capabilities
        return (
            "Yes: bring a picture and say what to change in it."
            if able
            else f"No, {now.model} only draws new pictures; another model may edit."
        )
    return _all(now)


# --- questions about the picture ---


def about_picture(now: Situation, text: str, tokens: list[Token]) -> str:
    if not now.has_picture:
        return f"There is no picture yet. I can tell you about one when it is drawn: {_EXAMPLES}."
    named = [token.get("noun").name for token in tokens if token.has("noun")]
    if text.startswith("how many"):
        return _how_many(now, named)
    if now.background:
        return f"The background looks like {now.background}."
    if "colour" in text and named:
        return _colours(now, named[0])
    if text.startswith("where") and named:
        return _where(now, named[0])
    if text.startswith("why") or any(word in text for word in ("wrong", "check", "failed", "missing")):
        return _checked(now)
    if text.startswith(("is", "are", "does", "has", "do", "can")) and named:
        return _stand(now, text) or _is_it(now, named, tokens)
    if any(word in text for word in ("seed", "model", "which version")):
        return f"It was drawn with {now.model}; its seed stands below the picture."
    return _contents(now)


def _seen(now: Situation, name: str) -> list[SceneObject]:
    return [thing for thing in now.scene if thing.name == name]


def _how_many(now: Situation, named: list[str]) -> str:
    if not named:
        return _contents(now)
    wanted = sum(t.count or 0 for t in (now.brief.objects if now.brief else []) if t.name == named[0])
    if not now.scene:
        return f"You asked for {some(wanted, named[0])}; I could not count them in the picture."
    found = len(_seen(now, named[0]))
    asked = "" if found == wanted or not now.brief else f" You asked for {wanted}."
    return f"I see {some(found, named[0])} in the picture.{asked}"


def _colours(now: Situation, name: str) -> str:
    seen = _seen(now, name)
    if not seen:
        return f"I see no {name} in the picture."
    colours = list(dict.fromkeys(thing.colour or "its usual colours" for thing in seen))
    return f"The {name if len(seen) == 1 else plural(name)}: {listed(colours)}."


def _where(now: Situation, name: str) -> str:
    seen = _seen(now, name)
    if not seen:
        return f'I see no {name} in the picture. You can say "add {"an" if name[:1] in "aeiou" else "a"} {name}".'
    return f"I see {some(len(seen), name)}: {listed([_spot(thing) for thing in seen])}."


def _spot(thing: SceneObject) -> str:
    x, y = thing.box.centre
    across = "left" if x < 0.4 else "right" if x > 0.6 else ""
    down = "top" if y < 0.4 else "bottom" if y > 0.6 else ""
    return f"at the {' '.join(w for w in (down, across) if w)}" if across or down else "in the middle"


def _stand(now: Situation, text: str) -> str | None:
    """Whether things stand as a question says; None where it says nothing of that, or names what is not there."""
    asked = text.removeprefix("can you see").removeprefix("do you see").partition(" ")[2]
    said = Grammar(tokens_of(asked)).description()
    if not said.links:
        return None
    link = said.links[0]
    names = [said.objects[n].name for n in (link.subject, link.object, link.other) if n is not None]
    boxes = [[thing.box for thing in _seen(now, name)] for name in names if name]
    if len(boxes) != len(names) or not all(boxes):
        return None
    one, *others = (name if len(group) == 1 else plural(name) for name, group in zip(names, boxes, strict=True) if name)
    be = "is" if len(boxes[0]) == 1 else "are"
    stand = f"{relation_phrase(link.name)} the {' and the '.join(others)}"
    return f"Yes, the {one} {be} {stand}." if holds(link.name, *boxes) else f"No, the {one} {be} not {stand}."


def _is_it(now: Situation, named: list[str], tokens: list[Token]) -> str:
    seen = _seen(now, named[0])
    colour = next((token.get("colour") for token in tokens if token.has("colour") and not token.has("noun")), None)
    if not seen:
        return f"No, I see no {named[0]} in the picture."
    if colour:
        right = [thing for thing in seen if thing.colour == colour]
        return f"Yes, {some(len(right), named[0])} looks {colour}." if right else _colours(now, named[0])
    return f"Yes, I see {some(len(seen), named[0])}."


def _contents(now: Situation) -> str:
    if not now.scene:
        wanted = [thing.phrase() for thing in now.brief.objects] if now.brief else []
        return (
            f"It was meant to show {listed(wanted)}." if wanted else "I cannot make out single things in this picture."
        )
    names = list(dict.fromkeys(thing.name for thing in now.scene))
    ground = f" The background was to be: {now.brief.background}." if now.brief and now.brief.background else ""
    return f"I see {listed([some(len(_seen(now, n)), n) for n in names])}.{ground}"


def _checked(now: Situation) -> str:
    lines = [line.text for line in now.brief.requirements()] if now.brief else []
    if not lines:
        return "I checked nothing, since nothing was asked for that I could check."
    return f"I hold the picture against this: {'; '.join(lines)}. {_contents(now)} What failed is marked there."
