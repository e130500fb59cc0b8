"""The suites' own files, and the scripts that wrote them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evals.data import (
    make_world_clarify,
    make_world_conversations,
    make_world_drift,
    make_world_edit,
    make_world_generate,
    make_world_layout,
    make_world_understand,
)
from evals.data.make_world_generate import FOLDER, LINKS, PACK, write
from evals.reading import json_lines

Made = Callable[[dict[str, Any]], Iterator[dict[str, Any]]]
WRITTEN: dict[str, Made] = {
    "world_generate": make_world_generate.items,
    "world_edit": make_world_edit.items,
    "world_inpaint": make_world_conversations.painted,
    "world_multiturn": make_world_conversations.conversations,
    "world_clarify": make_world_clarify.items,
    "world_layout": make_world_layout.items,
    "world_drift": make_world_drift.items,
    "world_understand": make_world_understand.items,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_script_writes_the_file_that_is_there(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_world_generate, "FOLDER", tmp_path)
    write(name, WRITTEN[name])
    assert json_lines(tmp_path / f"{name}.jsonl") == json_lines(FOLDER / f"{name}.jsonl")


def test_a_pack_that_knows_more_relations_is_asked_for_those_that_scorers_know() -> None:
    facts = json.loads(PACK.read_text())
    more = {**facts, "relations": ["between", *facts["relations"], "next to"]}
    lines = [line for item in make_world_generate.items(more) for line in item["truth"]["include"]]
    assert {line["position"][0] for line in lines if "position" in line} == set(LINKS)


def test_what_is_left_open_has_an_answer_and_what_is_clear_has_none() -> None:
    rows = [item["truth"] for item in json_lines(FOLDER / "world_clarify.jsonl")]
    assert {(truth["ambiguous"], bool(truth["answers"])) for truth in rows} == {(True, True), (False, False)}
    assert {slot for truth in rows for slot in truth["answers"]} == {"objects", "target"}
