"""The nouns of pictures and models. Standard library, pydantic and Pillow only.

A `Request` holds all that decides a picture; a `Generator` turns it into a `Result` and reports
`Progress` and `Preview` on the way. Pictures are named by the hash of their pixels (`picture_id`), and a
request names its sources that way, so that it stays a small value which can be stored and compared.

Exceptions (each message is one sentence a user can act on):

    GeneratorError
    ├── ModelUnavailable      no such model, its weights are missing or unreadable
    ├── Unsupported           the model cannot do this; says which installed models can
    ├── BadPicture            bytes that are no picture we read, or a mask that does not fit
    ├── OutOfMemory           after every fallback
    ├── BrokenOutput          NaN, or a constant picture
    ├── WorkerDied            the process ended, hung or spoke nonsense
    └── Cancelled             somebody asked to stop
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

FAMILIES = ("diffusion", "autoregressive", "unified", "hybrid")
Kind = Literal["generate", "refine", "edit", "inpaint", "upscale"]
MapKind = Literal["canny", "depth", "pose", "segmentation"]
Amount = Annotated[float, Field(ge=-4, le=4, allow_inf_nan=False)]


class GeneratorError(Exception):
    """Something about pictures or models went wrong."""


class ModelUnavailable(GeneratorError):
    """No such model, or its weights cannot be read."""


class Unsupported(GeneratorError):
    """The model cannot do what was asked."""


class BadPicture(GeneratorError):
    """The bytes are no picture we read, or the mask does not fit its picture."""


class OutOfMemory(GeneratorError):
    """The machine has too little memory, after every fallback."""


class BrokenOutput(GeneratorError):
    """The model returned numbers that are no picture."""


class WorkerDied(GeneratorError):
    """The worker process ended, hung or spoke nonsense."""


class Cancelled(GeneratorError):
    """Somebody asked to stop."""


class Extent(NamedTuple):
    """A size in pixels."""

    width: int
    height: int


class Box(NamedTuple):
    """A rectangle in fractions of the picture, origin at the top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def clip(self) -> Box:
        return Box(*(min(1.0, max(0.0, v)) for v in self))

    def grow(self, margin: float) -> Box:
        """Every side moved outwards by `margin` (a fraction of the picture), kept inside it."""
        return Box(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin).clip()

    def union(self, other: Box) -> Box:
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        inner = Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))
        shared = inner.area if inner.width > 0 and inner.height > 0 else 0.0
        total = self.area + other.area - shared
        return shared / total if total > 0 else 0.0

    def pixels(self, extent: Extent) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in whole pixels, at least one pixel wide and high."""
        left, top = int(self.x0 * extent.width), int(self.y0 * extent.height)
        right, bottom = round(self.x1 * extent.width), round(self.y1 * extent.height)
        return left, top, max(left + 1, right), max(top + 1, bottom)


class Region(NamedTuple):
    """A phrase and where it belongs in the picture."""

    phrase: str
    box: Box


class Adapter(NamedTuple):
    """Weights laid over a model's own for one picture (LoRA, Hu et al. 2021, arXiv 2106.09685), and how much of them.

    `source` is a name of the catalogue, a safetensors file, a folder, or a hub id ("owner/name" or
    "owner/name/file.safetensors") of the local cache.
    """

    source: str
    weight: Amount = 1.0


class Control(NamedTuple):
    """What a picture has to follow (ControlNet, Zhang et al. 2023, arXiv 2302.05543): the edges, depths, poses or
    segments of another one.

    `picture` is a picture id. The map is computed from it, unless the picture `ready` is such a map. `source` names
    the ControlNet as an adapter is named; without one the catalogue's for the model is taken.
    """

    kind: MapKind
    picture: str
    strength: Amount = 1.0
    ready: bool = False
    source: str = ""


class Likeness(NamedTuple):
    """A picture that another one shall resemble (IP-Adapter, Ye et al. 2023, arXiv 2308.06721).

    `picture` is a picture id; `of` says whether its subject counts (with all that comes along) or its style alone.
    `source` names the weights as an adapter is named; without one the catalogue's for the model are taken.
    """

    picture: str
    strength: Amount = 0.6
    of: Literal["subject", "style"] = "subject"
    source: str = ""


class Request(BaseModel):
    """All that decides a picture, apart from the arithmetic of the machine (see `Result.arithmetic`).

    `sources` and `mask` are picture ids. A mask is an "L" picture of the first source's size, 255 where the
    picture may change. With `paste_back` every pixel outside the mask is taken from the first source, exactly.
    To refine is to draw the first source anew from the prompt, what is where kept; `strength` says how much is new.
    To upscale is to draw the first source at `size`, of which it is a smaller copy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "generate"
    model: str
    prompt: str
    negative: str = ""
    regions: tuple[Region, ...] = ()
    size: Extent
    seed: int = Field(ge=0, lt=2**63)
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance: float | None = Field(default=None, ge=0, le=100)
    strength: float | None = Field(default=None, gt=0, le=1)
    sources: tuple[str, ...] = ()
    mask: str | None = None
    paste_back: bool = True
    adapters: tuple[Adapter, ...] = Field(default=(), max_length=8)
    controls: tuple[Control, ...] = Field(default=(), max_length=4)
    likeness: Likeness | None = None

    def pictures(self) -> list[str]:
        """The ids of every picture that it is drawn from, each once: sources, mask, controls, likeness."""
        ids = [*self.sources, self.mask, *(control.picture for control in self.controls),
               self.likeness and self.likeness.picture]
        return [id for id in dict.fromkeys(ids) if id]

    def fingerprint(self) -> str:
        """Names the request: equal requests, equal fingerprints. Used to never draw one picture twice."""
        said = self.model_dump(mode="json")
        # What was not asked for has no part in the name, so that older pictures keep theirs.
        said = {key: value for key, value in said.items() if value or key not in _ADDED}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


