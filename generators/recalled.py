"""What a picture from another tool says of how it was made. Reads text only, draws nothing, trusts nothing.

    maquette           our own record (`generators.provenance`)
    invokeai_metadata  InvokeAI, JSON
    parameters         AUTOMATIC1111, Forge, Fooocus and others, lines of text; in a JPEG or WebP in EXIF UserComment
    prompt             ComfyUI, the graph as JSON
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from PIL import Image

from generators import provenance

LONGEST = 4000
_USER_COMMENT, _EXIF = 0x9286, 0x8769
# A name has an end: without one, a long text that is no line of settings would be read from each of its letters on.
_LORA = re.compile(r"<lora:([^:<>]{1,120}):(-?[\d.]{1,8})[^<>]{0,40}>")
_PAIR = re.compile(r'(\w[\w ]{0,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


class Recalled(NamedTuple):
    """Words and settings; what the picture does not say is None. `source` is the tool that wrote them, `adapters` are
    names with how much of each."""

    source: str
    text: str
    negative: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    size: tuple[int, int] | None = None
    model: str | None = None
    adapters: tuple[tuple[str, float], ...] = ()


def recalled(data: bytes) -> Recalled | None:
    """What the bytes of a picture say; None where they say nothing that we can read. Never raises."""
    try:
        texts = _texts(data)
        readers: dict[str, Callable[[str], Recalled | None]] = {
            provenance.KEY: _ours, "invokeai_metadata": _invokeai, "parameters": _parameters, "prompt": _comfyui}
        for key, read in readers.items():
            if key in texts and (found := _attempt(read, texts[key])):
                return found
    except Exception:  # decoders raise whatever they like, and a picture without settings is an ordinary picture
        return None
    return None


def _attempt(read: Callable[[str], Recalled | None], text: str) -> Recalled | None:
    try:
        return read(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _texts(data: bytes) -> dict[str, str]:
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
        texts = {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
        comment = image.getexif().get_ifd(_EXIF).get(_USER_COMMENT)
    if comment and "parameters" not in texts:
        texts["parameters"] = _comment(comment)
    return texts


def _comment(value: bytes | str) -> str:
    """EXIF's UserComment: eight bytes say in which letters the rest is (Exif 2.3, table 9)."""
    if isinstance(value, str):
        return value
    head, rest = value[:8], value[8:]
    if head.startswith(b"UNICODE"):
        return rest.decode("utf-16-le" if rest[1:2] == b"\0" else "utf-16-be", "replace")
    return rest.decode("utf-8", "replace")


def _ours(text: str) -> Recalled | None:
    record = json.loads(text)
    request = record.get("request")
    if not request:
        return None
    words = (record.get("brief") or {}).get("request") or request["prompt"]
    size = request["size"] if request.get("kind") == "generate" else None
    return _made("Maquette", words, request.get("negative"), request.get("seed"), request.get("steps"),
                 request.get("guidance"), size, request.get("model"), request.get("adapters") or ())


def _invokeai(text: str) -> Recalled | None:
    said = json.loads(text)
    model = said.get("model")
    named = model.get("name") or model.get("model_name") if isinstance(model, dict) else model
    if not said.get("positive_prompt"):
        return None
    return _made("InvokeAI", said["positive_prompt"], said.get("negative_prompt"), said.get("seed"), said.get("steps"),
                 said.get("cfg_scale"), (said.get("width"), said.get("height")), named,
                 [((one.get("model") or one.get("lora") or {}).get("name"), one.get("weight"))
                  for one in said.get("loras") or ()])


def _parameters(text: str) -> Recalled | None:
    """Prompt, negative prompt, and a last line of at least three settings, as A1111 writes and reads them."""
    lines = text.strip().split("\n")
    pairs = {name.strip(): _unquoted(value) for name, value in _PAIR.findall(lines[-1])}
    if len(pairs) < 3:
        lines, pairs = [*lines, ""], {}
    prompt, _, negative = "\n".join(lines[:-1]).partition("Negative prompt:")
    if not prompt.strip() and not pairs:
        return None
    size = pairs.get("Size", "").split("x")
    return _made("A1111", _LORA.sub("", prompt), negative, pairs.get("Seed"), pairs.get("Steps"),
                 pairs.get("CFG scale"), size if len(size) == 2 else None, pairs.get("Model"), _LORA.findall(prompt))


def _unquoted(value: str) -> str:
    value = value.strip()
    return str(json.loads(value)) if value.startswith('"') else value


def _comfyui(text: str) -> Recalled | None:
    """From the first node that samples: its own numbers, and the texts that its inputs lead to."""
    graph = json.loads(text)
    sampler = next((node for node in graph.values() if {"positive", "negative"} <= node.get("inputs", {}).keys()
                    and {"seed", "noise_seed"} & node["inputs"].keys()), None)
    if sampler is None:
        return None
    given = sampler["inputs"]
    sizes = [(node["inputs"].get("width"), node["inputs"].get("height")) for node in graph.values()
             if "Latent" in str(node.get("class_type")) and "width" in node.get("inputs", {})]
    models = [node["inputs"].get("ckpt_name") or node["inputs"].get("unet_name") for node in graph.values()
              if "Loader" in str(node.get("class_type")) and {"ckpt_name", "unet_name"} & node.get("inputs", {}).keys()]
    return _made("ComfyUI", _leads_to(graph, given["positive"]), _leads_to(graph, given["negative"]),
                 given.get("seed", given.get("noise_seed")), given.get("steps"), given.get("cfg"),
                 next(iter(sizes), None), next(iter(models), None),
                 [(str(node["inputs"]["lora_name"]).removesuffix(".safetensors"), node["inputs"].get("strength_model"))
                  for node in graph.values() if "lora_name" in node.get("inputs", {})])


def _leads_to(graph: Mapping[str, Any], link: Any) -> str:
    """The text that a link leads to, through nodes that only pass it on."""
    return next(_walked(graph, link, set()), "")


def _walked(graph: Mapping[str, Any], link: Any, seen: set[str]) -> Iterator[str]:
    if not (isinstance(link, list) and link and str(link[0]) in graph) or str(link[0]) in seen:
        return
    seen.add(str(link[0]))
    inputs = graph[str(link[0])].get("inputs", {})
    for name in ("text", "text_g", "prompt", "string"):
        if isinstance(inputs.get(name), str):
            yield inputs[name]
    for value in inputs.values():
        yield from _walked(graph, value, seen)


def _made(source: str, text: Any, negative: Any, seed: Any, steps: Any, guidance: Any, size: Any, model: Any,
          adapters: Any) -> Recalled | None:
    """Only what is of the right kind and within our bounds."""
    words = _words(text)
    if not words:
        return None
    sides = [_number(int, side, 1, 1 << 16) for side in size or ()]
    return Recalled(source, words, _words(negative) or None, _number(int, seed, 0, 2**63 - 1),
                    _number(int, steps, 1, 1000), _number(float, guidance, 0, 100),
                    (sides[0], sides[1]) if len(sides) == 2 and None not in sides else None,
                    _words(model)[:200] or None, tuple(_worn(adapters)))


def _worn(adapters: Any) -> Iterator[tuple[str, float]]:
    for name, weight in list(adapters)[:8]:
        amount = _number(float, weight, -4, 4)
        if _words(name) and amount is not None:
            yield _words(name)[:200], amount


def _words(value: Any) -> str:
    return str(value).strip()[:LONGEST] if isinstance(value, str) else ""


def _number(kind: type, value: Any, least: float, most: float) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if least <= number <= most and not isinstance(value, bool) else None
