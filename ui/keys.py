"""Help and keys, as an overlay that "?" opens. What each key does is in `static/maquette.js`."""

from __future__ import annotations

from ui.render import escape
from ui.words import html, phrase

HELP = (
    (phrase("Say it"), phrase("Type what you want and press Enter. Go on talking: “make one of the dogs purple”, "
                              "“undo”. “a {red|blue} boat” leaves the choice to chance.")),
    (phrase("Show it"), phrase("Drop a picture into the message box and say what to change in it.")),
    (phrase("Paint it"), phrase("Press Paint, go over something with brush, rectangle or lasso, or click an object; "
                                "then say what to put there and send.")),
    (phrase("Scribble on it"), phrase("Press Paint, then Note: circle or point at something, and say what to do with "
                                      "it.")),
    (phrase("Lay it out"), phrase("Press Boxes, draw boxes and name them: things are drawn where you want them. Drag "
                                  "them later.")),
    (phrase("Go live"), phrase("Press Live: the picture follows while you type and drag; sending keeps it.")),
    (phrase("Branch"), phrase("Press an earlier version and go on from there; nothing that was drawn is lost.")),
    (phrase("Change the Brief"), phrase("Press a line of it, write how it should read; the change goes to the studio "
                                        "as a message.")),
    (phrase("Check it"), phrase("Point at a badge under the picture to see what the studio saw, and where.")),
)
# What is printed on the keys, and what they do.
KEYS = (
    ("Enter", phrase("send")), ("Shift Enter", phrase("a new line")), ("Esc", phrase("stop, or close")),
    ("/", phrase("to the message box")), ("↑ ↓", phrase("in the box: earlier messages")), ("Z", phrase("undo")),
    ("Y", phrase("redo")), ("L", phrase("look")), ("F", phrase("full screen")), ("P", phrase("paint")),
    ("1 2 3 4 5", phrase("brush, rectangle, lasso, object, note")), ("[ ]", phrase("a thinner, a thicker brush")),
    ("E", phrase("erase")), ("Space", phrase("on the picture: pen down, pen up")), ("B", phrase("boxes")),
    ("V", phrase("live")), ("C", phrase("compare")), ("S", phrase("star")), ("Del", phrase("delete")),
    ("← →", phrase("among the versions: earlier, later")), ("G", phrase("gallery")), (",", phrase("settings")),
    ("?", phrase("this")),
)


def overlay() -> str:
    """The dialog."""
    ways = "".join(f"<dt>{html(name)}</dt><dd>{html(text)}</dd>" for name, text in HELP)
    keys = "".join(f"<dt>{''.join(f'<kbd>{escape(key)}</kbd>' for key in names.split())}</dt><dd>{html(does)}</dd>"
                   for names, does in KEYS)
    return (f'<dialog class="mq-dialog" data-dialog="keys" aria-label="{html("Help and keys")}"><header>'
            f'<h2>{html("Help")}</h2><button type="button" data-close aria-label="{html("Close")}">×</button></header>'
            f'<dl class="mq-ways">{ways}</dl><h3>{html("Keys")}</h3><dl class="mq-keys">{keys}</dl></dialog>')
