"""Trains a detector: ``python -m generators.training.critic --minutes 10 --out FOLDER --export PACK/critic``.

The judge that only evaluations use is the same script with ``--judge``: other widths, seed
and augmentation, so that its mistakes are not the critic's.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator
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
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    scaled,
    upload,
    world_parser,
)
from generators.training.feed import Scenes, pictured
from generators.training.pack_world import Domain, domain
from generators.training.spoiled import spoil
from generators.world.scenes import GREY_STYLES, Frame, Scene, sample_scene
from generators.world.tables import COLOUR_INDEX, GROUND_INDEX, STYLE_INDEX, THING_INDEX, Table, places, table_of

SMALL = domain("small")

SPOILT = 0.35
"""Share of the pictures with an object that was not quite drawn."""


def labels(of: Domain = SMALL) -> list[str]:
    """The output channels by name, in order."""
    return (
        [f"heat:{thing}" for thing in of.seen.things]
        + ["box:width", "box:height", "offset:x", "offset:y"]
        + [f"colour:{colour}" for colour in (*of.seen.colours, OWN)]
        + [f"background:{name}" for name in of.seen.backgrounds]
        + [f"style:{name}" for name in of.seen.styles]
    )


@dataclass(frozen=True)
class Widths:
    """The sizes of a detector: blocks, channels and heads of the four stages, then of the decoder."""

    depths: tuple[int, ...]
    hidden: tuple[int, ...]
    heads: tuple[int, ...]
    mlp: int
    decoder: int


WIDTHS = {
    ("small", False): Widths((1, 1, 2, 1), (32, 64, 128, 160), (1, 2, 4, 5), 2, 96),
    ("small", True): Widths((1, 2, 1, 1), (24, 48, 96, 192), (1, 2, 4, 6), 3, 112),
    ("wide", False): Widths((1, 1, 2, 1), (32, 64, 128, 160), (1, 2, 4, 5), 2, 96),
    ("wide", True): Widths((1, 2, 1, 1), (24, 48, 96, 192), (1, 2, 4, 6), 3, 112),
    ("full", False): Widths((2, 2, 2, 2), (48, 96, 192, 256), (1, 2, 6, 8), 2, 192),
    ("full", True): Widths((1, 2, 3, 1), (40, 80, 160, 240), (1, 2, 4, 6), 3, 160),
}
"""By domain and whether it is the judge."""


def build(judge: bool = False, of: Domain = SMALL) -> SegformerForSemanticSegmentation:
    """The critic, or the judge with other widths."""
    names, widths = labels(of), WIDTHS[of.name, judge]
    config = SegformerConfig(
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        depths=list(widths.depths),
        hidden_sizes=list(widths.hidden),
        num_attention_heads=list(widths.heads),
        sr_ratios=[8, 4, 2, 1],
        mlp_ratios=[widths.mlp] * 4,
        decoder_hidden_size=widths.decoder,
        hidden_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
    )
    model = SegformerForSemanticSegmentation(config)
    # Rare positives: start every heat map at a probability of 0.02 (Lin et al. 2017, focal loss).
    nn.init.zeros_(model.decode_head.classifier.bias)
    model.decode_head.classifier.bias.data[: len(of.seen.things)] = math.log(0.02 / 0.98)
    return model


def begin_with(model: SegformerForSemanticSegmentation, folder: Path) -> None:
    """The weights of a detector of the same widths as a beginning; what it tells apart is found by its name, so that it
    may have known fewer things."""
    before = SegformerForSemanticSegmentation.from_pretrained(folder).float()
    found, own = before.state_dict(), model.state_dict()
    rows = {name: index for index, name in before.config.id2label.items()}
    known = [(index, rows[name]) for index, name in model.config.id2label.items() if name in rows]
    for name in ("decode_head.classifier.weight", "decode_head.classifier.bias"):
        told = own[name].clone()
        for index, row in known:
            told[index] = found[name][row]
        found[name] = told
    model.load_state_dict(found)


def build_processor(of: Domain = SMALL) -> SegformerImageProcessorPil:
    """Any picture to the side that detectors look at, in [-1, 1]."""
    return SegformerImageProcessorPil(
        size={"height": of.sight, "width": of.sight},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        do_reduce_labels=False,
    )


@dataclass
class Truth:
    """Targets on a grid of a quarter of the sight, G, for a batch.

    ``heat`` N x things x G x G is a Gaussian around every centre. Near a centre (``near`` N x G x G) lie the
    object's ``box`` (width, height) and the ``offset`` to its centre (both N x 2 x G x G), and the ``colour`` to
    say there. ``ground`` and ``style`` are N; ``tinted`` N is 0 for pictures whose style shows no colours.
    """

    heat: Tensor
    box: Tensor
    offset: Tensor
    colour: Tensor
    near: Tensor
    ground: Tensor
    style: Tensor
    tinted: Tensor


def truth_of(table: Table, of: Domain, device: torch.device) -> Truth:
    """The targets of a table's scenes."""
    count, grid, world = len(table), of.sight // 4, of.seen
    things, grounds = places(world.things, THING_INDEX), places(world.backgrounds, GROUND_INDEX)
    # The vocabulary's 0 is an object's own colour, which is the last label.
    colours = np.append(len(world.colours), places(world.colours, COLOUR_INDEX)[1:])
    heat = torch.zeros(count, len(world.things), grid, grid, device=device)
    box, offset = torch.zeros(2, count, 2, grid, grid, device=device)
    near = torch.zeros(count, grid, grid, device=device)
    colour = torch.zeros(count, grid, grid, device=device, dtype=torch.int64)
    cells = torch.arange(grid, device=device, dtype=torch.float32)
    for slot in range(table.thing.shape[1]):
        rows = np.flatnonzero(table.thing[:, slot] >= 0)
        if not len(rows):
            continue
        at, corners = upload(rows, device), upload(table.box[rows, slot], device)
        centre, size = (corners[:, :2] + corners[:, 2:]) / 2 * grid, corners[:, 2:] - corners[:, :2]
        # Along x and y (K x 2 x G): to the centre, and how much is left of the peak, which is one in its cell.
        shift = centre[..., None] - cells
        steps = centre.floor().clamp(max=grid - 1)[..., None] - cells
        fall = torch.exp(-((steps / (size * grid / 8).clamp(min=0.7)[..., None]) ** 2) / 2)
        bump = fall[:, 1, :, None] * fall[:, 0, None]
        thing = upload(things[table.thing[rows, slot]], device)
        heat[at, thing] = torch.maximum(heat[at, thing], bump)
        owned = bump > near[at].clamp(min=0.3)
        near[at] = torch.where(owned, bump, near[at])
        box[at] = torch.where(owned[:, None], size[..., None, None], box[at])
        to_centre = torch.stack([shift[:, 0, None].expand_as(bump), shift[:, 1, :, None].expand_as(bump)], 1)
        offset[at] = torch.where(owned[:, None], to_centre, offset[at])
        said = upload(colours[table.colour[rows, slot]], device)
        colour[at] = torch.where(owned, said[:, None, None], colour[at])
    grey = np.isin(table.style, [STYLE_INDEX[name] for name in GREY_STYLES])
    ground, style = upload(grounds[table.ground], device), upload(table.style.astype(np.int64), device)
    tinted = upload(1 - grey.astype(np.float32), device)
    return Truth(heat, box, offset, colour, near, ground, style, tinted)


