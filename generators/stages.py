"""What a pipeline does before and after denoising, watched while it runs: how long it takes, and words only once.

Every pipeline of diffusers encodes its words in `encode_prompt` and turns latents into pixels by its `vae.decode`. The
embeddings of the last prompts are kept, so that a second seed, a live draft or the parts of a layout do not wake the
text encoders again, which on a card with little room are moved there and away each time. What depends on more than
words and numbers (a picture, a tensor) is never kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from generators import hardware

KEPT = 16
"""Prompts whose embeddings are kept; a long one of a large model has 4 to 20 MB."""


class Stages:
    """Seconds by stage since `begin`, and the embeddings of one model's last prompts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    def begin(self) -> None:
        """Counts from nothing."""
        self.seconds = {}

    def forget(self) -> None:
        """Other weights encode otherwise."""
        self._known.clear()

    @contextmanager
    def watching(self, pipe: Any, worn: Hashable) -> Iterator[None]:
        """Watches a pipeline. `worn` is whatever is laid over its weights: other adapters, other embeddings."""
        with self._instead(pipe, "encode_prompt", lambda own: self._once(own, (type(pipe).__name__, worn))):
            with self._instead(getattr(pipe, "vae", None), "decode", lambda own: self._timed("decode", own)):
                yield

    @contextmanager
    def _instead(self, owner: Any, name: str, made: Callable[[Any], Any]) -> Iterator[None]:
        """While the block runs, a method is what is made of it."""
        own = getattr(owner, name, None)
        if own is None:
            yield
            return
        before = {name: own} if name in owner.__dict__ else {}
        owner.__dict__[name] = made(own)
        try:
            yield
        finally:
            del owner.__dict__[name]
            owner.__dict__.update(before)

    def _once(self, own: Callable[..., Any], whose: Hashable) -> Callable[..., Any]:
        timed = self._timed("encode", own)

        def encode(*given: Any, **named: Any) -> Any:
            key = _key(whose, given, named)
            if key is None:
                return timed(*given, **named)
            if key not in self._known:
                self._known[key] = timed(*given, **named)
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return _copied(self._known[key])

        return encode

    def _timed(self, stage: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            hardware.wait()
            began = time.perf_counter()
            found = own(*given, **named)
            hardware.wait()
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
            return found

        return timed


def _key(whose: Hashable, given: tuple[Any, ...], named: dict[str, Any]) -> Hashable | None:
    """Names a call by its arguments; None where one of them is neither words nor numbers."""
    values = [_plain(value) for value in (*given, *(item for pair in sorted(named.items()) for item in pair))]
    return None if _STRANGE in values else (whose, len(given), *values)


_STRANGE = object()


def _plain(value: Any) -> Any:
    import torch

    if isinstance(value, list | tuple):
        parts = [_plain(part) for part in value]
        return _STRANGE if _STRANGE in parts else tuple(parts)
    fine = isinstance(value, str | int | float | bool | torch.device | torch.dtype | type(None))
    return (type(value).__name__, value) if fine else _STRANGE


def _copied(found: Any) -> Any:
    """The same tensors anew: a pipeline may write into what it is given."""
    import torch

    if isinstance(found, torch.Tensor):
        return found.clone()
    return type(found)(map(_copied, found)) if isinstance(found, list | tuple) else found
