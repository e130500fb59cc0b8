"""Carries out one tool call: what the tool may touch, what it may spend, what is kept of it.

A tool that fails tells the planner, which may try something else. A spent budget, a stop and a loop end the turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from agent import limits, presets, routing
from agent.api import Briefed, Called, Glimpse, Judged, Preset, Started, StepView, ToolCall, Working
from agent.attempts import best
from agent.memory import answer, assume, hear
from agent.state import Desk, State, brief_of, limits_of, spent, usage_of
from generators.api import Box, Cancelled, GeneratorError, Loading, Preview, Progress, Region
from tools import registry
from tools.api import Brief, BudgetSpent, Critique, Limits, Reference, ToolContext, ToolError, ToolResult, Wishes
from tools.history import made_from

MALFORMED = "malformed"
TOOL_OF = {"questions": "ask", "layout": "layout_plan"}
"""The tool that a part of the studio (`agent.api.Part`) is, where it is one."""


class Loop(Exception):
    """The planner repeats itself."""


class Unreadable(Exception):
    """The planner's calls cannot be read, also after it was told why."""


def single_shot(state: State) -> dict[str, Any]:
    """The one call of the plain single shot: the user's own words, unplanned."""
    words = state["turn"]["text"]
    if state["turn"]["mask"] and state["picture"]:
        name, arguments = "inpaint", {"prompt": words}
    elif state["picture"]:
        name, arguments = "edit", {"instruction": words}
    else:
        name, arguments = "generate", {"prompt": words}
    return ToolCall(id=f"{state['number']}-shot", name=name, arguments=arguments).model_dump()


def again(state: State, desk: Desk) -> State:
    """What varies the current picture: the very call that drew it, on what it was drawn from, with its layout.

    A picture that the studio mended within its turn is varied as the planner drew it, before it was mended.
    """
    record = desk.images.record(state["picture"] or "")
    while record.parents and (parent := desk.images.record(record.parents[0])).request and parent.brief == record.brief:
        record = parent
    assert record.request is not None
    call = ToolCall(id=f"{state['number']}-again", name=record.tool or "generate",
                    arguments=record.arguments | ({"image": record.parents[0]} if record.parents else {"seed": None}))
    return State(queue=[call.model_dump()], turn={**state["turn"], "mask": record.mask}, edition=1,
                 brief=record.brief.model_dump(mode="json") if record.brief else None,
                 layout=[[region.phrase, list(region.box)] for region in record.request.regions])


def remember(state: State, desk: Desk) -> State:
    """What the message says for good is kept and answered; the planner gets the rest."""
    text, memory = state["turn"]["text"], desk.memory
    heard = hear(text, memory.all()) if memory else None
    if memory is None or heard is None or heard.rest == text:
        return State()
    return State(noted=answer(heard, memory), turn={**state["turn"], "text": heard.rest})


def asked_for(state: State) -> State:
    """The call that a button stands for."""
    name, arguments = state["plan"]["call"]
    return State(queue=[ToolCall(id=f"{state['number']}-asked", name=name, arguments=arguments).model_dump()])


def take_in(state: State) -> State:
    """The picture that the user brought is the current one; the seed follows from the session unless it was given."""
    given = state["plan"]["seed"]
    name = f"{state['session']}/{state['number']}".encode()
    seed = given if given is not None else int.from_bytes(hashlib.sha256(name).digest()[:4], "big")
    uploads = state["turn"]["uploads"]
    return State(seed=seed, picture=uploads[-1] if uploads else state["picture"])