def targets(scenes: list[Scene], of: Domain = SMALL) -> Truth:
    """The targets of scenes, on the CPU."""
    return truth_of(table_of(scenes, of.extent), of, torch.device("cpu"))


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
    seen = near * truth.tinted[:, None, None]
    said = F.cross_entropy(channels.of(output, "colour"), truth.colour, reduction="none")
    colour = (said * seen).sum() / seen.sum().clamp(min=1)
    ground = F.cross_entropy(channels.of(output, "background").mean(dim=(2, 3)), truth.ground, reduction="none")
    loss = focal + 5 * box + 0.3 * offset + 0.7 * colour + 0.3 * (ground * truth.tinted).mean()
    if "style" in channels.names:
        loss = loss + 0.3 * F.cross_entropy(channels.of(output, "style").mean(dim=(2, 3)), truth.style)
    return loss


@torch.no_grad()
def round_trip(pictures: Tensor, vae: AutoencoderKLFlux2 | None, noise: float) -> Tensor:
    """Pictures through the autoencoder with noisy latents, as a generator's pictures come."""
    if vae is None:
        return pictures
    latents = vae.encode(pictures.to(vae.dtype)).latent_dist.mode()
    latents = latents + noise * latents.std() * torch.randn_like(latents)
    return vae.decode(latents, return_dict=False)[0].float().clamp(-1, 1)


