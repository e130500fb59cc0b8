"""A stand-in of an image server, on this machine: OpenAI's Images API as three servers speak it.

Its pictures are plain: one colour for a new picture, by its seed; the inverse for an edit (where a mask lets it, if it
heeds masks).
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from PIL import Image, ImageOps
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NEW = (200, 60, 47)
"""The colour of what seed 7 draws."""


@dataclass
class ImageServer:
    """`owner` is what it says of itself, `mask` the field it reads one from, `heeds` whether that changes anything.

    `trouble` holds answers (status, body, headers) that come first, one a call; `asked` what came in.
    """

    owner: str = "vllm"
    served: str = "some/model"
    mask: str = "mask_image"
    heeds: bool = True
    polarity: str = "white"
    revised: str = ""
    slow: float = 0.0
    body: Any = None
    trouble: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    async def models(self, request: Request) -> Response:
        self.keys.append(request.headers.get("authorization", ""))
        rows = [{"id": self.served, "object": "model", "created": 1, "owned_by": self.owner}] if self.served else []
        return JSONResponse({"object": "list", "data": rows})

    async def generate(self, request: Request) -> Response:
        asked = await request.json()
        self.asked.append({"route": "generate", **asked})
        size = tuple(int(side) for side in asked["size"].split("x"))
        drawn = Image.new("RGB", size, (*NEW[:2], 40 + asked.get("seed", 7) % 200))
        return self._answer(drawn, request, bool(asked.get("stream")))

    async def edit(self, request: Request) -> Response:
        async with request.form() as form:
            return await self._edited(form, request)

    async def _edited(self, form: FormData, request: Request) -> Response:
        files = [value for key, value in form.multi_items() if key in ("image", "image[]")]
        told = {key: value for key, value in form.items() if isinstance(value, str)}
        self.asked.append({"route": "edit", "images": len(files), **told, "mask sent": self.mask in form})
        whole = Image.open(io.BytesIO(await files[0].read())).convert("RGB")  # type: ignore[union-attr]
        changed = ImageOps.invert(whole)
        mask = await self._mask(form.get(self.mask))
        drawn = Image.composite(changed, whole, mask) if mask is not None and self.heeds else changed
        return self._answer(drawn, request, told.get("stream") == "true")

    async def _mask(self, sent: Any) -> Image.Image | None:
        if sent is None:
            return None
        data = base64.b64decode(sent.split(",")[1]) if isinstance(sent, str) else await sent.read()
        image = Image.open(io.BytesIO(data))
        return image.convert("L") if self.polarity == "white" else ImageOps.invert(image.getchannel("A"))

    def _answer(self, image: Image.Image, request: Request, stream: bool) -> Response:
        self.keys.append(request.headers.get("authorization", ""))
        if self.trouble:
            status, body, headers = self.trouble.pop(0)
            return JSONResponse(body, status, headers)
        if self.slow:
            time.sleep(self.slow)
        if self.body is not None:
            return JSONResponse(self.body)
        data = io.BytesIO()
        image.save(data, "PNG")
        text = base64.b64encode(data.getvalue()).decode()
        if stream:
            return StreamingResponse(_events(text), media_type="text/event-stream")
        row = {"b64_json": text, **({"revised_prompt": self.revised} if self.revised else {})}
        return JSONResponse({"created": 1, "data": [row]})


def _events(text: str) -> Iterator[str]:
    common = {"b64_json": text, "created_at": 1, "size": "1024x1024", "quality": "high", "background": "auto",
              "output_format": "png"}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
             "input_tokens_details": {"text_tokens": 1, "image_tokens": 0}}
    for number in range(2):
        event = {"type": "image_generation.partial_image", "partial_image_index": number, **common}
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    last = {"type": "image_generation.completed", **common, "usage": usage}
    yield f"event: {last['type']}\ndata: {json.dumps(last)}\n\n"


@contextmanager
def serving(server: ImageServer) -> Iterator[ImageServer]:
    """The server at `server.url` while the block runs."""
    app = Starlette(routes=[Route("/v1/models", server.models), Route("/v1/images/generations", server.generate,
                    methods=["POST"]), Route("/v1/images/edits", server.edit, methods=["POST"])])
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    server.url = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        running.should_exit = running.force_exit = True
        thread.join()
