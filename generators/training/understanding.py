"""Measures what a unified model says of pictures: ``python -m generators.training.understanding FOLDER --count 300``.

The pictures are rendered scenes that training did not show, so the truth is exact. Of a description it is asked
whether it names the right things in the right numbers and colours, the background, the relation; of an answer,
whether it is the right one, by kind of question (`generators.world.questions`; their answers are balanced: who does
not look is right by chance). Prints JSON: counts, and seconds a picture.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from typing import Any

from PIL import Image

from generators import registry
from generators.api import Reader
from generators.training.pack_world import DOMAINS, Domain, domain
from generators.world.questions import description, facts, kinds_of, sample_question, told
from generators.world.scenes import Scene, render, sample_scene


def _picture(scene: Scene, of: Domain) -> Image.Image:
    return Image.fromarray(render(scene, of.extent))


def _never() -> bool:
    return False


def descriptions(reader: Reader, of: Domain, count: int, seed: int = 0) -> dict[str, Any]:
    """Of ``count`` pictures how many descriptions are right in each respect, and some that are not."""
    rng, wrong = random.Random(f"{seed}/descriptions"), []
    right = dict.fromkeys(("readable", "objects", "background", "relation", "style", "all"), 0)
    for _ in range(count):
        scene = sample_scene(rng, of.drawn, None, rng.choice(of.frames))
        said = reader.describe(_picture(scene, of), _never)
        found, true = told(said), facts(scene)
        right["readable"] += found is not None
        if found:
            right["objects"] += Counter(found.counts) == Counter(true.counts)
            right["background"] += found.background == true.background
            right["relation"] += found.relation == true.relation
            right["style"] += found.style == true.style
            right["all"] += found == true
        if found != true:
            wrong.append({"said": said, "true": description(scene)})
    return {"count": count, "right": right, "wrong": wrong[:10]}


def answers(reader: Reader, of: Domain, count: int, seed: int = 0) -> dict[str, dict[str, int]]:
    """By kind of question, how many of ``count`` were answered rightly."""
    found = {}
    for kind in kinds_of(of.drawn):
        rng = random.Random(f"{seed}/{kind}")
        asked = [sample_question(rng, of.drawn, kind, rng.choice(of.frames)) for _ in range(count)]
        right = sum(reader.answer(_picture(q.scene, of), q.text, _never) == q.answer for q in asked)
        found[kind] = {"count": count, "right": right}
    return found


def measure(reader: Reader, of: Domain, count: int, seed: int = 0) -> dict[str, Any]:
    """Both, with seconds a picture."""
    began = time.perf_counter()
    described = descriptions(reader, of, count, seed)
    between = time.perf_counter()
    answered = answers(reader, of, count, seed)
    asked = sum(row["count"] for row in answered.values())
    seconds = {"describe": (between - began) / count, "answer": (time.perf_counter() - between) / asked}
    return {"describe": described, "answer": answered, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder, or a name of the catalogue")
    parser.add_argument("--domain", choices=DOMAINS, default="small")
    parser.add_argument("--count", type=int, default=300, help="descriptions, and questions of each kind")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    model = registry.find(args.model)
    if not model.capabilities.understands:
        parser.error(f"{model.name} draws pictures and says nothing of them; a unified model does.")
    reader: Any = registry.generator(model)
    reader.load()
    print(json.dumps(measure(reader, domain(args.domain), args.count, args.seed), indent=1))


if __name__ == "__main__":
    main()
