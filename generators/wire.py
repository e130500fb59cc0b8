"""How the studio and its worker processes talk: one JSON header and some pictures per message, over a socket.

No pickle: whatever a worker sends, reading it can neither run code nor build an object of the worker's choosing.
A message is a dict with a "type"; pictures travel beside it, raw (exact) or as small JPEGs (previews).

    to the worker     job {job, engine, spec, call, params}, cancel {job}
    from the worker   loading {model}, progress {step, steps}, preview {step}, finished {value},
                      failed {kind, sentence}, alive {}; each with the job's number
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image

from generators import api

LARGEST = 256 * 1024 * 1024
ERRORS: Mapping[str, type[api.GeneratorError]] = {
    kind.__name__: kind
    for kind in (api.ModelUnavailable, api.Unsupported, api.BadPicture, api.OutOfMemory, api.BrokenOutput,
                 api.WorkerDied, api.Cancelled)
}


class Garbled(Exception):
    """What arrived is no message of ours."""


def send(pipe: Connection, message: Mapping[str, Any], pictures: list[Image.Image] | None = None,
         small: bool = False) -> None:
    """Sends one message. `small` pictures go as JPEG, the others exactly. Raises OSError when nobody listens."""
    pictures = pictures or []
    heads = [_head(picture, small) for picture in pictures]
    pipe.send_bytes(json.dumps({**message, "pictures": heads}).encode())
    for picture in pictures:
        pipe.send_bytes(_jpeg(picture) if small else picture.tobytes())


def receive(pipe: Connection) -> tuple[dict[str, Any], list[Image.Image]]:
    """The next message and its pictures. Raises EOFError or OSError at the end, `Garbled` on nonsense."""
    try:
        message = json.loads(pipe.recv_bytes(LARGEST))
        pictures = [_picture(head, pipe.recv_bytes(LARGEST)) for head in message.pop("pictures")]
        if not isinstance(message["type"], str):
            raise Garbled("a message without a type")
    except (EOFError, OSError):
        raise
    except Exception as error:
        raise Garbled(f"not a message: {type(error).__name__}") from error
    return message, pictures


def _head(picture: Image.Image, small: bool) -> dict[str, Any]:
    return {"coding": "jpeg" if small else "raw", "mode": picture.mode, "size": list(picture.size)}


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _picture(head: Mapping[str, Any], data: bytes) -> Image.Image:
    if head["coding"] == "jpeg":
        return Image.open(io.BytesIO(data), formats=("JPEG",)).convert("RGB")
    if head["mode"] not in ("RGB", "L"):
        raise Garbled(f"a picture of mode {head['mode']}")
    width, height = head["size"]
    return Image.frombytes(head["mode"], (width, height), data)
