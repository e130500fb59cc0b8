"""Interpolation under its own name; what a model enlarges to. The classes that enlarge: test_every_pipeline.py."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from generators import checking, registry, upscaling
from generators.api import Capabilities, Extent, Unsupported, picture_id
from generators.workshop import Workshop
from tests.generators.bench import photo, wish


def larger(source, width, height, model=upscaling.NAME):
    asked = wish(model=model, kind="upscale", sources=(picture_id(source),), size=Extent(width, height))
    return Workshop().draw(asked, {picture_id(source): source})


def test_interpolation_enlarges_and_says_what_it_is():
    source = photo(48, 32)
    drawn = larger(source, 192, 128)
    assert drawn.image.size == (192, 128) and "no detail added" in drawn.arithmetic["method"]
    back = np.asarray(drawn.image.resize((48, 32), Image.Resampling.BOX), int)
    assert np.abs(back - np.asarray(source, int)).mean() < 3, "the same picture"
    assert picture_id(drawn.image) == picture_id(larger(source, 192, 128).image)
    assert registry.describe(registry.find("lanczos"))["verified"] == "interpolation, no detail added"
    assert registry.find("lanczos").capabilities.names() == ["upscale"] and registry.installed(registry.find("lanczos"))


@pytest.mark.parametrize("size", [(480, 320), (24, 16), (192, 64)])
def test_what_is_no_enlargement_is_a_sentence(size):
    with pytest.raises(Unsupported, match="in its own shape"):
        larger(photo(48, 32), *size)


def test_what_does_not_enlarge_says_so():
    with pytest.raises(Unsupported, match="sketch cannot upscale"):
        larger(photo(), 128, 128, "sketch")
    with pytest.raises(Unsupported, match="lanczos cannot generate"):
        Workshop().draw(wish(model="lanczos"), {})


def test_interpolation_can_be_checked_as_a_model_is():
    with Workshop() as workshop:
        found = checking.check(workshop, "lanczos", lambda line: None)
    assert found["passed"] and found["capabilities"] == {"upscale": "ok"}


def test_the_catalogue_enlarges_two_and_four_times():
    assert {model.capabilities.upscale for model in registry.listed()} == {0, 2, 4}
    rows = {row["name"]: row for row in map(registry.describe, registry.listed())}
    assert rows["sd-x4-upscaler"]["upscale"] == 4 and rows["sd-x4-upscaler"]["capabilities"][0] == "upscale"


def test_a_side_that_is_rounded_is_the_same_shape():
    upscaling.need(wish(kind="upscale", size=Extent(201, 300)), photo(67, 100), Capabilities(upscale=4), "m")
