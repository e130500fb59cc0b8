"""How a user points at an object of a picture, and at a place near one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from generators.world.relations import is_between, next_to
from generators.world.scenes import Placed, Scene
from generators.world.vocabulary import find_thing


def polite(rng: random.Random, text: str) -> str:
    """An instruction as it is, or with a word of courtesy."""
    return rng.choice(("{}",) * 8 + ("please {}", "{} please", "can you {}", "could you {}", "now {}")).format(text)


_SIDES = (("on the left", 0, min), ("on the right", 0, max), ("at the top", 1, min), ("at the bottom", 1, max))

CLEAR = 0.1
"""How far apart (of the picture's side) things must be for a side to tell them apart."""


def reference(rng: random.Random, target: Placed, objects: Sequence[Placed]) -> tuple[str, bool]:
    """How a user would point at an object, and whether the words fit others too."""
    entry = find_thing(target.thing)
    assert entry is not None
    alike = [o for o in objects if o.thing == target.thing]
    name = rng.choice(entry.synonyms) if entry.synonyms and rng.random() < 0.1 else entry.name
    if len(alike) == 1:
        use_colour = target.colour and rng.random() < 0.4
        return (f"the {target.colour} {name}" if use_colour else f"the {name}"), False
    same = [o for o in alike if o.colour == target.colour]
    if len(same) == 1 and target.colour:
        return f"the {target.colour} {name}", False
    for words, axis, pick in rng.sample(_SIDES, len(_SIDES)):
        furthest = pick(alike, key=lambda o: o.centre[axis]) is target and rng.random() < 0.7
        if furthest and all(o is target or abs(o.centre[axis] - target.centre[axis]) > CLEAR for o in alike):
            return f"the {name} {words}", False
    return rng.choice((f"one of the {entry.plural}", f"the {name}", f"one {name}")), True


def nearness(rng: random.Random, new: Placed, scene: Scene) -> str | None:
    """``next to the dog``, ``between the dog and the cat``, where it holds and only they can be meant."""
    alone = [o for o in scene.objects if o is not new and sum(p.thing == o.thing for p in scene.objects) == 1]
    alone = [o for o in alone if o.thing != new.thing]
    for index, a in enumerate(alone):
        for b in alone[index + 1 :]:
            if is_between(new, a, b, scene.frame):
                return f"between the {a.thing} and the {b.thing}"
    beside = [o for o in alone if next_to(new, o)]
    return f"{rng.choice(('next to', 'beside', 'near'))} the {rng.choice(beside).thing}" if beside else None
