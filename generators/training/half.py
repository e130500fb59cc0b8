"""Training in half precision: float32 copies of the weights, and an attention that a CPU differentiates quickly."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)

_FUSED = torch.nn.functional.scaled_dot_product_attention


def plain_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **options) -> Tensor:
    """Attention as two batched products (N x heads x S x D).

    At these lengths the backward pass of the fused CPU kernel takes 54 ms where this one takes 9.
    """
    if attn_mask is not None or options.get("is_causal"):
        return _FUSED(query, key, value, attn_mask=attn_mask, **options)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return scores.float().softmax(-1).to(value.dtype) @ value


@contextmanager
def attention_for(device: torch.device) -> Iterator[None]:
    """On a CPU, trains with ``plain_attention``; the weights know nothing of it."""
    if device.type == "cpu":
        torch.nn.functional.scaled_dot_product_attention = plain_attention
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = _FUSED


def twin_of(model: M) -> M:
    """A bfloat16 copy of a model.

    Buffers that no checkpoint holds (rotary frequencies) stay in float32, as `from_pretrained` keeps them.
    """
    twin = copy.deepcopy(model).bfloat16()
    held = twin.state_dict()
    for name, buffer in model.named_buffers():
        if name not in held:
            place, _, own = name.rpartition(".")
            setattr(twin.get_submodule(place), own, buffer.clone())
    return twin


class Master:
    """Float32 copies of bfloat16 parameters: the optimisers see the copies, the passes see the model."""

    def __init__(self, model: nn.Module):
        self.model = model
        self._half = [p for p in model.parameters() if p.requires_grad]

    def attach(self, shadow: nn.Module) -> None:
        self.shadow = shadow
        self._full = [p for p in shadow.parameters() if p.requires_grad]
        self.push()

    @torch.no_grad()
    def push(self) -> None:
        """Weights from the copies to the model."""
        torch._foreach_copy_(self._half, self._full)

    @torch.no_grad()
    def pull(self) -> None:
        """Gradients from the model to the copies."""
        for half, full in zip(self._half, self._full, strict=True):
            full.grad = None if half.grad is None else half.grad.float()
            half.grad = None
