"""Trains the pack's autoencoder: ``python -m generators.training.autoencoder --minutes 15 --out FOLDER``.

``--domain full`` is for a GPU: worker processes sample the scenes, the device composes them.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline
from torch import Tensor, nn

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
    to_tensor,
)
from generators.training.feed import composer_for, stream
from generators.training.pack_world import Domain, domain
from generators.world.grounds import background
from generators.world.scenes import SQUARE, Frame, Placed, Scene, World, box_for, render, sample_kind, sample_scene
from generators.world.tables import Table, table_of

WIDTHS = (16, 32, 64, 128)


def build(extent: int = 128, widths: tuple[int, ...] = WIDTHS) -> AutoencoderKLFlux2:
    """An f8 autoencoder of 8 latent channels (packed 2 x 2 to 32 by the pipeline)."""
    levels = len(widths)
    return AutoencoderKLFlux2(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=8,
        sample_size=extent,
        mid_block_add_attention=False,
    )


def crowded_scene(rng: random.Random, world: World, frame: Frame = SQUARE) -> Scene:
    """Many overlapping objects: more edges to learn from than a fair scene has."""
    objects = []
    for _ in range(rng.randint(4, 8)):
        thing, colour = sample_kind(rng, world)
        box = box_for(thing, rng.uniform(0.18, 0.5), rng.random(), rng.random(), None, frame)
        objects.append(Placed(thing, box, colour, None, 0, rng.random() < 0.5))
    ground, seed = rng.choice(world.backgrounds), rng.randrange(1 << 30)
    style = rng.choice(world.styles) if world.styles and rng.random() < world.styled else None
    return Scene(tuple(objects), ground, style, seed, frame)


@dataclass(frozen=True)
class Scenes:
    """Makes the n-th step's scenes, half of them crowded, in the frame whose turn it is."""

    name: str
    size: int
    seed: int

    def sample(self, step: int) -> list[Scene]:
        of, rng = domain(self.name), random.Random(f"{self.seed}/autoencoder/{step}")
        frame, world = of.frames[step % len(of.frames)], of.seen
        return [
            crowded_scene(rng, world, frame) if rng.random() < 0.5 else sample_scene(rng, world, None, frame)
            for _ in range(self.size)
        ]

    def __call__(self, step: int) -> Table:
        return table_of(self.sample(step), domain(self.name).extent)


BUSY = 2.0
"""How much more a pixel counts where an object is."""


def rendered(scenes: list[Scene], extent: int) -> tuple[Tensor, Tensor]:
    """Pictures (N x 3 x H x W in [-1, 1]) and weights (N x 1 x H x W) that favour objects over empty ground."""
    pictures = [render(scene, extent) for scene in scenes]
    grounds = [background(scene.background, scene.seed, extent) for scene in scenes]
    busy = [np.abs(p.astype(np.int16) - g).max(-1) > 6 for p, g in zip(pictures, grounds, strict=True)]
    weights = 1 + BUSY * torch.from_numpy(np.stack(busy).astype(np.float32))[:, None]
    return to_tensor(torch.from_numpy(np.stack(pictures))), weights


