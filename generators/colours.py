"""The colour of an object in any picture, measured: the name that fits most of its pixels.

Each pixel gets one of the world's ten colour names, or grey, by fixed borders of hue, saturation and value (the hues
follow the boundaries of the basic colour terms, after Berlin and Kay 1969; the borders are ours and were not fitted to
people's answers). The pixels are those of the ellipse inside the box, two thirds as wide and high, where the object
most likely is.

What it does not know: light and shadow (a white wall in the evening is orange to it), glass and metal, an object of
several colours (it gets the one that covers most, a colour before black, white and grey), and an object that leaves
the middle of its box empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generators.api import Box, Extent

if TYPE_CHECKING:
    from PIL import Image

NAMES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
_NEUTRAL = frozenset({"black", "white", "grey"})
MIDDLE = 2 / 3
"""Of the box's width and height: what of it is looked at."""
CLEAR = 0.35
"""The share of its pixels that makes an object's colour: with less of each it has none that we know, and with as much
of one it is not called black, white or grey, since windows do not make a red car black."""
_HUES = ((14, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (258, "blue"), (300, "purple"), (342, "pink"),
         (360, "red"))
"""Where each hue ends, in degrees."""
_MOST = 128  # pixels a side that are counted


def colour_of(image: Image.Image, box: Box) -> tuple[str, float]:
    """The name of a box's object ("" where none is clear) and the share of its pixels that have it, in RGB."""
    import numpy as np

    names = _named(_pixels(image, box))
    shares = {name: float(np.mean(names == index)) for index, name in enumerate(NAMES)}
    best = max(shares, key=lambda name: shares[name])
    bright = max((name for name in NAMES if name not in _NEUTRAL), key=lambda name: shares[name])
    chosen = bright if best in _NEUTRAL and shares[bright] >= CLEAR else best
    return chosen if shares[chosen] >= CLEAR else "", shares[chosen]


def _pixels(image: Image.Image, box: Box) -> Any:
    """The object's pixels, N x 3 float32 from 0 to 1; at least one."""
    import numpy as np

    part = image.convert("RGB").crop(box.pixels(Extent(*image.size)))
    part.thumbnail((_MOST, _MOST))
    return np.asarray(part, np.float32)[_ellipse(part.width, part.height)] / 255


def _ellipse(width: int, height: int) -> Any:
    import numpy as np

    down, across = np.mgrid[:height, :width]
    far = ((across + 0.5) / width * 2 - 1) ** 2 + ((down + 0.5) / height * 2 - 1) ** 2
    return far <= max(MIDDLE**2, float(far.min()))


def _named(pixels: Any) -> Any:
    """The index in NAMES of each pixel, from N x 3."""
    import numpy as np

    value, low = pixels.max(1), pixels.min(1)
    spread = value - low
    saturation = np.where(value > 0, spread / np.maximum(value, 1e-6), 0)
    hue = _hue(pixels, value, np.maximum(spread, 1e-6))
    found = np.select([hue <= end for end, _ in _HUES], [NAMES.index(name) for _, name in _HUES], 0)
    reddish = (hue >= 330) | (hue <= 20)
    found[reddish & (saturation < 0.55) & (value > 0.75)] = NAMES.index("pink")
    dull = (value < 0.72) & (saturation > 0.25) | (value < 0.85) & (saturation < 0.45)
    found[(hue > 12) & (hue <= 50) & dull] = NAMES.index("brown")
    grey = (saturation < 0.16) | (spread < 0.08)
    found[grey] = NAMES.index("grey")
    found[grey & (value > 0.8)] = NAMES.index("white")
    found[(value < 0.2) | (grey & (value < 0.28))] = NAMES.index("black")
    return found


def _hue(pixels: Any, value: Any, spread: Any) -> Any:
    """Degrees from 0 to 360, from N x 3 pixels and the largest and the range of each."""
    import numpy as np

    red, green, blue = pixels.T
    sixth = np.select([value == red, value == green], [(green - blue) / spread % 6, (blue - red) / spread + 2],
                      (red - green) / spread + 4)
    return 60 * sixth
