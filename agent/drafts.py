"""A quick look at what a message would lead to. Nothing of it is kept: no entry, no picture, no turn.

The planner is the embedded one whatever else is set, since a draft is made while somebody types; the tools, the seed
and the model are those of the message that may follow, so that it draws the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from agent import acting, thinking
from agent.api import Drafted
from agent.state import Desk, State, fresh
from generators.api import picture_id
from tools.api import Images, PictureRecord

ROUNDS = 2
"""How often the planner is heard: it may want to see what its first calls led to."""


@dataclass
class Scrap:
    """The store for reading, memory for writing: `tools.api.Images` of pictures that nobody keeps."""

    store: Images
    pictures: dict[str, Image.Image] = field(default_factory=dict)
    records: dict[str, PictureRecord] = field(default_factory=dict)

    def image(self, id: str) -> Image.Image:
        return self.pictures[id] if id in self.pictures else self.store.image(id)

    def record(self, id: str) -> PictureRecord:
        return self.records[id] if id in self.records else self.store.record(id)

    def put(self, image: Image.Image, record: PictureRecord) -> PictureRecord:
        record = record.model_copy(update={"id": picture_id(image), "width": image.width, "height": image.height})
        self.pictures[record.id], self.records[record.id] = image, record
        return record

    def drawn(self, fingerprint: str) -> PictureRecord | None:
        return None

    def annotate(self, id: str, **found: Any) -> PictureRecord:
        known = {name: value for name, value in found.items() if value is not None}
        self.records[id] = self.record(id).model_copy(update=known)
        return self.records[id]


def draft(state: State, desk: Desk, clock: Callable[[], float]) -> Drafted | None:
    """The first picture that the message of `state` leads to; None where it leads to words, or was stopped.

    `desk.images` is a `Scrap`. Raises what drawing raises.
    """
    since = clock()
    state = {**state, **fresh()}
    state = {**state, **acting.take_in(state)}
    for _ in range(ROUNDS):
        state = {**state, **thinking.think(state, desk)}
        while state["queue"] and not state["attempts"]:
            state = {**state, **acting.perform(state, desk)}
        if state["attempts"] or state.get("ended") or state.get("asking"):
            break
    if not state["attempts"]:
        return None
    picture = state["attempts"][-1]["picture"]
    return Drafted(image=desk.images.image(picture), seconds=clock() - since, seed=state["seed"])
