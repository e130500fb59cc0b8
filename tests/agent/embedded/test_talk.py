"""Questions that the planner asks, answers to them, and talk that asks for no picture."""

import pytest

from agent.embedded.planner import EmbeddedPlanner
from agent.embedded.simulate import Conversation, whole_world
from agent.embedded.situation import read
from tests.agent.embedded.speaking import acts, talk, told

DOGS = "two dogs on a beach"


def asked(*turns: str, any_words: bool = False) -> dict[str, object]:
    reply, _ = talk(*turns, any_words=any_words)
    assert acts(reply) == ["ask"]
    return reply.calls[-1].arguments


def test_an_ambiguous_change_is_asked_about() -> None:
    question = asked(DOGS, "make the dog purple")
    assert question["options"] == ["the left dog", "the right dog", "both"] and question["slot"] == "target"


def test_more_things_than_colours_are_asked_about() -> None:
    question = asked("three dogs", "make them red and blue")
    assert question["options"] == ["red, blue and red", "all red", "all blue"] and question["slot"] == "colour"
    assert asked("a dog", "make it red and blue")["options"] == ["red", "blue"]


def test_the_others_without_anything_said_before_are_asked_about() -> None:
    assert asked("a cat, a dog and a tree", "remove the others")["slot"] == "target"


@pytest.mark.parametrize("any_words", [False, True])
def test_a_vague_wish_is_asked_about_once(any_words: bool) -> None:
    question = asked("draw me something nice for my sister", any_words=any_words)
    assert question["slot"] == "objects" and 3 <= len(question["options"]) <= 4


@pytest.mark.parametrize("wish", ["a walrus", "a thousand dogs", "draw zero cats", "an animal", "a dog without a dog",
                                  "a cat left of a dog and the dog left of the cat", "I need a picture",
                                  "a cat or a dog", "a red or blue car", "anything but a dog"])
def test_what_cannot_be_drawn_as_it_was_said_is_asked_about(wish: str) -> None:
    assert asked(wish)["options"]


ANSWERS = [
    ((DOGS, "make the dog purple", "the left one"), ["recolour dog-1 -> purple dog"]),
    ((DOGS, "make the dog purple", "hmm the one on the right please"), ["recolour dog-2 -> purple dog"]),
    ((DOGS, "make the dog purple", "both"), ["recolour dog-1 dog-2 -> purple dogs"]),
    ((DOGS, "make the dog purple", "you choose"), ["recolour dog-1 -> purple dog"]),
    ((DOGS, "make the dog purple", "actually, remove the left dog"), ["remove dog-1 -> dog"]),
    ((DOGS, "make the dog purple", "a cat"), ["generate"]),
    ((DOGS, "make the dog purple", "never mind"), []),
    (("a dog", "make it grey", "black then"), ["recolour dog-1 -> black dog"]),
    (("a dog", "put it in a park", "meadow"), ["background -> meadow"]),
    (("a dog", "add a walrus", "a dolphin"), ["add -> dolphin"]),
    (("a dog", "replace it with a walrus", "a horse"), ["replace dog-1 -> horse"]),
    (("a dog", "another colour please", "blue"), ["recolour dog-1 -> blue dog"]),
    (("a dog", "other background", "beach"), ["background -> beach"]),
    ((DOGS, "make them red, blue and green", "red and green"),
     ["recolour dog-1 -> red dog", "recolour dog-2 -> green dog"]),
    (("three dogs", "make them red and blue", "all red"), ["recolour dog-1 dog-2 dog-3 -> red dogs"]),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "calls"), ANSWERS, ids=[turns[-1] for turns, _ in ANSWERS])
def test_an_answer_carries_out_the_wish(turns: tuple[str, ...], calls: list[str]) -> None:
    assert acts(talk(*turns)[0]) == calls


FILLED = [
    (("draw me something nice for my sister", "three pink flowers"), "3 pink flower"),
    (("draw something", "something blue"), "1 blue flower"),
    (("two walruses on a beach", "dog"), "2 dog; background beach"),
    (("a thousand dogs", "three"), "3 dog"),
    (("a pet and a chair", "a bird"), "1 bird, 1 chair"),
    (("a pet left of a chair on a beach", "a cat and a dog"),
     "1 cat, 1 dog, 1 chair; cat left of chair; background beach"),
    (("a cat or a dog", "the second"), "1 dog"),
    (("a red or blue car on a beach", "you choose"), "1 red car; background beach"),
    (("a cup above a red vehicle", "a bus"), "1 cup, 1 red bus; cup above bus"),
    (("two vehicles", "airplanes"), "2 airplane"),
    (("two vehicles", "three cars"), "3 car"),
    (("a cat left of a dog and the dog left of the cat", "the dog left of the cat"), "1 dog, 1 cat; dog left of cat"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "brief"), FILLED, ids=[turns[-1] for turns, _ in FILLED])
