"""Trains the pack's autoencoder: ``python -m generators.training.autoencoder --minutes 15 --out FOLDER``.

``--domain full`` is for a GPU: worker processes sample the scenes, the device composes them.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline
from torch import Tensor, nn

from generators.training.common import (
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    scaled,
    world_parser,
)
from generators.training.compose import painted
from generators.training.feed import Scenes, pictured
from generators.training.pack_world import Domain, domain
from generators.world.scenes import SQUARE, Frame, Placed, Scene, World, box_for, sample_kind, sample_scene

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


def seen_scene(rng: random.Random, of: Domain, frame: Frame) -> Scene:
    """Every other one crowded."""
    return crowded_scene(rng, of.seen, frame) if rng.random() < 0.5 else sample_scene(rng, of.seen, None, frame)


BUSY = 2.0
"""How much more a pixel counts where an object is."""


def pixel_weights(busy: Tensor) -> Tensor:
    """N x H x W bool to N x 1 x H x W: objects over empty ground."""
    return 1 + BUSY * busy[:, None]


def batches(scenes: Scenes, step: int, device: torch.device, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures (N x 3 x H x W in [-1, 1]) and their pixels' weights for one step after another."""
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    for _, made in pictured(scenes, step, device, workers):
        yield scaled(made.pictures).contiguous(memory_format=layout), pixel_weights(made.busy)


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
    return scaled(painted(scenes, of.extent).to(device))


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
    run = Run(args, model, ("conv_in", "conv_out", "quant_conv"), warm_up=30)
    scenes = Scenes(seen_scene, "autoencoder", of.name, size, args.seed)
    source = batches(scenes, run.step, device, cores_to_feed(device, args.workers))
    for _ in run.steps():
        loss = step_loss(model, *next(source))
        loss.backward()
        run.learn(size, {"loss": loss})
    if args.decoder_of is None:
        write_statistics(model, of, device)
    run.log(seen=run.step * size, psnr=psnr(model, of, device))
    return model


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = world_parser(__doc__, minutes=15, rate=3e-3, out=Path(".training/autoencoder"))
    found.add_argument("--batch", type=int, help="16 on a CPU, 128 on a GPU")
    found.add_argument("--decoder-of", type=Path, help="a trained model whose decoder alone is trained further")
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.autoencoder")
    args = parser().parse_args()
    train(args).save_pretrained(args.out / "model")


if __name__ == "__main__":
    main()
