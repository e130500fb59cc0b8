"""A conversation without pictures: what the planner would be told if every turn were carried out perfectly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.api import PlannerReply
from agent.earlier import shows
from agent.embedded.planner import EmbeddedPlanner
from generators.api import Box, World
from generators.world import vocabulary
from tools.api import Brief, PictureRecord, SceneObject, ToolError
from tools.layout import plan_layout
from tools.naming import thing_name
from tools.phrases import find_phrase

TOOLS = ("write_brief", "layout_plan", "generate", "edit", "inpaint", "ask", "undo", "select", "critique")


def whole_world() -> World:
    """A world in which everything that the vocabulary names can be drawn."""
    return World(
        objects=tuple(t.name for t in vocabulary.THINGS),
        colours=tuple(w.name for w in vocabulary.COLOURS),
        backgrounds=tuple(w.name for w in vocabulary.BACKGROUNDS),
        styles=tuple(w.name for w in vocabulary.STYLES),
        relations=tuple(w.name for w in vocabulary.RELATIONS),
        counts=5,
    )


@dataclass
class Conversation:
    """A rehearsed conversation; `say` plans a turn, `carry_out` pretends that its calls have succeeded."""

    world: World | None = None
    planner: EmbeddedPlanner = field(default_factory=EmbeddedPlanner)
    brief: dict[str, Any] | None = None
    picture: str | None = None
    scene: list[SceneObject] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    records: dict[str, tuple[Any, list[SceneObject], str | None]] = field(default_factory=dict)
    question: dict[str, Any] | None = None
    history: list[dict[str, str]] = field(default_factory=list)

    def say(self, text: str) -> PlannerReply:
        message = {"role": "user", "content": text}
        reply = self.planner.complete([self._system(text), *self.history, message], self._tools(), lambda: False)
        self.history += [message, {"role": "assistant", "content": reply.text}]
        return reply

    def _system(self, text: str) -> dict[str, str]:
        world = (
            None
            if self.world is None
            else {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self.world).items()}
        )
        uploads = text.startswith("[picture]")
        state = {
            "brief": self.brief,
            "picture": "upload" if uploads else self.picture,
            "scene": [] if uploads else [thing.model_dump(mode="json") for thing in self.scene],
            "mask": text.startswith("[mask]"),
            "uploads": int(uploads),
            "versions": self.versions,
            "earlier": shows(self._pictures(), self.picture),
            "model": {
                "name": "rehearsal",
                "family": "diffusion",
                "world": world,
                "capabilities": ["generate", "edit", "inpaint", "boxes", "negative"],
            },
            "question": self.question,
            "budget": {},
        }
        return {"role": "system", "content": f"You plan.\nSTATE\n{json.dumps(state)}"}

    def _pictures(self) -> list[PictureRecord]:
        return [PictureRecord(id=id, width=1, height=1, brief=Brief.model_validate(self.records[id][0] or {}))
                for id in self.versions]

    def _tools(self) -> list[dict[str, Any]]:
        return [{"type": "function", "function": {"name": name}} for name in TOOLS]

    def carry_out(self, reply: PlannerReply) -> None:
        self.question = None
        drew = False
        for call in reply.calls:
            if call.name == "write_brief":
                self.brief = call.arguments["brief"]
            elif call.name == "ask":
                asked = call.arguments
                self.question = {"text": asked["question"], "options": asked["options"], "slot": asked["slot"]}
            elif call.name in ("undo", "select"):
                self._go_to(call.name, call.arguments)
            elif call.name == "edit" and self.scene:
                self.scene = changed_scene(self.scene, call.arguments, self._brief())
                drew = True
            elif call.name in ("generate", "edit", "inpaint"):
                self.scene, drew = scene_of(self._brief()), True
        if drew:
            self._drawn()

    def _drawn(self) -> None:
        parent, self.picture = self.picture, f"p{len(self.versions) + 1}"
        self.versions.append(self.picture)
        self.scene = numbered(self.scene)
        self.records[self.picture] = (self.brief, self.scene, parent)

    def _brief(self) -> Brief:
        return Brief.model_validate(self.brief) if self.brief else Brief()

    def _go_to(self, tool: str, arguments: dict[str, Any]) -> None:
        picture = self.picture
        for _ in range(arguments.get("steps", 1) if tool == "undo" else 0):
            parent = self.records[picture][2] if picture in self.records else None
            picture = parent or picture
        if tool == "select":
            picture = {"first": self.versions[0] if self.versions else None}.get(arguments["image"], arguments["image"])
        if picture in self.records:
            self.brief, self.scene, _ = self.records[picture]
            self.picture = picture


def scene_of(brief: Brief) -> list[SceneObject]:
    """What a perfect detector would see in a perfect picture: every object at its place of the layout."""
    known = brief.model_copy(update={"objects": [t for t in brief.objects if t.count != 0]})
    try:
        regions = plan_layout(known, 0)
    except ToolError:
        return []
    owners = [thing for thing in known.objects for _ in range(3 if thing.count is None else thing.count)]
    return numbered(
        [
            SceneObject(id="new", name=thing_name(thing.name), colour=thing.colour, box=region.box)
            for thing, region in zip(owners, regions, strict=False)
        ]
    )


def changed_scene(scene: list[SceneObject], edit: dict[str, Any], brief: Brief) -> list[SceneObject]:
    """The scene after an edit that did what it should and left everything else where it was."""
    operation, targets, words = edit.get("operation"), edit.get("targets", []), find_phrase(edit.get("phrase") or "")
    if operation == "remove":
        scene = [thing for thing in scene if thing.id not in targets]
    elif operation == "add":
        new = SceneObject(id="new", name=words.thing or str(words), colour=words.colour, box=free_box(scene))
        scene = [*scene, new]
    elif operation in ("recolour", "replace"):
        name = {"name": words.thing} if operation == "replace" and words.thing else {}
        new_look = {"colour": words.colour, **name}
        scene = [thing.model_copy(update=new_look) if thing.id in targets else thing for thing in scene]
    elif edit.get("box"):
        there = {"box": Box(*edit["box"])}
        scene = [thing.model_copy(update=there) if thing.id in targets else thing for thing in scene]
    elif operation in ("move", "resize"):
        scene = scene_of(brief)
    return numbered(scene)


def numbered(scene: list[SceneObject]) -> list[SceneObject]:
    """Named from left to right: "dog-1", "dog-2"."""
    numbers: dict[str, int] = {}
    found = []
    for thing in sorted(scene, key=lambda s: s.box.centre):
        numbers[thing.name] = numbers.get(thing.name, 0) + 1
        found.append(thing.model_copy(update={"id": f"{thing.name.replace(' ', '-')}-{numbers[thing.name]}"}))
    return found


def free_box(scene: list[SceneObject]) -> Box:
    """The cell of a grid that the others cover least."""
    cells = [Box(x / 8, y / 8, x / 8 + 0.22, y / 8 + 0.22) for x in range(7) for y in range(7)]
    return min(cells, key=lambda cell: sum(cell.iou(thing.box) for thing in scene))
