"""Only valid calls can be written: what the grammar lets through, token by token."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace
from typing import Any

import pytest

from generators.valid_calls import Guide

TOOLS = [
    {"type": "function", "function": {"name": "undo", "parameters": {
        "type": "object", "properties": {"steps": {"type": "integer", "minimum": 1}}, "additionalProperties": False}}},
    {"type": "function", "function": {"name": "paint", "parameters": {
        "type": "object", "properties": {"colour": {"anyOf": [{"type": "string", "maxLength": 8}, {"type": "null"}]},
                                         "where": {"enum": ["left", "right"]}},
        "required": ["where"], "additionalProperties": False}}},
]  # fmt: skip
TEXTS = ['Yes. <tool_call>{"name":"paint","arguments":{"colour":"red","where":"left"}}</tool_call>'] * 50
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}<tool_call>"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(TEXTS, trainers.BpeTrainer(
        vocab_size=400, special_tokens=["</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.add_tokens([AddedToken(tag, special=False) for tag in ("<tool_call>", "</tool_call>")])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>")
    wrapped.chat_template = TEMPLATE
    return wrapped


@pytest.fixture(scope="module")
def guide(tokenizer: Any) -> Guide:
    return Guide(tokenizer, len(tokenizer), [tokenizer.eos_token_id])


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("Hello.", True),
        ("", True),
        ('<tool_call>{"name":"undo","arguments":{}}</tool_call>', True),
        ('Well. <tool_call>\n{"name": "undo", "arguments": {"steps": 2}}\n</tool_call>\nDone.', True),
        ('<tool_call>{"name":"paint","arguments":{"colour":null,"where":"left"}}</tool_call>'
         '<tool_call>{"name":"undo","arguments":{"steps":1}}</tool_call>', True),
        ("<tool_call>undo</tool_call>", False),
        ('<tool_call>{"name":"rm","arguments":{}}</tool_call>', False),
        ('<tool_call>{"name":"undo"}</tool_call>', False),
        ('<tool_call>{"name":"undo","arguments":{"steps":0}}</tool_call>', False),
        ('<tool_call>{"name":"undo","arguments":{"path":"/etc/passwd"}}</tool_call>', False),
        ('<tool_call>{"name":"paint","arguments":{"where":"up"}}</tool_call>', False),
        ('<tool_call>{"name":"paint","arguments":{"colour":"red"}}</tool_call>', False),
        ('<tool_call>{"name":"undo","arguments":{}}', False),
        ("</tool_call>", False),
    ],
)
def test_what_may_be_said(guide: Guide, tokenizer: Any, text: str, valid: bool) -> None:
    ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
    assert (guide.matcher(TOOLS).try_consume_tokens(ids) == len(ids)) is valid


def test_chance_itself_writes_valid_calls(guide: Guide, tokenizer: Any) -> None:
    """Any token that is allowed may be taken: what comes out between the tags is a call that fits."""
    import torch

    rng, calls = random.Random(4), []
    opening = tokenizer.convert_tokens_to_ids("<tool_call>")
    for _ in range(40):
        ids = [5, 6, 7]
        (processor,) = guide.processors(TOOLS, len(ids))
        for step in range(80):
            scores = processor(torch.tensor([ids]), torch.zeros(1, len(tokenizer)))[0]
            allowed = torch.isfinite(scores).nonzero().flatten().tolist()
            ids.append(opening if step == 0 else rng.choice(allowed))
            if ids[-1] == tokenizer.convert_tokens_to_ids("</tool_call>"):
                calls.append(json.loads(tokenizer.decode(ids[4:-1])))
                break
    assert len(calls) > 5 and {call["name"] for call in calls} == {"undo", "paint"}
    for call in calls:
        given = call["arguments"]
        if call["name"] == "undo":
            assert set(given) <= {"steps"} and given.get("steps", 1) >= 1
        else:
            assert given["where"] in ("left", "right") and len(given.get("colour") or "") <= 8


def test_without_tools_or_with_strange_ones_nothing_is_held_back(guide: Guide) -> None:
    assert guide.processors([], 3) == []
    strange = [{"function": {"name": "x", "parameters": {"type": "object", "properties": {"a": {"not": {}}}}}}]
    assert len(guide.processors(strange, 3)) in (0, 1)


@pytest.mark.parametrize(
    ("template", "tags", "fits"),
    [
        (TEMPLATE, True, True),
        (TEMPLATE, False, False),
        ("{{ messages }}", True, False),
        ("<tool_call><function=name>", True, False),
        (None, True, False),
    ],
)
def test_which_models_are_held_to_it(template: str | None, tags: bool, fits: bool) -> None:
    known = {"<tool_call>": 1, "</tool_call>": 2} if tags else {}
    assert Guide.fits(SimpleNamespace(chat_template=template, is_fast=True, get_vocab=lambda: known)) is fits
