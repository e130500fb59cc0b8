"""Scenes composed in batches, against the renderer; and the examples that worker processes make of them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from generators.training.pack_world import domain  # noqa: E402
from generators.world.scenes import SQUARE, TALL, WIDE, instance_masks, render, sample_scene  # noqa: E402
from generators.world.sprites import font_installed, recolour  # noqa: E402
from generators.world.tables import table_of  # noqa: E402
from generators.world.vocabulary import COLOURS, STYLES, THINGS  # noqa: E402

pytestmark = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")

SEEN = replace(
    domain("full").seen,
    things=("dog", "fire hydrant", "skis", "stop sign", "heart", "person"),
    backgrounds=("beach", "plain black"),
    styled=0.0,
)


@pytest.fixture(scope="module")
def compose():
    from generators.training.compose import Composer
    from generators.world.atlas import make_atlas

    return Composer(make_atlas(), SEEN.things, SEEN.backgrounds, torch.device("cpu"))


def _scenes(frame, count, **changes):
    return [replace(sample_scene(random.Random(seed), SEEN, None, frame), **changes) for seed in range(count)]


def _difference(made, scenes, extent):
    return np.abs(made.permute(0, 2, 3, 1).numpy().astype(int) - np.stack([render(s, extent) for s in scenes]))


@pytest.mark.parametrize(("frame", "extent"), [(SQUARE, 64), (SQUARE, 128), (WIDE, 128), (TALL, 192)])
def test_composed_pictures_are_the_rendered_ones(compose, frame, extent):
    scenes = _scenes(frame, 6)
    made = compose(table_of(scenes, extent), masks=True, chunk=4)
    difference = _difference(made.pictures, scenes, extent)
    # A half pixel's shift of one scene would show as more than ten times as much.
    assert difference.mean() < 0.1 and (difference > 8).mean() < 1e-3
    for index, scene in enumerate(scenes):
        expected = instance_masks(scene, extent)
        assert (made.masks[index, : len(expected)].numpy() != expected).mean() < 1e-3
        empty = render(replace(scene, objects=()), extent)
        assert not ((render(scene, extent) != empty).any(-1) & ~made.busy[index].numpy()).sum() > 4


@pytest.mark.parametrize("style", [word.name for word in STYLES])
def test_composed_styles_are_the_rendered_ones(compose, style):
    scenes = _scenes(SQUARE, 4, style=style)
    difference = _difference(compose(table_of(scenes, 128)).pictures, scenes, 128)
    assert difference.mean() < (0.6 if style == "pencil sketch" else 0.1)


def test_recolouring_is_the_renderer_s():
    from generators.training.compose import recolour as recoloured
    from generators.world.atlas import make_atlas

    atlas = make_atlas()
    for name in SEEN.things:
        index = atlas.names.index(name)
        width, height = atlas.sizes[index].tolist()
        found = recoloured(torch.from_numpy(atlas.cells[index].copy()), (width, height))
        for number, colour in enumerate(COLOURS):
            expected = recolour(np.asarray(atlas.sprite(name)), colour.name).astype(int)
            assert np.abs(found[number + 1, :height, :width].numpy() - expected).max() <= 1


def test_a_table_refuses_what_cannot_be_composed():
    scene = sample_scene(random.Random(1), SEEN)
    turned = replace(scene, objects=tuple(replace(item, angle=20) for item in scene.objects))
    with pytest.raises(ValueError, match="turned"):
        table_of([turned], 128)
    with pytest.raises(ValueError, match="frame"):
        table_of([scene, replace(scene, frame=WIDE)], 128)


def test_a_composer_refuses_what_it_has_no_sprite_of(compose):
    scene = sample_scene(random.Random(1), SEEN)
    strange = replace(scene.objects[0], thing="cat")
    for wrong in (replace(scene, objects=(strange,)), replace(scene, background="room")):
        with pytest.raises(ValueError, match="not made for"):
            compose(table_of([scene, wrong], 64))


def test_loads_depend_on_seed_and_number_alone():
    from generators.training.feed import Loads, stream

    make = Loads("full", 3, 2, 5)
    ahead = stream(make, 3, 0)
    for number in (3, 4):
        one, other = make(number), next(ahead)
        for kind in one:
            assert np.array_equal(one[kind].ids, other[kind].ids)
            assert np.array_equal(one[kind].tables[0].box, other[kind].tables[0].box)
    assert make(3)["draw"].tables[0].size == (288, 192)
    assert not np.array_equal(make(3)["draw"].ids, Loads("full", 3, 2, 6)(3)["draw"].ids)


def test_a_load_reads_as_the_tokenizer_does():
    from generators.training.feed import read
    from generators.training.words import build_tokenizer

    texts = ["a red dog ; red dog <w04><h05><c0507>", "", "one two three four five six seven"]
    expected = build_tokenizer()(texts, padding="max_length", truncation=True, max_length=6)
    ids, length = read(texts, 6)
    assert ids.tolist() == expected["input_ids"]
    assert length.tolist() == [sum(mask) for mask in expected["attention_mask"]]


@pytest.mark.parametrize("number", [0, 3])
def test_encoded_loads_train_the_model(number):
    from generators.training import autoencoder
    from generators.training.compose import Composer
    from generators.training.diffusion import Denoiser, Latents, Learner, losses
    from generators.training.feed import Encoder, Loads
    from generators.training.words import build_tokenizer
    from generators.world.atlas import make_atlas

    vae = autoencoder.build(widths=(8,) * 4)
    cpu, of, tokenizer = torch.device("cpu"), domain("full"), build_tokenizer()
    loads = Loads("full", 2, 2, 1)(number)
    used = {int(i) for load in loads.values() for table in load.tables for i in table.thing.flat if i >= 0}
    composer = Composer(make_atlas(), [THINGS[i].name for i in sorted(used)], of.seen.backgrounds, cpu)
    size = loads["draw"].tables[0].size
    composer._painted[size] = torch.zeros(48 * len(of.seen.backgrounds), size[1], 3, size[0], dtype=torch.uint8)
    learner = Learner(len(tokenizer), of, heads=1, double=1, single=1)
    for kind, load in loads.items():
        batch = Encoder(composer, Latents(vae, cpu), cpu)(load)
        rows, columns = batch.grid
        assert batch.clean.shape == (2, rows * columns, 32) and batch.weights.shape == batch.truth.shape[:2]
        assert (batch.references is None) == (kind == "draw")
        assert torch.allclose(batch.weights.mean(1), torch.ones(2))
        flow, truth = losses(learner, Denoiser(learner.transformer), batch, tokenizer)
        assert torch.isfinite(flow) and torch.isfinite(truth)


@pytest.mark.slow
def test_workers_make_the_same_stream(tmp_path):
    """In a process of its own, since worker processes leave a resource tracker behind."""
    import subprocess
    import sys

    script = tmp_path / "script.py"
    script.write_text(
        "from itertools import islice\n"
        "from generators.training.feed import Loads, stream\n"
        "if __name__ == '__main__':\n"
        "    for load in islice(stream(Loads('small', 2, 1, 1), 4, 2), 3):\n"
        "        print(load['draw'].ids.tolist(), load['edit'].tables[1].box.tolist())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=_environment())
    from generators.training.feed import Loads

    made = [Loads("small", 2, 1, 1)(number) for number in (4, 5, 6)]
    expected = [f"{load['draw'].ids.tolist()} {load['edit'].tables[1].box.tolist()}" for load in made]
    assert done.stdout.splitlines() == expected


def _environment():
    import os
    from pathlib import Path

    import generators

    return {**os.environ, "PYTHONPATH": str(Path(generators.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
