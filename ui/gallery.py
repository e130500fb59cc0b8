"""The gallery as HTML: the pictures of every session, newest first or best match first. Pure functions, no Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from agent.api import Held
from ui.render import escape, thumbnail
from ui.words import html, html_many, phrase, say

PAGE = 60
"""How many pictures are shown at first, and how many more at a time."""


def gallery(pictures: Sequence[Held], words: str = "", starred: bool = False, count: int = PAGE, note: str = "",
            collections: Sequence[str] = (), collection: str = "", like: str = "") -> str:
    """`pictures` are all that fit the filter, in order; the first `count` of them are shown. `collections` are the
    names there are, `collection` the one whose pictures these are, `like` the example that these resemble."""
    shown = pictures[:max(PAGE, count)]
    cards = "".join(_card(picture) for picture in shown)
    more = len(pictures) - len(shown)
    tail = (f'<button type="button" class="mq-more" data-gallery-more="{len(shown) + PAGE}">'
            f'{html_many("Show {count} more", "Show {count} more", min(more, PAGE))}</button>') if more > 0 else ""
    nothing = "" if cards else _nothing(words, bool(starred or collection or like))
    return (f'<section class="mq-gallery" aria-label="{html("Gallery")}"><header><h2>{html("Gallery")}</h2>'
            f'<input type="search" data-gallery-words value="{escape(" ".join(words.split()), 200)}" '
            f'aria-label="{html("Search your pictures")}" placeholder="{html("apple, beach, …")}">{_example(like)}'
            f'<label><input type="checkbox" data-gallery-starred{" checked" if starred else ""}> {html("starred")}'
            f'</label>{_which(collections, collection)}<p role="status">{_amount(len(pictures))}{escape(note)}</p>'
            '</header><form method="post" action="pictures.zip"><div class="mq-picked"><button type="button" '
            f'data-gallery-all>{html("Select all")}</button><button type="submit" disabled>{html("Download")}</button>'
            f"{_collecting(collections, collection)}</div>"
            f"<ul>{cards}</ul></form>{tail}{nothing}</section>")


def _example(like: str) -> str:
    """The picture that the others are to be like, with a cross that takes it away."""
    if not like:
        return ""
    return (f'<span class="mq-like" data-gallery-like="{escape(like)}">'
            f'{html("like {picture}", picture=thumbnail(like))}<button type="button" '
            f'data-unlike aria-label="{html("No longer like this picture")}">×</button></span>')


def _nothing(words: str, filtered: bool) -> str:
    """Why there is nothing, and the way out."""
    if words.strip():
        none = html("No picture here fits “{words}”. Try fewer or other words.",
                    words=escape(" ".join(words.split()), 80))
    else:
        none = html("No picture here fits.") if filtered else html(EMPTY)
    return f'<p class="mq-none">{none}</p>'


def _which(collections: Sequence[str], collection: str) -> str:
    """Which collection is shown; nothing while there is none."""
    if not collections:
        return ""
    options = "".join(f'<option value="{escape(name)}"{" selected" if name == collection else ""}>{escape(name)}'
                      "</option>" for name in collections)
    return (f'<select data-collection aria-label="{html("Collection")}"><option value="">{html("all pictures")}'
            f"</option>{options}</select>")


def _collecting(collections: Sequence[str], collection: str) -> str:
    """Into a collection, an old or a new one; and out of the one that is shown."""
    known = "".join(f'<option value="{escape(name)}"></option>' for name in collections)
    out = (f'<button type="button" data-uncollect="{escape(collection)}" disabled>'
           f'{html("Take out of {collection}", collection=escape(collection))}</button>') if collection else ""
    return (f'{out}<input list="mq-collections" data-collect-name maxlength="60" placeholder="{html("a collection")}" '
            f'aria-label="{html("Collection to add to")}"><datalist id="mq-collections">{known}</datalist>'
            f'<button type="button" data-collect disabled>{html("Add")}</button>')


LIKE = '<svg viewBox="0 0 24 24" aria-hidden="true" class="mq-icon"><path d="M4 4h11v11H4zM9 20h11V9"/></svg>'
EMPTY = phrase("No pictures here yet. What you draw in any session appears here.")


def _amount(count: int) -> str:
    return html_many("{count} picture.", "{count} pictures.", count) + " "


def _card(picture: Held) -> str:
    """The thumbnail opens the conversation at the picture; the box beside it selects it for the download."""
    said = picture.text.strip() or say("a picture that you brought")
    short = escape(said, 160)
    star = f'<b class="mq-starred" title="{html("starred")}">★</b>' if picture.starred else ""
    like = (f'<button type="button" data-more-like="{escape(picture.id)}" title="{html("More like this")}" '
            f'aria-label="{html("More like this: {said}", said=short)}">{LIKE}</button>')
    return (f'<li><a href="?session={quote(picture.session, safe="")}#{escape(picture.id)}" '
            f'aria-label="{html("Open the conversation: {said}", said=short)}">{thumbnail(picture.id)}{star}</a>'
            f'<label><input type="checkbox" name="id" value="{escape(picture.id)}" '
            f'aria-label="{html("Select: {said}", said=short)}">'
            f'<span title="{escape(said, 300)}">{short}</span></label>'
            f"{like}</li>")
