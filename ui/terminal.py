"""What commands have in common: wrong usage, files that are named, stopping, one JSON object on stdout."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRONG_USAGE = 2
LARGEST_FILE = 64_000_000


class Usage(Exception):
    """The command cannot be carried out as it was given; one sentence."""


def read(file: Path | None) -> bytes | None:
    """A named file's bytes; None for none. Raises `Usage`."""
    if file is None:
        return None
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise Usage(f"{file} is larger than {LARGEST_FILE // 1_000_000} MB.")
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror or error}.") from None


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask the turn to stop; it keeps what it has. A second Ctrl-C is the ordinary one."""
    asked = threading.Event()

    def ask(number: int, frame: Any) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(value: Any) -> None:
    """One JSON object, on a line of its own."""
    print(json.dumps(value, ensure_ascii=False), flush=True)
