"""Writes world_drift.jsonl: wishes that say several things, with the Brief that holds all of them.

    python -m evals.data.make_world_drift

The seed is fixed, as in make_world_generate. Eight of each kind: `tag` is what the kind adds to two things, and
"everything" adds all of it. The styles are the whole world's: the pack draws none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from evals.data.make_world_generate import LINKS, Sampler, phrase, write
from generators.world.captions import ground_phrase

EACH = 8
SEED = 20261125
KINDS = ("objects", "counts", "colours", "sizes", "relations", "background", "style", "avoid", "everything")
STYLES = ("watercolour", "black and white", "pixel art")
HEADS = ("{}", "draw {}", "please draw me {}", "i would like {}", "can you make a picture of {}?")
Brief = dict[str, Any]


def wish(sampler: Sampler, kind: str) -> tuple[str, Brief]:
    """A sentence of two things and what the kind adds, and the Brief that keeps it."""
    rng, (a, b, gone) = sampler.rng, sampler.things(3)
    every = kind == "everything"
    counts = (rng.randint(2, 4), 1) if kind == "counts" or every else (1, 1)
    colours = tuple(rng.sample(sampler.facts["colours"], 2)) if kind == "colours" or every else (None, None)
    size = rng.choice(("small", "big")) if kind == "sizes" else None
    first, second = phrase(a, counts[0], colours[0]), phrase(b, counts[1], colours[1])
    if size:
        first = f"a {size} {a}"
    brief: Brief = {"objects": [_object(a, counts[0], colours[0], size), _object(b, counts[1], colours[1], None)]}
    text = f"{first} and {second}"
    if kind == "relations" or every:
        relation = rng.choice(sorted(LINKS))
        text, brief["relations"] = f"{first} {LINKS[relation][0]} {second}", [[a, relation, b]]
    if kind == "background" or every:
        brief["background"] = rng.choice([g for g in sampler.facts["backgrounds"] if not g.startswith("plain")])
        text += f" {ground_phrase(rng, brief['background'])}"
    if kind == "style" or every:
        brief["style"] = rng.choice(STYLES)
        text += f" in {brief['style']} style"
    if kind == "avoid" or every:
        text, brief["avoid"] = f"{text}, but no {phrase(gone, 2).split(' ', 1)[1]}", [gone]
    return text, brief


def _object(name: str, count: int, colour: str | None, size: str | None) -> Brief:
    return {"name": name, "count": count, "colour": colour, **({"size": size} if size else {})}


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sampler = Sampler(facts, random.Random(SEED))
    for kind in KINDS:
        for number in range(EACH):
            text, brief = wish(sampler, kind)
            yield {"id": f"{kind}-{number:02d}", "tag": kind, "turns": [sampler.rng.choice(HEADS).format(text)],
                   "truth": {"brief": brief}}


if __name__ == "__main__":
    write("world_drift", items)
