"""What is to go and what is to stay: "remove the dog", "one less", "too many cats", "keep only the left one"."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.controls import ControlReader
from agent.embedded.syntax import Command, NounPhrase

_AWAY = ("away", "out", "off", "out of it", "out of")


class RemovalReader(ControlReader):
    """Reads commands that take something out, or keep it."""

    def _whole(self) -> str | None:
        start = self.at
        if self.peek().has("det") and self.peek(1).has("whole"):
            self.next()
        token = self.accept("whole")
        if token is None or self.peek().has("noun"):
            self.at = start
            return None
        return token.get("whole")

    def _strange(self) -> list[str]:
        words = []
        while not self.done and not self.peek().has("joint"):
            token = self.next()
            if not token.has("mark", "skip"):
                words.append(token.text)
        return words

    def _clause_over(self, ahead: int = 0) -> bool:
        return not self.peek(ahead).text or self.peek(ahead).has("joint", "mark", "skip")

    def _another_look(self) -> Command | None:
        """`another colour, please`."""
        token = self.accept("other look")
        return Command(token.get("other look")) if token and self._clause_over() else None

    def _copied(self) -> Command | None:
        """`duplicate the dog`."""
        return self._nonempty(Command("copy", targets=self._targets_of())) if self.accept("copy") else None

    def _swapped(self) -> Command | None:
        """`swap places`, `let the dog and the cat change places`, `put the dog where the cat is`, `swap colours`."""
        if self.accept("swap colours"):
            targets = self._targets_of() or [NounPhrase(pronoun="them", definite=True)]
            return Command("swap colours", targets) if self._clause_over() else None
        if self.accept("swap"):
            targets = self._targets_of() or [NounPhrase(pronoun="them", definite=True)]
            return Command("swap", targets=targets) if self._clause_over() else None
        if self.peek().verb("make", "put", "move"):
            self.next()
        targets = self._targets_of(placed=False)
        if targets and self.peek().has("swap", "swap colours"):
            return Command("swap" if self.next().has("swap") else "swap colours", targets=targets)
        there = self._where_it_is() if targets else None
        if there is None:
            return None
        start = self.at
        back = self._targets_of(placed=False) if self._and() else []  # `and the cat where the dog is`
        if not (back and self._where_it_is()):
            self.at = start
        if targets[0].definite or targets[0].article == "poss":
            return Command("swap", targets=[targets[0], there])
        return Command("replace", targets=[there], becomes=targets[:1])

    def _where_it_is(self) -> NounPhrase | None:
        """`(to) where the cat is`."""
        self.accept_text("to")
        there = self._target(placed=False) if self.accept_text("where") else None
        while there and (self.peek().has("be") or self.peek().text in ("now", "stands", "sits", "is")):
            self.next()
        return there

    def _remove(self) -> Command | None:
        token = self.peek()
        if token.verb("take"):
            return self._take_away()
        if not token.verb("remove"):
            return None
        self.next()
        whole = self._whole() or self._ground_named()
        if whole == "background":
            return Command("background", background="plain white")
        made = Command("remove", targets=self._targets_of() or self._some_of_them())
        self._spare(made)
        while self.peek().has("skip"):
            self.next()
        if made.targets:
            return made
        made.unknown = self._strange()
        return made if made.unknown or token.text in ("erase", "remove", "delete", "wipe", "clear") else None

    def _take_away(self) -> Command | None:
        """`take the dog away`."""
        self.next()
        made = Command("remove", targets=self._some_of_them() or self._targets_of())
        return made if made.targets and self.accept_text(*_AWAY) else None

    def _some_of_them(self) -> list[NounPhrase]:
        """`one`, `two`: that many of what is there."""
        if not self.peek().has("number") or not (self._clause_over(1) or self.peek(1).text in _AWAY):
            return []
        return [NounPhrase(pronoun="one of them", definite=True, counted=True, count=self.next().get("number"))]

    def _some_in_colour(self) -> list[NounPhrase]:
        """`one` of `one red and the other blue`."""
        token, colour = self.peek(), self.peek(1)
        over = self._clause_over(2) or self.peek(2).has("det", "quant")
        if not token.has("number") or not colour.has("colour") or colour.has("noun") or not over:
            return []
        return [NounPhrase(quantity="one of", definite=True, counted=True, count=self.next().get("number"))]

    def _fewer(self) -> Command | None:
        """`one less`, `two fewer dogs`, `too many cats`."""
        if self.accept("many"):
            phrase = self.noun_phrase() or NounPhrase(pronoun="them", definite=True)
            return Command("count", targets=[replace(phrase, definite=True, quantity="all")])
        start = self.at
        self.accept_text("there is", "there are")
        surplus = self.noun_phrase()
        if surplus and self.accept_text("too many", "too much"):  # `one dog too many`
            surplus.count = 1 if surplus.count is None else surplus.count
            return Command("remove", targets=[replace(surplus, definite=True, counted=True, quantity="one of")])
        self.at = start
        number = self.accept("number")
        if not self.accept_text("less", "fewer"):
            self.at = start
            return None
        count = number.get("number") if number else 1
        targets = self._targets_of() or [NounPhrase(pronoun="one of them", definite=True)]
        return Command("remove", targets=[replace(each, count=count, quantity="one of") for each in targets])

    def _ground_named(self) -> str | None:
        """`the beach`: the background by what it shows."""
        start = self.at
        definite = self.accept_text("the", "this", "that")
        token = self.peek()
        if (
            token.has("ground")
            and not token.has("noun")
            and not self.peek(1).has("noun")
            and (definite or self.peek(1).has("to"))
        ):
            self.next()
            return "background"
        self.at = start
        return None

    def _only_keep(self) -> Command | None:
        if not self.peek().verb("only keep"):
            return None
        self.next()
        return self._nonempty(Command("only keep", targets=self._targets_of()))

    def _only(self, marks: set[str]) -> Command | None:
        """`only the left one`."""
        targets = self._targets_of() if "only" in marks else []
        told = targets and all(each.definite and not each.name and not each.pronoun for each in targets)
        return Command("only keep", targets=targets) if told and self._clause_over() else None

    def _stays(self, marks: set[str]) -> Command | None:
        """`only the cat should stay`, `the cat stays`."""
        made = Command("only keep" if "only" in marks else "keep", targets=self._targets_of())
        if not made.targets or not self.accept("stay"):
            return None
        if made.operation == "keep":
            self._strange()  # `where it is`, `on the left`
        return made if self._clause_over() else None

    def _goes(self) -> Command | None:
        """`the tree must go`, `everything else away`."""
        made = Command("remove", targets=self._targets_of())
        self._spare(made)
        made.targets = [replace(each, definite=True) if each.bare else each for each in made.targets]
        if not made.targets or not self.accept("gone"):
            return None
        if not made.spared:
            self._spare(made)
        return made if self._clause_over() else None

    def _keep(self) -> Command | None:
        if not self.peek().verb("keep"):
            return None
        self.next()
        made = Command("keep", targets=self._targets_of(), background=None)
        if not made.targets and not self._whole():
            return None
        self._strange()
        return made

    def _nonempty(self, made: Command) -> Command | None:
        return made if made.targets else None
