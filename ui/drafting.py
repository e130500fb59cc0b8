"""Live drawing on the server's side: of each tab only the newest wish is drawn, older ones are cancelled."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

MOST_TABS = 64
FEW = 4
"""Steps of a quick look."""


class Newest:
    """Who is drawing for which tab."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}

    @contextmanager
    def only(self, tab: str) -> Iterator[Callable[[], bool]]:
        """The newest wish of a tab: what it was drawing is told to stop, and so is this once a newer one comes."""
        mine = threading.Event()
        with self._lock:
            earlier = self._stops.pop(tab, None)
            if earlier:
                earlier.set()
            if len(self._stops) >= MOST_TABS:
                self._stops.pop(next(iter(self._stops))).set()
            self._stops[tab] = mine
        try:
            yield mine.is_set
        finally:
            with self._lock:
                if self._stops.get(tab) is mine:
                    del self._stops[tab]


def steps(own: int | None, set_by_user: int | None, quick: bool) -> int | None:
    """How many steps a draft takes: few for a quick look, never more than what is set or the model's own."""
    usual = set_by_user or own
    return min(FEW, usual or FEW) if quick else set_by_user


def encoded(image: Image.Image) -> bytes:
    """As a browser shows it at once: it is gone in a moment."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=90)
    return buffer.getvalue()
