"""Examples by the thousand: worker processes sample scenes and words as plain arrays, a device composes the pictures.

The n-th load of a stream depends on its seed and n alone, not on how many processes make it, so that a run which
resumes at step n goes on with the examples it would have met.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from generators.training.common import cores_to_feed, pick_device, upload
from generators.training.compose import Composed, Composer, rendered
from generators.training.examples import CHANGED, DRAWN, Batch, Latents, token_weights, words_for
from generators.training.pack_world import DOMAINS, Domain, domain
from generators.training.token_truth import token_truth
from generators.training.words import build_tokenizer, filler_words
from generators.world.atlas import make_atlas
from generators.world.edits import EditPair, sample_edit
from generators.world.scenes import Frame, Scene, sample_scene
from generators.world.tables import Table, table_of

T = TypeVar("T")


class Numbered(Dataset, Generic[T]):
    """A function of a number as a data set without end."""

    def __init__(self, make: Callable[[int], T]):
        self._make = make

    def __getitem__(self, number: int) -> T:
        return self._make(number)


def _as_it_is(load: T) -> T:
    return load


def _alone(worker: int) -> None:
    """A worker has one core: the tokenizer must not take them all."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def stream(make: Callable[[int], T], start: int, workers: int) -> Iterator[T]:
    """``make(start)``, ``make(start + 1)``, … in order, made ahead by processes that start now; 0: made when asked for.

    ``make`` and what it returns travel between processes: module-level callables, NumPy arrays.
    """
    if workers == 0:
        return map(make, count(start))
    numbers: Any = count(start)  # its stubs want a sized sampler; the loader only iterates over it
    return iter(
        DataLoader(
            Numbered(make),
            batch_size=None,
            sampler=numbers,
            collate_fn=_as_it_is,
            num_workers=workers,
            prefetch_factor=4,
            worker_init_fn=_alone,
            multiprocessing_context="spawn",
        )
    )


def composer_for(of: Domain, device: torch.device, threads: int = 1) -> Composer:
    """A composer of all that a domain shows."""
    return Composer(make_atlas(), of.seen.things, of.seen.backgrounds, device, threads)


@dataclass(frozen=True)
class Scenes:
    """Makes the n-th step's scenes, in the frame whose turn it is.

    ``draw`` is a module's function, one scene a call; ``lesson`` tells the streams of several trainings apart.
    """

    draw: Callable[[random.Random, Domain, Frame], Scene]
    lesson: str
    name: str
    size: int
    seed: int

    def sample(self, number: int) -> list[Scene]:
        of, rng = domain(self.name), random.Random(f"{self.seed}/{self.lesson}/{number}")
        return [self.draw(rng, of, of.frames[number % len(of.frames)]) for _ in range(self.size)]

    def __call__(self, number: int) -> Table:
        return table_of(self.sample(number), domain(self.name).extent)


def pictured(scenes: Scenes, step: int, device: torch.device, workers: int) -> Iterator[tuple[Table, Composed]]:
    """Scenes and their pictures for one step after another; composed on the device, but for small ones on a CPU."""
    of = domain(scenes.name)
    if device.type == "cpu" and of.light:
        for shown in map(scenes.sample, count(step)):
            yield table_of(shown, of.extent), rendered(shown, of.extent)
    composer = composer_for(of, device, workers)
    for table in stream(scenes, step, workers):
        yield table, composer(table)


@dataclass(frozen=True)
class Load:
    """N examples of one kind before they are pictures: plain arrays.

    ``tables``: what is to be drawn, and for edits what it was before; ``shown`` their pictures, if they were painted
    here. ``ids`` N x T int32 token ids, ``length``
    N the texts' lengths, ``truth`` N x tokens x 3 int16 as `token_truth` has it.
    """

    tables: tuple[Table, ...]
    shown: tuple[Composed, ...]
    ids: np.ndarray
    length: np.ndarray
    truth: np.ndarray


@lru_cache(maxsize=1)
def _language() -> tuple[Any, list[str]]:
    """The tokenizer's fast core, one for a process, and the words that say nothing."""
    return build_tokenizer().backend_tokenizer, filler_words()


