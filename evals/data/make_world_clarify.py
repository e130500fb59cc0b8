"""Writes world_clarify.jsonl: requests that leave open what matters and requests that do not, each with its scene.

    python -m evals.data.make_world_clarify

The seed is fixed, as in make_world_generate. `answers` is what the simulated user (`evals.user`) would say, slot by
slot; where the request is clear there is nothing to answer. The truth is the scene that the user has in mind.

    kind    a word for many things ("an animal in the snow", "two fruits"): which one, only the user knows
    open    a wish that names nothing to be seen
    which   a change of one of two that are alike
    clear   everything is said, or explicitly left open
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from evals.data.make_world_generate import HEADS, Line, Sampler, line, phrase, truth, write
from generators.world.captions import ground_phrase
from generators.world.vocabulary import COUNTS

SEED = 20261123
ANIMALS = ("dog", "cat", "bird", "fish", "horse", "elephant")
FOOD = ("pizza", "cake", "apple", "banana")
KINDS = {"animal": ANIMALS, "fruit": ("apple", "banana"), "vehicle": ("car", "bus", "boat", "airplane", "bicycle"),
         "pet": ("dog", "cat", "bird", "fish"), "snack": FOOD, "creature": ANIMALS}
OPENINGS = ("I would like a picture for my kitchen", "draw something sweet for my niece", "paint me something",
            "a little something for a friend", "can you make a card for my mother?", "make me a nice picture",
            "I want to hang something on my wall", "something cheerful, please", "I need an illustration for my story",
            "a picture that goes with my sofa")  # fmt: skip
Talk = tuple[list[str], Line, dict[str, str]]


class Talks(Sampler):
    """What is said, what is meant, and what would be answered."""

    def kind(self, index: int) -> Talk:
        word = list(KINDS)[index % len(KINDS)]
        thing = self.rng.choice([name for name in KINDS[word] if name in self.facts["objects"]])
        other = self.rng.choice([name for name in self.facts["objects"] if name not in KINDS[word]])
        a, ground, colour = f"{'an' if word[0] in 'aeiou' else 'a'} {word}", self.ground(), self.colour()
        forms: list[tuple[str, Line, str]] = [
            (f"{a} {ground_phrase(self.rng, ground)}", truth(line(thing), background=ground), phrase(thing)),
            (f"a {colour} {word}", truth(line(thing, 1, colour)), phrase(thing)),
            (f"two {word}s", truth(line(thing, 2)), plural(thing)),
            (f"{a} and {phrase(other)}", truth(line(thing), line(other)), phrase(thing)),
        ]
        said, meant, answer = forms[(index + index // len(KINDS)) % len(forms)]
        return [self.rng.choice(HEADS).format(said)], meant, {"objects": answer}

    def open(self, index: int) -> Talk:
        (a, b), colour = self.things(2), self.colour()
        forms = [(f"{phrase(a)} and {phrase(b)}", truth(line(a), line(b))),
                 (phrase(a, 1, colour), truth(line(a, 1, colour))),
                 (phrase(a, 2), truth(line(a, 2)))]
        answer, meant = forms[index % len(forms)]
        return [OPENINGS[index % len(OPENINGS)]], meant, {"objects": answer}

    def which(self, index: int) -> Talk:
        (a, b), (one, two, new) = self.things(2), self.colours(3)
        pair = " and ".join(phrase(a, 1, colour) for colour in self.rng.sample((one, two), 2))
        side = self.rng.choice(("left", "right"))
        kept = truth(line(a, 1, two if side == "left" else one), line(a, 1, new))
        picked = {"target": f"the {one} one"}
        talks: list[Talk] = [
            ([self.beside(a, one, two), f"make the {a} {new}"], kept, {"target": f"the {side} one"}),
            ([pair, f"remove the {a}"], truth(line(a, 1, two)), picked),
            ([pair, f"make the {a} {new}"], truth(line(a, 1, two), line(a, 1, new)), picked),
            ([pair, f"replace the {a} with {phrase(b)}"], truth(line(a, 1, two), line(b)), picked),
        ]
        return talks[index % len(talks)]

    def clear(self, index: int) -> Talk:
        groups = (self.single_object, self.two_object, self.counting, self.colors, self.position, self.mixed)
        said, meant = groups[index % len(groups)](index)
        return [self.rng.choice(HEADS).format(said)], meant, {}

    def clear_edit(self, index: int) -> Talk:
        (a,), (one, two, new) = self.things(1), self.colours(3)
        side = self.rng.choice(("left", "right"))
        kept = truth(line(a, 1, two if side == "left" else one), line(a, 1, new))
        both = truth(line(a, 1, one), line(a, 1, new))
        pair = f"{phrase(a, 1, one)} and {phrase(a, 1, two)}"
        talks: list[Talk] = [
            ([self.beside(a, one, two), f"make the {side} {a} {new}"], kept, {}),
            ([phrase(a, 2, one), f"make both {plural(a)} {new}"], truth(line(a, 2, new)), {}),
            ([pair, f"remove the {two} {a}"], truth(line(a, 1, one)), {}),
            ([phrase(a, 2, one), f"make one of the {plural(a)} {new}"], both, {}),
        ]
        return talks[index % len(talks)]

    def beside(self, thing: str, left: str, right: str) -> str:
        return f"{phrase(thing, 1, left)} to the left of {phrase(thing, 1, right)}"

    def ground(self) -> str:
        return self.rng.choice([name for name in self.facts["backgrounds"] if not name.startswith("plain")])

    def colours(self, number: int) -> list[str]:
        return self.rng.sample(self.facts["colours"], number)


def plural(thing: str) -> str:
    return phrase(thing, 2).removeprefix(f"{COUNTS[2]} ")


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    talks = Talks(facts, random.Random(SEED))
    groups: tuple[tuple[Callable[[int], Talk], int], ...] = (
        (talks.kind, 12), (talks.open, 10), (talks.which, 12), (talks.clear, 18), (talks.clear_edit, 12))
    seen: set[tuple[str, ...]] = set()
    for group, number in groups:
        made = 0
        for attempt in range(number * 20):
            turns, meant, answers = group(attempt)
            if made < number and tuple(turns) not in seen:
                seen.add(tuple(turns))
                name = group.__name__.replace("_", " ")
                right = {**meant, "ambiguous": not name.startswith("clear"), "answers": answers}
                yield {"id": f"{group.__name__}-{made:02d}", "tag": name, "turns": turns, "truth": right}
                made += 1


if __name__ == "__main__":
    write("world_clarify", items)
