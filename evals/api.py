"""The nouns of measuring. Standard library, pydantic and Pillow only.

A `Task` (one file in `evals/tasks/`) lists `Item`s; an arm of the runner turns each into a `Sample`; a `Scorer`
(one file in `evals/scorers/`) says how right it is. A sample carries its cost beside its score, and its key is a
hash of all that decided it, so that a finished sample is never made again.

    EvalError    one sentence that a user can act on
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from generators.api import Box, Seen

SCHEMA = 1
"""Of run folders. A run folder of another number is refused."""

Does = Literal["draw", "plan"]


class EvalError(Exception):
    """Something about a run is not as it should be."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Item(_Value):
    """One question of a suite: what a user says, turn by turn, and what would be right.

    `paint` names, by the index of a turn, the thing in the picture that the user paints over before saying it.
    `brings` is a picture that the user has from the start, as `evals.benchmarks.picture` finds it.
    """

    id: str
    tag: str
    turns: list[str] = Field(min_length=1)
    paint: dict[int, str] = Field(default_factory=dict)
    brings: str | None = None
    truth: dict[str, Any] = Field(default_factory=dict)

    def decisive(self) -> dict[str, Any]:
        """What of it decides a sample; a picture that nobody brings does not."""
        return self.model_dump(mode="json", exclude=None if self.brings else {"brings"})

    def seed(self, suite: str, index: int = 0) -> int:
        """From names only, so that it does not depend on order, arm or machine."""
        return _number(f"{suite}/{self.id}/{index}")


class Mark(_Value):
    """Something a scorer saw, to be drawn on the picture in a report."""

    label: str
    box: Box
    confidence: float = 1.0


class Score(_Value):
    """`value` is what counts, 0 to 1; `parts` are its ingredients by name, each 0 to 1 (a cosine may be less)."""

    scorer: str
    version: int
    value: float = Field(ge=0, le=1)
    parts: dict[str, float] = Field(default_factory=dict)
    marks: list[Mark] = Field(default_factory=list)
    note: str = ""


class Cost(_Value):
    """What a sample took. `seconds` by stage: planning (with what the studio writes to disk then), loading, encoding,
    drawing (denoising or decoding), critique, other; and total."""

    planner_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    images: int = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    peak_mb: float = 0.0


class Candidate(_Value):
    """One picture of a sample that drew several; `critic` is what the studio's own critic thought of it, and `doubt`
    how sure it was not."""

    picture: str
    seed: int
    critic: float | None = None
    doubt: float = 0.0
    scores: dict[str, Score] = Field(default_factory=dict)


class Asked(_Value):
    """A question that the studio asked, and what the user said. `mattered`: the user's scene holds the answer."""

    text: str
    slot: str
    answer: str = ""
    mattered: bool = False


class Sample(_Value):
    """One item through one arm. `picture`, `before` (of the turn before the last), `earlier` (what each turn before the
    last began with) and those of the candidates are names of files in the run's pictures/."""

    key: str
    suite: str
    suite_version: int
    item: Item
    arm: str
    generator: str
    seed: int
    status: str
    reply: str = ""
    picture: str | None = None
    before: str | None = None
    earlier: list[str] = Field(default_factory=list)
    candidates: list[Candidate] = Field(default_factory=list)
    asked: list[Asked] = Field(default_factory=list)
    plan: dict[str, Any] | None = None
    cost: Cost = Field(default_factory=Cost)
    model: str | None = None
    revision: str | None = None
    error: str = ""
    made: str = ""
    scores: dict[str, Score] = Field(default_factory=dict)


