"""What follows from a critique: which picture is the best so far, and which one call could mend it.

The policy is a fixed rule, so that its worth can be measured (`repairs = 0` in the settings switches it off):

    one thing missing            add it, at its box of the layout
    one thing of a wrong colour  recolour it
    one thing too many           remove it
    anything else, or several, or an edit that changed nothing
                                 the planner's own call again, with the next seed, from the same picture

A repair starts from the best picture; one that made it worse is dropped. Only what this turn asked for is mended:
a line that failed before an edit is named in the reply and left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent import limits
from agent.acting import add_to_last, by_reviewer, chooses, draws
from agent.api import ToolCall
from agent.attempts import Attempt, best, unchanged
from agent.state import Desk, State, brief_of, limits_of, usage_of
from generators.api import Box
from tools.api import Brief, BriefObject, Critique, Finding, SceneObject
from tools.caption import object_phrase
from tools.naming import colour_name, thing_name


def review(state: State, desk: Desk) -> State:
    """Keep the best picture so far, and queue a repair of it where one is worth trying."""
    chosen = best(state["attempts"])
    assert chosen is not None
    update = State(picture=chosen["picture"])
    if chosen is not state["attempts"][-1]:
        update["messages"] = add_to_last(state["messages"], "This was worse; the better picture before it is kept.")
    call = next_repair(state, chosen, desk)
    if call is None:
        return update
    if call.arguments == _again(state).arguments:
        update["picture"] = _planners_attempt(state)["base"]
    return update | State(queue=[call.model_dump(), *state["queue"]], repairs=state["repairs"] + 1)


def next_repair(state: State, attempt: Attempt, desk: Desk) -> ToolCall | None:
    """One call aimed at what failed in this attempt, or None: nothing failed, or nothing may be spent on it."""
    waiting = any(draws(call["name"]) for call in state["queue"])
    if waiting or not _affordable(state):
        return None
    if unchanged(attempt):
        return _numbered(_again(state), state)
    failed = _failed_now(attempt, desk)
    if not failed:
        return None
    scene = desk.images.record(attempt["picture"]).scene
    call = _aimed(brief_of(state), _causes(brief_of(state), failed), scene, state.get("layout") or [])
    can_edit = desk.workshop.model(state["plan"]["model"]).capabilities.edit
    return _numbered(call if call and can_edit else _again(state), state)


def _numbered(call: ToolCall, state: State) -> ToolCall:
    return call.model_copy(update={"id": f"{state['number']}-r{state['repairs'] + 1}"})


def _affordable(state: State) -> bool:
    usage, bounds = usage_of(state), limits_of(state)
    return (state["repairs"] < state["plan"]["repairs"] and usage.images < bounds.images
            and usage.tool_calls < bounds.tool_calls and limits.remaining(usage, bounds)["seconds"] > 1)


def _failed_now(attempt: Attempt, desk: Desk) -> list[Finding]:
    """What failed in the picture and did not already fail in the one that it was edited from."""
    if not attempt["critique"]:
        return []
    failed = Critique.model_validate(attempt["critique"]).failed
    base = attempt["base"] if attempt["call"]["name"] != "generate" else None
    earlier = desk.images.record(base).critique if base else None
    known = {finding.requirement for finding in earlier.failed} if earlier else set()
    return [finding for finding in failed if finding.requirement not in known]


def _causes(brief: Brief, failed: Sequence[Finding]) -> list[Finding]:
    """Without what follows from something else: a dog that is missing is also not red and not left of anything.

    Things of one name are counted together, so that they are one cause.
    """
    by_name = {_name(brief, f.subject): f for f in reversed(failed) if f.kind == "count"}
    return [*by_name.values(), *(f for f in failed if f.kind != "count" and not by_name.keys() & _names(brief, f))]


def _names(brief: Brief, finding: Finding) -> set[str]:
    return {_name(brief, id) for id in _involved(brief, finding)}


def _name(brief: Brief, id: str | None) -> str:
    thing = brief.named(id or "")
    return thing_name(thing.name) if thing else ""


def _involved(brief: Brief, finding: Finding) -> set[str | None]:
    relations = [r for r in brief.relations if finding.kind == "relation"
                 and brief.relation_text(r) == finding.requirement]
    return {finding.subject, *(id for r in relations for id in (r.subject, r.object, r.other) if id)}


def _aimed(brief: Brief, causes: Sequence[Finding], scene: Sequence[SceneObject],
           layout: Sequence[Any]) -> ToolCall | None:
    """The edit for a single cause; None where there is none to aim."""
    if len(causes) != 1 or not causes[0].subject:
        return None
    cause, thing = causes[0], brief.named(causes[0].subject)
    if cause.kind == "avoid":
        return _remove([seen for seen in scene if seen.name == thing_name(cause.subject or "")])
    if thing is None or cause.kind not in ("count", "colour"):
        return None
    name = thing_name(thing.name)
    alike = [seen for seen in scene if seen.name == name]
    others = [other for other in brief.objects if other is not thing and _name(brief, other.id) == name]
    if cause.kind == "colour":
        return _recolour(thing, others, alike)
    wanted = [other.count for other in (thing, *others)]
    if None in wanted or len(alike) == sum(filter(None, wanted)):
        return None
    if len(alike) > sum(filter(None, wanted)):
        return _remove(_surplus([thing, *others], alike))
    return _add(_lacking([thing, *others], alike), scene, layout)


def _lacking(things: Sequence[BriefObject], alike: Sequence[SceneObject]) -> BriefObject:
    """Of things with one name, the one whose colour is not there yet; else the first."""
    colours = {seen.colour for seen in alike}
    return next((thing for thing in things if thing.colour and colour_name(thing.colour) not in colours), things[0])


def _add(thing: BriefObject, scene: Sequence[SceneObject], layout: Sequence[Any]) -> ToolCall:
    phrase = object_phrase(thing)
    free = [Box(*box) for words, box in layout if words in (phrase, thing.phrase(count=False))]
    box = min(free, key=lambda box: max((box.iou(seen.box) for seen in scene), default=0.0), default=None)
    place = {"box": list(box)} if box else {}
    article = "an" if phrase[:1] in "aeiou" else "a"
    return _edit(f"add {article} {phrase}", "add", phrase=phrase, **place)


def _surplus(things: Sequence[BriefObject], alike: Sequence[SceneObject]) -> list[SceneObject]:
    """What is too many, one thing at a time: one of a colour that nobody asked for first, then the smallest."""
    wanted = {colour_name(thing.colour) if thing.colour else None for thing in things}
    return sorted(alike, key=lambda seen: (None in wanted or seen.colour in wanted, seen.box.area))[:1]


def _remove(things: Sequence[SceneObject]) -> ToolCall | None:
    if not things:
        return None
    return _edit(f"remove the {things[0].name}", "remove", targets=[thing.id for thing in things])


def _recolour(thing: BriefObject, others: Sequence[BriefObject], alike: Sequence[SceneObject]) -> ToolCall | None:
    """As many as lack the colour, and none that another line of the Brief wants as it is."""
    colour = colour_name(thing.colour or "")
    taken = {colour, *(colour_name(other.colour) for other in others if other.colour)}
    right = sum(seen.colour == colour for seen in alike)
    lacking = None if thing.count is None else max(0, thing.count - right)
    wrong = [seen.id for seen in alike if seen.colour not in taken][:lacking]
    return _edit(f"make the {thing.name} {colour}", "recolour", targets=wrong, phrase=colour) if wrong else None


def _edit(instruction: str, operation: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="", name="edit",
                    arguments={"instruction": instruction, "operation": operation, **arguments})


def _planners_attempt(state: State) -> Attempt:
    return next(a for a in reversed(state["attempts"]) if not by_reviewer(ToolCall.model_validate(a["call"])))


def _again(state: State) -> ToolCall:
    """The planner's own drawing once more; a seed that it chose is counted on."""
    call = ToolCall.model_validate(_planners_attempt(state)["call"])
    if call.arguments.get("seed") is None:
        return call
    seed = (call.arguments["seed"] + state["repairs"] + 1) % 2**63
    return call.model_copy(update={"arguments": {**call.arguments, "seed": seed}})


def hand_over(state: State) -> State:
    """The best picture of the turn becomes the current one, also when the turn was cut short."""
    walked = [step["tool"] for step in state["steps"] if step["ok"] and (draws(step["tool"]) or chooses(step["tool"]))]
    chosen = best(state["attempts"]) if state["attempts"] and draws(walked[-1]) else None
    return State(picture=chosen["picture"] if chosen else state["picture"])
