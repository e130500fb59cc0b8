"""Trains the unified model: ``python -m generators.training.unified --tokens FOLDER --minutes 90``.

A `LlamaForCausalLM` over words, tasks and picture codes, in the sequences that `generators.unified` reads. The loss is
over what is to be drawn or said, never over what is given. Five lessons are mixed, so many examples of each a step:

    draw      a caption, mostly with a layout → a picture     edit    an instruction and a picture → a picture
    plan      a caption → its layout → a picture              answer  a question and a picture → a word or two
    describe  a picture → its description

``--arm masked`` trains the other way of drawing: some of a picture's codes are hidden, a share of cos(pi u / 2), and
found from all the others (MaskGIT, Chang et al. 2022, arXiv 2202.04200); its pictures are read as a whole.

Half-way up, two heads that are dropped afterwards learn what lies at each code (`token_truth`): of the picture that is
drawn, and of one that is described or asked about.

On two cores, and on a GPU for the full domain (--until ends a sitting, and the same command goes on from there):

    python -m generators.training.unified --tokens .training/tokenizer/model --minutes 90 \\
        --export generators/pack/unified
    python -m generators.training.unified --domain full --tokens .training/tokenizer-full/model --minutes 27 \\
        --until 9 --width 384 --layers 10 --draw 172 --plan 20 --edit 76 --describe 58 --answer 58 --reuse 2 \\
        --compile --out .training/unified-full --export .training/unified-full/model

``OUT/curve.jsonl`` is the curve. `generators.training.understanding` measures what the model says of pictures.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generators.picture_tokens import PictureTokens
from generators.training import autoregressive
from generators.training.autoregressive import (
    Seen,
    at,
    attention_on,
    composer_on,
    export,
    fewer,
    fit,
    kept,
    token_parser,
)
from generators.training.common import cores_to_feed, pick_device, restart_with_allocator_settings, upload
from generators.training.feed import Load, Loads, laid_out, read, stream
from generators.training.looks import Targets, divergence
from generators.training.pack_world import Domain, domain
from generators.training.store import Batch
from generators.training.token_truth import TruthHead, token_truth
from generators.training.words import build_tokenizer
from generators.unified import Vocabulary
from generators.world.captions import caption, regions
from generators.world.layout_text import layout_text
from generators.world.questions import description, sample_question
from generators.world.scenes import Frame, Scene, sample_scene

LESSONS = ("draw", "plan", "describe", "answer", "edit")
WIDTHS = {"plan": (32, 32), "describe": (1, 32), "answer": (20, 6)}
"""Tokens, at most, of what is read and of what is said."""


# --- examples -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Lesson(Load):
    """A load whose words are learnt too: ``said`` N x S int32 token ids, ``spoken`` N how many.

    ``drawn`` says whether the picture comes after them or was given before.
    """

    said: np.ndarray
    spoken: np.ndarray
    drawn: bool


def _example(lesson: str, rng: random.Random, of: Domain, frame: Frame) -> tuple[Scene, str, str]:
    """A scene, what is read and what is to be said."""
    if lesson == "answer":
        question = sample_question(rng, of.drawn, None, frame)
        return question.scene, question.text, f"{question.answer} </s>"
    scene = sample_scene(rng, of.drawn, None, frame)
    if lesson == "describe":
        return scene, "", f"{description(scene)} </s>"
    layout = layout_text("", regions(rng, scene.objects, 0.0, frame))
    return scene, f"{caption(rng, scene, near=of.drawn.near)} ;", layout.removeprefix(" ; ")


@dataclass(frozen=True)
class Lessons:
    """Makes the n-th step's examples of every lesson, in the frame whose turn it is; ``paint`` as for `Loads`."""

    name: str
    sizes: dict[str, int]
    seed: int
    paint: bool = False

    def __call__(self, number: int) -> dict[str, Load]:
        of, rng = domain(self.name), random.Random(f"{self.seed}/lessons/{number}")
        frame = of.frames[number % len(of.frames)]
        loads = Loads(self.name, self.sizes["draw"], self.sizes["edit"], self.seed, self.paint)(number)
        wanted = [lesson for lesson in WIDTHS if lesson in self.sizes]
        return loads | {lesson: self._lesson(lesson, rng, frame) for lesson in wanted}

    def _lesson(self, lesson: str, rng: random.Random, frame: Frame) -> Lesson:
        of = domain(self.name)
        made = (_example(lesson, rng, of, frame) for _ in range(self.sizes[lesson]))
        scenes, texts, said = zip(*made, strict=True)
        most_read, most_said = WIDTHS[lesson]
        truth = np.stack([token_truth(scene, of) for scene in scenes]).astype(np.int16)
        words = *read(list(texts), most_read), truth, *read(list(said), most_said)
        return Lesson(*laid_out([scenes], of, self.paint), *words, drawn=lesson == "plan")


