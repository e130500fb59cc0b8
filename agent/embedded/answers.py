"""Answers to questions: each fills the slot that was asked for, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.embedded import chat, drawing
from agent.embedded.drawing import MOST
from agent.embedded.grammar import Grammar, parse
from agent.embedded.references import Choice
from agent.embedded.syntax import Clause, Command, Control, Description, NounPhrase
from agent.embedded.tokens import tokens_of
from tools.api import Question


def is_answer(message: str, question: Question) -> bool:
    """Whether a message answers the question; a wholly new request does not."""
    text = " ".join(message.lower().split()).strip(" .!?")
    if any(text == option.lower() for option in question.options) or chat.leaves_it(message):
        return True
    verbless = not any(token.has("verb", "control") for token in tokens_of(message))
    if question.slot in ("target", "relation") and verbless:
        return question.slot == "relation" or target(message) is not None
    clauses = parse(message)
    if any(isinstance(c, Control) or (isinstance(c, Command) and c.operation != "keep") for c in clauses):
        return False
    said = [c for c in clauses if isinstance(c, Description)]
    if any("new" in c.marks for c in said):
        return False
    if question.slot == "target":
        return target(message) is not None
    return True


def target(message: str) -> Choice | None:
    """ "the left one", "both", "right", "the purple one": how one of several is told apart."""
    if chat.leaves_it(message):
        return Choice(any=True)
    tokens = [
        token
        for token in tokens_of(message)
        if not token.has("joint") and (not token.has("mark") or token.has("pick", "quant"))
    ]
    if not tokens:
        return None
    if any(t.get("quant") in ("both", "all") or t.get("pron") in ("them", "all") or t.text == "all" for t in tokens):
        return Choice(every=True)
    if any(t.get("pron") == "one of them" or t.get("quant") == "one of" for t in tokens):
        return Choice(any=True)
    phrase = Grammar(tokens)._target() or NounPhrase(definite=True)
    if phrase.article == "indef" or (phrase.name and not phrase.definite and not phrase.bare):
        return None
    for token in tokens:
        place = token.get("place") or token.get("bare place")
        if token.has("pick") or place:
            pick = token.get("pick") or {"centre": "middle"}.get(place, place)
            phrase.pick = phrase.pick or (("size" if pick in ("biggest", "smallest") else "side"), pick.split()[-1])
        elif token.has("ordinal", "number") and phrase.pick is None and not token.has("head"):
            phrase.pick = ("ordinal", token.get("ordinal") or token.get("number"))
        elif token.has("colour") and phrase.colour is None:
            phrase.colour = token.get("colour")
    phrase.place = None if phrase.pick else phrase.place
    told = phrase.pick or phrase.colour or phrase.place or phrase.relation or phrase.size or phrase.name
    return Choice(phrase=phrase) if told else None


@dataclass
class Answers:
    """What is known from answers, put into the clauses of the interrupted wish."""

    choice: Choice | None = None
    slots: list[tuple[str, Description]] = field(default_factory=list)

    def learn(self, answer: str, question: Question) -> bool:
        """Takes an answer in; False where it says nothing about what was asked."""
        answer = _spelt_out(answer, question)
        if question.slot == "target":
            self.choice = target(answer)
            return self.choice is not None
        said = _description(answer)
        if (
            said
            and question.slot == "objects"
            and not said.objects
            and (said.colours or said.sizes)
            and question.options
        ):
            said = _first_option(question, said)
        if said is None or not _fits(said, question.slot):
            return False
        self.slots.append((question.slot, said))
        return True

    def applied(self, clauses: list[Clause]) -> list[Clause]:
        for slot, said in self.slots:
            if slot == "relation":
                clauses = [said]
                continue
            if slot == "objects" and not any(isinstance(c, Command | Description) for c in clauses):
                clauses = [said]
                continue
            for clause in clauses:
                if isinstance(clause, Command):
                    _to_command(clause, slot, said)
                elif isinstance(clause, Description):
                    _to_description(clause, slot, said)
        return clauses


def _spelt_out(answer: str, question: Question) -> str:
    """ "you choose" and "the first one" stand for an option."""
    if not question.options or question.slot == "target":
        return answer
    if chat.leaves_it(answer) or chat.agrees(answer):
        return question.options[0]
    tokens = [t for t in tokens_of(answer) if not t.has("joint", "mark", "head", "det") or t.has("ordinal")]
    number = tokens[0].get("ordinal") if len(tokens) == 1 else None
    if number and number <= len(question.options):
        return question.options[number - 1]
    return answer


def _description(answer: str) -> Description | None:
    found = [c for c in parse(answer) if isinstance(c, Description)] or [Grammar(tokens_of(answer)).description()]
    return next((c for c in found if c.says_something), None)


def _first_option(question: Question, said: Description) -> Description:
    """ "something blue": the first thing on offer, in blue."""
    chosen = _description(question.options[0]) or Description()
    for thing in chosen.objects:
        thing.colour, thing.size = next(iter(said.colours), None), next(iter(said.sizes), None)
    return chosen


def _fits(said: Description, slot: str) -> bool:
    given = {
        "colour": bool(said.colours or any(o.colour for o in said.objects)),
        "background": bool(said.background),
        "style": bool(said.style),
        "place": bool(said.places or said.relations),
        "count": bool(said.counts or any(o.counted for o in said.objects)),
    }
    return given.get(slot, bool(said.objects or said.background or said.avoid))


def _to_command(command: Command, slot: str, said: Description) -> None:
    if slot == "colour":
        command.colour, command.colours = _colour(said), said.colours if len(said.colours) > 1 else []
    elif slot in ("background", "style"):
        setattr(command, slot, getattr(said, slot))
    elif slot == "place":
        command.place = said.places[0] if said.places else None
        command.relation = said.relations[0] if said.relations else None
    elif slot == "objects" and command.becomes:
        command.becomes = said.objects
    elif slot == "objects" and command.description is not None:
        drawing.fill(command.description, said)
    elif slot == "count":
        asked = command.operation == "count" or command.count is not None
        command.count = _count(said) if asked else None
        for phrase in [*command.becomes, *(command.description.objects if command.description else [])]:
            _recount(phrase, said)


def _to_description(clause: Description, slot: str, said: Description) -> None:
    if slot == "objects":
        drawing.fill(clause, said)
    elif slot == "count":
        for phrase in clause.objects:
            _recount(phrase, said)
    elif slot == "colour":
        clause.colours = [c for c in [_colour(said)] if c]
    else:
        setattr(clause, slot, getattr(said, slot, None))


def _recount(phrase: NounPhrase, said: Description) -> None:
    if phrase.count is not None and not 0 < phrase.count <= MOST:
        phrase.count = _count(said)


def _count(said: Description) -> int:
    if said.counts:
        return said.counts[0]
    return next((o.count for o in said.objects if o.count), 1)


def _colour(said: Description) -> str | None:
    return said.colours[0] if said.colours else next((o.colour for o in said.objects if o.colour), None)
