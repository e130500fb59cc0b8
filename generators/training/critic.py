"""Trains a detector: ``python -m generators.training.critic --minutes 10 --out FOLDER --export PACK/critic``.

The judge that only evaluations use is the same script with ``--judge``: other widths, seed
and augmentation, so that its mistakes are not the critic's.
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
import torch.nn.functional as F
from diffusers import AutoencoderKLFlux2
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation
from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

from generators.seeing import OWN, Channels
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
from generators.training.pack_world import BACKGROUNDS, COLOUR_NAMES, THINGS, seen_world
from generators.world.scenes import Scene, render, sample_scene

EXTENT = 128
SIGHT = 96
"""The side that detectors look at: 128 sees no more in pictures that an f8 autoencoder decoded, at twice the cost."""
GRID = SIGHT // 4


def labels() -> list[str]:
    """The output channels by name, in order."""
    return (
        [f"heat:{thing}" for thing in THINGS]
        + ["box:width", "box:height", "offset:x", "offset:y"]
        + [f"colour:{colour}" for colour in (*COLOUR_NAMES, OWN)]
        + [f"background:{name}" for name in BACKGROUNDS]
    )


def build(judge: bool = False) -> SegformerForSemanticSegmentation:
    """The critic, or the judge with other widths."""
    names = labels()
    config = SegformerConfig(
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        depths=[1, 2, 1, 1] if judge else [1, 1, 2, 1],
        hidden_sizes=[24, 48, 96, 192] if judge else [32, 64, 128, 160],
        num_attention_heads=[1, 2, 4, 6] if judge else [1, 2, 4, 5],
        sr_ratios=[8, 4, 2, 1],
        mlp_ratios=[3, 3, 3, 3] if judge else [2, 2, 2, 2],
        decoder_hidden_size=112 if judge else 96,
        hidden_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
    )
    model = SegformerForSemanticSegmentation(config)
    # Rare positives: start every heat map at a probability of 0.02 (Lin et al. 2017, focal loss).
    nn.init.zeros_(model.decode_head.classifier.bias)
    model.decode_head.classifier.bias.data[: len(THINGS)] = math.log(0.02 / 0.98)
    return model


def build_processor() -> SegformerImageProcessorPil:
    """Any picture to 96 x 96 in [-1, 1]."""
    return SegformerImageProcessorPil(
        size={"height": SIGHT, "width": SIGHT},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        do_reduce_labels=False,
    )


@dataclass
class Truth:
    """Targets on the grid for a batch: see ``targets``."""

    heat: Tensor
    box: Tensor
    offset: Tensor
    colour: Tensor
    near: Tensor
    ground: Tensor


def targets(scenes: list[Scene]) -> Truth:
    """Gaussian heat at centres, and near each centre the box, the offset and the colour to say there."""
    count = len(scenes)
    heat = np.zeros((count, len(THINGS), GRID, GRID), np.float32)
    box = np.zeros((count, 2, GRID, GRID), np.float32)
    offset = np.zeros((count, 2, GRID, GRID), np.float32)
    colour = np.zeros((count, GRID, GRID), np.int64)
    near = np.zeros((count, GRID, GRID), np.float32)
    cells = np.arange(GRID, dtype=np.float32)
    for index, scene in enumerate(scenes):
        for item in scene.objects:
            x, y = item.centre[0] * GRID, item.centre[1] * GRID
            width, height = item.box[2] - item.box[0], item.box[3] - item.box[1]
            column, row = min(GRID - 1, int(x)), min(GRID - 1, int(y))
            sx, sy = max(0.7, width * GRID / 8), max(0.7, height * GRID / 8)
            bump = np.exp(-(((cells - row) / sy) ** 2)[:, None] / 2 - (((cells - column) / sx) ** 2)[None] / 2)
            thing = THINGS.index(item.thing)
            heat[index, thing] = np.maximum(heat[index, thing], bump)
            owned = bump > np.maximum(near[index], 0.3)
            near[index][owned] = bump[owned]
            box[index][:, owned] = np.array([[width], [height]], np.float32)
            offset[index, 0] = np.where(owned, x - cells[None], offset[index, 0])
            offset[index, 1] = np.where(owned, y - cells[:, None], offset[index, 1])
            colour[index][owned] = COLOUR_NAMES.index(item.colour) if item.colour else len(COLOUR_NAMES)
    ground = np.array([BACKGROUNDS.index(scene.background) for scene in scenes])
    return Truth(*(torch.from_numpy(a) for a in (heat, box, offset, colour, near, ground)))


def detection_loss(output: Tensor, truth: Truth, channels: Channels) -> Tensor:
    """CenterNet's focal loss on the heat maps, L1 on boxes, cross-entropy on colours and background."""
    heat = channels.of(output, "heat").float()
    probability = heat.sigmoid().clamp(1e-4, 1 - 1e-4)
    positive = truth.heat.eq(1).float()
    found = positive * (1 - probability) ** 2 * probability.log()
    missed = (1 - positive) * (1 - truth.heat) ** 4 * probability**2 * (1 - probability).log()
    focal = -(found + missed).sum() / positive.sum().clamp(min=1)
    near = truth.near
    total = near.sum().clamp(min=1)
    box = ((channels.of(output, "box") - truth.box).abs().sum(1) * near).sum() / total
    offset = ((channels.of(output, "offset") - truth.offset).abs().sum(1) * near).sum() / total
    colour = (F.cross_entropy(channels.of(output, "colour"), truth.colour, reduction="none") * near).sum() / total
    ground = F.cross_entropy(channels.of(output, "background").mean(dim=(2, 3)), truth.ground)
    return focal + 5 * box + 0.3 * offset + 0.7 * colour + 0.3 * ground


