"""What codes look like, for models that learn to write them.

A codebook of thousands has many codes for one look, and which of them is nearest hangs on hues nobody sees. A model
that is told only the nearest has each row of its table to learn alone, from labels that are half luck. Here codes that
lie close share what is learnt: a row is in part a function of the codebook's vector (as Janus embeds codes, Wu et al.
2024, arXiv 2410.13848), and a target is a posterior over the codes around what the encoder said.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEAR = 16
"""Codes that share a target."""
WAVES = 64
"""Random Fourier features (Rahimi and Recht 2007), for what no quadric tells apart."""


def features(book: Tensor) -> Tensor:
    """M x D vectors of a codebook to M x (D + D (D + 1) / 2 + 64) numbers, each of mean 0 and deviation 1.

    With squares and products, scores that are linear in them can have one peak anywhere, of any width.
    """
    book = (book.float() - book.float().mean(0)) / book.float().std(0).clamp(min=1e-6)
    rows, columns = torch.triu_indices(book.shape[1], book.shape[1], device=book.device)
    seeded = torch.Generator().manual_seed(0)
    ways = torch.randn(book.shape[1], WAVES, generator=seeded).to(book)
    turns = torch.rand(WAVES, generator=seeded).to(book) * 2 * math.pi
    found = torch.cat([book, book[:, rows] * book[:, columns], torch.cos(book @ ways + turns)], dim=1)
    return (found - found.mean(0)) / found.std(0).clamp(min=1e-6)


class Looks(nn.Module):
    """Rows of a table of embeddings as a linear function of what codes look like."""

    def __init__(self, book: Tensor, width: int):
        super().__init__()
        known = features(book)
        self.register_buffer("known", known, persistent=False)
        self.lift = nn.Linear(known.shape[1], width, bias=False)
        nn.init.normal_(self.lift.weight, std=0.02 / known.shape[1] ** 0.5)

    def forward(self) -> Tensor:
        """M x width."""
        return self.lift(self.known.to(self.lift.weight.dtype))


class Targets:
    """Soft targets: what an encoder said is a code's vector and noise of deviation ``spread``; 0: the nearest alone."""

    def __init__(self, book: Tensor, spread: float):
        self._book, self._spread = book.float(), spread
        near = min(NEAR, len(book)) if spread else 1
        self._near = torch.cat([torch.cdist(part, self._book).topk(near, largest=False)[1]
                                for part in self._book.split(512)])  # fmt: skip

    def __call__(self, latents: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """... x D latents and their ... nearest codes to ... x 16 codes and the ... x 16 shares of each."""
        near = self._near[codes]
        if not self._spread:
            return near, torch.ones_like(near, dtype=torch.float32)
        apart = (latents.float()[..., None, :] - self._book[near]).square().sum(-1)
        return near, (-apart / (2 * self._spread**2)).softmax(-1)


def divergence(scores: Tensor, near: Tensor, shares: Tensor) -> Tensor:
    """Kullback-Leibler divergence (nats) of scores over all codes (... x M) from soft targets (... x 16 each).

    With one code of share 1 it is the cross-entropy.
    """
    scores = scores.float()
    said = scores.gather(-1, near) - scores.logsumexp(-1, keepdim=True)
    return F.kl_div(said, shares, reduction="none").sum(-1)
