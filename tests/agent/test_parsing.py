"""Arguments of a tool call are read strictly, and never raise."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.parsing import parse_arguments

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@pytest.mark.parametrize("raw", [
    "{", "[]", "null", "1", '"x"', '{"a": 1} {"b": 2}', '```json\n{"a": 1}\n```', 'Sure! {"a": 1}', '{"a": NaN}',
    '{"a": Infinity}', '{"a": -Infinity}', '{"a": 1e999}', '{"a": 1, "a": 1}', '{"a": {"b": 1, "b": 2}}',
    "{'a': 1}", '{"a": 1,}', '{"a": "\\ud800"}', '{"a": ' * 40 + "1" + "}" * 40, "[" * 100_000, "{" * 100_000,
    '{"a": "' + "x" * 1_000_000 + '"}', '{"a": ' + "9" * 5000 + "}", "\x00", "﻿{}"])
def test_refused_with_a_sentence(raw: str) -> None:
    arguments, error = parse_arguments(raw)
    assert arguments == {} and error and len(error) < 400


@pytest.mark.parametrize("raw", [None, "", "  \n", "{}"])
def test_nothing_is_no_arguments(raw: str | None) -> None:
    assert parse_arguments(raw) == ({}, None)


def test_an_object_is_read() -> None:
    assert parse_arguments(' {"a": [1, 2.5, "é", null, true]} ') == ({"a": [1, 2.5, "é", None, True]}, None)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.integers(0, 200), st.text(max_size=3))
def test_no_mutation_raises(value: object, at: int, inserted: str) -> None:
    raw = json.dumps({"value": value})
    arguments, error = parse_arguments(raw[:at] + inserted + raw[at:])
    assert isinstance(arguments, dict) and (error is None or arguments == {})
    json.dumps(arguments, allow_nan=False).encode()
