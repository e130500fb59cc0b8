"""Trains the model that compares pictures with words: ``python -m generators.training.contrastive --minutes 12``.

A `SiglipModel` with the sigmoid loss (Zhai et al. 2023, arXiv 2303.15343) over all pairs of a batch's pictures and
texts. Since scenes are rendered, every pair's label is the truth: "something red" is said of every picture that has
something red, and where nobody could tell (`generators.world.claims`) nothing is learnt. Every picture comes with a
twin that differs in one respect, a colour, a number, a side, and half of the texts tell only part: from the batch's
other pictures alone a model learns no more than a bag of words (Yuksekgonul et al. 2023, arXiv 2210.01936). What lies
at every patch is a second thing to learn (`token_truth`), whose head is dropped when the model is written.

On two cores, or one (the averaged weights go to --export; the same command goes on after a kill):

    python -m generators.training.contrastive --minutes 12 --out .training/contrastive \\
        --autoencoder generators/pack/diffusion/vae --export generators/pack/contrastive
    python -m generators.training.retrieval generators/pack/contrastive

``OUT/curve.jsonl`` is the curve: the loss, the patches' loss, and the share of whole texts that are nearer to their
own picture than to its twin. On a GPU, `--domain full --batch 512 --minutes 3`.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLFlux2
from torch import Tensor, nn
from transformers import (
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
    SiglipProcessor,
    SiglipTextConfig,
    SiglipVisionConfig,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from generators.training.common import (
    Run,
    cores_to_feed,
    pick_device,
    restart_with_allocator_settings,
    scaled,
    upload,
    world_parser,
)
from generators.training.compose import painted
from generators.training.critic import augment
from generators.training.examples import strewn
from generators.training.feed import composer_for, read, stream
from generators.training.half import attention_for, twin_of
from generators.training.pack_world import Domain, domain
from generators.training.token_truth import TruthHead, token_truth
from generators.training.words import build_tokenizer, filler_words
from generators.world.claims import Claim, holds, partial_claim, sample_twins, say, whole_claim
from generators.world.scenes import Scene
from generators.world.tables import Table, table_of

TOKENS = 32
"""Text tokens; the last place, mostly padding, is where the text's vector is read."""
PATCH = 16
TWINS = {"colour": 3, "colours exchanged": 4, "count": 4, "relation": 5, "background": 2, "thing": 2}
"""How often scenes differ in which respect; the harder ones more often."""
PLAIN = ("embeddings", "answers", "probe")
"""What is no inner matrix, for `make_optimisers`."""
ROUND_TRIP = 3
"""Every so many steps an eighth of the pictures goes through the autoencoder, which costs half as much as a step."""
BUSY = 3.0
"""How much more a patch counts where an object lies."""


@dataclass(frozen=True)
class Widths:
    """The sizes of both towers, which share a width."""

    width: int
    heads: int
    mlp: int
    vision: int
    text: int


WIDTHS = {"small": Widths(160, 5, 480, 6, 3), "full": Widths(256, 8, 768, 8, 4)}


def build(of: Domain) -> SiglipModel:
    """An untrained model for a domain's pictures."""
    sizes, tokenizer = WIDTHS[of.name], build_tokenizer()
    shared = {"hidden_size": sizes.width, "intermediate_size": sizes.mlp, "num_attention_heads": sizes.heads}
    text = SiglipTextConfig(
        vocab_size=len(tokenizer), num_hidden_layers=sizes.text, max_position_embeddings=TOKENS,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        **shared,
    )  # fmt: skip
    vision = SiglipVisionConfig(num_hidden_layers=sizes.vision, image_size=of.extent, patch_size=PATCH, **shared)
    model = SiglipModel(SiglipConfig(text_config=text.to_dict(), vision_config=vision.to_dict()))
    # Most pairs do not belong together: begin by saying so of all (section 3.2 of the paper).
    model.logit_scale.data.fill_(math.log(10))
    model.logit_bias.data.fill_(-4.0)
    return model


def build_processor(of: Domain) -> SiglipProcessor:
    """Any picture to the model's side, squeezed to a square, in [-1, 1]; any text to its tokens."""
    # Without a mask: padding is attended to, as in the published models.
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer().backend_tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
        eos_token="</s>", padding_side="right", model_max_length=TOKENS, model_input_names=["input_ids"],
    )  # fmt: skip
    return SiglipProcessor(SiglipImageProcessorPil(size={"height": of.extent, "width": of.extent}), tokenizer)


