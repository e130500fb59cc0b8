"""Writes world_inpaint.jsonl and world_multiturn.jsonl: pictures that are painted over, and changed five times.

    python -m evals.data.make_world_conversations

The seed is fixed, as in make_world_generate. In a conversation the scene is followed from edit to edit, so that the
truth at its end is exact; no thing comes twice, so that every sentence can mean one thing only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from evals.data.make_world_generate import Line, Sampler, line, phrase, truth, write
from generators.world.captions import ground_phrase

PAINTED, TALKS, EDITS = 24, 20, 5
SEED = 20261122
FILLS = ("put {} here", "{}", "draw {} here", "replace this with {}")
CLEARS = ("remove this", "erase this", "nothing here")


def painted(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Two things; one is painted over and filled with a third, or every fourth time cleared."""
    rng = random.Random(SEED)
    sampler = Sampler(facts, rng)
    for index in range(PAINTED):
        a, b, c = sampler.things(3)
        first = f"{phrase(a)} and {phrase(b)}"
        gone = [{"class": a, "count": 1}]
        if index % 4 == 3:
            tag, second, then = "clear", rng.choice(CLEARS), [line(b)]
        else:
            tag, second, then = "fill", rng.choice(FILLS).format(phrase(c)), [line(b), line(c)]
        yield {"id": f"{tag}-{index:02d}", "tag": tag, "turns": [first, second], "paint": {1: a},
               "truth": {**truth(*then), "exclude": gone, "changed": [a, c]}}


class Talk:
    """A conversation, and the scene as it should be after each sentence."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler, self.rng = sampler, sampler.rng
        self.unused = sampler.things(EDITS + 2)
        self.colours: dict[str, str | None] = {self.unused.pop(): None, self.unused.pop(): None}
        grounds = [ground for ground in sampler.facts["backgrounds"] if not ground.startswith("plain")]
        self.ground, *self.grounds = self.rng.sample(grounds, len(grounds))
        a, b = self.colours
        self.turns = [f"{phrase(a)} and {phrase(b)} {ground_phrase(self.rng, self.ground)}"]
        self.gone: list[str] = []

    def edit(self) -> None:
        ways = [self.recolour, self.background]
        ways += [self.add] if len(self.colours) < 3 else []
        ways += [self.remove, self.replace] if len(self.colours) > 1 else []
        self.rng.choice(ways)()

    def recolour(self) -> None:
        thing = self.rng.choice(list(self.colours))
        colour = self.rng.choice([c for c in self.sampler.facts["colours"] if c != self.colours[thing]])
        self.colours[thing] = colour
        self.turns.append(f"make the {thing} {colour}")

    def add(self) -> None:
        thing = self.unused.pop()
        self.colours[thing] = None
        self.turns.append(f"add {phrase(thing)}")

    def remove(self) -> None:
        thing = self.rng.choice(list(self.colours))
        self._drop(thing)
        self.turns.append(f"remove the {thing}")

    def replace(self) -> None:
        old, new = self.rng.choice(list(self.colours)), self.unused.pop()
        self._drop(old)
        self.colours[new] = None
        self.turns.append(f"replace the {old} with {phrase(new)}")

    def background(self) -> None:
        self.ground = self.grounds.pop()
        self.turns.append(f"change the background to {self.ground}")

    def _drop(self, thing: str) -> None:
        del self.colours[thing]
        self.gone.append(thing)

    def truth(self) -> Line:
        lines = [line(thing, 1, colour) for thing, colour in self.colours.items()]
        return {**truth(*lines, background=self.ground), "exclude": [{"class": t, "count": 1} for t in self.gone]}


def conversations(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    rng = random.Random(SEED + 1)
    for index in range(TALKS):
        talk = Talk(Sampler(facts, rng))
        for _ in range(EDITS):
            talk.edit()
        yield {"id": f"five-{index:02d}", "tag": "five edits", "turns": talk.turns, "truth": talk.truth()}


if __name__ == "__main__":
    write("world_inpaint", painted)
    write("world_multiturn", conversations)
