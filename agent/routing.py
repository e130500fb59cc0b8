"""Which generator and which road for a step: from what models declare, what was measured, and the time that is left.

    one shot                         the words alone, drawn once
    draft and refine                 the words alone, looked at and repaired
    region by region                 a layout with a box for each thing, drawn once
    region by region, then refine    the same, looked at and repaired
    edit by instruction, inpaint by mask

A model that the user named is never changed for another; else another takes over only where it was measured better
with its whole interval, or where the usual one cannot do the step at all. Of a model's roads that are about as good as
its best, the fullest is taken, or a shorter one that is much quicker. Without a table everything is as the models
declare it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.api import Options, ToolCall
from agent.routes import ALL, Measured, Road
from agent.state import Desk, State, brief_of, limits_of, usage_of
from generators import registry
from generators.api import Kind, Model
from tools.api import Brief, Workshop
from tools.phrases import removes

LEFT_OUT: dict[Road, tuple[str, ...]] = {
    "region by region, then refine": (), "region by region": ("repair",), "draft and refine": ("layout",),
    "one shot": ("layout", "repair")}
"""The roads of a new picture, and what of the studio each does without."""
LEAST = 20
"""Fewer measured requests than this say nothing; of a kind that has fewer, those of all kinds speak."""
ALIKE = 0.05
"""Scores that lie no further apart are about as good."""
QUICKER = 0.8
"""A shorter road must take no more than this share of the time of a fuller one."""
EASY = 0.9


@dataclass(frozen=True)
class Way:
    """A model on a road. `measured` is None where nothing is known of it; `against` says why it was not taken."""

    model: str
    road: Road
    measured: Measured | None = None
    against: str = ""

    def row(self) -> dict[str, Any]:
        known = self.measured
        return {"model": self.model, "road": self.road, "against": self.against,
                **({"score": known.score, "n": known.n, "seconds": known.seconds} if known else {})}


@dataclass(frozen=True)
class Route:
    """What was decided, in one sentence (`why`), and what else there was."""

    kind: Kind
    category: str
    way: Way
    why: str
    others: list[Way] = field(default_factory=list)

    @property
    def easy(self) -> bool:
        """Whether requests like this one nearly always come out right on this road."""
        return self.way.measured is not None and self.way.measured.score >= EASY


@dataclass(frozen=True)
class Question:
    """What is to be decided: a step, the usual model, and what may be chosen.

    `free`: another model may be taken. `by_hand`: the user drew boxes, which a layout obeys. `without` is what was
    switched off. `seconds` are left.
    """

    kind: Kind
    category: str
    usual: Model
    models: Sequence[Model] = ()
    table: Sequence[Measured] = ()
    planner: str = ""
    seconds: float = float("inf")
    free: bool = False
    by_hand: bool = False
    without: tuple[str, ...] = ()


# What kind of request a step is


def category_of(brief: Brief) -> str:
    """The kind of new picture, in the words of GenEval: single_object, two_object, counting, colors, color_attr,
    position; "mixed" for more than one demand at once."""
    demands = {"counting": any(thing.count != 1 for thing in brief.objects),
               "colors": any(thing.colour or thing.size for thing in brief.objects),
               "position": bool(brief.relations) or any(thing.place for thing in brief.objects),
               "background": bool(brief.background)}
    asked = [name for name, on in demands.items() if on]
    several = len(brief.objects) > 1
    if asked in ([], ["background"]):
        return "two_object" if several else "single_object"
    if len(asked) > 1 or (several and asked == ["counting"]):
        return "mixed"
    return "color_attr" if several and asked == ["colors"] else asked[0]


def kind_of(call: ToolCall) -> Kind | None:
    """The step that a call belongs to; None for one that does not draw."""
    kinds: dict[str, Kind] = {"layout_plan": "generate", "generate": "generate", "edit": "edit", "inpaint": "inpaint"}
    return kinds.get(call.name)


def category_for(kind: Kind, brief: Brief, arguments: dict[str, Any]) -> str:
    if kind == "generate":
        return category_of(brief)
    if kind == "edit":
        return str(arguments.get("operation", "other"))
    return "remove" if removes(str(arguments.get("prompt", ""))) else "replace"


# The decision


def choose(asked: Question) -> Route:
    """The route of a step. Never fails: without anything better it is the usual model's own."""
    usual = _usual(asked)
    ways = [way for model in _candidates(asked) for way in _ways(asked, model)]
    known = [way for way in ways if way.measured]
    quick = [way for way in known if way.measured and way.measured.seconds <= asked.seconds] or known
    mine = [way for way in quick if way.model == usual.name]
    best = _shortest(mine) if mine else Way(usual.name, _declared(asked, usual))
    for name in dict.fromkeys(way.model for way in quick if way.model != usual.name):
        other = _shortest([way for way in quick if way.model == name])
        if best.measured and other.measured and other.measured.low > best.measured.score:
            best = other
    others = [_passed_over(asked, way, best) for way in known if way != best]
    return Route(asked.kind, asked.category, best, _why(asked, best, others), others)


