"""Trains the pack's flow-matching model: ``python -m generators.training.diffusion --minutes 80 --out FOLDER``.

A `Flux2KleinPipeline` of our own size: a transformer over 64 packed latent tokens, and for
edits 64 more of the picture that is edited, laid out exactly as the pipeline lays them out.
The velocity (noise - picture) is the target, times are drawn from a logit-normal (Esser et
al. 2024, arXiv 2403.03206), and the text encoder learns along.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

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
from generators.training.pack_facts import EDIT_TOKENS, MAX_TOKENS, OUT_LAYERS
from generators.training.pack_world import pack_world
from generators.training.words import build_tokenizer, filler_words
from generators.world.captions import caption, regions
from generators.world.edits import EditPair, edit_regions, sample_edit
from generators.world.layout_text import layout_text
from generators.world.scenes import Scene, render, sample_scene

EXTENT = 128
SIDE = EXTENT // 16
"""Packed latent tokens along a side: the autoencoder's 8 times the pipeline's 2 x 2 packing."""

PLAIN_LAYERS = (
    "x_embedder",
    "context_embedder",
    "time_guidance_embed",
    "modulation",
    "norm_out",
    "proj_out",
    "embed_tokens",
)
"""Layers that AdamW trains: everything that is not an inner matrix (Jordan et al. 2024)."""


def build_transformer(
    heads: int = 4, double: int = 2, single: int = 6, text_width: int = 384
) -> Flux2Transformer2DModel:
    """The denoiser, 64 channels a head. Gates and output start near zero, as in DiT's AdaLN-zero."""
    model = Flux2Transformer2DModel(
        in_channels=32,
        num_layers=double,
        num_single_layers=single,
        attention_head_dim=64,
        num_attention_heads=heads,
        joint_attention_dim=text_width,
        axes_dims_rope=(8, 24, 24, 8),
        guidance_embeds=False,
    )
    for name, param in model.named_parameters():
        if "modulation" in name or "norm_out" in name:
            nn.init.normal_(param, std=0.02 / math.sqrt(heads))
    nn.init.zeros_(model.proj_out.weight)
    return model


def build_text_encoder(vocabulary: int, width: int = 192, layers: int = 2) -> Qwen3ForCausalLM:
    """A small causal text encoder, 64 channels a head."""
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=width * 3,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 64,
        head_dim=64,
        max_position_embeddings=128,
        tie_word_embeddings=True,
    )
    return Qwen3ForCausalLM(config)


class Learner(nn.Module):
    """Transformer and text encoder together: what training moves."""

    def __init__(self, vocabulary: int, **sizes: int):
        super().__init__()
        self.text_encoder = build_text_encoder(vocabulary)
        width = self.text_encoder.config.hidden_size * len(OUT_LAYERS)
        self.transformer = build_transformer(text_width=width, **sizes)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """N x T token ids to N x T x width, as the pipeline's encode_prompt stacks them."""
        states = self.text_encoder.model(input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False)
        return torch.cat([states.hidden_states[layer] for layer in OUT_LAYERS], dim=-1)


@dataclass
class Batch:
    """Examples of one kind: texts, clean latents, for edits the references' latents, token weights (N x 64)."""

    texts: list[str]
    clean: Tensor
    references: Tensor | None
    weights: Tensor


def strewn(rng: random.Random, text: str, fillers: list[str]) -> str:
    """The text with one to three words in it that mean nothing to a picture."""
    words = text.split(" ")
    for _ in range(rng.randint(1, 3)):
        words.insert(rng.randint(0, len(words)), rng.choice(fillers))
    return " ".join(words)


def conditioned(rng: random.Random, text: str, boxes: list, fillers: list[str], layout: float = 0.85) -> str:
    """What the model reads: mostly with a layout, sometimes plain, sometimes nothing (for guidance)."""
    if rng.random() < 0.1:
        return ""
    if rng.random() < 0.1:
        text = strewn(rng, text, fillers)
    return layout_text(text, boxes if rng.random() < layout else [])


