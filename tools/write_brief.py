"""Writes down what the user wants, as typed data."""

from __future__ import annotations

from generators.world.vocabulary import find_thing
from tools.api import Brief, BriefObject, Tool, ToolContext, ToolError, ToolResult
from tools.coverage import cannot
from tools.fields import Arguments
from tools.layout import contradiction
from tools.naming import listed, some


class WriteBriefArgs(Arguments):
    brief: Brief


class WriteBrief(Tool):
    name = "write_brief"
    purpose = ("Write the Brief: all that the user wants of the picture as a whole, after every turn so far. "
               "Objects with counts and attributes, relations between their ids, background, style, what to avoid.")
    Args = WriteBriefArgs

    def run(self, ctx: ToolContext, args: WriteBriefArgs) -> ToolResult:
        check_brief(args.brief)
        brief = with_plurals(args.brief)
        lines = [line.text for line in brief.requirements()]
        has = f"The Brief has {some(len(lines), 'requirement')}: {'; '.join(lines)}."
        text = has if lines else "The Brief is empty."
        missing = cannot(brief, ctx.capabilities)
        if missing:
            text += f" {ctx.model.name} has not learnt to draw: {listed(missing)}."
        return ToolResult(text, brief=brief)


def with_plurals(brief: Brief) -> Brief:
    """The same Brief with the plurals that are not name + s filled in, where the vocabulary knows them."""
    things = [_with_plural(thing) for thing in brief.objects]
    return brief.model_copy(update={"objects": things})


def _with_plural(thing: BriefObject) -> BriefObject:
    known = find_thing(thing.name)
    irregular = known is not None and known.name == thing.name and known.plural != f"{thing.name}s"
    return thing.model_copy(update={"plural": known.plural}) if known and irregular and not thing.plural else thing


def check_brief(brief: Brief) -> None:
    """Raises `ToolError` for ids that are not unique or unknown, and for relations that contradict each other."""
    ids = [thing.id for thing in brief.objects]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise ToolError(f"Two objects of the Brief have the id {twice[0]!r}; ids must differ.")
    for relation in brief.relations:
        ends = [relation.subject, relation.object, *([relation.other] if relation.other else [])]
        unknown = [id for id in ends if id not in ids]
        if unknown:
            raise ToolError(f"A relation names {unknown[0]!r}, but the Brief's objects are {listed(ids) or 'none'}.")
    circle = contradiction(brief)
    if circle:
        raise ToolError(f"These relations contradict each other: {listed(circle)}.")


TOOL = WriteBrief()
