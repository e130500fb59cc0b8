"""The loop, whole: listen → plan → (act | reply), act → (critique → repair) → (act | plan | ask), reply.

    listen     takes in a message; the plain single shot, a variation and a button go straight to their one call
    plan       the planner answers with words, with calls, or both
    act        carries out the first call that waits
    critique   holds a new picture against the Brief
    repair     aims one call at what failed, or lets the planner go on
    ask        waits for the user's answer, and does nothing else (it runs again from its top when resumed)
    reply      hands over the best picture

Durability is "sync": a step's outcome is on disk before the next begins, and a step that was cut off is run again. So
every node may run twice: entries are kept under a key, pictures are found by their request's fingerprint.
The bounds are ours (`agent.limits`), not the framework's, whose default is 10,007 steps.
"""

from __future__ import annotations

from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from agent import acting, reviewer, thinking
from agent.state import Desk, State, fresh

RECURSION_LIMIT = 10_000  # never reached: our own limits are far below


def listen(state: State, runtime: Runtime[Desk]) -> Command[Literal["plan", "act", "reply"]]:
    begun: State = {**state, **fresh(), **acting.take_in(state)}
    if state["plan"]["single_shot"]:
        return Command(update={**begun, "queue": [acting.single_shot(begun)]}, goto="act")
    if state["plan"].get("vary"):
        return Command(update={**begun, **acting.again(begun, runtime.context)}, goto="act")
    if state["plan"].get("call"):
        return Command(update={**begun, **acting.asked_for(begun)}, goto="act")
    begun = {**begun, **acting.remember(begun, runtime.context)}
    return Command(update=begun, goto="plan" if begun["turn"]["text"] or begun["turn"]["uploads"] else "reply")


def plan(state: State, runtime: Runtime[Desk]) -> Command[Literal["act", "reply"]]:
    update = thinking.think(state, runtime.context)
    return Command(update=update, goto="act" if update.get("queue") else "reply")


def act(state: State, runtime: Runtime[Desk]) -> Command[Literal["act", "critique", "repair", "plan", "ask", "reply"]]:
    update = acting.perform(state, runtime.context)
    after: State = {**state, **update}
    if after["ended"] or state["plan"]["single_shot"]:
        return Command(update=update, goto="reply")
    if after["asking"]:
        return Command(update=update, goto="ask")
    drew = len(after["attempts"]) > len(state["attempts"])
    if _planned_by_none(state) and not drew:
        return Command(update=update, goto="reply")
    if after.get("aim") and not drew and acting.repairs(state):
        return Command(update=update, goto="repair")
    return Command(update=update, goto="critique" if drew else _onwards(after))


def critique(state: State, runtime: Runtime[Desk]) -> State:
    return acting.look(state, runtime.context)


def repair(state: State, runtime: Runtime[Desk]) -> Command[Literal["act", "plan", "reply"]]:
    if _planned_by_none(state):
        return Command(goto="reply")
    update = reviewer.review(state, runtime.context)
    after: State = {**state, **update}
    return Command(update=update, goto="reply" if reviewer.satisfied(after) else _onwards(after))


def _planned_by_none(state: State) -> bool:
    return bool(state["plan"].get("vary") or state["plan"].get("call"))


def ask(state: State) -> Command[Literal["listen"]]:
    return Command(update=interrupt(state["asking"]), goto="listen")


def reply(state: State) -> State:
    return reviewer.hand_over(state)


def _onwards(state: State) -> Literal["act", "plan"]:
    return "act" if state["queue"] else "plan"


def build(saver: BaseCheckpointSaver[Any]) -> CompiledStateGraph[State, Desk, State, State]:
    graph = StateGraph(State, context_schema=Desk)
    for node in (listen, plan, act, critique, repair, ask, reply):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "listen")
    graph.add_edge("critique", "repair")
    graph.add_edge("reply", END)
    return graph.compile(checkpointer=saver)


def config(session: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": session}, "recursion_limit": RECURSION_LIMIT}
