"""Measuring sets: how far one set of vectors is from another, by torchmetrics, which is no part of the requirements.

FID (Heusel et al. 2017, arXiv 1706.08500) compares means and covariances, and is too high for few pictures; KID
(Binkowski et al. 2018, arXiv 1801.01401) is a kernel's distance without that bias. Both are told of any features; which
vectors these are is for the caller to say.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generators import hardware
from generators.api import ModelUnavailable, Report, Stop

if TYPE_CHECKING:
    from PIL import Image

MOST = 1000
"""Of the pictures in a subset of KID, as published."""


class Measurer:
    """One of "fid" and "kid"; both sets come at once. Raises `ModelUnavailable` where torchmetrics is not installed."""

    def __init__(self, kind: str) -> None:
        try:
            from torchmetrics.image.fid import FrechetInceptionDistance
            from torchmetrics.image.kid import KernelInceptionDistance
        except ImportError:
            raise ModelUnavailable(f"{kind.upper()} takes the package torchmetrics; install it "
                                   "('pip install torchmetrics').") from None
        self._kinds = {"fid": FrechetInceptionDistance, "kid": KernelInceptionDistance}
        self.kind = kind

    def call(self, name: str, params: Mapping[str, Any], pictures: list[Image.Image], report: Report, stop: Stop
             ) -> tuple[dict[str, Any], list[Image.Image]]:
        """`real` and `drawn`, N x D each → the distance of the two."""
        if name == "load":
            return {}, []
        return {"distance": self.distance(params["real"], params["drawn"])}, []

    def distance(self, real: list[list[float]], drawn: list[list[float]]) -> float:
        """Of two or more vectors each."""
        import torch

        given = torch.nn.Identity()
        given.num_features = len(real[0])
        more = {"subset_size": min(len(real), len(drawn), MOST)} if self.kind == "kid" else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that KID keeps what it is given
            metric = self._kinds[self.kind](feature=given, **more)
        for vectors, are_real in ((real, True), (drawn, False)):
            metric.update(torch.tensor(vectors), real=are_real)
        with hardware.seeded(0, "cpu"):  # KID draws its subsets at random
            found = metric.compute()
        return float(found[0] if self.kind == "kid" else found)