def batches(scenes: Scenes, device: torch.device, step: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures and weights, as `rendered`, for one step after another; a GPU composes them itself."""
    of = domain(scenes.name)
    if device.type == "cpu" and of.name == "small":
        while True:
            yield rendered(scenes.sample(step), of.extent)
            step += 1
    tables, compose = stream(scenes, step, workers), composer_for(of, device, workers)
    for table in tables:
        made = compose(table)
        pictures = (made.pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        yield pictures, 1 + BUSY * made.busy[:, None].float()


def reconstruction_loss(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 plus L1 of horizontal and vertical differences, which keeps edges sharp."""
    error = output - target
    plain = (error.abs() * weight).mean()
    across = (error.diff(dim=3).abs() * weight[..., 1:]).mean()
    down = (error.diff(dim=2).abs() * weight[:, :, 1:]).mean()
    return plain + across + down


def step_loss(model: nn.Module, pictures: Tensor, weight: Tensor, noise: float = 0.06) -> Tensor:
    """Loss of one batch; noise on the latents makes the decoder forgive a generator's small errors."""
    with torch.autocast(pictures.device.type, torch.bfloat16):
        posterior = model.encode(pictures).latent_dist
        mode = posterior.mode()
        spread = mode.detach().float().std(dim=(0, 2, 3), keepdim=True)
        latents = mode + noise * spread * torch.randn_like(mode)
        output = model.decode(latents, return_dict=False)[0].float()
    kl = posterior.kl().float().mean() / mode[0].numel()
    return reconstruction_loss(output, pictures, weight) + 1e-4 * kl


def _pictures(name: str, of: Domain, size: int, device: torch.device) -> Tensor:
    """Rendered scenes that training does not show, N x 3 x extent x extent in [-1, 1]."""
    rng = random.Random(name)
    scenes = [sample_scene(rng, of.seen) for _ in range(size)]
    return to_tensor(torch.from_numpy(np.stack([render(s, of.extent) for s in scenes])).to(device))


@torch.no_grad()
def write_statistics(model: AutoencoderKLFlux2, of: Domain, device: torch.device, count: int = 1024) -> None:
    """Writes mean and variance of the packed latents where the pipeline looks for them (``vae.bn``)."""
    packed = []
    for part in range(count // 64):
        pictures = _pictures(f"statistics/{part}", of, 64, device)
        with torch.autocast(device.type, torch.bfloat16):
            latents = model.encode(pictures).latent_dist.mode().float()
        packed.append(Flux2KleinPipeline._patchify_latents(latents.contiguous()))
    everything = torch.cat(packed)
    model.bn.running_mean.copy_(everything.mean(dim=(0, 2, 3)))
    model.bn.running_var.copy_(everything.var(dim=(0, 2, 3)))


@torch.no_grad()
def psnr(model: nn.Module, of: Domain, device: torch.device, count: int = 128) -> float:
    """Peak signal to noise of reconstructions of held-out scenes, in dB, mean over pictures."""
    values = []
    for part in range(count // 32):
        pictures = _pictures(f"evaluation/{part}", of, 32, device)
        with torch.autocast(device.type, torch.bfloat16):
            output = model.decode(model.encode(pictures).latent_dist.mode(), return_dict=False)[0].float()
        error = ((output.clamp(-1, 1) - pictures) / 2).square().mean(dim=(1, 2, 3))
        values += (-10 * error.log10()).tolist()
    return float(np.mean(values))


def start_model(of: Domain, decoder_of: Path | None) -> AutoencoderKLFlux2:
    """A fresh model, or a trained one of which only the decoder moves (its latents stay what they are)."""
    if decoder_of is None:
        return build(of.extent)
    model = AutoencoderKLFlux2.from_pretrained(decoder_of)
    model.encoder.requires_grad_(False)
    model.quant_conv.requires_grad_(False)
    return model


def train(args: argparse.Namespace) -> AutoencoderKLFlux2:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model."""
    device, of = pick_device(args.device), domain(args.domain)
    torch.manual_seed(args.seed)
    size = args.batch or (16 if device.type == "cpu" else 128)
    model = start_model(of, args.decoder_of).to(device)
    if device.type == "cuda":
        model = model.to(memory_format=torch.channels_last)
    optimisers = make_optimisers(model, args.rate, plain=("conv_in", "conv_out", "quant_conv"))
    average = Average(model, 0.998)
    facts = load_checkpoint(args.out, model, optimisers, average) or {"step": 0, "seconds": 0.0}
    curve, step = Curve(args.out / "curve.jsonl"), facts["step"]
    source = batches(Scenes(of.name, size, args.seed), device, step, cores_to_feed(device, args.workers))
    clock, saved = Clock(args.minutes, facts["seconds"]), time.monotonic()
    while not clock.over:
        torch.manual_seed(args.seed * 1_000_003 + step)
        pictures, weight = next(source)
        set_rate(optimisers, learning_rate(clock.progress, step, warm_up=30, hold=0.5))
        loss = step_loss(model, pictures, weight)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        average.update(model, step)
        step += 1
        if step % 20 == 0:
            curve.add(step=step, seen=step * size, seconds=round(clock.seconds, 1), loss=loss.item())
        if time.monotonic() - saved > 60:
            save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
            saved = time.monotonic()
    save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
    average.copy_to(model)
    if args.decoder_of is None:
        write_statistics(model, of, device)
    curve.add(step=step, seen=step * size, seconds=round(clock.seconds, 1), psnr=psnr(model, of, device))
    return model


def main() -> None:
    restart_with_allocator_settings("generators.training.autoencoder")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", choices=("small", "full"), default="small")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--out", type=Path, default=Path(".training/autoencoder"))
    parser.add_argument("--batch", type=int, help="16 on a CPU, 128 on a GPU")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int, help="processes that make scenes; by default all cores but one")
    parser.add_argument("--decoder-of", type=Path, help="a trained model whose decoder alone is trained further")
    args = parser.parse_args()
    train(args).save_pretrained(args.out / "model")


if __name__ == "__main__":
    main()
