"""What a user said once and for all: "always square", "I like pencil sketches", "never people".

Kept in one readable file of the data folder, `memory.json`, which may be edited or deleted by hand. It is learnt from
the user's own words by fixed patterns, never from a planner, a tool or a picture; it fills only what a new picture's
request leaves open, is marked as assumed there, and is seen and deleted by command and by saying so. A file that
cannot be read counts as empty and is left alone until something new is learnt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from generators.api import Capabilities, Extent
from generators.files import write_atomic
from tools.api import Brief
from tools.coverage import cannot
from tools.naming import listed, style_name, thing_name

FILE = "memory.json"
MOST = 50
WAIT = 10.0
Kind = Literal["size", "style", "background", "avoid", "note"]
_SIZES = {"square": "square", "squares": "square", "landscape": "landscape", "wide": "landscape",
          "horizontal": "landscape", "portrait": "portrait", "tall": "portrait", "vertical": "portrait",
          "upright": "portrait"}
_SHAPE = re.compile(rf"\b({'|'.join(_SIZES)})\b", re.IGNORECASE)
_STYLES = ("oil painting", "cartoon", "photo", "photograph", "comic", "anime", "3d render", "line drawing", "sketch",
           "charcoal drawing", "crayon drawing", "woodcut", "mosaic", "etching", "collage", "ink drawing", "pastel")
_BEGIN = r"^(?:please |and |also )*"
_LIKE = r"i (?:do |really |always |generally |usually )?(?:like|love|prefer|want)"
_SPLIT = re.compile(
    r"[.;!\n]+|,\s*(?=(?:always|never|from now on|in future|by default|remember|"
    r"i (?:always |never |really )?(?:like|love|prefer|want))\b)|,\s*(?:and |but )?(?=(?:draw|paint|make|show)\b)",
    re.IGNORECASE)
_LASTING = re.compile(
    _BEGIN + r"(?:from now on|in (?:the )?future|by default|always|remember(?: that)?|every time|"
    r"i (?:always|generally|usually) (?:like|love|want|prefer))\b[,:]?\s*(?P<what>.+)$", re.IGNORECASE)
_LIKING = re.compile(_BEGIN + rf"{_LIKE.replace('|want', '')}\s+(?P<what>.+)$", re.IGNORECASE)
_NEVER = re.compile(
    _BEGIN + r"(?:(?:from now on|by default),? )?(?:never|i never (?:want|like))\s+(?P<what>.+?)"
    r"(?: (?:again|any ?more|in (?:my|any) pictures?))*$", re.IGNORECASE)
_NOT_SO = re.compile(r"^(?:mind\b|ask|again$|forget)", re.IGNORECASE)
_FORGET = re.compile(
    r"^(?:please )?(?:forget (?:about |that )*|i (?:do not|don['’]?t) (?:like|love|want|prefer) |"
    r"not always |no longer |stop (?:always )?(?:using|drawing|making) )(?P<what>.+?)(?: any ?more| always)*$",
    re.IGNORECASE)
_ALL = re.compile(
    r"^(?:please )?(?:forget|delete|clear) .*\b(?:(?:my|all(?: my| the)?) (?:preferences|wishes)|"
    r"what you (?:know|remember)|everything (?:about me|you (?:know|remember|learnt|learned))|"
    r"all you (?:know|remember))\b", re.IGNORECASE)
_LIST = re.compile(
    r"\bwhat (?:do|did) you (?:remember|know about me)\b|\bwhat are my preferences\b|"
    r"\bshow (?:me )?(?:my preferences|what you remember)\b", re.IGNORECASE)
_LEAD = re.compile(
    rf"^(?:that |{_LIKE} |always |use |draw |paint |make |them |it |my pictures |pictures |be |in |a |an |"
    r"the |to be |to |never |only )+", re.IGNORECASE)
_TAIL = re.compile(
    r"(?: (?:pictures?|images?|format|style|please|ones?|size|shape|by default|always))+$", re.IGNORECASE)


class Preference(BaseModel):
    """One thing: its kind, the name it goes by, the user's own words, and since when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    value: str
    words: str
    since: str = ""


