"""What is understood of changes to a picture: which tool, which targets, and the Brief afterwards."""

import json

import pytest

from agent.embedded.planner import EmbeddedPlanner
from tests.agent.embedded.speaking import acts, talk, told

DOGS = "two dogs on a beach"
PAIR = "a dog and a cat"
CHANGES = [
    ((DOGS, "make one of the dogs purple"), ["recolour dog-1 -> purple dog"], "1 dog, 1 purple dog; background beach"),
    ((DOGS, "make the right dog purple"), ["recolour dog-2 -> purple dog"], "1 dog, 1 purple dog; background beach"),
    ((DOGS, "make both red"), ["recolour dog-1 dog-2 -> red dogs"], "2 red dog; background beach"),
    ((DOGS, "make the left dog purple", "and the other one green"), ["recolour dog-2 -> green dog"],
     "1 green dog, 1 purple dog; background beach"),
    ((DOGS, "make the left dog purple", "make it red"), ["recolour dog-1 -> red dog"],
     "1 dog, 1 red dog; background beach"),
    ((DOGS, "make the left dog purple", "make the purple one blue"), ["recolour dog-1 -> blue dog"],
     "1 dog, 1 blue dog; background beach"),
    (("three birds", "make the second bird from the right yellow"), ["recolour bird-2 -> yellow bird"],
     "2 bird, 1 yellow bird"),
    (("a car", "now in blue"), ["recolour car-1 -> blue car"], "1 blue car"),
    (("a red dog and a cat", "make the cat the same colour as the dog"), ["recolour cat-1 -> red cat"],
     "1 red dog, 1 red cat"),
    ((PAIR, "make the dog red and the cat blue"), ["recolour dog-1 -> red dog", "recolour cat-1 -> blue cat"],
     "1 red dog, 1 blue cat"),
    (("a dog", "make the dog purple and add a cake on the left"),
     ["recolour dog-1 -> purple dog", "add -> cake"], "1 purple dog, 1 cake at left"),
    (("a dog", "add two trees"), ["add -> tree", "add -> tree"], "1 dog, 2 tree"),
    (("a dog", "another dog"), ["add -> dog"], "2 dog"),
    (("a dog", "put a hat on it"), ["add -> hat"], "1 dog, 1 hat; hat on dog"),
    (("a dog", "you forgot the dog"), ["add -> dog"], "1 dog"),
    ((PAIR, "remove the cat"), ["remove cat-1 -> cat"], "1 dog"),
    ((PAIR, "no cat please"), ["remove cat-1 -> cat"], "1 dog"),
    ((PAIR, "only keep the cat"), ["remove dog-1 -> dog"], "1 cat"),
    (("an apple left of a dog", "remove the apple"), ["remove apple-1 -> apple"], "1 dog"),
    (("three apples", "just two apples please"), ["remove apple-3 -> apple"], "2 apple"),
    (("two apples", "make it three apples"), ["add -> apple"], "3 apple"),
    (("a dog on a beach", "get rid of the beach"), ["background -> plain white"], "1 dog; background plain white"),
    ((PAIR, "swap the dog for a black horse"), ["replace dog-1 -> black horse"], "1 black horse, 1 cat"),
    ((PAIR, "a bird instead of the cat"), ["replace cat-1 -> bird"], "1 dog, 1 bird"),
    (("a cat left of a dog", "turn the cat into a bird"), ["replace cat-1 -> bird"], "1 bird, 1 dog; bird left of dog"),
    (("a cat left of a dog", "move the cat to the right of the dog"), ["move cat-1 -> cat"],
     "1 cat, 1 dog; cat right of dog"),
    (("a cat", "put the cat in the top right corner"), ["move cat-1 -> cat"], "1 cat at top right"),
    ((PAIR, "the cat is too big"), ["resize cat-1 -> small cat"], "1 dog, 1 small cat"),
    (("a dog", "bigger!"), ["resize dog-1 -> big dog"], "1 big dog"),
    (("a dog", "make it night"), ["background -> night"], "1 dog; background night"),
    (("a dog on a beach", "put it in space instead"), ["background -> space"], "1 dog; background space"),
    (("a cat", "can you redo this as a pencil drawing?"), ["restyle -> pencil sketch"], "1 cat; style pencil sketch"),
    # not the opposite of what was said
    (("a cat", "not red, blue"), ["recolour cat-1 -> blue cat"], "1 blue cat"),
    (("a red dog", "the dog should be blue, not red"), ["recolour dog-1 -> blue dog"], "1 blue dog"),
    ((PAIR, "remove everything except the dog"), ["remove cat-1 -> cat"], "1 dog"),
    ((PAIR, "remove everything but keep the dog"), ["remove cat-1 -> cat"], "1 dog"),
    (("a cat and two dogs", "make everything blue except the cat"), ["recolour dog-1 dog-2 -> blue dogs"],
     "1 cat, 2 blue dog"),
    ((PAIR, "there should be two cats"), ["add -> cat"], "1 dog, 2 cat"),
    (("two dogs", "there should be three dogs and a cat"), ["add -> dog", "add -> cat"], "3 dog, 1 cat"),
    # fewer and more
    (("two dogs", "remove one"), ["remove dog-1 -> dog"], "1 dog"),
    (("two dogs", "take one away"), ["remove dog-1 -> dog"], "1 dog"),
    (("three cats", "one less"), ["remove cat-1 -> cat"], "2 cat"),
    (("three cats and a dog", "two fewer cats"), ["remove cat-1 cat-2 -> cats"], "1 cat, 1 dog"),
    (("three cats", "too many cats", "two"), ["remove cat-3 -> cat"], "2 cat"),
    (("a dog", "add another"), ["add -> dog"], "2 dog"),
    (("a dog", "add another one"), ["add -> dog"], "2 dog"),
    (("a dog", "add two more"), ["add -> dog", "add -> dog"], "3 dog"),
    (("a dog", "instead of one dog make three"), ["add -> dog", "add -> dog"], "3 dog"),
    # which is meant
    (("three dogs", "make two of them red"), ["recolour dog-1 dog-2 -> red dogs"], "1 dog, 2 red dog"),
    (("three dogs", "the second from the left in green"), ["recolour dog-2 -> green dog"], "2 dog, 1 green dog"),
    ((PAIR, "make the dog red", "the cat too"), ["recolour cat-1 -> red cat"], "1 red dog, 1 red cat"),
    ((PAIR, "make the dog red", "do the same to the other one"), ["recolour cat-1 -> red cat"], "1 red dog, 1 red cat"),
    ((PAIR, "make the dog red, the cat too"), ["recolour dog-1 -> red dog", "recolour cat-1 -> red cat"],
     "1 red dog, 1 red cat"),
    (("a dog", "how about a red one?"), ["recolour dog-1 -> red dog"], "1 red dog"),
    (("a dog on a beach", "same dog but in the snow"), ["background -> snow"], "1 dog; background snow"),
    ((PAIR, "same dog left of the cat"), ["move dog-1 -> dog"], "1 dog, 1 cat; dog left of cat"),
    (("a dog", "replace the dog by two cats"), ["replace dog-1 -> cat"], "2 cat"),
    # how things stand
    (("a dog", "add a cat next to it and a ball between them"), ["add -> cat", "add -> sports ball"],
     "1 dog, 1 cat, 1 sports ball; cat next to dog; sports ball between dog cat"),
    (("two dogs", "put a ball between them"), ["add -> sports ball"],
     "2 dog, 1 sports ball; sports ball between dog dog"),
    # other words for the same
    (("a dog", "what if it was night"), ["background -> night"], "1 dog; background night"),
    (("a dog on a beach", "no background"), ["background -> plain white"], "1 dog; background plain white"),
    (("a dog", "thanks, and a cat please"), ["add -> cat"], "1 dog, 1 cat"),
    (("a dog", "make it red", "ctrl+z"), ["undo"], "1 dog"),
    (("a dog", "another picture: a cat"), ["generate"], "1 cat"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "calls", "brief"), CHANGES, ids=[turns[-1] for turns, _, _ in CHANGES])
