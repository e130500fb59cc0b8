"""A local chat model: reading calls out of text, and a tiny real one behind the worker's interface."""

from __future__ import annotations

import json

import pytest

from generators import chat
from generators.api import Cancelled, GeneratorError, ModelUnavailable, Unsupported
from generators.workshop import Workshop

NAMES = ["generate", "ask"]
TOOLS = [{"type": "function", "function": {"name": name, "description": "", "parameters": {"type": "object"}}}
         for name in NAMES]


@pytest.mark.parametrize(
    ("text", "content", "calls"),
    [
        ("Hello.", "Hello.", []),
        ("", "", []),
        ('<tool_call>\n{"name": "generate", "arguments": {"prompt": "a dog"}}\n</tool_call>', "",
         [("generate", {"prompt": "a dog"})]),
        ('I will.\n<tool_call>{"name": "ask", "arguments": {}}</tool_call>', "I will.", [("ask", {})]),
        ('<tool_call>{"name": "a", "arguments": {}}</tool_call><tool_call>{"name": "b", "arguments": {}}</tool_call>',
         "", [("a", {}), ("b", {})]),
        ('<tool_call>{"name": "generate", "arguments": {"x": 1}}', "", [("generate", {"x": 1})]),
        ('<think>hm {"name": "ask"}</think>\n{"name": "generate", "arguments": {"x": 1}}', "",
         [("generate", {"x": 1})]),
        ('{"name": "generate", "parameters": {"x": [1, 2]}}', "", [("generate", {"x": [1, 2]})]),
        ('```json\n{"name": "generate", "arguments": {"x": 1}}\n```', "", [("generate", {"x": 1})]),
        ('[{"name": "ask", "arguments": {}}, {"name": "generate", "arguments": {}}]', "",
         [("ask", {}), ("generate", {})]),
        ('{"name": "somebody", "age": 3}', '{"name": "somebody", "age": 3}', []),
        ('{"answer": 42}', '{"answer": 42}', []),
        ("<think>for ever", "", []),
    ],
)
def test_calls_in_text(text, content, calls):
    found_content, found = chat.parse(text, NAMES)
    assert found_content == content
    assert [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in found] == calls
    assert all(c["type"] == "function" for c in found) and len({c["id"] for c in found}) == len(found)


def test_broken_arguments_are_passed_on_for_repair():
    _, (call,) = chat.parse('<tool_call>{"name": "generate", "arguments": {"prompt": "a dog}</tool_call>', NAMES)
    assert call["function"]["name"] == "generate"
    assert "a dog" in call["function"]["arguments"]
    with pytest.raises(ValueError):
        json.loads(call["function"]["arguments"])


@pytest.mark.parametrize("text", ["<tool_call>", "<tool_call>{}</tool_call>", "[" * 100_000, '{"name": NaN}', "\0"])
def test_nonsense_is_words(text):
    content, calls = chat.parse(text, NAMES)
    assert calls == [] and isinstance(content, str)


@pytest.fixture(scope="module")
def model(checkpoint):
    made = chat.Chat(f"hf:{checkpoint('chat')}")
    made.load()
    return made


def complete(model, *messages, tools=TOOLS, max_tokens=8, stop=lambda: False):
    return model.complete(list(messages), tools, max_tokens, stop)


def test_a_tiny_model_answers_the_same_every_time(model):
    first = complete(model, {"role": "user", "content": "a red dog"})
    assert first == complete(model, {"role": "user", "content": "a red dog"})
    assert set(first) == {"content", "tool_calls", "usage"}
    assert first["usage"]["prompt_tokens"] == 6, "two tools, the role, three words"
    assert 0 < first["usage"]["completion_tokens"] <= 8


def test_calls_and_parts_in_the_conversation_reach_the_template(model):
    plain = complete(model, {"role": "user", "content": "red"}, tools=[])
    call = {"id": "1", "type": "function", "function": {"name": "ask", "arguments": '{"what": "red dog cat"}'}}
    longer = complete(model, {"role": "user", "content": [{"type": "text", "text": "red"}]},
                      {"role": "assistant", "content": None, "tool_calls": [call]}, tools=[])
    assert longer["usage"]["prompt_tokens"] == plain["usage"]["prompt_tokens"] + 4


def test_it_stops_when_asked(model):
    asked = []
    with pytest.raises(Cancelled):
        complete(model, {"role": "user", "content": "a dog"}, max_tokens=200,
                 stop=lambda: len(asked) > 3 or bool(asked.append(1)))
    assert len(asked) < 10


def test_a_conversation_that_is_too_long_is_refused_with_numbers(model):
    with pytest.raises(Unsupported, match="512"):
        complete(model, {"role": "user", "content": "dog " * 600})


def test_a_template_that_fails_is_a_sentence(model, monkeypatch):
    monkeypatch.setattr(model._tokenizer, "chat_template", "{{ raise_exception('only users') }}")
    with pytest.raises(GeneratorError, match=r"does not take this conversation: .*only users"):
        complete(model, {"role": "user", "content": "a dog"})


def test_a_model_without_a_template_cannot_plan(checkpoint, tmp_path):
    import shutil

    folder = shutil.copytree(checkpoint("chat"), tmp_path / "bare")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="chat template"):
        chat.Chat(str(folder)).load()


@pytest.mark.parametrize("source", ["somebody/some-chat", "/nowhere/at/all"])
def test_a_missing_model_is_named(source):
    with pytest.raises(ModelUnavailable, match=source):
        chat.Chat(source).load()


def test_through_the_workshop(checkpoint):
    folder = str(checkpoint("chat"))
    with Workshop() as workshop:
        answer = workshop.chat(folder, [{"role": "user", "content": "a red dog"}], TOOLS, max_tokens=4)
        assert answer["usage"]["completion_tokens"] <= 4
        with pytest.raises(ModelUnavailable):
            workshop.chat("somebody/some-chat", [], [])


def test_the_shape_is_plain_data(model):
    json.dumps(complete(model, {"role": "user", "content": "a red dog"}))
