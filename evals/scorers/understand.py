"""Is the studio's reply the right answer to a question about a picture? Reads the reply's words only.

Truth: `kind` of question and `answer`, as `generators.world.questions` has them. A reply that says none of the answers,
or more than one of them, is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from evals.api import Look, Score, Scorer
from generators.world.vocabulary import COUNTS, find_count
from tools.phrases import find_colours, find_ground, words_of


class Understand(Scorer):
    name = "understand"
    version = 1
    purpose = "the right answer to a question about a picture"
    eyes = False

    def score(self, look: Look) -> Score:
        kind, right = look.item.truth.get("kind"), look.item.truth.get("answer")
        said = READ[kind](look.sample.reply) if kind else None
        if said is None:
            return self.result(0.0, note=f"no answer in {look.sample.reply!r}")
        if said != right:
            return self.result(0.0, note=f"{said}, not {right}: {look.sample.reply}")
        return self.result(1.0)


def _number(reply: str) -> str | None:
    """The first number, "no dogs" being none; an article is no number."""
    found = (find_count(word) for word in words_of(reply) if word not in ("a", "an"))
    number = next((n for n in found if n is not None), None)
    return COUNTS[number] if number is not None and number < len(COUNTS) else None


def _yes_or_no(reply: str) -> str | None:
    found = re.match(r"\s*(yes|no)\b", reply.lower())
    return found[1] if found else None


def _colour(reply: str) -> str | None:
    colours = set(find_colours(words_of(reply)))
    return colours.pop() if len(colours) == 1 else None


READ: dict[str, Callable[[str], str | None]] = {
    "count": _number,
    "presence": _yes_or_no,
    "relation": _yes_or_no,
    "colour": _colour,
    "background": find_ground,
}
SCORER = Understand()