def augment(pictures: Tensor, vae: AutoencoderKLFlux2 | None, judge: bool, sight: int = SMALL.sight) -> Tensor:
    """An eighth through the autoencoder; blur, noise, brightness and contrast shifts on some; scaled to ``sight``."""
    count, device = len(pictures), pictures.device
    some = max(1, count // 8)
    pictures = pictures.clone()
    pictures[:some] = round_trip(pictures[:some], vae, float(torch.rand(()) * (0.35 if judge else 0.25)))
    pictures = F.interpolate(pictures, size=(sight, sight), mode="bilinear", antialias=True)
    part = torch.rand(count, 1, 1, 1, device=device)
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    pictures = torch.where(part < (0.3 if judge else 0.2), blurred, pictures)
    noise = torch.randn_like(pictures) * torch.rand(count, 1, 1, 1, device=device) * (0.08 if judge else 0.12)
    pictures = torch.where(part > 0.6, pictures + noise, pictures)
    gain = 1 + (torch.rand(count, 1, 1, 1, device=device) - 0.5) * (0.24 if judge else 0.16)
    lift = (torch.rand(count, 3, 1, 1, device=device) - 0.5) * 0.06
    return (pictures * gain + lift).clamp(-1, 1)


def seen_scene(rng: random.Random, of: Domain, frame: Frame) -> Scene:
    return sample_scene(rng, of.seen, None, frame)


def batches(scenes: Scenes, step: int, device: torch.device, workers: int) -> Iterator[tuple[Tensor, Truth]]:
    """Pictures (N x 3 x H x W in [-1, 1]) and targets for one step after another, some objects spoilt."""
    of = domain(scenes.name)
    for number, (table, made) in enumerate(pictured(scenes, step, device, workers), step):
        rng = random.Random(f"{scenes.seed}/spoilt/{number}")
        pictures, table = spoil(rng, scaled(made.pictures), table, SPOILT)
        yield pictures, truth_of(table, of, device)


def train(args: argparse.Namespace) -> SegformerForSemanticSegmentation:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model."""
    device, of = pick_device(args.device), domain(args.domain)
    torch.manual_seed(args.seed)
    size = args.batch or (32 if device.type == "cpu" else 256)
    model = build(args.judge, of).to(device)
    channels = Channels(model.config.id2label)
    if args.init:
        begin_with(model, args.init)
    vae = AutoencoderKLFlux2.from_pretrained(args.autoencoder).to(device, torch.bfloat16) if args.autoencoder else None
    run = Run(args, model, ("patch_embeddings", "classifier"), clip=5.0, warm_up=50)
    scenes = Scenes(seen_scene, "critic", of.name, size, args.seed)
    source = batches(scenes, run.step, device, cores_to_feed(device, args.workers))
    for _ in run.steps():
        pictures, truth = next(source)
        pictures = augment(pictures, vae, args.judge, of.sight)
        with torch.autocast(device.type, torch.bfloat16):
            output = model(pixel_values=pictures).logits
        loss = detection_loss(output.float(), truth, channels)
        loss.backward()
        run.learn(size, {"loss": loss})
    return model.eval()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = world_parser(__doc__, minutes=10, rate=2e-3, seed=11, out=Path(".training/critic"))
    found.add_argument("--export", type=Path, default=Path("generators/pack/critic"))
    found.add_argument("--autoencoder", type=Path, help="the autoencoder whose round trip augments")
    found.add_argument("--init", type=Path, help="begin with the weights of this detector's folder, if --out is empty")
    found.add_argument("--judge", action="store_true", help="the evaluations' judge instead of the critic")
    found.add_argument("--batch", type=int, help="32 on a CPU, 256 on a GPU")
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.critic")
    args = parser().parse_args()
    model = train(args)
    model.to(torch.bfloat16).save_pretrained(args.export)
    build_processor(domain(args.domain)).save_pretrained(args.export)


if __name__ == "__main__":
    main()
