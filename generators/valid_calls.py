"""Keeps a chat model's tool calls valid while it writes them: which tokens may come next, worked out by llguidance.

For models that write `<tool_call>{"name": …, "arguments": …}</tool_call>` (Hermes, Qwen, the pack's planner) and have a
token of its own for either tag. Between the tags nothing is possible but a call of a tool that is offered, with
arguments that fit its JSON schema; around them any words. Other models write as they like, and are read by
`generators.chat.parse`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

TAGS = ("<tool_call>", "</tool_call>")
_OTHERS = ("<function=", "<arg_key>")  # the same tags around something that is no JSON
_MOST_KEPT = 8


def grammar(tools: Sequence[Mapping[str, Any]], opening: int, closing: int) -> str:
    """What may be said, in llguidance's Lark; the tags by their tokens, the tools as chat completions have them."""
    calls = json.dumps({"anyOf": [_call(tool["function"]) for tool in tools]})
    return (f"%llguidance {{}}\nstart: (WORDS <[{opening}]> SPACE? call SPACE? <[{closing}]>)* WORDS\n"
            f"call: %json {calls}\nSPACE: /[ \\n]+/\nWORDS: /(.|\\n)*/\n")


def _call(function: Mapping[str, Any]) -> dict[str, Any]:
    arguments = function.get("parameters") or {"type": "object"}
    return {"type": "object", "properties": {"name": {"const": function["name"]}, "arguments": arguments},
            "required": ["name", "arguments"], "additionalProperties": False}


class Guide:
    """The grammar's view of one tokenizer. `ends` are the tokens that end an answer."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: list[int]) -> None:
        import llguidance.hf

        self._tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=max(vocabulary, len(tokenizer)), eos_token=ends)
        self._tags = [tokenizer.convert_tokens_to_ids(tag) for tag in TAGS]
        self._kept: dict[str, Any] = {}

    @staticmethod
    def fits(tokenizer: Any) -> bool:
        """Whether a model of this tokenizer writes such calls, one token for each tag."""
        template = str(getattr(tokenizer, "chat_template", None) or "")
        known = tokenizer.get_vocab() if TAGS[0] in template and not any(o in template for o in _OTHERS) else {}
        return bool(getattr(tokenizer, "is_fast", False)) and all(tag in known for tag in TAGS)

    def matcher(self, tools: Sequence[Mapping[str, Any]]) -> Any:
        """A fresh matcher; None where a schema says something that the grammar cannot hold a model to."""
        import llguidance

        rules = grammar(tools, *self._tags)
        if rules not in self._kept:
            while len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            made = llguidance.LLMatcher(self._tokens, rules, log_level=0)
            self._kept[rules] = None if made.is_error() else made
        kept = self._kept[rules]
        return kept.deep_copy() if kept is not None else None

    def processors(self, tools: Sequence[Mapping[str, Any]], prompt: int) -> list[Any]:
        """For transformers' `generate` on one row: masks what may not come next, from position `prompt` on."""
        matcher = self.matcher(tools) if tools else None
        return [_processor(matcher, prompt)] if matcher is not None else []


def _processor(matcher: Any, prompt: int) -> Any:
    import numpy as np
    import torch
    from transformers import LogitsProcessor

    class OnlyValidCalls(LogitsProcessor):
        def __init__(self) -> None:
            self.seen = prompt

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            matcher.consume_tokens(input_ids[0, self.seen:].tolist())
            self.seen = input_ids.shape[1]
            if matcher.is_error() or matcher.is_stopped():
                return scores
            bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            allowed = torch.zeros(scores.shape[-1], dtype=torch.bool)
            fits = np.unpackbits(bits, bitorder="little")[: scores.shape[-1]].astype(bool)
            allowed[: len(fits)] = torch.from_numpy(fits)
            return scores.masked_fill(~allowed.to(scores.device), float("-inf"))

    return OnlyValidCalls()
