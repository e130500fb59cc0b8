"""Words for other pictures of the session: "the first picture", "that one", "like before".

Knows words and version numbers only: what those pictures show stands in the STATE, as `earlier`, where a message
speaks of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from tools.api import Brief, PictureRecord

MOST = 8
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PICTURE = r"(?:picture|image|version|drawing|photo|try|attempt)"
_ORDER = rf"(?:{'|'.join(_ORDINALS)}|original|very first|previous|last|earlier|other|one before|older)"
PLAIN = rf"(?:the |my |our |that )?(?P<order>{_ORDER})(?: (?P<noun>{_PICTURE}|one))?(?: before)?"
NUMBERED = rf"(?:the )?{_PICTURE} (?:number |no\.? ?|#)?(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)})"
THAT = rf"(?P<that>that (?:{_PICTURE}|one)|before|it was before|earlier)"
REFERENCE = rf"(?:{NUMBERED}|{PLAIN}|{THAT})"
_HERE = rf"to this(?: one| {_PICTURE})?|in(?:to)? (?:here|this(?: one| {_PICTURE})?)"
_TAIL = rf"(?: (?:again|please|here|too|as well|instead|now|{_HERE}))*[.!]*$"
_POLITE = r"^(?:please |now |and |can you |could you |i want you to )*"

_TAKE = re.compile(
    _POLITE + r"(?P<verb>use|take|add|put|bring|copy|insert|get|have|give me|i want)(?: in| back)? "
    rf"(?P<what>(?:the|that|those|both|all(?: the)?|one of the) [\w\s-]+?) (?:from|of|in|on) {REFERENCE}{_TAIL}",
    re.IGNORECASE)
_LIKE = re.compile(
    _POLITE + r"(?:(?:make|draw|paint|do|give me|have|i want|i would like) (?:it |this |that |me )?"
    r"(?:another |one |another one |a picture )?)?(?:just |exactly |look )?"
    rf"(?:like|as|the same as|same as|as in|similar to) (?:in |it was in |on |at )?{REFERENCE}\s*,?\s*"
    r"(?:(?:but|only|except that|except|just|and)\s+(?P<rest>.+))?$", re.IGNORECASE)
_SHOW = re.compile(
    _POLITE + r"(?:(?:show(?: me)?|open|use|take|i (?:want|prefer|like)|back to|let us use|return to) )?"
    rf"(?:{NUMBERED}|(?:the |my )?(?P<order>{_ORDER}) {_PICTURE}(?: before)?)(?: again| better| please| back)*[.!]*$",
    re.IGNORECASE)
_UNDO = re.compile(
    _POLITE + r"(?:undo|take back|revert|roll back|go back) (?:my |the )?(?:(?:last|latest|previous|past) )?"
    rf"(?P<steps>\d{{1,2}}|{'|'.join(_NUMBERS[1:])}|couple(?: of)?|few)"
    r"(?P<noun> (?:changes|edits|steps|times|versions|things i (?:said|asked)))?(?: back| please)*[.!]*$",
    re.IGNORECASE)
_WITH = re.compile(r"^with (?=(?:an?|one|some|another) )", re.IGNORECASE)
_WITH_SO_MANY = re.compile(rf"^with (?=(?:{'|'.join(_NUMBERS[1:])}|\d+) )", re.IGNORECASE)
_LAST = re.compile(r"\b(?:last|latest|previous|past)\b", re.IGNORECASE)


class Said(NamedTuple):
    """What a message says of another picture. `which` is a handle ("first", "previous") or a version's number.

    `do`: "select" it (then do the `rest`), "take" `what` from it (`verb`), or "undo" so many `steps`.
    """

    do: str
    which: str | int = "previous"
    rest: str = ""
    what: str = ""
    verb: str = ""
    steps: int = 0


def said(text: str) -> Said | None:
    """What a message says of another picture; None where it speaks of none."""
    text = " ".join(text.split()).strip()
    if found := _UNDO.match(text):
        if not (found["noun"] or _LAST.search(text)):
            return None
        return Said("undo", steps=_count(found["steps"]))
    if found := _TAKE.match(text):
        return Said("take", _which(found), what=found["what"], verb=found["verb"].lower())
    if found := _LIKE.match(text):
        rest = _WITH_SO_MANY.sub("there should be ", (found["rest"] or "").strip())
        return Said("select", _which(found), rest=_WITH.sub("add ", rest))
    if found := _SHOW.match(text):
        return Said("select", _which(found))
    return None


def _count(word: str) -> int:
    word = word.lower()
    return int(word) if word.isdigit() else _NUMBERS.index(word) + 1 if word in _NUMBERS else 3 if word == "few" else 2


def _which(found: re.Match[str]) -> str | int:
    groups = found.groupdict()
    if number := groups.get("number"):
        return int(number) if number.isdigit() else _NUMBERS.index(number.lower()) + 1
    order = (groups.get("order") or "").lower()
    if order in ("original", "first", "very first"):
        return "first"
    return _ORDINALS.index(order) + 1 if order in _ORDINALS else "previous"


def shows(records: Iterable[PictureRecord], current: str | None) -> list[dict[str, Any]]:
    """The latest other versions in few words: number as people count, and the phrases of what they were to show."""
    found = [{"version": number, "shows": _phrases(record.brief or Brief())}
             for number, record in enumerate(records, start=1) if record.id != current]
    return found[-MOST:]


def _phrases(brief: Brief) -> list[str]:
    things = [thing.model_copy(update={"place": None}).phrase() for thing in brief.objects]
    return [*things, *([f"background: {brief.background}"] if brief.background else [])]