def test_an_answer_fills_the_slot_and_nothing_else(turns: tuple[str, ...], brief: str) -> None:
    assert told(talk(*turns)[1].brief) == brief


REPLIES = [
    (("hello!",), "Hello"), (("thanks!",), "welcome"), (("what can you draw?",), "dogs"),
    (("which colours do you know?",), "purple"), (("help",), "Say what you want"),
    (("ein roter Apfel neben zwei Hunden",), "English"), (("犬を描いて",), "English"),
    (("asdf qwer",), 'not understand "asdf qwer"'), (("undo",), "nothing to undo"),
    (("make it purple",), "no picture yet"),
    ((DOGS, "how many dogs are there?"), "2 dogs"), (("a red dog", "what colour is the dog?"), "red"),
    (("a dog left of a cat", "is the dog to the right of the cat?"), "No, the dog is not to the right of the cat."),
    (("a dog left of a cat", "can you see the dog left of the cat?"), "Yes, the dog is to the left of the cat."),
    (("a dog", "can you see a purple cat?"), "no cat"),
    (("a dog", "is there a cat?"), "no cat"), (("a dog", "where is the dog"), "1 dog"),
    (("a red dog", "what did you check?"), "red dog"), (("a dog", "make it florp"), "florp"),
    (("a dog", "I don't like it"), "What should be different"), (("a dog", "bigger picture please"), "size"),
    (("are you able to draw people",), "Yes"), (("???",), "Say what"),
    (("tell me a joke",), "only draw pictures"), (("write me a poem about cats",), "only draw pictures"),
    (("a dog", "stop"), "as it is"), (("a dog", "don't change anything"), "as it is"),
    (("a dog", "rotate it"), "cannot rotate"), (("a dog", "make it darker"), "cannot rotate"),
    (("a dog", "describe the picture"), "1 dog"), (("a dog", "change the dog"), "become of the dog"),
    ((DOGS, "add a cat", "keep the dogs, change everything else"), "become of the cat"),
    (("a dog and a cat", "swap the colours"), "know no colour"), (("let him wear a hat",), "no picture yet"),
    (("a dog", "flip it"), "cannot mirror"), (("a cat", "closer"), "make the cat bigger"),
    (("a cat", "zoom out"), "make the cat smaller"), (("a cat", "from above"), "no camera"),
    (("a cat", "move the camera"), "no camera"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "part"), REPLIES, ids=[turns[-1] for turns, _ in REPLIES])
def test_talk_is_answered_without_a_call(turns: tuple[str, ...], part: str) -> None:
    reply, _ = talk(*turns)
    assert not reply.calls and part in reply.text


def test_surprise_me_draws_something_of_its_own() -> None:
    reply, conversation = talk("surprise me")
    assert acts(reply) == ["generate"] and conversation.brief["assumed"]
    assert all(thing["name"] in whole_world().objects for thing in conversation.brief["objects"])


def test_after_the_tools_have_answered_there_is_nothing_to_add() -> None:
    turn = [{"role": "user", "content": "a dog"}, {"role": "assistant", "content": "", "tool_calls": []}]
    done = EmbeddedPlanner().complete([*turn, {"role": "tool", "content": "Drew a picture."}], [], lambda: False)
    failed = EmbeddedPlanner().complete([*turn, {"role": "tool", "content": "Error: No memory."}], [], lambda: False)
    assert (done.text, done.calls, failed.text) == ("", [], "No memory.")


@pytest.mark.parametrize("content", ["", "no state", "x\nSTATE\n", "x\nSTATE\n[1]",
                                     'x\nSTATE\n{"brief": 3, "scene": 5}',
                                     "x\nSTATE\n" + "[" * 5000])
def test_a_damaged_state_is_read_as_an_empty_one(content: str) -> None:
    now = read([{"role": "system", "content": content}, {"role": "user", "content": "a dog"}], [])
    assert (now.message, now.brief, now.scene) == ("a dog", None, [])


def test_what_cannot_be_drawn_may_be_drawn_all_the_same() -> None:
    conversation = Conversation(world=whole_world(), planner=EmbeddedPlanner(asks_for_undrawable=False))
    reply = conversation.say("a walrus")
    assert acts(reply) == ["generate"] and "walrus" in reply.text
