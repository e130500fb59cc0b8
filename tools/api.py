"""The nouns of a request and of the work on it. Standard library, pydantic and Pillow only.

A `Brief` is what the user wants, as typed data; its `requirements()` are the lines that a critic checks. A
`Tool` is offered to the planner by name with a pydantic model of its arguments; it works through a
`ToolContext`, which is all that it may touch. No argument of any tool is a path or a URL: pictures are named
by id, or by the handles "current", "previous", "first" and "upload".

    ToolError        the planner is told, and may try something else
    └── BudgetSpent  a limit would be exceeded; told before anything is spent
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from generators.api import (
    Adapter,
    Box,
    Capabilities,
    Extent,
    Eyes,
    Laid,
    Model,
    Region,
    Report,
    Request,
    Seen,
    Stop,
    Told,
)
from tools.naming import relation_phrase

RelationName = Literal["left of", "right of", "above", "below", "next to", "between", "inside", "on"]
OPPOSITE: Mapping[str, str] = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class ToolError(Exception):
    """Told to the planner, as the tool's answer."""


class BudgetSpent(ToolError):
    """The next step would exceed a limit; says which, and how much was allowed."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BriefObject(_Value):
    """Some equal objects. `id` is unique in its Brief ("dog", "dog-2") and names them in relations."""

    id: str
    name: str = Field(description="singular noun, e.g. 'dog'")
    plural: str | None = Field(default=None, description="only where it is not name + s")
    count: int | None = Field(default=1, ge=0, le=1000, description="null: some, the number was not said")
    colour: str | None = None
    size: Literal["small", "big"] | None = None
    attributes: list[str] = Field(default_factory=list, description="further adjectives in the user's words")
    place: str | None = Field(default=None, description="where in the picture: 'top left', 'centre', …")

    def phrase(self, count: bool = True) -> str:
        """`two small red apples`; without the count `small red apple`."""
        words = [w for w in (self.size, *self.attributes, self.colour) if w]
        if not count:
            return " ".join([*words, self.name])
        if self.count == 1:
            head = " ".join([*words, self.name])
            return f"{'an' if head[:1] in 'aeiou' else 'a'} {head}"
        number = "some" if self.count is None else COUNT_WORDS[self.count] if self.count <= 10 else str(self.count)
        return " ".join([number, *words, self.plural or f"{self.name}s"])


class BriefRelation(_Value):
    """`subject` and `object` are ids of the Brief's objects; `other` is the second object of "between"."""

    subject: str
    relation: RelationName
    object: str
    other: str | None = None


RequirementKind = Literal["count", "colour", "size", "relation", "background", "style", "avoid", "text", "place",
                          "unchanged", "attribute"]


class Requirement(_Value):
    """One line that a picture can fail. `text` is what people read, e.g. "two dogs"."""

    kind: RequirementKind
    text: str
    subject: str | None = None


class Brief(_Value):
    """What the user wants of the picture as a whole, after every turn so far.

    `unknown` lists what was said and not understood (kept in the user's words), `assumed` what the planner
    chose by itself, `keep` what must stay as it is, `avoid` what must not be there. `background` is a name
    ("beach", "night"), not a phrase; `tools.caption` makes the sentence.
    """

    request: str = Field(default="", description="the user's own words, the latest turn")
    objects: list[BriefObject] = Field(default_factory=list)
    relations: list[BriefRelation] = Field(default_factory=list)
    background: str | None = None
    style: str | None = None
    text: str | None = Field(default=None, description="words to be written in the picture")
    avoid: list[str] = Field(default_factory=list)
    keep: list[str] = Field(default_factory=list)
    unknown: list[str] = Field(default_factory=list)
    assumed: list[str] = Field(default_factory=list)

    def named(self, id: str) -> BriefObject | None:
        return next((thing for thing in self.objects if thing.id == id), None)

    def empty(self) -> bool:
        return not (self.objects or self.background or self.text)

    def relation_text(self, relation: BriefRelation) -> str:
        def noun(id: str) -> str:
            thing = self.named(id)
            return thing.phrase() if thing else id

        tail = f" and {noun(relation.other)}" if relation.other else ""
        return f"{noun(relation.subject)} {relation_phrase(relation.relation)} {noun(relation.object)}{tail}"

    def requirements(self) -> list[Requirement]:
        """One line for each thing that can be checked, in the order in which people say them."""
        lines: list[Requirement] = []
        for thing in self.objects:
            bare = thing.model_copy(update={"colour": None, "size": None, "attributes": []})
            lines.append(Requirement(kind="count", text=bare.phrase(), subject=thing.id))
            if thing.colour:
                lines.append(Requirement(kind="colour", text=f"{thing.colour} {thing.name}", subject=thing.id))
            if thing.size:
                lines.append(Requirement(kind="size", text=f"{thing.size} {thing.name}", subject=thing.id))
            if thing.place:
                lines.append(Requirement(kind="place", text=f"{thing.name} at the {thing.place}", subject=thing.id))
            for word in thing.attributes:
                lines.append(Requirement(kind="attribute", text=f"{word} {thing.name}", subject=thing.id))
        for relation in self.relations:
            lines.append(Requirement(kind="relation", text=self.relation_text(relation), subject=relation.subject))
        for kind in ("background", "style", "text"):
            value = getattr(self, kind)
            if value:
                lines.append(Requirement(kind=kind, text=f"{kind}: {value}"))
        lines += [Requirement(kind="avoid", text=f"no {word}", subject=word) for word in self.avoid]
        return lines