def context(state: State, desk: Desk, since: float, call: str = "") -> ToolContext:
    """All that a tool may touch at this point of the turn."""
    bounds, usage = limits_of(state), usage_of(state)
    picture, model = state.get("picture"), desk.workshop.model(state["plan"]["model"])
    without = state["plan"].get("without", ())
    versions = (*desk.versions, *(id for id in state["turn"]["uploads"] if id not in desk.versions))
    return ToolContext(
        images=desk.images, workshop=desk.workshop, model=model, brief=brief_of(state), limits=bounds, usage=usage,
        seed=state["seed"],
        layout=tuple(Region(phrase, Box(*box)) for phrase, box in state.get("layout") or ()),
        picture=picture, previous=made_from(desk.images, picture, versions) if picture else None,
        first=versions[0] if versions else None,
        scene=tuple(desk.images.record(picture).scene) if picture else (), mask=state["turn"]["mask"],
        uploads=tuple(state["turn"]["uploads"]), report=_reporter(desk, call),
        stop=lambda: desk.stop() or usage.seconds + desk.clock() - since > bounds.seconds,
        boxes=tuple(Region(phrase, Box(*box)) for phrase, box in state["turn"].get("boxes") or ()),
        references=tuple(Reference.model_validate(one) for one in state["turn"].get("references") or ()),
        versions=versions, wishes=Wishes.model_validate(state["plan"].get("wishes") or {}),
        withheld=frozenset(TOOL_OF[part] for part in without if part in TOOL_OF),
        verbatim=state["turn"]["text"] if "rewrite" in without else "", ahead=state["plan"].get("ahead", 1))


def _reporter(desk: Desk, call: str) -> Callable[[Loading | Progress | Preview], None]:
    def report(event: Loading | Progress | Preview) -> None:
        if isinstance(event, Preview):
            desk.tell(Glimpse(call=call, step=event.step, image=event.image))
        elif isinstance(event, Progress):
            desk.tell(Working(call=call, step=event.step, steps=event.steps))
        else:
            desk.tell(Working(call=call, step=0, steps=0))

    return report


def perform(state: State, desk: Desk) -> State:
    """Carry out the first call that waits. The update says what it changed, or why the turn `ended`."""
    since, call = desk.clock(), ToolCall.model_validate(state["queue"][0])
    chosen, why = _route(state, desk, call)
    state = {**state, **chosen}
    if preset := _preset(state):
        able = desk.workshop.model(state["plan"]["model"]).capabilities
        call = presets.in_call(call, preset, brief_of(state), able)
    ctx, mark = context(state, desk, since, call.id), _mark(state, call)
    base = chosen | State(queue=state["queue"][1:], tried=[*state["tried"], mark])
    try:
        _check(state, call, mark)
        desk.tell(Started(call=call.id, tool=call.name, arguments=call.arguments))
        result = ToolResult(f"No layout: {why}") if routing.leaves_out_layout(state, call) else _call(ctx, call)
    except (BudgetSpent, Cancelled, Loop, Unreadable) as error:
        usage = spent(state, since, desk.clock)
        return base | State(queue=[], usage=usage, ended=ending(error, desk, limits_of(state)))
    except (ToolError, GeneratorError) as error:
        return base | _failed(state, desk, call, error, _usage(state, ctx, since, desk))
    return base | _done(state, desk, call, result, _usage(state, ctx, since, desk), why)


def _route(state: State, desk: Desk, call: ToolCall) -> tuple[State, str]:
    """The plan on the road of this call; the reviewer has a road of its own, and a variation goes the old one."""
    plan = state["plan"]
    if by_reviewer(call) or plan["single_shot"] or plan.get("vary") or plan.get("call"):
        return State(), ""
    return routing.routed(state, desk, call)


def _usage(state: State, ctx: ToolContext, since: float, desk: Desk) -> dict[str, Any]:
    drawn = ctx.usage.images - usage_of(state).images
    return spent(state, since, desk.clock, tool_calls=1, images=drawn, tokens=_tokens(state, ctx))


def _tokens(state: State, ctx: ToolContext) -> int:
    """What a tool has spent of them: it may have asked somebody about a picture."""
    return ctx.usage.tokens - usage_of(state).tokens


