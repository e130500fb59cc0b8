"""A painted area on its way from the browser: bytes that nobody has checked yet, made into a mask that fits."""

from __future__ import annotations

import base64
import binascii
import io

from PIL import Image

from generators.api import BadPicture
from ui.words import phrase, say

HEAD = "data:image/png;base64,"
LONGEST = 4 << 20
WIDEST = 4096
UNREADABLE = phrase("The painted area could not be read; clear it and paint it again.")
FIRM = 16
"""Alpha above which a pixel counts as painted: below it is the soft rim of the brush."""


def mask_png(data_url: str, width: int, height: int) -> bytes | None:
    """The painted area as an "L" PNG of width x height, 255 where painted; None where nothing was.

    `data_url` is a PNG with transparency, of any size: its opacity is the paint. Raises `BadPicture`.
    """
    alpha = _alpha(data_url).resize((width, height), Image.Resampling.BILINEAR)
    mask = alpha.point([255 if value > FIRM else 0 for value in range(256)])
    if mask.getbbox() is None:
        return None
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


def opacity(mask: Image.Image) -> bytes:
    """A mask on its way to the browser: a white PNG, opaque where the "L" mask lets change."""
    white = Image.new("RGBA", mask.size, "white")
    white.putalpha(mask)
    buffer = io.BytesIO()
    white.save(buffer, "PNG")
    return buffer.getvalue()


def _alpha(data_url: str) -> Image.Image:
    if not data_url.startswith(HEAD) or len(data_url) > LONGEST:
        raise BadPicture(say(UNREADABLE))
    try:
        data = base64.b64decode(data_url[len(HEAD):], validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            if max(opened.size) > WIDEST:
                raise BadPicture(say("The painted area is larger than {most} pixels; paint on a smaller picture.",
                                     most=WIDEST))
            return opened.convert("RGBA").getchannel("A")
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPicture(say(UNREADABLE)) from error