_ADDED = ("adapters", "controls", "likeness")


@dataclass(frozen=True)
class World:
    """What a small model of the picture world has learnt to draw; names are those of `generators.world`."""

    objects: tuple[str, ...]
    colours: tuple[str, ...]
    backgrounds: tuple[str, ...]
    styles: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    counts: int = 4


@dataclass(frozen=True)
class Capabilities:
    """What a model can do. `world` is None for a model that takes any words.

    `controls` are the maps that the catalogue has a ControlNet for; `upscale` is how many times larger it draws a
    picture, 0 where it does not. `boxes` is how it is told a layout (see `generators.grounding`). With `regions` a
    layout that is no text to the model is drawn one region at a time.
    `batch` is how many new pictures of one request, but for the seed, it draws at once.
    """

    generate: bool = True
    refine: bool = False
    edit: bool = False
    inpaint: bool = False
    references: int = 0
    boxes: Literal["none", "text", "caption", "phrases"] = "none"
    negative: bool = False
    understands: bool = False
    regions: bool = False
    adapters: bool = False
    controls: tuple[MapKind, ...] = ()
    likeness: bool = False
    upscale: int = 0
    batch: int = 1
    sizes: tuple[Extent, ...] = ()
    multiple: int = 8
    world: World | None = None

    def can(self, kind: Kind) -> bool:
        return bool(getattr(self, kind))

    def names(self) -> list[str]:
        """For people and JSON: generate, refine, edit, inpaint, upscale, boxes, negative, describe (and answer
        questions)."""
        flags = {"generate": self.generate, "refine": self.refine, "edit": self.edit, "inpaint": self.inpaint,
                 "upscale": self.upscale > 0, "boxes": self.boxes != "none", "negative": self.negative,
                 "describe": self.understands}
        return [name for name, on in flags.items() if on]

    def takes(self) -> list[str]:
        """What may be asked for besides, for people and JSON: regions, adapters, controls, likeness, batch (several
        pictures at once)."""
        flags = {"regions": self.regions, "adapters": self.adapters, "controls": bool(self.controls),
                 "likeness": self.likeness, "batch": self.batch > 1}
        return [name for name, on in flags.items() if on]


