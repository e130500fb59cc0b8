"""Noun phrases: "two small red apples", "the left dog", "one of them", "the second bird from the left", "it"."""

from __future__ import annotations

from typing import Any

from agent.embedded.lexicon import Noun
from agent.embedded.syntax import NounPhrase
from agent.embedded.tokens import Token
from agent.embedded.words import PLAIN_ADJECTIVES

_MANY = ("all", "both")


class Reader:
    """A position in a list of tokens, with looking ahead and stepping back."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token:
        index = self.at + ahead
        return self.tokens[index] if 0 <= index < len(self.tokens) else _NOTHING

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *kinds: str) -> Token | None:
        return self.next() if self.peek().has(*kinds) else None

    def accept_text(self, *texts: str) -> Token | None:
        return self.next() if self.peek().text in texts else None

    def marked(self) -> set[str]:
        """The mark that stands here, passed by; what was meant is wanted too."""
        mark = self.next().get("mark")
        return {"want", mark} if mark == "meant" else {mark}

    def where(self) -> tuple[int, int]:
        """The stretch of the message just before the position ends here."""
        token = self.peek(-1)
        return token.start, token.end


_NOTHING = Token("", 0, 0)


class NounReader(Reader):
    """Reads noun phrases. `noun_phrase` leaves the position alone where there is none."""

    def noun_phrase(self) -> NounPhrase | None:
        start = self.at
        phrase = NounPhrase(start=self.peek().start)
        if self._pronoun(phrase) or self._full(phrase):
            phrase.end = self.where()[1]
            return phrase
        self.at = start
        return None

    def _pronoun(self, phrase: NounPhrase) -> bool:
        token = self.peek()
        follows = self.peek(1)
        if (
            not token.has("pron")
            or follows.has("noun", "category")
            or (
                token.has("det")
                and (
                    follows.has("head", "pick")
                    or (follows.has("colour", "size") and self._noun_after(2))
                    or (follows.unknown and follows.text)
                )
            )
        ):
            return False
        phrase.pronoun, phrase.definite = self.next().get("pron"), True
        return True

    def _noun_after(self, ahead: int) -> bool:
        while self.peek(ahead).has("colour", "size") and not self.peek(ahead).has("noun"):
            ahead += 1
        token = self.peek(ahead)
        return token.has("noun", "head", "category") or bool(token.unknown and token.text)

    def _full(self, phrase: NounPhrase) -> bool:
        self._determiners(phrase)
        if phrase.pronoun:
            return True
        begun = self.at
        self._modifiers(phrase)
        return self._head(phrase, begun)

    def _determiners(self, phrase: NounPhrase) -> None:
        token = self.accept("quant") if not self.peek().has("ordinal") else None
        if token:
            self._quantity(phrase, token.get("quant"))
        follows = ("head", "noun") if self.peek(-1).get("joint") == "and" else ("head",)
        if self.peek().get("pick") in ("left", "right", "middle") and self.peek(1).has(*follows):
            phrase.definite = True  # `left one red`, `(the left) and right dog`
        token = self.accept("det")
        if token:
            phrase.article = token.get("det")
            phrase.definite = phrase.definite or phrase.article == "def"
            phrase.counted = phrase.counted or phrase.article == "indef"
        self._number(phrase)
        ordinal = self.peek().has("ordinal") and phrase.article != "indef"
        token = self.accept("quant") if not phrase.quantity and not ordinal else None
        if token:
            self._quantity(phrase, token.get("quant"))
            self._number(phrase)
        if phrase.counted or phrase.quantity:
            self.accept_text("of")
        if phrase.counted and self.peek().get("pron") == "them" and not self._noun_after(1):
            phrase.quantity, phrase.definite, phrase.pronoun = "one of", True, "one of them"
            self.next()
        elif phrase.counted and self.peek().text in ("the", "these", "those", "my") and phrase.article != "indef":
            phrase.quantity, phrase.definite = "one of", True
            self.next()

    def _quantity(self, phrase: NounPhrase, quantity: Any) -> None:
        if quantity == "more":
            phrase.more, phrase.counted = True, True
            return
        phrase.quantity, phrase.definite = quantity, True
        phrase.count = 1 if quantity == "one of" else 2 if quantity == "both" else None

    def _number(self, phrase: NounPhrase) -> None:
        token = self.peek()
        if token.has("some"):
            phrase.count, phrase.counted = None, True
            self.next()
        elif token.has("number") and not self._one_as_head():
            phrase.count, phrase.counted = self.next().get("number"), True
            self._times(phrase)
        if phrase.counted and not phrase.more and self.peek().text in ("more", "extra", "additional"):
            phrase.more = True
            self.next()

    def _times(self, phrase: NounPhrase) -> None:
        """`two hundred`, `five thousand`; `2 x`."""
        while self.peek().has("number") and self.peek().get("number") >= 100:
            phrase.count = min((phrase.count or 1) * self.next().get("number"), 10**9)
        self.accept_text("x", "of")

    def _one_as_head(self) -> bool:
        """`the left one`, `the one on the left`: there "one" is no number."""
        follows = self.peek(1)
        return (
            self.peek().has("head")
            and not follows.has("noun", "colour", "size", "category", "more")
            and not (follows.unknown and follows.text)
        )

    def _modifiers(self, phrase: NounPhrase) -> None:
        while not self.done and self._modifier(phrase):
            pass

    def _modifier(self, phrase: NounPhrase) -> bool:
        """One adjective; False where the head (or nothing) comes."""
        token = self.peek()
        from_side = token.has("ordinal") and self.peek(1).text == "from"  # `the second from the left`
        definite = phrase.definite or phrase.article == "poss"
        if token.has("pick", "ordinal") and definite and (from_side or self._more_follows() or self._looks_follow()):
            phrase.pick = ("ordinal", token.get("ordinal")) if token.has("ordinal") else _pick(token.get("pick"))
        elif token.has("quant") and token.get("quant") == "other" and phrase.definite:
            phrase.quantity = "other"
        elif token.has("colour") and self._more_follows():
            phrase.colour = phrase.colour or token.get("colour")
        elif token.has("size") and self._more_follows():
            phrase.size = token.get("size")
        elif token.has("style") and self._more_follows():
            phrase.style = token.get("style")
        elif token.has("noun", "ground") and self._compound(phrase):
            phrase.attributes.append(token.text)
        elif token.has("praise") and self._more_follows():
            pass
        elif self._adjective(token, phrase):
            phrase.attributes += [token.text] if token.text not in PLAIN_ADJECTIVES else []
        elif not (
            token.has("skip")
            and token.text in ("very", "really", "quite", "super", "so", "whole", "entire", "much", "only", "exactly")
            and self._more_follows()
        ):
            return False
        self.next()
        return True

    def _more_follows(self) -> bool:
        """Whether the noun phrase goes on after this word."""
        follows = self.peek(1)
        ahead = 1
        while follows.has("colour", "size", "skip", "number", "pick", "praise") and not follows.has("noun", "head"):
            ahead += 1
            follows = self.peek(ahead)
        if follows.has("noun", "head", "category"):
            return True
        return bool(follows.unknown and follows.text) or (follows.has("ground") and self.peek(ahead + 1).has("noun"))

    def _looks_follow(self) -> bool:
        """`the left red, the right blue`: a colour that the one on the left is to have."""
        follows, after = self.peek(1), self.peek(2)
        if not follows.text:
            return self.peek().get("pick") in ("left", "right")  # `remove the left`
        if follows.get("joint") == "and" and (after.has("pick") or self.peek(3).has("pick")):
            return self.peek().has("pick") and not after.has("noun")  # `the left and the right one`
        return follows.has("colour") and not follows.has("noun") and (after.has("joint", "skip") or not after.text)

    def _compound(self, phrase: NounPhrase) -> bool:
        """A noun before a noun, after an article or a number: "a kitchen table", "two apple cakes"."""
        follows = self.peek(1)
        return (
            follows.has("noun")
            and not follows.has("colour")
            and (phrase.counted or phrase.definite)
            and not (self.peek().has("noun") and self.peek().get("noun").plural)
        )

    def _adjective(self, token: Token, phrase: NounPhrase) -> bool:
        """An unknown word before a known head: "a fluffy cat"."""
        ahead = 0
        while ahead < 3 and self.peek(ahead).text and (self.peek(ahead).unknown or self.peek(ahead).has("vague")):
            ahead += 1
        follows = self.peek(ahead)
        return bool(
            ahead and (follows.has("noun", "head", "category") or (follows.has("colour", "size") and phrase.counted))
        )

    def _head(self, phrase: NounPhrase, begun: int) -> bool:
        token = self.peek()
        if token.has("noun"):
            _name(phrase, self.next().get("noun"))
        elif token.has("category"):
            phrase.category, phrase.name = token.get("category"), self.next().text
            phrase.plural = phrase.name.endswith("s")
        elif token.has("head") and (phrase.definite or self.at > begun or phrase.article or phrase.counted):
            self.next()
        elif self._unknown_noun(phrase) or (
            phrase.definite and (phrase.pick or phrase.quantity in ("other", "both", "all", "one of"))
        ):
            pass
        else:
            return False
        self._after_head(phrase)
        _number_of(phrase)
        return True

    def bare_unknown(self) -> NounPhrase | None:
        """One or two unknown words, taken for a name because of what stands around them ("walrus on a beach")."""
        phrase = NounPhrase(start=self.peek().start, counted=False)
        words: list[str] = []
        while self.peek().unknown and self.peek().text and len(words) < 2:
            words.append(self.next().text)
        if not words:
            return None
        name = _singular(words[-1])
        phrase.plural = name != words[-1]
        phrase.name, phrase.count = " ".join([*words[:-1], name]), None if phrase.plural else 1
        phrase.end = self.where()[1]
        return phrase

    def _unknown_noun(self, phrase: NounPhrase) -> bool:
        """`a walrus`, `two space hamsters`: after an article, a number or a colour, unknown words are a name."""
        if self.peek(-1).text == "more" or not (
            phrase.counted or phrase.definite or phrase.article or phrase.colour or phrase.size
        ):
            return False
        words: list[str] = []
        while (
            self.peek().unknown
            and self.peek().text
            and len(words) < 3
            and (not _verbal(self.peek().text) or (phrase.definite and not words))
        ):
            words.append(self.next().text)
        if not words:
            return False
        one = phrase.article == "indef" or (phrase.counted and phrase.count == 1)
        singular = words[-1] if one else _singular(words[-1])
        phrase.plural = singular != words[-1]
        phrase.name = " ".join([*words[:-1], singular])
        return True

    def _after_head(self, phrase: NounPhrase) -> None:
        if self.peek().has("possessive"):
            self._possessed(phrase)
        if self.peek().text in ("from the left", "from left"):
            self.next()
        elif self.peek().text == "from" and phrase.pick and phrase.pick[0] == "ordinal":
            self._counted_from(phrase)
        while self.peek().unknown and (_verbal(self.peek().text) or self.peek().text.endswith("ly")):
            word = self.next().text
            if word.endswith("ing"):
                phrase.attributes.append(word)

    def _possessed(self, phrase: NounPhrase) -> None:
        """`the dog's collar` is about a collar; "the dog's colour" about the dog."""
        self.next()
        token = self.peek()
        if token.has("noun"):
            _name(phrase, self.next().get("noun"))
        elif token.unknown and token.text:
            phrase.name, phrase.known = self.next().text, False

    def _counted_from(self, phrase: NounPhrase) -> None:
        start = self.at
        self.next()
        self.accept("det")
        token = self.next()
        if token.get("pick") in ("left", "right"):
            number = phrase.pick[1] if phrase.pick else 1
            phrase.pick = ("ordinal" if token.get("pick") == "left" else "ordinal right", number)
        else:
            self.at = start


def _pick(pick: str) -> tuple[str, str | int]:
    return ("size", pick) if pick in ("biggest", "smallest") else ("side", pick)


def _name(phrase: NounPhrase, noun: Noun) -> None:
    phrase.name, phrase.known, phrase.plural = noun.name, True, noun.plural and not noun.both
    phrase.said = noun.said


def _number_of(phrase: NounPhrase) -> None:
    """A plural without a number is some; "another two dogs" keeps its two."""
    said = phrase.counted and phrase.article != "indef" and not (phrase.more and phrase.count == 1)
    if phrase.plural and not said and phrase.quantity != "one of" and phrase.name not in ("skis", "scissors"):
        phrase.count = 2 if phrase.quantity == "both" else None


def _verbal(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing")


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
