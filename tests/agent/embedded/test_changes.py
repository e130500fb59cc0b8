"""What is understood of changes to a picture: which tool, which targets, and the Brief afterwards."""

import json

import pytest

from agent.embedded.planner import EmbeddedPlanner
from tests.agent.embedded.speaking import acts, talk, told

DOGS = "two dogs on a beach"
PAIR = "a dog and a cat"
MANY = "a cat, a dog and a tree"
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
    (("a dog", "change the dog's colour to red"), ["recolour dog-1 -> red dog"], "1 red dog"),
    (("a dog", "smaller please, and red"), ["recolour dog-1 -> red dog", "resize dog-1 -> small dog"],
     "1 small red dog"),
    (("a dog", "not so big"), ["resize dog-1 -> small dog"], "1 small dog"),
    (("a dog", "as big as possible"), ["resize dog-1 -> big dog"], "1 big dog"),
    (("a dog", "with a hat"), ["add -> hat"], "1 dog, 1 hat"),
    (("a dog", "can he have a hat?"), ["add -> hat"], "1 dog, 1 hat"),
    (("a red dog", "duplicate it"), ["add -> red dog"], "2 red dog"),
    (("a dog", "put the dog next to a tree"), ["add -> tree"], "1 dog, 1 tree; dog next to tree"),
    (("a dog", "put the dog on a chair"), ["generate"], "1 dog, 1 chair; dog on chair"),
    (("two dogs and a cat", "there's one dog too much"), ["remove dog-1 -> dog"], "1 dog, 1 cat"),
    (("two dogs", "one dog is enough"), ["remove dog-2 -> dog"], "1 dog"),
    ((PAIR, "move them closer together"), ["move dog-1 -> dog"], "1 dog, 1 cat; dog next to cat"),
    # one colour for each
    (("three dogs", "make them red, blue and green"),
     ["recolour dog-1 -> red dog", "recolour dog-2 -> blue dog", "recolour dog-3 -> green dog"],
     "1 green dog, 1 blue dog, 1 red dog"),
    ((PAIR, "make the cat and the dog red and blue"), ["recolour cat-1 -> red cat", "recolour dog-1 -> blue dog"],
     "1 blue dog, 1 red cat"),
    (("two dogs", "make one red and the other blue"), ["recolour dog-1 -> red dog", "recolour dog-2 -> blue dog"],
     "1 blue dog, 1 red dog"),
    (("three dogs", "two red and one blue"), ["recolour dog-1 dog-2 -> red dogs", "recolour dog-3 -> blue dog"],
     "1 blue dog, 2 red dog"),
    (("two dogs", "the left red, the right blue"), ["recolour dog-1 -> red dog", "recolour dog-2 -> blue dog"],
     "1 blue dog, 1 red dog"),
    (("two dogs", "make them red, then add a cat"), ["recolour dog-1 dog-2 -> red dogs", "add -> cat"],
     "2 red dog, 1 cat"),
    # what stays and what goes
    ((MANY, "only the cat should stay"), ["remove dog-1 tree-1 -> dog and tree"], "1 cat"),
    ((MANY, "just the cat"), ["remove dog-1 tree-1 -> dog and tree"], "1 cat"),
    ((MANY, "the cat stays, everything else goes"), ["remove dog-1 tree-1 -> dog and tree"], "1 cat"),
    ((MANY, "everything away but the cat"), ["remove dog-1 tree-1 -> dog and tree"], "1 cat"),
    (("two cats, a dog and a tree", "get rid of everything except the two cats"),
     ["remove tree-1 dog-1 -> tree and dog"], "2 cat"),
    (("three dogs", "only the left one"), ["remove dog-2 dog-3 -> dogs"], "1 dog"),
    ((PAIR, "the cat must go"), ["remove cat-1 -> cat"], "1 dog"),
    ((PAIR, "the cat should go to the left"), ["move cat-1 -> cat"], "1 dog, 1 cat at left"),
    # change places
    (("a dog left of a cat", "put the dog where the cat is"), ["move dog-1 cat-1"], "1 dog, 1 cat; dog right of cat"),
    (("a dog left of a cat", "the other way round"), ["move dog-1 cat-1"], "1 dog, 1 cat; dog right of cat"),
    (("a dog left of a cat", "let the dog and the cat change places"), ["move dog-1 cat-1"],
     "1 dog, 1 cat; dog right of cat"),
    (("a dog left of a cat", "put a bird where the cat is"), ["replace cat-1 -> bird"],
     "1 dog, 1 bird; dog left of bird"),
    # words left out, or in another order
    ((PAIR, "put dog left of cat"), ["move dog-1 -> dog"], "1 dog, 1 cat; dog left of cat"),
    ((PAIR, "dog must be left from the cat"), ["move dog-1 -> dog"], "1 dog, 1 cat; dog left of cat"),
    (("a dog", "dog should have a hat"), ["add -> hat"], "1 dog, 1 hat"),
    (("a dog", "make please the dog red"), ["recolour dog-1 -> red dog"], "1 red dog"),
    (("a dog", "the dog make red"), ["recolour dog-1 -> red dog"], "1 red dog"),
    ((PAIR, "first remove the cat, then make the dog blue"), ["remove cat-1 -> cat", "recolour dog-1 -> blue dog"],
     "1 blue dog"),
    # one thing becomes another
    *(((("a dog", words), ["replace dog-1 -> horse"], "1 horse")) for words in (
        "dog to horse", "dog -> horse", "turn dog into horse", "the dog into a horse", "the dog becomes a horse",
        "it's supposed to be a horse", "let the dog be a horse", "from the dog make a horse",
        "make a horse out of it", "a horse, not a dog", "not a dog but a horse", "I meant a horse",
        "make it a horse, not a dog", "I don't want a dog, I want a horse")),
    ((PAIR, "it's a bird not a cat"), ["replace cat-1 -> bird"], "1 dog, 1 bird"),
    ((PAIR, "dog to horse and cat to bird"), ["replace dog-1 -> horse", "replace cat-1 -> bird"], "1 horse, 1 bird"),
    # what is worn
    ((PAIR, "let the dog wear a hat"), ["add -> hat"], "1 dog, 1 cat, 1 hat; hat on dog"),
    (("a dog", "let him wear a hat"), ["add -> hat"], "1 dog, 1 hat; hat on dog"),
    (("a dog", "wearing a hat"), ["add -> hat"], "1 dog, 1 hat; hat on dog"),
    (("a dog on a beach", "a dog with glasses"), ["add -> glasses"], "1 dog, 1 glasses; background beach"),
    (("a dog", "make the dog with a hat"), ["add -> hat"], "1 dog, 1 hat"),
    # the other side
    (("a cat on the left", "to the other side"), ["move cat-1 -> cat"], "1 cat at right"),
    (("a cat at the top left", "the cat on the other side"), ["move cat-1 -> cat"], "1 cat at top right"),
    (("a dog on the left", "a cat on the other side"), ["add -> cat"], "1 dog at left, 1 cat at right"),
    (("a cat left of a dog", "move the cat to the other side of the dog"), ["move cat-1 -> cat"],
     "1 cat, 1 dog; cat right of dog"),
    # several at once
    (("a big dog and a small cat", "same size for both"), ["resize cat-1 -> big cat"], "1 big dog, 1 big cat"),
    (("three dogs", "just the left and the right one"), ["remove dog-2 -> dog"], "2 dog"),
    (("three dogs", "make the left and right dog red"), ["recolour dog-1 dog-3 -> red dogs"], "1 dog, 2 red dog"),
    ((MANY, "animals blue"), ["recolour dog-1 cat-1 -> blue dog and cat"], "1 blue cat, 1 blue dog, 1 tree"),
    *((("two dogs", words), ["recolour dog-1 -> red dog", "recolour dog-2 -> blue dog"], "1 blue dog, 1 red dog")
      for words in ("colour them differently", "different colours", "each in a different colour")),
    (("a red dog and a blue cat", "let the dog and the cat swap colours"),
     ["recolour dog-1 -> blue dog", "recolour cat-1 -> red cat"], "1 blue dog, 1 red cat"),
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


