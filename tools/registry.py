"""The tools of this folder: which there are, which make sense now, how a planner sees and calls them."""

from __future__ import annotations

import copy
import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

import tools
from tools.api import Tool, ToolContext, ToolError, ToolResult
from tools.naming import listed


@cache
def all_tools() -> MappingProxyType[str, Tool]:
    """Every tool of the folder by name: each module's `TOOL`, in the order in which a picture comes about.

    Raises `TypeError` where a `TOOL` is no `Tool` or a name is taken twice.
    """
    found: dict[str, Tool] = {}
    for info in pkgutil.iter_modules(tools.__path__):
        tool = getattr(importlib.import_module(f"tools.{info.name}"), "TOOL", None)
        if tool is None:
            continue
        if not isinstance(tool, Tool) or tool.name in found:
            raise TypeError(f"tools/{info.name}.py: TOOL should be a Tool with a name of its own, got {tool!r}.")
        found[tool.name] = tool
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: _order(item[0]))))


_FIRST = ("write_brief", "ask", "layout_plan", "generate", "edit", "inpaint", "critique", "undo", "select")


def _order(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def offered(ctx: ToolContext) -> list[Tool]:
    """The tools that make sense right now."""
    return [tool for tool in all_tools().values() if _offered(tool, ctx)]


def _offered(tool: Tool, ctx: ToolContext) -> bool:
    return tool.name not in ctx.withheld and tool.offered(ctx)


def schemas(ctx: ToolContext) -> list[dict[str, Any]]:
    """The offered tools in the shape of OpenAI's chat completions (`tools=`)."""
    return [schema(tool) for tool in offered(ctx)]


def schema(tool: Tool) -> dict[str, Any]:
    """One tool for chat completions. References are written out, since not every server follows them."""
    return {"type": "function", "function": {"name": tool.name, "description": tool.purpose,
                                             "parameters": copy.deepcopy(_parameters(tool.Args))}}  # fmt: skip


@cache
def _parameters(args: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments. Kept, since it is asked for at every call of a planner."""
    raw = args.model_json_schema()
    parameters = _plain(raw, raw.get("$defs", {}))
    parameters.pop("$defs", None)
    return parameters


def call(ctx: ToolContext, name: str, arguments: dict[str, Any]) -> ToolResult:
    """Runs a tool with a planner's arguments.

    Raises `ToolError` for an unknown tool, for wrong arguments and for one that is not offered; else whatever the
    tool raises (`ToolError`, `GeneratorError`).
    """
    tool = all_tools().get(name)
    if tool is None:
        names = ", ".join(t.name for t in offered(ctx))
        raise ToolError(f"No tool {str(name)[:60]!r}. Tools: {names}.")
    if not _offered(tool, ctx):
        raise ToolError(why_not(ctx, tool))
    return tool.run(ctx, parse(tool, arguments))


def parse(tool: Tool, arguments: dict[str, Any]) -> Any:
    """The arguments as the tool's `Args`. Raises `ToolError` with the first complaints."""
    if not isinstance(arguments, dict):
        raise ToolError(f"The arguments of {tool.name} should be a JSON object, not {type(arguments).__name__}.")
    try:
        return tool.Args.model_validate(arguments)
    except ValidationError as error:
        raise ToolError(f"Wrong arguments for {tool.name}: {_complaints(error)}.") from error


def _complaints(error: ValidationError, most: int = 3) -> str:
    all_errors = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {_message(e['msg'])}" for e in all_errors[:most]]
    rest = len(all_errors) - most
    return "; ".join(lines) + (f"; and {rest} more" if rest > 0 else "")


def _message(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def why_not(ctx: ToolContext, tool: Tool) -> str:
    """Why a tool is not offered, and what could do it."""
    if tool.name in ctx.withheld:
        return f"{tool.name} is switched off for this turn."
    own = getattr(tool, "unavailable", None)
    if own is not None:
        return f"{tool.name} cannot be used now: {own(ctx)}."
    if tool.draws and not ctx.capabilities.can(tool.name):  # type: ignore[arg-type]
        able = [model.name for model in ctx.workshop.models() if model.capabilities.can(tool.name)]  # type: ignore[arg-type]
        others = f"{listed(able)} can" if able else "no model here can"
        return f"{ctx.model.name} cannot {tool.name}; {others}."
    return f"{tool.name} cannot be used now: there is no picture yet."


def _plain(node: Any, definitions: dict[str, Any]) -> Any:
    """A JSON schema without references, titles and tuples of unlike items."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    if "prefixItems" in node:
        node = {**node, "items": node["prefixItems"][0]}
    return {key: _plain(value, definitions) for key, value in node.items()
            if key not in ("$defs", "prefixItems") and not (key == "title" and isinstance(value, str))}