class Question(_Value):
    """One short question. The answer fills `slot` of the Brief and nothing else."""

    text: str
    options: list[str] = Field(default_factory=list)
    slot: str = Field(default="objects", description="objects, background, colour, style, count, target or confirm")


class Finding(_Value):
    """One requirement held against a picture. `passed` is null where no critic here can tell.

    `by`: an object that was seen tells it, with its box; or a vision-language model was asked, and nothing can be aimed
    at.
    """

    requirement: str
    kind: RequirementKind
    passed: bool | None
    confidence: float = Field(ge=0, le=1)
    evidence: str
    subject: str | None = None
    boxes: list[Box] = Field(default_factory=list)
    by: Literal["seen", "asked"] = "seen"


class Critique(_Value):
    """Every requirement of a Brief held against one picture."""

    picture: str
    findings: list[Finding] = Field(default_factory=list)

    @property
    def failed(self) -> list[Finding]:
        return [f for f in self.findings if f.passed is False]

    @property
    def score(self) -> float:
        """Share of the checked requirements that are met; 1 where nothing could be checked."""
        checked = [f for f in self.findings if f.passed is not None]
        return sum(f.passed is True for f in checked) / len(checked) if checked else 1.0


class SceneObject(_Value):
    """Something in the current picture that can be pointed at: `id` is "dog-1", "dog-2" from left to right."""

    id: str
    name: str
    colour: str | None = None
    box: Box


class PictureRecord(_Value):
    """All that is known of a stored picture. `request` is None for a picture that the user brought.

    Stored beside the picture and inside its PNG (iTXt chunk "maquette"), so that `replay` can make it again.
    """

    schema_version: int = 1
    id: str
    role: Literal["drawn", "upload", "mask"] = "drawn"
    width: int
    height: int
    request: Request | None = None
    model: str | None = None
    revision: str | None = None
    parents: list[str] = Field(default_factory=list)
    mask: str | None = None
    tool: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    arithmetic: dict[str, Any] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)
    brief: Brief | None = None
    scene: list[SceneObject] = Field(default_factory=list)
    critique: Critique | None = None
    created: str = ""


class Limits(_Value):
    """What one turn may spend at most."""

    images: int = Field(default=6, ge=1)
    seconds: float = Field(default=120.0, gt=0)
    planner_calls: int = Field(default=8, ge=1)
    tool_calls: int = Field(default=16, ge=1)
    tokens: int = Field(default=60_000, ge=1)


class Wishes(_Value):
    """How the user wants pictures made, over the model's own ways; what is None is left to the model.

    `size` is for new pictures: an edit keeps the size of its source. `negative` and `adapters` go to models that take
    them.
    """

    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance: float | None = Field(default=None, ge=0, le=100)
    negative: str | None = Field(default=None, max_length=2000)
    size: Extent | None = None
    adapters: tuple[Adapter, ...] = Field(default=(), max_length=8)


