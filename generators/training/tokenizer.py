"""Trains the picture tokenizer of the token families: ``python -m generators.training.tokenizer --minutes 25``.

A `VQModel` at a sixteenth of the picture's side: 64 codes for 128 pixels, 256 for 256. The first steps train it as a
plain autoencoder; then the codebook is filled from encoder outputs, and codes that nothing uses are filled again from
time to time (as in Jukebox, Dhariwal et al. 2020, arXiv 2005.00341), all in this loop: the class is the library's own.

On two cores, and on a GPU for the full domain (--until ends a sitting, and the same command goes on from there):

    python -m generators.training.tokenizer --minutes 25 --out .training/tokenizer
    python -m generators.training.tokenizer --domain full --minutes 9 --batch 96 --compile \\
        --widths 48 64 128 192 256 --codes 4096 --out .training/tokenizer-full

``OUT/model`` is the checkpoint, ``OUT/curve.jsonl`` the curve: loss, how many codes the last steps used as a
perplexity, and at the end PSNR over held-out pictures (`psnr`, `psnr_objects` over the pixels that objects cover).
"""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, VQModel
from torch import Tensor, nn

from generators.picture_tokens import PictureTokens
from generators.training.autoencoder import reconstruction_loss
from generators.training.common import (
    Average,
    Clock,
    Curve,
    cores_to_feed,
    learning_rate,
    load_checkpoint,
    make_optimisers,
    pick_device,
    restart_with_allocator_settings,
    save_checkpoint,
    set_rate,
)
from generators.training.compose import Composer
from generators.training.feed import composer_for, stream
from generators.training.pack_world import domain
from generators.world.scenes import sample_scene
from generators.world.tables import Table, table_of

WARM_UP = 300
"""Steps without a codebook."""
RESEED = 200
"""Steps between two looks for unused codes."""
BOOK = "quantize.embedding.weight"


def build(codes: int, widths: tuple[int, ...], extent: int) -> VQModel:
    """The tokenizer: `widths` channels from full resolution to a 2 ** (len - 1)-th, `codes` vectors of 8 numbers."""
    levels = len(widths)
    return VQModel(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=64,
        vq_embed_dim=8,
        num_vq_embeddings=codes,
        norm_num_groups=8,
        sample_size=extent,
        lookup_from_codebook=True,
        mid_block_add_attention=False,
    )


@torch.no_grad()
def start_from(folder: Path, model: VQModel) -> int:
    """Takes over what fits from an autoencoder of the pack, which has one level less; returns how many tensors.

    Encoders count levels from the picture inwards, decoders outwards.
    """
    given, own, taken = AutoencoderKLFlux2.from_pretrained(folder).state_dict(), model.state_dict(), 0
    deeper = len(model.decoder.up_blocks) - len({name.split(".")[2] for name in given if "up_blocks" in name})
    for name, value in given.items():
        parts = name.split(".")
        if "up_blocks" in name:
            parts[2] = str(int(parts[2]) + deeper)
        target = own.get(".".join(parts))
        if target is not None and target.shape == value.shape and parts[0] in ("encoder", "decoder"):
            target.copy_(value)
            taken += 1
    return taken


@dataclass(frozen=True)
class Scenes:
    """Makes the n-th batch of scenes: half as generators draw them, half at any place; a third of them crowded."""

    name: str
    size: int
    seed: int

    def __call__(self, number: int) -> Table:
        of, rng = domain(self.name), random.Random(f"{self.seed}/tokenizer/{number}")
        crowds = [(1,) * 5 if rng.random() < 0.3 else None for _ in range(self.size)]
        return table_of([sample_scene(rng, rng.choice((of.drawn, of.seen)), crowd) for crowd in crowds], of.extent)


