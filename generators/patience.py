"""Waiting for a server: until it has answered, nobody wants the answer any more, or it took too long; and again.

A server that is busy or away is asked a few times more, each time after a longer pause with some luck in it, or after
the one that it asks for (Retry-After), if that is bearable.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from generators.api import Cancelled, Stop

T = TypeVar("T")

RETRIES = 3
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
POLL = 0.1


async def heeded(work: Awaitable[T], stop: Stop, seconds: float, late: Exception) -> T:
    """What the work leads to. Raises `Cancelled` once `stop()` is true, and `late` after so many seconds by the wall
    clock; the work is ended then."""
    task = asyncio.ensure_future(work)
    deadline = time.monotonic() + seconds
    try:
        while not task.done():
            if stop():
                raise Cancelled
            if time.monotonic() >= deadline:
                raise late
            await asyncio.wait([task], timeout=POLL)
        return task.result()
    finally:
        await _end(task)


async def _end(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=1.0)
    if task.done() and not task.cancelled():
        task.exception()  # seen, so that asyncio does not log it


def asked_to_wait(headers: Mapping[str, str]) -> float:
    """The seconds that a server asks to wait; 0 where it says nothing that is a number."""
    try:
        return float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0


def pause(asked: float, attempt: int) -> float | None:
    """Seconds before the next try; None where the server asks for more than anybody waits, or for none that there are.
    """
    if not 0 <= asked <= LONGEST_PAUSE:
        return None
    return max(asked, FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.0))
