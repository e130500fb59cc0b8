"""Whatever is said: no exception, a reply or calls that the tools accept, soon."""

import random
import time
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.embedded.grammar import parse
from agent.embedded.lexicon import lexicon
from agent.embedded.normalise import corrected, words_of
from agent.embedded.simulate import Conversation, whole_world
from tools import registry
from tools.api import Brief
from tools.write_brief import check_brief

WORDS = sorted({word for phrase in lexicon().table for word in phrase})


def check(conversation: Conversation, text: str) -> None:
    """One turn: something is said or done, and every call has arguments that its tool takes."""
    seen = {thing.id for thing in conversation.scene}
    reply = conversation.say(text)
    assert reply.calls or reply.text
    for call in reply.calls:
        registry.all_tools()[call.name].Args.model_validate(call.arguments)
        assert set(call.arguments.get("targets", [])) <= seen
        if call.name == "write_brief":
            check_brief(Brief.model_validate(call.arguments["brief"]))
    conversation.carry_out(reply)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.text(max_size=200), st.booleans())
def test_any_text(text: str, any_words: bool) -> None:
    check(Conversation(world=None if any_words else whole_world()), text)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.sampled_from([*WORDS, ",", ".", "blorp", "7", "'s"]), max_size=12).map(" ".join))
def test_any_text_after_a_picture(text: str) -> None:
    conversation = Conversation(world=whole_world())
    conversation.carry_out(conversation.say("a red apple to the left of two dogs on a beach"))
    check(conversation, text)


@pytest.mark.parametrize("seed", range(4))
def test_word_salads_of_phrases(seed: int) -> None:
    kinds = defaultdict(list)
    for words, readings in lexicon().table.items():
        for kind in readings:
            kinds[kind].append(" ".join(words))
    rng = random.Random(seed)
    conversation = Conversation(world=whole_world() if seed % 2 else None)
    for _ in range(40):
        parts = [rng.choice(kinds[rng.choice(sorted(kinds))]) for _ in range(rng.randint(1, 7))]
        check(conversation, rng.choice(["", "", "", "[mask] ", "[picture] "]) + " ".join(parts))


@pytest.mark.parametrize("text", ["a " * 5000, "make " * 500, "two " * 500, "and " * 500, "red " * 500, "\x00\x01",
                                  "'s's's", "on in at " * 200, "“”‘’", "9" * 400, "[mask]" * 300, "dog " * 400])
def test_endless_messages(text: str) -> None:
    since = time.perf_counter()
    check(Conversation(world=whole_world()), text)
    assert time.perf_counter() - since < 20


def test_a_message_takes_milliseconds() -> None:
    messages = ["a red apple to the left of two dogs on a beach", "a purpel elefant under it", "make it blue"] * 20
    for message in messages[:3]:
        parse(message)
    since = time.thread_time()
    for message in messages:
        parse(message)
    assert (time.thread_time() - since) / len(messages) < 0.005


SPELLINGS = {"aple": "apple", "purpel": "purple", "elefant": "elephant", "dgo": "dog", "teh": "the",
             "bicylce": "bicycle", "umbrela": "umbrella", "brwon": "brown", "backround": "background"}
RIGHT = ["goat", "park", "boots", "hut", "lake", "bat", "walrus", "kangaroo", "hog", "tablet", "house", "xyzzy"]


@pytest.mark.parametrize(("wrong", "right"), SPELLINGS.items())
def test_typing_errors_are_undone(wrong: str, right: str) -> None:
    assert corrected(wrong) == right


@pytest.mark.parametrize("word", RIGHT)
def test_words_that_are_no_errors_stay(word: str) -> None:
    assert corrected(word) == word


def test_words_know_where_they_stand() -> None:
    message = "Could you PLEASE draw a gray cat's colour?"
    assert all(message[word.start : word.end] for word in words_of(message))
    assert "grey" in [word.text for word in words_of(message)]
