"""Calls as the various servers and models write them, where they do not come as chat completions have it.

    in the content, as JSON       a bare object or list, in a fence, in {"tool_calls": […]}, {"function": {…}}, after
                                  Mistral's [TOOL_CALLS] or Llama's <|python_tag|>
    in the content, as tags       <tool_call>{…}</tool_call> (Hermes, Qwen), <function=NAME>{…}</function> (Llama),
                                  <function=NAME><parameter=KEY>…</parameter></function> (Qwen-Coder),
                                  <invoke name="NAME"><parameter name="KEY">…</parameter></invoke>,
                                  <|tool▁call▁begin|>function<|tool▁sep|>NAME and a fenced object (DeepSeek)
    thoughts                      <think>…</think>, <thinking>, <reasoning>, also without their beginning: left out

Only the names of tools that are offered make a call; anything else stays what it is, words. What is mended in arguments
is what can mean one thing only: a fence around them, a comma before a closing bracket, and JSON that was put into a
string. The rest is told to the planner (`agent.parsing`). Pure, never raises, and takes time in proportion to the
length, whatever is written: no pattern looks twice for an end that is not there.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from agent.parsing import MAX_CHARACTERS, parse_arguments

MAX_CALLS = 16
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning|reflection)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"\A.*?</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*+[ \t]*+\n?(.*?)```", re.DOTALL)
_TAGGED = re.compile(
    r"<(tool_call|tool_calls|function_call|function_calls|tool_use|tools?)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_FUNCTION = re.compile(
    r"<function[=\s](?:name=)?[\"']?([\w.-]+)[\"']?\s*>(.*?)(?:</function>|(?=<function[=\s])|\Z)", re.DOTALL)
_INVOKE = re.compile(r"<(?:\w+:)?invoke name=[\"']([\w.-]+)[\"']>(.*?)(?:</(?:\w+:)?invoke>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<(?:\w+:)?parameter(?:=| name=)[\"']?([\w.-]+)[\"']?[^<>]*>[ \t]*+\n?"
                        r"((?:(?!</?(?:\w+:)?parameter[=\s>]).)*+)</(?:\w+:)?parameter>", re.DOTALL)
_DEEPSEEK = re.compile(r"<[|｜]tool[▁_ ]call[▁_ ]begin[|｜]>(?:function<[|｜]tool[▁_ ]sep[|｜]>)?\s*([\w.-]+)\s*"
                       r"(?:<[|｜]tool[▁_ ]sep[|｜]>)?(.*?)(?:<[|｜]tool[▁_ ]call[▁_ ]end[|｜]>|\Z)", re.DOTALL)
_MARKS = re.compile(
    r"<[|｜]tool[▁_ ]calls?[▁_ ](?:begin|end)[|｜]>|\[TOOL_CALLS\]|"
    r"<\|(?:python_tag|eom_id|eot_id|im_end|end_of_text)\|>|</?(?:\w+:)?function_calls?>|</?(?:tool_calls?|tool_use)>")
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|,(?=\s*+[}\]])', re.DOTALL)

Call = tuple[str, str]
"""A tool's name and its arguments as they were written."""


def arguments(raw: Any) -> tuple[dict[str, Any], str | None]:
    """The arguments and None, or {} and one sentence: as `agent.parsing.parse_arguments`, after what can be mended."""
    if isinstance(raw, dict | list):
        raw = json.dumps(raw, ensure_ascii=False)
    raw = "" if raw is None else str(raw)
    value, error = parse_arguments(raw)
    if error is None or len(raw) > MAX_CHARACTERS:
        return value, error
    mended = mend(raw)
    if mended == raw:
        return {}, error
    value, still = parse_arguments(mended)
    return (value, None) if still is None else ({}, error)


