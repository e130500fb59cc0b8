"""Whatever lies in tools/: its schema asks for no path or URL, says what everything is, and fails politely."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from generators.api import GeneratorError
from tools import registry
from tools.api import Tool, ToolContext, ToolError, ToolResult

TOOLS = list(registry.all_tools().values())
PLACES = re.compile(r"(path|file|folder|directory|url|uri|href|link|address|host|endpoint)", re.IGNORECASE)
HOSTILE = ["../../etc/passwd", "/etc/passwd", "http://127.0.0.1/x.png", "file:///etc/passwd", "C:\\x", "", "\0",
           "a" * 64, "🙂" * 20, "current; rm -rf /", "0" * 32]

every_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)


def properties(node: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named property of a schema, however deep."""
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield f"{name}.{key}", value
            yield from properties(value, f"{name}.{key}")
        for key in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            yield from properties(node.get(key), name)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value, name)


def test_there_are_tools() -> None:
    wanted = {"generate", "edit", "inpaint", "layout_plan", "critique", "ask", "undo", "select"}
    assert wanted <= {tool.name for tool in TOOLS}


@every_tool
def test_its_schema_is_plain_and_strict(tool: Tool) -> None:
    schema = registry.schema(tool)
    text = json.dumps(schema)
    assert schema["type"] == "function" and schema["function"]["name"] == tool.name
    assert re.fullmatch(r"[a-z][a-z_]{0,63}", tool.name)
    assert 20 <= len(tool.purpose) <= 400 and tool.purpose.endswith(".")
    assert "$ref" not in text and "prefixItems" not in text
    assert schema["function"]["parameters"]["type"] == "object"
    assert schema["function"]["parameters"]["additionalProperties"] is False


@every_tool
def test_no_argument_is_a_path_or_a_url(tool: Tool) -> None:
    for name, property in properties(registry.schema(tool)["function"]["parameters"]):
        assert not PLACES.search(name.rpartition(".")[2]), f"{tool.name}{name} sounds like a place"
        assert property.get("format") not in ("uri", "path", "file-path", "directory-path", "uri-reference")


JUNK = [{"image": 3}, {"image": ["x"]}, {"seed": -1}, {"seed": "x"}, {"steps": 10**9}, {"prompt": {"a": 1}},
        {"box": [0, 0, 0, 0]}, {"image": "no such handle"}, {"targets": "x"}, {"objects": [{"name": 1}]}, {"text": 5}]


@every_tool
@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_wrong_arguments_are_told_to_the_planner(tool: Tool, junk: dict[str, Any], ctx: ToolContext) -> None:
    with pytest.raises(ToolError) as told:
        registry.call(ctx, tool.name, junk)
    assert 10 < len(str(told.value)) < 600 and "Traceback" not in str(told.value)


@every_tool
def test_a_misspelt_argument_is_named(tool: Tool, ctx: ToolContext) -> None:
    with pytest.raises(ToolError, match="promt"):
        registry.call(ctx, tool.name, {"promt": "a dog"})


@every_tool
@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_no_text_opens_anything(tool: Tool, text: str, ctx: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text argument filled with something hostile: a result, or an error for the planner; never another."""
    opened: list[str] = []
    monkeypatch.setattr("socket.socket.connect", lambda *args: opened.append("network"))
    fields = registry.schema(tool)["function"]["parameters"].get("properties", {})
    texts = {name: text for name, field in fields.items() if "string" in json.dumps(field.get("type", field))}
    try:
        result = registry.call(ctx, tool.name, texts)
    except (ToolError, GeneratorError):
        result = None
    assert result is None or isinstance(result, ToolResult)
    assert not opened and "root:" not in (result.text if result else "")


@every_tool
def test_it_leaves_the_context_alone_when_it_fails(tool: Tool, ctx: ToolContext) -> None:
    before = (ctx.picture, ctx.brief.model_copy(deep=True), ctx.usage.model_copy(), ctx.layout)
    with pytest.raises(ToolError):
        registry.call(ctx, tool.name, {"certainly not an argument": True})
    assert (ctx.picture, ctx.brief, ctx.usage, ctx.layout) == before


def test_a_tool_that_is_wrong_fails_where_it_is_written() -> None:
    class Args(BaseModel):
        pass

    with pytest.raises(TypeError, match=r"Broken\.purpose should be str"):
        type("Broken", (Tool,), {"name": "broken", "Args": Args})
    with pytest.raises(TypeError, match=r"Broken\.Args should be type"):
        type("Broken", (Tool,), {"name": "broken", "purpose": "x", "Args": "not a class"})


def test_two_tools_of_one_name_fail_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    import tools.undo

    monkeypatch.setattr(tools.undo, "TOOL", registry.all_tools()["select"])
    registry.all_tools.cache_clear()
    try:
        with pytest.raises(TypeError, match="name of its own"):
            registry.all_tools()
    finally:
        monkeypatch.undo()
        registry.all_tools.cache_clear()


def test_an_unknown_tool_is_told_what_there_is(ctx: ToolContext) -> None:
    with pytest.raises(ToolError, match=r"No tool 'paint'.*generate"):
        registry.call(ctx, "paint", {})
