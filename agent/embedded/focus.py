"""What "it" and "them" mean: what the latest messages spoke of, as far as it is in the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.embedded.draft import Draft, Item
from agent.embedded.grammar import parse
from agent.embedded.references import Ambiguous, Missing, find
from agent.embedded.situation import unmarked
from agent.embedded.syntax import Clause, Command, Description, NounPhrase, Unparsed

_FAR = 6


def parsed(history: list[str]) -> Iterator[list[Clause]]:
    """The clauses of the latest messages, newest first, each read when it is asked for."""
    return (parse(unmarked(message)[0]) for message in reversed(history[-_FAR:]))


def focus_of(said: Iterable[list[Clause]], draft: Draft) -> list[Item]:
    """The items that were last spoken of (`said` has the newest message first); everything, where there is only one."""
    if len(draft.items) <= 1:
        return list(draft.items)
    for clauses in said:
        for clause in reversed(clauses):
            found = _spoken_of(clause, draft)
            if found:
                return found
    return []


def _spoken_of(clause: Clause, draft: Draft) -> list[Item]:
    if isinstance(clause, Description):
        return _new_things(clause.objects, draft) if len(clause.objects) == 1 else []
    if not isinstance(clause, Command):
        return []
    if clause.operation == "add" and clause.description:
        return _new_things(clause.description.objects[:1], draft)
    if clause.operation == "replace" and clause.becomes:
        return _new_things(clause.becomes, draft)
    if clause.operation in ("recolour", "resize", "move") and clause.targets:
        return _changed(clause, draft)
    return []


def _new_things(phrases: list[NounPhrase], draft: Draft) -> list[Item]:
    """The newest things of that name: for one, the last line of the Brief that has it."""
    found: list[Item] = []
    for phrase in phrases:
        groups = [g for g in draft.brief.objects if g.name == phrase.name]
        exact = [g for g in groups if g.colour == phrase.colour]
        chosen = (exact or groups)[-1:]
        found += [item for group in chosen for item in draft.members(group.id)]
    return found


def _changed(command: Command, draft: Draft) -> list[Item]:
    """What was changed then, by what it looks like now."""
    phrase = command.targets[-1]
    if phrase.pronoun:
        return []
    if command.operation == "recolour" and phrase.name:
        now = NounPhrase(name=phrase.name, known=phrase.known, colour=command.colour, definite=True, quantity="all")
        found = _try(now, draft)
        if found:
            return found
    return _try(phrase, draft)


def _try(phrase: NounPhrase, draft: Draft) -> list[Item]:
    try:
        return find(phrase, draft)
    except (Ambiguous, Missing):
        return []


def spelt_out(clauses: list[Clause], said: Iterable[list[Clause]]) -> list[Clause]:
    """The clauses with "the cat too" as what it means; as words that mean nothing, where nothing was done before."""
    found: list[Clause] = []
    for clause in clauses:
        again = isinstance(clause, Command) and clause.operation == "same"
        found.append(_as_before(clause, (found, *said)) if again and isinstance(clause, Command) else clause)
    return found


def _as_before(command: Command, said: Iterable[list[Clause]]) -> Clause:
    """What was done last, in this message or an earlier one, done to something else."""
    for clauses in said:
        for clause in reversed(clauses):
            if isinstance(clause, Command) and clause.operation in ("recolour", "resize", "replace", "remove"):
                return replace(clause, targets=command.targets, spared=[], start=command.start, end=command.end)
    return Unparsed([], command.start, command.end)
