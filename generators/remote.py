"""Image servers: OpenAI's Images API, and as vLLM-Omni and SGLang-Diffusion speak it, through the `openai` client.

They serve what no class of diffusers or transformers draws, or what this machine has no room for. A server is named in
`maquette.toml` by whoever starts the studio, never by a request:

    [servers.omni]
    url = "http://gpu-box:8091/v1"
    model = "Qwen/Qwen-Image-Edit-2511"     # default: what the server lists first
    dialect = "vllm-omni"                   # openai, vllm-omni, sglang; default: by what the server says of itself
    key = "OMNI_KEY"                        # the environment variable that holds the key, never the key

Some servers take a mask and heed it not. So unless a dialect is known to, the first inpainting asks for a small one and
looks whether the other half stayed; where it did not, the neighbourhood of the mask is cut out, edited and put back.
Whatever the server did, outside the mask every pixel is the source's own.

Runs in the studio's own process: workers have no network and no keys. What a server can do wrong has a bound or a
sentence here; 429, 5xx and a broken connection are tried again, honouring Retry-After up to half a minute.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from PIL import Image, ImageChops, ImageStat
from pydantic import BaseModel, ConfigDict, Field

from generators import geometry, patience, pixels
from generators.api import (
    BadPicture,
    BrokenOutput,
    Capabilities,
    Extent,
    GeneratorError,
    Loading,
    Model,
    ModelUnavailable,
    Preview,
    Progress,
    Report,
    Request,
    Result,
    Stop,
    Unsupported,
)
from generators.local import finished
from generators.registry import REMOTE

HOSTED = "https://api.openai.com/v1"
SECONDS = 600.0
"""For one picture, at most."""
PARTIAL = 2
"""Looks at the picture on the way, where a server gives any."""
PROBE = 256
"""Pixels along the side of the picture that tells whether a server heeds masks."""
STAYED = 24
"""Of 255: the other half may differ by so much on average, since most models encode and decode it as well."""
MARGIN = 0.12
"""How much around a mask a server is shown that heeds none, in shares of the picture."""


@dataclass(frozen=True)
class Dialect:
    """What a server calls things; what it has no word for is not sent.

    `extras` are the names of seed, steps, guidance, negative prompt and strength. `heeds`: whether it heeds masks,
    None where that is to be found out. `asks_format`: it would answer with an address where nothing is said.
    """

    mask: str | None
    heeds: bool | None
    extras: Mapping[str, str] = field(default_factory=dict)
    asks_format: bool = True
    partial: bool = False


_OPEN = {"seed": "seed", "steps": "num_inference_steps", "guidance": "guidance_scale", "negative": "negative_prompt"}
DIALECTS = {
    "openai": Dialect("mask", True, asks_format=False, partial=True),
    "vllm-omni": Dialect("mask_image", None, {**_OPEN, "strength": "strength"}),
    "sglang": Dialect(None, False, _OPEN),
}
_OWNERS = {"vllm": "vllm-omni", "vllm-omni": "vllm-omni", "sglang": "sglang"}


class Server(BaseModel):
    """One `[servers.NAME]`. `base` is the side of the pictures that its model draws best, in pixels.

    Without a `key` the hosted service gets OPENAI_API_KEY's, and any other host none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(default=HOSTED, pattern=r"^https?://[^\s@]+$")
    model: str = ""
    dialect: Literal["auto", "openai", "vllm-omni", "sglang"] = "auto"
    key: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]*)?$")
    edits: bool = True
    references: int = Field(default=4, ge=1, le=16)
    base: int = Field(default=1024, ge=64, le=4096)
    licence: str = ""


def models(servers: Mapping[str, Server]) -> list[Model]:
    """What stands for the configured servers among the models."""
    return [_model(name, server) for name, server in servers.items()]


