"""What follows from a critique: which picture is the best so far, and which one call could mend it.

The policy is a fixed ladder for each kind of failure, so that its worth can be measured (`repairs = 0` in the settings
switches it off). Its roads are tried in the order in which they measured best with the pack:

    one thing too many           painted over, in its box; removed by instruction
    one thing missing            painted into a free box; added by instruction
    one thing of a wrong colour  recoloured through its mask; painted anew there
    a wrong size, place or side  resized, moved
    a wrong background           changed
    anything else, several, or when all that was tried
                                 the planner's own call again, with the next seed, from the same picture; the second
                                 time by another model, where one may be taken that measured better at what failed

A repair starts from the best picture and is kept only if it mended its line (or brought its number nearer), broke no
other and left the rest of the picture as it was. Only what this turn asked for is mended: a line that failed before an
edit is named in the reply and left alone. No road is gone twice from one picture for one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent import limits, routing
from agent.acting import add_to_last, by_reviewer, chooses, draws
from agent.api import ToolCall
from agent.attempts import Attempt, best, findings, unchanged
from agent.state import Desk, State, brief_of, limits_of, usage_of
from generators.api import Box
from tools.api import Brief, BriefObject, Critique, Finding, SceneObject
from tools.caption import object_phrase
from tools.inpaint import NOTHING
from tools.naming import background_name, colour_name, thing_name
from tools.spots import free_place

OUTSIDE = 0.01
"""A repair that changes more than this share of the pixels outside its mask touches what it should not."""
TAKEN = 0.3
"""A box of the layout that overlaps a wanted thing this much (IoU) is not free."""


class Repair(NamedTuple):
    """One call, and the line of the Brief that it aims at ("" where it draws the whole again)."""

    call: ToolCall
    line: str = ""
    model: str | None = None


def review(state: State, desk: Desk) -> State:
    """Keep the best picture so far, and queue a repair of it where one is worth trying."""
    state = {**state, "attempts": _weighed(state, desk)}
    chosen = best(state["attempts"])
    assert chosen is not None
    update = State(picture=chosen["picture"], attempts=state["attempts"], aim=None)
    if chosen is not state["attempts"][-1]:
        update["messages"] = add_to_last(state["messages"], "This was worse; the better picture before it is kept.")
    found = next_repair(state, chosen, desk)
    if found is None:
        return update
    number = state["repairs"] + 1
    call = found.call.model_copy(update={"id": f"{state['number']}-r{number}"})
    if not found.line:
        update["picture"] = _planners_attempt(state)["base"]
    if found.model:
        update["plan"] = {**state["plan"], "model": found.model}
    aim = {"call": call.id, "line": found.line, "picture": chosen["picture"]}
    return update | State(queue=[call.model_dump(), *state["queue"]], repairs=number, aim=aim,
                          roads=[*state.get("roads", []), [chosen["picture"], found.line, _road(call)]])


def satisfied(state: State) -> bool:
    """Whether the turn can end without asking the planner again: an easy request, and every line checked and met."""
    found = findings(state["attempts"], state["picture"])
    return bool(state["plan"].get("easy") and not state["queue"] and found and all(one.passed for one in found))


# What becomes of a repair


def _weighed(state: State, desk: Desk) -> list[Attempt]:
    """The attempts, the newest marked where it is a repair that does not deserve to be kept."""
    aim, newest = state.get("aim"), state["attempts"][-1]
    if not aim or not aim["line"] or aim["call"] != newest["call"]["id"]:
        return state["attempts"]
    before, after = (findings(state["attempts"], picture) for picture in (aim["picture"], newest["picture"]))
    scenes = [desk.images.record(picture).scene for picture in (aim["picture"], newest["picture"])]
    better = mends(before, after, aim["line"]) or (
        not breaks(before, after) and nearer(brief_of(state), aim["line"], *scenes))
    kept = better and (newest.get("outside") or 0.0) <= OUTSIDE
    return [*state["attempts"][:-1], {**newest, "kept": kept}]


def mends(before: Sequence[Finding], after: Sequence[Finding], line: str) -> bool:
    """Whether a line is met now, and none that was met before is not any more."""
    return not breaks(before, after) and any(one.requirement == line and one.passed for one in after)


def breaks(before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether a line that was met is not any more."""
    now = {(one.kind, one.requirement, one.subject): one.passed for one in after}
    return any(one.passed and now.get((one.kind, one.requirement, one.subject)) is False for one in before)


