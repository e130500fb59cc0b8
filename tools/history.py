"""Ways through the versions of a session, by the pictures' own records."""

from __future__ import annotations

from collections.abc import Sequence

from tools.api import Images, ToolContext, ToolError, ToolResult


def made_from(images: Images, picture: str, versions: Sequence[str]) -> str | None:
    """The version that a picture was made from; for one that was drawn afresh, the version before it, if any.

    Steps in between that were never shown (a repair's, a turn's first of two edits) are no versions: they are
    passed over.
    """
    line = _ancestors(images, picture)
    if line and picture not in versions:
        return next((id for id in line if id in versions), line[0])
    if shown := next((id for id in line if id in versions), None):
        return shown
    place = list(versions).index(picture) if picture in versions else 0
    return versions[place - 1] if place > 0 else None


def _ancestors(images: Images, picture: str) -> list[str]:
    """First parents, nearest first."""
    line: list[str] = []
    parents = images.record(picture).parents
    while parents and parents[0] not in line:
        line.append(parents[0])
        parents = images.record(parents[0]).parents
    return line


def undo_target(images: Images, picture: str | None, versions: Sequence[str], steps: int = 1) -> str:
    """The picture that `steps` undos lead to. Raises `ToolError` at the first version."""
    if picture is None:
        raise ToolError("There is nothing to undo: no picture has been made yet.")
    for done in range(steps):
        earlier = made_from(images, picture, versions)
        if earlier is None and done == 0:
            raise ToolError("There is nothing to undo: this is the first version.")
        if earlier is None:
            raise ToolError(f"There are only {done} steps to undo." if done > 1 else "There is only one step to undo.")
        picture = earlier
    return picture


def show(ctx: ToolContext, picture: str, words: str) -> ToolResult:
    """Makes a stored picture the current one, with the Brief, the critique and the scene that belong to it."""
    record = ctx.images.record(picture)
    return ToolResult(f"{words} {version_name(ctx, picture)}.", picture=picture, brief=record.brief,
                      critique=record.critique, scene=tuple(record.scene))


def version_name(ctx: ToolContext, picture: str) -> str:
    """`version 2`, as people count; an upload that is no version is `the upload`."""
    if picture in ctx.versions:
        return f"version {ctx.versions.index(picture) + 1}"
    return "the upload" if picture in ctx.uploads else "an earlier picture"


