"""What the planner would do, without drawing anything: `plan --json`, and the fast half of the evaluations.

Turns before the last count as carried out: a drawing is imagined as what the Brief then asks for, laid out as it would
be. Tools that only think (`write_brief`, `layout_plan`, `undo`, …) really run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from agent import acting, asking, thinking
from agent.api import Options, Planner, PlannerError, ToolCall, Turn
from agent.embedded.simulate import changed_scene
from agent.memory import Memory, Preference, answer, assume, hear
from agent.state import Desk, State, brief_of, fresh
from generators.api import BadPicture, Detection, GeneratorError, Model, Seen
from tools import coverage, registry
from tools.api import Brief, PictureRecord, Question, SceneObject, ToolContext, ToolError, ToolResult, Workshop
from tools.layout import plan_layout
from tools.naming import colour_name, thing_name
from tools.scene import scene_of_seen

PREPARING = ("write_brief", "layout_plan", "critique")
PASSING = ("select", "undo")
MOST_QUESTIONS = 2
MASK = "[mask]"
SEED = 7


@dataclass
class Imagined:
    """Pictures that nobody drew: records only (the part of `tools.api.Images` that thinking tools use)."""

    records: dict[str, PictureRecord] = field(default_factory=dict)

    def record(self, id: str) -> PictureRecord:
        return self.records[id]

    def image(self, id: str) -> Image.Image:
        raise BadPicture("This picture is only imagined.")

    def add(self, brief: Brief, scene: list[SceneObject], parent: str | None, tool: str) -> str:
        id = hashlib.sha256(f"imagined-{len(self.records)}".encode()).hexdigest()[:32]
        self.records[id] = PictureRecord(id=id, width=64, height=64, tool=tool, brief=brief, scene=scene,
                                         parents=[parent] if parent and tool != "generate" else [])
        return id


class Passing(Memory):
    """A memory without a file."""

    def __init__(self) -> None:
        self.kept: list[Preference] = []

    def all(self) -> list[Preference]:
        return list(self.kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        yield

    def _write(self, preferences: list[Preference]) -> None:
        self.kept = list(preferences)


@dataclass
class Talk:
    """A conversation that is only thought through."""

    workshop: Workshop
    planner: Planner
    model: Model
    options: Options
    images: Imagined = field(default_factory=Imagined)
    history: list[dict[str, Any]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    picture: str | None = None
    brief: Brief = field(default_factory=Brief)
    question: Question | None = None
    memory: Memory = field(default_factory=Passing)
    asked: int = 0

    def turn(self, text: str) -> dict[str, Any]:
        """Think one message through: the first call that is no preparation, the words, the Brief then."""
        text = Turn(id="rehearsal", text=text).text
        words, masked = _unmasked(text)
        noted, words = self._remember(words)
        if noted and not words:
            return self._answer(text, noted)
        state = self._state(words, masked)
        reply, found = "", None
        for _ in range(self.options.limits.planner_calls):
            heard = thinking.think(state, self._desk())
            state = {**state, **heard}
            reply = state["text"] or reply
            if not state["queue"]:
                break
            state, found = self._carry_out(state, found)
            if found and found.name not in PASSING:
                break
        if ended := state.get("ended"):
            raise PlannerError(ended["text"])
        return self._over(state, text.removeprefix(MASK).strip(), masked, " ".join(filter(None, [noted, reply])), found)

    def _remember(self, words: str) -> tuple[str, str]:
        """What is said of preferences, and the rest of the message; nothing of it is kept longer than the talk."""
        heard = hear(words, self.memory.all())
        return ("", words) if heard.rest == words else (answer(heard, self.memory), heard.rest)

    def _answer(self, said: str, reply: str) -> dict[str, Any]:
        self.question, self.asked = None, 0
        self.history += [{"role": "user", "content": said}, {"role": "assistant", "content": reply}]
        return {"brief": self.brief.model_dump(mode="json"), "tool": None, "arguments": {}, "reply": reply,
                "cannot": coverage.cannot(self.brief, self.model.capabilities)}

    def _over(self, state: State, words: str, masked: bool, reply: str, found: ToolCall | None) -> dict[str, Any]:
        self.brief, self.picture = brief_of(state), state["picture"]
        question = state.get("asking")
        self.question = Question.model_validate(question) if question else None
        self.asked = self.asked + 1 if question else 0
        if self.picture and self.picture not in self.versions:
            self.versions.append(self.picture)
        said = reply or (self.question.text if self.question else "")
        self.history += [{"role": "user", "content": f"{MASK} {words}" if masked else words},
                         {"role": "assistant", "content": said}]
        return {"brief": self.brief.model_dump(mode="json"), "tool": found.name if found else None,
                "arguments": found.arguments if found else {}, "reply": said,
                "cannot": coverage.cannot(self.brief, self.model.capabilities)}

    def _carry_out(self, state: State, found: ToolCall | None) -> tuple[State, ToolCall | None]:
        """All calls that wait, in turn; the first that is more than a preparation, or than the way to a version."""
        for raw in state["queue"]:
            call = ToolCall.model_validate(raw)
            if call.name not in PREPARING and (found is None or found.name in PASSING):
                found = call
            state = {**state, **self._effect(state, call)}
        return {**state, "queue": []}, found

    def _effect(self, state: State, call: ToolCall) -> State:
        ctx = acting.context(state, self._desk(), 0.0)
        try:
            if call.error:
                raise ToolError(call.error)
            result = self._imagine(ctx, call) if acting.draws(call.name) else _think(ctx, call)
        except (ToolError, GeneratorError) as error:
            result = ToolResult(f"Error: {error}")
        told = {"role": "tool", "tool_call_id": call.id, "content": result.text}
        update = State(messages=[*state["messages"], told])
        if result.brief is not None:
            new = any(waiting["name"] == "generate" for waiting in state["queue"])
            liked = self.memory.all() if new else []
            brief = assume(result.brief, liked, self.model.capabilities, state["turn"]["text"])
            update["brief"] = brief.model_dump(mode="json")
        if result.picture:
            update["picture"] = result.picture
        if result.question:
            update["asking"] = result.question.model_dump()
        return update

    def _imagine(self, ctx: ToolContext, call: ToolCall) -> ToolResult:
        registry.parse(registry.all_tools()[call.name], call.arguments)
        if call.name == "edit" and ctx.scene:
            scene = changed_scene(list(ctx.scene), call.arguments, ctx.brief)
        else:
            scene = imagined_scene(ctx.brief) if not ctx.brief.empty() else list(ctx.scene)
        return ToolResult("Done.", picture=self.images.add(ctx.brief, scene, ctx.picture, call.name))

    def _state(self, text: str, masked: bool) -> State:
        turn: dict[str, Any] = {"id": "rehearsal", "text": text, "uploads": [], "mask": "painted" if masked else None}
        plan = {"model": self.model.name, "seed": SEED, "single_shot": False, "repairs": 0,
                "limits": self.options.limits.model_dump(), "without": self._without(text)}
        question = self.question.model_dump() if self.question else None
        brief = None if self.brief == Brief() else self.brief.model_dump(mode="json")
        if masked and self.picture is None:
            self.picture = self.images.add(Brief(), [], None, "generate")
            self.versions.append(self.picture)
        return {**fresh(), "session": "rehearsal", "turn": turn, "number": len(self.history) // 2 + 1, "plan": plan,
                "seed": SEED, "picture": self.picture, "brief": brief, "layout": [], "question": question}

    def _without(self, text: str) -> list[str]:
        said = [*(str(message["content"]) for message in self.history if message["role"] == "user"), text]
        quiet = self.asked >= MOST_QUESTIONS or asking.forbidden(said)
        return [*self.options.without, *(["questions"] if quiet else [])]

    def _desk(self) -> Desk:
        return Desk(session="rehearsal", images=self.images, workshop=self.workshop, planner=self.planner,  # type: ignore[arg-type]
                    history=self.history, versions=tuple(self.versions), keep=_nothing, tell=_nothing, stop=_never)


def rehearse(turns: list[str], workshop: Workshop, planner: Planner, model: Model, options: Options) -> dict[str, Any]:
    """What the last turn leads to: brief, tool (null for a reply only), arguments, reply, cannot."""
    talk = Talk(workshop, planner, model, options)
    return [talk.turn(text) for text in turns][-1]


def imagined_scene(brief: Brief) -> list[SceneObject]:
    """What a picture of the Brief would hold."""
    named = {thing.phrase(count=False): thing for thing in brief.objects}
    found = []
    for region in plan_layout(brief, SEED):
        thing = named.get(region.phrase)
        if thing:
            colour = colour_name(thing.colour) if thing.colour else "own"
            found.append(Detection(thing_name(thing.name), colour, region.box, 1.0))
    return scene_of_seen(Seen(tuple(found)))


def _think(ctx: ToolContext, call: ToolCall) -> ToolResult:
    if call.name == "critique":
        return ToolResult("Everything is as the Brief says.")
    return registry.call(ctx, call.name, call.arguments)


def _unmasked(text: str) -> tuple[str, bool]:
    return (text.removeprefix(MASK).strip(), True) if text.startswith(MASK) else (text, False)


def _nothing(*_: object) -> None:
    """Nobody listens, nothing is kept."""


def _never() -> bool:
    return False


