"""The gallery as HTML: the pictures of every session, newest first or best match first. Pure functions, no Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from agent.api import Held
from ui.render import escape, thumbnail

PAGE = 60
"""How many pictures are shown at first, and how many more at a time."""


def gallery(pictures: Sequence[Held], words: str = "", starred: bool = False, count: int = PAGE, note: str = "",
            collections: Sequence[str] = (), collection: str = "", like: str = "") -> str:
    """`pictures` are all that fit the filter, in order; the first `count` of them are shown. `collections` are the
    names there are, `collection` the one whose pictures these are, `like` the example that these resemble."""
    shown = pictures[:max(PAGE, count)]
    cards = "".join(_card(picture) for picture in shown)
    more = len(pictures) - len(shown)
    tail = (f'<button type="button" class="mq-more" data-gallery-more="{len(shown) + PAGE}">Show {min(more, PAGE)} more'
            "</button>") if more > 0 else ""
    nothing = "" if cards else _nothing(words, bool(starred or collection or like))
    return ('<section class="mq-gallery" aria-label="Gallery"><header><h2>Gallery</h2><input type="search" '
            f'data-gallery-words value="{escape(" ".join(words.split()), 200)}" aria-label="Search your pictures" '
            f'placeholder="apple, beach, …">{_example(like)}<label><input type="checkbox" data-gallery-starred'
            f'{" checked" if starred else ""}> starred</label>{_which(collections, collection)}'
            f'<p role="status">{_amount(len(pictures))}{escape(note)}</p>'
            '</header><form method="post" action="pictures.zip"><div class="mq-picked"><button type="button" '
            'data-gallery-all>Select all</button><button type="submit" disabled>Download</button>'
            f"{_collecting(collections, collection)}</div>"
            f"<ul>{cards}</ul></form>{tail}{nothing}</section>")


def _example(like: str) -> str:
    """The picture that the others are to be like, with a cross that takes it away."""
    if not like:
        return ""
    return (f'<span class="mq-like" data-gallery-like="{escape(like)}">like {thumbnail(like)}<button type="button" '
            'data-unlike aria-label="No longer like this picture">×</button></span>')


def _nothing(words: str, filtered: bool) -> str:
    """Why there is nothing, and the way out."""
    if words.strip():
        return (f'<p class="mq-none">No picture here fits “{escape(" ".join(words.split()), 80)}”. Try fewer or other '
                "words.</p>")
    return '<p class="mq-none">No picture here fits.</p>' if filtered else EMPTY


def _which(collections: Sequence[str], collection: str) -> str:
    """Which collection is shown; nothing while there is none."""
    if not collections:
        return ""
    options = "".join(f'<option value="{escape(name)}"{" selected" if name == collection else ""}>{escape(name)}'
                      "</option>" for name in collections)
    return f'<select data-collection aria-label="Collection"><option value="">all pictures</option>{options}</select>'


def _collecting(collections: Sequence[str], collection: str) -> str:
    """Into a collection, an old or a new one; and out of the one that is shown."""
    known = "".join(f'<option value="{escape(name)}"></option>' for name in collections)
    out = (f'<button type="button" data-uncollect="{escape(collection)}" disabled>Take out of {escape(collection)}'
           "</button>") if collection else ""
    return (f'{out}<input list="mq-collections" data-collect-name maxlength="60" placeholder="a collection" '
            f'aria-label="Collection to add to"><datalist id="mq-collections">{known}</datalist>'
            '<button type="button" data-collect disabled>Add</button>')


LIKE = '<svg viewBox="0 0 24 24" aria-hidden="true" class="mq-icon"><path d="M4 4h11v11H4zM9 20h11V9"/></svg>'
EMPTY = '<p class="mq-none">No pictures here yet. What you draw in any session appears here.</p>'


def _amount(count: int) -> str:
    return f"{count} picture{'' if count == 1 else 's'}. "


def _card(picture: Held) -> str:
    """The thumbnail opens the conversation at the picture; the box beside it selects it for the download."""
    said = picture.text.strip() or "a picture that you brought"
    star = '<b class="mq-starred" title="starred">★</b>' if picture.starred else ""
    like = (f'<button type="button" data-more-like="{escape(picture.id)}" title="More like this" '
            f'aria-label="More like this: {escape(said, 160)}">{LIKE}</button>')
    return (f'<li><a href="?session={quote(picture.session, safe="")}#{escape(picture.id)}" '
            f'aria-label="Open the conversation: {escape(said, 160)}">{thumbnail(picture.id)}{star}</a>'
            f'<label><input type="checkbox" name="id" value="{escape(picture.id)}" aria-label="Select: '
            f'{escape(said, 160)}"><span title="{escape(said, 300)}">{escape(said, 160)}</span></label>'
            f"{like}</li>")
