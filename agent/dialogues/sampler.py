"""Whole conversations with their truth: what each turn means is made up first, the embedded planner's own rules say
which calls that leads to (`interpret.carry_out`; its grammar never reads a word of it), and the words are found last.

A picture is only its scene here: objects at random places that keep the Brief's relations, now and then with what a
painter gets wrong. `python -m agent.dialogues` writes the turns down as chats.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from agent.dialogues import changing, describing, talking, things
from agent.dialogues.wording import Pen
from agent.embedded import drawing, interpret, plans, replies
from agent.embedded.answers import Answers
from agent.embedded.draft import draft_of
from agent.embedded.plans import Plan
from agent.embedded.simulate import changed_scene, numbered, whole_world
from agent.embedded.situation import Situation
from agent.embedded.syntax import Clause, Command, Control, Description
from generators.api import Box, World
from generators.world.vocabulary import NATURAL_COLOURS
from tools.api import Brief, BriefObject, Question, SceneObject
from tools.caption import background_phrase, style_phrase
from tools.naming import plural, thing_name
from tools.relations import holds
from tools.write_brief import with_plurals

Call = tuple[str, dict[str, Any]]

TOOLS = ("write_brief", "ask", "layout_plan", "generate", "edit", "inpaint", "critique", "undo", "select")
MOST_SEEN = 14


@cache
def _world() -> World:
    return whole_world()


@dataclass
class Turn:
    """What was said in which situation, and the answer to it: words, calls, or both."""

    kind: str
    words: str
    now: Situation
    calls: list[Call]
    text: str = ""
    history: list[dict[str, str]] = field(default_factory=list)


@dataclass
class _Said:
    """A message and what it means; a `plan` where no clause says it, for an answer all that is `known` then."""

    kind: str
    words: str
    clauses: list[Clause] = field(default_factory=list)
    plan: Plan | None = None
    known: Answers | None = None

    @property
    def slips(self) -> float:
        """How often it is misspelt: never where it has words that nobody could guess."""
        answers = [told for _, told in self.known.slots] if self.known else []
        exact = any(map(changing.is_exact, [*self.clauses, *answers]))
        return 0.0 if exact else 0.05 if self.kind == "talk" else 0.12


@dataclass
class _Wish:
    """What a question interrupted: its clauses, what had been said before it, and what answers have settled so far."""

    clauses: list[Clause] = field(default_factory=list)
    before: list[list[Clause]] = field(default_factory=list)
    known: Answers = field(default_factory=Answers)

    def with_answer(self, answer: Answers) -> Answers:
        """All that is known with another answer."""
        return Answers(answer.choice or self.known.choice, [*self.known.slots, *answer.slots])


class Conversation:
    """Sampled turn by turn; every turn is taken to be carried out."""

    def __init__(self, rng: random.Random) -> None:
        self.pen = Pen(rng)
        self.brief: Brief | None = None
        self.scene: list[SceneObject] = []
        self.picture: str | None = None
        self.versions: list[str] = []
        self.kept: dict[str, tuple[Brief | None, list[SceneObject], str | None]] = {}
        self.question: Question | None = None
        self.wish = _Wish()
        self.said: list[list[Clause]] = []
        self.history: list[dict[str, str]] = []
        self.able = self._abilities()

    def _abilities(self) -> tuple[str, ...]:
        """Mostly all of them, as the pack's models have them."""
        missing = self.pen.pick({"": 88, "boxes": 6, "edit": 3, "inpaint": 3})
        return tuple(name for name in ("generate", "edit", "inpaint", "boxes") if name != missing)

    # --- one turn ---

    def turn(self) -> Turn:
        """The next turn; what it leads to counts as done."""
        now = self._situation()
        said = self._next(now)
        marks = [mark for mark, on in (("[mask]", now.mask), ("[picture]", now.uploads)) if on]
        words = " ".join([*marks, self.pen.typed(said.words, said.slips)])
        plan = said.plan or self._led_to(now, said)
        turn = Turn(said.kind, words, now, [call_short(name, given) for name, given in plan.calls], _plain(plan),
                    list(self.history))
        self._over(turn, said, now)
        return turn

    def _situation(self) -> Situation:
        pen = self.pen
        now = Situation(brief=self.brief, picture=self.picture, scene=list(self.scene), versions=list(self.versions),
                        capabilities=self.able, world=_world(), question=self.question, strict=False,
                        said=list(self.said), history=[m["content"] for m in self.history if m["role"] == "user"])
        if self.picture and self.scene and pen.chance(0.05) and not self.question:
            now.mask = True
            now.covered = [thing.id for thing in pen.rng.sample(self.scene, pen.pick({0: 4, 1: 5, 2: 1}))
                           ] if len(self.scene) > 1 else []
        elif pen.chance(0.025) and not self.question:
            now.uploads, now.picture = 1, "upload"
            now.scene = _scene_of(pen, _a_brief(pen)) if pen.chance(0.8) else []
        absent = {"edit": not now.has_picture, "inpaint": not now.has_picture, "undo": not now.picture,
                  "select": not (now.picture or now.versions), "critique": not now.has_picture}
        absent |= {name: True for name in ("edit", "inpaint") if name not in self.able}
        absent["layout_plan"] = "boxes" not in self.able
        now.offered = tuple(name for name in TOOLS if not absent.get(name))
        return now

    def _led_to(self, now: Situation, said: _Said) -> Plan:
        if said.known is None:
            return interpret.carry_out(now, deepcopy(said.clauses))
        before = replace(now, question=None, said=self.wish.before)
        return interpret.carry_out(before, deepcopy(self.wish.clauses), deepcopy(said.known))

    # --- what is said next ---

    def _next(self, now: Situation) -> _Said:
        pen = self.pen
        if self.question and pen.chance(0.9):
            return self._answer(self.question)
        if now.mask:
            return self._painted(now)
        if not now.has_picture:
            kind = pen.pick({"new": 74, "vague": 7, "category": 4, "never": 3, "talk": 9, "change": 2.5, "both": 3})
        elif not now.scene:
            kind = pen.pick({"new": 4, "anew": 4, "ground": 4, "talk": 1, "control": 2})
        else:
            kind = pen.pick({"change": 66, "anew": 8, "control": 12, "look": 3, "question": 4, "talk": 3, "vague": 0.7,
                             "complaint": 0.8, "keep": 1.0, "never": 0.5})
        return getattr(self, f"_{kind}")(now)

    def _new(self, now: Situation) -> _Said:
        request = describing.described(self.pen)
        return _Said("new", request.words, [request.said])

    def _anew(self, now: Situation) -> _Said:
        request = describing.described(self.pen, anew=True)
        return _Said("anew", request.words, [request.said])

    def _both(self, now: Situation) -> _Said:
        """`a dog and a cat. make the cat black`: the change is part of the first picture."""
        request = describing.described(self.pen)
        brief = drawing.brief_of(deepcopy(request.said), "")
        draft = draft_of(brief, ())
        if not draft.items or len(brief.objects) > 3 or request.said.marks & {"new"}:
            return self._new(now)
        words, clause = changing.a_change(self.pen, draft)
        placed = isinstance(clause, Command) and clause.description and (
            clause.description.links or clause.description.relations)
        if not isinstance(clause, Command) or placed or clause.operation in ("only keep", "restyle", "background"):
            return self._new(now)
        return _Said("both", f"{request.words}. {words}", [request.said, clause])

    def _category(self, now: Situation) -> _Said:
        words, phrase = things.a_category(self.pen)
        lead, marks = self.pen.one((("draw ", {"draw"}), ("", set()), ("i want ", {"want"}), ("paint me ", {"draw"})))
        return _Said("category", lead + words, [Description(objects=[phrase], marks=set(marks))])

    def _vague(self, now: Situation) -> _Said:
        if self.pen.chance(0.3):
            brief = drawing.surprise(str(self.pen.rng.random()), _world(), "")
            brief.assumed = []
            return _Said("surprise", talking.surprise(self.pen), [], plans.drawn(now, brief, None))
        words, trouble = talking.vague(self.pen)
        return _Said("vague", words, [Description(marks={"draw"})], interpret._asked(now, trouble))

    def _never(self, now: Situation) -> _Said:
        """What cannot be: it contradicts itself, or nobody can count that far."""
        words, said = self.pen.one((talking.contradiction, talking.too_many))(self.pen)
        if now.has_picture:
            words, said.marks = f"new picture: {words}", said.marks | {"new"}
        return _Said("never", words, [said])

    def _change(self, now: Situation) -> _Said:
        draft = interpret._draft(now)
        if not now.has_picture:
            imagined = draft_of(_a_brief(self.pen), ())
            words = changing.an_order(self.pen, imagined) if imagined.items else None
            return _Said("no picture", words, [], Plan(text=talking.NO_PICTURE)) if words else self._new(now)
        words, clauses = changing.changes(self.pen, draft)
        return _Said("change", words, clauses)

    def _look(self, now: Situation) -> _Said:
        words, clauses = changing.a_new_look(self.pen, interpret._draft(now))
        return _Said("look", words, clauses)

    def _ground(self, now: Situation) -> _Said:
        """A picture in which nothing can be pointed at."""
        words, clause = self.pen.one((changing._background, changing._restyle))(self.pen, interpret._draft(now))
        return _Said("change", words, [clause])

    def _keep(self, now: Situation) -> _Said:
        words, clause = changing.keeping(self.pen, interpret._draft(now))
        return _Said("keep", words, [clause])

    def _control(self, now: Situation) -> _Said:
        words, clause = changing.a_control(self.pen, len(self.versions))
        if not isinstance(clause, Control) or clause.action != "again":
            return _Said("control", words, [clause])
        if self.brief is None or self.brief.empty():
            return self._new(now)
        return _Said("control", words, [clause], plans.drawn(now, plans.same_again(now), clause.seed))

    def _talk(self, now: Situation) -> _Said:
        if not now.has_picture and self.pen.chance(0.15):
            words, _ = changing.a_control(self.pen, 1)
            return _Said("talk", words, [], Plan(text=talking.NO_PICTURE))
        chat = talking.small_talk(self.pen)
        return _Said("talk", chat.words, [], Plan(text=chat.reply))

    def _complaint(self, now: Situation) -> _Said:
        chat = talking.complaint(self.pen)
        return _Said("talk", chat.words, [], Plan(text=chat.reply))

    def _question(self, now: Situation) -> _Said:
        ground = self.brief.background if self.brief and not now.uploads else None
        chat = talking.about_picture(self.pen, now.scene, ground)
        return _Said("question", chat.words, [], Plan(text=chat.reply))

    def _answer(self, question: Question) -> _Said:
        answer = talking.an_answer(self.pen, question, self.wish.clauses, self.scene)
        if answer.known is None:
            return _Said("answer", answer.words, [], Plan(text=replies.ALL_RIGHT))
        return _Said("answer", answer.words, [], known=self.wish.with_answer(answer.known))

    def _painted(self, now: Situation) -> _Said:
        """Something for the part that was painted over."""
        draft = interpret._draft(now)
        pen, kind = self.pen, self.pen.pick({"put": 7, "remove": 2, "change": 2})
        if kind == "remove":
            words = pen.write(("(remove|erase|delete) (this|it|that|)", "(get rid of|take away) (this|it|that)",
                               "nothing( here|)", "clear this"))
            return _Said("mask", words, [Command("remove")])
        if kind == "change" and draft.items:
            words, clause = pen.one((changing._recolour, changing._resize, changing._background))(pen, draft)
            return _Said("mask", words, [clause])
        words, phrase = things.a_thing(pen)
        while not phrase.known:
            words, phrase = things.a_thing(pen)
        text = pen.write(("{w}", "{w}", "(put|add|draw|paint|place|insert) {w}(| here| there| in here)", "{w} here",
                          "make this {w}", "i want {w} here", "here {w}"), w=words)
        said = Description(objects=[phrase])
        return _Said("mask", text, [said])

    # --- what follows ---

    def _over(self, turn: Turn, said: _Said, now: Situation) -> None:
        asked = next((given for name, given in turn.calls if name == "ask"), None)
        self.said.insert(0, self.wish.clauses if said.known else said.clauses)
        if asked and said.known:
            self.wish.known = said.known
        elif asked:
            self.wish = _Wish(said.clauses, self.said[1:])
        self.question = None
        if asked:
            self.question = Question(text=asked["question"], options=asked["options"], slot=asked["slot"])
        self._carry_out(turn, now)
        self.history += [{"role": "user", "content": turn.words},
                         {"role": "assistant", "content": turn.text or (asked or {}).get("question", talking.DONE)}]

    def _carry_out(self, turn: Turn, now: Situation) -> None:
        """What the calls do to Brief, picture and scene."""
        scene = list(now.scene)
        drew = None
        for name, given in turn.calls:
            if name == "write_brief":
                self.brief = with_plurals(Brief.model_validate(given["brief"]))
            elif name in ("undo", "select"):
                self._go_to(name, given)
            elif name == "edit":
                scene, drew = _edited(self.pen, scene, given, self.brief or Brief()), name
            elif name in ("generate", "inpaint"):
                scene, drew = _scene_of(self.pen, self.brief or Brief()), name
        if drew:
            parent = self.picture if drew != "generate" else None
            self.picture = f"v{len(self.kept) + 1}"
            self.scene = scene[:MOST_SEEN]
            self.versions.append(self.picture)
            self.kept[self.picture] = (self.brief, self.scene, parent)

    def _go_to(self, tool: str, given: dict[str, Any]) -> None:
        picture = self.picture
        for _ in range(given.get("steps", 1) if tool == "undo" else 0):
            before = self.kept[picture][2] if picture in self.kept else None
            place = self.versions.index(picture) if picture in self.versions else 0
            picture = before or (self.versions[place - 1] if place else picture)
        if tool == "select":
            place = self.versions.index(picture) if picture in self.versions else 0
            numbers = {"first": 1, "previous": max(1, place)}
            number = numbers[given["image"]] if given["image"] in numbers else int(given["image"])
            picture = self.versions[number - 1] if number <= len(self.versions) else picture
        if picture in self.kept:
            self.picture = picture
            self.brief, self.scene, _ = self.kept[picture]


