"""Talk that asks for no picture: greetings, thanks, questions about the studio and about the picture."""

from __future__ import annotations

from agent.embedded import replies, talk
from agent.embedded.normalise import words_of
from agent.embedded.situation import Situation
from agent.embedded.syntax import Description
from agent.embedded.tokens import Token, tokens_of
from agent.embedded.words import FOREIGN


def plain_words(message: str) -> list[str]:
    return [word.text for word in words_of(message) if word.quoted is None]


def _text(message: str) -> str:
    return " ".join(word for word in plain_words(message) if word.isalnum())


def reply(now: Situation) -> str | None:
    """The answer to talk and questions; None for anything that asks for something to be done."""
    words = plain_words(now.message)
    text = _text(now.message)
    if not text:
        return replies.silence(now)
    if foreign(words):
        return replies.ENGLISH
    if now.question is None and _only(text, talk.GREETINGS):
        return replies.greeting(now)
    if now.question is None and _only(text, talk.THANKS) and not now.message.rstrip().endswith("?"):
        return replies.THANKS
    if now.question is None and complains(now.message) and now.has_picture:
        return replies.complaint(now)
    if about_size(now.message) and not any(t.has("noun", "ground", "category") for t in tokens_of(now.message)):
        return replies.PICTURE_SIZE
    if now.question is None and now.has_picture and now.world is not None and (said := camera(now, text)):
        return said
    if text in talk.KEEPING:
        return replies.KEPT
    if now.question is None and now.has_picture and text in talk.NOTHING:
        return replies.ALL_RIGHT
    if wants_words(text):
        return replies.ONLY_PICTURES
    return _question(now, text, words)


def about_size(message: str) -> bool:
    """Whether something is said of the size or the shape of the picture itself."""
    return any(f" {phrase} " in f" {_text(message)} " for phrase in talk.PICTURE_SIZE)


def camera(now: Situation, text: str) -> str | None:
    """What can be done where somebody wants another view; None for anything else."""
    for word in ("please ", "now ", "a bit ", "a little ", "can you ", "could you ", "make it ", "show it "):
        text = text.removeprefix(word)
    text = text.removesuffix(" please")
    things = [token.get("noun").name for token in tokens_of(text) if token.has("noun")]
    zooms = text.startswith("zoom ") and bool(things)
    named = things[0] if zooms else None
    if text in talk.FURTHER or (zooms and text.startswith("zoom out")):
        return replies.view(now, "smaller", named)
    if text in talk.CLOSER or zooms:
        return replies.view(now, "bigger", named)
    return replies.view(now, "bigger", None) if text in talk.VIEWS and not _shown(now, things) else None


def _shown(now: Situation, things: list[str]) -> bool:
    return any(thing.name in things for thing in now.scene)


def wants_words(text: str) -> bool:
    """ "tell me a joke", "write a poem about cats"."""
    begins = text.removeprefix("please ").removeprefix("can you ").removeprefix("could you ")
    return _begins(begins, talk.SAYING) and bool(talk.WORDS & set(text.split()))


def complains(message: str) -> bool:
    """ "I don't like it", "that is wrong"."""
    return _text(message).startswith(talk.COMPLAINTS)


def _only(text: str, phrases: tuple[str, ...]) -> bool:
    """Whether a message is nothing but such phrases and small words."""
    left, found = f" {text} ", False
    for phrase in sorted((*phrases, *talk.GREETINGS), key=len, reverse=True):
        if f" {phrase} " in left:
            found = found or phrase in phrases
            left = left.replace(f" {phrase} ", " ")
    return found and all(word in talk.EXTRA for word in left.split())


def foreign(words: list[str]) -> bool:
    """Whether most words look like another language's; also any script but Latin."""
    letters = [word for word in words if word.isalpha()]
    if not letters:
        return False
    other = sum(not word.isascii() and not any("a" <= c <= "z" for c in word) for word in letters)
    if other * 2 > len(letters):
        return True
    best = max(sum(word in vocabulary for word in letters) for vocabulary in FOREIGN.values())
    known = sum(bool(token.readings) for token in tokens_of(" ".join(letters)))
    return best >= 2 and best * 2 >= len(letters) and known < best


def _question(now: Situation, text: str, words: list[str]) -> str | None:
    tokens = tokens_of(now.message)
    about = _about_abilities(text, tokens)
    if about:
        return replies.ability(now, about, tokens)
    start = next(
        (w for w in words if w.isalnum() and w not in ("and", "but", "so", "ok", "hey", "hi", "please", "hmm")), ""
    )
    asks = start in talk.QUESTION_WORDS or (
        (
            start in ("is", "are", "does", "did", "was", "am", "has")
            or text.startswith(("do you ", "do they ", "do we ", "do i ", "have you ", "can you see "))
        )
        and (now.message.rstrip().endswith("?") or now.has_picture)
    )
    asks = asks or text.startswith(("describe it", "describe this", "describe the picture", "describe what"))
    if not asks or text.startswith(("what about", "how about", "what if")):
        return None
    return replies.about_picture(now, text, tokens)