class Learner(nn.Module):
    """The model and what is only there while it learns."""

    def __init__(self, of: Domain):
        super().__init__()
        self.model = build(of)
        self.truth = TruthHead(WIDTHS[of.name].width, of)

    def forward(self, pictures: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors of N pictures (N x D) and T texts (T x D), and the patches' states N x patches x width."""
        seen = self.model.get_image_features(pictures)
        said = self.model.get_text_features(ids).pooler_output
        vectors = (F.normalize(v.float(), dim=-1) for v in (seen.pooler_output, said))
        return *vectors, seen.last_hidden_state


def sigmoid_loss(logits: Tensor, held: Tensor) -> Tensor:
    """The loss of T x N logits, where ``held`` is 1 for what belongs together, -1 for what does not, else 0."""
    return -(F.logsigmoid(held * logits) * held.abs()).sum() / len(logits)


@dataclass(frozen=True)
class Lesson:
    """N pictures, each followed by its twin, and 2 N texts: of every picture the whole, then of every picture a part.

    ``pictures`` N x 3 x H x W uint8, or None where a device is to compose the ``table``. ``ids`` 2 N x TOKENS int32,
    ``held`` 2 N x N int8 as `claims.holds` has it, ``truth`` N x patches x 3 int16.
    """

    table: Table
    pictures: np.ndarray | None
    ids: np.ndarray
    held: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Lessons:
    """Makes the n-th step's lesson: half of the scenes as generators draw them, half at any place.

    ``paint`` says that the renderer paints them, which takes a CPU a third of the time that composing does.
    """

    name: str
    size: int
    seed: int
    paint: bool

    def __call__(self, number: int) -> Lesson:
        of, rng = domain(self.name), random.Random(f"{self.seed}/contrastive/{number}")
        frame, kinds = of.frames[number % len(of.frames)], list(TWINS)
        scenes: list[Scene] = []
        for kind in rng.choices(kinds, [TWINS[kind] for kind in kinds], k=self.size // 2):
            twins = sample_twins(rng, kind, rng.choice((of.drawn, of.seen)), frame)
            scenes += [twins.scene, twins.other]
        claims = [make(rng, scene) for make in (whole_claim, partial_claim) for scene in scenes]
        table = table_of(scenes, of.extent)
        ids, _ = read(texts_of(rng, claims), TOKENS)
        truth = np.stack([fitted(token_truth(scene, of), of.grid(frame), of.extent // PATCH) for scene in scenes])
        pictures = painted(scenes, of.extent).numpy() if self.paint else None
        return Lesson(table, pictures, ids, holds(claims, table), truth.astype(np.int16))


def texts_of(rng: random.Random, claims: Sequence[Claim]) -> list[str]:
    """A text for each claim; in a tenth of them stand words that say nothing, or that nobody taught."""
    said = [say(rng, claim) for claim in claims]
    return [strewn(rng, text, _fillers()) if rng.random() < 0.1 else text for text in said]


@lru_cache(maxsize=1)
def _fillers() -> list[str]:
    return [*filler_words(), "unheard-of"]


def fitted(truth: np.ndarray, grid: tuple[int, int], side: int) -> np.ndarray:
    """What lies at each token of a grid (rows, columns), at the patches of the same picture squeezed to a square."""
    rows, columns = ((2 * np.arange(side) + 1) * length // (2 * side) for length in grid)
    return truth.reshape(*grid, 3)[rows][:, columns].reshape(side * side, 3)


def losses(learner: Learner, lesson: Lesson, pictures: Tensor) -> dict[str, Tensor]:
    """The contrastive ``loss``, the ``patches``' loss, and which share of the whole texts tells picture from ``twin``.

    ``pictures`` are N x 3 x H x W in [-1, 1], as the lesson's.
    """
    device = pictures.device
    held, truth = upload(lesson.held, device).float(), upload(lesson.truth, device).long()
    seen, said, patches = learner(pictures, upload(lesson.ids, device).long())
    logits = said @ seen.T * learner.model.logit_scale.float().exp() + learner.model.logit_bias.float()
    weights = 1 + BUSY * (truth[..., 0] > 0)
    own = torch.arange(len(seen), device=device)
    twin = own ^ 1  # 0 and 1 are twins, 2 and 3, …
    told = (held[own, own] > 0) & (held[own, twin] < 0)
    right = told & (logits[own, own] > logits[own, twin])
    return {
        "loss": sigmoid_loss(logits, held),
        "patches": learner.truth.loss(patches, truth, weights / weights.mean(dim=1, keepdim=True)),
        "twin": right.sum() / told.sum().clamp(min=1),
    }


def train(args: argparse.Namespace) -> SiglipModel:
    """Trains until the clock runs out, resuming what ``args.out`` holds; returns the averaged model."""
    of, device = domain(args.domain), pick_device(args.device)
    torch.manual_seed(args.seed)
    learner = Learner(of).to(device)
    half = twin_of(learner)
    run = Run(args, learner, PLAIN, warm_up=50, twin=half)
    vae = AutoencoderKLFlux2.from_pretrained(args.autoencoder).to(device, torch.bfloat16) if args.autoencoder else None
    workers, paint = cores_to_feed(device, args.workers), device.type == "cpu"
    composer = None if paint else composer_for(of, device, workers)
    lessons = stream(Lessons(of.name, args.batch, args.seed, paint), run.step, workers)
    with attention_for(device):
        for _ in run.steps():
            lesson = next(lessons)
            shown = composer(lesson.table).pictures if composer else torch.from_numpy(lesson.pictures)
            pictures = augment(scaled(shown), vae if run.step % ROUND_TRIP == 0 else None, False, of.extent)
            told = losses(half, lesson, pictures.bfloat16())
            (told["loss"] + args.truth * told["patches"]).backward()
            run.learn(args.batch, told)
    return learner.model.eval()


def export(model: SiglipModel, of: Domain, folder: Path) -> None:
    """Writes the model in half precision with all that reads its pictures and texts."""
    model.to(torch.bfloat16).save_pretrained(folder)
    build_processor(of).save_pretrained(folder)


def main() -> None:
    restart_with_allocator_settings("generators.training.contrastive")
    parser = world_parser(__doc__, minutes=12, out=Path(".training/contrastive"), rate=2e-3, seed=17)
    parser.add_argument("--export", type=Path, default=Path("generators/pack/contrastive"))
    parser.add_argument("--autoencoder", type=Path, help="the autoencoder whose round trip augments")
    parser.add_argument("--batch", type=int, default=48, help="pictures, half of them the others' twins")
    parser.add_argument("--truth", type=float, default=1.0, help="how much the patches' loss counts")
    args = parser.parse_args()
    export(train(args), domain(args.domain), args.export)


if __name__ == "__main__":
    main()
