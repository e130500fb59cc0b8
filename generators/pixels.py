"""Pictures from outside into the studio, and out of it again.

`ingest` is the only way in: whatever the bytes were, what comes out is an RGB picture of bounded size without any
metadata, and sentences on what was changed. Decoding happens in a child process with little memory.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, PngImagePlugin

from generators import decoding, provenance
from generators.api import BadPicture, Extent

MOST_BYTES = 64 * 1024 * 1024
MEMORY = 1_500_000_000  # address space of the decoder; the largest picture takes about a quarter of it
_ROOT = Path(__file__).resolve().parent.parent
_UNREADABLE = "This is not a readable PNG, JPEG, WebP or GIF picture."


class Ingested(NamedTuple):
    """An RGB picture, and what was changed on the way in (sentences for people)."""

    image: Image.Image
    notes: list[str]


def ingest(data: bytes) -> Ingested:
    """Hostile bytes to an RGB picture: first frame, upright, eight bits, sRGB, transparency on white.

    Raises `BadPicture` with one sentence.
    """
    return Ingested(*_decode(data, "RGB"))


def ingest_mask(data: bytes, extent: Extent) -> Image.Image:
    """A mask for a picture of `extent`: an "L" picture, 255 where the picture may change, else 0.

    Where the file has transparency, opaque means may change; else white does.
    Raises `BadPicture`: unreadable, of another size, or empty.
    """
    image, _ = _decode(data, "RGBA")
    if image.size != tuple(extent):
        raise BadPicture(f"The mask is {image.width}x{image.height} pixels and its picture {extent[0]}x{extent[1]}; "
                         "paint it on the picture itself.")
    alpha = image.getchannel("A")
    painted = image.convert("L") if alpha.getextrema() == (255, 255) else alpha
    mask = painted.point(lambda v: 255 if v >= 128 else 0)
    if mask.getbbox() is None:
        raise BadPicture("The mask is empty; paint the part of the picture that may change.")
    return mask


def encode_png(image: Image.Image, record_json: str | None, edited: bool) -> bytes:
    """A PNG that carries its record, a summary that other tools read, and the IPTC mark of generated pictures.

    `edited` says that a picture which the user brought is part of it.
    """
    info = PngImagePlugin.PngInfo()
    for key, text in provenance.chunks(_record(record_json), record_json, edited).items():
        info.add_itxt(key, text)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=4)
    return buffer.getvalue()


def read_record(data: bytes) -> dict[str, Any] | None:
    """The record inside a PNG of ours; None for anything else. Never raises."""
    return provenance.read_record(data)


def _record(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    record = json.loads(text)
    return record if isinstance(record, dict) else None


def _decode(data: bytes, mode: str) -> tuple[Image.Image, list[str]]:
    if len(data) > MOST_BYTES:
        raise BadPicture(f"The file has {len(data) // 2**20} MB; at most {MOST_BYTES // 2**20} MB are read.")
    head, pixels = _child(data, mode)
    if "refused" in head:
        raise BadPicture(head["refused"])
    try:
        return Image.frombytes(mode, tuple(head["size"]), pixels), list(head["notes"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadPicture(_UNREADABLE) from error


def _child(data: bytes, mode: str) -> tuple[dict[str, Any], bytes]:
    """What the capped decoder says. Its end, however it comes, is the picture's fault."""
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "generators.decoding", str(MEMORY), mode],
            input=data, capture_output=True, timeout=3 * decoding.SECONDS,
            env={**environment, "PYTHONPATH": str(_ROOT)}, check=True)
        line, _, pixels = done.stdout.partition(b"\n")
        return json.loads(line), pixels
    except subprocess.TimeoutExpired as error:
        raise BadPicture("The picture takes too long to read.") from error
    except (subprocess.CalledProcessError, ValueError) as error:
        raise BadPicture(_UNREADABLE) from error