def mend(raw: str) -> str:
    """Without a fence around it, a comma before a closing bracket, and a string around an object."""
    text = raw.strip()
    if fenced := re.fullmatch(r"```[\w-]*+(.*)```", text, re.DOTALL):
        text = fenced[1].strip()
    if text.startswith('"'):
        try:
            inner = json.loads(text)
        except ValueError:
            inner = None
        text = inner.strip() if isinstance(inner, str) and inner.strip().startswith("{") else text
    return _COMMA.sub(lambda found: found[1] or "", text)


def without_thoughts(text: str) -> str:
    """The words that are for the user."""
    text = _THOUGHT.sub("", text)
    return _THOUGHT_END.sub("", text).strip()


def read(text: str, names: Collection[str]) -> tuple[str, list[Call]]:
    """Splits content into words and calls of tools that are offered. Without such a call the words are as they were,
    but for thoughts."""
    text = without_thoughts(text[:MAX_CHARACTERS * 4])
    if not names:
        return text, []
    for reader in (_invoked, _functions, _deepseek, _tagged, _bare):
        found = [(whole, call) for whole, call in reader(text) if call[0] in names][:MAX_CALLS]
        if found:
            for whole, _ in found:
                text = text.replace(whole, "", 1)
            return _MARKS.sub("", text).strip(), [call for _, call in found]
    return text, []


Found = Iterator[tuple[str, Call]]


def _invoked(text: str) -> Found:
    for match in _INVOKE.finditer(text):
        yield match[0], (match[1], _parameters(match[2]))


def _functions(text: str) -> Found:
    for match in _FUNCTION.finditer(text):
        body = match[2].strip().removesuffix("</tool_call>").strip()
        yield match[0], (match[1], body if body.startswith("{") or not _PARAMETER.search(body) else _parameters(body))


def _deepseek(text: str) -> Found:
    for match in _DEEPSEEK.finditer(text):
        yield match[0], (match[1], match[2].strip())


def _parameters(body: str) -> str:
    """Parameters as tags, as JSON: each value is JSON where it reads as such, else the words themselves."""
    found = {}
    for key, value in _PARAMETER.findall(body):
        value = html.unescape(value.rstrip(" \t").removesuffix("\n"))
        try:
            found[key] = json.loads(mend(value), parse_constant=_no_number)
        except (ValueError, RecursionError):
            found[key] = value
    return json.dumps(found, ensure_ascii=False)


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _tagged(text: str) -> Found:
    for match in _TAGGED.finditer(text):
        body = match[2].strip()
        calls = list(_calls(_value(body))) or _named(body)
        for number, call in enumerate(calls):
            yield match[0] if number == 0 else "", call


def _named(body: str) -> list[Call]:
    """A call whose JSON is broken but says its name: whoever sent it is told what is wrong."""
    name = re.search(r'"name"\s*:\s*"([\w.-]+)"', body)
    return [(name[1], body)] if name else []


def _bare(text: str) -> Found:
    """An answer that is nothing but JSON, or holds it in a fence."""
    for match in _FENCE.finditer(text):
        for number, call in enumerate(_calls(_value(match[1]))):
            yield match[0] if number == 0 else "", call
    plain = _MARKS.sub("", text).strip()
    if plain[:1] in ("{", "["):
        for number, call in enumerate(_calls(_value(plain)) or ()):
            yield text if number == 0 else "", call


def _value(text: str) -> Any:
    """JSON, also several objects one after the other (then a list)."""
    text, decoder, found = mend(_MARKS.sub("", text)), json.JSONDecoder(parse_constant=_no_number), []
    at = 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        found.append(value)
        while at < len(text) and text[at] in " \t\r\n;,":
            at += 1
    return found[0] if len(found) == 1 else found or None


def _calls(value: Any) -> Iterator[Call]:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("tool_calls"), list):
            yield from _calls(item["tool_calls"])
            continue
        function = item.get("function")
        inner: dict[str, Any] = function if isinstance(function, dict) else item
        name = inner.get("name") or inner.get("tool") or inner.get("tool_name") or inner.get("function")
        if isinstance(name, str):
            given: Any = next((inner[key] for key in ("arguments", "parameters", "args", "input") if key in inner), {})
            yield name, given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
