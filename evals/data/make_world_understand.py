"""Writes world_understand.jsonl and its pictures: rendered scenes, each with a question and its exact answer.

    python -m evals.data.make_world_understand

The seed is fixed, as in make_world_generate. Ten of each kind; within a kind the answers come in turn, so that whoever
does not look is right by chance. Needs the emoji font. The pictures are WebP without loss, in world-understand/.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from PIL import Image

from evals.data.make_world_generate import FOLDER, write
from generators.world.questions import Question, answers_of, sample_question
from generators.world.scenes import World, render

EACH = 10
SEED = 20261126
PIXELS = 256
KINDS = ("count", "presence", "colour", "relation", "background")
SUITE = "world-understand"


def world_of(facts: dict[str, Any]) -> World:
    """What the pack draws, in any place."""
    return World(tuple(facts["objects"]), tuple(facts["colours"]), tuple(facts["backgrounds"]), most=facts["counts"],
                 shapes=(((1,), 0.2), ((1, 1), 0.4), ((2,), 0.1), ((3,), 0.1), ((1, 2), 0.1), ((1, 1, 1), 0.1)))


def questions(facts: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """Name and question; no two alike."""
    rng, world, asked = random.Random(SEED), world_of(facts), set()
    for kind in KINDS:
        answers = answers_of(world, kind)
        order = rng.sample(answers, len(answers))
        for number in range(EACH):
            while True:
                found = sample_question(rng, world, kind)
                if found.answer == order[number % len(order)] and (found.text, found.scene) not in asked:
                    break
            asked.add((found.text, found.scene))
            yield f"{kind}-{number:02d}", found


def items(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, found in questions(facts):
        yield {"id": name, "tag": found.kind, "turns": [found.text], "brings": f"{SUITE}/{name}.webp",
               "truth": {"kind": found.kind, "answer": found.answer}}


def picture(question: Question) -> Image.Image:
    return Image.fromarray(render(question.scene, PIXELS))


def _draw(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (FOLDER / SUITE).mkdir(exist_ok=True)
    for name, found in questions(facts):
        picture(found).save(FOLDER / SUITE / f"{name}.webp", lossless=True, quality=100, method=6)
    yield from items(facts)


if __name__ == "__main__":
    write("world_understand", _draw)