Role = Literal["style", "subject", "pose", "edges", "depth", "areas"]


class Reference(_Value):
    """A picture that a new one should take something from: how it is painted, what it shows, how that stands, its
    outlines, what is near and far, or what lies where."""

    picture: str
    role: Role


class Usage(_Value):
    """What one turn has spent. Kept in the conversation's state, so that a restart does not reset it."""

    planner_calls: int = 0
    tokens: int = 0
    images: int = 0
    tool_calls: int = 0
    seconds: float = 0.0


class Images(Protocol):
    """The picture store as tools see it. Ids only; nothing here takes a path."""

    def image(self, id: str) -> Image.Image: ...

    def record(self, id: str) -> PictureRecord: ...

    def put(self, image: Image.Image, record: PictureRecord) -> PictureRecord: ...

    def drawn(self, fingerprint: str) -> PictureRecord | None:
        """The picture that this very request made earlier, if it is still there."""
        ...

    def annotate(self, id: str, *, critique: Critique | None = None, scene: list[SceneObject] | None = None,
                 brief: Brief | None = None) -> PictureRecord: ...


class Workshop(Protocol):
    """The models as tools see them (`generators.workshop.Workshop`)."""

    def draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Any: ...

    def draw_several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
                     stop: Stop) -> list[Any]: ...

    def see(self, image: Image.Image) -> Seen: ...

    @property
    def looks(self) -> Eyes: ...

    def find(self, image: Image.Image, names: Sequence[str], stop: Stop) -> Seen: ...

    def outline(self, image: Image.Image, where: Box | tuple[float, float], stop: Stop) -> Image.Image: ...

    def ask(self, image: Image.Image, questions: Sequence[str], stop: Stop) -> Told: ...

    def model(self, name: str) -> Model: ...

    def models(self) -> list[Model]: ...

    def laid(self, model: Model) -> Laid: ...


@dataclass
class ToolContext:
    """All that a tool may touch, for one call in one turn."""

    images: Images
    workshop: Workshop
    model: Model
    brief: Brief
    limits: Limits
    usage: Usage
    seed: int
    layout: tuple[Region, ...] = ()
    picture: str | None = None
    previous: str | None = None
    first: str | None = None
    scene: tuple[SceneObject, ...] = ()
    mask: str | None = None
    uploads: tuple[str, ...] = ()
    report: Report = lambda event: None
    stop: Stop = lambda: False
    versions: tuple[str, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    boxes: tuple[Region, ...] = ()
    """Drawn by the user's hand, each with what belongs there: a layout obeys them."""
    references: tuple[Reference, ...] = ()
    withheld: frozenset[str] = frozenset()
    """Tools that are not offered whatever else holds: what a part of the studio is worth is measured without it."""
    verbatim: str = ""
    """The words of a new picture, whatever the planner and the Brief say, for the same purpose."""
    ahead: int = 1
    """With a new picture those of so many seeds in a row are drawn, as many at once as the model can: whoever asks for
    the others next finds them."""

    @property
    def capabilities(self) -> Capabilities:
        return self.model.capabilities


@dataclass(frozen=True)
class ToolResult:
    """What a call led to. `text` is for the planner; the rest is what the agent keeps."""

    text: str
    picture: str | None = None
    brief: Brief | None = None
    layout: tuple[Region, ...] | None = None
    question: Question | None = None
    critique: Critique | None = None
    scene: tuple[SceneObject, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Tool:
    """One tool: one file in this folder, one instance named TOOL. A tool that is wrong fails at import.

    `draws` tools cost a picture of the budget. `offered` says whether this tool makes sense right now (a model
    that can, a picture to edit); the planner never sees a tool that is not offered.
    """

    name: ClassVar[str]
    purpose: ClassVar[str]
    Args: ClassVar[type[BaseModel]]
    draws: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        for attribute, expected in (("name", str), ("purpose", str), ("Args", type)):
            value = getattr(cls, attribute, None)
            if not isinstance(value, expected):
                raise TypeError(f"{cls.__name__}.{attribute} should be {expected.__name__}, got {value!r}")

    def offered(self, ctx: ToolContext) -> bool:
        return True

    def run(self, ctx: ToolContext, args: Any) -> ToolResult:
        raise NotImplementedError
