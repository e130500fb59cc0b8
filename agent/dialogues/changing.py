"""Changes of a picture with what they mean: one command or several, said in many ways about what is really there."""

from __future__ import annotations

from collections.abc import Callable

from agent.dialogues import describing, phrases
from agent.dialogues.describing import listed
from agent.dialogues.things import a_category, a_colour, a_name, a_thing, article, pointed, words_for
from agent.dialogues.wording import Pen
from agent.embedded.draft import Draft, Item
from agent.embedded.syntax import Clause, Command, Control, Description, Link, NounPhrase, Relation
from generators.api import Box

Said = tuple[str, Clause]


def _led(pen: Pen, words: str) -> str:
    asking = words.split(" ", 1)[0] in phrases.ORDERS and pen.chance(0.4)
    return pen.one(phrases.ASKING if asking else phrases.LEADS) + words


_NOWHERE = Box(0.4, 0.4, 0.6, 0.6)


def is_exact(clause: Clause) -> bool:
    """Whether it has words that nobody could guess if they were misspelt."""
    if not isinstance(clause, Command):
        return isinstance(clause, Description) and describing.is_exact(clause)
    said = clause.description or Description()
    return describing.is_exact(Description(objects=[*clause.targets, *clause.becomes, *said.objects], text=said.text))


def a_change(pen: Pen, draft: Draft) -> Said:
    """One change of the picture that `draft` describes; it holds at least one thing."""
    several = len(draft.items) > 1
    kind = pen.pick({
        _recolour: 18, _resize: 9, _remove: 12, _add: 17, _replace: 11, _move: 9, _move_beside: 6 if several else 0,
        _count: 5, _swap: 2 if several else 0, _background: 11, _restyle: 5, _only_keep: 1.2 if several else 0,
        _avoid: 2, _write: 0.5, _same_colour: 1.5 if several else 0, _more: 4, _missing: 2, _unclear: 1,
    })  # fmt: skip
    return kind(pen, draft)


def an_order(pen: Pen, draft: Draft) -> str | None:
    """`make the dog red`, `remove it`: what asks for a picture to be there; None where the words could do without."""
    words, _ = pen.one((_recolour, _resize, _remove, _move))(pen, draft)
    starts = ("make ", "change ", "remove ", "delete ", "erase ", "get rid", "move ", "shift ", "enlarge ", "shrink ",
              "recolour ", "turn ", "scale ")  # fmt: skip
    return words if words.startswith(starts) else None


def changes(pen: Pen, draft: Draft) -> tuple[str, list[Clause]]:
    """One to three changes in a message, each of something else in the picture."""
    number = pen.pick({1: 80, 2: 17, 3: 3})
    if number == 1:
        words, command = a_change(pen, draft)
        return (words if isinstance(command, Description) else _led(pen, words)), [command]
    said: list[Said] = []
    rest = Draft(draft.brief, list(draft.items))
    for kind in pen.rng.sample(_STEADY, number):
        if len(rest.items) < (2 if kind is _move_beside else 0 if kind in _WHOLE else 1):
            continue
        said.append(kind(pen, rest))
        gone = _names_in(said[-1][1])
        rest.items = [item for item in rest.items if item.name not in gone]
        rest.focus = _left_in_mind(said[-1][1], draft)
    if not said:
        return changes(pen, draft)
    joint = pen.one((" and ", ", and ", ". ", " and then ", ", ", "; ", ". then ", " & ", " also "))
    words, clauses = _led(pen, joint.join(words for words, _ in said)), [clause for _, clause in said]
    if rest.items and pen.chance(0.1):
        kept, clause = _keep(pen, rest)
        words, clauses = f"{words}{pen.one((' but ', ', ', ' and '))}{kept}", [*clauses, clause]
    return words, clauses


