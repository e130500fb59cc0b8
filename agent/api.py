"""The nouns of a conversation. Standard library, pydantic and Pillow only.

A `Turn` is what a user sends. `Event`s stream while the studio works on it: progress and previews are gone
when they are over, the rest (`Entry`) is on disk before it is sent. An `Outcome` is how a turn ended; its
JSON is what `draw --json` prints.

    AgentError
    ├── BadInput            the message, a picture with it or an option cannot be used as it is
    ├── UnknownSession      no session of that name in this data folder
    ├── SessionBusy         another turn of this session is running
    ├── NothingToResume     no turn of this session was interrupted
    ├── DataFolderError     not writable, full, damaged, or written by a newer version
    └── PlannerError        the planner's server: each subclass says what happened
        ├── PlannerUnreachable, PlannerTimeout, PlannerRateLimited, PlannerRefused
        └── PlannerNonsense   a reply that is none, also after one repair
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, field_validator

from generators.api import Region
from tools.api import Brief, Finding, Limits, PictureRecord, Question, Reference, Usage, Wishes

Status = Literal["done", "partial", "question", "stopped", "failed"]
EXIT_CODES = {"done": 0, "partial": 0, "question": 3, "stopped": 1, "failed": 1}


class AgentError(Exception):
    """One sentence that a user can act on."""


class BadInput(AgentError):
    """The message, a picture with it or an option cannot be used as it is."""


class UnknownSession(AgentError):
    """No session of that name in this data folder."""


class SessionBusy(AgentError):
    """Another turn of this session is running."""


class NothingToResume(AgentError):
    """No turn of this session was interrupted."""


class DataFolderError(AgentError):
    """The data folder cannot be used as it is."""


class PlannerError(AgentError):
    """The planner could not answer."""


class PlannerUnreachable(PlannerError):
    """Nothing answers there, or it answers with an error of its own."""


class PlannerTimeout(PlannerError):
    """It took longer than allowed, in all or between two pieces."""


class PlannerRateLimited(PlannerError):
    """Too many requests, also after waiting."""


class PlannerRefused(PlannerError):
    """The key, the model name or the request was not accepted."""


class PlannerNonsense(PlannerError):
    """The reply is none that can be used, also after asking once more."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Turn(_Value):
    """What a user sends. Pictures and masks are ids of the store. The same `id` twice is one turn.

    `boxes` were drawn by hand and named; `references` are pictures that are not worked on but looked at; `note` is the
    picture with what was scribbled on it, whose meaning is the mask: only planners that see are shown it.
    """

    id: str
    text: str = ""
    uploads: list[str] = Field(default_factory=list)
    mask: str | None = None
    note: str | None = None
    boxes: list[Region] = Field(default_factory=list, max_length=40)
    references: list[Reference] = Field(default_factory=list, max_length=8)

    @field_validator("text")
    @classmethod
    def _of_whole_characters(cls, text: str) -> str:
        """Half an emoji, as a cut or a paste may leave it, could neither be stored nor sent."""
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Part = Literal["questions", "rewrite", "layout", "repair", "routing", "memory", "skills"]
"""What the studio can be asked to do without, so that its worth can be measured: asking the user (it guesses instead),
putting the wish into the model's words (it gets the user's own), planning boxes, repairing, choosing model and road by
what was measured, minding what the user said once, giving the planner recipes that measured better."""


class Preset(_Value):
    """Words that go with every new picture; `{prompt}` in them stands for the user's. `negative` goes to models that
    take one."""

    name: str = Field(min_length=1, max_length=80)
    prompt: str = Field(max_length=2000)
    negative: str = Field(default="", max_length=2000)


class Options(_Value):
    """How one turn is to be worked on. None means: as the settings say.

    `vary` repeats the call that drew the current picture, its layout with it, with the seed of this turn; nobody plans.
    `call` is a tool and its arguments, carried out as they are, where a person pressed a button that means just that.
    """

    generator: str | None = None
    planner: str | None = None
    single_shot: bool = False
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    limits: Limits = Field(default_factory=Limits)
    wishes: Wishes = Field(default_factory=Wishes)
    vary: bool = False
    call: tuple[str, dict[str, Any]] | None = None
    preset: Preset | None = None
    without: tuple[Part, ...] = ()
    ahead: int = Field(default=1, ge=1, le=32, description="so many seeds in a row are drawn with a new picture")
    trial: bool = Field(default=False, description="recipes that were not measured yet are given as well")
    free: bool = Field(default=False, description="nobody named a generator: routing may take another")


class ToolCall(_Value):
    """A call as the planner wrote it, `arguments` already parsed; `error` where they could not be."""

    id: str
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    error: str | None = None