def _model(name: str, server: Server) -> Model:
    dialect = DIALECTS.get(server.dialect)
    extras = dialect.extras if dialect else {}
    able = Capabilities(edit=server.edits, inpaint=server.edits, refine=server.edits and "strength" in extras,
                        references=server.references if server.edits else 0, negative="negative" in extras,
                        sizes=geometry.buckets(server.base, 16), multiple=16)
    return Model(name, REMOTE, server.url, able, server.licence, 0.0, "a stand-in of the server",
                 server.model_dump(mode="json"))


class Remote:
    """A server behind the `Generator` protocol."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._server = Server.model_validate(dict(model.options))
        self._dialect: Dialect | None = None
        self._served = self._server.model
        self._heeds: bool | None = None

    def load(self) -> None:
        """Asks the server what it is. Raises `ModelUnavailable`."""
        asyncio.run(self._once(self._find_out))

    def unload(self) -> None:
        """Nothing is held here."""

    def run(self, request: Request, pictures: Mapping[str, Image.Image], report: Report, stop: Stop) -> Result:
        """Draw. Raises `Cancelled`, `ModelUnavailable`, `Unsupported` (what the server will not do), `BrokenOutput`."""
        import openai  # noqa: F401  (half a second: not on the server's time)

        began = time.perf_counter()
        late = ModelUnavailable(f"{self._who} took longer than {SECONDS:g} s for one picture.")
        image, told = asyncio.run(patience.heeded(self._draw(request, pictures, report), stop, SECONDS, late))
        drawing = time.perf_counter() - began
        done = finished(request, pictures, image)
        told |= {"device": urlsplit(self._server.url).netloc, "server": self._server.url, "served": self._served}
        return Result(done, {"draw": drawing, "finish": time.perf_counter() - began - drawing}, told)

    @property
    def _who(self) -> str:
        return f"The image server {self.model.name} ({urlsplit(self._server.url).netloc})"

    # What the server is

    async def _find_out(self, client: Any) -> None:
        """Its dialect and model, once."""
        if self._dialect is not None:
            return
        rows = [row async for row in client.models.list()] if self._needs_asking else []
        owners = [str(row.owned_by).lower() for row in rows]
        guessed = next((_OWNERS[owner] for owner in owners if owner in _OWNERS), "openai")
        name = guessed if self._server.dialect == "auto" else self._server.dialect
        self._served = self._server.model or (rows[0].id if rows else "")
        if not self._served:
            raise ModelUnavailable(f"{self._who} lists no model; name one in maquette.toml (servers.{self.model.name}"
                                   ".model).")
        self._dialect = DIALECTS[name]
        self._heeds = self._dialect.heeds

    @property
    def _needs_asking(self) -> bool:
        return self._server.dialect == "auto" or not self._server.model

    async def _find_out_masks(self, client: Any) -> bool:
        """Whether it heeds masks: asked once, with a picture of two halves of which only one may change."""
        if self._heeds is None:
            whole = Image.new("RGB", (PROBE, PROBE), (40, 90, 200))
            mask = Image.new("L", whole.size)
            mask.paste(255, (0, 0, PROBE // 2, PROBE))
            wish = Request(kind="inpaint", model=self.model.name, prompt="a plain bright yellow wall", size=Extent(
                PROBE, PROBE), seed=0, steps=4 if self._said.extras else None, sources=("probe",), mask="mask")
            drawn, _ = await self._edited(client, wish, [whole], mask, Extent(PROBE, PROBE), _unheard)
            half = (PROBE // 2, 0, PROBE, PROBE)
            gap = ImageChops.difference(drawn.resize(whole.size).crop(half), whole.crop(half))
            self._heeds = max(ImageStat.Stat(gap).mean) <= STAYED
        return self._heeds

    @property
    def _said(self) -> Dialect:
        assert self._dialect is not None, "load() comes first"
        return self._dialect

    # One picture

    async def _draw(self, request: Request, pictures: Mapping[str, Image.Image], report: Report
                    ) -> tuple[Image.Image, dict[str, Any]]:
        report(Loading(self.model.name))

        async def ask(client: Any) -> tuple[Image.Image, dict[str, Any]]:
            await self._find_out(client)
            size = geometry.working(request.size, self.model.capabilities)
            sources = [pictures[id].convert("RGB") for id in request.sources]
            if request.kind == "generate":
                return await self._generated(client, request, size, report)
            if request.kind == "inpaint" and request.mask:
                return await self._inpainted(client, request, sources, pictures[request.mask].convert("L"), report)
            size = geometry.working(Extent(*sources[0].size), self.model.capabilities)
            return await self._edited(client, request, sources, None, size, report)

        return await self._patiently(ask)

    async def _generated(self, client: Any, request: Request, size: Extent, report: Report
                         ) -> tuple[Image.Image, dict[str, Any]]:
        return await self._answer(client.images.generate, self._asked(request, size), report)

    async def _inpainted(self, client: Any, request: Request, sources: list[Image.Image], mask: Image.Image,
                         report: Report) -> tuple[Image.Image, dict[str, Any]]:
        """With the server's own mask, or by what is cut out around it."""
        if self._said.mask and await self._find_out_masks(client):
            size = geometry.working(Extent(*sources[0].size), self.model.capabilities)
            drawn, told = await self._edited(client, request, sources, mask, size, report)
            return drawn, {**told, "mask": "the server's"}
        place = geometry.crop_to(mask, MARGIN)
        part = sources[0].crop(place)
        size = geometry.working(Extent(*part.size), self.model.capabilities)
        drawn, told = await self._edited(client, request, [part, *sources[1:]], None, size, report)
        whole = sources[0].copy()
        whole.paste(drawn.resize(part.size, Image.Resampling.LANCZOS), place[:2])
        return whole, {**told, "mask": "cut out and put back"}

    async def _edited(self, client: Any, request: Request, sources: list[Image.Image], mask: Image.Image | None,
                      size: Extent, report: Report) -> tuple[Image.Image, dict[str, Any]]:
        files = [_file(f"{n}.png", image.resize(size, Image.Resampling.LANCZOS)) for n, image in enumerate(sources)]
        asked: dict[str, Any] = {"image": files if len(files) > 1 else files[0], **self._asked(request, size)}
        if mask is not None:
            sent = _file("mask.png", as_mask(geometry.fitted_mask(mask, size)))
            if self._said.mask == "mask":
                asked["mask"] = sent
            else:  # the client puts files of other names nowhere; as a data URI it is a field like any other
                asked["extra_body"] = {**asked.get("extra_body", {}), str(self._said.mask): _data_uri(sent[1])}
        return await self._answer(client.images.edit, asked, report)

    def _asked(self, request: Request, size: Extent) -> dict[str, Any]:
        """Prompt, size and whatever else the dialect has a word for."""
        wishes = {"seed": request.seed, "steps": request.steps, "guidance": request.guidance,
                  "negative": request.negative or None,
                  "strength": request.strength if request.kind == "refine" else None}
        extras = {self._said.extras[name]: value for name, value in wishes.items()
                  if value is not None and name in self._said.extras}
        return {"model": self._served, "prompt": request.prompt, "size": f"{size.width}x{size.height}", "n": 1,
                **({"response_format": "b64_json"} if self._said.asks_format else {}),
                **({"extra_body": extras} if extras else {})}

    async def _answer(self, call: Callable[..., Awaitable[Any]], asked: dict[str, Any], report: Report
                      ) -> tuple[Image.Image, dict[str, Any]]:
        """The picture that a call leads to, and what the server told of it."""
        if not self._said.partial:
            reply = await call(**asked)
            first = next(iter(reply.data or []), None)
            said = getattr(first, "revised_prompt", None)
            report(Progress(1, 1))
            return self._decoded(getattr(first, "b64_json", None)), {"revised_prompt": str(said)} if said else {}
        async with await call(**asked, stream=True, partial_images=PARTIAL) as events:
            whole = [event.b64_json async for event in events if not self._on_the_way(event, report)]
        if whole:
            return self._decoded(whole[-1]), {}
        raise BrokenOutput(f"{self._who} ended its answer without a picture.")

    def _on_the_way(self, event: Any, report: Report) -> bool:
        """Whether an event is no more than a look at the picture, which is passed on."""
        if event.type.endswith("completed"):
            report(Progress(PARTIAL + 1, PARTIAL + 1))
            return False
        if not event.type.endswith("partial_image"):
            return True
        report(Progress(event.partial_image_index + 1, PARTIAL + 1))
        report(Preview(event.partial_image_index + 1, self._decoded(event.b64_json)))
        return True

    def _decoded(self, text: str | None) -> Image.Image:
        """What came in base64, read as warily as an upload; an address is never followed."""
        try:
            return pixels.ingest(base64.b64decode(text or "", validate=True)).image
        except (binascii.Error, BadPicture):
            raise BrokenOutput(f"{self._who} answered without a picture that can be read.") from None

    # The connection

    async def _patiently(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        for attempt in range(patience.RETRIES + 1):
            try:
                return await self._once(ask)
            except _Busy as error:
                pause = patience.pause(error.wait, attempt)
                if attempt == patience.RETRIES or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _once(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        try:
            async with self._client() as client:
                return await ask(client)
        except GeneratorError:
            raise
        except Exception as error:
            raise self._explained(error) from None  # the cause may quote the request, and with it the key

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        from openai import AsyncOpenAI

        key = os.environ.get(self._key, "") if self._key else "none"
        if not key:
            raise ModelUnavailable(f"{self._who} wants a key: put it into the environment variable {self._key}.")
        async with AsyncOpenAI(api_key=key, base_url=self._server.url, max_retries=0, timeout=SECONDS) as client:
            yield client

    @property
    def _key(self) -> str:
        """The variable that holds this server's key; "" where it gets none."""
        return self._server.key or ("OPENAI_API_KEY" if self._server.url.startswith(HOSTED) else "")

    def _explained(self, error: Exception) -> GeneratorError:
        """Whatever the client raises, as one sentence of ours."""
        import openai

        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            what = f"the key in {self._key}" if self._key else "us without a key"
            return ModelUnavailable(f"{self._who} does not accept {what}.")
        if isinstance(error, openai.NotFoundError):
            return ModelUnavailable(f"{self._who} has no model {self._served!r}, or draws no pictures.")
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return Unsupported(f"{self._who} will not draw this: {_said(error)}")
        if isinstance(error, openai.RateLimitError | openai.InternalServerError):
            return _Busy(f"{self._who} is busy or broken ({error.status_code}): {_said(error)}",
                         max(0.0, patience.asked_to_wait(error.response.headers)))
        if isinstance(error, openai.APIConnectionError):
            return _Busy(f"{self._who} cannot be reached.")
        return BrokenOutput(f"{self._who} answered what nobody understands ({type(error).__name__}).")


class _Busy(ModelUnavailable):
    """Worth another try, after so many seconds at least."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


def as_mask(mask: Image.Image) -> Image.Image:
    """A mask ("L", 255 where the picture may change) as both conventions have it: transparent there, as OpenAI reads
    it, and white, as diffusers' pipelines do."""
    found = Image.merge("RGBA", (mask, mask, mask, ImageChops.invert(mask)))
    assert found.size == mask.size
    return found


def _file(name: str, image: Image.Image) -> tuple[str, bytes, str]:
    data = io.BytesIO()
    image.save(data, "PNG")
    return name, data.getvalue(), "image/png"


def _data_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _said(error: Any) -> str:
    """The server's own words, cut to a bearable length."""
    body = error.body if isinstance(error.body, dict) else {}
    text = body.get("message") or body.get("detail") or error.message
    return " ".join(str(text).split())[:300]


def _unheard(event: object) -> None:
    """A probe reports to nobody."""


GENERATOR = Remote
