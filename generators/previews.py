"""Rough looks at a diffusion while it runs, for at most a seventh of its time.

The clean latents are estimated from two steps: on a straight path x0 = x - s * dx/ds, where s is the noise level
(the update of Euler's method, Karras et al. 2022, arXiv 2206.00364, algorithm 1; flow matching moves the same way).
They are shrunk and decoded by the model's own autoencoder. Knows the latent layouts of Stable Diffusion, Flux,
Flux.2 and Qwen-Image; for any other there are no previews.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from generators.api import Extent, Preview, Report

SHARE = 0.15
MOST_LATENT = 32


class Allowance:
    """`SHARE` of the time since it was made, and what of it is spent."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._spent = self._last = 0.0

    @property
    def left(self) -> bool:
        """Whether there is time for as much again as the last took."""
        return self._spent + self._last <= SHARE * (time.perf_counter() - self._began)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Counts what is done inside."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._last = time.perf_counter() - began
            self._spent += self._last


class Previews:
    """Called after every step; reports a picture when there is time for one. Never fails, never changes the run."""

    def __init__(self, pipe: Any, size: Extent, steps: int, report: Report) -> None:
        self.pipe, self.size, self.report = pipe, size, report
        self.every = max(1, steps // 5)
        self.steps = steps
        self._allowance = Allowance()
        self._before: Any = None
        self._off = not hasattr(pipe, "vae")

    def step(self, step: int, latents: Any) -> None:
        """`step` counts from 1; the last step needs no preview."""
        if self._off:
            return
        before, self._before = self._before, latents
        if step % self.every or step >= self.steps or before is None or not self._allowance.left:
            return
        with self._allowance.spending():
            try:
                self.report(Preview(step, self._look(step, before, latents)))
            except (RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError, NotImplementedError):
                self._off = True  # a layout that we do not know: the picture itself is not in danger

    def _look(self, step: int, before: Any, latents: Any) -> Image.Image:
        import torch

        with torch.inference_mode():
            planes = _planes(self.pipe, self._clean(step, before, latents), self.size)
            pixels = _decode(self.pipe.vae, _shrunk(planes))
            values = ((pixels.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte()[0]
        return Image.fromarray(values.permute(1, 2, 0).cpu().numpy())

    def _clean(self, step: int, before: Any, latents: Any) -> Any:
        sigmas = getattr(self.pipe.scheduler, "sigmas", None)
        offset = (getattr(self.pipe.scheduler, "begin_index", None) or 0) + step
        if sigmas is None or offset >= len(sigmas):
            return latents
        high, low = float(sigmas[offset - 1]), float(sigmas[offset])
        return latents if high <= low else latents - low * (before - latents) / (high - low)


def _planes(pipe: Any, latents: Any, size: Extent) -> Any:
    """Latents as the autoencoder takes them: [1, channels, height, width] (Qwen-Image: one frame between)."""
    vae, config = pipe.vae, pipe.vae.config
    if hasattr(pipe, "_unpatchify_latents"):  # Flux.2: one token for 2x2, normalised by the autoencoder's statistics
        scale = pipe.vae_scale_factor * 2
        high, wide = size.height // scale, size.width // scale
        packed = latents.permute(0, 2, 1).reshape(1, latents.shape[2], high, wide)
        spread = (vae.bn.running_var.view(1, -1, 1, 1) + config.batch_norm_eps).sqrt().to(packed)
        return pipe._unpatchify_latents(packed * spread + vae.bn.running_mean.view(1, -1, 1, 1).to(packed))
    if hasattr(pipe, "_unpack_latents"):
        latents = pipe._unpack_latents(latents, size.height, size.width, pipe.vae_scale_factor)
    if getattr(config, "latents_mean", None) and latents.ndim == 5:
        shape = (1, -1, 1, 1, 1)
        return latents * latents.new_tensor(config.latents_std).view(shape) + latents.new_tensor(
            config.latents_mean).view(shape)
    return latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)


def _shrunk(planes: Any) -> Any:
    import torch.nn.functional as functional

    longest = max(planes.shape[-2:])
    if longest <= MOST_LATENT:
        return planes
    flat = planes.reshape(planes.shape[0], planes.shape[1], *planes.shape[-2:])
    small = functional.interpolate(flat.float(), scale_factor=MOST_LATENT / longest, mode="area").to(planes.dtype)
    return small.unsqueeze(2) if planes.ndim == 5 else small


def _decode(vae: Any, planes: Any) -> Any:
    pixels = vae.decode(planes.to(vae.dtype), return_dict=False)[0]
    return pixels[:, :, 0] if pixels.ndim == 5 else pixels
