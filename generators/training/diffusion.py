"""Trains the pack's flow-matching model: ``python -m generators.training.diffusion --minutes 80 --out FOLDER``.

A `Flux2KleinPipeline` of our own size: a transformer over packed latent tokens (64 in the small domain,
256 in the full one), and for edits as many of the picture that is edited, laid out exactly as the pipeline
lays them out.
The velocity (noise - picture) is the target, times are drawn mostly from a logit-normal (Esser
et al. 2024, arXiv 2403.03206), and the text encoder learns along. Half-way up, a head that is dropped
afterwards learns what lies at each token (`token_truth`).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from generators.training.common import (
    Run,
    cores_to_feed,
    load_averaged,
    pick_device,
    read_facts,
    restart_with_allocator_settings,
    world_parser,
)
from generators.training.examples import SMALL, Batch, Latents, bank_batches
from generators.training.feed import fed_batches
from generators.training.half import attention_for, twin_of
from generators.training.pack_facts import EDIT_TOKENS, MAX_TOKENS, OUT_LAYERS
from generators.training.pack_world import Domain, domain
from generators.training.token_truth import TruthHead
from generators.training.words import build_tokenizer, filler_words

PLAIN_LAYERS = (
    "x_embedder",
    "context_embedder",
    "time_guidance_embed",
    "modulation",
    "norm_out",
    "proj_out",
    "embed_tokens",
    "answers",
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

    def __init__(self, vocabulary: int, of: Domain = SMALL, **sizes: int):
        super().__init__()
        self.text_encoder = build_text_encoder(vocabulary)
        width = self.text_encoder.config.hidden_size * len(OUT_LAYERS)
        self.transformer = build_transformer(text_width=width, **sizes)
        self.head = TruthHead(self.transformer.inner_dim, of)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """N x T token ids to N x T x width, as the pipeline's encode_prompt stacks them."""
        states = self.text_encoder.model(input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False)
        return torch.cat([states.hidden_states[layer] for layer in OUT_LAYERS], dim=-1)