def _plain(plan: Plan) -> str:
    """The words that answer, without what only a grammar can say; of a picture there is to speak when it is there."""
    if plan.calls:
        return ""
    starts = {"I see no such thing": talking.NO_SUCH_THING, "That is in the picture": talking.NO_SUCH_CHANGE,
              "I did not understand": talking.UNCLEAR, "There is no picture": talking.NO_PICTURE}
    return next((text for start, text in starts.items() if plan.text.startswith(start)), plan.text)


# --- calls as short as they can be ---


def brief_short(brief: dict[str, Any]) -> dict[str, Any]:
    """A Brief without what a reader fills in by itself: defaults, plurals, the user's own words."""
    objects = [_object_short(thing) for thing in brief["objects"]]
    relations = [{k: v for k, v in relation.items() if v is not None} for relation in brief["relations"]]
    made = {"objects": objects, "relations": relations,
            **{name: brief[name] for name in ("background", "style", "text", "avoid", "keep")}}
    return {name: value for name, value in made.items() if value}


def _object_short(thing: dict[str, Any]) -> dict[str, Any]:
    return {name: thing[name] for name in ("id", "name", "count", "colour", "size", "attributes", "place")
            if (thing[name] != 1 if name == "count" else thing[name])}


def call_short(name: str, given: dict[str, Any]) -> Call:
    """A call with the arguments that say something, in the order of the schema."""
    if name == "write_brief":
        return name, {"brief": brief_short(given["brief"])}
    if name == "generate":
        return name, {key: given[key] for key in ("prompt", "seed") if key in given}
    if name == "edit":
        return name, _edit_short(given)
    if name == "select" and str(given["image"]).startswith("v"):
        return name, {"image": given["image"].removeprefix("v")}
    return name, given


