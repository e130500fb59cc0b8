"""The hybrid family: which models it may be made of, what each of the two is asked for, what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators import registry
from generators.api import Extent, ModelUnavailable, Preview, Progress, picture_id
from tests.generators.bench import draw, hole, loaded, photo, wish

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(checkpoint):
    return checkpoint("hybrid")


@pytest.fixture(scope="module")
def generator(folder):
    return loaded(folder)


def test_it_can_do_what_both_can(folder):
    model = registry.find(str(folder))
    assert model.family == "hybrid" and registry.installed(model)
    assert model.capabilities.names() == ["generate", "edit", "inpaint", "negative"]
    parts = [registry.find(part) for part in model.options["parts"]]
    assert [part.family for part in parts] == ["autoregressive", "diffusion"]
    assert model.memory_gb == pytest.approx(sum(part.memory_gb for part in parts), abs=0.002)


def test_the_refiner_draws_over_the_draft(generator, monkeypatch):
    """The draft is the first model's own picture; the less strength, the nearer the end stays to it."""
    seen = []
    run = generator._refiner.run
    monkeypatch.setattr(generator._refiner, "run", lambda request, pictures, *rest: seen.append((request, pictures))
                        or run(request, pictures, *rest))
    result = draw(generator, wish(steps=4, guidance=3.0, negative="blurry"))
    (request, pictures), = seen
    own = wish(model=generator._models[0].name)
    assert picture_id(pictures["draft"]) == picture_id(draw(generator._draft, own).image)
    assert (request.kind, request.strength, request.steps, request.negative) == ("refine", 0.5, 4, "blurry")
    assert result.image.size == (64, 64) and result.arithmetic["pipeline"] == "StableDiffusionImg2ImgPipeline"
    told = result.arithmetic
    assert len(told["weights"]) == 64 and told["weights"] not in (told["refiner"], told["draft"]["weights"])
    assert {"draft", "encode", "denoise", "decode"} <= set(result.seconds)

    def changed(strength):
        after = draw(generator, wish(steps=10, strength=strength)).image
        return sum(abs(a - b) for a, b in zip(after.tobytes(), pictures["draft"].tobytes(), strict=True))

    assert changed(0.1) < changed(1.0)


def test_the_same_request_is_the_same_picture_and_a_look_at_the_draft_comes_between(generator):
    events = []
    first = draw(generator, wish(steps=2), report=events.append)
    assert picture_id(first.image) == picture_id(draw(generator, wish(steps=2)).image)
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps) and steps[-1] == 100 and 50 in steps
    halfway = next(e.image for e in events if isinstance(e, Preview) and e.step == 50)
    assert picture_id(halfway) != picture_id(first.image)


def test_an_edit_is_the_refiners_own(generator):
    source, mask = photo(), hole((64, 64), (0, 0, 32, 32))
    request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask), steps=2)
    both, alone = (draw(part, request, source, mask).image for part in (generator, generator._refiner))
    assert picture_id(both) == picture_id(alone)


def made_of(folder: Path, **said) -> str:
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "Hybrid", **said}))
    return str(folder)


@pytest.mark.parametrize(("said", "sentence"), [
    ({"_draft": "draft"}, "no draft and refiner"),
    ({"_draft": "draft", "_refiner": "refiner", "_strength": 2}, "strength that is none"),
    ({"_draft": "draft", "_refiner": "draft"}, "refines none"),
    ({"_draft": "nothing-like-it", "_refiner": "refiner"}, "no model 'nothing-like-it'"),
])
def test_what_cannot_be_put_together_is_said(folder, tmp_path, said, sentence):
    said = {key: str(folder / value) if value in ("draft", "refiner") else value for key, value in said.items()}
    with pytest.raises(ModelUnavailable, match=sentence):
        registry.find(made_of(tmp_path / "made", **said))


def test_no_hybrid_of_hybrids(folder, tmp_path):
    own = tmp_path / "own"
    with pytest.raises(ModelUnavailable, match="hybrid itself"):
        registry.find(made_of(own, _draft=str(own), _refiner=str(folder / "refiner")))


def test_it_is_installed_when_both_are(folder, tmp_path):
    found = registry.find(made_of(tmp_path / "made", _draft=str(folder / "draft"), _refiner="sdxl"))
    assert not registry.installed(found) and found.options["strength"] == registry.HALF_NEW
    assert Extent(64, 64) not in found.capabilities.sizes
