"""Samples with given values, for tests of what is counted from them."""

from __future__ import annotations

from typing import Any

from evals.api import Asked, Candidate, Cost, Item, Sample, Score


def score(value: float, scorer: str = "world", parts: dict[str, float] | None = None) -> dict[str, Score]:
    return {scorer: Score(scorer=scorer, version=1, value=value, parts=parts or {})}


def sample(item: str, arm: str, value: float, *, seed: int = 1, images: int = 1, generator: str = "sketch",
           truth: dict[str, Any] | None = None, asked: int = 0, tag: str = "t",
           parts: dict[str, float] | None = None, **more: Any) -> Sample:
    """One sample; its key follows from item, seed, arm and generator."""
    cost = Cost(images=images, seconds={"planning": 0.5, "drawing": float(images), "total": images + 0.5})
    questions = [Asked(text="?", slot="objects", mattered=True)] * asked
    return Sample(key=f"{item}-{seed}-{arm}-{generator}", suite="world-generate", suite_version=1, arm=arm, seed=seed,
                  item=Item(id=item, tag=tag, turns=[item], truth=truth or {}), generator=generator, status="done",
                  scores=score(value, parts=parts), cost=cost, asked=questions, **more)


def best(item: str, values: list[float], critic: list[float], *, seed: int = 1, **more: Any) -> Sample:
    """A sample of best-of-N: the critic's own choice is the first of its best."""
    candidates = [Candidate(picture=f"{item}-{i}.png", seed=seed + i, critic=liked, scores=score(value))
                  for i, (value, liked) in enumerate(zip(values, critic, strict=True))]
    chosen = values[critic.index(max(critic))]
    return sample(item, f"best-of-{len(values)}", chosen, seed=seed, images=len(values), candidates=candidates, **more)
