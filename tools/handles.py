"""Picture handles: how a planner points at a picture without ever knowing a path.

"current", "previous", "first" (or "original"), "upload", "upload 2", a version's number as people count, or the id
of a picture that this session has.
"""

from __future__ import annotations

import re

from tools.api import ToolContext, ToolError
from tools.naming import listed


def known(ctx: ToolContext) -> list[str]:
    """Every picture of the session that may be named, in order."""
    ids = [*ctx.versions, *ctx.uploads, ctx.first, ctx.previous, ctx.picture]
    return list(dict.fromkeys(id for id in ids if id))


def resolve(ctx: ToolContext, handle: str) -> str:
    """The id that a handle means. Raises `ToolError`, which says which handles there are."""
    name = " ".join(handle.lower().split())
    found = _named(ctx, name)
    if found is None and name in known(ctx):
        found = name
    if found is None:
        raise ToolError(f"There is no picture {handle[:60]!r} here. {_choices(ctx)}")
    return found


def _named(ctx: ToolContext, name: str) -> str | None:
    current = ctx.picture or (ctx.uploads[-1] if ctx.uploads else None)
    plain = {"current": current, "previous": ctx.previous, "first": _first(ctx), "original": _first(ctx),
             "upload": _nth(ctx.uploads, 1)}
    if name in plain:
        return plain[name]
    number = re.fullmatch(r"(upload |version |picture |#)? ?([1-9]\d{0,3})", name)
    if not number:
        return None
    return _nth(ctx.uploads if number[1] == "upload " else ctx.versions, int(number[2]))


def _first(ctx: ToolContext) -> str | None:
    return ctx.first or _nth(ctx.versions, 1)


def _nth(ids: tuple[str, ...], number: int) -> str | None:
    return ids[number - 1] if number <= len(ids) else None


def _choices(ctx: ToolContext) -> str:
    named = {"current": ctx.picture, "previous": ctx.previous, "first": _first(ctx), "upload": _nth(ctx.uploads, 1)}
    names = [f'"{name}"' for name, id in named.items() if id]
    if len(ctx.versions) > 1:
        names.append(f"a version from 1 to {len(ctx.versions)}")
    return f"Possible: {listed(names, 'or')}." if names else "No picture has been made yet."