def nearer(brief: Brief, line: str, before: Sequence[SceneObject], after: Sequence[SceneObject]) -> bool:
    """Whether there are not so many too many or too few any more of what a line counts."""
    requirement = next((one for one in brief.requirements() if one.kind == "count" and one.text == line), None)
    name = _name(brief, requirement.subject) if requirement else ""
    counts = [thing.count for thing in brief.objects if _name(brief, thing.id) == name]
    if not name or None in counts:
        return False
    wanted = sum(filter(None, counts))
    was, now = (abs(sum(seen.name == name for seen in scene) - wanted) for scene in (before, after))
    return now < was


# Which repair


def next_repair(state: State, attempt: Attempt, desk: Desk) -> Repair | None:
    """One call aimed at what failed in this attempt, or None: nothing failed, or nothing may be spent on it."""
    waiting = any(draws(call["name"]) for call in state["queue"])
    if waiting or not _affordable(state):
        return None
    if unchanged(attempt):
        return _again(state)
    failed = _failed_now(attempt, desk)
    if not failed:
        return None
    causes, redrawn = _causes(brief_of(state), failed), _redrawn(state)
    for cause in causes if len(causes) == 1 or redrawn else ():
        for call in _ways(state, attempt, desk, cause):
            if [attempt["picture"], cause.requirement, _road(call)] not in state.get("roads", []):
                return Repair(call, cause.requirement)
    other = routing.better_at(state, desk, [cause.kind for cause in causes]) if redrawn else None
    return _again(state)._replace(model=other)


def _road(call: ToolCall) -> str:
    return f"{call.name} {call.arguments.get('operation', '')}".strip()


def _redrawn(state: State) -> bool:
    return any(not line for _, line, _ in state.get("roads", []))


def _ways(state: State, attempt: Attempt, desk: Desk, cause: Finding) -> Iterator[ToolCall]:
    """What the current model can do about one cause, the most promising first."""
    able = desk.workshop.model(state["plan"]["model"]).capabilities
    scene = desk.images.record(attempt["picture"]).scene
    for call in aimed(brief_of(state), cause, scene, state.get("layout") or [], state["seed"]):
        painted = call.name == "inpaint" and state["turn"]["mask"]  # the user's paint would take the place of the box
        if able.world is None and call.arguments.get("prompt") == NOTHING:
            arguments = {**call.arguments, "prompt": f"{NOTHING}, only the background"}
            call = call.model_copy(update={"arguments": arguments})
        if able.can(call.name) and not painted:  # type: ignore[arg-type]
            yield call


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


def aimed(brief: Brief, cause: Finding, scene: Sequence[SceneObject], layout: Sequence[Any],
          seed: int = 0) -> list[ToolCall]:
    """The calls that could mend one cause, the most promising first; none where there is nothing to aim at."""
    if cause.kind == "background":
        ground = background_name(brief.background or "")
        return [_edit(f"change the background to {ground}", "background", phrase=ground)] if ground else []
    if cause.kind == "avoid":
        return _remove([seen for seen in scene if seen.name == thing_name(cause.subject or "")])
    thing = brief.named(cause.subject or "")
    if thing is None:
        return []
    name = thing_name(thing.name)
    alike = [seen for seen in scene if seen.name == name]
    others = [other for other in brief.objects if other is not thing and _name(brief, other.id) == name]
    if cause.kind == "count":
        if cause.by == "asked":  # nobody knows which ones there are
            return []
        return _recount(brief, [thing, *others], alike, scene, layout, seed)
    if cause.kind == "colour":
        return _recolour(thing, others, alike)
    if len(alike) != 1:
        return []
    if cause.kind == "size":
        return [_edit(f"make the {thing.name} {'bigger' if thing.size == 'big' else 'smaller'}", "resize",
                      targets=[alike[0].id], phrase=thing.size or "")]
    where = f"to the {thing.place}" if cause.kind == "place" else _side(brief, cause)
    return [_edit(f"move the {thing.name} {where}", "move", targets=[alike[0].id])] if where else []


def _side(brief: Brief, cause: Finding) -> str | None:
    """Where a relation wants its subject, in words; None where it speaks of more than one other thing."""
    relation = next((r for r in brief.relations if brief.relation_text(r) == cause.requirement), None)
    other = brief.named(relation.object) if relation and relation.other is None else None
    if relation is None or other is None or other.count != 1 or relation.relation in ("inside", "on"):
        return None
    link = f"to the {relation.relation}" if relation.relation in ("left of", "right of") else relation.relation
    return f"{link} the {other.name}"