AGAIN = [
    (("a dog on a beach", "do it again but with a cat"), "1 dog, 1 cat; background beach"),
    (("a dog and a tree", "same again, but at night"), "1 dog, 1 tree; background night"),
    (("a dog and a tree", "again, but without the tree"), "1 dog"),
    (("a dog on a beach", "one more time but without the beach"), "1 dog; background plain white"),
    (("a dog on a beach", "now the same with two dogs"), "2 dog; background beach"),
    (("a dog on a beach", "once more but with a red dog"), "1 red dog; background beach"),
    (("a dog and a tree", "try again but make the dog red"), "1 red dog, 1 tree"),
    (("a dog and a tree", "again with a cat instead of the dog"), "1 cat, 1 tree"),
    (("a dog on a beach", "do the same but at night"), "1 dog; background night"),
    (("two dogs", "again but make the dog red", "the left one"), "1 dog, 1 red dog"),
    (("a dog and a tree", "try again, this is ugly"), "1 dog, 1 tree"),
    (("a dog and a tree", "again because I don't like it"), "1 dog, 1 tree"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "brief"), AGAIN, ids=[turns[1] for turns, _ in AGAIN])
def test_again_with_a_change_is_a_new_picture(turns: tuple[str, ...], brief: str) -> None:
    reply, conversation = talk(*turns)
    assert acts(reply) == ["generate"] and "seed" in reply.calls[-1].arguments
    assert told(conversation.brief) == brief