def _edit_short(given: dict[str, Any]) -> dict[str, Any]:
    """In the order of the schema, with the instruction in plain words instead of the user's own."""
    made = {"instruction": _instruction(given), **{key: value for key, value in given.items() if key != "instruction"}}
    order = ("instruction", "operation", "targets", "phrase", "image")
    return {key: made[key] for key in order if made.get(key)}


def _instruction(given: dict[str, Any]) -> str:
    operation, phrase, targets = given.get("operation"), given.get("phrase") or "", given.get("targets", [])
    names = [id.rpartition("-")[0].replace("-", " ") for id in targets]
    kinds = list(dict.fromkeys(names))
    the = " and ".join(f"the {plural(kind) if names.count(kind) > 1 else kind}" for kind in kinds) or "it"
    if operation in ("add", "move"):
        return str(given["instruction"])
    if operation == "recolour":
        colour = phrase.removesuffix(_tail(phrase, kinds)).strip() or phrase
        return f"make {the} {colour}"
    if operation == "resize":
        return f"make {the} {'bigger' if phrase.startswith('big') else 'smaller'}"
    if operation == "remove":
        return f"remove {the}"
    if operation == "replace":
        return f"replace {the} with {'an' if phrase[:1] in 'aeiou' else 'a'} {phrase}"
    return f"make it {background_phrase(phrase) if operation == 'background' else style_phrase(phrase)}"