class Encoder(autoregressive.Encoder):
    """Loads to batches. A lesson's have ``said`` and ``spoken``; a picture that is given is their ``source``."""

    def __call__(self, load: Load) -> Batch:
        batch = super().__call__(load)
        if not isinstance(load, Lesson):
            return batch
        if not load.drawn:
            batch["source"] = batch.pop("target")
            del batch["near"], batch["shares"]
        device = batch["texts"].device
        return batch | {"said": upload(load.said, device).long(), "spoken": upload(load.spoken, device).long()}


# --- the model ----------------------------------------------------------------------------


class Learner(autoregressive.Learner):
    """The transformer, and the heads that are dropped."""

    def __init__(self, of: Domain, ids: Vocabulary, book: Tensor, width: int, layers: int, attention: str = "sdpa"):
        super().__init__(of, ids, book, width, layers, attention)
        self.sight = TruthHead(width, of)
        end = build_tokenizer().eos_token_id
        self.net.config.eos_token_id = self.net.generation_config.eos_token_id = end


Parts = dict[str, tuple[Tensor, Tensor | None]]
"""By name, in order: N x W token ids, and how many of each row count (None: all)."""


def joined(parts: Parts) -> tuple[Tensor, dict[str, Tensor]]:
    """The parts one after the other without gaps (N x L), and where each begins (N).

    A part overwrites the padding of the one before; what is left at the ends is never looked at.
    """
    first, _ = next(iter(parts.values()))
    whole = first.new_zeros(len(first), sum(part.shape[1] for part, _ in parts.values()))
    at, begins = first.new_zeros(len(first)), {}
    for name, (part, length) in parts.items():
        begins[name] = at
        whole.scatter_(1, at[:, None] + torch.arange(part.shape[1], device=at.device), part)
        at = at + (part.shape[1] if length is None else length)
    return whole[:, : int(at.max())] if whole.device.type == "cpu" else whole, begins


class Laid(NamedTuple):
    """A batch as sequences: N x L tokens, where each part begins, and what was hidden of the target (N x T)."""

    tokens: Tensor
    begins: dict[str, Tensor]
    hidden: Tensor | None


def lay(lesson: str, batch: Batch, ids: Vocabulary) -> Laid:
    """The sequences that `generators.unified` describes."""
    texts, hidden = batch["texts"], None

    def mark(id: int) -> tuple[Tensor, None]:
        return torch.full_like(texts[:, :1], id), None

    parts: Parts = {"task": mark(ids.draw if lesson == "plan" else getattr(ids, lesson))}
    parts["text"] = texts, batch["lengths"]
    if "source" in batch:
        parts |= {"given": mark(ids.source), "source": (ids.written(batch["source"]), None), "end": mark(ids.end)}
    if "said" in batch:
        parts["said"] = batch["said"], batch["spoken"]
    if "target" in batch:
        codes = batch["target"]
        if ids.masked:
            hidden = hide(codes.flatten(1))
            codes = torch.where(hidden.view_as(codes), ids.mask - ids.first, codes)
        parts |= {"start": mark(ids.start), "target": (ids.written(codes), None)}
    return Laid(*joined(parts), hidden)