def test_the_same_picture_with_a_change_is_that_picture() -> None:
    assert acts(talk("a dog on a beach", "same picture but with a cat")[0]) == ["add -> cat"]
    assert acts(talk("a dog on a beach", "same but at night")[0]) == ["background -> night"]


SIZES = [
    (PAIR, "make the dog as big as the cat", 1.0, None), (PAIR, "make the dog bigger than the cat", 1.4, "big"),
    (PAIR, "make the dog smaller than the cat", 0.65, "small"),
    (PAIR, "the dog should be half the size of the cat", 0.5, "small"),
    ("a dog and a small cat", "make the dog the same size as the cat", 1.0, "small"),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "change", "times", "size"), SIZES, ids=[change for _, change, _, _ in SIZES])
def test_a_size_by_that_of_something_else(wish: str, change: str, times: float, size: str | None) -> None:
    _, before = talk(wish)
    cat = next(thing for thing in before.scene if thing.name == "cat")
    reply, after = talk(wish, change)
    box = reply.calls[-1].arguments["box"]
    assert reply.calls[-1].arguments["targets"] == ["dog-1"]
    wanted = max(0.16, times * max(cat.box.width, cat.box.height))
    assert max(box[2] - box[0], box[3] - box[1]) == pytest.approx(wanted, abs=0.01)
    assert after.brief and after.brief["objects"][0]["size"] == size


def test_the_other_side_is_the_mirrored_box() -> None:
    _, before = talk("a cat on the left")
    box = before.scene[0].box
    there = talk("a cat on the left", "move it to the other side")[0].calls[-1].arguments["box"]
    assert there == pytest.approx([1 - box.x1, box.y0, 1 - box.x0, box.y1])


def test_what_is_bigger_already_stays() -> None:
    reply, _ = talk("a big dog and a small cat", "make the dog bigger than the cat")
    assert not reply.calls and "already" in reply.text


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
    (("a castle on a hill", "again, but at night"), "generate", "a castle on a hill, at night"),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "tool", "words"), OPEN, ids=[turns[-1] for turns, _, _ in OPEN])
def test_a_model_of_any_words_gets_the_users_own(turns: tuple[str, ...], tool: str, words: str) -> None:
    reply, _ = talk(*turns, any_words=True)
    call = reply.calls[-1]
    assert (call.name, call.arguments.get("instruction") or call.arguments.get("prompt")) == (tool, words)
