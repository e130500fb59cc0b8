"""From a message to words: quoted text set aside, case, spelling variants, contractions and typing errors undone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agent.embedded import words as closed
from agent.embedded.lexicon import known_words, lexicon
from generators.world import vocabulary as world

LONGEST = 4000
MOST_WORDS = 400
WORDLIST = Path(__file__).with_name("english.txt")
_PIECES = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|[.,;:!?&+→\x01]|[-=]>", re.UNICODE)
_QUOTED = re.compile(r"\"([^\"]{1,200})\"|“([^”]{1,200})”|(?<!\w)['‘]([^'’\n]{2,200}?)['’](?!\w)")
_MACHINE = re.compile(
    r"--(?!no\b)\w+(?:[ =]+[\w.:]+)?|<\w+:[^<>]{1,80}>|:\d+(?:\.\d+)?(?=[)\]])|^\s*(?:/imagine\s+)?prompt\s*:|"
    r"\bSteps: ?\d+, .*", re.IGNORECASE | re.DOTALL)
"""What image sites' prompts hold besides words: `--ar 16:9`, `<lora:x:0.8>`, `(cat:1.2)`, `Steps: 20, Sampler: …`."""
_QUOTE = "\x01"
POSSESSIVE = "'s"
_SHOWN = {"noun", "ground"}
_GLYPH_MARKS = str.maketrans("", "", "\ufe0f\u200d")


@dataclass(frozen=True)
class Word:
    """A word after normalising and the stretch of the message that it came from. Quotes carry their text."""

    text: str
    start: int
    end: int
    quoted: str | None = None


def words_of(message: str) -> list[Word]:
    """The message's words, at most `MOST_WORDS`; positions point into `message`."""
    text = _MACHINE.sub(lambda match: " " * len(match.group()), message[:LONGEST])
    quotes = {match.start(): match for match in _QUOTED.finditer(text) if match.group() != text.strip()}
    found: list[Word] = []
    position = 0
    for start, match in quotes.items():
        found += _plain(text, position, start)
        found.append(Word(_QUOTE, start, match.end(), next(g for g in match.groups() if g)))
        position = match.end()
    found += _plain(text, position, len(text))
    return found[:MOST_WORDS]


def _plain(text: str, begin: int, end: int) -> list[Word]:
    found: list[Word] = []
    for match in _PIECES.finditer(text, begin, end):
        plain = match.group().lower().replace("’", "'")
        found += [Word(word, match.start(), match.end()) for word in _expand(plain, _is_name(match))]
    found += [Word(name, position, position + 1) for position in range(begin, end)
              if not text[position].isalnum() for name in glyph_name(text[position]).split()]
    return sorted(found, key=lambda word: word.start)


def _is_name(match: re.Match[str]) -> bool:
    """Whether a word's capital says that it is somebody's or a place's name, and so not misspelt: "in Paris"."""
    word, before = match.group(), match.string[: match.start()].rstrip()
    return word.istitle() and before[-1:].isalnum() and before.rsplit(maxsplit=1)[-1].islower()


@lru_cache(maxsize=1024)
def glyph_name(char: str) -> str:
    """What an emoji shows, if there is a word for it here: from the world's own glyphs, or by its Unicode name."""
    if char in glyph_names() or unicodedata.category(char) != "So":
        return glyph_names().get(char, "")
    words, table = unicodedata.name(char, "").lower().replace("-", " ").split(), lexicon().table
    if ("face" in words and words[-1] != "face") or "\U0001f600" <= char <= "\U0001f64f":
        return ""  # a mood, not a thing
    stretches = ((at, at + length) for at in range(len(words)) for length in (3, 2, 1))
    return next((" ".join(words[a:b]) for a, b in stretches if table.get(tuple(words[a:b]), {}).keys() & _SHOWN), "")


