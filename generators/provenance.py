"""What a picture says about itself: our record, a summary other tools read, the mark of generated pictures.

    maquette             iTXt, JSON: the whole record, enough to make the picture again
    parameters           iTXt, the text that Stable Diffusion's tools write and read
    XML:com.adobe.xmp    iTXt, XMP with Iptc4xmpExt:DigitalSourceType (IPTC, "Digital Source Type" NewsCodes)
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

KEY = "maquette"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST = 4 * 1024 * 1024
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Maquette"
    Iptc4xmpExt:DigitalSourceType="{source}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def chunks(record: Mapping[str, Any] | None, record_json: str | None, edited: bool) -> dict[str, str]:
    """Keyword to text, for a PNG's iTXt chunks. A picture that nobody generated gets its record and no claims."""
    if record is None or record_json is None:
        return {}
    found = {KEY: record_json}
    if record.get("role", "drawn") == "drawn":
        found["parameters"] = parameters(record)
        found["XML:com.adobe.xmp"] = xmp(edited)
    return found


def xmp(edited: bool) -> str:
    """The XMP packet: generated, or a composite where a picture from outside is part of it."""
    return _XMP.format(source=_SOURCE_TYPE + source_type(edited))


def source_type(edited: bool) -> str:
    return "compositeWithTrainedAlgorithmicMedia" if edited else "trainedAlgorithmicMedia"


def parameters(record: Mapping[str, Any]) -> str:
    """A record in the words of Stable Diffusion's web UI: prompt, negative prompt, one line of settings."""
    request = record.get("request") or {}
    width, height = request.get("size") or (record.get("width", 0), record.get("height", 0))
    settings = {"Steps": request.get("steps"), "CFG scale": request.get("guidance"), "Seed": request.get("seed"),
                "Size": f"{width}x{height}", "Model": request.get("model"), "Version": "Maquette"}
    lines = [str(request.get("prompt", ""))]
    if request.get("negative"):
        lines.append(f"Negative prompt: {request['negative']}")
    lines.append(", ".join(f"{name}: {_quoted(value)}" for name, value in settings.items() if value is not None))
    return "\n".join(lines)


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text) if any(c in text for c in ',:\n"') else text


def read_record(data: bytes) -> dict[str, Any] | None:
    """The record in a PNG's bytes, or None: no PNG, no record, damaged, hostile. Never raises."""
    try:
        return next((found for kind, body in _chunks(data) if kind == b"iTXt" and (found := _entry(body))), None)
    except (ValueError, struct.error, zlib.error, RecursionError, MemoryError):
        return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks before the first that is damaged or goes beyond the end (PNG specification, section 5)."""
    at = len(_SIGNATURE)
    if data[:at] != _SIGNATURE:
        return
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body, check = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if len(check) < 4 or zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            return
        yield kind, body
        at += 12 + length


def _entry(body: bytes) -> dict[str, Any] | None:
    """The record in an iTXt chunk: keyword, zero, two flags, language, zero, translated keyword, zero, text."""
    key, _, rest = body.partition(b"\0")
    if key != KEY.encode() or len(rest) < 2:
        return None
    _, _, tail = rest[2:].partition(b"\0")
    _, _, text = tail.partition(b"\0")
    if rest[0]:
        text = zlib.decompressobj().decompress(text, _MOST)
    if len(text) > _MOST:
        return None
    found = json.loads(text.decode("utf-8"))
    return found if isinstance(found, dict) else None