@torch.no_grad()
def round_trip(pictures: Tensor, vae: AutoencoderKLFlux2 | None, noise: float) -> Tensor:
    """Pictures through the autoencoder with noisy latents, as a generator's pictures come."""
    if vae is None:
        return pictures
    latents = vae.encode(pictures.to(vae.dtype)).latent_dist.mode()
    latents = latents + noise * latents.std() * torch.randn_like(latents)
    return vae.decode(latents, return_dict=False)[0].float().clamp(-1, 1)


def augment(pictures: Tensor, vae: AutoencoderKLFlux2 | None, judge: bool) -> Tensor:
    """An eighth through the autoencoder; blur, noise, brightness and contrast shifts on some."""
    some = max(1, len(pictures) // 8)
    pictures = pictures.clone()
    pictures[:some] = round_trip(pictures[:some], vae, float(torch.rand(()) * (0.35 if judge else 0.25)))
    pictures = F.interpolate(pictures, size=(SIGHT, SIGHT), mode="bilinear", antialias=True)
    part = torch.rand(len(pictures), 1, 1, 1)
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    pictures = torch.where(part < (0.3 if judge else 0.2), blurred, pictures)
    noise = torch.randn_like(pictures) * torch.rand(len(pictures), 1, 1, 1) * (0.08 if judge else 0.12)
    pictures = torch.where(part > 0.6, pictures + noise, pictures)
    gain = 1 + (torch.rand(len(pictures), 1, 1, 1) - 0.5) * (0.24 if judge else 0.16)
    lift = (torch.rand(len(pictures), 3, 1, 1) - 0.5) * 0.06
    return (pictures * gain + lift).clamp(-1, 1)


def train(args: argparse.Namespace) -> SegformerForSemanticSegmentation:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model."""
    device = pick_device(args.device)
    torch.manual_seed(args.seed)
    world = seen_world()
    model = build(args.judge).to(device)
    channels = Channels(model.config.id2label)
    optimisers = make_optimisers(model, args.rate, ("patch_embeddings", "classifier"))
    average = Average(model, 0.998)
    facts = load_checkpoint(args.out, model, optimisers, average) or {"step": 0, "seconds": 0.0}
    vae = AutoencoderKLFlux2.from_pretrained(args.autoencoder).to(device, torch.bfloat16) if args.autoencoder else None
    clock, curve, step = Clock(args.minutes, facts["seconds"]), Curve(args.out / "curve.jsonl"), facts["step"]
    saved, recent = time.monotonic(), []
    while clock.progress < 1:
        torch.manual_seed(args.seed * 1_000_003 + step)
        rng = random.Random(f"{args.seed}/critic/{step}")
        scenes = [sample_scene(rng, world) for _ in range(args.batch)]
        pictures = to_tensor(torch.from_numpy(np.stack([render(s, EXTENT) for s in scenes])).to(device))
        pictures = augment(pictures, vae, args.judge)
        truth = Truth(*(value.to(device) for value in vars(targets(scenes)).values()))
        set_rate(optimisers, learning_rate(clock.progress, step, warm_up=50, hold=0.5))
        with torch.autocast(device.type, torch.bfloat16):
            output = model(pixel_values=pictures).logits
        loss = detection_loss(output.float(), truth, channels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        average.update(model, step)
        step += 1
        recent.append(loss.item())
        if step % 50 == 0:
            curve.add(step=step, seen=step * args.batch, seconds=round(clock.seconds, 1), loss=float(np.mean(recent)))
            recent = []
        if time.monotonic() - saved > 90:
            save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
            saved = time.monotonic()
    save_checkpoint(args.out, model, optimisers, average, {"step": step, "seconds": clock.seconds})
    average.copy_to(model)
    return model.eval()


def main() -> None:
    restart_with_allocator_settings("generators.training.critic")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", type=Path, default=Path(".training/critic"))
    parser.add_argument("--export", type=Path, default=Path("generators/pack/critic"))
    parser.add_argument("--autoencoder", type=Path, help="the autoencoder whose round trip augments")
    parser.add_argument("--judge", action="store_true", help="the evaluations' judge instead of the critic")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    model = train(args)
    model.to(torch.bfloat16).save_pretrained(args.export)
    build_processor().save_pretrained(args.export)


if __name__ == "__main__":
    main()
