"""One call of the planner: what it is shown, what it may spend, and its answer as calls that wait."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from PIL import Image, ImageStat

from agent import earlier, limits, prompt, skills
from agent.acting import context, ending
from agent.api import PlannerError, PlannerReply, Thinking
from agent.routing import category_of
from agent.state import Desk, State, brief_of, limits_of, spent, usage_of
from generators.api import Box, Cancelled, Extent, GeneratorError
from tools import coverage, registry, sight, sources
from tools.api import BudgetSpent, ToolContext, ToolError
from tools.phrases import find_phrase
from tools.relations import covered
from tools.scene import scene_of

_ASKS_GROUND = re.compile(
    r"(?:\b(?:background|backdrop|setting)\b|^\W*where (?:is|was) (?:this|it|the picture)\b).*\?\s*$", re.IGNORECASE)


def think(state: State, desk: Desk) -> State:
    """Ask the planner. The update holds its calls as `queue`, or its words as `text`, or why the turn `ended`."""
    assert desk.planner is not None
    since = desk.clock()
    ctx = _with_scene(context(state, desk, since), state["turn"]["text"])
    messages, tools = planner_messages(state, desk, ctx), registry.schemas(ctx)
    try:
        limits.check_planner(usage_of(state), limits_of(state), limits.estimate_tokens(messages, tools))
        desk.tell(Thinking(planner=desk.planner.name))
        answer = desk.planner.complete(messages, tools, ctx.stop)
        if ctx.stop():
            raise Cancelled
    except (BudgetSpent, Cancelled, PlannerError) as error:
        return State(queue=[], usage=spent(state, since, desk.clock), ended=ending(error, desk, limits_of(state)))
    return _heard(state, answer, spent(state, since, desk.clock, planner_calls=1, tokens=answer.tokens))


def _with_scene(ctx: ToolContext, text: str) -> ToolContext:
    """What can be pointed at, also in a picture that was never held against a Brief: all that is of the world, and of
    any other picture what the Brief and the message name, where something here finds it."""
    if ctx.picture is None or ctx.scene or not (sight.of_world(ctx, ctx.picture) or sight.finds(ctx)):
        return ctx
    named = find_phrase(text).thing
    ctx.scene = tuple(scene_of(ctx, ctx.picture, [named] if named else []))
    if ctx.scene:
        ctx.images.annotate(ctx.picture, scene=list(ctx.scene))
    return ctx


def _heard(state: State, answer: PlannerReply, usage: dict[str, Any]) -> State:
    calls = [call.model_copy(update={"id": f"{state['number']}-{usage['planner_calls']}-{n}"})
             for n, call in enumerate(answer.calls, start=1)]
    said: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if calls:
        said["tool_calls"] = [{"id": call.id, "type": "function", "function": {
            "name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}} for call in calls]
    return State(queue=[call.model_dump() for call in calls], usage=usage, text=answer.text or state["text"],
                 messages=[*state["messages"], said])


def planner_messages(state: State, desk: Desk, ctx: ToolContext) -> list[dict[str, Any]]:
    """Exactly what the planner reads."""
    turn = state["turn"]
    user = prompt.user_message(turn["text"], bool(turn["mask"]), len(turn["uploads"]))
    note = turn.get("note")
    if note and getattr(desk.planner, "sees", False):
        user = prompt.with_note(user, ctx.images.image(note))
    return prompt.build(planner_state(state, desk, ctx), desk.history, user, state["messages"])


def _covered(ctx: ToolContext) -> list[str]:
    """The ids of what lies under the user's paint; where nothing does, of what lies within it: it may be an outline."""
    if not (ctx.mask and ctx.picture):
        return []
    try:
        spot = sources.painted(ctx, ctx.images.image(ctx.picture))
        mask = ctx.images.image(ctx.mask).convert("L")
    except (ToolError, GeneratorError):
        return []
    under = [thing.id for thing in ctx.scene if _painted(mask, thing.box) > 0.5]
    return under or [thing.id for thing in ctx.scene if spot and covered(thing.box, spot[1]) > 0.5]


def _painted(mask: Image.Image, box: Box) -> float:
    """The share of a box that is painted over."""
    part = mask.crop(box.pixels(Extent(*mask.size)))
    return float(ImageStat.Stat(part).mean[0]) / 255 if part.width and part.height else 0.0


def planner_state(state: State, desk: Desk, ctx: ToolContext) -> dict[str, Any]:
    """The JSON object behind the line STATE."""
    question = state.get("question")
    return {
        "brief": state.get("brief"),
        "picture": state.get("picture"),
        "scene": [thing.model_dump(mode="json") for thing in ctx.scene],
        "mask": bool(state["turn"]["mask"]),
        "covered": _covered(ctx),
        "uploads": len(state["turn"]["uploads"]),
        "versions": list(ctx.versions),
        **_earlier(state["turn"]["text"], ctx),
        **_ground(state["turn"]["text"], ctx),
        "model": prompt.model_state(ctx.model, coverage.cannot(brief_of(state), ctx.capabilities)),
        "question": {name: question[name] for name in ("text", "options", "slot")} if question else None,
        "budget": limits.remaining(usage_of(state), limits_of(state)),
        **_shown_by_hand(ctx),
        **_preferred(desk),
        **_taught(state, desk, ctx),
    }


def _earlier(text: str, ctx: ToolContext) -> dict[str, Any]:
    """What the other versions show, where the message speaks of one of them."""
    if len(ctx.versions) < 2 or not earlier.said(text):
        return {}
    return {"earlier": earlier.shows([ctx.images.record(id) for id in ctx.versions], ctx.picture)}


def _ground(text: str, ctx: ToolContext) -> dict[str, Any]:
    """The background as it looks, where the message asks about it."""
    if ctx.picture is None or ctx.capabilities.world is None or not _ASKS_GROUND.search(text):
        return {}
    with suppress(GeneratorError):
        seen = ctx.workshop.see(ctx.images.image(ctx.picture))
        return {"background": seen.background} if seen.background else {}
    return {}


def _preferred(desk: Desk) -> dict[str, Any]:
    """What the user said once, in their own words; nothing where there is nothing."""
    known = desk.memory.all() if desk.memory else []
    return {"preferences": [one.words for one in known]} if known else {}


def _taught(state: State, desk: Desk, ctx: ToolContext) -> dict[str, Any]:
    """Recipes for requests like this one with this painter; nothing where there are none."""
    brief = brief_of(state)
    kinds = skills.kinds_of(state["turn"]["text"], brief, category_of(brief))
    found = skills.given(desk.skills, kinds, ctx.model.name)
    return {"skills": {skill.name: skill.words for skill in found}} if found else {}


def _shown_by_hand(ctx: ToolContext) -> dict[str, Any]:
    """Boxes that the user drew, and pictures to look at with their roles; nothing where there are none."""
    boxes = [{"phrase": region.phrase, "box": list(region.box)} for region in ctx.boxes]
    return ({"boxes": boxes} if boxes else {}) | (
        {"references": [one.role for one in ctx.references]} if ctx.references else {})
