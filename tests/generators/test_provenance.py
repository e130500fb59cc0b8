"""What a picture says about itself, and reading it back from files that may be hostile."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib

import pytest
from PIL import Image

from generators import pixels, provenance

RECORD = {"schema_version": 1, "id": "abc", "role": "drawn", "model": "sketch",
          "request": {"prompt": "a “red” apple,\nwith: commas", "negative": "dogs", "seed": 7, "steps": 4,
                      "guidance": 2.5, "size": [64, 48], "model": "sketch, v2"}}


def png(record=RECORD, edited=False):
    return pixels.encode_png(Image.effect_noise((64, 48), 50).convert("RGB"), json.dumps(record), edited)


def test_the_record_comes_back():
    assert pixels.read_record(png()) == RECORD


@pytest.mark.parametrize(
    ("edited", "kind"), [(False, "/trainedAlgorithmicMedia"), (True, "/compositeWithTrainedAlgorithmicMedia")]
)
def test_the_iptc_mark(edited, kind):
    xmp = Image.open(io.BytesIO(png(edited=edited))).info["XML:com.adobe.xmp"]
    assert f'DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype{kind}"' in xmp


def test_the_summary_that_other_tools_read():
    lines = Image.open(io.BytesIO(png())).info["parameters"].splitlines()
    assert lines[2] == "Negative prompt: dogs"
    assert lines[-1] == 'Steps: 4, CFG scale: 2.5, Seed: 7, Size: 64x48, Model: "sketch, v2", Version: Maquette'


@pytest.mark.parametrize("role", ["upload", "mask"])
def test_nobody_claims_that_an_upload_was_generated(role):
    info = Image.open(io.BytesIO(png({"id": "x", "role": role, "request": None}))).info
    assert set(info) == {"maquette"}


def test_without_a_record_nothing_is_written():
    data = pixels.encode_png(Image.new("RGB", (8, 8)), None, False)
    assert pixels.read_record(data) is None
    assert not Image.open(io.BytesIO(data)).info


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_text(body):
    data = png()
    return data[:33] + chunk(b"iTXt", body) + chunk(b"IEND", b"")


HOSTILE = [
    b"maquette\0\0\0\0\0not json",
    b"maquette\0\0\0\0\0[1, 2]",
    b"maquette\0\0\0\0\0" + b"[" * 200_000,
    b"maquette\0\0\0\0\0\xff\xfe",
    b"maquette\0\1\0\0\0not compressed",
    b"maquette\0\1\0\0\0" + zlib.compress(b"\0" * 60_000_000),
    b"maquette\0\0\0\0\0" + b'{"a": ' + b"9" * 10_000 + b"}",
    b"maquette", b"maquette\0", b"", b"\0\0\0\0\0",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_chunks_are_no_record(body):
    assert provenance.read_record(with_text(body)) is None


def test_a_compressed_record_is_read():
    body = b"maquette\0\1\0\0\0" + zlib.compress(json.dumps(RECORD).encode())
    assert provenance.read_record(with_text(body)) == RECORD


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + b"\xff" * 50])
def test_what_is_no_png_has_no_record(data):
    assert provenance.read_record(data) is None


def test_damaged_files_never_raise():
    dice, data = random.Random(3), png()
    for _ in range(3000):
        broken = bytearray(data[: dice.randrange(8, 3000)])
        for _ in range(dice.randint(0, 4)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        found = provenance.read_record(bytes(broken))
        assert found is None or isinstance(found, dict)
