"""Wildcards in a message."""

from __future__ import annotations

from ui.wildcards import chosen


def test_every_group_becomes_one_of_its_words():
    found = {chosen("a {red|blue} dog and a {cat | bird|}", str(n)) for n in range(60)}
    assert found == {f"a {colour} dog and a {other}" for colour in ("red", "blue") for other in ("cat", "bird", "")}


def test_the_same_words_until_another_picture_is_there():
    text = "a {red|blue|green|pink|black|white} dog"
    assert {chosen(text, "one") for _ in range(9)} == {chosen(text, "one")}
    assert len({chosen(text, str(n)) for n in range(40)}) > 3


def test_other_braces_stay():
    for text in ("a {red} dog", "{prompt}", "a | b", "{a|b", "}{"):
        assert chosen(text) == text