def read(texts: list[str], tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids (N x tokens int32, padded on the right, truncated) and lengths (N)."""
    tokenizer, _ = _language()
    ids = np.full((len(texts), tokens), tokenizer.token_to_id("<pad>"), np.int32)
    length = np.zeros(len(texts), np.int32)
    for row, found in enumerate(tokenizer.encode_batch(texts)):
        known = found.ids[:tokens]
        ids[row, : len(known)], length[row] = known, len(known)
    return ids, length


@dataclass(frozen=True)
class Loads:
    """Makes the n-th step's drawings and edits, in the frame whose turn it is.

    ``paint`` says that the renderer paints them, which takes a CPU a tenth of the time that composing does.
    """

    name: str
    drawings: int
    edits: int
    seed: int
    paint: bool = False

    def __call__(self, number: int) -> dict[str, Load]:
        of, rng = domain(self.name), random.Random(f"{self.seed}/feed/{number}")
        frame = of.frames[number % len(of.frames)]
        return {
            "draw": self._load(
                rng, [sample_scene(rng, of.drawn, None, frame) for _ in range(self.drawings)], of.tokens
            ),
            "edit": self._load(
                rng, [sample_edit(rng, of.drawn, None, frame) for _ in range(self.edits)], of.edit_tokens
            ),
        }

    def _load(self, rng: random.Random, sources: Sequence[Scene | EditPair], tokens: int) -> Load:
        of = domain(self.name)
        after = [source if isinstance(source, Scene) else source.after for source in sources]
        before = [source.before for source in sources if isinstance(source, EditPair)]
        _, fillers = _language()
        ids, length = read([words_for(rng, source, fillers, of.drawn.near) for source in sources], tokens)
        truth = np.stack([token_truth(scene, of) for scene in after]).astype(np.int16)
        tables, shown = laid_out([scenes for scenes in (after, before) if scenes], of, self.paint)
        return Load(tables, shown, ids, length, truth)


def laid_out(
    groups: Sequence[Sequence[Scene]], of: Domain, paint: bool
) -> tuple[tuple[Table, ...], tuple[Composed, ...]]:
    """Each group of scenes as a table, and as pictures if they are to be painted."""
    shown = [rendered(scenes, of.extent) for scenes in groups] if paint else []
    return tuple(table_of(scenes, of.extent) for scenes in groups), tuple(shown)


class Encoder:
    """Loads to batches: composes and encodes on the device, and never waits for it."""

    def __init__(self, composer: Composer, latents: Latents, device: torch.device):
        self._composer, self._latents, self._device = composer, latents, device

    def __call__(self, load: Load) -> Batch:
        drawn, *before = (self._composer(table) for table in load.tables)
        busy = (drawn.pictures != before[0].pictures).any(1) if before else drawn.busy
        ids, length = upload(load.ids, self._device).long(), upload(load.length, self._device)
        places = torch.arange(ids.shape[1], device=self._device)
        # Every pair of places, as the encoder would make of a plain mask itself, but for that it asks the GPU to wait.
        mask = (places[None] <= places[:, None]) & (places < length[:, None])[:, None, None]
        width, height = load.tables[0].size
        return Batch(
            [],
            self._latents.of(drawn.pictures),
            self._latents.of(before[0].pictures) if before else None,
            token_weights(busy, CHANGED if before else DRAWN),
            upload(load.truth, self._device).long(),
            (height // 16, width // 16),
            (ids, mask),
        )


def fed_batches(
    of: Domain, latents: Latents, sizes: dict[str, int], seed: int, step: int, device: torch.device, workers: int
) -> Iterator[dict[str, Batch]]:
    """Batches of drawings and edits for one step after another, never the same example twice."""
    loads = stream(Loads(of.name, sizes["draw"], sizes["edit"], seed), step, workers)
    encode = Encoder(composer_for(of, device, workers), latents, device)
    for kinds in loads:
        yield {name: encode(load) for name, load in kinds.items()}


def measure(of: Domain, device: torch.device, workers: int, seconds: float, size: int = 256) -> dict[str, float]:
    """Examples sampled and pictures composed in a second, each alone, after the first batch of every frame."""
    loads = stream(Loads(of.name, size, size // 2, 1), 0, workers)
    composer = composer_for(of, device, workers)
    met = [next(loads)["draw"].tables[0] for _ in of.frames]
    for table in met:
        composer(table)

    def rate(make: Callable[[int], Any], each: int) -> float:
        started, made = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            last = make(made)
            made += 1
        if isinstance(last, torch.Tensor):
            last.flatten()[0].item()  # waits for the device
        return round(made * each / (time.perf_counter() - started), 1)

    sampled = rate(lambda _: next(loads), size + size // 2)
    return {"sampled": sampled, "composed": rate(lambda number: composer(met[number % len(met)]).pictures, size)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Says how many examples a second this machine can make.")
    parser.add_argument("--domain", choices=DOMAINS, default="full")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    device = pick_device(args.device)
    print(measure(domain(args.domain), device, cores_to_feed(device, args.workers), args.seconds, args.batch))


if __name__ == "__main__":
    main()
