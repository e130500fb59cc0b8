"""Sampled dialogues: the truth fits the tools, the words fit the truth, the chats are those that planners get."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from agent.api import Options, PlannerReply
from agent.dialogues import phrases, talking
from agent.dialogues.__main__ import lines
from agent.dialogues.chats import afterwards, chat_of
from agent.dialogues.checking import agreement, agrees
from agent.dialogues.sampler import Conversation, Turn, _Said, brief_short, conversations
from agent.dialogues.talking import Answer, Chat
from agent.dialogues.wording import Pen
from agent.embedded import drawing
from agent.embedded.answers import Answers
from agent.embedded.drawing import Trouble
from agent.embedded.references import Choice
from agent.embedded.simulate import whole_world
from agent.embedded.syntax import Clause, Command, Control, Description, Link, NounPhrase
from agent.rehearsal import Talk
from generators import sketch
from generators.api import Box
from generators.world.vocabulary import BACKGROUNDS, RELATIONS, STYLES
from tools import registry
from tools.api import Brief, BriefObject, Question, SceneObject


@pytest.fixture(scope="module")
def turns() -> list[Turn]:
    return list(conversations(random.Random(11), 700))


def test_every_call_fits_its_tool_and_is_offered(turns: list[Turn]) -> None:
    for turn in turns:
        for name, arguments in turn.calls:
            assert name in turn.now.offered
            registry.parse(registry.all_tools()[name], arguments)  # raises ToolError where it does not fit


def test_every_turn_is_answered_in_one_way(turns: list[Turn]) -> None:
    assert all(bool(turn.calls) != bool(turn.text) and turn.words.strip() for turn in turns)


def test_targets_are_things_of_the_picture(turns: list[Turn]) -> None:
    for turn in turns:
        there = {thing.id for thing in turn.now.scene}
        for _, arguments in turn.calls:
            assert set(arguments.get("targets", [])) <= there


def test_all_that_a_planner_can_do_appears(turns: list[Turn]) -> None:
    called = Counter(name for turn in turns for name, _ in turn.calls)
    assert set(called) == {"write_brief", "ask", "layout_plan", "generate", "edit", "inpaint", "undo", "select"}
    done = {given["operation"] for turn in turns for name, given in turn.calls if name == "edit"}
    assert done == {"add", "remove", "replace", "recolour", "resize", "move", "background", "restyle"}
    asked = {given["slot"] for turn in turns for name, given in turn.calls if name == "ask"}
    assert asked >= {"objects", "target", "count"}
    assert sum(not turn.calls for turn in turns) > 40 and sum(len(turn.calls) > 3 for turn in turns) > 10


def test_words_and_truth_belong_together(turns: list[Turn]) -> None:
    """The embedded planner has only the words. It does not know all of them, but most lead it to the truth."""
    found = agreement(turns)
    assert found["share"] > 0.7
    assert found["kinds"]["new"]["share"] > 0.7 and found["kinds"]["change"]["share"] > 0.6


def test_a_wrong_truth_is_seen(turns: list[Turn]) -> None:
    turn = next(t for t in turns if t.kind == "new" and agrees(t))
    turn = Turn(turn.kind, turn.words.replace("a", "two", 1), turn.now, [("undo", {"steps": 1})])
    assert not agrees(turn)


def two_dogs(seed: int = 0) -> Conversation:
    """A conversation in which a picture of two dogs on a beach has been drawn."""
    talk = Conversation(random.Random(seed))
    talk.able = ("generate", "edit", "inpaint", "boxes")
    talk.brief = Brief(objects=[BriefObject(id="dog", name="dog", count=2)], background="beach")
    boxes = (Box(0.1, 0.4, 0.3, 0.6), Box(0.7, 0.4, 0.9, 0.6))
    talk.scene = [SceneObject(id=f"dog-{n}", name="dog", box=box) for n, box in enumerate(boxes, 1)]
    talk.picture, talk.versions, talk.kept = "v1", ["v1"], {"v1": (talk.brief, talk.scene, None)}
    return talk


DOG = NounPhrase(name="dog", known=True, definite=True, article="def")


def test_two_questions_about_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """`move the dog`: which one, and where to? What the first answer settled stays settled."""
    talk = two_dogs()
    answers = iter([Answer("the left one", Answers(Choice(NounPhrase(definite=True, pick=("side", "left"))))),
                    Answer("up", Answers(slots=[("place", Description(places=["top"]))]))])  # fmt: skip
    monkeypatch.setattr(talking, "an_answer", lambda *given: next(answers))
    wish: list[Clause] = [Command("move", [DOG])]
    monkeypatch.setattr(talk, "_next", lambda now: talk._answer(talk.question) if talk.question
                        else _Said("change", "move the dog", wish))  # fmt: skip
    asked = [talk.turn().calls for _ in range(2)]
    assert [(name, given["slot"]) for calls in asked for name, given in calls] == [("ask", "target"), ("ask", "place")]
    assert talk.wish.clauses == wish and talk.wish.before == [], "a wish was not said before itself"
    assert talk.turn().calls[-1] == ("edit", {"instruction": "move the dog to the top", "operation": "move",
                                              "targets": ["dog-1"], "phrase": "dog"})  # fmt: skip


def test_what_nobody_could_guess_is_not_misspelt() -> None:
    walrus, dog = NounPhrase(name="walrus"), NounPhrase(name="dog", known=True)
    exact: list[Clause] = [Description(objects=[dog, walrus]), Description(objects=[dog], avoid=[walrus]),
                           Command("add", description=Description(objects=[walrus])), Command("remove", [walrus]),
                           Command("add", description=Description(text="sale"))]  # fmt: skip
    free: list[Clause] = [Description(objects=[dog]), Command("remove", [DOG]), Control("undo"),
                          Command("add", description=Description(objects=[NounPhrase("animal", category="animal")]))]
    assert [_Said("both", "", [free[0], clause]).slips for clause in exact] == [0.0] * 5
    assert all(_Said("change", "", [clause]).slips > 0 for clause in free)
    assert _Said("answer", "", known=Answers(slots=[("objects", Description(objects=[walrus]))])).slips == 0.0


def test_of_a_picture_that_was_brought_along_no_background_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str | None] = []
    monkeypatch.setattr(talking, "about_picture", lambda pen, scene, ground: told.append(ground) or Chat("?", "!"))
    talk = two_dogs()
    now = talk._situation()
    talk._question(now)
    talk._question(replace(now, uploads=1))
    assert told == ["beach", None]


def test_one_of_two_relations_is_chosen_by_its_words() -> None:
    car, orange = NounPhrase(name="car", known=True, colour="orange"), NounPhrase(name="orange", known=True)
    said = Description(objects=[car, orange], links=[Link(0, "left of", 1), Link(1, "left of", 0)])
    with pytest.raises(Trouble) as caught:
        drawing.check(drawing.brief_of(said, ""), said, whole_world())
    question = caught.value.question()
    for seed in range(40):
        answer = talking.an_answer(Pen(random.Random(seed)), question, [said], [])
        if answer.words in question.options and answer.known:
            ((_, chosen),) = answer.known.slots
            brief = drawing.brief_of(chosen, "")
            told = brief.relation_text(brief.relations[0]).replace("an ", "the ")
            assert told == answer.words
            assert len(brief.relations) == 1


def test_three_things_are_not_both() -> None:
    question = Question(text="Which?", options=["the left dog", "the middle dog", "the right dog", "all of them"])
    question.slot = "target"
    said = {talking.an_answer(Pen(random.Random(seed)), question, [], []).words for seed in range(300)}
    assert "all of them" in said and not {"both", "both of them"} & said


def test_the_same_seed_says_the_same() -> None:
    assert lines((5, 40)) == lines((5, 40)) != lines((6, 40))


def test_nothing_is_lost_in_the_short_brief(turns: list[Turn]) -> None:
    briefs = [turn.now.brief for turn in turns if turn.now.brief]
    told = {"request": "", "unknown": [], "assumed": []}
    for brief in briefs:
        bare = [thing.model_copy(update={"plural": None}) for thing in brief.objects]
        short = brief_short(brief.model_dump(mode="json"))
        assert Brief.model_validate(short) == brief.model_copy(update={**told, "objects": bare})
    assert len(briefs) > 100


def test_the_world_has_no_background_style_or_relation_that_nobody_speaks_of() -> None:
    tables = ((BACKGROUNDS, phrases.GROUNDS), (STYLES, phrases.STYLES), (RELATIONS, phrases.RELATIONS))
    assert all({word.name for word in words} <= set(said) for words, said in tables)


def test_patterns_choose_and_fill() -> None:
    pen = Pen(random.Random(0))
    said = {pen.write("(please |)(add|put in) {thing}", thing="a (red) {dog}") for _ in range(50)}
    assert said == {f"{lead}{verb} a (red) {{dog}}" for lead in ("", "please ") for verb in ("add", "put in")}


def test_slips_leave_short_and_quoted_words_alone() -> None:
    pen = Pen(random.Random(0))
    slipped = {pen.typed("a red elephant", 1.0).lower().rstrip(".! ") for _ in range(40)}
    assert all(text.startswith("a red ") for text in slipped) and len(slipped) > 5
    assert all('"good luck"' in pen.typed('write "good luck" on it', 1.0).lower() for _ in range(20))


class Overhears:
    """A planner that notes what it is told."""

    name = "overhears"

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.tools: list[dict[str, Any]] = []

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], stop: Any) -> PlannerReply:
        self.messages, self.tools = messages, tools
        return PlannerReply(text="Yes.")


def test_chats_have_the_state_that_planners_get(turns: list[Turn], sketch_workshop: Any) -> None:
    planner = Overhears()
    Talk(sketch_workshop, planner, sketch.model(), Options()).turn("a dog")
    real = json.loads(planner.messages[0]["content"].partition("\nSTATE\n")[2])
    chats = [chat_of(turn) for turn in turns]
    for chat in chats:
        state = json.loads(chat["messages"][0]["content"].partition("\nSTATE\n")[2])
        assert list(state) == list(real)
        assert {m["role"] for m in chat["messages"][1:]} <= {"user", "assistant"}
        assert chat["messages"][-2]["role"] == "user" and chat["messages"][-1]["role"] == "assistant"
    first = next(chat for chat, turn in zip(chats, turns, strict=True) if not turn.history and not turn.now.uploads
                 and "boxes" in turn.now.capabilities)  # fmt: skip
    assert [t["function"]["name"] for t in first["tools"]] == [t["function"]["name"] for t in planner.tools]


def test_what_is_said_afterwards_depends_on_what_came_of_it(turns: list[Turn]) -> None:
    rng = random.Random(2)
    chats = [chat for turn in islice(turns, 300) for chat in [afterwards(turn, rng)] if chat]
    for chat in chats:
        told, reply = chat["messages"][-2]["content"], chat["messages"][-1]["content"]
        assert chat["messages"][-2]["role"] == "tool" and reply and "tool_calls" not in chat["messages"][-1]
        if told.startswith("Error: "):
            assert reply == told.removeprefix("Error: ")
        wrong = [line[2:].partition(":")[0] for line in told.split("\n") if ": WRONG" in line]
        assert all(line in reply for line in wrong) and ("did not come out" in reply) == bool(wrong)
