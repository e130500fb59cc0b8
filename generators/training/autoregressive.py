"""Trains the autoregressive model: ``python -m generators.training.autoregressive --tokens FOLDER --minutes 60``.

A `LlamaForCausalLM` over words and picture codes, in the sequence that `generators.autoregressive` reads; the loss is
over picture codes alone, those that look alike sharing the target (`looks`). A tenth of the texts are as many pads (for
guidance). Half-way up, a head that is dropped afterwards learns what lies at the code to come (`token_truth`).

On two cores, and on a GPU for the full domain (--until ends a sitting, and the same command goes on from there):

    python -m generators.training.autoregressive --tokens .training/tokenizer/model --minutes 60 \\
        --export generators/pack/autoregressive
    python -m generators.training.autoregressive --domain full --tokens .training/tokenizer-full/model --minutes 18 \\
        --until 9 --width 384 --layers 10 --drawings 256 --edits 128 --reuse 2 --compile \\
        --out .training/autoregressive-full --export .training/autoregressive-full/model

``OUT/curve.jsonl`` is the curve; the loss there is a divergence per code, weighted, ``perplexity`` its exponential,
``unseen`` the loss on pictures that are not learnt.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from generators.autoregressive import Vocabulary
from generators.picture_tokens import PictureTokens
from generators.training.common import (
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    upload,
    world_parser,
)
from generators.training.compose import Composer
from generators.training.examples import CHANGED, DRAWN, token_weights
from generators.training.feed import Load, Loads, composer_for, stream
from generators.training.half import twin_of
from generators.training.looks import Looks, Targets, divergence
from generators.training.pack_world import Domain, domain
from generators.training.store import Batch, Store
from generators.training.token_truth import TruthHead
from generators.training.words import build_tokenizer
from generators.world.scenes import size_of

# --- examples -----------------------------------------------------------------------------


class Encoder:
    """Loads to batches: composes their pictures on the device, unless they bring them, and reads the codes.

    A batch has ``texts`` (N x words), ``lengths`` (N), ``target`` (N x rows x columns codes), ``near`` and ``shares``
    (N x T x 16, see `looks.Targets`), ``weights`` (N x T), ``truth`` (N x T x 3); for edits ``source`` (N x rows x
    columns codes).
    """

    def __init__(self, composer: Composer | None, tokens: PictureTokens, targets: Targets):
        self._composer, self._tokens, self._targets = composer, tokens, targets

    @property
    def paints(self) -> bool:
        """Whether loads must bring their pictures."""
        return self._composer is None

    def _codes(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """N x 3 x H x W uint8 to N x T x D latents, and N x rows x columns codes."""
        latents = torch.cat([self._tokens.latents(part.permute(0, 2, 3, 1)) for part in pictures.split(128)])
        codes = self._tokens.nearest(latents)
        return latents, codes.unflatten(1, (-1, self._tokens.side(pictures.shape[3])))

    def __call__(self, load: Load) -> Batch:
        device = self._tokens.model.device
        drawn, *before = map(self._composer, load.tables) if self._composer else load.shown
        latents, codes = self._codes(drawn.pictures)
        near, shares = self._targets(latents, codes.flatten(1))
        busy = (drawn.pictures != before[0].pictures).any(1) if before else drawn.busy
        lengths = upload(load.length, device).long()
        batch = {
            "texts": upload(load.ids, device).long(),
            # An empty text is pads, as many as the text of a neighbour has words.
            "lengths": torch.where(lengths == 0, lengths.roll(1), lengths),
            "target": codes,
            "near": near,
            "shares": shares,
            "weights": token_weights(busy, CHANGED if before else DRAWN),
            "truth": upload(load.truth, device).long(),
        }
        return batch | ({"source": self._codes(before[0].pictures)[1]} if before else {})


def fewer(sizes: dict[str, int], reuse: int) -> dict[str, int]:
    """How many new examples of each kind a step needs where an example is met ``reuse`` times, about."""
    return {name: max(1, size // reuse) for name, size in sizes.items() if size}


def kept(
    loads: Iterable[dict[str, Load]], encode: Callable[[Load], Batch], sizes: dict[str, int], reuse: int, bank: int
) -> Iterator[dict[str, Batch]]:
    """Batches of every kind for one step after another, all of one size, out of the last ``bank`` examples.

    Encoding costs a CPU a good part of a step: there, examples may be met again. With 1 each is met once.
    """
    if reuse == 1:
        yield from ({name: encode(load) for name, load in kinds.items()} for kinds in loads)
        return
    stores: dict[tuple[str, tuple[int, int]], Store] = defaultdict(partial(Store, bank))
    for number, kinds in enumerate(loads):
        frame = next(iter(kinds.values())).tables[0].size
        for name, load in kinds.items():
            stores[name, frame].add(encode(load))
        if number >= 8 * (reuse - 1):
            yield {name: stores[name, frame].batch(size) for name, size in sizes.items() if size}


def batches(
    of: Domain, encode: Encoder, sizes: dict[str, int], seed: int, step: int, workers: int, reuse: int, bank: int
) -> Iterator[dict[str, Batch]]:
    """Drawings and edits for one step after another; see `kept`."""
    fresh = fewer(sizes, reuse)
    loads = Loads(of.name, fresh["draw"], fresh["edit"], seed, encode.paints)
    return kept(stream(loads, step, workers), encode, sizes, reuse, bank)


# --- the model ----------------------------------------------------------------------------


def build(of: Domain, ids: Vocabulary, width: int, layers: int, attention: str) -> LlamaForCausalLM:
    """The transformer, 64 channels a head; its context holds two pictures and a text."""
    pictures = max(rows * (columns + 1) for rows, columns in map(of.grid, of.frames))
    config = LlamaConfig(
        vocab_size=ids.size,
        hidden_size=width,
        intermediate_size=round(width * 8 / 3 / 64) * 64,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        max_position_embeddings=of.tokens + 2 * (1 + pictures),
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation=attention,
        picture=vars(ids),
    )
    return LlamaForCausalLM(config)


class Seen(NamedTuple):
    """The last states and the middle ones (N x L x width each), and the table of embeddings they are scored with."""

    last: Tensor
    middle: Tensor
    table: Tensor


class Learner(nn.Module):
    """The transformer, what its codes look like, and the head that is dropped."""

    def __init__(self, of: Domain, ids: Vocabulary, book: Tensor, width: int, layers: int, attention: str = "sdpa"):
        super().__init__()
        self._first = ids.first
        self.net = build(of, ids, width, layers, attention)
        self.looks = Looks(book, width)
        self.head = TruthHead(width, of)

    def read(self, tokens: Tensor, attention: Tensor | None = None) -> Seen:
        """N x L token ids to states, under a mask that is added or the causal one."""
        own = self.net.get_input_embeddings().weight
        table = torch.cat([own[: self._first], own[self._first :] + self.looks()])
        given = {"inputs_embeds": F.embedding(tokens, table), "attention_mask": attention}
        seen = self.net.model(**given, use_cache=False, output_hidden_states=True)
        return Seen(seen.last_hidden_state, seen.hidden_states[len(seen.hidden_states) // 2], table)

    @torch.no_grad()
    def finished(self) -> LlamaForCausalLM:
        """The transformer alone, its table whole."""
        net = copy.deepcopy(self.net)
        net.get_input_embeddings().weight[self._first :] += self.looks()
        return net


L = TypeVar("L", bound=Learner)
UNSEEN = 90_001
"""The seed of the batch that is only measured."""
LOOK = 200
"""Steps between two looks at it."""
COMMON = tuple(field.name for field in fields(Vocabulary))
"""What every vocabulary of picture codes says of itself."""


def sequences(batch: Batch, ids: Vocabulary) -> tuple[Tensor, Tensor]:
    """Token ids (N x L, rows without gaps, their ends filled with what is never looked at) and the positions that
    predict each code of the target (N x T)."""
    texts, lengths = batch["texts"], batch["lengths"][:, None]
    if texts.device.type == "cpu":  # shapes may vary there
        texts = texts[:, : int(lengths.max())]
    count, room = texts.shape
    marks = texts.new_tensor([[ids.start, ids.source]]).expand(count, -1)
    parts = [marks[:, :1], ids.written(batch["target"])]
    if "source" in batch:
        parts = [marks[:, 1:], ids.written(batch["source"]), *parts]
    whole = torch.cat([texts, *parts], dim=1)
    after = torch.arange(whole.shape[1], device=texts.device) - lengths
    index = torch.where(after < 0, after + lengths, (after + room).clamp(max=whole.shape[1] - 1))
    rows, columns = batch["target"].shape[1:]
    steps = torch.arange(rows * (columns + 1), device=texts.device).view(rows, columns + 1)
    begin = whole.shape[1] - room - steps.numel()
    return whole.gather(1, index), lengths + begin + steps[:, :-1].flatten()


def at(states: Tensor, places: Tensor) -> Tensor:
    """Of N x L x width states those at N x T places."""
    return states.gather(1, places[..., None].expand(-1, -1, states.shape[-1]))


def losses(learner: Learner, batch: Batch, ids: Vocabulary) -> tuple[Tensor, Tensor]:
    """Weighted divergence of the target's codes, and the cross-entropy of what lies there."""
    tokens, places = sequences(batch, ids)
    seen = learner.read(tokens)
    scores = at(seen.last, places) @ seen.table[ids.first :].T
    loss = (divergence(scores, batch["near"], batch["shares"]) * batch["weights"]).mean()
    return loss, learner.head.loss(at(seen.middle, places), batch["truth"], batch["weights"])