def _failed(state: State, desk: Desk, call: ToolCall, error: Exception, usage: dict[str, Any]) -> State:
    """The planner is told; where a repair failed, the picture that it should have mended is the current one again."""
    step = StepView(tool=call.name, arguments=call.arguments, seconds=_took(state, usage), ok=False, note=str(error))
    update = _noted(state, desk, call, step, usage)
    chosen = best(state["attempts"]) if by_reviewer(call) else None
    return update | State(picture=chosen["picture"]) if chosen else update


def _took(state: State, usage: dict[str, Any]) -> float:
    return round(usage["seconds"] - usage_of(state).seconds, 3)


def _call(ctx: ToolContext, call: ToolCall) -> ToolResult:
    if call.error:
        raise ToolError(f"{call.error} Send the arguments of {call.name} as one JSON object that fits its schema.")
    return registry.call(ctx, call.name, call.arguments)


def _check(state: State, call: ToolCall, mark: str) -> None:
    limits.check_tool(usage_of(state), limits_of(state), draws(call.name))
    if call.error and MALFORMED in state["tried"]:
        raise Unreadable(f"The planner's call of {call.name} cannot be read, also after it was told why: {call.error}")
    if mark in state["tried"] and mark != MALFORMED:
        raise Loop(f"The planner asked for the same {call.name} twice, so I stopped here.")


def _mark(state: State, call: ToolCall) -> str:
    """Equal for equal calls; for tools that do not draw, only while the picture and the Brief are the same; for the
    reviewer's, only from the same picture with the same seed."""
    if call.error:
        return MALFORMED
    around: list[Any] | None = None if draws(call.name) else [state.get("picture"), state.get("brief")]
    if by_reviewer(call):  # the same words once more are another call only with another seed, picture or model
        around = [state["plan"]["model"], state.get("picture"), state["usage"]["images"]]
    text = json.dumps([call.name, call.arguments, around], sort_keys=True)
    return f"{call.name}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def draws(name: str) -> bool:
    tool = registry.all_tools().get(name)
    return bool(tool and tool.draws)


def chooses(name: str) -> bool:
    """Whether a tool makes another picture the current one without drawing."""
    return name in ("undo", "select")


def by_reviewer(call: ToolCall) -> bool:
    return "-r" in call.id


def _done(state: State, desk: Desk, call: ToolCall, result: ToolResult, usage: dict[str, Any], why: str = "") -> State:
    made = bool(result.picture) and draws(call.name)
    step = StepView(tool=call.name, arguments=call.arguments, seconds=_took(state, usage), ok=True, note=result.text,
                    why=why if draws(call.name) else "")
    update = _briefed(state, desk, call, result) | _noted(state, desk, call, step, usage, result.picture)
    if result.layout is not None:
        update["layout"] = [[region.phrase, list(region.box)] for region in result.layout]
    if result.question:
        update["asking"], update["queue"] = result.question.model_dump(), []
    if made:
        edition = update.get("edition", state["edition"])
        update["attempts"] = [*state["attempts"], {"picture": result.picture, "base": state.get("picture"),
                                                   "call": call.model_dump(), "edition": edition, "critique": None,
                                                   "outside": result.extra.get("changed_outside")}]
    return update | (State(picture=result.picture) if result.picture else State())


def _briefed(state: State, desk: Desk, call: ToolCall, result: ToolResult) -> State:
    if result.brief is None:
        return State()
    brief = _preferring(state, desk, call, result.brief)
    desk.keep(f"{state['turn']['id']}/brief/{call.id}", Briefed(turn=state["turn"]["id"], brief=brief))
    return State(brief=brief.model_dump(mode="json"), edition=state["edition"] + 1)


def _preferring(state: State, desk: Desk, call: ToolCall, brief: Brief) -> Brief:
    """The Brief of a new picture with what the user likes where it says nothing; one that was chosen stays its own."""
    drawn = next((waiting["name"] for waiting in state["queue"] if draws(waiting["name"])), None)
    new = drawn == "generate" or (drawn is None and state.get("picture") is None)
    if not new or chooses(call.name):
        return brief
    able = desk.workshop.model(state["plan"]["model"]).capabilities
    if preset := _preset(state):
        brief = presets.in_brief(brief, preset, able)
    return brief if desk.memory is None else assume(brief, desk.memory.all(), able, state["turn"]["text"])


