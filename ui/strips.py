"""What the page says in a line: refusals, offers to go on, what a picture shows; and the signal to its script. Pure."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from agent.api import Described, Glimpse
from ui import render

GLIMPSE = 512


def note(notice: str | None = None, interrupted: bool = False) -> str:
    """The line above the message box: refusals, and the offer to go on."""
    parts = [f'<div class="mq-note" role="alert"><span>{render.escape(notice)}</span>'
             '<button type="button" data-dismiss aria-label="Dismiss">×</button></div>'] if notice else []
    parts += ['<div class="mq-note"><span>The last message was interrupted before it was finished.</span><button '
              'type="button" data-act="resume" class="mq-primary">Continue</button></div>'] if interrupted else []
    return "".join(parts)


def described(said: Described) -> str:
    """What a picture shows, and the button that makes it the message."""
    words = render.escape(said.text, 1000)
    return (f'<div class="mq-note" role="status"><span>{words} <small>as {render.escape(said.by, 80)} sees it</small>'
            f'</span><button type="button" data-prompt="{words}" class="mq-primary">Use as prompt</button>'
            '<button type="button" data-dismiss aria-label="Dismiss">×</button></div>')


def added(count: int) -> str:
    """Presets were taken in, and where they are."""
    return (f'<div class="mq-note" role="status"><span>{count} style{"" if count == 1 else "s"} added; they are in the '
            'settings.</span><button type="button" data-open="settings" class="mq-primary">Open</button>'
            '<button type="button" data-dismiss aria-label="Dismiss">×</button></div>')


def deleted(picture: str) -> str:
    """The line that takes a deletion back."""
    return ('<div class="mq-note" role="status"><span>Deleted.</span><button type="button" data-act="restore" '
            f'data-id="{render.escape(picture)}" class="mq-primary">Undo</button>'
            '<button type="button" data-dismiss aria-label="Dismiss">×</button></div>')


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