# --- training -----------------------------------------------------------------------------


def vocabulary(of: Domain, codes: int) -> Vocabulary:
    """The token ids of a domain."""
    return Vocabulary.after(len(build_tokenizer()), max(of.grid(frame)[0] for frame in of.frames), codes)


def compile_for(half: Learner) -> None:
    """Compiles the transformer in place. A first pass puts the library's hooks for inner states where they belong."""
    with torch.no_grad():
        half.net.model(
            input_ids=torch.zeros(1, 1, dtype=torch.int64, device=half.net.device), output_hidden_states=True
        )
    half.net.model.compile(dynamic=False)


def teach(half: Learner, batch: dict[str, Batch], factor: float, ids: Vocabulary, truth: float) -> dict[str, Tensor]:
    """Adds up the gradients of one step's batches; returns what is logged. ``factor`` is the learning rate's."""
    total = sum(len(examples["lengths"]) for examples in batch.values())
    told: dict[str, Tensor] = {}
    for name, examples in batch.items():
        loss, there = losses(half, examples, ids)
        # What helps to learn where things go holds back the last details: it fades with the rate.
        ((loss + truth * factor * there) * len(examples["lengths"]) / total).backward()
        told |= {name: loss.detach(), f"{name} truth": there.detach()}
    return told


def places(ids: Vocabulary) -> Tensor:
    """The ids that every vocabulary of picture codes has, in one order: words, marks, rows, codes."""
    rows, codes = range(ids.rows, ids.rows + ids.most_rows), range(ids.first, ids.size)
    return torch.tensor([*range(ids.start), ids.start, ids.source, *rows, *codes])


