"""How a layout is told to models that read boxes."""

from __future__ import annotations

import json

from generators import grounding
from generators.api import Box, Region

LAYOUT = [Region("a red dog", Box(0.1, 0.2, 0.5, 1.2)), Region("a “blue” cat", Box(0.5, 0, 1, 0.25))]


def test_a_caption_is_one_line_of_json_with_boxes_by_rows_first() -> None:
    text = grounding.told("a dog and a cat", LAYOUT, "caption")["prompt"]
    said = json.loads(text)
    assert "\n" not in text and ": " not in text and "“blue”" in text
    assert list(said) == ["high_level_description", "compositional_deconstruction"]
    assert said["compositional_deconstruction"]["elements"] == [
        {"type": "obj", "bbox": [200, 100, 1000, 500], "desc": "a red dog"},
        {"type": "obj", "bbox": [0, 500, 250, 1000], "desc": "a “blue” cat"}]


def test_phrases_stand_beside_the_prompt() -> None:
    said = grounding.told("a dog and a cat", LAYOUT, "phrases")
    assert said == {"prompt": "a dog and a cat", "gligen_phrases": ["a red dog", "a “blue” cat"],
                    "gligen_boxes": [[0.1, 0.2, 0.5, 1.0], [0.5, 0, 1, 0.25]]}


def test_without_a_layout_the_words_stay_as_they_are() -> None:
    for way in ("none", "text", "caption", "phrases"):
        assert grounding.told("a dog", [], way) == {"prompt": "a dog"}
    assert grounding.told("a dog", LAYOUT[:1], "text")["prompt"].startswith("a dog ; a red dog <w")