def _preset(state: State) -> Preset | None:
    given = state["plan"].get("preset")
    return Preset.model_validate(given) if given else None


def _noted(state: State, desk: Desk, call: ToolCall, step: StepView, usage: dict[str, Any],
           picture: str | None = None) -> State:
    """The call as an entry on disk, as a step of the outcome, and as what the planner is told."""
    turn = state["turn"]["id"]
    desk.keep(f"{turn}/call/{call.id}", Called(turn=turn, call=call.id, step=step, picture=picture))
    text = step.note if step.ok else f"Error: {step.note}"
    return State(usage=usage, steps=[*state["steps"], step.model_dump()], messages=_told(state, call, text))


def _told(state: State, call: ToolCall, text: str) -> list[dict[str, Any]]:
    """The reviewer's calls are told as part of the answer to the planner's own last call."""
    messages = state["messages"]
    if by_reviewer(call):
        return add_to_last(messages, f"Repair by {call.name}: {text}")
    return [*messages, {"role": "tool", "tool_call_id": call.id, "content": text}]


def repairs(state: State) -> bool:
    """Whether the call that waits first is the reviewer's."""
    return bool(state["queue"]) and by_reviewer(ToolCall.model_validate(state["queue"][0]))


def add_to_last(messages: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """One more line in the answer to the planner's last call."""
    if not messages or messages[-1]["role"] != "tool":
        return messages
    return [*messages[:-1], {**messages[-1], "content": f"{messages[-1]['content']}\n{text}"}]


def look(state: State, desk: Desk) -> State:
    """Hold the newest picture against the Brief; nothing where there is no Brief or nothing here can see."""
    since, attempt = desk.clock(), state["attempts"][-1]
    ctx = context(state, desk, since)
    if not _speaks_for(state, ctx, attempt["call"]["name"]):
        return State(usage=state["usage"])
    step = StepView(tool="critique", arguments={}, seconds=0.0, ok=True)
    found: Critique | None = None
    try:
        result = registry.call(ctx, "critique", {})
        found, note = result.critique, result.text
    except (ToolError, GeneratorError) as error:
        note, step = str(error), step.model_copy(update={"ok": False})
    usage = spent(state, since, desk.clock, tokens=_tokens(state, ctx))
    if found is None:
        return State(usage=usage)
    turn = state["turn"]["id"]
    desk.keep(f"{turn}/critique/{attempt['call']['id']}",
              Judged(turn=turn, picture=attempt["picture"], findings=found.findings))
    step = step.model_copy(update={"note": note, "seconds": round(desk.clock() - since, 3)})
    judged = {**attempt, "critique": found.model_dump(mode="json")}
    return State(attempts=[*state["attempts"][:-1], judged], steps=[*state["steps"], step.model_dump()],
                 messages=add_to_last(state["messages"], note), usage=usage)


def _speaks_for(state: State, ctx: ToolContext, tool: str) -> bool:
    """Whether the Brief says what this picture should show: a planner that writes none may draw past an old one."""
    drawn_from_brief = tool == "generate" and ctx.capabilities.world is not None
    return not ctx.brief.empty() and (state["edition"] > 0 or drawn_from_brief)


def ending(error: Exception, desk: Desk, bounds: Limits) -> dict[str, str]:
    """Why the turn ends before the planner was done."""
    if isinstance(error, Cancelled) and desk.stop():
        return {"why": "stopped", "text": "Stopped."}
    if isinstance(error, Cancelled):
        return {"why": "budget", "text": f"The {bounds.seconds:g} seconds that this turn may take are over "
                                         "(--budget-seconds allows more)."}
    why = {BudgetSpent: "budget", Loop: "loop", Unreadable: "planner"}.get(type(error), "planner")
    return {"why": why, "text": str(error)}