class PlannerReply(_Value):
    """One answer of a planner: words, calls, or both."""

    text: str = ""
    calls: list[ToolCall] = Field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


class Planner(Protocol):
    """Anything that speaks chat completions with tools: a server, a local model, the embedded one, a script.

    `messages` and `tools` are plain dicts in the shape of OpenAI's chat completions.
    Raises a `PlannerError`; never anything else.
    """

    name: str

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]],
                 stop: Callable[[], bool]) -> PlannerReply: ...


class StepView(_Value):
    """A finished tool call, as the contract of `draw --json` has it; `note` what it said, `why` how it was routed."""

    tool: str
    arguments: dict[str, Any]
    seconds: float
    ok: bool
    note: str = ""
    why: str = ""


class PictureView(_Value):
    """A picture, as the contract of `draw --json` has it."""

    path: str
    id: str
    width: int
    height: int
    seed: int | None
    model: str | None
    parents: list[str]
    critique: list[Finding]


class Outcome(_Value):
    """How a turn ended."""

    status: Status
    session: str
    reply: str
    question: Question | None = None
    images: list[PictureView] = Field(default_factory=list)
    steps: list[StepView] = Field(default_factory=list)
    usage: Usage = Field(default_factory=Usage)

    def to_json(self) -> dict[str, Any]:
        """The object that `draw --json` prints: exactly the keys of the contract."""
        data = self.model_dump(mode="json")
        if self.question:
            data["question"] = {"text": self.question.text, "options": self.question.options}
        for image in data["images"]:
            image["critique"] = [{k: f[k] for k in ("requirement", "passed", "confidence", "evidence")}
                                 for f in image["critique"]]
        for step in data["steps"]:
            step.pop("note"), step.pop("why")
        data["usage"] = {k: data["usage"][k] for k in ("planner_calls", "tokens", "images", "seconds")}
        return data


# Entries: kept on disk, in order; the page and the record of a session are projections of this list.


class UserSaid(_Value):
    kind: Literal["user"] = "user"
    turn: str
    text: str
    uploads: list[str] = Field(default_factory=list)
    mask: str | None = None
    note: str | None = None
    boxes: list[Region] = Field(default_factory=list)
    references: list[Reference] = Field(default_factory=list)


class Briefed(_Value):
    """The Brief was written or changed."""

    kind: Literal["brief"] = "brief"
    turn: str
    brief: Brief


class Called(_Value):
    """A tool call is over. `picture` is what it made, if any."""

    kind: Literal["call"] = "call"
    turn: str
    call: str
    step: StepView
    picture: str | None = None


class Judged(_Value):
    """A picture was held against the Brief."""

    kind: Literal["critique"] = "critique"
    turn: str
    picture: str
    findings: list[Finding]


class Asked(_Value):
    kind: Literal["question"] = "question"
    turn: str
    question: Question


class Answered(_Value):
    """A turn is over. `picture` is the current picture afterwards."""

    kind: Literal["outcome"] = "outcome"
    turn: str
    outcome: Outcome
    picture: str | None = None


Entry = UserSaid | Briefed | Called | Judged | Asked | Answered


# Passing events: never stored.


@dataclass(frozen=True)
class Started:
    """A tool call begins."""

    call: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Working:
    """The model has done `step` of `steps`, or is still loading (steps 0)."""

    call: str
    step: int
    steps: int


@dataclass(frozen=True)
class Glimpse:
    """A rough look at the picture so far."""

    call: str
    step: int
    image: Image.Image


@dataclass(frozen=True)
class Thinking:
    """The planner is at work."""

    planner: str


Event = Entry | Started | Working | Glimpse | Thinking
Listen = Callable[[Event], None]


class SessionView(_Value):
    """All that a page needs to show a session again.

    `versions` are the drawn and uploaded pictures in the order they were made (parents in each record),
    `picture` the current one; `starred` and `deleted` are ids among them, and a deleted one is not to be shown.
    `interrupted` is set while a turn was begun and neither ended nor asked.
    """

    session: str
    entries: list[Entry] = Field(default_factory=list)
    versions: list[PictureRecord] = Field(default_factory=list)
    picture: str | None = None
    starred: list[str] = Field(default_factory=list)
    deleted: list[str] = Field(default_factory=list)
    brief: Brief | None = None
    question: Question | None = None
    interrupted: bool = False


class Found(_Value):
    """A picture that was searched for, where it came, and what the user said then.

    `score` is for ordering. By vectors: the cosine of the picture and the words, or of the two pictures (-1 to 1); for
    words and an example together, standard deviations above the mean of all pictures. By words: the share of them
    that is said of the picture.
    """

    id: str
    session: str
    text: str
    path: str
    score: float


