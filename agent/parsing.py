"""What a model wrote as a tool's arguments, read strictly. Never raises: a reply is data, and may be anything."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_CHARACTERS = 100_000
MAX_DEPTH = 32


def parse_arguments(raw: str | None) -> tuple[dict[str, Any], str | None]:
    """The arguments and None, or an empty dict and one sentence that says what is wrong with them.

    Refused: anything that is not exactly one JSON object (RFC 8259), duplicate keys, NaN and Infinity, more than
    100,000 characters, nesting deeper than 32. No text at all is the empty object, as some servers send it.
    """
    if raw is None or not raw.strip():
        return {}, None
    if len(raw) > MAX_CHARACTERS:
        return {}, f"The arguments are {len(raw)} characters long; at most {MAX_CHARACTERS} are read."
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair could not be stored
    except (ValueError, RecursionError) as error:
        return {}, f"The arguments are no valid JSON object ({str(error)[:200] or 'nested too deep'})."
    if not isinstance(value, dict):
        return {}, f"The arguments must be one JSON object, not {type(value).__name__}."
    if _deeper_than(value, MAX_DEPTH):
        return {}, f"The arguments are nested deeper than {MAX_DEPTH}."
    return value, None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {max(keys, key=keys.count)!r} appears twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [inner for item in level for inner in _children(item)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
