"""The nouns of the page. Standard library, pydantic and Pillow only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generators.api import Region


class PageSettings(Protocol):
    """What the page needs to know of the settings; `agent.settings.Settings` has it."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


@dataclass(frozen=True)
class Address:
    """Plain settings for a page, as tests and small programs use them."""

    host: str = "127.0.0.1"
    port: int = 7860


class Stroke(BaseModel):
    """One stroke of a note on the picture: its colour by name, its points in fractions of the picture."""

    colour: str
    points: list[tuple[float, float]]


class Sent(BaseModel):
    """What the browser says with every event: which session it shows, and what is picked and painted there.

    `mask` is a PNG as a data URL whose opacity is the paint, on the picture with the id `picture`. While two versions
    are compared `comparing` is set, and `left` and `right` name them where they were picked. `earlier` counts the turns
    that are asked for besides the latest, `everything` asks for the whole map of versions. `settings` are those of the
    drawer as they were typed. `boxes` were drawn by hand and named, `notes` scribbled on the picture with the id
    `picture`. `roles` say of each file of the message what it is for: "" to work on it, else a `tools.api.Reference`
    role. `seed` is that of the live drawing, to be kept by sending.
    """

    model_config = ConfigDict(extra="ignore")

    session: str | None = None
    model: str | None = None
    mask: str | None = None
    picture: str | None = None
    comparing: bool = False
    left: str | None = None
    right: str | None = None
    earlier: int = 0
    everything: bool = False
    settings: dict[str, str] = Field(default_factory=dict)
    boxes: list[Region] = Field(default_factory=list)
    notes: list[Stroke] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    seed: int | None = Field(default=None, ge=0, lt=2**63)


def read_sent(text: str | None) -> Sent:
    """Reads it; what cannot be read counts as nothing said."""
    try:
        return Sent.model_validate_json(text or "{}")
    except ValidationError:
        return Sent()