@lru_cache(maxsize=1)
def glyph_names() -> dict[str, str]:
    glyphs = ((thing.glyph or "").translate(_GLYPH_MARKS) for thing in world.THINGS)
    names = zip(glyphs, (thing.name for thing in world.THINGS), strict=True)
    return {glyph: name for glyph, name in names if len(glyph) == 1}


def _expand(word: str, name: bool = False) -> list[str]:
    """One written word as the words that it stands for, spelt right unless it is a `name`."""
    if word in closed.ODD_CONTRACTIONS:
        return closed.ODD_CONTRACTIONS[word].split()
    for ending, full in closed.CONTRACTIONS.items():
        if word.endswith(ending):
            return [*_expand(word[: -len(ending)]), *full.split()]
    if word.endswith("'s"):
        stem = word[:-2]
        return [stem, "is"] if stem in closed.IS_CONTRACTIONS else [*_expand(stem), POSSESSIVE]
    word = word.replace("'", "").replace(".", " ") if word.strip(".'") else word
    aliased = closed.ALIASES.get(word, word).split()
    return aliased if name else [corrected(part) for part in aliased]


@lru_cache(maxsize=4096)
def corrected(word: str) -> str:
    """The known word that a misspelt one is meant for, if exactly one comes near; else the word itself.

    One error in a word of four letters or more, two from eight on, two swapped letters in three; never for a word
    that is English by itself (`english.txt`, from SCOWL).
    """
    if len(word) < 3 or not word.isalpha() or word in known_words() or word in english():
        return word
    near = _near(word, 1 if len(word) >= 4 else 0) or (_near(word, 2) if len(word) >= 7 else set())
    if len(near) > 1:
        near = _likeliest(word, _alike(near))
    return near.pop() if len(near) == 1 else word


def _alike(near: set[str]) -> set[str]:
    """Words that mean the same thing count as one (`apple`, `apples`)."""
    table = lexicon().table
    nouns = {getattr(table.get((word,), {}).get("noun"), "name", word) for word in near}
    return {min(near, key=len)} if len(nouns) == 1 else near


def _likeliest(word: str, near: set[str]) -> set[str]:
    """Of several equally near words, the first letter tells, then being a name or a colour by itself."""
    table = lexicon().table
    near = {known for known in near if known[0] == word[0]} or near
    return {known for known in near if {"noun", "colour"} & set(table.get((known,), {}))} or near


def _near(word: str, distance: int) -> set[str]:
    found: set[str] = set()
    for shorter in _deletes(word, max(distance, 1)):
        for known in _index().get(shorter, ()):
            if _distance(word, known) <= max(distance, 1) and _plausible(word, known, distance):
                found.add(known)
    best = min((_distance(word, known) for known in found), default=0)
    return {known for known in found if _distance(word, known) == best}


def _plausible(word: str, known: str, distance: int) -> bool:
    """A short word only by swapped letters; the first letter holds unless the first two were swapped."""
    if distance == 0:
        return sorted(word) == sorted(known)
    return word[0] == known[0] or word[:2] == known[1::-1] or len(word) > 7


def _deletes(word: str, distance: int) -> set[str]:
    found = frontier = {word}
    for _ in range(distance):
        frontier = {w[:i] + w[i + 1 :] for w in frontier for i in range(len(w))}
        found = found | frontier
    return found


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[str, ...]]:
    """Every known word under each of its spellings with letters left out (symmetric delete; Garbe 2012)."""
    index: dict[str, list[str]] = {}
    for word in sorted(known_words()):
        for shorter in _deletes(word, 2 if len(word) >= 7 else 1):
            index.setdefault(shorter, []).append(word)
    return {key: tuple(value) for key, value in index.items()}


@lru_cache(maxsize=1)
def english() -> frozenset[str]:
    """English words that look like a misspelling of one of ours and are none."""
    lines = WORDLIST.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _distance(one: str, other: str) -> int:
    """Damerau-Levenshtein distance with adjacent swaps (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i] + [0] * len(other)
        for j, b in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]