def _left_in_mind(clause: Clause, draft: Draft) -> list[Item]:
    """What "it" means in the rest of the message, where that is one thing."""
    if not isinstance(clause, Command) or clause.operation not in ("recolour", "resize", "add", "move", "replace"):
        return []
    new = clause.becomes or (clause.description.objects[:1] if clause.description else [])
    if clause.operation == "add" and (len(clause.description.objects) > 1 if clause.description else True):
        return []
    if new:
        return [Item("", str(thing.name), thing.colour, _NOWHERE) for thing in new if thing.count == 1 and thing.name]
    names = [thing.name for thing in clause.targets if not thing.plural]
    alike = [item for item in draft.items if item.name in names]
    return alike if len(alike) == 1 else []


def _names_in(clause: Clause) -> set[str | None]:
    """What a command has spoken of: the next one speaks of something else."""
    if not isinstance(clause, Command):
        return set()
    said = clause.description.objects if clause.description else []
    beside = [clause.relation.object] if clause.relation else []
    return {phrase.name for phrase in (*clause.targets, *clause.becomes, *said, *beside)}


# --- looks ---


def _recolour(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    said, colour = a_colour(pen)
    is_ = "are" if target.plural else "is"
    text = pen.write((
        "(make|paint|colour|color|turn|dye|render) {t} {c}", "(make|paint|turn) {t} {c}", "make {t} {c}",
        "(change|switch|set) {t} to {c}", "change the (colour|color) of {t} to {c}", "{t} should be {c}",
        "(recolour|recolor) {t} (to|in|) {c}", "i want {t} (to be|in|) {c}", "can {t} be {c}",
        "give {t} {a} {c} colour",
        "{t} in {c}", "{t} {c}", "make {t} {c} instead", "turn {t} into {c}", "i'd like {t} to be {c}",
        "{t} {b} supposed to be {c}", "{t} needs to be {c}", "what if {t} (was|were) {c}", "let {t} be {c}",
        "{t} would look better in {c}", "i think {t} should be {c}", "{t} (must|ought to|could) be {c}",
        "how about making {t} {c}", "any chance {t} could be {c}", "{t}: {c}", "paint {t} in {c}",
    ), t=words, c=said, b=is_, a=article("a", said))  # fmt: skip
    return text, Command("recolour", [target], colour=colour)


def _same_colour(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    other, like = pointed(pen, draft, single=True)
    return pen.write(("(make|paint) {t} the same (colour|color) as {o}", "{t} should have the same colour as {o}",
                      "{t} in the same colour as {o}"), t=words, o=other), Command("recolour", [target], like=like)


def _resize(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    size = pen.one(("big", "small"))
    other = "small" if size == "big" else "big"
    verb = {"big": ("enlarge", "grow", "scale up", "blow up", "increase the size of", "magnify"),
            "small": ("shrink", "scale down", "reduce", "decrease the size of", "shrink down")}[size]
    text = pen.write(("make {t} {b}", "make {t} {b}", "{v} {t}", "{v} {t} (a bit|a little|)", "{t} should be {b}",
                      "{t} {is} (|way |a bit |far |much )too {o}", "i want {t} {b}", "can {t} be {b}",
                      "{t} (has|needs) to be {b}", "{t} a bit {s}", "{t} {s}", "{t} could be {b}",
                      "what if {t} was {s}",
                      "i think {t} {is} too {o}", "{t} {is} not {z} enough"),
                     t=words, b=pen.one(phrases.BIGGER[size]), v=pen.one(verb), o=pen.one(phrases.SIZES[other]),
                     s="bigger" if size == "big" else "smaller", z=size, **{"is": "are" if target.plural else "is"})
    return text, Command("resize", [target], size=size)


def _background(pen: Pen, draft: Draft) -> Said:
    name = pen.one(phrases.STRANGE_GROUNDS if pen.chance(0.06) else phrases.KNOWN_GROUNDS)
    if pen.chance(0.05):
        text = pen.write(("(remove|delete|erase|get rid of) the background", "no background",
                          "take the background away"))
        return text, Command("background", background="plain white")
    if name in phrases.BARE_GROUNDS and pen.chance(0.5):
        word = pen.one(phrases.BARE_GROUNDS[name])
        a = pen.one((article("a", word), "the")) if not word.endswith("s") else ""
        text = pen.write(("(make|turn) the background {a} {w}", "(change|set|switch) the background to {a} {w}",
                          "{w} background", "{a} {w} as (the |)background", "the background should be {a} {w}",
                          "(make|have) {a} {w} in the background", "(use|give it) {a} {w} background",
                          "i want {a} {w} background", "background: {w}", "replace the background with {a} {w}",
                          "(change|turn|transform) the background into {a} {w}", "let's have {a} {w} background"),
                         w=word, a=a if not name.startswith("plain") else "")
    else:
        where = pen.write([g for g in phrases.GROUNDS[name] if "background" not in g] or phrases.GROUNDS[name])
        text = pen.write(("(put|place|set|move) (it|them|everything|the scene) {w}", "make it {w}", "{w}",
                          "{w}(,| )(instead|now|please)", "(let it|it should) be {w}", "same (picture|thing|) but {w}",
                          "i want it {w}", "(what|how) about {w}", "change the (scene|setting) to be {w}",
                          "let it (all |)be {w}", "it should (all |)be {w}", "can it be {w}"), w=where)
    return text, Command("background", background=name)


def _restyle(pen: Pen, draft: Draft) -> Said:
    name = pen.one(tuple(phrases.STYLES) if pen.chance(0.3) else phrases.KNOWN_STYLES)
    style = pen.one(phrases.STYLES[name])
    text = pen.write(("(make|turn) (it|this|the picture|the whole picture) (into|look like|) {a} {s}", "in {s} style",
                      "(redo|redraw|repaint) (it|this|the picture) (as {a} {s}|in {s} style|in {s})", "as {a} {s}",
                      "change the style to {s}", "(same|the same) but (in|as) {s}", "{s} style(,|) please",
                      "convert (it|this) to {s}", "i want it in {s} style", "make (it|this) {s}", "use {s} style"),
                     s=style, a=article("a", style))
    return text, Command("restyle", style=name)


# --- what is there ---


def _remove(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    text = pen.write((
        "(remove|delete|erase|get rid of|lose|drop|cut|eliminate) {t}", "(remove|delete|erase) {t}", "remove {t}",
        "take {t} (away|out|off)", "take (away|out) {t}", "i (don't|do not) (want|like|need) {t}", "without {t}",
        "{t} should (go|be gone|disappear)", "(rub out|wipe|clear|hide|ditch|scrap) {t}",
        "make {t} disappear", "leave {t} out", "{t} must go", "we don't need {t} any more", "try it without {t}",
        "(can|could) we lose {t}", "kick {t} out", "bin {t}", "i'd rather not have {t}", "{t} (is|are) not needed",
        "{t} away", "do away with {t}", "what if {t} was not there", "please no {t} any more",
    ), t=words)  # fmt: skip
    return text, Command("remove", [target])


def _only_keep(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    return pen.write(("(only|just) keep {t}", "keep only {t}", "remove everything (except|but) {t}",
                      "delete all (except|but) {t}", "leave only {t}"), t=words), Command("only keep", [target])


def _keep(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    return pen.write(("keep {t} (as it is|the same|unchanged|as is|)", "leave {t} (alone|as it is|unchanged)",
                      "(don't|do not) (touch|change|move) {t}"), t=words), Command("keep", [target])


def keeping(pen: Pen, draft: Draft) -> Said:
    """Something that must stay as it is, said alone."""
    return _keep(pen, draft)


def _avoid(pen: Pen, draft: Draft) -> Said:
    """`no cats`: where there are some they go, where there are none it stays so."""
    if pen.chance(0.5):
        name, known = pen.one(draft.items).name, True
    else:
        name, _, _, known = a_name(pen)
    several = words_for(pen, name, True)
    target = NounPhrase(name=name, known=known, plural=True, definite=True, quantity="all", count=None)
    return pen.write(("no {w}(| please)", "without (any |){w}", "there should be no {w}", "i don't want any {w}",
                      "but no {w}"), w=several), Command("remove", [target])


def _replace(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    new, becomes = a_thing(pen, looks=0.7, count=1)
    if becomes.article != "indef":
        becomes.counted, becomes.article = True, "indef"
        bare = new.removeprefix("one ").removeprefix("1 ").removeprefix("a single ")
        new = f"{article('a', bare)} {bare}"
    text = pen.write((
        "(replace|swap|exchange|substitute) {t} (with|for|by) {n}", "replace {t} with {n}",
        "(turn|change) {t} into {n}",
        "(turn|change|transform|make) {t} (into|to) {n}", "{n} instead of {t}", "instead of {t}, {n}",
        "(put|draw|have) {n} instead of {t}", "{t} should be {n}", "i want {n} (instead of|rather than) {t}",
        "make {t} {n}", "make {t} {n} instead", "swap {t} out for {n}", "i'd prefer {n} to {t}",
        "i'd rather have {n} than {t}", "let {t} become {n}", "trade {t} for {n}", "what if {t} was {n}",
        "{n} would be better than {t}", "have {n} in place of {t}",
    ), t=words, n=new)  # fmt: skip
    return text, Command("replace", [target], [becomes])


def _add(pen: Pen, draft: Draft) -> Said:
    new, phrase = a_thing(pen)
    said = Description(objects=[phrase])
    if pen.chance(0.12):
        more, second = a_thing(pen, frozenset((phrase.name or "",)))
        said.objects.append(second)
        new = listed(pen, [new, more])
    elif draft.items and pen.chance(0.35):
        new = f"{new} {_beside(pen, draft, said)}"
    elif pen.chance(0.25):
        phrase.place = pen.one(tuple(phrases.PLACES))
        new = f"{new} {pen.one(phrases.PLACES[phrase.place])}"
    text = pen.write((
        "(add|put|include|insert|draw in|throw in|place|stick|bring in) {n}", "add {n}", "add {n}", "(also|plus) {n}",
        "(add|include|put in) {n} (too|as well|to the picture|to it)",
        "i (also |)(want|need|would like) {n} (too|as well)",
        "there should (also |)be {n}", "and {n}", "can (we|i) (also |)(have|get|add) {n} (too|as well)",
        "it needs {n}", "with {n}", "{n} (too|as well)(,|) please", "also add {n}", "{n} would be nice",
        "can there (also |)be {n}", "could you also draw {n}", "how about adding {n}", "it could use {n}",
        "let there (also |)be {n}", "there could (also |)be {n}", "it is missing {n}", "throw {n} in",
    ), n=new)  # fmt: skip
    return text, Command("add", description=said)


def _beside(pen: Pen, draft: Draft, said: Description) -> str:
    """Where the new thing goes, by something that is there."""
    name = pen.pick({"left of": 4, "right of": 4, "above": 3, "below": 3, "next to": 5, "on": 1.5, "between": 0.7})
    if draft.focus and pen.chance(0.2) and name != "between":
        said.relations.append(Relation(name, NounPhrase(pronoun="it", definite=True)))
        side = {"left of": ("on its left", "to its left"), "right of": ("on its right", "to its right")}.get(name)
        return pen.one(side) if side and pen.chance(0.4) else f"{pen.one(phrases.RELATIONS[name])} it"
    if name == "between":
        return _in_between(pen, draft, said)
    words, other = pointed(pen, draft, single=True)
    if other.pronoun:
        said.relations.append(Relation(name, other))
    else:
        said.objects.append(other)
        said.links.append(Link(0, name, 1))
    return f"{pen.one(phrases.RELATIONS[name])} {words}"


def _in_between(pen: Pen, draft: Draft, said: Description) -> str:
    names = list(dict.fromkeys(item.name for item in draft.items))
    if len(names) < 2:
        said.relations.append(Relation("next to", NounPhrase(pronoun="it", definite=True)))
        return "next to it"
    for name in pen.rng.sample(names, 2):
        said.objects.append(NounPhrase(name=name, known=True, definite=True, article="def"))
    said.links.append(Link(0, "between", 1, 2))
    return f"between the {said.objects[1].name} and the {said.objects[2].name}"


def _more(pen: Pen, draft: Draft) -> Said:
    """`another dog`, `two more cats`, `one more`."""
    name = pen.one(draft.items).name
    count = pen.pick({1: 7, 2: 2, 3: 1})
    phrase = NounPhrase(name=name, known=True, plural=count > 1, count=count, counted=True, more=True)
    word = words_for(pen, name, count > 1)
    if pen.chance(0.2):
        colour, phrase.colour = a_colour(pen)
        word = f"{colour} {word}"
    number = "" if count == 1 else pen.one(phrases.NUMBERS[count][:3])
    words = pen.write(("another {w}", "one more {w}", "an extra {w}", "one additional {w}") if count == 1 else
                      ("{n} more {w}", "another {n} {w}", "{n} extra {w}"), w=word, n=number)
    text = pen.write(("(add|put|draw|include) {w}", "{w}", "i want {w}", "give me {w}", "can we have {w}", "and {w}"),
                     w=words)
    return text, Command("add", description=Description(objects=[phrase]))


def _missing(pen: Pen, draft: Draft) -> Said:
    """`you forgot the dog`: the Brief may want it already."""
    wanted = [thing for thing in draft.brief.objects if thing.count] if draft.brief.objects else []
    if wanted and pen.chance(0.8):
        thing = pen.one(wanted)
        phrase = NounPhrase(name=thing.name, known=True, count=1, definite=True, article="def")
    else:
        _, phrase = a_thing(pen, looks=0.0, count=1)
    word = words_for(pen, phrase.name or "")
    text = pen.write(("you (forgot|missed|left out) the {w}", "the {w} is missing", "there is no {w}",
                      "i (don't|can't) see (the|any) {w}", "the {w} is not there"), w=word)
    return text, Command("add", description=Description(objects=[phrase], marks={"missing"}))


def _count(pen: Pen, draft: Draft) -> Said:
    """`make it three dogs`, `only one cat`, `i asked for two`."""
    name = pen.one(draft.items).name
    wanted = pen.pick({1: 3, 2: 4, 3: 4, 4: 2, 5: 1.5, 6: 0.3})
    number = pen.one(phrases.NUMBERS[wanted]) if wanted > 1 else "one"
    word = words_for(pen, name, wanted > 1)
    target = NounPhrase(name=name, known=True, plural=True, definite=True, quantity="all", count=None)
    text = pen.write(("make it {n} {w}", "(i want|i asked for|there should be|we need|i said|i meant) {n} {w}",
                      "(only|just) {n} {w}", "{n} {w} (instead|in total|not more)",
                      "i want (exactly|only|just) {n} {w}",
                      "there (are|is) supposed to be {n} {w}", "make (that|them) {n} {w}", "it should be {n} {w}"),
                     n=number, w=word)
    return text, Command("count", [target], count=wanted)


def _write(pen: Pen, draft: Draft) -> Said:
    saying = pen.one(phrases.SAYINGS)
    text = pen.write(('write "{t}" (on it|above|below|)', "add the (words|text) '{t}'", 'with the words "{t}"',
                      'put the text "{t}" in it'), t=saying)
    return text, Command("add", description=Description(text=saying))


# --- where things are ---


def _move(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft)
    place = pen.pick({"left": 5, "right": 5, "top": 4, "bottom": 4, "centre": 3, "top left": 1, "top right": 1,
                      "bottom left": 1, "bottom right": 1})
    if pen.chance(0.6):
        where = pen.write(phrases.TOWARDS[place])
        text = pen.write(("(move|shift|push|slide|bring|drag|nudge|send) {t} {w}", "move {t} {w}", "put {t} {w}",
                          "{t} (should go|must go|goes) {w}", "can {t} go {w}", "{t} {w}", "i want {t} {w}",
                          "how about moving {t} {w}"), t=words, w=where)
    else:
        where = pen.one(phrases.PLACES[place])
        text = pen.write(("(put|place|position|set|move) {t} {w}", "{t} should be {w}", "i want {t} {w}",
                          "{t} belongs {w}", "{t} needs to be {w}", "i'd like {t} {w}", "could {t} be {w}",
                          "{t} would look better {w}"), t=words, w=where)
    return text, Command("move", [target], place=place)


def _move_beside(pen: Pen, draft: Draft) -> Said:
    words, target = pointed(pen, draft, single=True)
    name = pen.pick({"left of": 4, "right of": 4, "above": 3, "below": 3, "next to": 4, "on": 1})
    others = [item.name for item in draft.items if item.name != target.name]
    if not others or target.pronoun:
        return _move(pen, draft)
    other = pen.one(others)
    text = pen.write(("(put|move|place|set|bring) {t} {r} the {o}", "move {t} {r} the {o}",
                      "{t} should (be|go|stand) {r} the {o}", "i want {t} {r} the {o}", "can {t} be {r} the {o}"),
                     t=words, r=pen.one(phrases.RELATIONS[name]), o=words_for(pen, other))
    beside = Relation(name, NounPhrase(name=other, known=True, definite=True, article="def"))
    return text, Command("move", [target], relation=beside)


def _swap(pen: Pen, draft: Draft) -> Said:
    every = [item.name for item in draft.items]
    names = [name for name in dict.fromkeys(every) if every.count(name) == 1]
    if len(names) < 2:
        return _move(pen, draft)
    one, two = pen.rng.sample(names, 2)
    text = pen.write(("(swap|switch|exchange) the {a} and the {b}", "(swap|switch) the {a} with the {b} around",
                      "let the {a} and the {b} (change|swap|trade) places", "swap the places of the {a} and the {b}"),
                     a=words_for(pen, one), b=words_for(pen, two))
    targets = [NounPhrase(name=name, known=True, definite=True, article="def") for name in (one, two)]
    return text, Command("swap", targets)


def _unclear(pen: Pen, draft: Draft) -> Said:
    """`move the dog` (where to?), `add an animal` (which?): for a question."""
    if pen.chance(0.5):
        words, target = pointed(pen, draft)
        return pen.write(("(move|shift) {t} (somewhere else|a bit|)", "put {t} (somewhere else|elsewhere)"),
                         t=words), Command("move", [target])
    words, phrase = a_category(pen)
    return pen.write(("add {w}", "put {w} in it", "i also want {w}"), w=words), Command(
        "add", description=Description(objects=[phrase]))


_STEADY: tuple[Callable[[Pen, Draft], Said], ...] = (
    _recolour, _recolour, _add, _background, _resize, _remove, _restyle, _replace, _move, _move_beside)
_WHOLE = (_add, _background, _restyle)
"""What needs nothing to point at."""


# --- back and forth ---


def a_control(pen: Pen, versions: int) -> Said:
    """undo, redo, an earlier version, the same again."""
    kind = pen.pick({"undo": 9, "steps": 2, "redo": 2, "first": 4, "previous": 3, "number": 4, "again": 6, "seed": 1.5})
    if kind == "undo":
        return pen.write((
            "undo( that| this| it| the last (change|edit|step)|)", "undo", "go back",
            "(go |)(one step back|back one step)",
            "revert( that| it|)", "take that back", "i (don't like|didn't want) that(,|.) (undo|go back)", "step back",
            "change it back", "put it back (how|the way) it was", "cancel that", "roll (it |)back",
            "undo my last change",
            "reverse that", "that was (wrong|worse|a mistake)(,|.) undo (it|that)", "oops(,|) undo",
            "(nah|no|nope)(,|) (undo|go back)", "it was better before", "i liked it better before",
            "that made it worse(,|.) go back", "not good(,|.) undo", "(please |)undo what you did",
        )), Control("undo")  # fmt: skip
    if kind == "steps":
        steps = pen.one((2, 2, 3, 4))
        number = pen.one(phrases.NUMBERS[steps][:2])
        return pen.write(("undo (the last|) {n} (steps|changes|edits|times)", "go back {n} (steps|versions|changes)",
                          "{n} steps back", "revert the last {n} changes"), n=number), Control("undo", steps=steps)
    if kind == "redo":
        return pen.write(("redo( that| it|)", "undo the undo", "bring it back", "go forward( again|)",
                          "redo the (last |)change", "bring back the last change")), Control("redo")
    if kind in ("first", "previous", "number"):
        return _select(pen, kind, versions)
    if kind == "seed":
        seed = pen.rng.randrange(10000)
        return pen.write(("(again|once more|try again|draw it again) with seed {n}", "use seed {n}",
                          "(same|again) but seed {n}"),
                         n=str(seed)), Control("again", seed=seed)
    return pen.write((
        "again", "try again", "once more", "another one", "(draw|do|make) it again",
        "(give|show) me another (one|version)",
        "another (version|try|variation|attempt)", "regenerate", "redraw (it|)", "one more time", "retry", "reroll",
        "try (it |)once more", "a different version", "do another one", "(same|the same) again",
        "with (another|a different) seed",
        "give it another (go|try)", "new version please", "draw the same thing again",
    )), Control("again")  # fmt: skip


def _select(pen: Pen, kind: str, versions: int) -> Said:
    go = pen.one(("go back to", "back to", "return to", "take me back to", "show me again", "i want", "revert to",
                  "restore",
                  "use", "select", "switch back to", "bring back", "i liked", "i prefer"))
    if pen.chance(0.15):
        return _preferred(pen, kind, versions)
    if kind == "first":
        words = pen.write("the (first|first|original|very first) (picture|version|one|image|drawing)")
        if pen.chance(0.25):
            words = pen.one(("the original", "the beginning", "the start"))
        return f"{go} {words}", Control("select", which="first")
    if kind == "previous":
        return f"{go} " + pen.write("the (previous|last|previous) (one|version|picture|image)"), Control(
            "select", which="previous")
    number = pen.rng.randrange(1, max(versions, 1) + (1 if pen.chance(0.9) else 3))
    ordinal = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")[min(number, 8) - 1]
    if number > 1 and number <= 8 and pen.chance(0.4):
        return f"{go} the {ordinal} {pen.one(('version', 'picture', 'one', 'image'))}", Control("select", which=number)
    word = pen.one((str(number), phrases.NUMBERS[number][0] if number in phrases.NUMBERS else str(number)))
    return f"{go} {pen.one(('version', 'picture', 'number'))} {word}", Control("select", which=number)


def _preferred(pen: Pen, kind: str, versions: int) -> Said:
    """`the first one was better`."""
    number = pen.rng.randrange(1, max(versions, 1) + 1)
    words = {"first": "the (first|original) (one|picture|version)", "previous": "the previous (one|picture|version)",
             "number": f"version {number}"}[kind]
    text = pen.write((f"{words} was (better|nicer|the best)", f"i (liked|preferred) {words}( better| more|)"))
    which: str | int = number if kind == "number" else kind
    return text, Control("select", which=which)


def a_new_look(pen: Pen, draft: Draft) -> tuple[str, list[Clause]]:
    """`a red dog` while there is a dog: only its colour changes; `i want a big dog` likewise."""
    name = pen.one(draft.items).name
    said, colour = a_colour(pen)
    phrase = NounPhrase(name=name, known=True, colour=colour)
    word = words_for(pen, name)
    if pen.chance(0.5):
        return pen.write(("{c} {w}", "{c} {w} please"), c=said, w=word), [Description(objects=[phrase])]
    phrase.counted, phrase.article = True, "indef"
    text = pen.write(("i want {a} {c} {w}", "i'd (like|prefer) {a} {c} {w}", "i (meant|asked for|wanted) {a} {c} {w}"),
                     a=article("a", said), c=said, w=word)
    return text, [Description(objects=[phrase], marks={"want"})]
