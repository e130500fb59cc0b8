"""Several codes of a picture at a time: speculative Jacobi decoding (Teng et al. 2024, arXiv 2410.01699).

A window of codes is guessed, the transformer reads the guess in one pass, and as many codes are taken as hold: each
with the chance of its probability now over that when it was guessed, and one that does not hold is drawn from what is
left over (speculative sampling, Leviathan et al. 2023, arXiv 2211.17192). So what is drawn has exactly the distribution
of drawing code by code; at temperature 0 it is the same picture. What lies behind the first code that did not hold is
guessed anew from what was just read; a code that comes into the window first is guessed to be its neighbour's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

Pair = tuple[int, int]


class Reader(Protocol):
    """What reads ids and says how likely each code comes after them (`generators.autoregressive.Writer`)."""

    random: torch.Generator

    def read(self, unread: list[Pair]) -> torch.Tensor:
        """The states after each id: halves of the batch x ids x width."""

    def chances(self, states: torch.Tensor) -> torch.Tensor:
        """How likely each code comes after some states: places x codes."""

    def forget(self, count: int) -> None:
        """The last so many ids count as not read."""


@dataclass(frozen=True)
class Guess:
    """A code that may hold; how likely each code was when it was guessed, None where no other was thought of."""

    code: int
    chances: torch.Tensor | None = None


def fill(reader: Reader, context: list[Pair], known: Sequence[int | None], ids: Callable[[int, int], list[Pair]],
         window: int, told: Callable[[list[int]], None]) -> list[int]:
    """The codes of a picture, row by row.

    ``context`` is what comes before the first code and is not read yet. ``known`` has the codes that stay, None for
    those that are to be drawn. ``ids(at, code)`` are those of a code at a place and of all that comes between it and
    the next code. ``told`` hears the codes so far.
    """
    codes: list[int] = []
    guesses: list[Guess] = []
    unread = context
    while len(codes) < len(known):
        stays = known[len(codes)]
        if stays is not None:  # nothing to draw: it is read along with what comes next
            unread = [*unread, *ids(len(codes), stays)]
            codes, guesses = [*codes, stays], guesses[1:]
            told(codes)
            continue
        here = known[len(codes) : len(codes) + window]
        guesses = _completed(guesses, here, codes[-1] if codes else 0)
        groups = [ids(len(codes) + at, guess.code) for at, guess in enumerate(guesses[:-1])]
        states = reader.read([*unread, *(id for group in groups for id in group)])
        lengths = [len(group) for group in groups]
        ends = [sum(lengths[:at]) - sum(lengths) - 1 for at in range(len(here))]
        taken, guesses = _held(guesses, here, reader.chances(states[:, ends]), reader.random)
        reader.forget(sum(lengths[len(taken) - 1 :]))
        codes += taken
        unread = ids(len(codes) - 1, codes[-1])
        told(codes)
    return codes


def _completed(guesses: list[Guess], known: Sequence[int | None], before: int) -> list[Guess]:
    """A guess for every place; for new ones that it is like the one before."""
    found: list[Guess] = []
    for at, code in enumerate(known):
        last = found[-1].code if found else before
        found.append(Guess(code) if code is not None else guesses[at] if at < len(guesses) else Guess(last))
    return found


def _held(guesses: list[Guess], known: Sequence[int | None], chances: torch.Tensor, random: torch.Generator
          ) -> tuple[list[int], list[Guess]]:
    """The codes that are taken, at least one, and new guesses of the others."""
    taken: list[int] = []
    for at, (guess, code) in enumerate(zip(guesses, known, strict=True)):
        if code is not None or _holds(guess, chances[at], random):
            taken.append(guess.code)
            continue
        taken.append(_drawn(_left_over(guess, chances[at]), random))
        return taken, [Guess(_drawn(row, random), row) for row in chances[at + 1 :]]
    return taken, []


def _holds(guess: Guess, chances: torch.Tensor, random: torch.Generator) -> bool:
    import torch

    before = 1.0 if guess.chances is None else float(guess.chances[guess.code])
    return float(torch.rand((), generator=random)) * before < float(chances[guess.code])


def _left_over(guess: Guess, chances: torch.Tensor) -> torch.Tensor:
    """How likely each code is that is to be drawn instead."""
    left = chances.clone()
    if guess.chances is None:
        left[guess.code] = 0
    else:
        left = (left - guess.chances).clamp(min=0)
    return left if left.sum() > 0 else chances


def _drawn(chances: torch.Tensor, random: torch.Generator) -> int:
    import torch

    return int(torch.multinomial(chances, 1, generator=random))
