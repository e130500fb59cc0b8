"""What the grammar makes of a message: plain values, not yet held against any picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Quantity = Literal["", "all", "both", "one of", "other"]
Operation = Literal[
    "add",
    "remove",
    "replace",
    "recolour",
    "move",
    "resize",
    "background",
    "restyle",
    "keep",
    "only keep",
    "count",
    "swap",
    "swap colours",
    "same",
    "copy",
    "other",
]


@dataclass
class NounPhrase:
    """One noun phrase. `name` is None for "one(s)" and pronouns; `known` says that the world has the name.

    `count` None means that no number was said of several; `counted` that a number (or "a") was said. `pick` is how
    one of several is pointed at: ("side", "left"), ("ordinal", 2), ("ordinal right", 1), ("size", "biggest").
    """

    name: str | None = None
    known: bool = False
    category: str | None = None
    plural: bool = False
    count: int | None = 1
    counted: bool = False
    definite: bool = False
    article: str = ""
    quantity: Quantity = ""
    colour: str | None = None
    size: str | None = None
    attributes: list[str] = field(default_factory=list)
    style: str | None = None
    place: str | None = None
    relation: Relation | None = None
    pick: tuple[str, str | int] | None = None
    more: bool = False
    pronoun: str = ""
    said: str = ""
    start: int = 0
    end: int = 0

    @property
    def bare(self) -> bool:
        """Neither article nor number: "dogs", "red"."""
        return not (self.article or self.counted or self.quantity or self.pronoun or self.definite)


@dataclass
class Relation:
    """How something (the object numbered `subject` of a description; None: all that is spoken of) stands to `object`
    and, between two, to `other`."""

    name: str
    object: NounPhrase
    other: NounPhrase | None = None
    subject: int | None = field(default=None, kw_only=True)


@dataclass
class Link:
    """A relation between the objects of a description, by their numbers."""

    subject: int
    name: str
    object: int
    other: int | None = None


@dataclass
class Description:
    """What is said to be in a picture. `marks` are the small words around it: also, instead, new, draw, …; `fillers`
    known words that say nothing of the picture ("something")."""

    objects: list[NounPhrase] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    background: str | None = None
    style: str | None = None
    text: str | None = None
    avoid: list[NounPhrase] = field(default_factory=list)
    colours: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    seed: int | None = None
    start: int = 0
    end: int = 0

    @property
    def says_something(self) -> bool:
        return bool(
            self.objects
            or self.background
            or self.style
            or self.text
            or self.avoid
            or self.colours
            or self.sizes
            or self.places
            or self.counts
            or self.relations
        )


@dataclass
class Compared:
    """A size: so many times that of something else, or (`to` is None) of what it was; 1.0 times nothing else is one
    size for several. `loose`: that, or beyond it."""

    times: float
    to: NounPhrase | None = None
    loose: bool = False

    @property
    def size(self) -> str | None:
        """In the words of a Brief; None for equal sizes."""
        return "big" if self.times > 1 else "small" if self.times < 1 else None


@dataclass
class Command:
    """One change. `targets` are what it is done to (empty: the whole picture, or what was last spoken of), less what
    is `spared`; `colours` are one for each of them, where several were listed, and `differing` that each is to have one
    of its own, whichever."""

    operation: Operation
    targets: list[NounPhrase] = field(default_factory=list)
    becomes: list[NounPhrase] = field(default_factory=list)
    colour: str | None = None
    colours: list[str] = field(default_factory=list)
    differing: bool = False
    size: str | None = None
    compared: Compared | None = None
    like: NounPhrase | None = None
    count: int | None = None
    place: str | None = None
    relation: Relation | None = None
    background: str | None = None
    style: str | None = None
    description: Description | None = None
    spared: list[NounPhrase] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0


@dataclass
class Control:
    """undo (steps), redo, select (which: first, previous or a number), again (seed)."""

    action: Literal["undo", "redo", "select", "again"]
    steps: int = 1
    which: str | int = "first"
    seed: int | None = None
    start: int = 0
    end: int = 0


@dataclass
class Unparsed:
    """Words that made no clause."""

    words: list[str]
    start: int = 0
    end: int = 0


Clause = Description | Command | Control | Unparsed
