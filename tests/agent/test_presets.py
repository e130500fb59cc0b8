"""Style presets: which come with a model, reading and importing them, and what they do to a new picture."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent import presets
from agent.api import BadInput, Options, Preset, ToolCall, Turn
from agent.presets import FILE, MOST, Presets, built_in, imported, in_brief, in_call, in_prompt
from agent.settings import Settings
from agent.studio import Studio
from generators import sketch
from generators.api import World
from tools.api import Brief, BriefObject, Wishes

ABLE = sketch.model().capabilities
SMALL = dataclasses.replace(ABLE, world=World(objects=("dog",), backgrounds=("beach", "night"), colours=("red",),
                                              styles=("flat", "watercolour"), counts=4))
OPEN = dataclasses.replace(ABLE, world=None, negative=True)
NIGHT = Preset(name="At night", prompt="{prompt} at night")
OIL = Preset(name="Oil", prompt="an oil painting of {prompt}, thick paint", negative="photo")
DOG = Brief(objects=[BriefObject(id="dog", name="dog")])


def test_a_model_of_a_world_offers_what_that_declares():
    assert [one.name for one in built_in(SMALL)] == ["In watercolour style", "At night"]
    for one in built_in(SMALL):
        assert in_brief(DOG, one, SMALL) != DOG, "and each does something"
    opened = built_in(OPEN)
    assert len(opened) >= 5 and all(one.prompt.startswith("{prompt}, ") for one in opened)


def test_a_preset_fills_what_the_request_leaves_open_and_says_so():
    brief = in_brief(DOG, NIGHT, SMALL)
    assert brief.background == "night" and brief.assumed == ["background: night (preset At night)"]
    said = DOG.model_copy(update={"background": "beach"})
    assert in_brief(said, NIGHT, SMALL) == said, "what is said comes first"
    unknown = Preset(name="Space", prompt="{prompt} in space")
    assert in_brief(DOG, unknown, SMALL) == DOG == in_brief(DOG, OIL, SMALL), "nobody asked for what it has not learnt"
    assert in_brief(DOG, OIL, OPEN).style == "an oil painting of …, thick paint"


def test_a_model_that_takes_any_words_gets_them_in_its_prompt_once():
    call = ToolCall(id="1", name="generate", arguments={"prompt": "a dog", "seed": 7})
    prompt = in_call(call, OIL, DOG, OPEN).arguments
    assert prompt == {"prompt": "an oil painting of a dog, thick paint", "seed": 7}
    assert in_call(call, NIGHT, DOG, SMALL) == call, "a model of a world reads the Brief"
    assert in_call(call, OIL, in_brief(DOG, OIL, OPEN), OPEN).arguments == prompt
    assert in_call(call, OIL, DOG.model_copy(update={"style": "charcoal"}), OPEN) == call, "what is said comes first"
    edit = ToolCall(id="1", name="edit", arguments={"instruction": "make it red"})
    assert in_call(edit, OIL, DOG, OPEN) == edit
    assert in_prompt(NIGHT, in_prompt(NIGHT, "a dog")) == "a dog at night"
    assert in_prompt(Preset(name="x", prompt="in ink"), "a dog") == "a dog, in ink"
    assert in_prompt(Preset(name="x", prompt="{prompt}"), "a dog") == "a dog"
    assert presets.with_negative(Wishes(negative="fog"), OIL).negative == "fog, photo"
    assert presets.with_negative(Wishes(), NIGHT) == presets.with_negative(Wishes(), None) == Wishes()


@pytest.mark.parametrize("data", [
    pytest.param('name,prompt,negative_prompt\nOil,"an oil painting of {prompt}, thick paint",photo\n', id="csv"),
    pytest.param('\ufeffname,positive_prompt,negative_prompt\r\nOil,"an oil painting of {prompt}, thick paint",photo',
                 id="csv of a spreadsheet"),
    pytest.param(json.dumps([{"name": "Oil", "prompt": OIL.prompt, "negative_prompt": "photo"}]), id="json"),
    pytest.param(json.dumps([{"name": "Oil", "type": "user", "preset_data": {
        "positive_prompt": OIL.prompt, "negative_prompt": "photo"}}]), id="json of its server"),
])  # fmt: skip
def test_what_invokeai_exports_is_read(data):
    assert imported(data) == [OIL]


@pytest.mark.parametrize("data", ["", "hello", "[]", "{", "[1, 2]", "a,b\n1,2", '[{"name": ""}]', "[" * 5000,
                                  "name,prompt\n" + "x" * 100 + ",y", "name\n" + "x," * 600_000, "\x00"])  # fmt: skip
def test_what_is_none_is_one_sentence(data):
    with pytest.raises(BadInput, match=r"presets"):
        imported(data)


def test_the_file_is_read_written_and_mended_by_hand(tmp_path: Path):
    odd = Preset(name='A "quoted" \\ näme', prompt="{prompt}\nin\t💧 \x7f ink")
    kept = Presets(tmp_path)
    assert kept.all() == []
    kept.add([NIGHT, odd])
    kept.add([OIL, NIGHT.model_copy(update={"prompt": "{prompt} by night"})])
    assert [one.name for one in kept.all()] == ["At night", odd.name, "Oil"] and kept.all()[1] == odd
    assert kept.all()[0].prompt == "{prompt} by night"
    text = (tmp_path / FILE).read_text()
    assert '[[preset]]\nname = "Oil"\n' in text
    (tmp_path / FILE).write_text(text + "\nname = = 3\n")
    assert kept.all() == []
    with pytest.raises(BadInput, match="mend or delete"):
        kept.add([OIL])
    assert (tmp_path / FILE).read_text().endswith("= 3\n"), "left alone"
    (tmp_path / FILE).unlink()
    with pytest.raises(BadInput, match="too many"):
        kept.add([Preset(name=str(n), prompt="x") for n in range(MOST + 1)])


@pytest.mark.shared_worker
def test_a_new_picture_has_it_and_a_change_goes_without(sketch_workshop: Any, tmp_path: Path) -> None:
    studio = Studio(Settings(data=tmp_path, generator="sketch", repairs=0), sketch_workshop)
    session = studio.new_session()

    def say(text: str) -> Any:
        outcome = studio.turn(session, Turn(id=uuid4().hex, text=text), Options(preset=NIGHT))
        return studio.store.record(outcome.images[0].id)

    drawn = say("a red apple")
    assert "at night" in drawn.request.prompt and drawn.brief.background == "night"
    assert "background: night (preset At night)" in drawn.brief.assumed
    changed = say("put it on a beach")
    assert changed.brief.background == "beach"
    assert studio.add_presets('[{"name": "Oil", "prompt": "{prompt} in oil"}]') == studio.presets()
    assert {"name": "At night", "prompt": "{prompt} at night", "negative": ""} in \
        studio.choices()["models"]["sketch"]["presets"]
    studio.close()
