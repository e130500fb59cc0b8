"""Wildcards: `a {red|blue} dog` is a red dog or a blue one. What was chosen stands in the message that is sent."""

from __future__ import annotations

import random
import re

_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")


def chosen(text: str, after: str = "") -> str:
    """The text with one of the words of each group. The same text after the same picture (`after`, its id) has the same
    words, so that what is drawn while one types is what is drawn at the end; after the next picture it has others."""
    dice = random.Random(f"{after} {text}")
    return _CHOICE.sub(lambda group: dice.choice(group[1].split("|")).strip(), text)