class Held(_Value):
    """A picture of any session, and what the user said when it came."""

    id: str
    session: str
    text: str
    starred: bool = False


class Search(_Value):
    """What a search found, the best first, and how; `note` says what could not be done."""

    by: Literal["vectors", "words"]
    note: str = ""
    pictures: list[Found] = Field(default_factory=list)


class Described(_Value):
    """What a picture shows, in words that one would draw it by again, and who says so: a model, or the critic."""

    text: str
    by: str


@dataclass(frozen=True)
class Drafted:
    """A picture that is only looked at, the seconds from the words to it, and the seed that draws it again."""

    image: Image.Image
    seconds: float
    seed: int


class StudioProtocol(Protocol):
    """The one door into the agent for the page, the commands and the evals (`agent.studio.Studio`)."""

    def new_session(self) -> str: ...

    def sessions(self) -> list[dict[str, Any]]:
        """Newest first: session, title (first words said), created, updated, pictures (how many)."""
        ...

    def view(self, session: str) -> SessionView: ...

    def ingest(self, data: bytes) -> PictureRecord:
        """Take in a picture's bytes. Raises `generators.api.BadPicture`."""
        ...

    def ingest_mask(self, data: bytes, picture: str) -> PictureRecord:
        """Take in a mask for a stored picture: white, or opaque on transparent, is where it may change."""
        ...

    def path(self, picture: str) -> str:
        """The PNG file of a stored picture."""
        ...

    def current(self, session: str) -> str | None: ...

    def turn(self, session: str, turn: Turn, options: Options | None = None, listen: Listen | None = None,
             stop: Callable[[], bool] | None = None) -> Outcome: ...

    def resume(self, session: str, listen: Listen | None = None, stop: Callable[[], bool] | None = None) -> Outcome: ...

    def draft(self, session: str | None, turn: Turn, options: Options | None = None,
              stop: Callable[[], bool] | None = None) -> Drafted | None:
        """What a message would draw, looked at and not kept; None where it leads to words. Raises as `turn` does."""
        ...

    def undo(self, session: str) -> SessionView: ...

    def select(self, session: str, picture: str) -> SessionView: ...

    def mark(self, session: str, picture: str, starred: bool | None = None, deleted: bool | None = None) -> SessionView:
        """Star or delete one of the session's pictures, or take that back."""
        ...

    def search(self, text: str = "", like: str | None = None, session: str | None = None, limit: int = 24) -> Search:
        """The pictures of one session, or of all, that are nearest to words, to a stored picture, or to both."""
        ...

    def describe(self, picture: str) -> Described:
        """What a stored picture shows. Raises `BadInput` where nothing is made out in it."""
        ...

    def outline(self, picture: str, at: tuple[float, float]) -> Image.Image | None:
        """The thing at a point (fractions of the picture) of a stored picture: an "L" mask, 255 where it is. None where
        nothing here outlines things; raises a `GeneratorError` where that fails."""
        ...

    def pictures(self) -> list[Held]:
        """Every session's pictures that were brought or drawn and not deleted, the newest first."""
        ...

    def presets(self) -> list[Preset]:
        """The user's own presets; those of each model are among its `choices`."""
        ...

    def add_presets(self, data: str) -> list[Preset]:
        """Take in presets from a CSV or JSON file's text; what was added. Raises `BadInput`."""
        ...

    def collections(self) -> dict[str, list[str]]:
        """The user's collections: names with the ids of their pictures."""
        ...

    def collect(self, name: str, pictures: Sequence[str], on: bool = True) -> None:
        """Put pictures into a collection, or take them out. Raises `BadInput` for a name that is none."""
        ...

    def choices(self) -> dict[str, Any]:
        """What can be picked and set. `planners`: name, label, available. `models`, by name: the model's own `steps`
        and `guidance` (None where it keeps them to itself), what it `takes`, its `sizes`, the names of the `adapters`
        that can be laid over it, the `roles` that a picture to look at can have for it, and the `seconds` that a turn
        with it took lately (None where there was none)."""
        ...

    def plan(self, turns: list[str], options: Options | None = None) -> dict[str, Any]: ...

    def models(self) -> list[dict[str, Any]]: ...

    def why(self, text: str, options: Options | None = None) -> dict[str, Any]:
        """Which model and road a request would get and why: request, kind, category, model, road, why, others."""
        ...

    def replay(self, data: bytes) -> dict[str, Any]: ...

    def close(self) -> None: ...