def start_from(folder: Path, learner: Learner, ids: Vocabulary) -> None:
    """The weights of an exported model as a beginning, be it one whose vocabulary has fewer marks.

    The words and the codes must be the same. Raises `ValueError`, and `RuntimeError` on other sizes of layers.
    """
    given = LlamaForCausalLM.from_pretrained(folder / "transformer")
    theirs, shared = Vocabulary(**{name: given.config.picture[name] for name in COMMON}), places(ids)
    if len(places(theirs)) != len(shared) or theirs.start != ids.start:
        raise ValueError(f"{folder} has other words or codes.")
    state = given.state_dict()
    if given.config.picture != vars(ids):
        table = learner.net.get_input_embeddings().weight.detach().clone()
        table[shared.to(table.device)] = given.get_input_embeddings().weight[places(theirs)].to(table)
        state |= dict.fromkeys(("model.embed_tokens.weight", "lm_head.weight"), table)
    learner.net.load_state_dict(state)
    nn.init.zeros_(learner.looks.lift.weight)  # its part is in the table by now


@torch.no_grad()
def measured(half: Learner, batch: dict[str, Batch], ids: Vocabulary) -> dict[str, Tensor]:
    """The losses over codes, nothing learnt."""
    return {name: losses(half, examples, ids)[0] for name, examples in batch.items()}


def perplexities(means: Mapping[str, float]) -> dict[str, float]:
    """Per code and per word, of the losses over them."""
    return {f"{name} perplexity": math.exp(mean) for name, mean in means.items() if "truth" not in name}


