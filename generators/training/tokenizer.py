"""Trains the picture tokenizer of the token families: ``python -m generators.training.tokenizer --minutes 25``.

A `VQModel` at a sixteenth of the picture's side: 64 codes for 128 pixels, 256 for 256. The first steps train it as a
plain autoencoder; then the codebook is filled from encoder outputs, and codes that nothing uses are filled again from
time to time (`codebook`), all in this loop: the class is the library's own.

On a GPU, for the full domain (--until ends a sitting, and the same command goes on from there):

    python -m generators.training.tokenizer --domain full --minutes 9 --batch 96 --compile \\
        --widths 48 64 128 192 256 --codes 4096 --out .training/tokenizer-full

On two cores the inside is learnt on an autoencoder's features (`tokenizer_inside`), and the decoder polished here on
pixels; the codes stay what they are to models that have learnt them:

    python -m generators.training.tokenizer_inside --minutes 20 --out .training/inside
    python -m generators.training.tokenizer --polish .training/inside/model --minutes 10 --out .training/tokenizer

``OUT/model`` is the checkpoint, ``OUT/curve.jsonl`` the curve: loss, how many codes the last steps used as a
perplexity, and at the end PSNR over held-out pictures (`psnr`, `psnr_objects` over the pixels that objects cover).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, VQModel
from torch import Tensor

from generators.picture_tokens import PictureTokens
from generators.training.autoencoder import pixel_weights, reconstruction_loss
from generators.training.codebook import Codebook, perplexity
from generators.training.common import (
    Curve,
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    scaled,
    world_parser,
)
from generators.training.feed import Scenes, pictured
from generators.training.pack_world import Domain, domain
from generators.world.scenes import Frame, Scene, sample_scene

WARM_UP = 300
"""Steps without a codebook."""
RESEED = 200
"""Steps between two looks for unused codes."""
PLAIN = ("conv_in", "conv_out", "quant_conv", "quantize")
"""Layers that Muon does not move."""


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


def some_scene(rng: random.Random, of: Domain, frame: Frame) -> Scene:
    """Most of them as generators draw them, some at any place; a third of them crowded; all square."""
    crowd = (1,) * 5 if rng.random() < 0.3 else None
    return sample_scene(rng, of.drawn if rng.random() < 0.9 else of.seen, crowd)


def outward_alone(folder: Path, model: VQModel) -> None:
    """Takes over the weights of a tokenizer, of which only what comes after the codes will be learnt."""
    model.load_state_dict(VQModel.from_pretrained(folder).state_dict())
    model.requires_grad_(False)
    model.post_quant_conv.requires_grad_(True)
    model.decoder.requires_grad_(True)


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
def rebuilt(rebuild: Callable[[Tensor], Tensor], device: torch.device, name: str, count: int = 256) -> dict[str, float]:
    """Of pictures that training does not show, PSNR in dB over all pixels and over those of objects.

    ``rebuild`` takes N x H x W x 3 uint8 and returns the same.
    """
    whole, objects = [], []
    source = pictured(Scenes(some_scene, "tokenizer", name, 32, 90_001), 0, device, 0)
    for _, made in islice(source, count // 32):
        pictures = made.pictures.permute(0, 2, 3, 1)
        error = ((rebuild(pictures).float() - pictures) / 255).square().mean(-1)
        whole += (-10 * error.mean(dim=(1, 2)).log10()).tolist()
        objects.append(error[made.busy].mean())
    return {"psnr": float(np.mean(whole)), "psnr_objects": float(-10 * torch.stack(objects).mean().log10())}


def measure(tokens: PictureTokens, name: str) -> dict[str, float]:
    """`rebuilt` by way of the codes; how many codes there are, which share is used, and their perplexity."""
    counts = torch.zeros(tokens.codes)

    def rebuild(pictures: Tensor) -> Tensor:
        codes = tokens.encode_pixels(pictures)
        counts.add_(torch.bincount(codes.flatten(), minlength=tokens.codes).cpu())
        return tokens.decode_pixels(codes, (pictures.shape[2], pictures.shape[1]))

    found = rebuilt(rebuild, tokens.model.device, name)
    used = float((counts > 0).float().mean())
    return {**found, "perplexity": perplexity(counts), "used": used, "codes": tokens.codes}


def train(args: argparse.Namespace) -> VQModel:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model.

    Raises `RuntimeError` if the tokenizer that is polished has other widths or codes than those asked for.
    """
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    model = build(args.codes, tuple(args.widths), of.extent).to(device)
    if args.polish:
        outward_alone(args.polish, model)
    elif args.init:
        print(f"{start_from(args.init, model)} tensors of {args.init}")
    run = Run(args, model, PLAIN, warm_up=30)
    if args.compile:
        model.encoder.compile()
        model.decoder.compile()
    book = Codebook(model, run.average, begun=run.step)
    scenes = Scenes(some_scene, "tokenizer", of.name, args.batch, args.seed)
    source = pictured(scenes, run.step, device, cores_to_feed(device, args.workers))
    for _ in run.steps():
        _, made = next(source)
        pixels, weights = scaled(made.pictures), pixel_weights(made.busy)
        quantised = bool(args.polish) or run.step >= WARM_UP
        loss, latents, codes = step_loss(model, pixels, weights, quantised)
        loss.backward()
        run.learn(args.batch, {"loss": loss})
        if not args.polish:
            book.follow(run, latents, codes, WARM_UP, RESEED, 0.7)
    return model


def finish(model: VQModel, args: argparse.Namespace) -> None:
    """Writes ``OUT/model`` in bfloat16 and measures it."""
    model.to(torch.bfloat16).save_pretrained(args.out / "model", max_shard_size="12MB")
    tokens = PictureTokens.load(args.out / "model", pick_device(args.device), torch.bfloat16)
    Curve(args.out / "curve.jsonl").add(**measure(tokens, args.domain))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = world_parser(__doc__, minutes=25, rate=2e-3, out=Path(".training/tokenizer"))
    found.add_argument("--init", type=Path, help="begin with what fits of this autoencoder, if --out is empty")
    found.add_argument("--polish", type=Path, help="learn the decoder of this tokenizer alone, whose codes stay")
    found.add_argument("--batch", type=int, default=16)
    found.add_argument("--codes", type=int, default=4096)
    found.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 128])
    found.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.tokenizer")
    args = parser().parse_args()
    finish(train(args), args)


if __name__ == "__main__":
    main()