def _recount(brief: Brief, things: Sequence[BriefObject], alike: Sequence[SceneObject], scene: Sequence[SceneObject],
             layout: Sequence[Any], seed: int) -> list[ToolCall]:
    """One more or one fewer of things with one name."""
    wanted = [thing.count for thing in things]
    total = sum(filter(None, wanted))
    if None in wanted or len(alike) == total:
        return []
    if len(alike) > total:
        return _remove(_surplus(things, alike))
    return _add(brief, _lacking(things, alike), scene, layout, seed)


def _lacking(things: Sequence[BriefObject], alike: Sequence[SceneObject]) -> BriefObject:
    """Of things with one name, the one whose colour is not there yet; else the first."""
    colours = {seen.colour for seen in alike}
    return next((thing for thing in things if thing.colour and colour_name(thing.colour) not in colours), things[0])


def _add(brief: Brief, thing: BriefObject, scene: Sequence[SceneObject], layout: Sequence[Any],
         seed: int) -> list[ToolCall]:
    phrase = object_phrase(thing)
    box = _free_box(brief, thing, phrase, scene, layout, seed)
    article = "an" if phrase[:1] in "aeiou" else "a"
    return [_inpaint(phrase, box=list(box)), _edit(f"add {article} {phrase}", "add", phrase=phrase, box=list(box))]


def _free_box(brief: Brief, thing: BriefObject, phrase: str, scene: Sequence[SceneObject], layout: Sequence[Any],
              seed: int) -> Box:
    """A box that the layout has for it and that no wanted thing has taken; else where there is most room."""
    names = {_name(brief, one.id) for one in brief.objects}
    wanted = [seen.box for seen in scene if seen.name in names]
    boxes = [Box(*box) for words, box in layout if words in (phrase, thing.phrase(count=False))]
    crowded = {box: max((box.iou(other) for other in wanted), default=0.0) for box in boxes}
    best_box = min(boxes, key=lambda box: crowded[box], default=None)
    if best_box and crowded[best_box] < TAKEN:
        return best_box
    return free_place(thing_name(thing.name), [seen.box for seen in scene], seed, thing.size)


def _surplus(things: Sequence[BriefObject], alike: Sequence[SceneObject]) -> list[SceneObject]:
    """What is too many, one thing at a time: one of a colour that nobody asked for first, then the smallest."""
    wanted = {colour_name(thing.colour) if thing.colour else None for thing in things}
    return sorted(alike, key=lambda seen: (None in wanted or seen.colour in wanted, seen.box.area))[:1]


def _remove(things: Sequence[SceneObject]) -> list[ToolCall]:
    """What is to go, one thing at a time by paint: the hole closes best where it is small."""
    if not things:
        return []
    ids = [thing.id for thing in things]
    return [_inpaint(NOTHING, targets=ids), _edit(f"remove the {things[0].name}", "remove", targets=ids)]


def _recolour(thing: BriefObject, others: Sequence[BriefObject], alike: Sequence[SceneObject]) -> list[ToolCall]:
    """As many as lack the colour, and none that another line of the Brief wants as it is."""
    colour = colour_name(thing.colour or "")
    taken = {colour, *(colour_name(other.colour) for other in others if other.colour)}
    right = sum(seen.colour == colour for seen in alike)
    lacking = None if thing.count is None else max(0, thing.count - right)
    wrong = [seen.id for seen in alike if seen.colour not in taken][:lacking]
    if not wrong:
        return []
    anew = [_inpaint(object_phrase(thing), targets=wrong)] if len(wrong) == 1 else []
    return [_edit(f"make the {thing.name} {colour}", "recolour", targets=wrong, phrase=colour), *anew]


def _edit(instruction: str, operation: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="", name="edit",
                    arguments={"instruction": instruction, "operation": operation, **arguments})


def _inpaint(prompt: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="", name="inpaint", arguments={"prompt": prompt, **arguments})


def _planners_attempt(state: State) -> Attempt:
    return next(a for a in reversed(state["attempts"]) if not by_reviewer(ToolCall.model_validate(a["call"])))


def _again(state: State) -> Repair:
    """The planner's own drawing once more; a seed that it chose is counted on."""
    call = ToolCall.model_validate(_planners_attempt(state)["call"])
    if call.arguments.get("seed") is None:
        return Repair(call)
    seed = (call.arguments["seed"] + state["repairs"] + 1) % 2**63
    return Repair(call.model_copy(update={"arguments": {**call.arguments, "seed": seed}}))


def hand_over(state: State) -> State:
    """The best picture of the turn becomes the current one, also when the turn was cut short."""
    walked = [step["tool"] for step in state["steps"] if step["ok"] and (draws(step["tool"]) or chooses(step["tool"]))]
    chosen = best(state["attempts"]) if state["attempts"] and draws(walked[-1]) else None
    return State(picture=chosen["picture"] if chosen else state["picture"])
