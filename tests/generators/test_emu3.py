"""Emu3: transformers' own class, drawing in rows of codes and answering, with tiny random weights."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from generators import registry
from generators.api import Cancelled, Extent, Progress, Unsupported, picture_id
from generators.workshop import Workshop
from tests.generators.bench import draw, loaded, never, photo, wish

torch = pytest.importorskip("torch")

ROWS, COLUMNS = 3, 5
SMALL = Extent(8 * COLUMNS, 8 * ROWS)


@pytest.fixture(scope="module")
def emu3(checkpoint: Any) -> Any:
    return loaded(checkpoint("emu3"))


def small(**more: Any) -> Any:
    return wish(size=SMALL, **more)


def test_the_one_draws_and_the_other_tells(checkpoint: Any) -> None:
    model = registry.find(str(checkpoint("emu3")))
    assert (model.family, model.options["run_by"]) == ("unified", "emu3") and registry.installed(model)
    assert model.capabilities == registry.find("emu3-gen").capabilities
    assert model.capabilities.names() == ["generate", "negative"]
    assert registry.find("emu3-chat").capabilities.names() == ["describe"]


def test_its_sizes_are_whole_codes_of_about_the_area_that_it_learnt() -> None:
    sizes = registry.find("emu3-gen").capabilities.sizes
    assert sizes[0] == Extent(720, 720) and len({width / height for width, height in sizes}) > 4
    assert all(width % 8 == height % 8 == 0 for width, height in sizes)
    assert all(math.isclose(width * height, 720**2, rel_tol=0.03) for width, height in sizes)


def test_seed_words_and_guidance_decide(emu3: Any) -> None:
    torch.manual_seed(3)
    luck = torch.rand(1)
    torch.manual_seed(3)
    first = draw(emu3, small())
    assert torch.equal(torch.rand(1), luck), "the chance of others is not touched"
    assert first.image.size == SMALL and first.image.mode == "RGB"
    assert picture_id(draw(emu3, small()).image) == picture_id(first.image)
    others = [small(seed=6), small(prompt="two blue cat"), small(guidance=1.0), small(negative="green circle")]
    assert len({picture_id(draw(emu3, other).image) for other in others} | {picture_id(first.image)}) == 5
    assert first.arithmetic["call"] == {"guidance_scale": 3.0, "temperature": 1.0, "top_k": 2048, "negative_prompt": ""}
    json.dumps(first.arithmetic)


def test_without_guidance_what_is_not_wanted_is_not_read(emu3: Any) -> None:
    plain, half = (draw(emu3, small(guidance=guidance)) for guidance in (1.0, 0.5))
    other = draw(emu3, small(guidance=1.0, negative="green circle"))
    assert picture_id(plain.image) == picture_id(half.image) == picture_id(other.image)
    assert other.arithmetic["call"]["negative_prompt"] == "green circle"


def test_it_draws_what_the_library_documents(emu3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop of the model's own page, with every closing mark drawn, gives the same codes."""
    net, reads, codes = emu3._net, emu3._reads, []
    decode = net.decode_image_tokens
    monkeypatch.setattr(net, "decode_image_tokens", lambda **more: codes.append(more["image_tokens"]) or decode(**more))
    draw(emu3, small(negative="green circle"))
    given, other = (emu3._asked(text, SMALL) for text in ("a red dog", "green circle"))
    assert given.pop("image_sizes") == [[ROWS, COLUMNS]]
    words, start = reads.tokenizer, given["input_ids"].shape[1]
    ends = words.convert_tokens_to_ids(["<|extra_200|>", "<|extra_201|>", "<|image end|>", "</s>"])

    def allowed(batch: int, ids: Any) -> list[int]:
        offset = len(ids) - start + 1
        last = (COLUMNS + 1) * ROWS
        if offset > last:
            return [ends[offset - last]]
        return [ends[0]] if offset % (COLUMNS + 1) == 0 else net.vocabulary_mapping.image_tokens

    torch.manual_seed(5)
    drawn = net.generate(**given, do_sample=True, top_k=2048, max_new_tokens=1000, prefix_allowed_tokens_fn=allowed,
                         guidance_scale=3.0, negative_prompt_ids=other["input_ids"])[0, start:]
    assert drawn.tolist()[-4:] == ends and len(drawn) == (COLUMNS + 1) * ROWS + 3
    assert drawn.tolist()[:-4] == codes[0][0].tolist()[:-4]


def test_progress_is_told_by_rows_and_a_stop_heeded_within_a_code(emu3: Any) -> None:
    heard: list[Any] = []
    draw(emu3, small(), report=heard.append)
    assert [event for event in heard if isinstance(event, Progress)] == [Progress(n, 17) for n in (6, 12, 17)]
    asked: list[int] = []
    with pytest.raises(Cancelled, match="code 3 of 17"):
        draw(emu3, small(), stop=lambda: asked.append(1) or len(asked) > 3)
    assert draw(emu3, small()).image.size == SMALL


def test_it_tells_what_it_sees(emu3: Any) -> None:
    said = emu3.describe(photo(40, 30), never)
    assert said and said == emu3.describe(photo(40, 30), never)
    assert emu3.answer(photo(40, 30, seed=2), "two dog", never) != emu3.answer(photo(40, 30), "two dog", never)
    assert isinstance(emu3.answer(photo(40, 30), "is <image> a dog", never), str), "no picture is meant by words"
    with pytest.raises(Cancelled):
        emu3.answer(photo(40, 30), "a dog", lambda: True)


@pytest.mark.slow
def test_through_the_workshop_each_does_what_it_learnt(checkpoint: Any) -> None:
    source = str(checkpoint("emu3"))
    gen, chat = (replace(registry.find(name), source=source) for name in ("emu3-gen", "emu3-chat"))
    small = replace(gen.capabilities, sizes=(SMALL,))
    with Workshop([replace(gen, capabilities=small), chat], threads=1) as workshop:
        drawn = workshop.draw(wish(model="emu3-gen", size=SMALL), {})
        assert drawn.image.size == SMALL and "lowres" in drawn.arithmetic["call"]["negative_prompt"]
        assert isinstance(workshop.tell("emu3-chat", photo(40, 30)), str)
        with pytest.raises(Unsupported, match=r"emu3-gen cannot describe pictures.*emu3-chat"):
            workshop.tell("emu3-gen", photo(40, 30))
        with pytest.raises(Unsupported, match=r"emu3-chat cannot generate.*emu3-gen"):
            workshop.draw(wish(model="emu3-chat", size=SMALL), {})
