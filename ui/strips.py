"""What the page says in a line: refusals, offers to go on, what a picture shows; and the signal to its script. Pure."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from agent.api import Described, Glimpse
from ui import render
from ui.words import html, html_many

GLIMPSE = 512


def note(notice: str | None = None, interrupted: bool = False) -> str:
    """The line above the message box: refusals, and the offer to go on."""
    parts = [f'<div class="mq-note" role="alert"><span>{render.escape(notice)}</span>{dismiss()}'
             "</div>"] if notice else []
    parts += [f'<div class="mq-note"><span>{html("The last message was interrupted before it was finished.")}</span>'
              '<button type="button" data-act="resume" class="mq-primary">'
              f'{html("Continue")}</button></div>'] if interrupted else []
    return "".join(parts)


def dismiss() -> str:
    """The cross that takes a line away."""
    return f'<button type="button" data-dismiss aria-label="{html("Dismiss")}">×</button>'


def described(said: Described) -> str:
    """What a picture shows, and the button that makes it the message."""
    words = render.escape(said.text, 1000)
    seen = html("as {who} sees it", who=render.escape(said.by, 80))
    return (f'<div class="mq-note" role="status"><span>{words} <small>{seen}</small></span><button type="button" '
            f'data-prompt="{words}" class="mq-primary">{html("Use as prompt")}</button>{dismiss()}</div>')


def earlier(count: int) -> str:
    """The way to so many messages more."""
    more = html_many("Show {count} earlier message", "Show {count} earlier messages", count)
    return f'<div class="mq-earlier"><button type="button" data-more="earlier">{more}</button></div>'


def added(count: int) -> str:
    """Presets were taken in, and where they are."""
    said = html_many("{count} style added; they are in the settings.",
                     "{count} styles added; they are in the settings.", count)
    return (f'<div class="mq-note" role="status"><span>{said}</span><button type="button" data-open="settings" '
            f'class="mq-primary">{html("Open")}</button>{dismiss()}</div>')


def deleted(picture: str) -> str:
    """The line that takes a deletion back."""
    return (f'<div class="mq-note" role="status"><span>{html("Deleted.")}</span><button type="button" '
            f'data-act="restore" data-id="{render.escape(picture)}" class="mq-primary">{html("Undo")}</button>'
            f"{dismiss()}</div>")


def signal(**values: Any) -> str:
    """What `static/maquette.js` must know, as JSON in HTML that nobody sees."""
    return f"<i>{render.escape(json.dumps(values), limit=1 << 20)}</i>"


def glimpse(glimpse: Glimpse | None) -> str | None:
    """The rough look as a data URL: it is gone in a moment, so it never becomes a file."""
    if glimpse is None:
        return None
    image = glimpse.image.convert("RGB")
    image.thumbnail((GLIMPSE, GLIMPSE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
