"""The last examples of a training, to be met again: encoding one costs a CPU as much as a step over it."""

from __future__ import annotations

import torch
from torch import Tensor

Batch = dict[str, Tensor]
"""What several examples have, by name: N x …"""


class Store:
    """The last ``capacity`` examples of a kind and size, on the device."""

    def __init__(self, capacity: int):
        self._capacity, self._added = capacity, 0
        self._held: Batch = {}

    def add(self, batch: Batch) -> None:
        """The oldest examples fall out."""
        if not self._held:
            self._held = {name: value.new_empty(self._capacity, *value.shape[1:]) for name, value in batch.items()}
        count = len(next(iter(batch.values())))
        at = torch.arange(self._added, self._added + count) % self._capacity
        for name, value in batch.items():
            self._held[name][at.to(value.device)] = value
        self._added += count

    def batch(self, size: int) -> Batch:
        """Random examples."""
        held = next(iter(self._held.values()))
        chosen = torch.randint(min(self._added, self._capacity), (size,), device=held.device)
        return {name: value[chosen] for name, value in self._held.items()}
