"""What every tool must be, and how calls that are wrong are answered."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.tools.doubles import ONLY_DRAWS, OUTSIDER
from tools.api import Brief, BriefObject, Tool, ToolError, ToolResult
from tools.images import ImageStore
from tools.registry import all_tools, call, offered, parse, schema, schemas

NAMES = ["write_brief", "ask", "layout_plan", "generate", "edit", "inpaint", "critique", "undo", "select", "extend",
         "upscale"]
TOOLS = list(all_tools().values())


def words(node: Any) -> list[str]:
    """Every key and string of a schema."""
    if isinstance(node, dict):
        return [w for key, value in node.items() for w in [key, *words(value)]]
    if isinstance(node, list):
        return [w for value in node for w in words(value)]
    return [node] if isinstance(node, str) else []


def test_the_folder_holds_these_tools() -> None:
    assert list(all_tools()) == NAMES


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_no_argument_is_a_path_or_a_url(tool: Tool) -> None:
    raw = tool.Args.model_json_schema()
    fields = [w.lower() for w in words(raw)]
    assert not [w for w in fields if re.search(r"\b(path|url|uri|file|filename|folder|href|directory)\b", w)]
    assert not {"uri", "uri-reference", "path", "file-path", "directory-path", "binary", "base64"} & set(fields)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_schemas_are_plain_json_schemas(tool: Tool) -> None:
    shape = schema(tool)
    assert shape["type"] == "function" and shape["function"]["name"] == tool.name
    assert shape["function"]["description"] == tool.purpose
    parameters = shape["function"]["parameters"]
    assert parameters["type"] == "object" and parameters["additionalProperties"] is False
    assert set(parameters["properties"]) == set(tool.Args.model_fields)
    assert not {"$ref", "$defs", "prefixItems"} & set(words(parameters))
    json.dumps(shape)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_is_explained_and_refuses_what_it_does_not_know(tool: Tool) -> None:
    assert 20 < len(tool.purpose) < 260
    with pytest.raises(ToolError, match=f"Wrong arguments for {tool.name}.*nonsense"):
        parse(tool, {"nonsense": 1, **_least(tool)})


def _least(tool: Tool) -> dict[str, Any]:
    least = {"write_brief": {"brief": {}}, "generate": {"prompt": "x"}, "edit": {"instruction": "x"},
             "inpaint": {"prompt": "x"}, "ask": {"question": "x"}, "select": {"image": "first"},
             "extend": {"side": "left"}}
    return least.get(tool.name, {})


def test_the_least_arguments_are_enough() -> None:
    for tool in TOOLS:
        assert isinstance(parse(tool, _least(tool)), BaseModel)


def test_a_misspelt_tool_is_told_the_names(make) -> None:
    with pytest.raises(ToolError, match=r"No tool 'generat'\. Tools: write_brief, ask, layout_plan, generate\."):
        call(make(), "generat", {})


@pytest.mark.parametrize("name, arguments, said", [
    ("generate", {}, "prompt: field required"),
    ("generate", {"prompt": ""}, "prompt: string should have at least 1 character"),
    ("generate", {"prompt": "x" * 4001}, "at most 4000"),
    ("generate", {"prompt": "x", "seed": -1}, "seed: input should be greater than or equal to 0"),
    ("generate", {"prompt": "x", "seed": 2**63}, "seed: input should be less than"),
    ("edit", {"instruction": "x", "operation": "explode"}, "operation: input should be 'add'"),
    ("edit", {"instruction": "x", "box": [10, 20, 300, 400]}, "fractions of the picture"),
    ("edit", {"instruction": "x", "box": [0.5, 0.5, 0.2, 0.9]}, "x0 < x1"),
    ("edit", {"instruction": "x", "box": [0.1, 0.2, 0.3]}, "box"),
    ("edit", {"instruction": "x", "targets": "dog-1"}, "targets: input should be a valid list"),
    ("ask", {"question": "which?", "options": list("abcde")}, "options: list should have at most 4"),
    ("ask", {"question": "which?", "slot": "password"}, "slot: input should be 'objects'"),
    ("undo", {"steps": 0}, "steps: input should be greater"),
    ("select", {}, "image: field required"),
    ("write_brief", {"brief": {"objects": [{"id": "a"}]}}, "brief.objects.0.name: field required"),
    ("write_brief", {"brief": "a dog"}, "brief: input should be"),
    ("layout_plan", {"regions": [{"phrase": "dog", "box": [0, 0, 2, 2]}]}, "regions.0.box"),
    ("layout_plan", {"regions": [{"phrase": "dog", "box": [0, 0, 1, 1]}] * 41}, "at most 40"),
])
def test_wrong_arguments_are_told_in_a_sentence(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError) as error:
        parse(all_tools()[name], arguments)
    text = str(error.value)
    assert text.startswith(f"Wrong arguments for {name}: ") and text.endswith(".") and "\n" not in text
    assert said.lower() in text.lower() and "pydantic" not in text


def test_only_the_first_complaints_are_told() -> None:
    with pytest.raises(ToolError, match="and 37 more"):
        parse(all_tools()["write_brief"], {"brief": {"objects": [{"count": -1}] * 13 + [{"id": "a"}]}})


@pytest.mark.parametrize("arguments", [None, [], "x", 3])
def test_arguments_that_are_no_object(arguments: Any) -> None:
    with pytest.raises(ToolError, match="should be a JSON object"):
        parse(all_tools()["generate"], arguments)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_parsing_never_raises_anything_but_tool_errors(name: str, data: st.DataObject) -> None:
    tool = all_tools()[name]
    keys = st.sampled_from([*tool.Args.model_fields, "strange"])
    try:
        parse(tool, data.draw(st.dictionaries(keys, json_values, max_size=5)))
    except ToolError as error:
        assert len(str(error)) < 1500


def test_tools_are_offered_when_they_make_sense(make, store: ImageStore) -> None:
    names = lambda ctx: [tool.name for tool in offered(ctx)]  # noqa: E731
    assert names(make()) == ["write_brief", "ask", "layout_plan", "generate"]
    assert names(make(model=OUTSIDER)) == ["write_brief", "ask", "generate"]
    brief = Brief(objects=[BriefObject(id="dog", name="dog")])
    with_picture = make(brief=brief)
    drawn = call(with_picture, "generate", {"prompt": "a dog"}).picture
    assert names(make(brief=brief, picture=drawn, versions=(drawn,))) == NAMES
    limited = make(brief=brief, picture=drawn, versions=(drawn,), model=ONLY_DRAWS)
    assert not {"layout_plan", "edit", "inpaint"} & set(names(limited)) and "critique" in names(limited)
    assert [s["function"]["name"] for s in schemas(limited)] == names(limited)


def test_a_tool_that_is_not_offered_says_why_and_what_could(make) -> None:
    ctx = make()
    for name in ("edit", "inpaint", "critique", "undo", "select"):
        with pytest.raises(ToolError, match=f"{name} cannot be used now: there is no picture yet"):
            call(ctx, name, _least(all_tools()[name]))
    with pytest.raises(ToolError, match="write_brief comes first"):
        call(ctx, "layout_plan", {})
    with pytest.raises(ToolError, match="outsider takes no boxes"):
        call(make(model=OUTSIDER), "layout_plan", {})
    picture = call(ctx, "generate", {"prompt": "a dog"}).picture
    with pytest.raises(ToolError, match=r"only-draws cannot edit; sketch and outsider can\."):
        call(make(model=ONLY_DRAWS, picture=picture), "edit", {"instruction": "x"})


def test_a_tool_that_is_wrong_fails_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match=r"Broken\.purpose should be str"):
        class Broken(Tool):
            name = "broken"
            Args = BaseModel

            def run(self, ctx: Any, args: Any) -> ToolResult:
                return ToolResult("")


def test_listing_the_tools_imports_nothing_heavy() -> None:
    code = ("import sys, tools.registry as r, tools.critics.registry as c, tools.images; r.all_tools();"
            "c.all_critics();"
            "print({'torch', 'diffusers', 'transformers', 'gradio', 'langgraph', 'openai'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "set()"