def step_loss(model: VQModel, pictures: Tensor, weight: Tensor, quantised: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The loss of N x 3 x H x W, the latents (N T x 8 float32) and their codes (N T).

    Reconstruction plus the class's own commitment loss; without a codebook, reconstruction alone.
    """
    device = pictures.device.type
    with torch.autocast(device, torch.bfloat16):
        latents = model.encode(pictures).latents
    latents = latents.float()
    chosen, commitment, (_, _, codes) = model.quantize(latents)
    with torch.autocast(device, torch.bfloat16):
        output = model.decoder(model.post_quant_conv(chosen if quantised else latents)).float()
    loss = reconstruction_loss(output, pictures, weight)
    if quantised:
        loss = loss + commitment
    return loss, latents.detach().permute(0, 2, 3, 1).flatten(0, 2), codes


@torch.no_grad()
def fill(model: VQModel, average: Average, latents: Tensor, which: Tensor) -> None:
    """Puts random latents (M x 8) into the codes of a mask, slightly off, so that no two are the same."""
    picked = latents[torch.randint(len(latents), (int(which.sum()),), device=latents.device)]
    picked = picked + 0.02 * latents.std(0) * torch.randn_like(picked)
    model.quantize.embedding.weight[which] = picked
    average.weights[BOOK][which] = picked


def perplexity(counts: Tensor) -> float:
    """How many codes are in use, in effect: the exponential of the entropy of their shares."""
    shares = counts / counts.sum().clamp(min=1)
    return float(torch.exp(torch.special.entr(shares).sum()))


@torch.no_grad()
def measure(tokens: PictureTokens, composer: Composer, name: str, count: int = 256) -> dict[str, float]:
    """Of pictures that training does not show: PSNR in dB over all pixels and over objects, and the codes' usage."""
    whole, objects = [], []
    counts = torch.zeros(tokens.codes)
    for part in range(count // 32):
        table = Scenes(name, 32, 90_001)(part)
        composed = composer(table)
        pictures = composed.pictures.permute(0, 2, 3, 1)
        codes = tokens.encode_pixels(pictures)
        error = ((tokens.decode_pixels(codes, table.size).float() - pictures) / 255).square().mean(-1)
        whole += (-10 * error.mean(dim=(1, 2)).log10()).tolist()
        objects.append(error[composed.busy].mean())
        counts += torch.bincount(codes.flatten(), minlength=tokens.codes).cpu()
    return {
        "psnr": float(np.mean(whole)),
        "psnr_objects": float(-10 * torch.stack(objects).mean().log10()),
        "perplexity": perplexity(counts),
        "used": float((counts > 0).float().mean()),
    }


def train(args: argparse.Namespace) -> VQModel:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model."""
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    model = build(args.codes, tuple(args.widths), of.extent).to(device)
    if args.init:
        print(f"{start_from(args.init, model)} tensors of {args.init}")
    optimisers = make_optimisers(model, args.rate, plain=("conv_in", "conv_out", "quant_conv", "quantize"))
    average = Average(model, 0.998)
    facts = load_checkpoint(args.out, model, optimisers, average) or {"step": 0, "seconds": 0.0}
    step, workers = facts["step"], cores_to_feed(device, args.workers)
    if args.compile:
        model.encoder.compile()
        model.decoder.compile()
    composer = composer_for(of, device, workers)
    clock, curve = Clock(args.minutes, facts["seconds"], args.until), Curve(args.out / "curve.jsonl")
    counts = torch.zeros(args.codes, device=device)
    pool: list[Tensor] = []
    saved = time.monotonic()
    for table in stream(Scenes(args.domain, args.batch, args.seed), step, workers):
        if clock.over:
            break
        composed = composer(table)
        set_rate(optimisers, learning_rate(clock.progress, step, warm_up=30, hold=0.5))
        pixels, weight = composed.pictures.float() / 127.5 - 1, 1 + 2.0 * composed.busy[:, None]
        loss, latents, codes = step_loss(model, pixels, weight, step >= WARM_UP)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        average.update(model, step)
        step += 1
        if step >= WARM_UP - 16:
            counts += torch.bincount(codes, minlength=args.codes)
            pool = [*pool[-15:], latents]
        if step == WARM_UP:
            fill(model, average, torch.cat(pool), torch.ones_like(counts, dtype=torch.bool))
            counts.zero_()
        if step % RESEED == 0 and step > WARM_UP:
            dead = counts < 0.02 * counts.mean()
            if clock.progress < 0.7:
                fill(model, average, torch.cat(pool), dead)
            curve.add(step=step, perplexity=perplexity(counts), dead=int(dead.sum()))
            counts.zero_()
        if step % 20 == 0 or not math.isfinite(loss.item()):
            curve.add(step=step, seen=step * args.batch, seconds=round(clock.seconds, 1), loss=loss.item())
        if time.monotonic() - saved > 60:
            save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
            saved = time.monotonic()
    save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
    average.copy_to(model)
    return model


def main() -> None:
    restart_with_allocator_settings("generators.training.tokenizer")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", choices=("small", "full"), default="small")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--out", type=Path, default=Path(".training/tokenizer"))
    parser.add_argument("--init", type=Path, help="begin with what fits of this autoencoder, if --out is empty")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--codes", type=int, default=2048)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 128])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=float, help="end this sitting after so many minutes of the whole")
    parser.add_argument("--workers", type=int, help="processes that make examples; on a CPU none, else all cores")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    args = parser.parse_args()
    model = train(args).to(torch.bfloat16)
    model.save_pretrained(args.out / "model", max_shard_size="12MB")
    device = pick_device(args.device)
    composer = composer_for(domain(args.domain), device, cores_to_feed(device, args.workers))
    tokens = PictureTokens.load(args.out / "model", device, torch.bfloat16)
    Curve(args.out / "curve.jsonl").add(**measure(tokens, composer, args.domain))


if __name__ == "__main__":
    main()
