"""What is understood of a wish for a new picture."""

import pytest

from tests.agent.embedded.speaking import talk, told

WISHES = {
    "a red apple to the left of two dogs on a beach": "1 red apple, 2 dog; apple left of dog; background beach",
    "draw 2 cats and three dogs": "2 cat, 3 dog",
    "half a dozen eggs": "6 egg",
    "a couple of cookies and a dozen roses": "2 cookie, 12 rose",
    "some birds": "some bird",
    "dogs": "some dog",
    "two sheep": "2 sheep",
    "an orange cat and an orange": "1 orange cat, 1 orange",
    "three orange oranges": "3 orange orange",
    "a hot dog": "1 hot dog",
    "a dog as big as a house": "1 dog, 1 house",
    "a cat bigger than a dog": "1 big cat, 1 dog",
    "a mouse smaller than a cat": "1 small mouse, 1 cat",
    "a tree twice as big as the house": "1 big tree, 1 house",
    "a small yellow bird above a big brown horse": "1 small yellow bird, 1 big brown horse; bird above horse",
    "a snowman between two trees": "1 snowman, 2 tree; snowman between tree tree",
    "a cat between a dog and a bird": "1 cat, 1 dog, 1 bird; cat between dog bird",
    "a cup on a table": "1 cup, 1 dining table; cup on dining table",
    "a banana in a bowl": "1 banana, 1 bowl; banana inside bowl",
    "a cat wearing a hat": "1 cat, 1 hat; hat on cat",
    "from left to right: a cat, a dog": "1 cat, 1 dog; cat left of dog",
    "on the left a cat, on the right a dog": "1 cat at left, 1 dog at right",
    "the sun in the top left corner": "1 sun at top left",
    "two cats, one black and one white": "1 black cat, 1 white cat",
    "two cats, the left one black, the right one white": "1 black cat at left, 1 white cat at right",
    "a red, blue and green balloon": "1 red balloon, 1 blue balloon, 1 green balloon",
    "three dogs, one of them red": "2 dog, 1 red dog",
    "balloons in red, blue and green on a beach": "1 red balloon, 1 blue balloon, 1 green balloon; background beach",
    "five balloons in red and blue": "3 red balloon, 2 blue balloon",
    "a dog and a cat in red and blue": "1 red dog, 1 blue cat",
    "dogs and cats in different colours": "1 red dog, 1 yellow cat, 1 blue dog, 1 green cat",
    "a house with flowers in different colours": "1 house, 1 red flower, 1 blue flower, 1 yellow flower",
    "a dog on the left and a cat on the other side": "1 dog at left, 1 cat at right",
    "a red, a green and a blue balloon": "1 red balloon, 1 green balloon, 1 blue balloon",
    "three balls: red, green and blue": "1 red sports ball, 1 green sports ball, 1 blue sports ball",
    "a dog and a cat, both purple": "1 purple dog, 1 purple cat",
    "a red car and a blue one": "1 red car, 1 blue car",
    "a cat and a dog. the cat is black": "1 black cat, 1 dog",
    "draw a cat. make it black": "1 black cat",
    "a butterfly, and flowers below it": "1 butterfly, some flower; flower below butterfly",
    "a watercolour painting of a cat": "1 cat; style watercolour",
    "pixel art robot": "1 robot; style pixel art",
    "draw a boat in watercolour style": "1 boat; style watercolour",
    "paint two red dogs as a pencil sketch": "2 red dog; style pencil sketch",
    "a dog in black and white": "1 dog; style black and white",
    "a frog, blue background": "1 frog; background plain blue",
    "the sky at night with a moon": "1 moon; background night",
    'a cake with the words "Happy Birthday"': "1 cake; text Happy Birthday",
    "a cat but no dogs": "1 cat; no dog",
    "a beach without any people": "background beach; no person",
    "a walrus and a cat": "1 walrus, 1 cat",
    "could you please draw me a pink elephant?": "1 pink elephant",
    "hey can u draw a bicylce pls": "1 bicycle",
    "a rde aple and a purpel umbrela": "1 red apple, 1 purple umbrella",
    "🐕 and a 🍎": "1 dog, 1 apple",
    "🐶 on a 🏖️ 😍 please 🙏": "1 dog; background beach",
    "🍎🍎🍎": "3 apple",
    "a dog and another dog": "2 dog",
    "two dogs, if it isn't too much trouble": "2 dog",
    "a picture where a dog sits next to a car": "1 dog, 1 car; dog next to car",
    "2 cats n a dog": "2 cat, 1 dog",
    "a cat to the right of a tree and to the left of a house":
        "1 cat, 1 tree, 1 house; cat right of tree; cat left of house",
    "a cat without a dog or a bird": "1 cat; no dog, bird",
    "i want a dog this time": "1 dog",
    "a dog, a tree and a cat. make the dog red, the cat too": "1 red dog, 1 tree, 1 red cat",
    "a cat on a chair or a bed": "1 cat, 1 chair, 1 bed; cat on chair",
    "a dog and a cat with a ball between them": "1 dog, 1 cat, 1 sports ball; sports ball between dog cat",
    "a cat and two dogs in Paris": "1 cat, 2 dog",
    "neither dogs nor cats, just a bird": "1 bird; no dog, cat",
    '"a cat on a beach"': "1 cat; background beach",
    "a stunning 512x512 photo of a cat": "1 cat",
    "a cat in landscape format": "1 cat",
    "masterpiece, best quality, a highly detailed red cat, 8k": "1 red cat",
    "/imagine prompt: a cat on a beach, trending on artstation --ar 16:9 --v 5": "1 cat; background beach",
    "(masterpiece:1.2), (cat:1.4), <lora:dog:0.8>": "1 cat",
    "a cat --no dogs": "1 cat; no dog",
    "a cat\nNegative prompt: dog, blurry\nSteps: 20, Sampler: Euler a, Seed: 123": "1 cat; no dog, blurry",
}


@pytest.mark.parametrize(("wish", "brief"), WISHES.items())
def test_a_wish_becomes_its_brief(wish: str, brief: str) -> None:
    reply, conversation = talk(wish)
    assert [call.name for call in reply.calls] == (
        ["write_brief", "layout_plan", "generate"] if conversation.brief["objects"] else ["write_brief", "generate"])
    assert told(conversation.brief) == brief


def test_a_fluffy_cat_keeps_its_adjective() -> None:
    assert told(talk("a fluffy white cat")[1].brief) == "1 fluffy white cat"


def test_a_seed_is_passed_on() -> None:
    assert talk("a fox, seed 42")[0].calls[-1].arguments["seed"] == 42


def test_what_must_not_be_there_is_the_negative_prompt() -> None:
    assert talk("a cat but no dogs")[0].calls[-1].arguments["negative"] == "dog"


def test_words_that_were_not_understood_are_kept_and_named() -> None:
    reply, conversation = talk("a dog hovercraftish, and a cat")
    assert conversation.brief["unknown"] == ["hovercraftish"]
    assert "hovercraftish" in reply.text


def test_what_cannot_be_drawn_is_named_with_the_nearest() -> None:
    reply, conversation = talk("a kangaroo and a cat")
    assert told(conversation.brief) == "1 kangaroo, 1 cat"
    assert "kangaroo" in reply.text and "can draw" in reply.text
