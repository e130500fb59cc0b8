"""Short forms for these tests: what a message leads to, as a few words that are easy to compare."""

from __future__ import annotations

from typing import Any

from agent.api import PlannerReply
from agent.embedded.simulate import Conversation, whole_world
from generators.api import World


def talk(*turns: str, world: World | None = None, any_words: bool = False) -> tuple[PlannerReply, Conversation]:
    """The reply to the last turn; the turns before it count as carried out. The Brief is the one after the turn."""
    conversation = Conversation(world=None if any_words else world or whole_world())
    for turn in turns[:-1]:
        conversation.carry_out(conversation.say(turn))
    reply = conversation.say(turns[-1])
    conversation.carry_out(reply)
    return reply, conversation


def told(brief: dict[str, Any] | None) -> str:
    """`2 dog, 1 red apple; apple left of dog; background beach`."""
    if not brief:
        return ""
    names = {thing["id"]: thing["name"] for thing in brief["objects"]}
    parts = [", ".join(_thing(thing) for thing in brief["objects"])]
    parts += [" ".join(names.get(r[k], r[k]) if k != "relation" else r[k] for k in ("subject", "relation", "object",
              "other") if r[k]) for r in brief["relations"]]
    parts += [f"{name} {brief[name]}" for name in ("background", "style", "text") if brief[name]]
    parts += [f"no {', '.join(brief['avoid'])}"] if brief["avoid"] else []
    return "; ".join(part for part in parts if part)


def _thing(thing: dict[str, Any]) -> str:
    count = "some" if thing["count"] is None else str(thing["count"])
    words = [count, thing["size"], *thing["attributes"], thing["colour"], thing["name"]]
    place = f" at {thing['place']}" if thing["place"] else ""
    return " ".join(word for word in words if word) + place


def acts(reply: PlannerReply) -> list[str]:
    """`recolour dog-1 -> purple dog`; the Brief and the layout are left out."""
    found = []
    for call in reply.calls:
        if call.name in ("write_brief", "layout_plan"):
            continue
        given = call.arguments
        words = [given.get("operation", call.name), *given.get("targets", [])]
        found.append(" ".join(words) + (f" -> {given['phrase']}" if given.get("phrase") else ""))
    return found
