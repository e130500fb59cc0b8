"""Spoilt objects: gone from the truth, changed in the picture, and nowhere else."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from generators.training.pack_world import seen_world  # noqa: E402
from generators.training.spoiled import mingled, shuffled, smeared, spoil  # noqa: E402
from generators.world.scenes import render, sample_scene  # noqa: E402
from generators.world.tables import table_of  # noqa: E402
from tests.generators.bench import needs_font  # noqa: E402


def batch(count: int):
    rng = random.Random(4)
    scenes = [sample_scene(rng, seen_world()) for _ in range(count)]
    drawn = torch.from_numpy(np.stack([render(scene) for scene in scenes])).permute(0, 3, 1, 2)
    return drawn.float() / 127.5 - 1, table_of(scenes, 128)


@needs_font
def test_a_spoilt_object_leaves_the_truth_and_changes_only_its_own_place():
    pictures, table = batch(40)
    spoilt, fewer = spoil(random.Random(1), pictures, table, 1.0)
    gone = (table.thing >= 0) & (fewer.thing < 0)
    assert (gone.sum(1) <= 1).all() and gone.sum() >= 36
    for row in range(40):
        different = (spoilt[row] != pictures[row]).any(0)
        assert different.any() == gone[row].any()
        if gone[row].any():
            x0, y0, x1, y1 = (max(0, int(v)) for v in table.pixels[row, gone[row].argmax()])
            different[y0:y1, x0:x1] = False
            assert not different.any()


@needs_font
def test_only_a_share_is_spoilt_and_the_same_seed_spoils_the_same():
    pictures, table = batch(40)
    first, fewer = spoil(random.Random(2), pictures, table, 0.3)
    again, _ = spoil(random.Random(2), pictures, table, 0.3)
    assert torch.equal(first, again)
    assert 3 <= ((table.thing >= 0) & (fewer.thing < 0)).sum() <= 25


def test_each_way_of_spoiling_changes_what_is_seen():
    rng = random.Random(1)
    patch = torch.rand(3, 40, 36, generator=torch.Generator().manual_seed(1)) * 2 - 1
    other = -torch.ones(3, 20, 20)
    tiles = shuffled(rng, patch)
    assert not torch.equal(tiles, patch)
    assert torch.equal(tiles.flatten().sort().values, patch.flatten().sort().values)
    assert smeared(rng, patch).std() < 0.5 * patch.std()
    mixed = mingled(random.Random(2), patch, other)
    assert (mixed == patch).any() and (mixed == -1).any()
