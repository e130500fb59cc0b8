"""Every word of the page's own, from one catalogue: GNU gettext, the English text its own key.

What a person or a planner said, what a tool, a model or an error of theirs says, are no words of the page's: they come
and go as they are. A program serves one page in one language, so which one it is is kept here; `serve` sets it.

Texts hold words and `{names}` of what is put in, never markup. `ui/locale/maquette.pot` lists them (`make words`).
"""

from __future__ import annotations

import gettext
import html as markup
import json
import re
from pathlib import Path

from agent.api import BadInput

NAME = "maquette"
FOLDER = Path(__file__).parent / "locale"
ENGLISH = "en"
IN_SCRIPT = re.compile(r'(?<![\w.])say\(("(?:[^"\\]|\\.)*")')
"""A text in a script of the page's: a literal in double quotes, which is JSON too."""
_HOLE = re.compile(r"\{(\w+)\}")


class _Spoken:
    """The language of this program's page, and its catalogue."""

    language = ENGLISH
    catalogue = gettext.NullTranslations()


def use(language: str, folder: Path = FOLDER) -> None:
    """From now on the page speaks `language`, as its catalogue's folder is called. Raises `BadInput`."""
    known = sorted({ENGLISH, *(file.parent.parent.name for file in folder.glob(f"*/LC_MESSAGES/{NAME}.mo"))})
    if language not in known:
        raise BadInput(f"The page does not speak {language[:40]!r}; MAQUETTE_LANGUAGE can be {' or '.join(known)}.")
    _Spoken.language = language
    _Spoken.catalogue = gettext.translation(NAME, folder, [language], fallback=language == ENGLISH)


def language() -> str:
    """As HTML names it: `pt-BR`."""
    return _Spoken.language.replace("_", "-")


def phrase(text: str) -> str:
    """The text itself: a mark for the catalogue, in tables whose texts are said later."""
    return text


def say(text: str, /, **values: object) -> str:
    """A text in the page's language, as plain text."""
    return _filled(_Spoken.catalogue.gettext(text) if text else "", values)


def say_many(one: str, many: str, count: int, /, **values: object) -> str:
    """The form of a text that the page's language has for a count; `{count}` in it is the count."""
    return _filled(_Spoken.catalogue.ngettext(one, many, count), {"count": count, **values})


def html(text: str, /, **values: object) -> str:
    """A text as HTML, in which nothing of the text is markup; the values are HTML already."""
    return _filled(_escaped(_Spoken.catalogue.gettext(text)) if text else "", values)


def html_many(one: str, many: str, count: int, /, **values: object) -> str:
    """`say_many` as HTML; the values are HTML already."""
    return _filled(_escaped(_Spoken.catalogue.ngettext(one, many, count)), {"count": count, **values})


def for_scripts(source: str) -> str:
    """The statement that gives the page's scripts, whose text is `source`, their words."""
    texts = {text: said for text in in_script(source) if (said := say(text)) != text}
    return f"window.maquetteWords = {json.dumps({'language': language(), 'texts': texts})};"


def in_script(source: str) -> list[str]:
    """The texts that a script says."""
    return [json.loads(text) for text in IN_SCRIPT.findall(source)]


def _filled(text: str, values: dict[str, object]) -> str:
    """With the values in their places; a name that there is no value for stays as it is written."""
    return _HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), text)


def _escaped(text: str) -> str:
    return markup.escape(text, quote=False).replace('"', "&quot;")