def _usual(asked: Question) -> Model:
    """The usual model; the first in the catalogue's order that can do the step where that one cannot."""
    if asked.usual.capabilities.can(asked.kind) or not asked.free:
        return asked.usual
    able = [model for model in asked.models if model.capabilities.can(asked.kind) and registry.installed(model)]
    alike = [model for model in able if _worldly(model) == _worldly(asked.usual)]
    return next(iter([*alike, *able]), asked.usual)


def _worldly(model: Model) -> bool:
    return model.capabilities.world is not None


def _candidates(asked: Question) -> list[Model]:
    """The usual model first; others only where they were measured: nothing else speaks for them."""
    usual = _usual(asked)
    if not asked.free:
        return [usual]
    return [usual, *(model for model in asked.models
                     if model.name != usual.name and model.capabilities.can(asked.kind)
                     and _worldly(model) == _worldly(usual) and any(_is(row, model) for row in asked.table)
                     and registry.installed(model))]


def _is(row: Measured, model: Model) -> bool:
    """Whether a line is about a model; a family's name means the pack's model of it."""
    return row.model in (model.name, model.name.removeprefix("pack-"))


def _ways(asked: Question, model: Model) -> list[Way]:
    return [Way(model.name, road, row) for road in _roads(asked, model) if (row := _measured(asked, model, road))]


def _roads(asked: Question, model: Model) -> list[Road]:
    """The roads that a model can go, the fullest first."""
    able = model.capabilities
    if asked.kind != "generate":
        return ["edit by instruction" if asked.kind == "edit" else "inpaint by mask"]
    missing = {part for part in asked.without if part in ("layout", "repair")}
    missing |= set() if able.boxes != "none" else {"layout"}
    kept = {"layout"} - missing if asked.by_hand else set()
    return [road for road, without in LEFT_OUT.items() if missing <= {*without} and not kept & {*without}]


def _declared(asked: Question, model: Model) -> Road:
    """Where nothing is measured: as much of the studio as the model's declared capabilities allow."""
    return _roads(asked, model)[0]


def _measured(asked: Question, model: Model, road: Road) -> Measured | None:
    """What is known of a model on a road for requests like this one; by another planner where this one has no line."""
    rows = [row for row in asked.table if _is(row, model) and row.road == road and row.n >= LEAST]
    for category in (asked.category, ALL):
        alike = [row for row in rows if row.category == category]
        own = [row for row in alike if row.planner in ("", asked.planner)]
        if alike:
            return (own or alike)[0]
    return None


def _shortest(ways: Sequence[Way]) -> Way:
    """The fullest that is about as good as the best, or a shorter one that is about as good and much quicker."""
    facts = {way: way.measured for way in ways if way.measured}
    top = max(row.score for row in facts.values())
    good = [way for way, row in facts.items() if row.score >= top - ALIKE]
    taken = good[0]
    for way in good[1:]:
        if facts[way].seconds <= QUICKER * facts[taken].seconds:
            taken = way
    return taken


def _passed_over(asked: Question, way: Way, best: Way) -> Way:
    row, taken = way.measured, best.measured
    if row is None or taken is None:
        return way
    if row.seconds > asked.seconds:
        why = f"takes {row.seconds:.1f} s, and {asked.seconds:.0f} s are left"
    elif row.score < taken.score - ALIKE:
        why = "measured worse"
    elif way.model != best.model:
        why = "not measured better with its whole interval"
    elif row.seconds > taken.seconds:
        why = "slower, and not measured better"
    else:
        why = "hardly quicker, and it leaves something out"
    return Way(way.model, way.road, row, why)