def _tail(phrase: str, kinds: list[str]) -> str:
    words = [" and ".join(kinds), *(word for kind in kinds for word in (kind, plural(kind)))]
    return next((word for word in sorted(words, key=len, reverse=True) if word and phrase.endswith(word)), "")


# --- pictures that nobody drew ---


def _a_brief(pen: Pen) -> Brief:
    return drawing.brief_of(describing.described(pen).said, "")


def _scene_of(pen: Pen, brief: Brief) -> list[SceneObject]:
    """What is seen in a picture of a Brief: its objects where its relations want them, one in ten times not quite."""
    things = [thing for thing in brief.objects for _ in range(3 if thing.count is None else thing.count)][:MOST_SEEN]
    best: list[Box] = []
    fewest = 99
    for _ in range(12):
        boxes = [_a_box(pen, thing) for thing in things]
        broken = _broken(brief, things, boxes)
        if broken < fewest:
            best, fewest = boxes, broken
        if not broken:
            break
    seen = [SceneObject(id="new", name=thing_name(thing.name), colour=_colour_of(pen, thing), box=box)
            for thing, box in zip(things, best, strict=True)]
    if seen and pen.chance(0.1):
        seen = _mistaken(pen, seen)
    return numbered(seen)


_ACROSS = {"left": (0.05, 0.3), "right": (0.7, 0.95), "centre": (0.4, 0.6)}
_DOWN = {"top": (0.05, 0.3), "bottom": (0.7, 0.95), "centre": (0.4, 0.6)}


