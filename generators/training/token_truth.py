"""What lies at every latent token of a scene: the renderer's own truth as a second thing to learn.

A generator that must also say, half-way up, which thing, in which colour and which part of it
belongs at each token learns where things go long before its pictures show it: the same idea as
aligning features with a pretrained encoder (REPA, Yu et al. 2024, arXiv 2410.06940), with exact
labels instead. The head is dropped when the pipeline is written.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generators.training.pack_world import Domain, domain
from generators.world.scenes import Frame, Placed, Scene


def groups(of: Domain) -> tuple[int, int, int]:
    """How many answers there are to thing (0: none), colour (0: none, 1: its own) and part (0: none).

    A cell of n x n tokens has n x n parts, and cells have sides to the domain's largest.
    """
    return 1 + len(of.drawn.things), 2 + len(of.drawn.colours), 1 + sum(n * n for n in range(1, of.largest + 1))


@lru_cache(maxsize=4)
def _answers(name: str) -> tuple[dict[str, int], dict[str | None, int]]:
    """The answers for the things and colours of a domain."""
    world = domain(name).drawn
    colours: dict[str | None, int] = {None: 1}
    return {t: 1 + i for i, t in enumerate(world.things)}, colours | {c: 2 + i for i, c in enumerate(world.colours)}


def _cell(item: Placed, frame: Frame, of: Domain) -> tuple[int, int, int]:
    """The square of tokens that an object fills: its side, first row and first column."""
    side, lines = item.side(frame), of.extent // 16
    tokens = min(of.largest, max(1, round(side * lines)))
    starts = (round((c * length - side / 2) * lines) for c, length in zip(item.centre, frame, strict=True))
    rows, columns = of.grid(frame)
    column, row = (min(max(v, 0), most - tokens) for v, most in zip(starts, (columns, rows), strict=True))
    return tokens, row, column


def token_truth(scene: Scene, of: Domain) -> np.ndarray:
    """Tokens x 3 int64: thing, colour and part at each packed latent token, later objects in front."""
    things, colours = _answers(of.name)
    truth = np.zeros((*of.grid(scene.frame), 3), np.int64)
    for item in scene.objects:
        tokens, row, column = _cell(item, scene.frame, of)
        before = sum(n * n for n in range(1, tokens))
        here = truth[row : row + tokens, column : column + tokens]
        here[..., 0], here[..., 1] = things[item.thing], colours[item.colour]
        here[..., 2] = 1 + before + np.arange(tokens * tokens).reshape(tokens, tokens)
    return truth.reshape(-1, 3)


class TruthHead(nn.Module):
    """Reads the three answers off a transformer's hidden states."""

    def __init__(self, width: int, of: Domain):
        super().__init__()
        self._groups = groups(of)
        self.answers = nn.Linear(width, sum(self._groups))

    def loss(self, hidden: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """Mean cross-entropy of N x T x width states against N x T x 3 answers, tokens weighted N x T."""
        logits = self.answers(F.layer_norm(hidden, hidden.shape[-1:])).float().split(self._groups, dim=-1)
        errors = [
            F.cross_entropy(part.flatten(0, 1), truth[..., index].flatten(), reduction="none")
            for index, part in enumerate(logits)
        ]
        return (torch.stack(errors).mean(0) * weights.flatten()).mean()
