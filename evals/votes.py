"""What people chose between two pictures of one prompt, not knowing which arm drew which: a file of the run for each.

A vote is votes/<name>.json, written whole or not at all; its name follows from who voted and on what, so that a second
thought replaces the first. Knows nothing of the page (`evals.voting`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from evals import stats
from evals.api import EvalError, Sample
from evals.folder import RunFolder
from generators.files import write_atomic

Choice = Literal["left", "right", "tie"]
Arm = tuple[str, str]
"""Generator and arm."""


class Vote(BaseModel):
    """`left` and `right` are keys of samples."""

    model_config = ConfigDict(extra="forbid")

    left: str
    right: str
    choice: Choice
    voter: str
    made: str = ""


class Pair(NamedTuple):
    """Two samples of one item and seed, in the order in which they are shown."""

    left: Sample
    right: Sample

    @property
    def name(self) -> str:
        """The same whichever side they are on."""
        return _hash(*sorted((self.left.key, self.right.key)))


class Ballot:
    """The pairs of a run, and the votes on them."""

    def __init__(self, folder: RunFolder) -> None:
        """Raises `EvalError` where the run holds nothing to compare."""
        self.folder, self.votes = folder, folder.path / "votes"
        self.samples = {sample.key: sample for sample in folder.all() if sample.picture}
        self.pairs = {pair.name: pair for pair in _pairs(list(self.samples.values()))}
        if not self.pairs:
            raise EvalError(f"{folder.path} holds no two pictures of one prompt by different arms or generators.")

    def next(self, voter: str) -> Pair | None:
        """The pair with the fewest votes that this voter has not seen; None where they have seen all.

        Which of those, and which picture stands left, follows from the voter's name alone.
        """
        cast = self.cast()
        counts = Counter(_hash(*sorted((vote.left, vote.right))) for vote in cast)
        seen = {_hash(*sorted((vote.left, vote.right))) for vote in cast if vote.voter == voter}
        waiting = [name for name in self.pairs if name not in seen]
        if not waiting:
            return None
        name = min(waiting, key=lambda name: (counts[name], _hash(voter, name)))
        a, b = self.pairs[name]
        return Pair(b, a) if int(_hash(name, voter), 16) % 2 else Pair(a, b)

    def vote(self, vote: Vote) -> None:
        """Raises `EvalError` where it is on no pair of this run, or cannot be written."""
        pair = _hash(*sorted((vote.left, vote.right)))
        if pair not in self.pairs:
            raise EvalError("There is no such pair in this run.")
        try:
            self.votes.mkdir(exist_ok=True)
            write_atomic(self.votes / f"{_hash(vote.voter, pair)}.json", vote.model_dump_json(indent=1).encode())
        except OSError as error:
            raise EvalError(f"The vote cannot be kept in {self.votes}: {error.strerror}.") from None

    def cast(self) -> list[Vote]:
        return cast(self.folder)


def cast(folder: RunFolder) -> list[Vote]:
    """Every vote of a run. Raises `EvalError` on one that cannot be read."""
    found = []
    for file in sorted((folder.path / "votes").glob("*.json")):
        try:
            found.append(Vote.model_validate_json(file.read_bytes()))
        except ValidationError as error:
            raise EvalError(f"{file} is damaged ({error.errors()[0]['msg']}); delete it.") from None
    return found


def results(folder: RunFolder) -> list[dict[str, Any]]:
    """For each generator and arm that was voted on: `strength` (Bradley and Terry's, logarithmic, mean 0), its 95%
    `interval`, the share of its meetings that it `won` (a tie counts half), and in how many `votes` it stood. The
    strongest first."""
    votes = cast(folder)
    if not votes:
        return []
    samples = {sample.key: sample for sample in folder.all()}
    votes = [vote for vote in votes if vote.left in samples and vote.right in samples]
    arms = sorted({_arm(samples[key]) for vote in votes for key in (vote.left, vote.right)})
    wins = _wins(votes, samples, arms)
    strengths, intervals = stats.bradley_terry(wins)
    won, games = wins.sum(axis=(0, 2)), wins.sum(axis=(0, 2)) + wins.sum(axis=(0, 1))
    found = [{"generator": generator, "arm": arm, "strength": float(strengths[i]),
              "interval": [float(bound) for bound in intervals[i]], "won": float(won[i] / games[i]),
              "votes": int(games[i])} for i, (generator, arm) in enumerate(arms)]
    return sorted(found, key=lambda row: -float(str(row["strength"])))


def _wins(votes: Sequence[Vote], samples: dict[str, Sample], arms: Sequence[Arm]) -> np.ndarray:
    """Shape [items, arms, arms]."""
    items = sorted({samples[vote.left].item.id for vote in votes})
    wins = np.zeros((len(items), len(arms), len(arms)))
    for vote in votes:
        a, b = (arms.index(_arm(samples[key])) for key in (vote.left, vote.right))
        left = {"left": 1.0, "right": 0.0, "tie": 0.5}[vote.choice]
        item = items.index(samples[vote.left].item.id)
        wins[item, a, b] += left
        wins[item, b, a] += 1 - left
    return wins


def _pairs(samples: Sequence[Sample]) -> list[Pair]:
    by_item: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        by_item.setdefault((sample.item.id, sample.seed), []).append(sample)
    return [Pair(a, b) for group in by_item.values() for a, b in itertools.combinations(group, 2)]


def _arm(sample: Sample) -> Arm:
    return sample.generator, sample.arm


def _hash(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]