def test_a_change(turns: tuple[str, ...], calls: list[str], brief: str) -> None:
    reply, conversation = talk(*turns)
    assert acts(reply) == calls
    assert told(conversation.brief) == brief


NEW = ["now a castle", "a cat on the moon", "new picture: a cake", "draw a horse", "show me two birds", "a cat"]


@pytest.mark.parametrize("message", NEW)
def test_a_new_picture_is_not_a_change(message: str) -> None:
    reply, conversation = talk("a dog", message)
    assert acts(reply) == ["generate"]
    assert "dog" not in told(conversation.brief)


VERSIONS = [
    ("undo", "undo", {"steps": 1}), ("undo the last two changes", "undo", {"steps": 2}),
    ("no, undo that please", "undo", {"steps": 1}), ("go back to the original", "select", {"image": "first"}),
    ("show me again the second picture", "select", {"image": "p2"}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "tool", "arguments"), VERSIONS)
def test_going_back(message: str, tool: str, arguments: dict[str, object]) -> None:
    reply, _ = talk("a dog", "make it red", "add a cat", message)
    assert [(call.name, call.arguments) for call in reply.calls] == [(tool, arguments)]


def test_redo_selects_the_newest_version() -> None:
    reply, _ = talk("a dog", "make it red", "undo", "redo")
    assert [(call.name, call.arguments) for call in reply.calls] == [("select", {"image": "p2"})]