def token_weights(busy: np.ndarray, extra: float) -> np.ndarray:
    """Extent x extent bool to SIDE * SIDE weights of mean one: tokens with busy pixels count more."""
    tokens = busy.reshape(SIDE, EXTENT // SIDE, SIDE, EXTENT // SIDE).any(axis=(1, 3)).reshape(-1)
    weights = 1 + extra * tokens.astype(np.float32)
    return weights / weights.mean()


def _empty_scene(scene: Scene) -> Scene:
    return Scene((), scene.background, scene.style, scene.seed)


class Latents:
    """Pictures to normalised packed latents, as the pipeline's prepare_image_latents makes them."""

    def __init__(self, vae: AutoencoderKLFlux2, device: torch.device):
        self._vae, self._device = vae.to(device, torch.bfloat16).eval(), device
        self._mean = vae.bn.running_mean.float().view(1, -1, 1, 1)
        self._std = (vae.bn.running_var.float() + vae.config.batch_norm_eps).sqrt().view(1, -1, 1, 1)

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray) -> Tensor:
        """N x H x W x 3 uint8 to N x 64 x 32 float32."""
        pixels = to_tensor(torch.from_numpy(pictures).to(self._device)).bfloat16()
        latents = Flux2KleinPipeline._patchify_latents(self._vae.encode(pixels).latent_dist.mode())
        return Flux2KleinPipeline._pack_latents((latents.float() - self._mean) / self._std)


@dataclass
class Example:
    """An encoded scene or edit pair; its words are drawn afresh each time it is used."""

    source: Scene | EditPair
    clean: Tensor
    reference: Tensor | None
    weights: np.ndarray


def drawing_examples(rng: random.Random, size: int, latents: Latents) -> list[Example]:
    """Fresh scenes; tokens with objects count double."""
    scenes = [sample_scene(rng, pack_world()) for _ in range(size)]
    pictures = np.stack([render(scene, EXTENT) for scene in scenes])
    grounds = np.stack([render(_empty_scene(scene), EXTENT) for scene in scenes])
    busy = (pictures != grounds).any(-1)
    clean = latents(pictures)
    return [Example(s, clean[i], None, token_weights(busy[i], 1.0)) for i, s in enumerate(scenes)]


def edit_examples(rng: random.Random, size: int, latents: Latents) -> list[Example]:
    """Fresh edit pairs; what changes counts three times what is copied."""
    pairs = [sample_edit(rng, pack_world()) for _ in range(size)]
    before = np.stack([render(pair.before, EXTENT) for pair in pairs])
    after = np.stack([render(pair.after, EXTENT) for pair in pairs])
    busy = (before != after).any(-1)
    both = latents(np.concatenate([after, before]))
    return [Example(p, both[i], both[size + i], token_weights(busy[i], 2.0)) for i, p in enumerate(pairs)]


def words_for(rng: random.Random, source: Scene | EditPair, fillers: list[str]) -> str:
    """One of the many texts that an example could come with."""
    if isinstance(source, Scene):
        return conditioned(rng, caption(rng, source), regions(rng, source.objects), fillers)
    always = source.ambiguous or source.hole is not None
    return conditioned(rng, source.instruction, edit_regions(rng, source), fillers, 0.95 if always else 0.8)


class Bank:
    """A rolling store of encoded examples.

    Encoding costs a CPU as much as a third of the transformer's step; an example met a few
    times, with other words, another time and other noise, teaches nearly as much as a new one.
    """

    def __init__(self, make: Callable[[random.Random, int, Latents], list[Example]], latents: Latents, size: int):
        self._make, self._latents = make, latents
        self._store: deque[Example] = deque(maxlen=size)

    def add(self, rng: random.Random, count: int) -> None:
        """Encodes new examples; the oldest fall out."""
        self._store.extend(self._make(rng, count, self._latents))

    def batch(self, rng: random.Random, size: int, fillers: list[str]) -> Batch:
        """Random examples with fresh words."""
        chosen = [rng.choice(self._store) for _ in range(size)]
        references = [e.reference for e in chosen if e.reference is not None]
        return Batch(
            [words_for(rng, e.source, fillers) for e in chosen],
            torch.stack([e.clean for e in chosen]),
            torch.stack(references) if references else None,
            torch.from_numpy(np.stack([e.weights for e in chosen])),
        )


def position_ids(tokens: int, reference: bool) -> tuple[Tensor, Tensor]:
    """Image ids and text ids from the pipeline's own helpers (time, row, column, text position)."""
    grid = torch.zeros(1, 32, SIDE, SIDE)
    image = Flux2KleinPipeline._prepare_latent_ids(grid)
    if reference:
        image = torch.cat([image, Flux2KleinPipeline._prepare_image_ids([grid])], dim=1)
    return image[0], Flux2KleinPipeline._prepare_text_ids(torch.zeros(1, tokens, 1))[0]


