"""How a layout is told to a model that reads boxes.

    text      after the prompt, in the words of the pack's own models (`generators.world.layout_text`)
    caption   as a structured caption, Ideogram 4's native form (its "JSON prompting": boxes are top, left, bottom,
              right in thousandths of the picture)
    phrases   as phrases with boxes beside the prompt (GLIGEN, Li et al. 2023, arXiv 2301.07093)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from generators.api import Box, Region
from generators.world.layout_text import layout_text


def told(prompt: str, regions: Sequence[Region], way: str) -> dict[str, Any]:
    """The arguments that tell a pipeline its words and its layout, if there is one."""
    if way == "caption" and regions:
        return {"prompt": caption(prompt, regions)}
    if way == "phrases" and regions:
        return {"prompt": prompt, "gligen_phrases": [region.phrase for region in regions],
                "gligen_boxes": [list(region.box.clip()) for region in regions]}
    return {"prompt": layout_text(prompt, regions)}


def caption(prompt: str, regions: Sequence[Region]) -> str:
    """A structured caption on one line: the whole sentence, and each region as an object of its own."""
    elements = [{"type": "obj", "bbox": _thousandths(region.box.clip()), "desc": region.phrase} for region in regions]
    said = {"high_level_description": prompt,
            "compositional_deconstruction": {"background": prompt, "elements": elements}}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _thousandths(box: Box) -> list[int]:
    return [round(1000 * side) for side in (box.y0, box.x0, box.y1, box.x1)]
