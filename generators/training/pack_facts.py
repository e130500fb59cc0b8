"""Writes ``pack.json``: what the pack can draw and how it is called, for programs to read."""

from __future__ import annotations

import json
from pathlib import Path

from generators.training.pack_world import BACKGROUNDS, COLOUR_NAMES, THINGS, held_out_combinations, pack_world
from generators.world.layout_text import LEVELS
from generators.world.scenes import GRID_SIDES
from generators.world.sprites import aspect
from generators.world.vocabulary import RELATIONS, SIZES

PACK = Path(__file__).parents[1] / "pack"

MAX_TOKENS = 48
EDIT_TOKENS = 32
"""Text tokens of a drawing and of an edit: padding is attended to, so training and calls must agree."""
OUT_LAYERS = (1, 2)


# fmt: off
def facts(steps: int = 16, guidance: float = 3.0, edit_guidance: float = 2.0, inpaint: str = "") -> dict:
    """The pack's facts as plain values."""
    layers = list(OUT_LAYERS)
    grid = pack_world().grid
    assert grid is not None
    return {
        "objects": list(THINGS),
        "colours": list(COLOUR_NAMES),
        "backgrounds": list(BACKGROUNDS),
        "styles": [],
        "counts": 4,
        "relations": [word.name for word in RELATIONS],
        "sizes": [word.name for word in SIZES],
        "size": [128, 128],
        "call": {"num_inference_steps": steps, "guidance_scale": guidance, "max_sequence_length": MAX_TOKENS,
                 "text_encoder_out_layers": layers},
        "edit_call": {"num_inference_steps": steps, "guidance_scale": edit_guidance,
                      "max_sequence_length": EDIT_TOKENS, "text_encoder_out_layers": layers},
        "inpaint": inpaint,
        "layout": {"levels": LEVELS, "format": "generators.world.layout_text"},
        "aspects": {thing: round(aspect(thing), 3) for thing in THINGS},
        "grid": grid,
        "sides": {str(count): [min(steps) / grid, max(steps) / grid] for count, steps in GRID_SIDES.items()},
        "size_sides": {"small": [2 / grid, 2 / grid], "big": [4 / grid, 4 / grid]},
        "held_out": sorted(list(pair) for pair in held_out_combinations()),
    }

# fmt: on


def write(path: Path = PACK / "pack.json", **call: float | str) -> None:
    """Writes the facts as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts(**call), indent=1) + "\n")  # type: ignore[arg-type]


if __name__ == "__main__":
    write()
