"""Edit or new picture: what a description means while a picture is there."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.draft import Draft
from agent.embedded.situation import Situation
from agent.embedded.syntax import Clause, Command, Description, Link, NounPhrase, Relation, Unparsed
from agent.embedded.words import OPPOSITE_SIDE


def merged(clauses: list[Clause]) -> tuple[Description, list[Command]]:
    """All that is said of a new picture in one description, and the commands that change it at once."""
    whole, commands = Description(), []
    first = True
    for clause in clauses:
        if isinstance(clause, Command):
            said = _as_description(clause)
            if said is None:
                commands.append(clause)
                continue
            clause = said
        if isinstance(clause, Unparsed):
            whole.unknown += clause.words
        if isinstance(clause, Description):
            if first:
                whole.start, first = clause.start, False
            _append(whole, clause)
    return whole, commands


def _as_description(command: Command) -> Description | None:
    """`add a cat`, `put a cat on the left`: with nothing there, it is what to draw."""
    if command.operation == "add" or (
        command.operation == "move" and command.description and not command.targets[0].pronoun
    ):
        return None if command.description and "refers" in command.description.marks else command.description
    if command.operation == "replace" and command.description:
        return command.description
    if command.operation == "background" and not command.targets and command.background:
        return Description(background=command.background, start=command.start)
    if command.operation == "restyle" and command.style:
        return Description(style=command.style, start=command.start)
    return None


def _append(whole: Description, part: Description) -> None:
    offset = len(whole.objects)
    whole.objects += part.objects
    whole.links += [
        Link(
            link.subject + offset, link.name, link.object + offset, None if link.other is None else link.other + offset
        )
        for link in part.links
    ]
    for name in ("avoid", "colours", "sizes", "places", "counts", "relations", "unknown", "assumed", "fillers"):
        getattr(whole, name).extend(getattr(part, name))
    for name in ("background", "style", "text"):
        setattr(whole, name, getattr(whole, name) or getattr(part, name))
    whole.seed = part.seed if part.seed is not None else whole.seed
    whole.marks |= part.marks


def starts_anew(clauses: list[Clause], draft: Draft, now: Situation) -> bool:
    """Whether the message asks for another picture rather than for a change of this one."""
    if any(isinstance(c, Description) and "new" in c.marks for c in clauses):
        return True
    first = next((c for c in clauses if isinstance(c, Command | Description)), None)
    if first is None:
        return now.open and bool(clauses) and len(clauses[0].words if isinstance(clauses[0], Unparsed) else "") > 2
    return isinstance(first, Description) and as_command(first, draft) is None and _nothing_else(clauses)


def _nothing_else(clauses: list[Clause]) -> bool:
    return True


def as_command(clause: Clause, draft: Draft) -> Command | None:
    """The change that a description amounts to while a picture is there; None for a new picture."""
    if isinstance(clause, Command):
        return clause
    if not isinstance(clause, Description):
        return None
    if "new" in clause.marks:
        return None
    if "in all" in clause.marks:
        return _in_all(clause, draft)
    if "draw" in clause.marks and not clause.marks & {"also", "instead"}:
        return _more_of_it(clause, draft)
    if "refers" in clause.marks and not clause.marks & {"also", "instead", "with"}:
        return _with_span(Command("other", unknown=clause.unknown), clause)
    if not clause.objects:
        return _with_span(_looks(clause), clause)
    return _with_span(_objects(clause, draft), clause)


def anew(clause: Clause, draft: Draft) -> list[Command]:
    """What is different in a picture that is drawn once more: `(again, but) with two dogs at night, without the tree`.

    A number of what is there is the number that there shall be; what is not there comes in besides.
    """
    if isinstance(clause, Command) and clause.operation != "other":
        return [clause]
    if not isinstance(clause, Description):
        return []
    gone = [phrase for phrase in clause.avoid if phrase.name and _present(phrase, draft)]
    ground = Command("background", background=clause.background) if clause.background else None
    if clause.background and any(phrase.name == clause.background for phrase in clause.avoid):
        ground = None
    rest = replace(clause, avoid=[], background=None, style=None)
    found = [
        ground,
        Command("background", background="plain white") if _no_ground(clause, draft) else None,
        Command("restyle", style=clause.style) if clause.style else None,
        Command("remove", targets=[_definite(phrase) for phrase in gone]) if gone else None,
        _things_anew(rest, draft) if clause.objects else _looks(rest),
    ]
    return [command for command in found if command and command.operation != "other"]


def _no_ground(said: Description, draft: Draft) -> bool:
    """`without the beach`."""
    return bool(draft.brief.background) and any(phrase.name == draft.brief.background for phrase in said.avoid)


def _things_anew(said: Description, draft: Draft) -> Command | None:
    first = said.objects[0]
    plain = replace(said, marks=said.marks - {"new", "draw", "refers", "with"})
    there = [_present(thing, draft) for thing in said.objects]
    if first.more or "instead" in said.marks or (all(there) and all(thing.definite for thing in said.objects)):
        mark = set[str]()
    else:
        mark = {"want"} if there == [True] and not said.links else {"in all"}
    return as_command(replace(plain, marks=plain.marks | mark), draft)


def changes(clause: Clause, draft: Draft) -> list[Command]:
    """As `as_command`; what is said of a picture without naming things may be several changes (`red, and at night`)."""
    command = as_command(clause, draft)
    if command is None or not isinstance(clause, Description) or clause.objects or clause.text or clause.counts:
        return [command] if command else []
    given = [(name, getattr(clause, name)) for name in ("avoid", "style", "background", "colours", "sizes", "places",
                                                        "relations") if getattr(clause, name)]
    if len(given) < 2 or command.operation not in ("remove", "restyle", "background", "recolour", "resize"):
        return [command]
    parts = [_looks(replace(Description(marks=clause.marks), **{name: value})) for name, value in given]
    return [part for part in (_with_span(part, clause) for part in parts) if part]


def _in_all(said: Description, draft: Draft) -> Command | None:
    """`there should be two cats`: that many, of what is there; what is not there is added."""
    first = said.objects[0] if len(said.objects) == 1 else None
    if first and first.count is not None and first.counted and first.article != "indef" and _present(first, draft):
        target = NounPhrase(name=first.name, known=first.known, colour=first.colour, definite=True, quantity="all")
        return _with_span(Command("count", targets=[target], count=first.count), said)
    lacking = [_lacking(thing, draft) for thing in said.objects]
    return as_command(replace(said, objects=lacking, marks=(said.marks - {"in all"}) | {"also"}), draft)


def _lacking(thing: NounPhrase, draft: Draft) -> NounPhrase:
    """What is still to be added, where so many are wanted in all."""
    have = sum(item.name == thing.name and thing.colour in (None, item.colour) for item in draft.items)
    if thing.count is None or not have or not thing.counted or thing.article == "indef":
        return thing
    return replace(thing, count=thing.count - have) if thing.count > have else replace(thing, definite=True)


def _with_span(command: Command | None, clause: Description) -> Command | None:
    if command is not None:
        command.start, command.end = clause.start, clause.end
    return command


def _more_of_it(said: Description, draft: Draft) -> Command | None:
    """`draw another dog` while there is a dog."""
    if not said.objects and (said.counts or said.colours or said.sizes) and draft.items:
        return _with_span(_looks(said), said)
    more = len(said.objects) == 1 and said.objects[0].more
    return Command("add", description=said) if more and _present(said.objects[0], draft) else None


def _present(phrase: NounPhrase, draft: Draft) -> bool:
    return any(item.name == phrase.name for item in draft.items)


def _looks(said: Description) -> Command | None:
    """Without objects: a colour, a size, a number, a place, a background, a style, or something to leave out."""
    if said.text:
        return Command("add", description=said)
    if said.avoid:
        return Command("remove", targets=[_definite(phrase) for phrase in said.avoid])
    if said.style:
        return Command("restyle", style=said.style)
    if said.background:
        return Command("background", background=said.background)
    if "differing" in said.marks:
        return Command("recolour", [NounPhrase(pronoun="them", definite=True)], differing=True)
    if said.colours:
        each = said.colours if len(said.colours) > 1 and "or" not in said.marks else []
        return Command("recolour", colour=said.colours[0], colours=each)
    if said.sizes:
        return Command("resize", size=said.sizes[0])
    if said.counts:
        if "also" in said.marks:
            return Command(
                "add", description=Description(objects=[NounPhrase(count=said.counts[0], counted=True, more=True)])
            )
        return Command("count", count=said.counts[0])
    if said.places or said.relations:
        together = [relation.object for relation in said.relations if relation.object.pronoun == "them"]
        return Command(
            "move",
            together,
            place=said.places[0] if said.places else None,
            relation=said.relations[0] if said.relations else None,
        )
    return None


def _definite(phrase: NounPhrase) -> NounPhrase:
    """`no cats`, `no red ball`: every one of them."""
    return replace(phrase, definite=True, quantity="all")


def _objects(said: Description, draft: Draft) -> Command | None:
    said = _articles(said, draft) if said.links else said
    first = said.objects[0]
    if "same" in said.marks and first.bare and _present(first, draft):
        meant = replace(first, definite=True)  # `same dog but in the snow`
        return _about_what_is_there(replace(said, objects=[meant, *said.objects[1:]]))
    if "instead" in said.marks:
        return Command("replace", becomes=said.objects)
    if not (said.background or said.style or said.links or _present(first, draft)) and len(said.objects) == 1:
        was = [phrase for phrase in said.avoid if _present(phrase, draft) and phrase.plural == first.plural]
        if was and "not" in said.marks:  # `a bird, not a cat`
            return Command("replace", [replace(was[0], definite=True)], said.objects)
        if "meant" in said.marks and draft.items and not (first.definite or first.pronoun):
            return Command("replace", becomes=said.objects)
    if first.pronoun:
        return Command("count", count=first.count) if first.pronoun == "one of them" and first.count else None
    if said.marks & {"also", "with", "same", "missing"} or first.more:
        return Command("add", description=said)
    if first.place == OPPOSITE_SIDE and draft.items and not _present(first, draft):
        return Command("add", description=said)
    if "has" in said.marks and len(said.objects) > 1 and not (said.background or said.style) and _alone(first, draft):
        has = replace(said, objects=[replace(first, definite=True), *said.objects[1:]])
        return Command("add", description=has)
    if all(thing.definite and _present(thing, draft) for thing in said.objects):
        alone = Command("only keep" if "only" in said.marks else "other", said.objects, unknown=said.unknown)
        return _about_what_is_there(said) or alone
    if any(thing.definite and _present(thing, draft) for thing in said.objects):
        new = [thing for thing in said.objects if not (thing.definite and _present(thing, draft))]
        known = all(thing.known for thing in new)
        return Command("add", description=said) if known else Command("other", unknown=said.unknown)
    same = len(said.objects) == 1 and _present(first, draft) and not (said.background or said.style or said.links)
    if (
        same
        and said.marks & {"want", "only"}
        and (first.colour or first.size or (first.counted and first.article != "indef"))
    ):
        return Command(
            "replace", [NounPhrase(name=first.name, known=True, definite=True, quantity="all", count=None)], [first]
        )
    terse = same and first.bare and not first.plural
    if terse and first.place:
        return _about_what_is_there(said)
    if terse and (first.colour or first.size):
        return Command("replace", [NounPhrase(name=first.name, known=True, definite=True)], [first])
    if "no" in said.marks and len(draft.items) == 1 and len(said.objects) == 1:
        return Command("replace", becomes=said.objects)
    return None


def _alone(phrase: NounPhrase, draft: Draft) -> bool:
    """`a dog (with glasses)`, where a dog is all that there is; `dog (with hat)`, where there is one dog."""
    if phrase.colour or phrase.size or phrase.attributes or phrase.count != 1 or phrase.definite:
        return False
    alike = [item for item in draft.items if item.name == phrase.name]
    return len(alike) == 1 and (phrase.bare or len(draft.items) == 1)


def _articles(said: Description, draft: Draft) -> Description:
    """`dog left of cat`, where there are both, is about these."""
    if not all(thing.bare and not thing.plural and _present(thing, draft) for thing in said.objects):
        return said
    return replace(said, objects=[replace(thing, definite=True) for thing in said.objects])


def _about_what_is_there(said: Description) -> Command | None:
    """`the dog in space`, `the cat on the left of the dog`."""
    if said.background:
        return Command("background", background=said.background)
    first = said.objects[0]
    if said.links:
        link = said.links[0]
        return Command("move", [said.objects[link.subject]], relation=Relation(link.name, said.objects[link.object]))
    if first.colour:
        return Command("recolour", [replace(first, colour=None)], colour=first.colour)
    if first.place:
        return Command("move", [replace(first, place=None)], place=first.place)
    return None