def hide(codes: Tensor) -> Tensor:
    """Which of N x T codes are hidden: in each row a share of cos(pi u / 2), at least one."""
    luck = torch.rand(codes.shape, device=codes.device)
    share = torch.cos(math.pi / 2 * torch.rand(len(codes), 1, device=codes.device))
    return (luck < share) | (luck == luck.amin(1, keepdim=True))


def code_places(begin: Tensor, codes: Tensor) -> Tensor:
    """Where each of N x rows x columns codes stands that are written from a place on: N x T."""
    rows, columns = codes.shape[1:]
    steps = torch.arange(rows * (columns + 1), device=codes.device).view(rows, columns + 1)
    return begin[:, None] + steps[:, 1:].flatten()


def word_scores(seen: Seen, laid: Laid, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """For every word to be said, and the <start> that ends a plan: scores over the whole vocabulary (N x S x V), the
    word itself, and whether there is one (N x S each)."""
    more = int("target" in batch)
    steps = torch.arange(batch["said"].shape[1] + more, device=laid.tokens.device)
    places = (laid.begins["said"][:, None] + steps).clamp(max=laid.tokens.shape[1] - 1)
    scores = at(seen.last, places - 1) @ seen.table.T
    return scores, laid.tokens.gather(1, places), steps < (batch["spoken"] + more)[:, None]


def word_loss(seen: Seen, laid: Laid, batch: Batch) -> Tensor:
    """Cross-entropy of the words to be said."""
    scores, words, wanted = word_scores(seen, laid, batch)
    errors = F.cross_entropy(scores.flatten(0, 1).float(), words.flatten(), reduction="none")
    return (errors * wanted.flatten()).sum() / wanted.sum()


def drawn_places(laid: Laid, batch: Batch) -> Tensor:
    """From where each code of the target is said: the token before it, or the one that hides it (N x T)."""
    return code_places(laid.begins["target"], batch["target"]) - int(laid.hidden is None)


def code_scores(seen: Seen, laid: Laid, batch: Batch, ids: Vocabulary) -> Tensor:
    """For every code of the target, scores over all codes: N x T x codes."""
    return at(seen.last, drawn_places(laid, batch)) @ seen.table[ids.first :].T


def code_loss(seen: Seen, laid: Laid, batch: Batch, ids: Vocabulary) -> Tensor:
    """Weighted divergence of the target's codes, of the hidden ones where some are."""
    errors = divergence(code_scores(seen, laid, batch, ids), batch["near"], batch["shares"])
    weights = batch["weights"] if laid.hidden is None else batch["weights"] * laid.hidden
    return (errors * weights).sum() / weights.sum()


def truth_loss(learner: Learner, seen: Seen, laid: Laid, batch: Batch) -> Tensor:
    """Cross-entropy of what lies at the codes that are drawn, or at those that are given to be read."""
    if "target" in batch:
        return learner.head.loss(at(seen.middle, drawn_places(laid, batch)), batch["truth"], batch["weights"])
    places = code_places(laid.begins["source"], batch["source"])
    return learner.sight.loss(at(seen.middle, places), batch["truth"], batch["weights"])


def read_all(learner: Learner, laid: Sequence[Laid], ids: Vocabulary) -> list[Seen]:
    """What one pass over all sequences makes of each batch of them."""
    longest = max(part.tokens.shape[1] for part in laid)
    tokens = torch.cat([F.pad(part.tokens, (0, longest - part.tokens.shape[1])) for part in laid])
    attention = ids.attention(tokens, learner.net.dtype) if ids.masked else None
    last, middle, table = learner.read(tokens, attention)
    sizes = [len(part.tokens) for part in laid]
    return [Seen(*states, table) for states in zip(last.split(sizes), middle.split(sizes), strict=True)]


def losses(learner: Learner, batches: dict[str, Batch], ids: Vocabulary) -> dict[str, dict[str, Tensor]]:
    """For each lesson the losses over its codes, its words and what lies there; all lessons in one pass."""
    laid = {lesson: lay(lesson, batch, ids) for lesson, batch in batches.items()}
    found = {}
    for (lesson, part), seen in zip(laid.items(), read_all(learner, list(laid.values()), ids), strict=True):
        batch = batches[lesson]
        found[lesson] = {"truth": truth_loss(learner, seen, part, batch)}
        if "said" in batch:
            found[lesson]["words"] = word_loss(seen, part, batch)
        if "target" in batch:
            found[lesson]["codes"] = code_loss(seen, part, batch, ids)
    return found


# --- training -----------------------------------------------------------------------------


def vocabulary(of: Domain, codes: int, arm: str) -> Vocabulary:
    """The token ids of a domain."""
    rows = max(of.grid(frame)[0] for frame in of.frames)
    return Vocabulary.after(len(build_tokenizer()), rows, codes, arm == "masked")


def teach(half: Learner, batches: dict[str, Batch], factor: float, ids: Vocabulary, truth: float) -> dict[str, Tensor]:
    """Adds up the gradients of one step's batches; returns what is logged. ``factor`` is the learning rate's.

    Sequences with two pictures have a pass of their own: they are twice as long.
    """
    total = sum(len(batch["lengths"]) for batch in batches.values())
    told: dict[str, Tensor] = {}
    for two in (False, True):
        group = {lesson: batch for lesson, batch in batches.items() if (lesson == "edit") == two}
        found = losses(half, group, ids) if group else {}
        weighed = []
        for lesson, kinds in found.items():
            share = len(batches[lesson]["lengths"]) / total
            # What helps to learn where things go holds back the last details: it fades with the rate.
            weighed += [v * share * (truth * factor if kind == "truth" else 1) for kind, v in kinds.items()]
            told |= {f"{lesson} {kind}": value.detach() for kind, value in kinds.items()}
        if found:
            torch.stack(weighed).sum().backward()
    return told


@torch.no_grad()
def measured(half: Learner, batches: dict[str, Batch], ids: Vocabulary) -> dict[str, Tensor]:
    """The losses over codes and words, nothing learnt."""
    found = {lesson: losses(half, {lesson: batch}, ids)[lesson] for lesson, batch in batches.items()}
    return {f"{lesson} {kind}": value for lesson, kinds in found.items() for kind, value in kinds.items()
            if kind != "truth"}  # fmt: skip


def train(args: argparse.Namespace) -> Learner:
    """Trains until the clock (or this sitting) is over, resuming; returns the averaged float32 learner."""
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    tokens = PictureTokens.load(args.tokens, device, torch.bfloat16)
    ids = vocabulary(of, tokens.codes, args.arm)
    sizes = {lesson: size for lesson in LESSONS if (size := getattr(args, lesson))}

    workers = cores_to_feed(device, args.workers)
    encode = Encoder(composer_on(of, device, workers), tokens, Targets(tokens.book, args.spread))

    def lessons(seed: int, step: int, reuse: int) -> Iterator[dict[str, Batch]]:
        made = stream(
            Lessons(of.name, fewer(sizes, reuse), seed, encode.paints), step, workers if seed == args.seed else 0
        )
        return kept(made, encode, sizes, reuse, args.bank)

    full = Learner(of, ids, tokens.book, args.width, args.layers, attention_on(device)).to(device)
    return fit(args, ids, full, lessons, partial(teach, ids=ids, truth=args.truth), partial(measured, ids=ids))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = token_parser(__doc__, 90, Path(".training/unified"))
    found.add_argument("--arm", choices=("causal", "masked"), default="causal", help="how pictures are drawn")
    for lesson, size in zip(LESSONS, (27, 3, 9, 9, 12), strict=True):
        found.add_argument(f"--{lesson}", type=int, default=size, help="examples a step")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    args = parser().parse_args(arguments)
    if not args.draw or not args.edit:
        parser().error("Drawings and edits are always part of it; the other lessons may be 0.")
    learner = train(args)
    if args.export:
        export(learner, domain(args.domain), args.tokens, args.export, "Unified")


if __name__ == "__main__":
    restart_with_allocator_settings("generators.training.unified")
    main()
