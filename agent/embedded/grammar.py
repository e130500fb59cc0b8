"""The grammar: a message becomes clauses, each a description, a command or a control ("undo").

Hand-written recursive descent with ordered choice (a parsing expression grammar; Ford 2004): each rule returns a
clause, or None and leaves the position where it was. Every rule moves on or gives up, so reading ends.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.embedded.replacing import ReplacementReader
from agent.embedded.syntax import Clause, Command, Compared, Description, NounPhrase, Unparsed
from agent.embedded.tokens import tokens_of


def parse(message: str) -> list[Clause]:
    """All clauses of a message, in order; never raises."""
    return Grammar(tokens_of(message)).clauses()


class Grammar(ReplacementReader):
    """Clauses of one message."""

    def clauses(self) -> list[Clause]:
        found: list[Clause] = []
        while not self.done:
            before = self.at
            clause = self._clause()
            if clause is not None:
                found.append(clause)
            if self.at == before:
                self.at += 1
        return found

    def _clause(self) -> Clause | None:
        marks = self._leads()
        begin, start = self.at, self.peek().start
        if self.done:
            return Description(marks=marks) if marks - {"polite"} else None
        for rule in self._rules(marks):
            clause = rule()
            if clause is not None and self.at > begin:
                clause.start, clause.end = start, self.where()[1]
                return clause
            self.at = begin
        return self._described(marks)

    def _rules(self, marks: set[str]) -> list[Callable[[], Clause | None]]:
        rules = [
            self._another_look,
            self._swapped,
            self._copied,
            self._control,
            self._fewer,
            self._rather,
            self._remove,
            self._only_keep,
            self._keep,
            lambda: self._only(marks),
            lambda: self._stays(marks),
            self._goes,
            self._replace,
            self._instead_of,
            self._turned,
            self._made_of,
            self._let,
            self._alike,
            self._give,
            self._put_somewhere,
            self._add,
            self._move,
            self._scale,
            self._redo,
            self._make,
            self._too,
            self._likewise,
            self._should,
        ]
        return [lambda: self._version_wanted(marks), lambda: self._same_again(marks), *rules]

    def _leads(self) -> set[str]:
        """The small words before a clause: politeness, "now", "also", "no,"."""
        marks: set[str] = set()
        begin = self.at
        while not self.done:
            token = self.peek()
            if token.has("joint"):
                marks |= {"also"} if begin == 0 and token.get("joint") == "and" else set()
                self.next()
            elif token.has("mark") and not self._means_more(marks):
                marks |= self.marked()
            elif token.has("ordinal") and self.peek(1).has("verb") and not self.peek(1).has("noun", "style"):
                self.next()  # `first remove the cat, then …`
            else:
                break
        return marks

    def _means_more(self, marks: set[str]) -> bool:
        token = self.peek()
        if token.has("neg"):
            return not (self.peek(1).has("joint", "control", "verb") or not self.peek(1).text)
        return token.has("number", "quant", "be")

    # --- descriptions ---

    def _described(self, marks: set[str]) -> Clause | None:
        token = self.peek()
        if token.verb("draw", "make") or token.text in ("new picture",):
            marks = marks | {"draw"}
            self.next()
        elif token.has("verb") and not token.has("noun", "link", "style", "skip"):
            marks = marks | {"verb"}
            self.next()
        if self.peek().text == "with" or self.peek().get("link") == "wearing":
            marks = marks | {"with"}
        start = self.peek().start
        made = self.description(marks)
        if made.says_something or made.seed is not None or made.marks & {"new", "instead", "draw", "want", "differing"}:
            return made
        if made.unknown:
            return Unparsed(made.unknown, start, made.end)
        return None

    # --- changes ---

    def _make(self) -> Command | None:
        token = self.peek()
        if not token.verb("make", "set", "colour", "replace"):
            return None
        self.next()
        self.accept_text("please")
        made = Command("other")
        if token.verb("make") and self._colour() and self.peek(1).get("det") == "def":
            made.colour = self.next().get("colour")  # `make red the dog`
            made.targets = self._targets_of()
            return _named(made) if made.targets and self._clause_over() else None
        of_colour = self._of_colour()
        if of_colour and self._clause_over():
            return Command("recolour") if token.verb("set") else None
        whole = self._whole() or self._ground_named()
        if whole:
            return self._make_whole(made, whole)
        made.targets = self._some_in_colour() or self._targets_of()
        if not made.targets or not (
            made.targets[0].definite
            or made.targets[0].article == "poss"
            or self._colour()
            or self.peek().has("more")
            or not token.verb("make", "draw")
        ):
            return None
        if not self._result(made):
            if of_colour and self._clause_over():
                made.operation = "recolour"
                return made
            if token.verb("set") and self._clause_over() and made.targets[0].definite:
                return made
            return self._make_unclear(made, token.verb("make") and not of_colour)
        self._spare(made)
        return _named(made)

    def _of_colour(self) -> bool:
        """`(change) the colour of …`."""
        start = self.at
        self.accept("det")
        if self.accept_text("colour", "colours") and (self.accept_text("of") or self._clause_over()):
            return True
        self.at = start
        return False

    def _make_whole(self, made: Command, whole: str) -> Command | None:
        if not self._result(made):
            made.unknown = [word for word in self._strange() if word not in ("different", "else", "new", "another")]
            made.operation = "restyle" if whole == "style" and not made.unknown else made.operation
        if whole == "background":
            made.operation = "background"
            if made.colour:
                made.background = f"plain {made.colour}"
            elif made.becomes and not made.background and (made.becomes[0].article or made.becomes[0].known):
                made.background = made.becomes[0].name
            return made
        if whole == "style" and made.becomes:
            made.style, made.becomes = made.becomes[0].name, []
        named = _named(made)
        if named.operation == "recolour" or named.operation == "replace":
            named.operation = "other"
        return named

    def _make_unclear(self, made: Command, plain: bool) -> Command | None:
        """`make the dog left of the cat`, `make it florp`."""
        first = made.targets[0]
        if first.relation or first.place:
            made.operation, made.relation, made.place = "move", first.relation, first.place
            first.relation = first.place = None
            return made
        made.unknown = self._strange() or ([] if first.known or not first.name else first.name.split()[1:])
        return made if made.unknown and (plain or first.definite) and first.definite else None

    def _should(self) -> Command | None:
        """`the cat should be black`, `both cups blue`, `the one on the left in red`, `dog blue`."""
        made, start = Command("other"), self.at
        whole = self._whole()
        if whole:
            self.accept_text(":")
            command = self._make_whole(made, whole)
            return command if command and (command.background or command.style or command.size) else None
        made.targets = self._some_in_colour() or self._targets_of()
        if not made.targets or not self._pointed(made.targets[0]):
            return None
        first = made.targets[0]
        linked = self.peek().has("be")
        if first.definite and self.peek().verb("make", "colour"):
            self.next()  # `the dog make red`
        if self._result(made, nouns=linked):
            if linked and not first.definite and (made.place or made.relation):
                made.description = self._again_as_description(start)
                return _named(made)
            return _named(made) if first.definite or made.colour or made.size else None
        if linked is False and first.definite and (first.place or first.relation) and not first.pick:
            made.operation, made.place, made.relation = "move", first.place, first.relation
            first.place = first.relation = None
            made.description = self._again_as_description(start)
            return made
        if first.definite and first.colour and not first.pronoun and self._clause_over():
            made.operation, made.colour, first.colour = "recolour", first.colour, None
            return made if self.tokens[self.at - 1].has("colour") else None
        return None

    def _pointed(self, phrase: NounPhrase) -> bool:
        if phrase.definite or phrase.article == "poss":
            return True
        token = self.peek()
        after = self.peek(1)
        known = phrase.known or bool(phrase.category)
        plain = phrase.bare and known and token.has("colour", "be", "more") and not token.has("noun")
        return plain and (after.has("joint", "colour") or not after.text or token.has("be"))

    def _let(self) -> Command | None:
        """`let him wear a hat`, `make the dog with glasses`."""
        if self.peek().text not in ("let", "make", "have"):
            return None
        self.next()
        start, targets = self.at, self._targets_of(placed=False)
        if not targets or targets[0].article == "indef" or self.peek().get("link") not in ("with", "wearing"):
            return None
        self.at = start
        said = self.description({"with"})
        new = any(not thing.definite for thing in said.objects[0 if targets[0].pronoun else 1 :])
        return Command("add", description=said) if new else None

    def _too(self) -> Command | None:
        made = Command("resize", targets=self._targets_of())
        if not made.targets or not self.accept("be") or not self.accept("too"):
            return None
        token = self.accept("size", "more")
        if token is None:
            return None
        made.size = "small" if (token.get("size") or token.get("more")) == "big" else "big"
        return made

    def _likewise(self) -> Command | None:
        """`the cat too`, `do the same with the other one`: what was done last, to this."""
        ordered = bool(self.accept_text("do") and self.accept_text("the same", "same", "likewise"))
        if ordered and not self.accept_text("to", "with", "for"):
            return None
        made = Command("same", targets=self._targets_of())
        if not made.targets or not (made.targets[0].definite or made.targets[0].article == "poss"):
            return None
        too = bool(self.accept_text("too", "as well", "also"))
        return made if (ordered or too) and self._clause_over() else None

    def _give(self) -> Command | None:
        if not self.peek().verb("give"):
            return None
        self.next()
        receiver = self._target()
        if receiver is None:
            return None
        self.accept_text("in", "with")
        scratch = Command("other")
        if self._to_another(scratch) or self._to_ground(scratch) or self._to_colour(scratch):
            scratch.targets = [receiver]
            return _named(scratch)
        made = Command("add", description=self.description())
        return made if made.description and made.description.objects else None

    def _put_somewhere(self) -> Command | None:
        """`put the cat on the left` moves, `put a cake on the left` adds; which of both is seen in the picture."""
        if not self.peek().verb("put"):
            return None
        self.next()
        start = self.at
        made = Command("move", targets=self._targets_of(placed=False))
        if (
            made.targets
            and (self._is_there(made.targets[0]) or (made.targets[0].bare and not made.targets[0].plural))
            and self._result(made, False)
            and (self._is_there(made.targets[0]) or made.place or made.relation)
        ):
            made.description = self._again_as_description(start)
            return _named(made, "move")
        self.at = start
        return self._added()

    def _again_as_description(self, start: int) -> Description:
        """The same words read as something to draw or to add, in case that it is not there to be moved."""
        return Grammar(self.tokens[start : self.at]).description()

    def _add(self) -> Command | None:
        if not self.peek().verb("add"):
            return None
        self.next()
        return self._added()

    def _added(self) -> Command | None:
        alone = self.peek().text in ("another one", "another") and self._clause_over(1)
        if alone:
            self.next()
        made = Command("add", description=Description(counts=[1]) if alone else self.description())
        said = made.description
        if said is None or not said.says_something:
            return None
        if said.background and not said.objects:
            made.operation, made.background = "background", said.background
        return made

    def _move(self) -> Command | None:
        if not self.peek().verb("move"):
            return None
        self.next()
        made = Command("move", targets=self._targets_of(placed=False))
        if not made.targets:
            return None
        if not self._result(made, nouns=False):
            made.unknown = self._strange()
        return _named(made, "move")

    def _scale(self) -> Command | None:
        """`enlarge the dog`, `double the size of the dog`."""
        token = self.peek()
        if token.has("times") and self.peek(1).has("same size"):
            self.at += 2
            made = Command("resize", self._targets_of(), compared=Compared(token.get("times")))
            return self._nonempty(made)
        if not token.verb("grow", "shrink"):
            return None
        self.next()
        if self._whole():
            return Command("other", unknown=["picture size"])
        made = Command("resize", targets=self._targets_of(), size="big" if token.verb("grow") else "small")
        while self.peek().has("skip"):
            self.next()
        return self._nonempty(made)

    @staticmethod
    def _is_there(target: NounPhrase) -> bool:
        """Whether a phrase means something of the picture: `it`, `the boat`, `my dogs`."""
        return target.definite or target.article == "poss"

    def _redo(self) -> Command | None:
        """`redo this as a pencil drawing`."""
        if not self.peek().verb("redo", "make", "draw"):
            return None
        self.next()
        made = Command("restyle")
        whole = self._whole()
        if not whole:
            made.targets = self._targets_of()
        if not whole and not (made.targets and self._is_there(made.targets[0])):
            return None  # `draw a boat in watercolour`: a picture of its own
        while self.peek().has("to", "be", "skip", "mark") and not self.peek().has("style"):
            self.next()
        return made if self._to_style(made) else None


def _named(made: Command, otherwise: str = "other") -> Command:
    """The operation that a result amounts to."""
    if made.operation in ("recolour", "background", "restyle"):
        pass  # another one, and it was not said which
    elif made.style:
        made.operation = "restyle"
    elif made.background:
        made.operation = "background"
    elif made.colour or made.like:
        made.operation = "recolour"
    elif made.size or made.compared:
        made.operation = "resize"
    elif made.becomes:
        made.operation = "replace"
    elif made.count is not None:
        made.operation = "count"
    elif made.place or made.relation:
        made.operation = "move"
    else:
        made.operation = otherwise  # type: ignore[assignment]
    return made
