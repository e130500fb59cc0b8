"""The picture world: its language, its scenes, its captions and edits."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from generators.world import vocabulary
from generators.world.layout_text import coordinate_tokens, layout_text


def test_vocabulary_needs_no_heavy_import():
    code = (
        "import sys, generators.world.vocabulary, generators.world.layout_text;"
        "print(sorted({'torch','PIL','numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_geneval_classes_are_all_there():
    assert sum(thing.geneval for thing in vocabulary.THINGS) == 80
    assert sum(not thing.geneval for thing in vocabulary.THINGS) >= 60
    assert len({thing.name for thing in vocabulary.THINGS}) == len(vocabulary.THINGS)
    assert len(vocabulary.COLOURS) == 10 and len(vocabulary.BACKGROUNDS) >= 12


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("puppies", "dog"), ("the dogs", "dog"), ("a sofa", "couch"), ("oranges", "orange"), ("the mice", "mouse"),
        ("wine glasses", "wine glass"), ("Balls", "sports ball"), ("an Airplane.", "airplane"), ("people", "person"),
        ("computer mice", "computer mouse"), ("knives", "knife"), ("cup of coffee", "cup"),
    ],
)  # fmt: skip
def test_find_thing(phrase, name):
    found = vocabulary.find_thing(phrase)
    assert found is not None and found.name == name


def test_what_is_not_in_the_world_is_not_found():
    assert vocabulary.find_thing("quantum gravity") is None
    assert vocabulary.find_thing("the") is None
    assert vocabulary.find_colour("striped") is None


def test_other_words():
    assert vocabulary.find_colour("Crimson").name == "red"
    assert vocabulary.find_relation("to the left of").name == "left of"
    assert vocabulary.find_background("a plain white background").name == "plain white"
    assert vocabulary.find_background("the grass").name == "meadow"
    assert vocabulary.find_size("tiny").name == "small"
    assert vocabulary.find_style("watercolor style").name == "watercolour"
    assert [vocabulary.find_count(w) for w in ("three", "a couple of", "4", "a", "many")] == [3, 2, 4, 1, None]


def test_layout_text():
    boxes = [("dog", (0, 0, 0.4, 1)), ("Red Apple", (0.5, 0.5, 1, 1)), ("dog", (0.6, 0, 1, 0.4))]
    text = layout_text("two dogs", boxes)
    assert text == (
        "two dogs ; dog <x00><y00><x06><y15> <x09><y00><x15><y06> ; red apple <x08><y08><x15><y15>"
    )
    assert layout_text(" a cat ", []) == "a cat"
    assert len(coordinate_tokens()) == 32
    assert layout_text("a", [("b", (-1.0, 2.0, 0.5, 9.0))]) == "a ; b <x00><y15><x08><y15>"


def test_without_the_font_rendering_says_so(monkeypatch):
    from generators.world import sprites

    monkeypatch.setattr(sprites, "_FONT_FOLDERS", ())
    monkeypatch.delenv("MAQUETTE_EMOJI_FONT", raising=False)
    sprites.font_path.cache_clear()
    try:
        assert not sprites.font_installed()
        with pytest.raises(sprites.FontMissing, match="fonts-noto-color-emoji"):
            sprites.font_path()
    finally:
        sprites.font_path.cache_clear()


def _font_there() -> bool:
    from generators.world.sprites import font_installed

    return font_installed()


needs_font = pytest.mark.skipif(not _font_there(), reason="the Noto Color Emoji font is not installed")


@needs_font
def test_every_thing_has_a_drawing():
    from generators.world.sprites import master

    for thing in vocabulary.THINGS:
        image = master(thing.name)
        assert min(image.size) >= 10 and image.getextrema()[3][1] > 200, thing.name


@needs_font
def test_every_background_and_style_paints():
    from generators.world.grounds import background
    from generators.world.styles import apply_style

    for word in vocabulary.BACKGROUNDS:
        assert background(word.name, 3, 64).shape == (64, 64, 3)
    for word in vocabulary.STYLES:
        assert apply_style(background("beach", 1, 64), word.name).shape == (64, 64, 3)


@needs_font
def test_scenes_are_reproducible_and_true():
    import numpy as np

    from generators.training.pack_world import pack_world
    from generators.world.scenes import instance_masks, overlap, render, sample_scene

    world = pack_world()
    for seed in range(30):
        scene = sample_scene(random.Random(seed), world)
        assert scene == sample_scene(random.Random(seed), world)
        picture = render(scene, 64)
        assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
        assert np.array_equal(picture, render(scene, 64))
        masks = instance_masks(scene, 64)
        for item, mask in zip(scene.objects, masks, strict=True):
            assert (item.thing, item.colour) not in world.held_out
            assert all(0 <= v <= 1 for v in item.box)
            rows, columns = np.nonzero(mask)
            seen = (columns.min() / 64, rows.min() / 64, (columns.max() + 1) / 64, (rows.max() + 1) / 64)
            assert overlap(seen, item.box) > 0.8


@needs_font
def test_captions_name_what_is_there():
    from generators.training.pack_world import pack_world
    from generators.world.captions import caption, groups_of, regions
    from generators.world.scenes import sample_scene

    rng, told = random.Random(3), set()
    for _ in range(100):
        scene = sample_scene(rng, pack_world())
        text = caption(rng, scene)
        told.add(text)
        assert len(regions(rng, scene.objects)) == len(scene.objects)
        assert all(len(group) <= 5 for group in groups_of(scene.objects))
    assert len(told) > 95


@needs_font
@pytest.mark.parametrize(
    "kind", ["add", "remove", "replace", "recolour", "move", "resize", "background", "inpaint", "erase"]
)
def test_an_edit_changes_only_what_it_says(kind):
    from generators.training.pack_world import pack_world
    from generators.world.edits import changed, sample_edit

    world = pack_world()
    for seed in range(8):
        pair = sample_edit(random.Random(f"{kind}/{seed}"), world, kind)
        assert pair == sample_edit(random.Random(f"{kind}/{seed}"), world, kind)
        mask = changed(pair, 64)
        assert mask.any(), pair.instruction
        if kind == "background":
            assert pair.before.objects == pair.after.objects and not pair.regions
            continue
        assert pair.regions and pair.before.background == pair.after.background
        if pair.hole is not None:
            x0, y0, x1, y1 = (round(v * 64) for v in pair.hole)
            mask[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1] = False
            assert not mask.any()


def test_pack_facts_are_of_the_world():
    from pathlib import Path

    path = Path(vocabulary.__file__).parents[1] / "pack" / "pack.json"
    facts = json.loads(path.read_text())
    assert all(vocabulary.find_thing(name).name == name for name in facts["objects"])
    assert all(vocabulary.find_background(name).name == name for name in facts["backgrounds"])
    assert set(facts["colours"]) == {word.name for word in vocabulary.COLOURS}