@dataclass(frozen=True)
class Laid:
    """What can be laid over a model's pictures on this machine, now.

    `adapters` by name; `controls` are the maps that a ControlNet here follows, and `maps` those of them that are made
    here of any picture; `likeness` is what of a picture another one can resemble. `absent` says, of a kind of map or
    likeness that the model could take, what fetches what is missing (a name for `models get`).
    """

    adapters: tuple[str, ...] = ()
    controls: tuple[MapKind, ...] = ()
    maps: tuple[MapKind, ...] = ()
    likeness: tuple[Literal["subject", "style"], ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """One line of the catalogue: what it is called, where its weights are, how it is called.

    `source` is a folder or a hub id; `options` are passed to the family as they are (steps, guidance,
    sequence length, …).
    """

    name: str
    family: str
    source: str
    capabilities: Capabilities
    licence: str = ""
    memory_gb: float = 0.0
    verified: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loading:
    """The model is being loaded."""

    model: str


@dataclass(frozen=True)
class Progress:
    """`step` of `steps` is done."""

    step: int
    steps: int


@dataclass(frozen=True)
class Preview:
    """A rough look at the picture so far."""

    step: int
    image: Image.Image


Report = Callable[[Loading | Progress | Preview], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Result:
    """The picture, how long it took and what else decided its pixels.

    `arithmetic`: device, dtype, threads, library versions, weights revision. `seconds` by stage.
    """

    image: Image.Image
    seconds: Mapping[str, float]
    arithmetic: Mapping[str, Any]


class Generator(Protocol):
    """One family: one file in this folder. Heavy imports happen in `load`."""

    def __init__(self, model: Model) -> None: ...

    def load(self) -> None: ...

    def run(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        """Draw. Raises `Cancelled` within a step of `stop()` turning true."""
        ...

    def unload(self) -> None: ...


class Batcher(Protocol):
    """What a generator is besides whose model draws a `batch`. Raises as `Generator.run` does."""

    def several(self, request: Request, seeds: Sequence[int], pictures: Mapping[str, Image.Image], report: Report,
                stop: Stop) -> list[Result]:
        """A picture for each seed, all at once: at most as many as a batch has, and `generate` only. The `seconds` of
        each are its share."""
        ...


class Reader(Protocol):
    """What a generator is besides whose model `understands` pictures. Raises as `Generator.run` does."""

    def describe(self, image: Image.Image, stop: Stop) -> str:
        """What the picture shows, in a sentence."""
        ...

    def answer(self, image: Image.Image, question: str, stop: Stop) -> str:
        """The answer to a question about the picture."""
        ...


@dataclass(frozen=True)
class Detection:
    """An object that was seen: its name, its colour ("own" where it has its usual colours), where, how surely."""

    thing: str
    colour: str
    box: Box
    confidence: float
    colour_confidence: float = 1.0


@dataclass(frozen=True)
class Seen:
    """What a detector sees in a picture."""

    objects: tuple[Detection, ...]
    background: str | None = None
    background_confidence: float = 0.0


@dataclass(frozen=True)
class Eyes:
    """What looks at pictures here: the pack's critic at those of the picture world, and at real ones a folder or hub id
    each, "" where there is none; with `server` a chat server is asked instead (see `generators.eyes`)."""

    pack: bool = True
    finder: str = ""
    outliner: str = ""
    asker: str = ""
    server: bool = False

    @property
    def asks(self) -> bool:
        return bool(self.asker or self.server)


class Told(NamedTuple):
    """For each question how probable "yes" is, 0 to 1 (None: no answer that can be read), and the tokens it cost."""

    likely: tuple[float | None, ...]
    tokens: int = 0


def picture_id(image: Image.Image) -> str:
    """The hash of mode, size and pixels: equal ids, equal pictures (and 30x100 is not 100x30)."""
    head = f"{image.mode}:{image.width}x{image.height}:".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()[:32]
