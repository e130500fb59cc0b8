"""Pictures as codes of a codebook, and back: diffusers' `VQModel` (van den Oord et al. 2017, arXiv 1711.00937).

A checkpoint is the folder that `VQModel.save_pretrained` writes, with `lookup_from_codebook` on. A picture of W x H
pixels becomes (W / scale) x (H / scale) codes, row by row: 8 x 8 of 128 pixels at scale 16. Reads and writes pictures
of sizes that are multiples of `scale`; bringing others there is the caller's task. Knows nothing of words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from generators.api import BrokenOutput, ModelUnavailable

if TYPE_CHECKING:
    import torch


class PictureTokens:
    """A loaded tokenizer of pictures. Encodes and decodes in the model's precision; distances in float32."""

    def __init__(self, model: Any) -> None:
        if not model.config.lookup_from_codebook:
            raise ModelUnavailable("The picture tokenizer must be saved with lookup_from_codebook: true.")
        self.model = model

    @classmethod
    def load(cls, folder: str | Path, device: Any = "cpu", dtype: Any = None) -> PictureTokens:
        """Opens a checkpoint folder, float32 unless told. Raises what diffusers raises on one that is damaged."""
        import torch
        from diffusers import VQModel

        model = VQModel.from_pretrained(folder, torch_dtype=dtype, local_files_only=True, use_safetensors=True)
        # Convolutions in half precision take a CPU a third less time in this order.
        return cls(model.to(device, memory_format=torch.channels_last).eval())

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return int(self.model.config.num_vq_embeddings)

    @property
    def scale(self) -> int:
        """Pixels along the side of a token."""
        return int(2 ** (len(self.model.config.block_out_channels) - 1))

    def side(self, extent: int) -> int:
        """Tokens along a side of `extent` pixels. Raises `ValueError` where they do not fit."""
        if extent <= 0 or extent % self.scale:
            raise ValueError(f"A side of {extent} pixels is no multiple of {self.scale}.")
        return extent // self.scale

    def encode(self, pictures: list[Image.Image]) -> torch.Tensor:
        """N pictures of one size to N x T codes (int64, on the model's device), row by row."""
        import numpy
        import torch

        pixels = torch.from_numpy(numpy.stack([numpy.asarray(p.convert("RGB")) for p in pictures]))
        return self.encode_pixels(pixels.to(self.model.device))

    @property
    def book(self) -> torch.Tensor:
        """The vectors of the codes: codes x D, float32."""
        return self.model.quantize.embedding.weight.detach().float()

    def encode_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x H x W x 3 uint8 to N x T codes."""
        return self.nearest(self.latents(pixels))

    def latents(self, pixels: torch.Tensor) -> torch.Tensor:
        """N x H x W x 3 uint8 to N x T x D float32, before they become codes."""
        import torch

        for extent in pixels.shape[1:3]:
            self.side(extent)
        with torch.inference_mode():
            values = (pixels.permute(0, 3, 1, 2).float() / 127.5 - 1).to(self.model.dtype)
            values = values.contiguous(memory_format=torch.channels_last)
            return self.model.encode(values).latents.permute(0, 2, 3, 1).flatten(1, 2).float()

    def nearest(self, latents: torch.Tensor) -> torch.Tensor:
        """N x T x D latents to N x T codes."""
        import torch

        return torch.cdist(latents, self.book.expand(len(latents), -1, -1)).argmin(-1)

    def decode(self, ids: torch.Tensor, size: tuple[int, int]) -> list[Image.Image]:
        """N x T codes to N pictures of `size` (width, height)."""
        values = self.decode_pixels(ids, size).cpu().numpy()
        return [Image.fromarray(picture) for picture in values]

    def decode_pixels(self, ids: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """N x T codes to N x H x W x 3 uint8, on the model's device. Raises `BrokenOutput`."""
        import torch

        columns, rows = self.side(size[0]), self.side(size[1])
        shape = (len(ids), rows, columns, self.model.quantize.vq_embed_dim)
        with torch.inference_mode():
            flat = ids.to(self.model.device).reshape(-1)
            sample = self.model.decode(flat, force_not_quantize=True, shape=shape).sample
            if not torch.isfinite(sample).all():
                raise BrokenOutput("The picture tokenizer returned numbers that are no picture.")
            pixels = ((sample.float() / 2 + 0.5).clamp(0, 1) * 255).round()
        return pixels.byte().permute(0, 2, 3, 1).contiguous()
