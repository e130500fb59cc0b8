"""Writes ``pack.json``: what the pack can draw and how it is called, for programs to read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from generators.training.pack_world import DOMAINS, domain
from generators.world.layout_text import LEVELS
from generators.world.relations import NEARNESS
from generators.world.scenes import GRID_SIDES, size_of
from generators.world.sprites import aspect
from generators.world.vocabulary import RELATIONS, SIZES

PACK = Path(__file__).parents[1] / "pack"

MAX_TOKENS = domain("small").tokens
EDIT_TOKENS = domain("small").edit_tokens
"""Text tokens of the small domain's drawings and edits."""
OUT_LAYERS = (1, 2)


CALLS: dict[str, dict] = {
    "diffusion": {"num_inference_steps": 8, "guidance_scale": 2.0},
    "autoregressive": {"guidance_scale": 1.5, "temperature": 0.4, "window": 4},
    "unified": {"guidance_scale": 1.5, "temperature": 0.5, "window": 4},
}
"""How each family is called: what measured best with the judge, see LOG.md."""


# fmt: off
def facts(of: str = "small", tokens: str = "") -> dict:
    """The facts of a pack trained on a domain, as plain values; the token families on another where `tokens` says."""
    trained, layers = domain(of), list(OUT_LAYERS)
    apart = {"objects": list(domain(tokens).drawn.things)} if tokens not in ("", of) else {}
    world = trained.drawn
    grid = world.grid
    assert grid is not None
    found = {
        "objects": list(world.things),
        "colours": list(world.colours),
        "backgrounds": list(world.backgrounds),
        "styles": list(world.styles),
        "counts": 4 if trained.light else world.most,
        "relations": [word.name for word in RELATIONS] + (list(NEARNESS) if world.near else []),
        "sizes": [word.name for word in SIZES],
        "size": [trained.extent, trained.extent],
        "call": {**CALLS["diffusion"], "max_sequence_length": trained.tokens, "text_encoder_out_layers": layers},
        "edit_call": {**CALLS["diffusion"], "max_sequence_length": trained.edit_tokens,
                      "text_encoder_out_layers": layers},
        "inpaint": "edit",
        **{family: {"call": call, "edit_call": call, "inpaint": {"call": call}, **apart}
           for family, call in CALLS.items() if family != "diffusion"},
        "layout": {"levels": LEVELS, "format": "generators.world.layout_text"},
        "aspects": {thing: round(aspect(thing), 3) for thing in world.things},
        "grid": grid,
        "sides": {str(n): [min(steps) / grid, max(steps) / grid] for n, steps in GRID_SIDES[grid].items()},
        "size_sides": {"small": [0.25, 0.25], "big": [0.5, 0.5]},
        "held_out": sorted(list(pair) for pair in world.held_out),
    }
    if len(trained.frames) > 1:
        found["frames"] = sorted({size_of(frame, trained.extent) for frame in trained.frames})
    return found

# fmt: on


def write(of: str = "small", tokens: str = "", path: Path = PACK / "pack.json") -> None:
    """Writes the facts as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts(of, tokens), indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domain", choices=DOMAINS, default="small")
    parser.add_argument("--tokens", choices=DOMAINS, default="", help="of the token families, where it is another")
    args = parser.parse_args()
    write(args.domain, args.tokens)
