"""What takes the place of what: "replace the dog by a cat", "a pear instead of the apple", "dog to horse"."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.removing import RemovalReader
from agent.embedded.syntax import Command, Compared, Description, NounPhrase

_INTO = ("to", "into", "in to", "with", "by", "for", "as", "to a")


class ReplacementReader(RemovalReader):
    """Reads commands that make one thing another."""

    def _replace(self) -> Command | None:
        token = self.peek()
        if not token.verb("replace"):
            return None
        self.next()
        if (self._whole() or self._ground_named()) == "background":
            made = Command("background")
            return made if self._result(made) and (made.background or made.colour) else None
        made = Command("replace", targets=self._replaced())
        if not made.targets and self.accept_text("places", "positions", "sides"):
            return Command("swap", targets=[NounPhrase(pronoun="them", definite=True)])
        if self.accept_text(*_INTO) and made.targets and self._to_nouns(made):
            return self._standing(made)
        if len(made.targets) == 2 or (made.targets and made.targets[0].pronoun == "them"):
            self.accept_text("around", "places", "positions")
            made.operation = "swap"
            return made
        return None

    def _replaced(self) -> list[NounPhrase]:
        """What is replaced: of `the dog by two cats` the dog, and not a dog that is by two cats."""
        start = self.at
        for placed in (True, False, True):
            self.at = start
            targets = self._targets_of(placed)
            if self.peek().text in _INTO:
                break
        return targets

    def _instead_of(self) -> Command | None:
        """`a pear instead of the apple`, `instead of the dog, a cat`, `a cat rather than a dog`."""
        if self.accept_text("instead of", "rather than"):
            made = Command("replace", targets=self._targets_of())
            while self.peek().has("joint", "mark") and not self.peek().has("neg", "number", "quant", "be"):
                self.next()
            if self.peek().verb("draw", "add", "put", "make"):
                self.next()
            return made if made.targets and self._to_nouns(made) else None
        while self.peek().verb("draw", "add", "put", "make") or self.peek().has("link"):
            self.next()
        made = Command("replace")
        if self._to_nouns(made) and self.accept_text("instead of", "rather than", "than", "in place of"):
            made.targets = self._targets_of()
            return self._nonempty(made)
        return None

    def _standing(self, made: Command) -> Command:
        """`replace the dog with a cat on the left`: where the new one stands."""
        token = self.accept("place")
        made.place = token.get("place") if token else made.place
        return made

    def _turned(self) -> Command | None:
        """`dog to horse`, `turn dog into horse`, `the dog into a horse`."""
        if self.peek().verb("make"):
            self.next()
        targets = self._targets_of(placed=False)
        if not targets or not self.peek(-1).has("noun", "category") or any(one.counted for one in targets):
            return None
        made = Command("replace", [replace(one, definite=True) for one in targets])
        if not self.accept_text("to", "into", "in to"):
            return None
        if not self._to_nouns(made):
            made.becomes = [one for one in [self.bare_unknown()] if one]
        new = made.count is not None or any(not one.definite for one in made.becomes)
        return made if new and self._clause_over() else None

    def _rather(self) -> Command | Description | None:
        """`I don't want a dog, I want a horse`, `I don't want a dog but a horse`."""
        if not self.accept_text("i do not want", "do not want"):
            return None
        made = Command("replace", [replace(one, definite=True, count=1) for one in self._targets_of()])
        wanted = False
        while self.peek().has("joint") or self.peek().get("mark") in ("want", "meant"):
            wanted = wanted or self.peek().has("mark") or self.peek().get("joint") == "but"
            self.next()
        said = self.description({"want"}) if made.targets and wanted else None
        if said is None or not said.objects:
            return None
        if len(said.objects) > 1 or said.background or said.style:
            return said
        made.becomes, made.description = list(said.objects), said
        return made

    def _made_of(self) -> Command | None:
        """`from the dog make a horse`, `make a horse out of the dog`."""
        made = Command("replace", self._source())
        first = bool(made.targets)
        self.accept("joint")
        if not self.peek().verb("make", "draw"):
            return None
        self.next()
        if not self._to_nouns(made):
            return None
        made.targets = made.targets if first else self._source()
        pointed = made.targets and (made.targets[0].definite or made.targets[0].article == "poss")
        return made if pointed and self._clause_over() else None

    def _source(self) -> list[NounPhrase]:
        """`from the dog`, `out of it`."""
        start = self.at
        self.accept_text("out")
        if self.accept_text("from it", "of it"):
            return [NounPhrase(pronoun="it", definite=True)]
        found = self._targets_of() if self.accept_text("from", "of" if self.at > start else "from") else []
        self.at = self.at if found else start
        return found

    def _alike(self) -> Command | None:
        """`the same size for both`."""
        if not self.accept("equal size"):
            return None
        targets = self._targets_of() if self.accept_text("for") else [NounPhrase(pronoun="them", definite=True)]
        return Command("resize", targets, compared=Compared(1.0)) if targets and self._clause_over() else None