class RunPlan(_Value):
    """What a run is to do; `run.json`. Everything that decides a sample and is not in the item is here."""

    schema_version: int = SCHEMA
    suite: str
    suite_version: int
    arms: list[str] = Field(min_length=1)
    generators: list[str] = Field(min_length=1)
    limit: int | None = Field(default=None, ge=1)
    samples: int = Field(default=1, ge=1, description="how many seeds for each item")
    configuration: dict[str, Any] = Field(default_factory=dict)
    revisions: dict[str, str] = Field(default_factory=dict)
    workers: int = Field(default=1, ge=1, description="how many studios work at a time, each on a card of its own")
    machine: dict[str, Any] = Field(default_factory=dict)
    started: str = ""

    def key(self, item: Item, seed: int, arm: str, generator: str) -> str:
        """Names a sample by all that decides it."""
        decided = {"suite": self.suite, "version": self.suite_version, "item": item.decisive(),
                   "seed": seed, "arm": arm, "generator": generator, "configuration": self.configuration,
                   "revision": self.revisions.get(generator, "")}
        text = json.dumps(decided, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Look:
    """What a scorer gets to see. `before` is the picture before the last turn; None where there was none. `earlier`
    are those that the turns before that began with."""

    item: Item
    sample: Sample
    image: Image.Image | None = None
    seen: Seen | None = None
    before: Image.Image | None = None
    seen_before: Seen | None = None
    earlier: Sequence[Image.Image] = ()


class Eyes(Protocol):
    """What a scorer sees with. The evals' own, never the studio's."""

    name: str

    def see(self, image: Image.Image) -> Seen: ...


class Task:
    """One suite: one file in evals/tasks/, one instance named TASK. A task that is wrong fails at import.

    Raise `version` whenever an item or its truth changes: old samples are then never mixed with new ones.
    `does` is "draw" where an item leads to a picture, "plan" where only the planner is asked. `generators` are those of
    a run that names none.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    purpose: ClassVar[str]
    scorer: ClassVar[str]
    does: ClassVar[Does] = "draw"
    generators: ClassVar[tuple[str, ...]] = ("diffusion",)

    def __init_subclass__(cls) -> None:
        _require(cls, {"name": str, "version": int, "purpose": str, "scorer": str, "does": str})

    def items(self) -> list[Item]:
        """All of them, in an order that is fixed. Raises `EvalError` where the data cannot be read."""
        raise NotImplementedError

    def some(self, limit: int | None) -> list[Item]:
        """At most `limit` items, taken from the tags in turn so that each is represented."""
        items = self.items()
        return items if limit is None else _in_turn(items)[:limit]


class Scorer:
    """One way of scoring: one file in evals/scorers/, one instance named SCORER.

    `eyes` says whether the judge has to look at the pictures first. `verified`: the scores have been held against
    published ones, where there are any. Raise `version` whenever a score may come out differently.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    purpose: ClassVar[str]
    eyes: ClassVar[bool] = True
    verified: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        _require(cls, {"name": str, "version": int, "purpose": str, "eyes": bool})

    def score(self, look: Look) -> Score:
        """How right a picture (or, without one, a plan) is. A sample without what it should have scores 0."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends what it opened to score with: a model's process, for those that ask one."""

    def result(self, value: float, parts: Mapping[str, float] | None = None, note: str = "",
               marks: Sequence[Mark] = ()) -> Score:
        """A `Score` in this scorer's name."""
        return Score(scorer=self.name, version=self.version, value=value, parts=dict(parts or {}), note=note,
                     marks=list(marks))


def _require(cls: type, wanted: Mapping[str, type]) -> None:
    for attribute, expected in wanted.items():
        value = getattr(cls, attribute, None)
        if not isinstance(value, expected):
            raise TypeError(f"{cls.__name__}.{attribute} should be {expected.__name__}, got {value!r}")


def _in_turn(items: Sequence[Item]) -> list[Item]:
    by_tag: dict[str, list[Item]] = {}
    for item in items:
        by_tag.setdefault(item.tag, []).append(item)
    longest = max((len(group) for group in by_tag.values()), default=0)
    return [group[i] for i in range(longest) for group in by_tag.values() if i < len(group)]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
