"""What measures the pack: every family through its own file, and the card that is made of the numbers."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from PIL import Image

from generators import sketch
from generators.api import Seen
from generators.shares import share
from generators.training.pack_facts import PACK
from generators.world.sprites import font_installed

pytest.importorskip("torch")
needs_font = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")


class Blind:
    """A judge that sees nothing."""

    def detect_all(self, pictures):
        return [Seen((), "beach") for _ in pictures]


@pytest.fixture(scope="module")
def studio():
    from generators.training.evaluate import Studio

    return Studio(sketch.model(), steps=1)


@needs_font
def test_a_generator_is_called_as_the_studio_calls_it(studio):
    from generators.training.evaluate import EXTENT, composite, sample_pairs
    from generators.world.edits import edit_regions
    from generators.world.scenes import render

    assert studio.draw("a red dog", [("red dog", (0.1, 0.1, 0.6, 0.9))], 7).size == (EXTENT, EXTENT)
    pair = sample_pairs("inpaint", 1)[0]
    before = Image.fromarray(render(pair.before, EXTENT))
    after = composite(before, studio.edit(before, pair, edit_regions(random.Random(1), pair), 3), pair.hole)
    changed = (np.asarray(before) != np.asarray(after)).any(-1)
    x0, y0, x1, y1 = (round(v * EXTENT) for v in pair.hole)
    inside = np.zeros_like(changed)
    inside[y0:y1, x0:x1] = True
    assert changed.any() and not (changed & ~inside).any()


@needs_font
def test_a_judge_that_sees_nothing_finds_nothing_right(studio):
    from generators.training.evaluate import make_tasks, mark_drawings, targets_of

    marks, pictures = mark_drawings(studio, Blind(), make_tasks(1), layout=True)
    targets = targets_of(marks)
    assert len(pictures) == 8 and {targets[name]["share"] for name in ("one object", "colour", "relation")} == {0.0}
    assert targets["counts to three"]["n"] == 2


def test_the_card_has_a_column_for_every_family_and_keeps_the_evaluations(tmp_path):
    from generators.training.card import AFTER, write_card

    metrics = json.loads((PACK / "metrics.json").read_text())
    row = metrics["generators"]["diffusion"]
    said = {"describe": {"all": share([True, False])}, "answer": {"count": share([True])}}
    unified = {**row, "seconds": {"drawing": 9.25, "edit": 1.5}, "understanding": said}
    drawn_over = {name: value for name, value in row.items() if "edit" not in name} | {"seconds": {"drawing": 0.75}}
    twice = {**metrics, "generators": {"diffusion": row, "unified": unified, "hybrid": drawn_over},
             "reconstruction": {"picture tokenizer": {"psnr": 23.46, "psnr_objects": 17.0, "used": 0.5, "codes": 4096}}}
    (tmp_path / "metrics.json").write_text(json.dumps(twice))
    (tmp_path / "pack.json").write_text((PACK / "pack.json").read_text())
    (tmp_path / "README.md").write_text(f"old\n\n{AFTER}\n\nkept\n")
    write_card(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "unified, with a layout" in card and "samples-unified.png" in card and "9.25 s" in card
    assert "- hybrid: a drawing 0.75 s (" in card
    assert "hybrid, with a layout" not in card, "it edits as its refiner does"
    assert "all 50% (9% to 91%, n = 2)" in card and "count 100%" in card and "23.5 dB" in card and "50% of 4096" in card
    assert "old" not in card.split() and card.endswith(f"\n{AFTER}\n\nkept\n")
    write_card(tmp_path)
    assert (tmp_path / "README.md").read_text() == card, "written twice, the same"