@lru_cache(maxsize=16)
def position_ids(tokens: int, reference: bool, grid: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Image ids and text ids from the pipeline's own helpers (time, row, column, text position)."""
    picture = torch.zeros(1, 32, *grid)
    image = Flux2KleinPipeline._prepare_latent_ids(picture)
    if reference:
        image = torch.cat([image, Flux2KleinPipeline._prepare_image_ids([picture])], dim=1)
    text = Flux2KleinPipeline._prepare_text_ids(torch.zeros(1, tokens, 1))
    return image[0].to(device), text[0].to(device)


class Denoiser(nn.Module):
    """A transformer that also shows the hidden states of its middle single-stream block."""

    def __init__(self, transformer: Flux2Transformer2DModel):
        super().__init__()
        self.transformer = transformer
        self._middle: list[Tensor] = []
        blocks = transformer.single_transformer_blocks
        blocks[len(blocks) // 2].register_forward_hook(lambda block, inputs, output: self._middle.append(output))

    def forward(self, **inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Velocity (N x image tokens x 32) and states (N x text and image tokens x width)."""
        self._middle.clear()
        return self.transformer(**inputs, return_dict=False)[0], self._middle.pop()


EARLY = 0.3
"""Share of the times from the noisiest fifth, where it is settled what goes where: a logit-normal has 5% there."""


def sample_times(count: int, device: torch.device) -> Tensor:
    """Noise levels between 0 (a picture) and 1 (noise): a logit-normal, and more of the beginning."""
    ordinary = torch.sigmoid(torch.randn(count, device=device) + 0.3)
    early = 0.8 + 0.2 * torch.rand(count, device=device)
    return torch.where(torch.rand(count, device=device) < EARLY, early, ordinary)


def losses(
    learner: Learner, denoise: Callable[..., tuple[Tensor, Tensor]], batch: Batch, tokenizer: PreTrainedTokenizerFast
) -> tuple[Tensor, Tensor]:
    """Over one batch: the weighted squared error of the velocity, and the cross-entropy of the tokens' truth."""
    device, dtype = next(learner.parameters()).device, next(learner.parameters()).dtype
    if batch.read is None:
        tokens = MAX_TOKENS if batch.references is None else EDIT_TOKENS
        read = tokenizer(batch.texts, return_tensors="pt", padding="max_length", truncation=True, max_length=tokens)
        batch.read = read["input_ids"].to(device), read["attention_mask"].to(device)
    text, tokens, clean = learner.embed(*batch.read), batch.read[0].shape[1], batch.clean
    noise = torch.randn_like(clean)
    times = sample_times(len(clean), device)
    mixed = clean + times[:, None, None] * (noise - clean)
    if batch.references is not None:
        mixed = torch.cat([mixed, batch.references], dim=1)
    image_ids, text_ids = position_ids(tokens, batch.references is not None, batch.grid, device)
    velocity, states = denoise(
        hidden_states=mixed.to(dtype),
        timestep=times.to(dtype),
        encoder_hidden_states=text,
        img_ids=image_ids,
        txt_ids=text_ids,
    )
    weights, length = batch.weights.to(device), clean.shape[1]
    error = (velocity[:, :length].float() - (noise - clean)).square().mean(-1)
    truth = learner.head.loss(states[:, tokens : tokens + length], batch.truth.to(device), weights)
    return (error * weights).mean(), truth


def start_from(folder: Path, learner: Learner) -> None:
    """The weights of an exported pipeline as a beginning: what is left where no checkpoint is at hand.

    Words keep their embeddings by name, so that the vocabulary may have changed in between.
    """
    text = Qwen3ForCausalLM.from_pretrained(folder / "text_encoder").state_dict()
    old = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer").get_vocab()
    own = learner.text_encoder.model.embed_tokens.weight.detach().clone()
    for word, index in build_tokenizer().get_vocab().items():
        if word in old:
            own[index] = text["model.embed_tokens.weight"][old[word]]
    text["model.embed_tokens.weight"] = text["lm_head.weight"] = own
    learner.text_encoder.load_state_dict(text)
    learner.transformer.load_state_dict(Flux2Transformer2DModel.from_pretrained(folder / "transformer").state_dict())


def compiled(denoiser: Denoiser, wanted: bool) -> Callable[..., tuple[Tensor, Tensor]]:
    """The denoiser, compiled for static shapes where that works here.

    On a GPU only its blocks are: six shapes of the whole would take minutes.
    """
    if not wanted:
        return denoiser
    if next(denoiser.parameters()).device.type != "cpu":
        torch._dynamo.config.recompile_limit = 64  # three frames, drawings and edits, two kinds of block
        denoiser.transformer.compile_repeated_blocks(dynamic=False)
        return denoiser
    try:
        return torch.compile(denoiser, dynamic=False)
    except RuntimeError as error:
        print(f"Not compiled: {error}")
        return denoiser


def batches(args: argparse.Namespace, latents: Latents, device: torch.device, step: int) -> Iterator[dict[str, Batch]]:
    """Batches for one step after another: from a bank of examples on a CPU, else from worker processes."""
    sizes = {"draw": args.drawings, "edit": args.edits}
    of = domain(args.domain)
    if device.type == "cpu" and of.light:
        return bank_batches(of, latents, filler_words(), sizes, args.seed, step, args.bank, args.reuse)
    workers = cores_to_feed(device, args.workers)
    return fed_batches(of, latents, sizes, args.seed, step, device, workers)


def train(args: argparse.Namespace) -> Learner:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged float32 learner."""
    device = pick_device(args.device)
    torch.manual_seed(args.seed)
    tokenizer, of = build_tokenizer(), domain(args.domain)
    sizes = {"heads": args.heads, "double": args.double, "single": args.single}
    full = Learner(len(tokenizer), of, **sizes).to(device)
    if args.init:
        start_from(args.init, full)
    half = twin_of(full)
    run = Run(args, full, PLAIN_LAYERS, decay=0.999, twin=half, domain=of.name, **sizes)
    latents = Latents(AutoencoderKLFlux2.from_pretrained(args.autoencoder), device)
    denoise = compiled(Denoiser(half.transformer), args.compile)
    source, size = batches(args, latents, device, run.step), args.drawings + args.edits
    for factor in run.steps():
        told: dict[str, Tensor] = {}
        for name, batch in next(source).items():
            flow, truth = losses(half, denoise, batch, tokenizer)
            # What helps to learn where things go holds back the last details: it fades with the rate.
            ((flow + args.truth * factor * truth) * len(batch.clean) / size).backward()
            told |= {name: flow, f"{name} truth": truth}
        run.learn(size, told)
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
    facts = read_facts(folder / "checkpoint.safetensors")
    sizes = {name: facts[name] for name in ("heads", "double", "single")}
    learner = Learner(len(build_tokenizer()), domain(facts.get("domain", "small")), **sizes)
    load_averaged(folder, learner)
    return learner


def export(checkpoint: Path, autoencoder: Path, out: Path, shift: float = 1.0) -> None:
    """Writes the pipeline folder of a checkpoint's averaged weights: bfloat16 safetensors in shards under 16 MB."""
    pipeline = assemble(load_average(checkpoint), AutoencoderKLFlux2.from_pretrained(autoencoder), shift)
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size="12MB")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = world_parser(__doc__, minutes=80, rate=2e-3, hold=0.6, out=Path(".training/diffusion"))
    found.add_argument("--autoencoder", type=Path, default=Path(".training/autoencoder/model"))
    found.add_argument("--init", type=Path, help="begin with the weights of this pipeline folder, if --out is empty")
    found.add_argument("--export", type=Path, help="only write the pipeline folder of the checkpoint in --out")
    found.add_argument("--shift", type=float, default=1.0, help="the exported scheduler's shift")
    found.add_argument("--drawings", type=int, default=44)
    found.add_argument("--edits", type=int, default=20)
    found.add_argument("--heads", type=int, default=4)
    found.add_argument("--double", type=int, default=2)
    found.add_argument("--single", type=int, default=6)
    found.add_argument("--truth", type=float, default=0.15, help="weight of saying what lies at each token")
    found.add_argument("--bank", type=int, default=24, help="encoded batches of 32 + 16 to start from")
    found.add_argument("--reuse", type=int, default=6, help="how often an encoded example is met, about")
    found.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.diffusion")
    args = parser().parse_args()
    if not args.export:
        with attention_for(pick_device(args.device)):
            train(args)
    else:
        export(args.out, args.autoencoder, args.export, args.shift)


if __name__ == "__main__":
    main()
