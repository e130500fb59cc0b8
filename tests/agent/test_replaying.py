"""A picture can be made again from the record inside its file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from agent.api import BadInput
from generators.api import BadPicture
from generators.pixels import encode_png
from tests.agent.conftest import DRAW
from tests.agent.test_turns import RECOLOUR

pytestmark = pytest.mark.shared_worker


@pytest.fixture
def drawn(bench):
    """A studio, and the file of a picture that was edited."""
    table = bench([DRAW, "Done.", [RECOLOUR], "Purple."])
    first = table.say("dogs", seed=3).images[0]
    return table.studio, first, table.say("make one purple", seed=3).images[0]


def test_every_pixel_is_the_same(drawn) -> None:
    studio, *pictures = drawn
    for picture in pictures:
        result = studio.replay(Path(picture.path).read_bytes())
        assert result == {"same": True, "id": picture.id, "expected": picture.id, "differing_pixels": 0,
                          "model": "sketch", "note": ""}


def test_an_exported_file_is_enough_where_its_sources_are_beside_it(drawn, bench) -> None:
    _, first, second = drawn
    elsewhere = bench([]).studio
    data = Path(second.path).read_bytes()
    with pytest.raises(BadInput, match=f"put {first.id}.png there"):
        elsewhere.replay(data)
    mask = drawn[0].store.record(second.id).mask
    beside = [Path(first.path).read_bytes(), drawn[0].store.path(mask).read_bytes() if mask else b""]
    assert elsewhere.replay(data, beside)["same"]


def test_another_picture_than_the_record_says_is_noticed(drawn) -> None:
    studio, first, _ = drawn
    with Image.open(first.path) as file:
        changed, text = file.copy(), file.text["maquette"]
    changed.putpixel((5, 5), (1, 2, 3))
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_itxt("maquette", text)
    changed.save(buffer, "PNG", pnginfo=info)
    result = studio.replay(buffer.getvalue())
    assert result["same"] and result["differing_pixels"] == 1 and "it was changed after" in result["note"]


def test_a_changed_revision_is_named(drawn) -> None:
    studio, first, _ = drawn
    record = studio.store.record(first.id)
    older = record.model_copy(update={"arithmetic": {**record.arithmetic, "revision": "older"}})
    data = encode_png(studio.store.image(first.id), older.model_dump_json(), False)
    assert "revision was older and is" in studio.replay(data)["note"]


def test_what_cannot_be_replayed_is_a_sentence(drawn) -> None:
    studio, *_ = drawn
    plain = encode_png(Image.new("RGB", (64, 64)), None, False)
    with pytest.raises(BadPicture, match="no Maquette record"):
        studio.replay(plain)
    brought = studio.store.record(studio.ingest(plain).id)
    with pytest.raises(BadInput, match="nothing to replay"):
        studio.replay(encode_png(Image.new("RGB", (64, 64)), brought.model_dump_json(), False))
