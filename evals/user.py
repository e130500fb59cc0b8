"""A simulated user: holds a scene, opens with what an item says, and answers only what it is asked.

An item that has one says in its truth what the user would answer, slot by slot of the Brief: `answers`: {"objects":
"a horse", "background": "on a beach", …}. A question about a slot of these mattered; to any other the user says "you
choose". The user has seen none of the pictures, and does not volunteer what nobody asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.api import Asked, Item
from tools.api import Question

PATIENCE = 4
"""So many questions of one item are answered; then the user gives up."""
INDIFFERENT = "you choose"
WORDS = {"how many": "count", "colour": "colour", "color": "colour", "background": "background", "style": "style"}
"""Words of a question that say which slot it is about, whatever slot it names: a planner's may be the default one."""


class User:
    """Answers the questions of one item."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers

    def answer(self, question: Question) -> Asked:
        slot = next((name for word, name in WORDS.items() if word in question.text.lower()), question.slot)
        known = self.answers.get(slot)
        return Asked(text=question.text, slot=slot, answer=known or INDIFFERENT, mattered=known is not None)


def of(item: Item) -> User | None:
    """The user of an item; None where a question ends it, because nobody is there to answer."""
    answers: Any = item.truth.get("answers")
    return User(answers) if isinstance(answers, Mapping) else None
