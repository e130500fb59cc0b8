"""Trains the inside of the picture tokenizer on an autoencoder's features: a hundredth of what pixels cost.

    python -m generators.training.tokenizer_inside --minutes 20 --out .training/inside

The outer levels of the `VQModel` are the autoencoder's own and stay as they are. Between them, at an eighth and a
sixteenth of the picture's side, the rest learns to say in one code a token what the autoencoder's decoder reads at
that place. `generators.training.tokenizer --polish OUT/model` goes on from there on pixels. The codebook is filled as
there (`codebook`). ``OUT/curve.jsonl`` is the curve; its last line says what became of held-out pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLFlux2, VQModel
from torch import Tensor, nn

from generators.training.autoencoder import BUSY
from generators.training.codebook import Codebook
from generators.training.common import (
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    scaled,
    world_parser,
)
from generators.training.feed import Scenes, pictured
from generators.training.pack_world import domain
from generators.training.store import Batch, Store
from generators.training.tokenizer import PLAIN, build, finish, some_scene, start_from

WARM_UP = 150
"""Steps without a codebook."""
RESEED = 50
"""Steps between two looks for unused codes."""
LEAST = 0.05


class Inside(nn.Module):
    """The levels of a tokenizer below an autoencoder's second to last: features to codes to features."""

    def __init__(self, model: VQModel):
        super().__init__()
        encoder, decoder = model.encoder, model.decoder
        self.down = nn.ModuleList(encoder.down_blocks[-2:])
        self.encoder_mid, self.norm_out, self.conv_out = encoder.mid_block, encoder.conv_norm_out, encoder.conv_out
        self.quant_conv, self.quantize, self.post_quant_conv = model.quant_conv, model.quantize, model.post_quant_conv
        self.conv_in, self.decoder_mid, self.up = decoder.conv_in, decoder.mid_block, decoder.up_blocks[0]

    def encode(self, features: Tensor) -> Tensor:
        """What the encoder's inside reads, N x C x h x w, to latents N x 8 x h/2 x w/2."""
        for block in self.down:
            features = block(features)
        return self.quant_conv(self.conv_out(F.silu(self.norm_out(self.encoder_mid(features)))))

    def decode(self, latents: Tensor) -> Tensor:
        """Latents to what the decoder's outside reads, N x C x h x w."""
        return self.up(self.decoder_mid(self.conv_in(self.post_quant_conv(latents))))


@torch.no_grad()
def features(given: AutoencoderKLFlux2, pictures: Tensor, busy: Tensor) -> Batch:
    """Of N x 3 x H x W in [-1, 1] and N x H x W bool: ``read`` by the encoder's inside, ``wanted`` by the decoder's
    outside, and how much each place ``counts``."""
    encoder, decoder = given.encoder, given.decoder
    with torch.autocast(pictures.device.type, torch.bfloat16):
        sample = encoder.conv_in(pictures)
        for block in encoder.down_blocks[:-1]:
            sample = block(sample)
        deep = encoder.mid_block(encoder.down_blocks[-1](sample))
        moments = given.quant_conv(encoder.conv_out(F.silu(encoder.conv_norm_out(deep))))
        wanted = decoder.mid_block(decoder.conv_in(given.post_quant_conv(moments.chunk(2, dim=1)[0])))
    counts = 1 + BUSY * F.max_pool2d(busy.float()[:, None], busy.shape[-1] // wanted.shape[-1])
    return {"read": sample.bfloat16(), "wanted": wanted.bfloat16(), "counts": counts}


def spread(wanted: Tensor) -> Tensor:
    """The standard deviation of each channel, 1 x C x 1 x 1, by which errors are divided."""
    return wanted.float().std(dim=(0, 2, 3)).view(1, -1, 1, 1).clamp(min=1e-3)


def step_loss(inside: Inside, batch: Batch, scale: Tensor, quantised: bool) -> tuple[Tensor, Tensor, Tensor]:
    """As `tokenizer.step_loss`, of features."""
    device = batch["read"].device.type
    with torch.autocast(device, torch.bfloat16):
        latents = inside.encode(batch["read"])
    latents = latents.float()
    chosen, commitment, (_, _, codes) = inside.quantize(latents)
    with torch.autocast(device, torch.bfloat16):
        output = inside.decode(chosen if quantised else latents)
    loss = (((output.float() - batch["wanted"]) / scale).square() * batch["counts"]).mean()
    if quantised:
        loss = loss + commitment
    return loss, latents.detach().permute(0, 2, 3, 1).flatten(0, 2), codes


def train(args: argparse.Namespace) -> VQModel:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged tokenizer."""
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    given = AutoencoderKLFlux2.from_pretrained(args.autoencoder).to(device).eval()
    model = build(args.codes, tuple(args.widths), of.extent).to(device)
    start_from(args.autoencoder, model)
    inside = Inside(model)
    run = Run(args, inside, PLAIN, warm_up=30)
    scenes = Scenes(some_scene, "tokenizer", of.name, args.fresh, args.seed)
    source = pictured(scenes, run.step, device, cores_to_feed(device, args.workers))
    batches = remembered(given, source, args.batch, args.store)
    scale = spread(next(batches)["wanted"])
    book = Codebook(inside, run.average, LEAST, run.step)
    for _ in run.steps():
        loss, latents, codes = step_loss(inside, next(batches), scale, run.step >= WARM_UP)
        loss.backward()
        run.learn(args.batch, {"loss": loss})
        book.follow(run, latents, codes, WARM_UP, RESEED, 0.8)
    return model


def remembered(given: AutoencoderKLFlux2, source: Iterator, size: int, capacity: int) -> Iterator[Batch]:
    """Batches out of the last ``capacity`` pictures, of which some are new at each step."""
    store = Store(capacity)
    for number, (_, made) in enumerate(source):
        store.add(features(given, scaled(made.pictures), made.busy))
        if number >= 40:
            yield store.batch(size)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = world_parser(__doc__, minutes=20, rate=2e-3, out=Path(".training/inside"))
    found.add_argument("--autoencoder", type=Path, default=Path("generators/pack/diffusion/vae"))
    found.add_argument("--batch", type=int, default=64)
    found.add_argument("--fresh", type=int, default=8, help="new pictures a step")
    found.add_argument("--store", type=int, default=3000, help="pictures that are met again")
    found.add_argument("--codes", type=int, default=4096)
    found.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 128],
                       help="the autoencoder's, and one more")
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.tokenizer_inside")
    args = parser().parse_args()
    finish(train(args), args)


if __name__ == "__main__":
    main()
