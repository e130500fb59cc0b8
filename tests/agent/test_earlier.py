"""References over turns: other pictures of the session, by whatever name, reach the right one."""

from __future__ import annotations

from typing import Any

import pytest

from agent.earlier import said, shows
from agent.embedded.planner import EmbeddedPlanner
from tests.agent.embedded.speaking import acts, talk, told
from tools.api import Brief, BriefObject, PictureRecord

pytestmark = pytest.mark.shared_worker


@pytest.mark.parametrize(("text", "found"), [
    ("the first picture", ("select", "first", "")), ("Show me the second picture.", ("select", 2, "")),
    ("version 3 please", ("select", 3, "")), ("picture number two", ("select", 2, "")),
    ("i want the original picture back", ("select", "first", "")),
    ("like before but at night", ("select", "previous", "at night")),
    ("make it like the first picture, but with a cat", ("select", "first", "add a cat")),
    ("like before but with two dogs", ("select", "previous", "there should be two dogs")),
    ("the same as before", ("select", "previous", "")), ("as in version 2 but without the dog",
                                                        ("select", 2, "without the dog"))])
def test_another_picture_is_meant(text: str, found: tuple[Any, ...]) -> None:
    heard = said(text)
    assert heard and (heard.do, heard.which, heard.rest) == found


@pytest.mark.parametrize(("text", "which", "what"), [
    ("use the dog from that one", "previous", "the dog"), ("put the two red balls from version 2 here too", 2,
                                                           "the two red balls"),
    ("please add the cat of the first picture", "first", "the cat")])
def test_something_of_another_picture_is_meant(text: str, which: Any, what: str) -> None:
    heard = said(text)
    assert heard and (heard.do, heard.which, heard.what) == ("take", which, what)


@pytest.mark.parametrize(("text", "steps"), [("undo the last two", 2), ("take back my last 3 changes", 3),
                                             ("go back two steps", 2), ("undo the last couple of edits", 2)])
def test_several_steps_are_undone(text: str, steps: int) -> None:
    heard = said(text)
    assert heard and (heard.do, heard.steps) == ("undo", steps)


@pytest.mark.parametrize("text", [
    "the second dog", "make the first one red", "the last one", "remove the last two dogs", "a dog like a lion",
    "take the dog away", "put the cat on the left", "remove the dog from the picture", "two dogs", "go back", "undo",
    "the left one", "use the red dog", "the same but at night"])
def test_nothing_of_another_picture_is_meant(text: str) -> None:
    assert said(text) is None


def test_what_other_versions_show_in_few_words() -> None:
    brief = Brief(objects=[BriefObject(id="dog", name="dog", count=2, colour="purple")], background="beach")
    records = [PictureRecord(id=id, width=1, height=1, brief=brief) for id in ("a", "b")]
    assert shows(records, "b") == [{"version": 1, "shows": ["two purple dogs", "background: beach"]}]


FIRST = ("a purple dog on a beach", "a red car in the snow")


@pytest.mark.parametrize(("turns", "acted", "brief"), [
    ((*FIRST, "use the dog from that one"), ["add -> purple dog"], "1 red car, 1 purple dog; background snow"),
    ((*FIRST, "add the dog from version 1"), ["add -> purple dog"], "1 red car, 1 purple dog; background snow"),
    (("a purple dog", "make it red", "use the dog from the first picture"), ["recolour dog-1 -> purple dog"],
     "1 purple dog"),
    (("two purple dogs and a cat", "a car", "use both dogs from the first picture"),
     ["add -> purple dog", "add -> purple dog"], "1 car, 2 purple dog"),
    (("two dogs", "like before but at night"), ["background -> night"], "2 dog; background night"),
    (("two dogs", "undo the last two"), ["undo"], "2 dog"),
    (("two dogs", "at night", "the first picture"), ["select"], "2 dog")])
def test_the_embedded_planner_goes_there(turns: tuple[str, ...], acted: list[str], brief: str) -> None:
    reply, conversation = talk(*turns)
    assert acts(reply) == acted and told(conversation.brief) == brief


def test_what_the_other_picture_does_not_show_is_said() -> None:
    reply, _ = talk(*FIRST, "use the cat from that one")
    assert not reply.calls and "version 1" in reply.text and "purple dog" in reply.text
    reply, _ = talk(*FIRST, "like version 9 but at night")
    assert not reply.calls and "only 2 versions" in reply.text


def test_like_an_earlier_one_but_otherwise_starts_from_that_one(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    first = table.say("two dogs on a beach").images[0].id
    table.say("add a cat")
    outcome = table.say("like the first picture but at night")
    assert [step.tool for step in outcome.steps if step.tool != "critique"] == ["select", "write_brief", "edit"]
    assert outcome.images[0].parents == [first] and outcome.status == "done"
    brief = table.studio.view(table.session).brief
    assert [thing.name for thing in brief.objects] == ["dog"] and brief.background == "night"


def test_the_dog_of_that_one_comes_with_its_colour(bench: Any) -> None:
    table = bench(EmbeddedPlanner())
    table.say("a purple dog on a beach"), table.say("a red apple")
    outcome = table.say("use the dog from that one")
    assert outcome.status == "done" and "Version 1" in outcome.reply
    things = table.studio.view(table.session).brief.objects
    assert [(thing.colour, thing.name) for thing in things] == [("red", "apple"), ("purple", "dog")]


@pytest.mark.parametrize(("turns", "brief"), [
    (("two dogs", "change two dogs to three purple dogs"), "3 purple dog"),
    (("three dogs", "change three dogs to two purple dogs"), "2 purple dog"),
    (("two dogs and a cat", "change two dogs to three small purple dogs"), "3 small purple dog, 1 cat"),
    (("two red apples and a green apple", "change two red apples to one red apple"), "1 red apple, 1 green apple"),
    (("two dogs", "change two dogs to five purple cats"), "5 purple cat"),
    (("a dog on a beach", "make it three purple dogs"), "3 purple dog; background beach")])
def test_a_changed_line_of_the_brief_keeps_all_that_it_says(turns: tuple[str, ...], brief: str) -> None:
    assert told(talk(*turns)[1].brief) == brief
