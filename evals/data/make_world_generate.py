"""Writes world_generate.jsonl: prompts of the picture world that the pack says it can draw, with their truth.

    python -m evals.data.make_world_generate

The seed is fixed, so the file changes only with the pack's world; whoever changes it raises the suite's version.
Six groups of twenty, GenEval's own five and "mixed" (several things at once, on a background). Half of the colour
prompts are pairs of thing and colour that the pack was never trained on (`held_out` in its pack.json).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from generators.world.captions import ground_phrase, with_article
from generators.world.vocabulary import COUNTS, find_thing

FOLDER = Path(__file__).parent
PACK = Path(__file__).resolve().parents[2] / "generators" / "pack" / "pack.json"
EACH = 20
SEED = 20261120
Line = dict[str, Any]
LINKS = {"left of": ("to the left of", "left of"), "right of": ("to the right of", "right of"),
         "above": ("above", "above"), "below": ("below", "under")}
HEADS = ("a photo of {}", "{}", "draw {}", "a picture of {}", "show me {}")


class Sampler:
    """Draws prompts from what a pack knows."""

    def __init__(self, facts: dict[str, Any], rng: random.Random) -> None:
        self.facts, self.rng = facts, rng
        self.held_out = [tuple(pair) for pair in facts.get("held_out", [])]
        self.relations = [name for name in facts["relations"] if name in LINKS]

    def things(self, number: int) -> list[str]:
        return self.rng.sample(self.facts["objects"], number)

    def colour(self) -> str:
        return self.rng.choice(self.facts["colours"])

    def single_object(self, index: int) -> tuple[str, Line]:
        thing = self.facts["objects"][index % len(self.facts["objects"])]
        return phrase(thing), truth(line(thing))

    def two_object(self, index: int) -> tuple[str, Line]:
        a, b = self.things(2)
        return f"{phrase(a)} and {phrase(b)}", truth(line(a), line(b))

    def counting(self, index: int) -> tuple[str, Line]:
        count = 2 + index % (min(self.facts["counts"], 4) - 1)
        thing = self.things(1)[0]
        return phrase(thing, count), truth(line(thing, count))

    def colors(self, index: int) -> tuple[str, Line]:
        thing, colour = self.things(1)[0], self.colour()
        if index % 2 and self.held_out:
            thing, colour = self.held_out[index // 2 % len(self.held_out)]
        return phrase(thing, 1, colour), truth(line(thing, 1, colour))

    def position(self, index: int) -> tuple[str, Line]:
        relation = self.relations[index % len(self.relations)]
        a, b = self.things(2)
        link = self.rng.choice(LINKS[relation])
        return f"{phrase(a)} {link} {phrase(b)}", truth(line(b), line(a, position=(relation, 0)))

    def mixed(self, index: int) -> tuple[str, Line]:
        """By turns: a coloured group and a thing; a relation with a colour; two coloured things; a big count."""
        ground, (a, b) = self.rng.choice(self.facts["backgrounds"]), self.things(2)
        c, d = self.rng.sample(self.facts["colours"], 2)
        where = ground_phrase(self.rng, ground)
        relation = self.rng.choice(self.relations)
        link = self.rng.choice(LINKS[relation])
        kinds: list[tuple[str, list[Line]]] = [
            (f"{phrase(a, 2, c)} and {phrase(b)}", [line(a, 2, c), line(b)]),
            (f"{phrase(a, 1, c)} {link} {phrase(b, 2)}", [line(b, 2), line(a, 1, c, (relation, 0))]),
            (f"{phrase(a, 1, c)} and {phrase(b, 1, d)}", [line(a, 1, c), line(b, 1, d)]),
            (phrase(a, 3, c), [line(a, 3, c)]),
        ]
        text, lines = kinds[index % len(kinds)]
        return f"{text} {where}", truth(*lines, background=ground)


def phrase(thing: str, count: int = 1, colour: str | None = None) -> str:
    entry = find_thing(thing)
    assert entry is not None, thing
    words = [colour] if colour else []
    if count == 1:
        return with_article(" ".join([*words, entry.name]))
    return " ".join([COUNTS[count], *words, entry.plural])


def line(thing: str, count: int = 1, colour: str | None = None, position: tuple[str, int] | None = None) -> Line:
    """One entry of GenEval's `include`."""
    found: Line = {"class": thing, "count": count}
    if colour:
        found["color"] = colour
    if position:
        found["position"] = list(position)
    return found


def truth(*lines: Line, background: str | None = None) -> Line:
    return {"include": list(lines), **({"background": background} if background else {})}


Group = Callable[[int], tuple[str, Line]]


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Twenty of each group, no prompt twice."""
    rng = random.Random(SEED)
    sampler, seen = Sampler(facts, rng), set()
    groups: tuple[Group, ...] = (sampler.single_object, sampler.two_object, sampler.counting, sampler.colors,
                                 sampler.position, sampler.mixed)
    for group in groups:
        made = 0
        for attempt in range(EACH * 20):
            text, right = group(attempt)
            prompt = rng.choice(HEADS).format(text)
            if made < EACH and text not in seen:
                seen.add(text)
                yield {"id": f"{group.__name__}-{made:02d}", "tag": group.__name__, "turns": [prompt], "truth": right}
                made += 1


def write(name: str, made: Callable[[dict[str, Any]], Iterable[Line]]) -> None:
    """Writes a suite's lines, of what the pack in this repository says that it can draw."""
    lines = [json.dumps(item) + "\n" for item in made(json.loads(PACK.read_text()))]
    (FOLDER / f"{name}.jsonl").write_text("".join(lines))
    print(f"{name}.jsonl: {len(lines)} items")


if __name__ == "__main__":
    write("world_generate", items)
