"""What the diffusion model learns from: the words of scenes and edits, their latents, and a store of both for a CPU.

On a CPU the examples of domains of small pictures are rendered, encoded and met again a few times (`Bank`). For a GPU
they are made by `feed` in other processes and composed on the device.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline
from torch import Tensor

from generators.training.common import scaled
from generators.training.compose import painted, rendered
from generators.training.pack_world import Domain, domain
from generators.training.token_truth import token_truth
from generators.world.captions import caption, regions
from generators.world.edits import EditPair, edit_regions, sample_edit
from generators.world.layout_text import layout_text
from generators.world.scenes import Scene, sample_scene

SMALL = domain("small")


@dataclass
class Batch:
    """Examples of one kind: clean latents N x tokens x 32, for edits the references' latents, token weights.

    ``truth`` is what lies at each token (N x tokens x 3), ``grid`` the rows and columns of tokens. The words are
    ``texts``, or where they were tokenized beforehand ``read``: ids, and the attention mask.
    """

    texts: list[str]
    clean: Tensor
    references: Tensor | None
    weights: Tensor
    truth: Tensor
    grid: tuple[int, int] = SMALL.grid()
    read: tuple[Tensor, Tensor] | None = None


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


def words_for(rng: random.Random, source: Scene | EditPair, fillers: list[str], near: bool = False) -> str:
    """One of the many texts that an example could come with; ``near`` as in `captions.caption`."""
    if isinstance(source, Scene):
        text = caption(rng, source, near=near)
        return conditioned(rng, text, regions(rng, source.objects, frame=source.frame), fillers)
    always = source.ambiguous or source.hole is not None
    return conditioned(rng, source.instruction, edit_regions(rng, source), fillers, 0.95 if always else 0.8)


DRAWN, CHANGED = 1.0, 2.0
"""How much more a token counts where an object lies, and where an edit changes something."""


def token_weights(busy: Tensor, extra: float) -> Tensor:
    """N x H x W bool to N x tokens weights of mean one: tokens of 16 x 16 pixels with busy ones count more."""
    weights = 1 + extra * F.max_pool2d(busy.float()[:, None], 16).flatten(1)
    return weights / weights.mean(dim=1, keepdim=True)


class Latents:
    """Pictures to normalised packed latents, as the pipeline's prepare_image_latents makes them."""

    def __init__(self, vae: AutoencoderKLFlux2, device: torch.device):
        self._vae, self._device = vae.to(device, torch.bfloat16).eval(), device
        if device.type == "cuda":
            self._vae = self._vae.to(memory_format=torch.channels_last)
        self._mean = vae.bn.running_mean.float().view(1, -1, 1, 1)
        self._std = (vae.bn.running_var.float() + vae.config.batch_norm_eps).sqrt().view(1, -1, 1, 1)

    def of(self, pictures: Tensor, chunk: int = 256) -> Tensor:
        """N x 3 x H x W uint8 to N x tokens x 32 float32 on the device, ``chunk`` at a time."""
        return torch.cat([self._encode(scaled(part.to(self._device))) for part in pictures.split(chunk)])

    @torch.no_grad()
    def _encode(self, pixels: Tensor) -> Tensor:
        latents = Flux2KleinPipeline._patchify_latents(self._vae.encode(pixels.bfloat16()).latent_dist.mode())
        return Flux2KleinPipeline._pack_latents((latents.float() - self._mean) / self._std)


@dataclass
class Example:
    """An encoded scene or edit pair, as a row of `Batch`; its words are drawn afresh each time it is used."""

    source: Scene | EditPair
    clean: Tensor
    reference: Tensor | None
    weights: Tensor
    truth: Tensor


def _truth(scene: Scene, of: Domain) -> Tensor:
    return torch.from_numpy(token_truth(scene, of))


def drawing_examples(of: Domain, rng: random.Random, size: int, latents: Latents) -> list[Example]:
    """Fresh scenes, a few more of two kinds, which are learnt last; tokens with objects count double."""
    scenes = [sample_scene(rng, of.drawn, (1, 1) if rng.random() < 0.15 else None) for _ in range(size)]
    made = rendered(scenes, of.extent)
    clean, weights = latents.of(made.pictures), token_weights(made.busy, DRAWN)
    return [Example(scene, clean[i], None, weights[i], _truth(scene, of)) for i, scene in enumerate(scenes)]


def edit_examples(of: Domain, rng: random.Random, size: int, latents: Latents) -> list[Example]:
    """Fresh edit pairs; what changes counts three times what is copied."""
    pairs = [sample_edit(rng, of.drawn) for _ in range(size)]
    before = painted([pair.before for pair in pairs], of.extent)
    after = painted([pair.after for pair in pairs], of.extent)
    weights = token_weights((before != after).any(1), CHANGED)
    both = latents.of(torch.cat([after, before]))
    return [Example(p, both[i], both[size + i], weights[i], _truth(p.after, of)) for i, p in enumerate(pairs)]


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
            torch.stack([e.weights for e in chosen]),
            torch.stack([e.truth for e in chosen]),
        )


def bank_batches(
    of: Domain, latents: Latents, fillers: list[str], sizes: dict[str, int], seed: int, step: int, start: int,
    reuse: int,
) -> Iterator[dict[str, Batch]]:
    """Batches of drawings and edits for one step after another, from banks that ``start`` encodings fill at first."""
    rng = random.Random(f"{seed}/bank/{step}")
    banks = {"draw": Bank(partial(drawing_examples, of), latents, 4096),
             "edit": Bank(partial(edit_examples, of), latents, 2048)}
    for _ in range(start):
        banks["draw"].add(rng, 32)
        banks["edit"].add(rng, 16)
    for number in count(step):
        rng = random.Random(f"{seed}/diffusion/{number}")
        batches = {}
        for name, size in sizes.items():
            banks[name].add(rng, max(1, size // reuse))
            batches[name] = banks[name].batch(rng, size, fillers)
        yield batches