def test_again_draws_the_same_brief_with_another_seed() -> None:
    first, conversation = talk("a red dog", "again")
    conversation.carry_out(first)
    second = conversation.say("again")
    seeds = [reply.calls[-1].arguments["seed"] for reply in (first, second)]
    assert seeds[0] != seeds[1] and told(conversation.brief) == "1 red dog"


def test_a_painted_part_is_repainted() -> None:
    reply, conversation = talk("an apple and a dog", "[mask] put a cake here")
    assert [call.name for call in reply.calls] == ["write_brief", "inpaint"]
    assert reply.calls[-1].arguments["prompt"] == "a cake"
    assert "1 cake" in told(conversation.brief)


def test_what_is_named_under_the_paint_leaves_the_brief() -> None:
    _, conversation = talk("an apple and a dog", "[mask] replace the apple with a cake")
    assert told(conversation.brief) == "1 dog, 1 cake"


def test_what_is_not_there_may_be_said_to_stand_beside_what_is() -> None:
    reply, _ = talk("a cat", "shrink the dog next to the cat")
    assert not reply.calls and "no such thing" in reply.text


def test_a_painted_part_may_be_called_what_nobody_saw_there() -> None:
    reply, conversation = talk("an apple and a dog", "[mask] erase the tie")
    assert [call.name for call in reply.calls] == ["write_brief", "inpaint"]
    assert told(conversation.brief) == "1 apple, 1 dog"



def test_what_the_paint_covers_leaves_the_brief() -> None:
    _, conversation = talk("an apple and a dog")
    state = {"brief": conversation.brief, "picture": "p1", "mask": True, "covered": ["apple-1"],
             "scene": [thing.model_dump(mode="json") for thing in conversation.scene],
             "model": {"capabilities": ["edit", "inpaint"], "world": {"objects": ["cake", "apple", "dog"]}}}
    system = {"role": "system", "content": "\nSTATE\n" + json.dumps(state)}
    said = {"role": "user", "content": "[mask] put a cake here"}
    reply = EmbeddedPlanner().complete([system, said], [], lambda: False)
    assert told(reply.calls[0].arguments["brief"]) == "1 dog, 1 cake"


def test_an_uploaded_picture_is_the_one_that_is_changed() -> None:
    reply, _ = talk("[picture] make it night")
    assert reply.calls[-1].name == "edit" and reply.calls[-1].arguments["image"] == "upload"


def test_what_is_not_in_the_picture_is_not_removed() -> None:
    reply, conversation = talk("a dog", "remove the cat")
    assert not reply.calls and "cat" in reply.text and told(conversation.brief) == "1 dog"


def test_one_part_that_fails_does_not_stop_the_others() -> None:
    reply, conversation = talk("a dog", "make the dog red and remove the cat")
    assert acts(reply) == ["recolour dog-1 -> red dog"] and "cat" in reply.text
    assert told(conversation.brief) == "1 red dog"


OPEN = [
    (("a castle on a hill", "make the lighting warmer"), "edit", "make the lighting warmer"),
    (("a castle on a hill", "change the flag's colour to green"), "edit", "change the flag's colour to green"),
    (("a castle on a hill", "sharper"), "edit", "sharper"),
    (("two cats", "make the cat blue"), "edit", "make the cat blue"),
    (("a walrus playing chess with Napoleon, dramatic lighting",), "generate",
     "a walrus playing chess with Napoleon, dramatic lighting"),
    (("a castle", "draw a lighthouse in a storm"), "generate", "a lighthouse in a storm"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "tool", "words"), OPEN, ids=[turns[-1] for turns, _, _ in OPEN])
def test_a_model_of_any_words_gets_the_users_own(turns: tuple[str, ...], tool: str, words: str) -> None:
    reply, _ = talk(*turns, any_words=True)
    call = reply.calls[-1]
    assert (call.name, call.arguments.get("instruction") or call.arguments.get("prompt")) == (tool, words)
