"""Janus: transformers' own class, drawing and telling, with tiny random weights."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from generators import registry
from generators.api import Cancelled, Extent, ModelUnavailable, Progress, picture_id
from generators.workshop import Workshop
from tests.generators.bench import draw, loaded, never, photo, wish

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def janus(checkpoint: Any) -> Any:
    return loaded(checkpoint("janus"))


def test_a_folder_of_transformers_is_a_model_of_its_class(checkpoint: Any) -> None:
    model = registry.find(str(checkpoint("janus")))
    assert (model.family, model.options["run_by"]) == ("unified", "janus")
    assert model.capabilities.names() == ["generate", "describe"]
    assert model.capabilities.sizes == (Extent(384, 384),) and registry.installed(model)


def test_a_seed_draws_the_same_and_another_draws_another(janus: Any) -> None:
    torch.manual_seed(3)
    luck = torch.rand(1)
    torch.manual_seed(3)
    first = draw(janus, wish())
    assert torch.equal(torch.rand(1), luck), "the chance of others is not touched"
    assert first.image.size == (64, 64) and first.image.mode == "RGB"
    assert picture_id(draw(janus, wish()).image) == picture_id(first.image)
    assert picture_id(draw(janus, wish(seed=6)).image) != picture_id(first.image)
    assert picture_id(draw(janus, wish(prompt="two blue cat")).image) != picture_id(first.image)
    assert picture_id(draw(janus, wish(guidance=1.0)).image) != picture_id(first.image)
    assert first.arithmetic["call"]["guidance_scale"] == 5.0
    json.dumps(first.arithmetic)


def test_progress_is_told_and_a_stop_heeded_within_a_code(janus: Any) -> None:
    heard: list[Any] = []
    draw(janus, wish(), report=heard.append)
    assert [event for event in heard if isinstance(event, Progress)] == [Progress(n, 16) for n in range(1, 17)]
    asked: list[int] = []
    with pytest.raises(Cancelled, match="code 3 of 16"):
        draw(janus, wish(), stop=lambda: asked.append(1) or len(asked) > 3)
    assert draw(janus, wish()).image.size == (64, 64)


def test_it_tells_what_it_sees(janus: Any) -> None:
    said = janus.describe(photo(40, 30), never)
    assert isinstance(said, str) and said == janus.describe(photo(40, 30), never)
    assert isinstance(janus.answer(photo(40, 30), "how many dog", never), str)
    with pytest.raises(Cancelled):
        janus.answer(photo(40, 30), "a dog", lambda: True)


@pytest.mark.slow
def test_through_the_workshop(checkpoint: Any) -> None:
    name = str(checkpoint("janus"))
    with Workshop() as workshop:
        result = workshop.draw(wish(model=name), {})
        assert result.image.size == (64, 64)
        assert isinstance(workshop.tell(name, photo(40, 30)), str)


def test_a_model_that_draws_nothing_is_said_to(checkpoint: Any, tmp_path: Any) -> None:
    with pytest.raises(ModelUnavailable, match="is a Qwen3ForCausalLM, which draws no pictures here"):
        registry.find(str(checkpoint("chat")))
    other = shutil.copytree(checkpoint("janus"), tmp_path / "half")
    (other / "config.json").write_text('{"architectures": []}')
    with pytest.raises(ModelUnavailable, match=r"no readable config\.json"):
        registry.find(str(other))