def _a_box(pen: Pen, thing: BriefObject) -> Box:
    words = (thing.place or "").split()
    x = pen.rng.uniform(*next((_ACROSS[w] for w in words if w in _ACROSS), (0.08, 0.92)))
    y = pen.rng.uniform(*next((_DOWN[w] for w in words if w in _DOWN), (0.08, 0.92)))
    side = pen.rng.uniform(*{"small": (0.12, 0.2), "big": (0.35, 0.5)}.get(thing.size or "", (0.18, 0.36))) / 2
    return Box(*(round(min(max(v, 0.0), 1.0), 3) for v in (x - side, y - side, x + side, y + side)))


def _broken(brief: Brief, things: list[BriefObject], boxes: list[Box]) -> int:
    owned: dict[str, list[Box]] = {}
    for thing, box in zip(things, boxes, strict=True):
        owned.setdefault(thing.id, []).append(box)
    return sum(not holds(r.relation, owned.get(r.subject, []), owned.get(r.object, []), owned.get(r.other or "", []))
               for r in brief.relations if r.relation in ("left of", "right of", "above", "below")
               and owned.get(r.subject) and owned.get(r.object))


def _colour_of(pen: Pen, thing: BriefObject) -> str | None:
    """As a detector names it: also the thing's own colour, where people would agree on that."""
    if thing.colour:
        return thing.colour
    return NATURAL_COLOURS.get(thing_name(thing.name)) if pen.chance(0.3) else None


def _mistaken(pen: Pen, seen: list[SceneObject]) -> list[SceneObject]:
    at = pen.rng.randrange(len(seen))
    kind = pen.pick({"lost": 4, "twice": 3, "colour": 3})
    if kind == "lost":
        return seen[:at] + seen[at + 1 :]
    if kind == "twice":
        return [*seen, seen[at].model_copy(update={"box": _a_box(pen, BriefObject(id="x", name="x"))})]
    other = seen[at].model_copy(update={"colour": pen.one(("red", "blue", "green", None))})
    return [*seen[:at], other, *seen[at + 1 :]]


def _edited(pen: Pen, scene: list[SceneObject], given: dict[str, Any], brief: Brief) -> list[SceneObject]:
    """The scene after an edit; what moves or grows does so at random."""
    if given.get("operation") in ("move", "resize"):
        moved = {id: _a_box(pen, BriefObject(id="x", name="x")) for id in given.get("targets", [])}
        return numbered([thing.model_copy(update={"box": moved.get(thing.id, thing.box)}) for thing in scene])
    return changed_scene(scene, given, brief)


def conversations(rng: random.Random, count: int) -> Iterable[Turn]:
    """`count` turns, a few at a time in one conversation."""
    made = 0
    while made < count:
        talk = Conversation(rng)
        for _ in range(min(talk.pen.pick({1: 4, 2: 3, 3: 3, 4: 2, 5: 2, 7: 1}), count - made)):
            made += 1
            yield talk.turn()
