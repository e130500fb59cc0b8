"""Help and keys, as an overlay that "?" opens. What each key does is in `static/maquette.js`."""

from __future__ import annotations

from ui.render import escape

HELP = (
    ("Say it", "Type what you want and press Enter. Go on talking: “make one of the dogs purple”, “undo”. "
               "“a {red|blue} boat” leaves the choice to chance."),
    ("Show it", "Drop a picture into the message box and say what to change in it."),
    ("Paint it", "Press Paint, go over something with brush, rectangle or lasso, or click an object; then say what to "
                 "put there and send."),
    ("Scribble on it", "Press Paint, then Note: circle or point at something, and say what to do with it."),
    ("Lay it out", "Press Boxes, draw boxes and name them: things are drawn where you want them. Drag them later."),
    ("Go live", "Press Live: the picture follows while you type and drag; sending keeps it."),
    ("Branch", "Press an earlier version and go on from there; nothing that was drawn is lost."),
    ("Change the Brief", "Press a line of it, write how it should read; the change goes to the studio as a message."),
    ("Check it", "Point at a badge under the picture to see what the studio saw, and where."),
)
KEYS = (
    ("Enter", "send"), ("Shift Enter", "a new line"), ("Esc", "stop, or close"), ("/", "to the message box"),
    ("↑ ↓", "in the box: earlier messages"), ("Z", "undo"), ("Y", "redo"), ("L", "look"), ("F", "full screen"),
    ("P", "paint"),
    ("1 2 3 4 5", "brush, rectangle, lasso, object, note"),
    ("[ ]", "a thinner, a thicker brush"), ("E", "erase"), ("Space", "on the picture: pen down, pen up"),
    ("B", "boxes"), ("V", "live"),
    ("C", "compare"), ("S", "star"), ("Del", "delete"), ("← →", "among the versions: earlier, later"),
    ("G", "gallery"), (",", "settings"), ("?", "this"),
)


def overlay() -> str:
    """The dialog."""
    ways = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in HELP)
    keys = "".join(f"<dt>{''.join(f'<kbd>{escape(key)}</kbd>' for key in names.split())}</dt><dd>{escape(does)}</dd>"
                   for names, does in KEYS)
    return ('<dialog class="mq-dialog" data-dialog="keys" aria-label="Help and keys"><header><h2>Help</h2>'
            '<button type="button" data-close aria-label="Close">×</button></header>'
            f'<dl class="mq-ways">{ways}</dl><h3>Keys</h3><dl class="mq-keys">{keys}</dl></dialog>')
