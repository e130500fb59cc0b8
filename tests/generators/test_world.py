"""The picture world: its language, its scenes, its captions and edits."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from generators.world import vocabulary
from generators.world.layout_text import Grid, coordinate_tokens, layout_text, onto_grid


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
        "two dogs ; dog <w06><h16><c0308> <w06><h06><c1303> ; red apple <w08><h08><c1212>"
    )
    assert layout_text(" a cat ", []) == "a cat"
    assert len(coordinate_tokens()) == len(set(coordinate_tokens())) == 2 * 16 + 17 * 17
    assert layout_text("a", [("b", (-1.0, 2.0, 0.5, 9.0))]) == "a ; b <w08><h01><c0416>"


def test_boxes_move_into_cells_of_the_grid():
    """Corners in eighths for the longer side, proportions kept, not far from where they were, no two in one cell."""
    from generators.world.scenes import overlap

    boxes = [(0.1, 0.1, 0.45, 0.4), (0.42, 0.3, 0.8, 0.7), (0.0, 0.6, 0.2, 0.7), (0.6, 0.02, 1.0, 0.3)]
    grid = Grid(8, (3, 3, 3, 2, 2), small=2, most=4)
    placed = onto_grid(boxes, grid)
    for old, new in zip(boxes, placed, strict=True):
        longer = max((new[2] - new[0], 0), (new[3] - new[1], 1))[1]
        assert new[longer] * 8 == pytest.approx(round(new[longer] * 8))
        assert 2 <= (new[longer + 2] - new[longer]) * 8 <= 4
        assert (new[2] - new[0]) / (new[3] - new[1]) == pytest.approx((old[2] - old[0]) / (old[3] - old[1]))
        assert all(abs((old[i] + old[i + 2]) / 2 - (new[i] + new[i + 2]) / 2) <= 0.19 for i in (0, 1))
    assert all(overlap(a, b) == 0 for i, a in enumerate(placed) for b in placed[i + 1 :])
    crowd = [(0.4, 0.4, 0.6, 0.6)] * 30
    assert onto_grid(crowd, grid)[-1] == crowd[-1], "where no cell is free, a box stays"


@pytest.mark.parametrize("name", ["small", "full"])
def test_cells_are_of_the_sizes_that_the_pack_says(name):
    """For every count, a box that is too small or too large for the training scenes is brought to one of theirs."""
    from generators.training.pack_facts import facts
    from generators.world.scenes import GRID_SIDES

    grid = Grid.of(facts(of=name))
    for count, sides in GRID_SIDES[grid.lines].items():
        usual, large = grid.small / grid.lines, 0.9
        assert grid.steps((0, 0, usual, usual / 2), count) == min(sides)
        assert grid.steps((0, 0, 0.1, 0.1), count) == grid.small <= min(sides)
        assert grid.steps((0, 0, large, 0.1), count) == grid.most >= max(sides)
    assert Grid.of({"objects": ["dog"]}) is None


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


@pytest.mark.parametrize(
    ("world", "expected"), [("pack_world", "dffc3faaa12bfb68"), ("seen_world", "eb69135760b72bd5")]
)
def test_what_the_small_world_draws_stays_what_it_was(world, expected, monkeypatch):
    """Resumed trainings and evaluations rest on it: the same seeds, the same scenes, words and edits."""
    import hashlib

    from generators.training import pack_world
    from generators.world import scenes
    from generators.world.captions import caption, regions
    from generators.world.edits import edit_regions, sample_edit

    monkeypatch.setattr(scenes, "aspect", lambda name: 0.5 + len(name) / 10)  # no font, no version of it
    drawn, made = getattr(pack_world, world)(), []
    for seed in range(20):
        rng = random.Random(f"draws/{seed}")
        scene, pair = scenes.sample_scene(rng, drawn), sample_edit(rng, drawn)
        for item in (*scene.objects, *pair.before.objects, *pair.after.objects):
            made.append((item.thing, item.colour, item.size, item.flip, *(round(v, 6) for v in item.box)))
        made.append((scene.background, scene.seed, scene.style, caption(rng, scene), pair.instruction))
        boxes = (*regions(rng, scene.objects), *edit_regions(rng, pair))
        made.append([(phrase, *(round(v, 6) for v in box)) for phrase, box in boxes])
    assert hashlib.sha256(repr(made).encode()).hexdigest()[:16] == expected


@needs_font
def test_scenes_fit_every_frame():
    from generators.training.pack_world import domain
    from generators.world.scenes import pixel_box, render, sample_scene, size_of
    from generators.world.sprites import aspect

    of = domain("full")
    assert {size_of(frame, of.extent) for frame in of.frames} == {(256, 256), (288, 192), (192, 288)}
    for index, frame in enumerate(of.frames):
        for world in (of.drawn, of.seen):
            scene = sample_scene(random.Random(f"{index}/{world.grid}"), world, None, frame)
            width, height = size_of(frame, of.extent)
            assert scene.frame == frame and render(scene, of.extent).shape == (height, width, 3)
            for item in scene.objects:
                assert all(-1e-9 <= v <= 1 + 1e-9 for v in item.box)
                x0, y0, x1, y1 = pixel_box(item.box, (width, height))
                assert abs((x1 - x0) - (y1 - y0) * aspect(item.thing)) <= 2 + 2 * aspect(item.thing)


@needs_font
def test_styles_can_be_told_apart():
    import numpy as np

    from generators.training.pack_world import seen_world
    from generators.world.scenes import render, sample_scene
    from generators.world.styles import apply_style

    picture = render(sample_scene(random.Random(5), seen_world()), 96)
    shown = [apply_style(picture, word.name).astype(int) for word in vocabulary.STYLES]
    for index, one in enumerate(shown):
        assert all(np.abs(one - other).mean() > 2 for other in shown[:index])
    assert (shown[1] == shown[1][..., :1]).all()


@needs_font
def test_between_and_next_to_are_said_only_where_they_hold():
    from generators.training.pack_world import domain
    from generators.world.captions import caption
    from generators.world.relations import is_between, next_to
    from generators.world.scenes import sample_scene

    rng, world, said = random.Random(2), domain("full").drawn, {"between": 0, "next to": 0}
    for _ in range(600):
        scene = sample_scene(rng, world)
        text, objects = caption(rng, scene, near=True), scene.objects
        if "between" in text:
            said["between"] += 1
            assert len(objects) == 3 and any(
                is_between(objects[i], *(o for j, o in enumerate(objects) if j != i)) for i in range(3)
            )
        elif any(phrase in text for phrase in (" next to ", " beside ")):
            said["next to"] += 1
            assert len(objects) == 2 and next_to(*objects)
    assert min(said.values()) >= 2


def test_a_side_is_only_said_where_it_tells_things_apart():
    from generators.world.pointing import reference
    from generators.world.scenes import Placed

    def lion(x, y):
        return Placed("lion", (x, y, x + 0.2, y + 0.2))

    for one, other, told in ((lion(0.1, 0.1), lion(0.1, 0.6), {"at the top"}),
                             (lion(0.1, 0.1), lion(0.6, 0.15), {"on the left"})):
        said = [reference(random.Random(seed), one, [other, one]) for seed in range(60)]
        sides = {words.removeprefix("the lion ") for words, unclear in said if not unclear}
        assert sides == told and any(unclear for _, unclear in said)


@needs_font
def test_restyling_changes_the_style_and_nothing_else():
    import dataclasses

    from generators.training.pack_world import domain
    from generators.world.edits import RESTYLE, kinds_of, sample_edit
    from generators.world.scenes import GREY_STYLES

    of = domain("full")
    assert RESTYLE in kinds_of(of.drawn) and RESTYLE not in kinds_of(domain("small").drawn)
    for seed in range(20):
        pair = sample_edit(random.Random(seed), of.drawn, RESTYLE)
        assert dataclasses.replace(pair.before, style=pair.after.style) == pair.after
        assert (pair.before.style or "flat") != pair.after.style and pair.before.style not in GREY_STYLES
    for seed in range(120):
        pair = sample_edit(random.Random(f"grey/{seed}"), of.drawn)
        if pair.before.style in GREY_STYLES:
            assert all(item.colour is None for item in pair.after.objects), pair.instruction


@needs_font
def test_an_atlas_stands_in_for_the_font(tmp_path, monkeypatch):
    import numpy as np
    from PIL import Image

    from generators.training.pack_world import seen_world
    from generators.world import sprites
    from generators.world.atlas import load_atlas, make_atlas
    from generators.world.scenes import render, sample_scene

    caches = (sprites.font_path, sprites.master, sprites._coloured, sprites.aspect, sprites.sprite)
    scene = sample_scene(random.Random(8), seen_world())
    expected, shapes = render(scene), [sprites.aspect(thing.name) for thing in vocabulary.THINGS]
    atlas = make_atlas()
    atlas.save(tmp_path / "atlas.png")
    assert (tmp_path / "atlas.png").stat().st_size < 3_000_000
    assert np.array_equal(load_atlas(tmp_path / "atlas.png").cells, atlas.cells)
    monkeypatch.setattr(sprites, "_FONT_FOLDERS", ())
    monkeypatch.setenv("MAQUETTE_ATLAS", str(tmp_path / "atlas.png"))
    for cache in caches:
        cache.cache_clear()
    try:
        assert sprites.font_installed() and np.array_equal(render(scene), expected)
        assert [sprites.aspect(thing.name) for thing in vocabulary.THINGS] == shapes
        with pytest.raises(KeyError, match="has no"):
            atlas.sprite("griffin")
        Image.new("RGB", (8, 8)).save(tmp_path / "other.png")
        with pytest.raises(ValueError, match="is no atlas"):
            load_atlas(tmp_path / "other.png")
        monkeypatch.setattr(sprites, "font_path", lambda: tmp_path / "atlas.png")
        monkeypatch.setenv("MAQUETTE_ATLAS", str(tmp_path / "gone.png"))
        assert not sprites.font_installed(), "what is named and not there is not made up for by the font"
    finally:
        for cache in caches:
            cache.cache_clear()


def test_pack_facts_are_of_the_world():
    from pathlib import Path

    from generators.training import pack_facts
    from generators.training.pack_world import DOMAINS, domain

    def named(things):
        return next(name for name in DOMAINS if list(domain(name).drawn.things) == things)

    path = Path(vocabulary.__file__).parents[1] / "pack" / "pack.json"
    facts = json.loads(path.read_text())
    trained = [named(part.get("objects", facts["objects"])) for part in (facts, facts["unified"])]
    assert facts == json.loads(json.dumps(pack_facts.facts(*trained))), "python -m generators.training.pack_facts"
    apart = pack_facts.facts("wide", "small")
    assert len(apart["objects"]) == 100 and len(apart["unified"]["objects"]) == 26 and apart["counts"] == 4
    assert all(vocabulary.find_thing(name).name == name for name in facts["objects"])
    assert all(vocabulary.find_background(name).name == name for name in facts["backgrounds"])
    assert set(facts["colours"]) == {word.name for word in vocabulary.COLOURS}
