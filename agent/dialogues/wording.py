"""Saying one thing in many ways: patterns with choices, and the slips of people who type. Knows no meaning."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_CHOICE = re.compile(r"\(([^()]*)\)")
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", ("wa", "qe", "wr", "et", "ry", "tu", "yi", "uo", "ip", "ol", "sq",
                       "ad", "sf", "dg", "fh", "gj", "hk", "jl", "ko", "xa", "zc", "xv", "cb", "vn", "bm", "nk"),
                       strict=True))  # fmt: skip


class Pen:
    """Every choice comes from one seeded generator, so that a dialogue can be made again."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def one(self, choices: Sequence[_T]) -> _T:
        return choices[int(self.rng.random() * len(choices))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, weights: dict[_T, float]) -> _T:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def write(self, patterns: Sequence[str] | str, **parts: str) -> str:
        """`(please |)add {thing}`: round brackets choose one of their parts, braces are filled in.

        What is filled in is taken as it is: brackets and braces in it mean nothing.
        """
        text = patterns if isinstance(patterns, str) else self.one(patterns)
        while "(" in text:
            text = _CHOICE.sub(lambda match: self.one(match.group(1).split("|")), text)
        return " ".join(re.sub(r"{(\w+)}", lambda match: parts[match.group(1)], text).split())

    def typed(self, text: str, slips: float = 0.12) -> str:
        """As somebody types it: now and then a slip, no full stop or one too many, capitals as it comes."""
        if self.chance(slips):
            text = self._slip(text)
        text = self.pick({text: 6, text[:1].upper() + text[1:]: 3, text.upper(): 0.1})
        if text[-1:].isalnum():
            text += self.pick({"": 6, ".": 2.5, "!": 0.5, " please": 0.4, ", please": 0.3, "...": 0.1, " :)": 0.1})
        return text

    def _slip(self, text: str) -> str:
        """One word of four letters or more, misspelt; quoted text and short words stay."""
        words = text.split(" ")
        long = [n for n, word in enumerate(words) if len(word) >= 4 and word.isascii() and word.isalpha()]
        if not long or '"' in text or "'" in text:
            return text
        for number in self.rng.sample(long, min(len(long), self.pick({1: 3, 2: 1}))):
            words[number] = self._misspelt(words[number])
        return " ".join(words)

    def _misspelt(self, word: str) -> str:
        at = self.rng.randrange(1, len(word) - 1)
        kind = self.pick({"swap": 3, "drop": 3, "double": 2, "neighbour": 2})
        if kind == "swap":
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if kind == "drop":
            return word[:at] + word[at + 1 :]
        if kind == "double":
            return word[:at] + word[at] + word[at:]
        return word[:at] + self.one(_NEIGHBOURS.get(word[at].lower(), word[at])) + word[at + 1 :]