def fit(
    args: argparse.Namespace,
    ids: Vocabulary,
    full: L,
    lessons: Callable[[int, int, int], Iterator[dict[str, Batch]]],
    teach: Callable[[L, dict[str, Batch], float], dict[str, Tensor]],
    measured: Callable[[L, dict[str, Batch]], dict[str, Tensor]],
) -> L:
    """Trains until the clock (or this sitting) is over, resuming; returns the averaged float32 learner.

    ``lessons`` gives the batches of a seed from a step on, each example met so many times; ``teach`` adds up the
    gradients of one step of them and returns what is logged, ``measured`` only the losses. Now and then it is measured
    on pictures that are never learnt: where examples are met again, the training's own loss says too little, because
    codes are soon known by heart.
    """
    if args.init:
        start_from(args.init, full, ids)
    half = twin_of(full)
    run = Run(args, full, ("embed_tokens", "answers", "lift"), decay=0.999, twin=half, also=perplexities)
    if args.compile:
        compile_for(half)
    source, unseen = lessons(args.seed, run.step, args.reuse), next(lessons(UNSEEN, 0, 1))
    for factor in run.steps():
        batch = next(source)
        told = teach(half, batch, factor)
        run.learn(sum(len(examples["lengths"]) for examples in batch.values()), told)
        if run.step % LOOK == 0:
            found = {name: float(value) for name, value in measured(half, unseen).items()}
            run.log(**{f"unseen {name}": value for name, value in found.items()})
    return full


def composer_on(of: Domain, device: torch.device, workers: int) -> Composer | None:
    """None on a CPU, where the renderer is several times faster."""
    return None if device.type == "cpu" else composer_for(of, device, workers)


def attention_on(device: torch.device) -> str:
    """The fused CPU kernel's backward pass is several times slower than plain products at these lengths."""
    return "eager" if device.type == "cpu" else "sdpa"


def train(args: argparse.Namespace) -> Learner:
    """Trains until the clock (or this sitting) is over, resuming; returns the averaged float32 learner."""
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    tokens = PictureTokens.load(args.tokens, device, torch.bfloat16)
    ids, sizes = vocabulary(of, tokens.codes), {"draw": args.drawings, "edit": args.edits}

    workers = cores_to_feed(device, args.workers)
    encode = Encoder(composer_on(of, device, workers), tokens, Targets(tokens.book, args.spread))

    def lessons(seed: int, step: int, reuse: int) -> Iterator[dict[str, Batch]]:
        return batches(of, encode, sizes, seed, step, workers if seed == args.seed else 0, reuse, args.bank)

    full = Learner(of, ids, tokens.book, args.width, args.layers, attention_on(device)).to(device)
    return fit(args, ids, full, lessons, partial(teach, ids=ids, truth=args.truth), partial(measured, ids=ids))


def export(learner: Learner, of: Domain, tokens: Path, out: Path, family: str = "Autoregressive") -> None:
    """Writes the model's folder: bfloat16 safetensors in shards under 16 MB, the words beside the transformer."""
    net = learner.finished().to(torch.bfloat16)
    net.save_pretrained(out / "transformer", max_shard_size="12MB")
    build_tokenizer().save_pretrained(out / "transformer")
    if tokens.resolve() != (out / "tokens").resolve():
        shutil.copytree(tokens, out / "tokens", dirs_exist_ok=True)
    sizes = [size_of(frame, of.extent) for frame in dict.fromkeys(of.frames)]
    parts = {"tokens": ["diffusers", "VQModel"], "transformer": ["transformers", "LlamaForCausalLM"]}
    index = {"_class_name": family, "_sizes": sizes, **parts}
    (out / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")


def token_parser(doc: str | None, minutes: float, out: Path) -> argparse.ArgumentParser:
    """The options that trainings of picture codes share."""
    found = world_parser(doc, minutes=minutes, rate=2e-3, hold=0.6, out=out)
    found.add_argument("--tokens", type=Path, default=Path(".training/tokenizer/model"), help="a trained VQModel")
    found.add_argument("--init", type=Path, help="begin with the weights of this model's folder, if --out is empty")
    found.add_argument("--export", type=Path, help="write the model's folder here when the call ends")
    found.add_argument("--width", type=int, default=256)
    found.add_argument("--layers", type=int, default=6)
    found.add_argument("--truth", type=float, default=0.15, help="weight of saying what lies at each code")
    found.add_argument("--spread", type=float, default=0.2, help="how far codes may lie apart that share a target")
    found.add_argument("--bank", type=int, default=4096, help="examples kept of each kind and size")
    found.add_argument("--reuse", type=int, default=1, help="how often one is met; codes are soon known by heart")
    found.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    return found


def main() -> None:
    restart_with_allocator_settings("generators.training.autoregressive")
    parser = token_parser(__doc__, 60, Path(".training/autoregressive"))
    parser.add_argument("--drawings", type=int, default=40)
    parser.add_argument("--edits", type=int, default=16)
    args = parser.parse_args()
    learner = train(args)
    if args.export:
        export(learner, domain(args.domain), args.tokens, args.export)


if __name__ == "__main__":
    main()