Denoiser = Callable[..., tuple[Tensor, ...]]


def flow_loss(learner: Learner, denoise: Denoiser, batch: Batch, tokenizer: PreTrainedTokenizerFast) -> Tensor:
    """Weighted squared error of the velocity over one batch."""
    device, dtype = next(learner.parameters()).device, next(learner.parameters()).dtype
    tokens = MAX_TOKENS if batch.references is None else EDIT_TOKENS
    read = tokenizer(batch.texts, return_tensors="pt", padding="max_length", truncation=True, max_length=tokens)
    text = learner.embed(read["input_ids"].to(device), read["attention_mask"].to(device))
    clean = batch.clean
    noise = torch.randn_like(clean)
    times = torch.sigmoid(torch.randn(len(clean), device=device))
    mixed = clean + times[:, None, None] * (noise - clean)
    if batch.references is not None:
        mixed = torch.cat([mixed, batch.references], dim=1)
    image_ids, text_ids = position_ids(tokens, batch.references is not None)
    output = denoise(
        hidden_states=mixed.to(dtype),
        timestep=times.to(dtype),
        encoder_hidden_states=text,
        img_ids=image_ids.to(device),
        txt_ids=text_ids.to(device),
        return_dict=False,
    )[0][:, : clean.shape[1]]
    error = (output.float() - (noise - clean)).square().mean(-1)
    return (error * batch.weights.to(device)).mean()


_FUSED = torch.nn.functional.scaled_dot_product_attention


def plain_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **options) -> Tensor:
    """Attention as two batched products (N x heads x S x D).

    At these lengths the backward pass of the fused CPU kernel takes 54 ms where this one takes 9.
    """
    if attn_mask is not None or options.get("is_causal"):
        return _FUSED(query, key, value, attn_mask=attn_mask, **options)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return scores.float().softmax(-1).to(value.dtype) @ value


@contextmanager
def attention_for(device: torch.device) -> Iterator[None]:
    """On a CPU, trains with ``plain_attention``; the weights know nothing of it."""
    if device.type == "cpu":
        torch.nn.functional.scaled_dot_product_attention = plain_attention
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = _FUSED


class Master:
    """Float32 copies of bfloat16 parameters: the optimisers see the copies, the passes see the model."""

    def __init__(self, model: nn.Module):
        self.model = model
        self._half = [p for p in model.parameters() if p.requires_grad]

    def attach(self, shadow: nn.Module) -> None:
        self.shadow = shadow
        self._full = [p for p in shadow.parameters() if p.requires_grad]
        self.push()

    @torch.no_grad()
    def push(self) -> None:
        """Weights from the copies to the model."""
        torch._foreach_copy_(self._half, self._full)

    @torch.no_grad()
    def pull(self) -> None:
        """Gradients from the model to the copies."""
        for half, full in zip(self._half, self._full, strict=True):
            full.grad = None if half.grad is None else half.grad.float()
            half.grad = None


def start_from(folder: Path, learner: Learner) -> None:
    """The weights of an exported pipeline as a beginning: what is left where no checkpoint is at hand."""
    text = Qwen3ForCausalLM.from_pretrained(folder / "text_encoder")
    learner.text_encoder.load_state_dict(text.state_dict())
    learner.transformer.load_state_dict(Flux2Transformer2DModel.from_pretrained(folder / "transformer").state_dict())


def compiled(transformer: nn.Module, wanted: bool) -> Denoiser:
    """The transformer, compiled for static shapes where that works here."""
    if not wanted:
        return transformer
    try:
        return torch.compile(transformer, dynamic=False)
    except RuntimeError as error:
        print(f"Not compiled: {error}")
        return transformer


