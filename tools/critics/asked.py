"""What the other critics leave open, as closed questions to a vision-language model, and its answers as verdicts.

The question of a line quotes the user's words; the answer is a probability of "yes" and nothing else, so that whatever
stands in a picture can at worst make one line right or wrong. Pure: the asking itself is done by `tools.critique`.
"""

from __future__ import annotations

from typing import NamedTuple

from tools.api import COUNT_WORDS, Brief, Finding, Requirement
from tools.critics.api import Verdict, finding
from tools.naming import plural, thing_name

UNSURE = 0.1
"""So near to even the answer is none. A choice, not a measurement."""


class Question(NamedTuple):
    """Words to be answered by yes or no, and which of the two meets the line."""

    text: str
    wanted: bool = True


def question(brief: Brief, line: Requirement) -> Question:
    """What to ask about a line of the Brief."""
    if line.kind == "count":
        return _count(brief, line)
    if line.kind == "avoid":
        return Question(f"Is there anything of this in the picture: {_quoted(line.subject or '')}?", wanted=False)
    asks = {"background": f"Is this the background of the picture: {_quoted(brief.background or '')}?",
            "style": f"Is this the style of the picture: {_quoted(brief.style or '')}?",
            "text": f"Are exactly these words written in the picture: {_quoted(brief.text or '')}?"}
    return Question(asks.get(line.kind, f"Does the picture show this: {_quoted(line.text)}?"))


def answered(line: Requirement, asked: Question, likely: float | None) -> Finding:
    """The finding that an answer makes; open where there is none, or one that is hardly more than a guess."""
    if likely is None or abs(likely - 0.5) < UNSURE:
        said = "no answer that can be read" if likely is None else f"it could not tell ({likely:.2f})"
        left = finding(line, Verdict(True, 0.0, f"asked {asked.text!r}: {said}"))
        return left.model_copy(update={"passed": None, "by": "asked"})
    met = likely if asked.wanted else 1 - likely
    said = f"yes ({likely:.2f})" if likely > 0.5 else f"no ({1 - likely:.2f})"
    verdict = Verdict(met > 0.5, max(met, 1 - met), f"asked {asked.text!r}: {said}")
    return finding(line, verdict).model_copy(update={"by": "asked"})


def _count(brief: Brief, line: Requirement) -> Question:
    """Over the name, as the count of boxes is: a purple dog is a dog."""
    thing = brief.named(line.subject or "")
    name = thing_name(thing.name) if thing else line.text
    counts = [one.count for one in brief.objects if thing_name(one.name) == name]
    total = sum(2 if count is None else count for count in counts)
    number = COUNT_WORDS[total] if total < len(COUNT_WORDS) else str(total)
    least = "at least" if None in counts else "exactly"
    verb, noun = ("Is", name) if total == 1 else ("Are", plural(name))
    return Question(f"{verb} there {least} {number} {noun} in the picture?")


def _quoted(words: str) -> str:
    return '"' + " ".join(words.replace('"', "'").split())[:200] + '"'
