"""Questions end where the user wants none, or was asked twice in a row; then the studio chooses, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from agent.asking import forbidden, without_order
from agent.embedded.planner import EmbeddedPlanner

pytestmark = pytest.mark.shared_worker


@pytest.mark.parametrize(("text", "rest"), [
    ("just do it", ""), ("Just do it!", ""), ("don't ask me", ""), ("please stop asking me questions", ""),
    ("a cat, don't ask", "a cat"), ("no more questions, draw an animal", "draw an animal"),
    ("draw an animal and don’t ask me anything", "draw an animal"), ("an animal please, just draw it", "an animal")])
def test_an_order_not_to_ask_is_heard_beside_a_request(text: str, rest: str) -> None:
    assert forbidden([text]) and without_order(text).removesuffix(" please") == rest.removesuffix(" please")


@pytest.mark.parametrize("text", ["just draw it in red", "a man who asks a question", "just do it like before",
                                  "two dogs", "a cat. make it blue"])
def test_other_words_are_left_alone(text: str) -> None:
    assert not forbidden([text]) and without_order(text) == text


def test_it_is_remembered_and_can_be_taken_back() -> None:
    assert forbidden(["a dog", "just do it", "a cat"])
    assert not forbidden(["just do it", "you may ask me again"])
    assert forbidden(["you can ask", "don't ask me again"])


def test_at_most_two_questions_in_a_row(bench: Any) -> None:
    offered: list[bool] = []

    def asks(messages: Any, tools: list[dict[str, Any]]) -> Any:
        offered.append(any(tool["function"]["name"] == "ask" for tool in tools))
        return [("ask", {"question": f"Which {len(offered)}?", "options": ["a", "b"]})] if offered[-1] else "As I like."

    table = bench(asks)
    assert [table.say(text).status for text in ("dogs", "a", "b")] == ["question", "question", "done"]
    assert offered == [True, True, False]
    assert table.say("something else").status == "question", "the row was over"


def test_just_do_it_holds_for_the_session(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    assert table.say("draw an animal").status == "question"
    chosen = table.say("just do it")
    assert chosen.status in ("done", "partial") and chosen.images
    later = table.say("start over: draw me a vehicle")
    assert later.status != "question" and "my own choice" in later.reply
    brief = table.studio.view(table.session).brief
    assert any("my own choice" in words for words in brief.assumed), "what nobody was asked is marked as assumed"


def test_you_choose_is_one_of_the_answers(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    asked = table.say("draw an animal")
    assert asked.question.options[-1] == "you choose" and len(asked.question.options) <= 5
    assert table.say("you choose").images


def test_questions_can_be_switched_off(bench: Any) -> None:
    outcome = bench(EmbeddedPlanner(), questions=0).say("draw an animal")
    assert outcome.images and "my own choice" in outcome.reply


def test_which_one_is_guessed_too(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    table.say("two dogs, just draw it")
    changed = table.say("make the dog purple")
    assert changed.status != "question" and "which one is meant" in changed.reply


def test_an_order_alone_draws_nothing(bench: Any) -> None:
    outcome = bench(EmbeddedPlanner()).say("don't ask me anything")
    assert not outcome.images and "I will not ask" in outcome.reply