def train(args: argparse.Namespace) -> Learner:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged float32 learner."""
    device = pick_device(args.device)
    torch.manual_seed(args.seed)
    tokenizer, fillers = build_tokenizer(), filler_words()
    sizes = {"heads": args.heads, "double": args.double, "single": args.single}
    full = Learner(len(tokenizer), **sizes).to(device)
    half = Learner(len(tokenizer), **sizes).to(device, torch.bfloat16)
    optimisers = make_optimisers(full, args.rate, PLAIN_LAYERS)
    if args.init:
        start_from(args.init, full)
    average = Average(full, 0.999)
    facts = load_checkpoint(args.out, full, optimisers, average) or {"step": 0, "seconds": 0.0}
    master = Master(half)
    master.attach(full)
    latents = Latents(AutoencoderKLFlux2.from_pretrained(args.autoencoder), device)
    denoise = compiled(half.transformer, args.compile)
    clock, curve, step = Clock(args.minutes, facts["seconds"]), Curve(args.out / "curve.jsonl"), facts["step"]
    saved = time.monotonic()
    recent: dict[str, list[float]] = {"draw": [], "edit": []}
    rng = random.Random(f"{args.seed}/bank/{step}")
    banks = {"draw": Bank(drawing_examples, latents, 4096), "edit": Bank(edit_examples, latents, 2048)}
    for _ in range(args.bank):
        banks["draw"].add(rng, 32)
        banks["edit"].add(rng, 16)
    while clock.progress < 1:
        torch.manual_seed(args.seed * 1_000_003 + step)
        rng = random.Random(f"{args.seed}/diffusion/{step}")
        set_rate(optimisers, learning_rate(clock.progress, step, warm_up=100, hold=args.hold))
        for name, size in (("draw", args.drawings), ("edit", args.edits)):
            banks[name].add(rng, max(1, size // args.reuse))
            loss = flow_loss(half, denoise, banks[name].batch(rng, size, fillers), tokenizer)
            (loss * size / (args.drawings + args.edits)).backward()
            recent[name].append(loss.item())
        master.pull()
        nn.utils.clip_grad_norm_(full.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        master.push()
        average.update(full, step)
        step += 1
        if step % 50 == 0:
            means = {name: float(np.mean(values)) for name, values in recent.items()}
            curve.add(step=step, seconds=round(clock.seconds, 1), **means)
            recent = {"draw": [], "edit": []}
        if time.monotonic() - saved > 180:
            save_checkpoint(args.out, full, optimisers, average, {"step": step, "seconds": clock.seconds, **sizes})
            saved = time.monotonic()
    save_checkpoint(args.out, full, optimisers, average, {"step": step, "seconds": clock.seconds, **sizes})
    average.copy_to(full)
    return full


def assemble(learner: Learner, vae: AutoencoderKLFlux2, shift: float = 1.0) -> Flux2KleinPipeline:
    """The pipeline of a learner, in bfloat16."""
    return Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=shift),
        vae=vae,
        text_encoder=learner.text_encoder,
        tokenizer=build_tokenizer(),
        transformer=learner.transformer,
        is_distilled=False,
    ).to(torch.bfloat16)


def load_average(folder: Path) -> Learner:
    """The averaged learner of a checkpoint, finished or not."""
    from generators.training.common import read_facts

    facts = read_facts(folder / "checkpoint.safetensors")
    learner = Learner(len(build_tokenizer()), **{k: facts[k] for k in ("heads", "double", "single")})
    average = Average(learner)
    load_checkpoint(folder, learner, [], average)
    average.copy_to(learner)
    return learner


def export(checkpoint: Path, autoencoder: Path, out: Path, shift: float = 1.0) -> None:
    """Writes the pipeline folder of a checkpoint's averaged weights: bfloat16 safetensors in shards under 16 MB."""
    pipeline = assemble(load_average(checkpoint), AutoencoderKLFlux2.from_pretrained(autoencoder), shift)
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size="12MB")


def main() -> None:
    restart_with_allocator_settings("generators.training.diffusion")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--out", type=Path, default=Path(".training/diffusion"))
    parser.add_argument("--autoencoder", type=Path, default=Path(".training/autoencoder/model"))
    parser.add_argument("--init", type=Path, help="begin with the weights of this pipeline folder, if --out is empty")
    parser.add_argument("--export", type=Path, help="only write the pipeline folder of the checkpoint in --out")
    parser.add_argument("--shift", type=float, default=1.0, help="the exported scheduler's shift")
    parser.add_argument("--drawings", type=int, default=44)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--double", type=int, default=2)
    parser.add_argument("--single", type=int, default=6)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--hold", type=float, default=0.6, help="share of the clock before the rate falls")
    parser.add_argument("--bank", type=int, default=24, help="encoded batches of 32 + 16 to start from")
    parser.add_argument("--reuse", type=int, default=6, help="how often an encoded example is met, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    if not args.export:
        with attention_for(pick_device(args.device)):
            train(args)
    else:
        export(args.out, args.autoencoder, args.export, args.shift)


if __name__ == "__main__":
    main()
