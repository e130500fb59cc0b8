"""The simulated user: answers what is asked and nothing else; what the studio asks is written down."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent.api import Options, Outcome, Thinking, Turn
from agent.embedded.planner import EmbeddedPlanner
from agent.embedded.simulate import Conversation, whole_world
from evals import arms, user
from evals.api import Item
from evals.critic import Critic
from tests.evals.doubles import StudioDouble, WorkshopDouble
from tools.api import Question, Usage

SCENE = {"objects": "a horse", "background": "on a beach"}


@pytest.mark.parametrize(("question", "answer", "mattered"), [
    (Question(text="Which animal shall I draw?", slot="objects"), "a horse", True),
    (Question(text="What background shall it have?", slot="objects"), "on a beach", True),
    (Question(text="What colour shall it be?", slot="objects"), "you choose", False),
    (Question(text="Which one do you mean?", slot="target"), "you choose", False),
])
def test_it_answers_only_what_it_is_asked(question: Question, answer: str, mattered: bool) -> None:
    said = user.User(SCENE).answer(question)
    assert (said.answer, said.mattered) == (answer, mattered) and said.text == question.text


def test_only_an_item_with_answers_has_a_user() -> None:
    assert user.of(Item(id="x", tag="t", turns=["a dog"])) is None
    assert user.of(Item(id="x", tag="t", turns=["a dog"], truth={"answers": {}})) is not None


class Asking(StudioDouble):
    """Asks what it is told to before it draws what was said last."""

    def __init__(self, folder: Path, questions: list[Question]) -> None:
        super().__init__(folder)
        self.questions = questions

    def turn(self, session: str, turn: Turn, options: Options | None = None, **more: Any) -> Outcome:
        more["listen"](Thinking(planner="double"))
        time.sleep(0.02)
        if not self.questions:
            outcome = super().turn(session, turn, options)
        else:
            assert options is not None
            self.turns.append((turn.text, options))
            question = self.questions.pop(0)
            outcome = Outcome(status="question", session=session, reply=question.text, question=question,
                              usage=Usage(planner_calls=1, seconds=0.5))
        more["listen"](outcome)
        return outcome


def played(tmp_path: Path, questions: list[Question], truth: dict[str, Any]) -> tuple[Asking, arms.Played]:
    studio = Asking(tmp_path, questions)
    item = Item(id="x", tag="kind", turns=["an animal"], truth=truth)
    critic = Critic(WorkshopDouble(), "sketch")  # type: ignore[arg-type]
    return studio, arms.play("agent", studio, critic, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]


def test_a_conversation_goes_on_until_it_is_drawn(tmp_path: Path) -> None:
    asked = [Question(text="Which animal?", slot="objects"), Question(text="In what style?", slot="style")]
    studio, found = played(tmp_path, asked, {"answers": SCENE})
    assert [text for text, _ in studio.turns] == ["an animal", "a horse", "you choose"]
    assert found.status == "done" and found.picture
    assert [(one.answer, one.mattered) for one in found.asked] == [("a horse", True), ("you choose", False)]
    assert found.cost.planner_calls == 3 and found.cost.images == 1
    assert found.cost.seconds["total"] == 2.0
    assert found.cost.seconds["planning"] == pytest.approx(0.06, abs=0.05), "from being asked to what happens next"


def test_patience_ends(tmp_path: Path) -> None:
    studio, found = played(tmp_path, [Question(text="Which?", slot="objects")] * 9, {"answers": SCENE})
    assert found.status == "question" and len(found.asked) == user.PATIENCE == len(studio.turns) - 1


def test_where_nobody_answers_the_question_is_the_end(tmp_path: Path) -> None:
    studio, found = played(tmp_path, [Question(text="Which?", slot="objects")], {})
    assert found.status == "question" and len(studio.turns) == 1
    assert [(one.text, one.answer, one.mattered) for one in found.asked] == [("Which?", "", False)]


class Silent(EmbeddedPlanner):
    """Is not offered the tool that asks."""

    def complete(self, messages: Any, tools: Any, stop: Any) -> Any:
        return super().complete(messages, [t for t in tools if t["function"]["name"] != "ask"], stop)


@pytest.mark.parametrize("turns", [("an animal",), ("paint me something",), ("two white dogs", "make the dog purple")])
def test_the_planner_guesses_where_it_may_not_ask(turns: tuple[str, ...]) -> None:
    talk, asking = Conversation(whole_world(), planner=Silent()), Conversation(whole_world())
    for text in turns:
        silent, usual = talk.say(text), asking.say(text)
        talk.carry_out(silent)
        asking.carry_out(usual)
    assert "ask" in [call.name for call in usual.calls]
    assert {call.name for call in silent.calls} & {"generate", "edit"}
