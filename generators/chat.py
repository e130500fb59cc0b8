"""A local chat model with tools: a folder or a cached hub id, through transformers' own classes and chat template.

Answers greedily, so that the same conversation gets the same answer; a model that writes its calls in the usual way is
held to valid ones (`generators.valid_calls`). Safetensors only; no code of the model's own.
Knows nothing of what the tools do: it turns text into calls in the shape of OpenAI's chat completions.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from generators import hardware, weights
from generators.api import Cancelled, GeneratorError, ModelUnavailable, Stop, Unsupported
from generators.local import first_line
from generators.valid_calls import Guide

_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|(?=<tool_call>)|$)", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_FENCED = re.compile(r"^```(?:json)?\s*(.*?)\s*```$", re.DOTALL)
_NAME = re.compile(r'"name"\s*:\s*"([^"]{1,64})"')


class Chat:
    """One chat model. `source` is a folder or a hub id, with or without "hf:" before it."""

    def __init__(self, source: str) -> None:
        self.source = source.removeprefix("hf:")
        self._model: Any = None
        self._tokenizer: Any = None
        self._guide: Guide | None = None

    def load(self) -> None:
        """Reads tokenizer and weights. Raises `ModelUnavailable`."""
        folder = weights.locate(self.source)
        weights.check(folder)
        plan = hardware.plan()
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True,
                                                         dtype=plan.dtype)
        except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
            raise ModelUnavailable(f"{self.source} cannot be loaded as a chat model: {first_line(error)}") from error
        if not getattr(self._tokenizer, "chat_template", None):
            raise ModelUnavailable(f"{self.source} has no chat template, so it cannot plan; use an instruct model.")
        weights.check_finite([("model", model)])
        self._model = model.to(plan.device).eval()
        if Guide.fits(self._tokenizer):
            self._guide = Guide(self._tokenizer, model.config.vocab_size, self._ends())

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], max_tokens: int, stop: Stop
                 ) -> dict[str, Any]:
        """One answer: {"content", "tool_calls", "usage"}. Raises `Cancelled`, `Unsupported`.

        At most `max_tokens` long, or as long as the model's own generation_config.json allows (`max_new_tokens`).
        """
        import torch

        max_tokens = min(max_tokens, self._model.generation_config.max_new_tokens or max_tokens)
        inputs = self._encode(messages, tools)
        length = inputs["input_ids"].shape[1]
        self._check_length(length, max_tokens)
        guided = self._guide.processors(tools, length) if self._guide else []
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=max_tokens, do_sample=False, temperature=None,
                                          top_p=None, top_k=None, stopping_criteria=_polling(stop),
                                          logits_processor=guided, pad_token_id=self._pad())
        if stop():
            raise Cancelled("Stopped while the planner was answering.")
        new = output[0, length:]
        text = self._tokenizer.decode(new, skip_special_tokens=True)
        content, calls = parse(text, [tool["function"]["name"] for tool in tools])
        usage = {"prompt_tokens": length, "completion_tokens": len(new), "total_tokens": length + len(new)}
        return {"content": content, "tool_calls": calls, "usage": usage}

    def _encode(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        try:
            encoded = self._tokenizer.apply_chat_template(
                [_plain(message) for message in messages], tools=tools or None, add_generation_prompt=True,
                enable_thinking=False, return_dict=True, return_tensors="pt")
        except Exception as error:  # templates are programs: jinja2's own errors, and whatever they raise
            raise GeneratorError(f"{self.source} does not take this conversation: {first_line(error)}") from error
        kept = {name: encoded[name] for name in ("input_ids", "attention_mask")}
        return {name: tensor.to(self._model.device) for name, tensor in kept.items()}

    def _check_length(self, length: int, max_tokens: int) -> None:
        most = getattr(self._model.config, "max_position_embeddings", None)
        if most and length + max_tokens > most:
            raise Unsupported(f"The conversation has grown to {length} tokens and {self.source} reads {most}, with "
                              f"{max_tokens} kept for the answer; start a new session.")

    def _ends(self) -> list[int]:
        ends = self._model.generation_config.eos_token_id or self._tokenizer.eos_token_id
        return ends if isinstance(ends, list) else [ends]

    def _pad(self) -> int | None:
        pad, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        return pad if pad is not None else end


def parse(text: str, names: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Splits an answer into words and calls (OpenAI's shape, arguments as a JSON string).

    Reads `<tool_call>{…}</tool_call>` (Hermes, Qwen), and an answer that is nothing but JSON with the name of one
    of our tools (Llama, Mistral). Arguments that are no JSON are passed on as they are: whoever asked may say so
    to the model. Never raises.
    """
    text = _THOUGHT.sub("", text).strip()
    found = [(match.group(0), _call(match.group(1))) for match in _TAGGED.finditer(text)]
    if found:
        content = text
        for whole, call in found:
            content = content.replace(whole, "", 1) if call else content
        return content.strip(), _numbered([call for _, call in found if call])
    bare = list(_bare(_FENCED.sub(r"\1", text), names))
    return ("", _numbered(bare)) if bare else (text, [])


def _bare(text: str, names: list[str]) -> Iterator[tuple[str, str]]:
    value = _json(text)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and item.get("name") in names:
            yield _of(item)


def _call(text: str) -> tuple[str, str] | None:
    """Name and arguments (JSON, or what was there instead) of one tagged call; None where there is not even a name."""
    value = _json(text)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return _of(value)
    named = _NAME.search(text)
    return (named.group(1), text.strip()) if named else None


def _of(value: Mapping[str, Any]) -> tuple[str, str]:
    arguments = value.get("arguments", value.get("parameters", {}))
    return str(value["name"]), arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _numbered(calls: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"id": "call_" + hashlib.sha256(f"{index}:{name}:{arguments}".encode()).hexdigest()[:12],
             "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(calls)]


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as chat templates take it: text content, call arguments as data instead of as a string."""
    made = {key: value for key, value in message.items() if value is not None} | {"content": _text(message)}
    if made.get("tool_calls"):
        made["tool_calls"] = [_plain_call(call) for call in made["tool_calls"]]
    return made


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _plain_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments", {})
    data = _json(arguments) if isinstance(arguments, str) else arguments
    return {**call, "function": {"name": function["name"], "arguments": arguments if data is None else data}}


def _polling(stop: Stop) -> Any:
    """A stopping criterion that ends the answer as soon as somebody asks to stop."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Polled(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((input_ids.shape[0],), stop(), dtype=torch.bool, device=input_ids.device)

    return StoppingCriteriaList([Polled()])
