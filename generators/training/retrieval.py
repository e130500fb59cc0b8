"""Measures a model that compares pictures with words: ``python -m generators.training.retrieval FOLDER``.

The pictures are rendered scenes that training did not show. Of 200 it must find the one that a whole text tells of
(`recall@1`, `recall@5`) and, for part of a text, one of which it is true. Of two pictures that differ in one respect
only, two things are asked for each kind of difference: whether the true text is nearer to a picture than its twin's
(`text`), and whether a text's own picture is nearer than the twin (`picture`), as in Winoground (Thrush et al. 2022,
arXiv 2204.03162); who does not look is right half of the time. Last, a search for single words, at the similarity from
which on the model is sure. Prints JSON: shares, and seconds a picture and a text.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from generators.matching import Matcher
from generators.shares import share
from generators.training.pack_world import DOMAINS, Domain, domain
from generators.world.claims import ALTERATIONS, ANY, Claim, Group, holds, partial_claim, sample_twins, say, whole_claim
from generators.world.scenes import Scene, render, sample_scene
from generators.world.tables import table_of

CHUNK = 32


def _pictures(scenes: Sequence[Scene], of: Domain) -> list[Image.Image]:
    return [Image.fromarray(render(scene, of.extent)) for scene in scenes]


def _vectors(make: Callable[[Sequence[Any]], np.ndarray], items: Sequence[Any]) -> np.ndarray:
    return np.concatenate([make(items[start : start + CHUNK]) for start in range(0, len(items), CHUNK)])


def retrieval(matcher: Matcher, of: Domain, count: int = 200, seed: int = 0) -> dict[str, Any]:
    """How often a text finds its picture among ``count``: half of them as generators draw them, half at any place."""
    rng = random.Random(f"{seed}/retrieval")
    scenes = [sample_scene(rng, of.drawn if n % 2 else of.seen) for n in range(count)]
    table = table_of(scenes, of.extent)
    shown = _vectors(matcher.picture_vectors, _pictures(scenes, of))
    whole = [whole_claim(rng, scene, complete=True) for scene in scenes]
    part = [partial_claim(rng, scene) for scene in scenes]
    order = np.argsort(-_vectors(matcher.text_vectors, [say(rng, claim) for claim in whole]) @ shown.T, axis=1)
    first = np.argmax(_vectors(matcher.text_vectors, [say(rng, claim) for claim in part]) @ shown.T, axis=1)
    true = holds(part, table)
    own = np.arange(count)
    return {
        "recall@1": share((order[:, 0] == own).tolist()),
        "recall@5": share((order[:, :5] == own[:, None]).any(1).tolist()),
        "part of a text": share([bool(true[n, first[n]] > 0) for n in range(count) if true[n, n] > 0]),
    }


def single_words(matcher: Matcher, of: Domain, count: int = 200, seed: int = 0) -> dict[str, Any]:
    """A search for one word each, as people type them: of the pictures of which the model is sure (its own
    `Matcher.sure`) those of which the word is true (`precision`), and of these those it is sure of (`recall`).

    Empty where the model is sure of nothing.
    """
    if matcher.sure is None:
        return {}
    rng = random.Random(f"{seed}/words")
    scenes = [sample_scene(rng, of.drawn if n % 2 else of.seen) for n in range(count)]
    table, shown = table_of(scenes, of.extent), _vectors(matcher.picture_vectors, _pictures(scenes, of))
    found = {}
    for kind, words in _words(of).items():
        sure = matcher.text_vectors(list(words)) @ shown.T >= matcher.sure
        truth = holds(list(words.values()), table)
        right, wrong, missed = (int(cells.sum()) for cells in (
            sure & (truth > 0), sure & (truth < 0), ~sure & (truth > 0)))
        found[kind] = {"precision": share([n < right for n in range(right + wrong)]),
                       "recall": share([n < right for n in range(right + missed)])}
    return found


def _words(of: Domain) -> dict[str, dict[str, Claim]]:
    """By kind, each word that may be searched for and what it claims."""
    world = of.drawn
    return {
        "colour": {name: Claim((Group(None, name, None, ANY),)) for name in world.colours},
        "thing": {name: Claim((Group(name, None, None, ANY),)) for name in world.things},
        "background": {name: Claim((), ground=name) for name in world.backgrounds if not name.startswith("plain")},
    }


def hard_pairs(matcher: Matcher, of: Domain, kind: str, count: int = 200, seed: int = 0) -> dict[str, Any]:
    """Shares of pairs told apart, by text and by picture."""
    rng = random.Random(f"{seed}/{kind}")
    pairs = [pair for pair, _ in zip(_told_apart(rng, of, kind), range(count), strict=False)]
    texts = _vectors(matcher.text_vectors, [text for _, said in pairs for text in said]).reshape(count, 2, -1)
    scenes = [scene for shown, _ in pairs for scene in shown]
    pictures = _vectors(matcher.picture_vectors, _pictures(scenes, of)).reshape(count, 2, -1)
    near = np.einsum("ntd,npd->ntp", texts, pictures)
    return {
        "text": share((near[:, 0, 0] > near[:, 1, 0]).tolist()),
        "picture": share((near[:, 0, 0] > near[:, 0, 1]).tolist()),
    }


def _told_apart(
    rng: random.Random, of: Domain, kind: str
) -> Iterator[tuple[tuple[Scene, Scene], tuple[str, str]]]:
    """Two scenes, and a text of each, alike but for that, which is true of it and false of the other."""
    while True:
        twins = sample_twins(rng, kind, rng.choice((of.drawn, of.seen)))
        scenes, wording = (twins.scene, twins.other), rng.random()
        claims = [whole_claim(random.Random(wording), scene, complete=True) for scene in scenes]
        if (holds(claims, table_of(scenes, of.extent)) == [[1, -1], [-1, 1]]).all():
            first, second = (_said(claim, wording) for claim in claims)
            yield scenes, (first, second)


def _said(claim: Claim, wording: float) -> str:
    return say(random.Random(wording), claim)


def _seconds(call: Callable[[], Any], tries: int = 20) -> float:
    """The median of some calls, after a first."""
    call()
    took = []
    for _ in range(tries):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return round(statistics.median(took), 5)


def measure(matcher: Matcher, of: Domain, count: int = 200, hard: int = 200, seed: int = 0) -> dict[str, Any]:
    """All of it."""
    picture = _pictures([sample_scene(random.Random(seed), of.drawn)], of)
    return {
        "retrieval": retrieval(matcher, of, count, seed),
        "words": single_words(matcher, of, count, seed),
        "pairs": {kind: hard_pairs(matcher, of, kind, hard, seed) for kind in ALTERATIONS},
        "seconds": {
            "picture": _seconds(lambda: matcher.picture_vectors(picture)),
            "text": _seconds(lambda: matcher.text_vectors(["a red dog on a beach"])),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--domain", choices=DOMAINS, default="small")
    parser.add_argument("--count", type=int, default=200, help="pictures to find one among")
    parser.add_argument("--hard", type=int, default=200, help="pairs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = measure(Matcher.load(args.folder), domain(args.domain), args.count, args.hard, args.seed)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
