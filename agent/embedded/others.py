"""What is said of other pictures of the session, as a step to one of them or as an ordinary message about this one."""

from __future__ import annotations

from agent.earlier import Said
from agent.earlier import said as heard
from agent.embedded.chat import complains
from agent.embedded.draft import object_of
from agent.embedded.drawing import Trouble
from agent.embedded.grammar import Grammar, parse
from agent.embedded.situation import Situation
from agent.embedded.syntax import Clause, Command, Control, Description, NounPhrase
from agent.embedded.tokens import tokens_of
from tools.naming import listed


def number_of(said: Said, now: Situation) -> int | None:
    """The version that is meant, as people count; None where there is no other. Raises `Trouble` where there are
    not so many."""
    current = now.versions.index(now.picture) + 1 if now.picture in now.versions else len(now.versions) + 1
    if said.which == "first":
        return 1 if now.versions else None
    if isinstance(said.which, int):
        if said.which > len(now.versions):
            raise Trouble(f"There are only {len(now.versions)} versions so far.")
        return said.which
    others = [number for number in range(1, len(now.versions) + 1) if number != current]
    return max([number for number in others if number < current] or others, default=None)


def only_gone_there(now: Situation) -> bool:
    """Whether only the way to another version is done of "like the first picture but at night", "undo that and make
    it blue"."""
    if len(now.results) != 1 or now.results[0].startswith("Error: "):
        return False
    said = heard(now.message)
    return bool(said.do == "select" and said.rest) if said else rest_after_step(parse(now.message), now.message)


def rest_after_step(clauses: list[Clause], message: str) -> bool:
    """Whether a message goes on after a step to another version, with more than why the step is wanted."""
    if len(clauses) < 2 or not isinstance(clauses[0], Control) or clauses[0].action == "again":
        return False
    return not complains(message[clauses[1].start :]) and any(
        isinstance(clause, Command) or (isinstance(clause, Description) and clause.says_something)
        for clause in clauses[1:])


def is_here(said: Said, now: Situation) -> bool:
    """Whether the picture that is meant is the current one, or the only one."""
    number = number_of(said, now)
    return number is None or now.versions[number - 1] == now.picture


def taken(said: Said, now: Situation) -> str:
    """The message that draws here what another version shows: `add a purple dog`. Raises `Trouble` where it shows no
    such thing."""
    number = number_of(said, now)
    shows: list[str] = next((entry["shows"] for entry in now.earlier if entry["version"] == number), [])
    wanted = Grammar(tokens_of(said.what))._target()
    there = [thing for phrase in shows if not phrase.startswith("background: ")
             for clause in parse(phrase) if isinstance(clause, Description) for thing in clause.objects]
    found = next((thing for thing in there if wanted and _is(thing, wanted)), None)
    if found is None or wanted is None:
        raise Trouble(f"I see no such thing in version {number or 1}: it shows {listed(shows) or 'nothing I know'}.")
    if not (wanted.plural or wanted.quantity in ("all", "both")):
        found.count = 1
    phrase = object_of(found, "new").phrase()
    alike = [thing for thing in now.scene if thing.name == found.name]
    if said.verb in ("use", "take") and len(alike) == 1 and found.count == 1:
        return f"replace the {found.name} with {phrase}"
    return f"add {phrase}"


def _is(thing: NounPhrase, wanted: NounPhrase) -> bool:
    return thing.name == wanted.name and all(
        getattr(wanted, look) in (None, getattr(thing, look)) for look in ("colour", "size"))
