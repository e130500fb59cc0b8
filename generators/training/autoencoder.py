"""Trains the pack's autoencoder: ``python -m generators.training.autoencoder --minutes 15 --out FOLDER``."""

from __future__ import annotations

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline
from torch import Tensor, nn

from generators.training.common import (
    Average,
    Clock,
    Curve,
    learning_rate,
    load_checkpoint,
    make_optimisers,
    pick_device,
    restart_with_allocator_settings,
    save_checkpoint,
    set_rate,
    to_tensor,
)
from generators.training.pack_world import seen_world
from generators.world.grounds import background
from generators.world.scenes import Placed, Scene, box_for, render, sample_kind, sample_scene

EXTENT = 128
WIDTHS = (16, 32, 64, 128)


def build(widths: tuple[int, ...] = WIDTHS) -> AutoencoderKLFlux2:
    """An f8 autoencoder of 8 latent channels (packed 2 x 2 to 32 by the pipeline)."""
    levels = len(widths)
    return AutoencoderKLFlux2(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=8,
        sample_size=EXTENT,
        mid_block_add_attention=False,
    )


def crowded_scene(rng: random.Random) -> Scene:
    """Many overlapping objects: more edges to learn from than a fair scene has."""
    world = seen_world()
    objects = []
    for _ in range(rng.randint(4, 8)):
        thing, colour = sample_kind(rng, world)
        box = box_for(thing, rng.uniform(0.18, 0.5), rng.random(), rng.random())
        objects.append(Placed(thing, box, colour, None, 0, rng.random() < 0.5))
    return Scene(tuple(objects), rng.choice(world.backgrounds), None, rng.randrange(1 << 30))


def batch(seed: int, step: int, size: int) -> tuple[Tensor, Tensor]:
    """Pictures (N x H x W x 3 uint8) and weights (N x 1 x H x W) that favour objects over empty ground."""
    rng = random.Random(f"{seed}/autoencoder/{step}")
    pictures, weights = [], []
    for _ in range(size):
        scene = crowded_scene(rng) if rng.random() < 0.5 else sample_scene(rng, seen_world())
        picture = render(scene, EXTENT)
        ground = background(scene.background, scene.seed, EXTENT)
        busy = np.abs(picture.astype(np.int16) - ground).max(-1) > 6
        pictures.append(picture)
        weights.append(1 + 2 * busy.astype(np.float32))
    return torch.from_numpy(np.stack(pictures)), torch.from_numpy(np.stack(weights))[:, None]


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


@torch.no_grad()
def write_statistics(model: AutoencoderKLFlux2, device: torch.device, count: int = 1024) -> None:
    """Writes mean and variance of the packed latents where the pipeline looks for them (``vae.bn``)."""
    packed = []
    for part in range(count // 64):
        rng = random.Random(f"statistics/{part}")
        scenes = [sample_scene(rng, seen_world()) for _ in range(64)]
        pictures = torch.from_numpy(np.stack([render(s, EXTENT) for s in scenes])).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            latents = model.encode(to_tensor(pictures)).latent_dist.mode().float()
        packed.append(Flux2KleinPipeline._patchify_latents(latents.contiguous()))
    everything = torch.cat(packed)
    model.bn.running_mean.copy_(everything.mean(dim=(0, 2, 3)))
    model.bn.running_var.copy_(everything.var(dim=(0, 2, 3)))


@torch.no_grad()
def psnr(model: nn.Module, device: torch.device, count: int = 128) -> float:
    """Peak signal to noise of reconstructions of held-out scenes, in dB, mean over pictures."""
    values = []
    for part in range(count // 32):
        rng = random.Random(f"evaluation/{part}")
        scenes = [sample_scene(rng, seen_world()) for _ in range(32)]
        pictures = to_tensor(torch.from_numpy(np.stack([render(s, EXTENT) for s in scenes])).to(device))
        with torch.autocast(device.type, torch.bfloat16):
            output = model.decode(model.encode(pictures).latent_dist.mode(), return_dict=False)[0].float()
        error = ((output.clamp(-1, 1) - pictures) / 2).square().mean(dim=(1, 2, 3))
        values += (-10 * error.log10()).tolist()
    return float(np.mean(values))


def start_model(decoder_of: Path | None) -> AutoencoderKLFlux2:
    """A fresh model, or a trained one of which only the decoder moves (its latents stay what they are)."""
    if decoder_of is None:
        return build()
    model = AutoencoderKLFlux2.from_pretrained(decoder_of)
    model.encoder.requires_grad_(False)
    model.quant_conv.requires_grad_(False)
    return model


def train(
    out: Path, minutes: float, size: int, rate: float, seed: int, device: torch.device, decoder_of: Path | None = None
) -> AutoencoderKLFlux2:
    """Trains until the clock runs out, resuming what ``out`` holds; returns the averaged model."""
    torch.manual_seed(seed)
    model = start_model(decoder_of).to(device)
    optimisers = make_optimisers(model, rate, plain=("conv_in", "conv_out", "quant_conv"))
    average = Average(model, 0.998)
    facts = load_checkpoint(out, model, optimisers, average) or {"step": 0, "seconds": 0.0}
    clock, curve, step = Clock(minutes, facts["seconds"]), Curve(out / "curve.jsonl"), facts["step"]
    saved = time.monotonic()
    while clock.progress < 1:
        torch.manual_seed(seed * 1_000_003 + step)
        pictures, weight = batch(seed, step, size)
        set_rate(optimisers, learning_rate(clock.progress, step, warm_up=30, hold=0.5))
        loss = step_loss(model, to_tensor(pictures.to(device)), weight.to(device))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        average.update(model, step)
        step += 1
        if step % 20 == 0 or not math.isfinite(loss.item()):
            curve.add(step=step, seen=step * size, seconds=round(clock.seconds, 1), loss=loss.item())
        if time.monotonic() - saved > 60:
            save_checkpoint(out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
            saved = time.monotonic()
    save_checkpoint(out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
    average.copy_to(model)
    if decoder_of is None:
        write_statistics(model, device)
    curve.add(step=step, seen=step * size, seconds=round(clock.seconds, 1), psnr=psnr(model, device))
    return model


def main() -> None:
    restart_with_allocator_settings("generators.training.autoencoder")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--out", type=Path, default=Path(".training/autoencoder"))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--decoder-of", type=Path, help="a trained model whose decoder alone is trained further")
    args = parser.parse_args()
    device = pick_device(args.device)
    model = train(args.out, args.minutes, args.batch, args.rate, args.seed, device, args.decoder_of)
    model.save_pretrained(args.out / "model")


if __name__ == "__main__":
    main()