class Heard(NamedTuple):
    """What a message does to the memory, and what is left of it for the planner."""

    learnt: tuple[Preference, ...] = ()
    forget: tuple[str, ...] = ()
    asks: bool = False
    rest: str = ""


class Memory:
    """The preferences of one data folder; several programs may change them, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self._lock = folder / "locks" / "memory.lock"

    def all(self) -> list[Preference]:
        try:
            rows = json.loads(self.file.read_text(encoding="utf-8"))["preferences"]
            return [Preference.model_validate(row) for row in rows][:MOST]
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return []

    def learn(self, learnt: Sequence[Preference]) -> None:
        """A later size, style or background takes the place of an earlier one; what is known already stays."""
        with self._alone():
            kept = self.all()
            for one in learnt:
                alone = one.kind in ("size", "style", "background")
                kept = [old for old in kept if old.kind != one.kind or not (alone or old.value == one.value)]
                kept.append(one.model_copy(update={"since": f"{datetime.now(UTC):%Y-%m-%d}"}))
            self._write(kept[-MOST:])

    def forget(self, number: int | None = None) -> list[Preference]:
        """Deletes one by its number (from 1), or all; what is left. Raises `IndexError` where there is no such one."""
        with self._alone():
            kept = self.all()
            if number is not None and not 1 <= number <= len(kept):
                raise IndexError(f"There is no preference {number}; there {'is' if len(kept) == 1 else 'are'} "
                                 f"{len(kept)}.")
            left = [] if number is None else kept[: number - 1] + kept[number:]
            self._write(left)
        return left

    def forget_words(self, words: str) -> list[Preference]:
        """Deletes what these words mean ("" for all); what was deleted."""
        with self._alone():
            known = self.all()
            gone = [one for one in known if not words or _meant(words, one)]
            if gone:
                self._write([one for one in known if one not in gone])
        return gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes the file meanwhile."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock, timeout=WAIT):
            yield

    def _write(self, preferences: list[Preference]) -> None:
        rows = [one.model_dump() for one in preferences]
        text = json.dumps({"schema_version": 1, "preferences": rows}, indent=1, ensure_ascii=False) + "\n"
        write_atomic(self.file, text.encode())


# Hearing


def hear(text: str, known: Sequence[Preference] = ()) -> Heard:
    """What of a message is meant for good. Everything else is `rest`, in the user's words; nothing that is not `known`
    can be forgotten, so that "I don't like the dog" stays a message about the picture."""
    learnt: list[Preference] = []
    forget: list[str] = []
    left: list[str] = []
    asks = False
    for part in (" ".join(part.split()) for part in _SPLIT.split(text)):
        if _LIST.search(part):
            asks = True
        elif _ALL.search(part):
            forget.append("")
        elif (off := _FORGET.match(part)) and any(_meant(off["what"], one) for one in known):
            forget.append(off["what"])
        elif (found := _heard(part)) is not None:
            head, _, tail = part.partition(",")
            short = _heard(head) if found.kind == "note" and tail else None
            if short is not None and short.kind != "note":  # "always at night, a cat": the wish ends at the comma
                found = short
                further = understood(tail)
                learnt += [further] if further else []
                left += [] if further else [tail.strip()]
            learnt.append(found)
        elif part:
            left.append(part)
    if not (learnt or forget or asks):
        return Heard(rest=text)
    return Heard(tuple(learnt), tuple(forget), asks, ". ".join(left).strip(" ,"))


def _heard(part: str) -> Preference | None:
    never = _NEVER.match(part)
    if never and not _NOT_SO.match(never["what"]):
        name = thing_name(_plain(never["what"]))
        return Preference(kind="avoid", value=name, words=part) if name and len(name) < 40 else None
    if lasting := _LASTING.match(part):
        found = understood(lasting["what"])
        return (found or Preference(kind="note", value=lasting["what"][:200], words=part)).model_copy(
            update={"words": part[:200]})
    liking = _LIKING.match(part)
    found = understood(liking["what"]) if liking else None
    return found.model_copy(update={"words": part[:200]}) if found and found.kind in ("size", "style") else None


def understood(words: str) -> Preference | None:
    """A shape, a style or a background by its name."""
    from agent.embedded.grammar import parse
    from agent.embedded.syntax import Description

    plain = _plain(words)
    plain = plain.removesuffix("es") if plain.endswith("ches") else plain
    if shape := _SIZES.get(plain):
        return Preference(kind="size", value=shape, words=words)
    if plain.removesuffix("s") in _STYLES:
        return Preference(kind="style", value=plain.removesuffix("s"), words=words)
    said = [clause for clause in parse(plain) if isinstance(clause, Description)]
    if len(said) != 1 or said[0].unknown:
        return None
    one = said[0]
    if one.style and not one.objects and not one.background:
        return Preference(kind="style", value=style_name(one.style), words=words)
    if one.background and not one.objects and not one.style:
        return Preference(kind="background", value=one.background, words=words)
    return None


def _plain(words: str) -> str:
    return _TAIL.sub("", _LEAD.sub("", words.strip(" .!,"))).lower()


def _meant(words: str, one: Preference) -> bool:
    """Whether words speak of a preference: by its value, its kind, or as it was said."""
    plain = _plain(words)
    meant = understood(words)
    return bool(plain) and (plain in (one.value, one.kind, _plain(one.words)) or thing_name(plain) == one.value
                            or bool(meant and (meant.kind, meant.value) == (one.kind, one.value)))


def in_words(preferences: Sequence[Preference]) -> str:
    """For people: `1. square (always square)`."""
    if not preferences:
        return "I remember nothing about your wishes yet."
    rows = [f"{number}. {_short(one)} (you said: {one.words})" for number, one in enumerate(preferences, start=1)]
    return f"I remember: {'; '.join(rows)}. Say \"forget …\" to have one of them forgotten."


def answer(heard: Heard, memory: Memory) -> str:
    """Does what was heard, and says so. Doing it twice changes nothing more."""
    parts = []
    if heard.forget:
        gone = [one for words in heard.forget for one in memory.forget_words(words)]
        parts.append(f"Forgotten: {listed([_short(one) for one in gone])}." if gone else "I do not remember that.")
    if heard.learnt:
        memory.learn(heard.learnt)
        parts.append(f"I will remember for new pictures: {listed([_short(one) for one in heard.learnt])}.")
    if heard.asks:
        parts.append(in_words(memory.all()))
    return " ".join(parts)


def _short(one: Preference) -> str:
    return f"no {one.value}" if one.kind == "avoid" else one.value


# Using


def size_for(preferences: Sequence[Preference], capabilities: Capabilities, text: str) -> Extent | None:
    """The size of the preferred shape, where the model has one and the message speaks of no shape."""
    shape = next((one.value for one in preferences if one.kind == "size"), None)
    if shape is None or _SHAPE.search(text):
        return None
    fits = {"square": lambda s: s.width == s.height, "landscape": lambda s: s.width > s.height,
            "portrait": lambda s: s.width < s.height}[shape]
    return next((size for size in capabilities.sizes if fits(size)), None)


def assume(brief: Brief, preferences: Sequence[Preference], capabilities: Capabilities, text: str) -> Brief:
    """A new picture's Brief with what is preferred where it says nothing, each marked as assumed.

    What the model has not learnt to draw is not assumed: nobody asked for it now.
    """
    for one in preferences:
        brief = _with(brief, one, capabilities, text)
    return brief


def _with(brief: Brief, one: Preference, capabilities: Capabilities, text: str) -> Brief:
    mark = f"{one.kind}: {one.value} (you said once: {one.words})"
    update: dict[str, Any] = {"assumed": [*brief.assumed, mark]}
    if one.kind == "avoid":
        said_now = one.value in text.lower() or any(thing_name(t.name) == one.value for t in brief.objects)
        if said_now or one.value in brief.avoid or one.value == brief.background:
            return brief
        update["avoid"] = [*brief.avoid, one.value]
    elif one.kind in ("style", "background"):
        if getattr(brief, one.kind):
            return brief
        update[one.kind] = one.value
    elif one.kind == "note" or not size_for([one], capabilities, text):
        return brief
    fuller = brief.model_copy(update=update)
    return fuller if cannot(fuller, capabilities) == cannot(brief, capabilities) else brief

