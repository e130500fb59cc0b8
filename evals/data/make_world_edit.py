"""Writes world_edit.jsonl: a picture is asked for, then one change of it; the truth is what must be there afterwards.

    python -m evals.data.make_world_edit

The seed is fixed, as in make_world_generate. Eight of each kind of edit. `changed` names the things that the edit is
about: everywhere else the picture must stay as it was (the scorer "outside").
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from evals.data.make_world_generate import Line, Sampler, line, phrase, truth, write
from generators.world.captions import ground_phrase

EACH = 8
SEED = 20261121
Edit = tuple[str, str, Line, list[str]]


class Edits(Sampler):
    """First sentence, second sentence, what must be there then, and what the edit is about."""

    def two_colours(self) -> list[str]:
        return self.rng.sample(self.facts["colours"], 2)

    def recolour(self, index: int) -> Edit:
        (a, b), (colour, _) = self.things(2), self.two_colours()
        then = truth(line(a, 1, colour), line(b))
        return f"{phrase(a)} and {phrase(b)}", f"make the {a} {colour}", then, [a]

    def remove(self, index: int) -> Edit:
        a, b = self.things(2)
        then = {**truth(line(b)), "exclude": [{"class": a, "count": 1}]}
        return f"{phrase(a)} and {phrase(b)}", f"remove the {a}", then, [a]

    def add(self, index: int) -> Edit:
        (a, b), (colour, _) = self.things(2), self.two_colours()
        return phrase(a), f"add {phrase(b, 1, colour)}", truth(line(a), line(b, 1, colour)), [b]

    def replace(self, index: int) -> Edit:
        a, b, c = self.things(3)
        then = {**truth(line(b), line(c)), "exclude": [{"class": a, "count": 1}]}
        return f"{phrase(a)} and {phrase(b)}", f"replace the {a} with {phrase(c)}", then, [a, c]

    def background(self, index: int) -> Edit:
        before, after = self.rng.sample([g for g in self.facts["backgrounds"] if not g.startswith("plain")], 2)
        a, b = self.things(2)
        first = f"{phrase(a)} and {phrase(b)} {ground_phrase(self.rng, before)}"
        return first, f"change the background to {after}", truth(line(a), line(b), background=after), ["background"]


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sampler = Edits(facts, random.Random(SEED))
    groups: tuple[Callable[[int], Edit], ...] = (sampler.recolour, sampler.remove, sampler.add, sampler.replace,
                                                 sampler.background)
    for group in groups:
        for index in range(EACH):
            first, second, then, changed = group(index)
            name = group.__name__
            right = {**then, "changed": changed}
            yield {"id": f"{name}-{index:02d}", "tag": name, "turns": [first, second], "truth": right}


if __name__ == "__main__":
    write("world_edit", items)
