"""A codebook while it is learnt: filled from what the encoder says, and again where nothing uses it.

As in Jukebox (Dhariwal et al. 2020, arXiv 2005.00341). The quantiser itself is the library's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.training.common import Average, Run

BOOK = "quantize.embedding.weight"
RECENT = 16
"""Steps whose latents are kept to fill codes from."""


class Codebook:
    """The codes of a ``model.quantize`` and of its ``average``; a code that is met less than ``least`` times as often
    as the mean counts as unused. ``begun`` is the step at which a sitting takes it up."""

    def __init__(self, model: nn.Module, average: Average, least: float = 0.02, begun: int = 0):
        self._begun = begun
        self._codes: Tensor = model.get_parameter(BOOK)
        self._averaged, self._least = average.weights[BOOK], least
        self._counts = torch.zeros(len(self._codes), device=self._codes.device)
        self._recent: list[Tensor] = []

    def follow(self, run: Run, latents: Tensor, codes: Tensor, warm_up: int, every: int, until: float) -> None:
        """After a step of a training: filled once ``warm_up`` steps are done, then looked at ``every`` so many steps,
        unused codes filled ``until`` that share of the clock."""
        if run.step >= warm_up - RECENT:
            self.see(latents, codes)
        if run.step == warm_up:
            self.fill()
        # A sitting that has just begun has not seen enough to tell which codes nothing uses.
        elif run.step % every == 0 and run.step > warm_up and run.step - self._begun >= every:
            run.log(**self.renew(fill=run.clock.progress < until))

    def see(self, latents: Tensor, codes: Tensor) -> None:
        """What a step encoded: M x 8 latents and their M codes."""
        self._counts += torch.bincount(codes, minlength=len(self._counts))
        self._recent = [*self._recent[1 - RECENT :], latents]

    def fill(self) -> None:
        """Every code anew."""
        self._fill(torch.ones_like(self._counts, dtype=torch.bool))
        self._counts.zero_()

    def renew(self, fill: bool) -> dict[str, float]:
        """How the codes were used since the last time, unused ones filled if so wished."""
        unused = self._counts < self._least * self._counts.mean()
        if fill:
            self._fill(unused)
        said = {"perplexity": perplexity(self._counts), "dead": int(unused.sum())}
        self._counts.zero_()
        return said

    @torch.no_grad()
    def _fill(self, which: Tensor) -> None:
        """Puts recent latents into the codes of a mask, slightly off, so that no two are the same."""
        latents = torch.cat(self._recent)
        picked = latents[torch.randint(len(latents), (int(which.sum()),), device=latents.device)]
        picked = picked + 0.02 * latents.std(0) * torch.randn_like(picked)
        self._codes[which] = picked
        self._averaged[which] = picked


def perplexity(counts: Tensor) -> float:
    """How many codes are in use, in effect: the exponential of the entropy of their shares."""
    shares = counts / counts.sum().clamp(min=1)
    return float(torch.exp(torch.special.entr(shares).sum()))
