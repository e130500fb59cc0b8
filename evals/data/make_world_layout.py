"""Writes world_layout.jsonl: prompts in which it matters where things go, with what must get a box.

    python -m evals.data.make_world_layout

The seed is fixed, as in make_world_generate. Twelve of each kind. `place` is where the user wants a thing, in the words
of `tools.places`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from evals.data.make_world_generate import LINKS, Line, Sampler, line, phrase, truth, write

EACH = 12
SEED = 20261124
PLACES = {"top left": "in the top left corner", "top right": "in the top right corner", "left": "on the left",
          "bottom left": "in the bottom left corner", "bottom right": "in the bottom right corner",
          "right": "on the right", "top": "at the top", "bottom": "at the bottom"}


class Layouts(Sampler):
    """Sentence and what must get a box."""

    def two_things(self, index: int) -> tuple[str, Line]:
        a, b = self.things(2)
        return f"{phrase(a)} and {phrase(b)}", truth(line(a), line(b))

    def several(self, index: int) -> tuple[str, Line]:
        thing, count = self.things(1)[0], 2 + index % 3
        return phrase(thing, count), truth(line(thing, count))

    def relation(self, index: int) -> tuple[str, Line]:
        a, b = self.things(2)
        relation = self.relations[index % len(self.relations)]
        return f"{phrase(a)} {LINKS[relation][0]} {phrase(b)}", truth(line(b), line(a, position=(relation, 0)))

    def place(self, index: int) -> tuple[str, Line]:
        a, b = self.things(2)
        where = list(PLACES)[index % len(PLACES)]
        return f"{phrase(a)} {PLACES[where]} and {phrase(b)}", truth({**line(a), "place": where}, line(b))

    def crowd(self, index: int) -> tuple[str, Line]:
        a, b, c = self.things(3)
        return f"two {phrase(a, 2).split(' ', 1)[1]}, {phrase(b)} and {phrase(c)}", truth(line(a, 2), line(b), line(c))


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sampler = Layouts(facts, random.Random(SEED))
    groups: tuple[Callable[[int], tuple[str, Line]], ...] = (sampler.two_things, sampler.several, sampler.relation,
                                                             sampler.place, sampler.crowd)
    said: set[str] = set()
    for group in groups:
        made = attempt = 0
        while made < EACH:
            text, right = group(attempt)
            attempt += 1
            if text not in said:
                said.add(text)
                yield {"id": f"{group.__name__}-{made:02d}", "tag": group.__name__.replace("_", " "), "turns": [text],
                       "truth": right}
                made += 1


if __name__ == "__main__":
    write("world_layout", items)
