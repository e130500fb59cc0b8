"""What a command is done to, and what that is to become: "the dog on the left", "red", "a cat", "to the right"."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.describing import DescriptionReader
from agent.embedded.syntax import Command, Compared, Description, NounPhrase, Relation

_EXCEPT = ("but", "but not", "except", "except for", "excluding", "apart from", "other than")


class ResultReader(DescriptionReader):
    """Reads targets and results of commands."""

    def _target(self, placed: bool = True) -> NounPhrase | None:
        """A noun phrase that points at something, with what tells it from others ("the dog on the left")."""
        phrase = self.noun_phrase()
        if phrase is None or not placed:
            return phrase
        start = self.at
        self.accept_text("that is", "which is", "who is", "that are")
        token = self.peek()
        if token.has("place"):
            phrase.place = self.next().get("place")
        elif (
            token.has("relation")
            and token.text not in ("into", "onto")
            and not phrase.pronoun
            and not self.peek(1).has("ground", "colour")
        ):
            phrase.relation = self._related()
        elif token.text in ("in", "with", "wearing") and self.peek(1).has("colour") and not self.peek(2).has("noun"):
            self.next()
            phrase.colour = self.next().get("colour")
        if not (phrase.place or phrase.relation or phrase.colour):
            self.at = start
        return phrase

    def _targets_of(self, placed: bool = True) -> list[NounPhrase]:
        found: list[NounPhrase] = []
        phrase = self._target(placed)
        while phrase:
            found.append(phrase)
            phrase.end = self.where()[1]
            start = self.at
            phrase = self._target(placed) if self._and() else None
            if phrase is None or (phrase.article == "indef" and found[0].definite):
                self.at, phrase = start, None
        for one in found[:-1]:
            if one.pick and not one.name and not one.pronoun:  # `the left and the right dog`
                one.name, one.known = found[-1].name, found[-1].known
        return found

    def _spare(self, made: Command) -> None:
        """`(everything) but the dog`, `(all birds) except the left one`: to the end of the clause, or not at all."""
        start = self.at
        whole = made.targets and (made.targets[0].pronoun == "all" or made.targets[0].quantity == "all")
        if not whole or not self.accept_text(*_EXCEPT):
            return
        made.spared = self._targets_of()
        if not (self.done or self.peek().has("joint", "mark", "skip", "gone")):
            self.at, made.spared = start, []

    def _and(self) -> bool:
        joined = False
        while self.peek().get("joint") in ("and", ","):
            self.next()
            joined = True
        return joined

    def _related(self) -> Relation | None:
        start = self.at
        token = self.accept("relation")
        if token is None:
            return None
        self.accept_text("of")
        right = self._targets(token.get("relation"))
        if not right:
            self.at = start
            return None
        name = "next to" if token.get("relation") in ("in front of", "behind", "in back of") else token.get("relation")
        return Relation(name, *right)

    def _result(self, made: Command, nouns: bool = True) -> bool:
        """What the target is to become; fills `made`."""
        while (
            (self.peek().has("be", "to", "skip") or self.peek().get("mark") == "only")
            and not self.peek().has("same colour", "same size")
            and not (self.peek().text == "as" and self.peek(1).has("size"))
            and not self.peek().has("style", "neg", "place", "bare place")
            and not self._colour()
        ):
            self.next()
        for read in (
            self._to_another,
            self._to_same,
            self._to_style,
            self._to_colour,
            self._to_size,
            self._to_ground,
            self._to_place,
            self._to_relation,
            self._to_nouns if nouns else None,
        ):
            if read is not None and read(made):
                return True
        return False

    def _to_another(self, made: Command) -> bool:
        """`a different colour`: which one is the user's to say; for each another, ours."""
        each = any(self.peek(-back).text.startswith("each") for back in (1, 2, 3))
        if self.peek().has("differing") or (each and self.peek().get("other look") == "recolour"):
            made.operation, made.differing = "recolour", bool(self.next())
            return True
        token = self.accept("other look")
        if token is not None:
            made.operation = token.get("other look")
        return token is not None

    def _to_same(self, made: Command) -> bool:
        """`the same colour as the dog`."""
        if not self.accept("same colour"):
            return False
        made.like = self.noun_phrase()
        return made.like is not None

    def _colour(self) -> bool:
        return self.peek().has("colour")

    def _to_style(self, made: Command) -> bool:
        if not self.peek().has("style") or self.peek(1).has("noun"):
            return False
        made.style = self.next().get("style")
        self.accept_text("style", "picture", "drawing", "painting", "version")
        return True

    def _to_colour(self, made: Command) -> bool:
        start = self.at
        self.accept_text("in", "a")
        token = self.peek()
        follows = self.peek(1)
        if (
            not token.has("colour")
            or follows.has("noun", "head", "ground", "size")
            or (follows.unknown and follows.text)
            or (follows.text in ("background", "backdrop"))
        ):
            self.at = start
            return False
        made.colour = self.next().get("colour")
        made.colours = self._more_colours([made.colour])
        return True

    def _to_size(self, made: Command) -> bool:
        if self.accept("equal size"):
            made.compared = Compared(1.0)
            return True
        made.compared = self._comparison()
        if made.compared:
            made.compared.to = self._target()
            made.size = made.compared.size
            return made.size is not None or made.compared.to is not None
        token = self.peek()
        if not token.has("size", "more") or self.peek(1).has("noun", "head", "colour"):
            return False
        self.next()
        made.size = token.get("size") or token.get("more")
        return True

    def _to_ground(self, made: Command) -> bool:
        token, follows = self.peek(), self.peek(1)
        if token.has("colour") and follows.text in ("background", "backdrop"):
            self.at += 2
            made.background = f"plain {token.get('colour')}"
            return True
        scratch = Description()
        if not self._ground(scratch):
            return False
        made.background = scratch.background
        made.unknown += scratch.unknown
        return True

    def _to_place(self, made: Command) -> bool:
        token = self.accept("place", "bare place")
        if token is None:
            return False
        made.place = token.get("place") or token.get("bare place")
        return True

    def _to_relation(self, made: Command) -> bool:
        if self.peek().has("relation it"):
            made.relation = Relation(self.next().get("relation it"), NounPhrase(pronoun="it", definite=True))
            return True
        pair = self.accept("link") if self.peek().get("link") == "with pair" else None
        if pair:
            made.relation = Relation("next to", NounPhrase(pronoun="them", definite=True))
            return True
        self.accept_text("closer", "nearer", "stand", "sit")
        made.relation = self._related()
        return made.relation is not None

    def _to_nouns(self, made: Command) -> bool:
        if self.peek().has("number") and (self.peek(1).has("joint", "pron", "skip", "mark") or not self.peek(1).text):
            made.count = self.next().get("number")
            return True
        phrase = self.noun_phrase()
        while phrase:
            made.becomes.append(phrase)
            start = self.at
            phrase = self.noun_phrase() if self._and() else None
            if phrase is None or phrase.definite or self.peek().text in ("to", "into"):
                self.at, phrase = start, None
        self._not_another(made)
        return bool(made.becomes)

    def _not_another(self, made: Command) -> None:
        """`(it is a bird), not a cat`: what it was until now, which says what is meant."""
        start = self.at
        while self.peek().get("joint") in (",", "and"):
            self.next()
        was = self.noun_phrase() if made.becomes and self.accept_text("not", "not a", "no") else None
        if was is None or not was.name or not (self.done or self.peek().has("joint", "mark", "skip")):
            self.at = start
        elif made.targets and made.targets[0].pronoun == "it":
            made.targets = [replace(was, definite=True)]