def _about_abilities(text: str, tokens: list[Token]) -> str | None:
    """What a question about the studio is about; None where it is not one."""
    if text in (
        "help",
        "help me",
        "help please",
        "please help",
        "i need help",
        "what",
        "info",
        "options",
        "commands",
        "menu",
        "examples",
        "instructions",
        "manual",
    ):
        return "help"
    if _begins(
        text,
        (
            "how does",
            "how do i",
            "how do you",
            "how can i",
            "how to",
            "how should i",
            "what are you",
            "what do i",
            "how it works",
            "what now",
        ),
    ):
        return "help"
    if _begins(
        text,
        (
            "who are you",
            "who made",
            "who built",
            "are you an ai",
            "are you a",
            "are you human",
            "who created",
            "what is your name",
            "are you real",
            "are you chatgpt",
            "what is maquette",
        ),
    ):
        return "who"
    if _has(
        text,
        (
            "what can you",
            "what do you know",
            "what could you",
            "what are you able",
            "what else can you",
            "what can i ask",
            "what can i do",
            "what can this",
            "what things can",
            "what sort of",
            "what kind of",
            "what kinds of",
            "what all can",
            "tell me what you can",
            "what stuff",
        ),
    ):
        return "colours" if "colour" in text else "styles" if "style" in text else "all"
    if _begins(text, ("what", "which", "list", "how many")) and _has(
        text,
        (
            "do you know",
            "can you",
            "do you have",
            "are there",
            "available",
            "can i use",
            "do you support",
            "are possible",
            "you know",
            "can i have",
            "you draw",
            "could you",
            "could i",
        ),
    ):
        return _topic(text)
    if _begins(
        text,
        (
            "are you able to",
            "do you know how to",
            "do you know",
            "can you edit",
            "can you change my",
            "can you work with",
            "can you also edit",
            "do you understand",
            "can you read",
            "can you handle",
            "do you do",
            "can you understand",
            "are you capable",
            "can you do",
        ),
    ) and not _has(text, ("the dog",)):
        return "can"
    return None


def _begins(text: str, starts: tuple[str, ...]) -> bool:
    return any(text == start or text.startswith(start + " ") for start in starts)


def _has(text: str, parts: tuple[str, ...]) -> bool:
    return any(part in text for part in parts)


def _topic(text: str) -> str | None:
    topics = {
        "colour": "colours",
        "background": "backgrounds",
        "style": "styles",
        "model": "models",
        "relation": "relations",
        "object": "objects",
        "animal": "objects",
        "thing": "objects",
        "place": "backgrounds",
        "generator": "models",
        "size": "sizes",
        "language": "language",
    }
    return next((topic for word, topic in topics.items() if word in text), "objects" if "draw" in text else None)


# --- small judgements on a message ---


def leaves_it(message: str) -> bool:
    """ "you choose"."""
    text = _text(message)
    return text in talk.CHOOSES or any(
        text.startswith(p + " ") or text.endswith(" " + p) for p in talk.CHOOSES if " " in p
    )


def agrees(message: str) -> bool:
    return _text(message) in ("yes", "yes please", "ok", "sure", "yes do", "ok please", "sounds good", "fine", "good")


def cancels(message: str) -> bool:
    return _text(message) in talk.CANCELS


def wants_surprise(message: str) -> bool:
    text = _text(message)
    return any(phrase in text for phrase in talk.SURPRISE)


def removes(message: str) -> bool:
    words = _text(message).split()
    return bool(words) and words[0] in ("erase", "remove", "delete", "clear", "nothing", "wipe") and len(words) < 4


def without_here(message: str) -> str:
    """What is to be painted, without "put … here"."""
    words = message.strip(" .!?").split()
    while words and words[0].lower() in (
        "put",
        "place",
        "add",
        "draw",
        "paint",
        "please",
        "insert",
        "make",
        "this",
        "i",
        "want",
        "here",
        "a:",
    ):
        words.pop(0)
    while words and words[-1].lower().strip(",.!?") in ("here", "there", "please", "pls", "in"):
        words.pop()
    return " ".join(words)[:4000]


def is_vague(said: Description, words: list[str]) -> bool:
    """A wish for a picture that says nothing of what is in it."""
    if said.colours or said.sizes or said.relations or said.avoid:
        return not words or bool(talk.SOMETHING & set(words))
    plain = {word for phrase in words for word in phrase.split()}
    if not plain <= talk.VAGUE and not (talk.SOMETHING & plain and len(plain - talk.VAGUE) < 2):
        return False
    return bool(said.marks & {"draw", "want", "verb"} or talk.SOMETHING & plain)