def _why(asked: Question, way: Way, others: Sequence[Way]) -> str:
    """One sentence."""
    head = f"{way.model}, {way.road}"
    if way.model != asked.usual.name and not asked.usual.capabilities.can(asked.kind):
        head += f", since {asked.usual.name} cannot {asked.kind}"
    if way.measured is None:
        return f"{head}: nothing was measured for this, so it is what the model says it can do."
    row = way.measured
    like = "requests of all kinds" if row.category == ALL else f"requests like this one ({row.category})"
    text = f"{head}: right in {row.score:.0%} of {row.n} measured {like}, in {row.seconds:.1f} s"
    rival = max((other for other in others if other.measured), key=lambda o: o.measured.score, default=None)  # type: ignore[union-attr]
    if rival and rival.measured:
        text += f"; {rival.model if rival.model != way.model else 'next'}, {rival.road}: {rival.measured.score:.0%} in "
        text += f"{rival.measured.seconds:.1f} s"
    return f"{text}."


# In a turn


def route(state: State, desk: Desk, call: ToolCall) -> Route | None:
    """The route of a planner's call; None where routing is off or the call does not draw."""
    plan, kind = state["plan"], kind_of(call)
    if kind is None or not plan.get("routing") or "routing" in plan.get("without", ()):
        return None
    usage, bounds = usage_of(state), limits_of(state)
    free = bool(plan.get("free"))
    usual = desk.workshop.model(plan.get("usual") or plan["model"])
    return choose(Question(
        kind=kind, category=category_for(kind, brief_of(state), call.arguments), usual=usual,
        models=desk.workshop.models() if free else (), table=desk.routes, free=free,
        planner=plan.get("planner", ""), seconds=max(0.0, bounds.seconds - usage.seconds),
        by_hand=bool(state["turn"].get("boxes")), without=tuple(plan.get("asked_without", plan.get("without", ())))))


def routed(state: State, desk: Desk, call: ToolCall) -> tuple[State, str]:
    """The turn's plan on the route of this call, and the sentence for it ("" where nothing was decided)."""
    found = route(state, desk, call)
    if found is None:
        return State(), ""
    plan = state["plan"]
    usual, without = plan.get("usual") or plan["model"], tuple(plan.get("asked_without", plan.get("without", ())))
    repairs = plan.get("asked_repairs", plan["repairs"])
    left_out = LEFT_OUT.get(found.way.road, ()) if found.way.measured else ()
    return State(plan={**plan, "usual": usual, "asked_without": list(without), "asked_repairs": repairs,
                       "model": found.way.model, "without": list(dict.fromkeys([*without, *left_out])),
                       "repairs": 0 if "repair" in left_out else repairs, "easy": found.easy}), found.why


def better_at(state: State, desk: Desk, kinds: Sequence[str]) -> str | None:
    """Another installed model that measured better at what failed (kinds of requirements), where one may be taken."""
    plan, of_kinds = state["plan"], {"count": "counting", "colour": "colors", "relation": "position"}
    if not (plan.get("routing") and plan.get("free")) or "routing" in plan.get("without", ()):
        return None
    for category in dict.fromkeys([of_kinds[kind] for kind in kinds if kind in of_kinds] + [ALL]):
        found = choose(Question(kind="generate", category=category, usual=desk.workshop.model(plan["model"]),
                                models=desk.workshop.models(), table=desk.routes, free=True,
                                planner=plan.get("planner", "")))
        if found.way.model != plan["model"]:
            return found.way.model
    return None


def explain(text: str, planned: dict[str, Any], options: Options, planner: str, workshop: Workshop,
            table: Sequence[Measured]) -> dict[str, Any]:
    """The route of a request as `agent.rehearsal` planned it, as plain values; its `kind` is None where nothing would
    be drawn."""
    call = ToolCall(id="why", name=planned["tool"] or "", arguments=planned["arguments"])
    kind = kind_of(call)
    if kind is None:
        return {"request": text, "kind": None, "why": planned["reply"] or f"{call.name} draws nothing."}
    found = choose(Question(
        kind=kind, category=category_for(kind, Brief.model_validate(planned["brief"]), call.arguments),
        usual=workshop.model(options.generator or ""), models=workshop.models(), table=table, planner=planner,
        seconds=options.limits.seconds, free=options.free, without=options.without))
    return {"request": text, "kind": found.kind, "category": found.category, "easy": found.easy, **found.way.row(),
            "why": found.why, "others": [way.row() for way in found.others]}


def leaves_out_layout(state: State, call: ToolCall) -> bool:
    """Whether the planner's `layout_plan` is not needed on the road that was chosen."""
    plan = state["plan"]
    return (call.name == "layout_plan" and "layout" in plan.get("without", ())
            and "layout" not in plan.get("asked_without", plan.get("without", ())))
