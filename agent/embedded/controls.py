"""Going back and forth between versions, and drawing once more: "undo", "the first picture", "again"."""

from __future__ import annotations

from typing import Any

from agent.embedded.results import ResultReader
from agent.embedded.syntax import Control, Description

_CONTENT = ("noun", "category", "ground", "colour", "style", "size", "more", "neg", "det", "number", "quant", "place",
            "bare place", "relation", "relation it")  # fmt: skip
_REASONS = ("because", "since", "cause")
_VERSIONS = {"original": "first", "beginning": "first", "start": "first", "previous": "previous"}


class ControlReader(ResultReader):
    """Reads what is said of versions."""

    def _control(self) -> Control | Description | None:
        token = self.peek()
        action = token.get("control")
        if action is None:
            return None
        self.next()
        if action == "back to":
            return self._select()
        if action == "again":
            return self._again(token.has("verb") or token.text.startswith(("draw", "generate", "make")))
        return self._steps(action)

    def _same_again(self, marks: set[str]) -> Control | Description | None:
        """`(now the same) with two dogs`, `do the same but at night`: what changes is read after it."""
        ordered = self.peek().text == "do" or self.peek().verb("draw", "make", "redo")
        if ordered:
            self.next()
            ordered = self.peek().get("mark") == "same" and bool(self.next())
        said = self.peek(-1)
        if said.get("mark") != "same" or "picture" in said.text or not (ordered or "same" in marks):
            return None
        if ordered and self.peek().get("control") == "again":
            return self._again(False)
        but = ordered and self.peek().get("joint") == "but" and bool(self.next())
        return Control("again") if but or (self.accept_text("with") and self._new_object()) else None

    def _steps(self, action: Any) -> Control | None:
        made = Control(action)
        while not self.done and not self.peek().has("joint"):
            token = self.next()
            if token.has("noun", "colour", "ground", "style"):
                return None
            if token.has("number"):
                made.steps = max(1, min(token.get("number"), 100))
            elif token.text == "twice":
                made.steps = 2
            elif token.text in ("everything", "all", "all of it", "all the"):
                return Control("select", which="first")
        return made

    def _version_wanted(self, marks: set[str]) -> Control | None:
        return self._select() if "want" in marks else None

    def _select(self) -> Control | None:
        """`the original`, `the first picture`, `the previous one`, `version 2`."""
        self.accept_text("to")
        self.accept("det")
        token = self.peek()
        if token.text in _VERSIONS:
            self.next()
            return self._version(Control("select", which=_VERSIONS[token.text]))
        if token.text in ("version", "picture", "number") and self.peek(1).has("number"):
            self.next()
            return Control("select", which=self.next().get("number"))
        if token.text in ("last one", "one before", "one before that"):
            self.next()
            return Control("select", which="previous")
        if token.has("ordinal") and self.peek(1).text in ("picture", "version", "one", "image", "photo", "drawing", ""):
            self.next()
            number = token.get("ordinal")
            return self._version(
                Control("select", which="first" if number == 1 else "previous" if number < 0 else number)
            )
        return None

    def _version(self, made: Control) -> Control | None:
        self.accept_text("picture", "version", "one", "image", "photo", "drawing", "state", "again")
        while self.peek().has("mark", "skip") or self.peek().text == "better":
            self.next()
        return made if self.done or self.peek().has("joint") else None

    def _again(self, drawing: bool) -> Control | Description | None:
        made = Control("again")
        if self._new_object():
            phrase = self.description({"draw"} if drawing else {"also"})
            phrase.objects[0].more = True
            return phrase
        while not self.done and not self._says_more():
            if self.peek().text in _REASONS:
                self.at = len(self.tokens)
            elif self.next().has("seed") and self.peek().has("number"):
                made.seed = self.next().get("number")
        return made

    def _says_more(self) -> bool:
        """Whether what is to be different begins here: `(do it again) but with a cat`."""
        token = self.peek()
        if token.has("control", "seed") or (token.get("quant") == "more" and self.peek(1).has("seed")):
            return False
        if token.has("verb"):
            return not token.has("skip", "whole")
        return token.has(*_CONTENT) or token.text in ("at", "in", "on")

    def _new_object(self) -> bool:
        start = self.at
        phrase = self.noun_phrase()
        self.at = start
        return bool(phrase and phrase.name and not phrase.definite)
