"""Hostile bytes: whatever they are, a plain RGB picture or one sentence comes out."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from generators import decoding, pixels
from generators.api import BadPicture, Extent


def picture(width=40, height=24, mode="RGB"):
    image = Image.new("RGB", (width, height), (200, 40, 90))
    ImageDraw.Draw(image).rectangle((3, 3, width // 2, height // 2), fill=(10, 200, 60))
    return image.convert(mode)


def encoded(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_plain_png_comes_through_the_child_unchanged():
    image = picture()
    taken = pixels.ingest(encoded(image))
    assert taken.image.tobytes() == image.tobytes()
    assert taken.image.mode == "RGB"
    assert taken.notes == []


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_formats(format):
    image, _ = decoding.decode(encoded(picture(), format))
    assert image.size == (40, 24)
    assert all(abs(a - b) < 40 for a, b in zip(image.getpixel((35, 20)), (200, 40, 90), strict=True))


@pytest.mark.parametrize("format", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_other_formats_are_refused_by_content(format):
    with pytest.raises(decoding.Refused, match="not a readable PNG, JPEG, WebP or GIF"):
        decoding.decode(encoded(picture(32, 32), format))


MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "RGBX", "RGBa", "La",
         "I;16", "I;16L", "I;16B", "I;16N"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_rgb(mode):
    image, _ = decoding.to_rgb(Image.new(mode, (9, 8)))
    assert (image.mode, image.size) == ("RGB", (9, 8))


def test_sixteen_bits_are_scaled_not_clipped():
    deep = Image.new("I;16", (256, 16))
    deep.putdata([257 * (i % 256) for i in range(256 * 16)])
    image, notes = decoding.decode(encoded(deep))
    assert [image.getpixel((i, 3)) for i in (0, 1, 128, 255)] == [(v, v, v) for v in (0, 1, 128, 255)]
    assert "16 bits" in notes[0]


def test_transparency_is_put_on_white_and_hidden_colours_stay_hidden():
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 10, 10))
    plain, notes = decoding.decode(encoded(image))
    assert plain.getpixel((2, 2)) == (0, 0, 255)
    assert plain.getpixel((15, 5)) == (255, 255, 255)
    assert "white" in notes[0]


def test_a_palette_with_a_transparent_colour():
    image = picture().convert("P")
    image.info["transparency"] = image.getpixel((35, 20))
    plain, _ = decoding.decode(encoded(image, transparency=image.getpixel((35, 20))))
    assert plain.getpixel((35, 20)) == (255, 255, 255)


def test_a_colour_profile_is_applied():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, notes = decoding.decode(encoded(picture(), icc_profile=profile))
    assert all(abs(a - b) < 3 for a, b in zip(plain.getpixel((35, 20)), (200, 40, 90), strict=True))
    assert notes == ["Its colour profile was applied."]
    assert decoding.decode(encoded(picture(), icc_profile=b"nonsense"))[0].tobytes() == picture().tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_forgotten(orientation):
    upright = picture(40, 20)
    turn = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # GPS
    stored = upright.transpose(turn) if turn is not None else upright
    image, notes = decoding.decode(encoded(stored, exif=exif))
    assert image.tobytes() == upright.tobytes()
    assert bool(notes) == (orientation > 1)
    assert not image.info and not image.getexif()


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_only_the_first_frame_is_kept(format):
    second = Image.new("RGB", (40, 24), (0, 0, 255))
    data = encoded(picture(), format, save_all=True, append_images=[second], duration=50, **(
        {"lossless": True} if format == "WEBP" else {}))
    image, notes = decoding.decode(data)
    assert image.getpixel((35, 20))[0] > 150
    assert notes[0].startswith("Animated")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_truncated_files_are_refused(format):
    data = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), format)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(decoding.Refused):
            decoding.decode(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("size", "words"),
    [((9000, 9000), "24 megapixels"), ((7, 100), "at least 8"), ((4000, 100), "at most 20 times")],
)
def test_the_header_decides_on_the_size(size, words):
    with pytest.raises(BadPicture, match=words):
        pixels.ingest(encoded(Image.new("1", size)))


def test_a_bomb_is_refused_before_it_is_unpacked():
    lie = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    with pytest.raises(BadPicture, match="megapixels"):
        pixels.ingest(lie + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))


def test_a_gigabyte_of_text_in_a_png_is_not_unpacked():
    bomb = zlib.compress(b"\0" * 50_000_000)
    text = chunk(b"zTXt", b"Comment\0\0" + bomb)
    data = encoded(picture())
    with pytest.raises(BadPicture):
        pixels.ingest(data[:33] + text + data[33:])


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"<svg/>"])
def test_what_is_no_picture_gets_a_sentence(data):
    with pytest.raises(BadPicture) as caught:
        pixels.ingest(data)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_too_many_bytes_are_refused_unread(monkeypatch):
    monkeypatch.setattr(pixels, "MOST_BYTES", 100)
    with pytest.raises(BadPicture, match="MB"):
        pixels.ingest(b"x" * 101)


def test_a_decoder_that_needs_too_much_memory_is_the_pictures_fault(monkeypatch):
    monkeypatch.setattr(pixels, "MEMORY", 30_000_000)
    with pytest.raises(BadPicture):
        pixels.ingest(encoded(picture(2000, 2000)))


def test_ingesting_twice_changes_nothing():
    once = pixels.ingest(encoded(picture(), "JPEG")).image
    assert pixels.ingest(pixels.encode_png(once, None, False)).image.tobytes() == once.tobytes()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(MODES), st.integers(8, 30), st.integers(8, 30), st.integers(0, 255))
def test_any_picture_keeps_its_size(mode, width, height, shade):
    image, _ = decoding.to_rgb(Image.new("L", (width, height), shade).convert("RGB").convert(
        mode if mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "LA") else "RGB"))
    assert (image.mode, image.size) == ("RGB", (width, height))


def mutants(rounds):
    """Pictures with a few bytes changed, cut or doubled. A fixed seed; the same everywhere."""
    dice = random.Random(20261120)
    exif = Image.Exif()
    exif[0x0112] = 6
    seeds = [encoded(picture(mode=mode), format, **extra) for mode, format, extra in [
        ("RGB", "PNG", {}), ("P", "PNG", {}), ("LA", "PNG", {}), ("RGB", "JPEG", {"exif": exif}),
        ("CMYK", "JPEG", {}), ("RGB", "WEBP", {}), ("RGBA", "WEBP", {"lossless": True}), ("P", "GIF", {})]]
    for number in range(rounds):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data))
            data[at] = dice.randrange(256)
        if dice.random() < 0.3:
            cut = dice.randrange(len(data))
            data = data[:cut] if dice.random() < 0.5 else data[:cut] + data[max(0, cut - 20) :]
        yield bytes(data)


@pytest.mark.filterwarnings("ignore")
def test_eight_thousand_mutants():
    taken = refused = 0
    for data in mutants(8000):
        try:
            image, notes = decoding.decode(data)
            assert image.mode == "RGB" and min(image.size) >= 8
            assert all(note.endswith(".") for note in notes)
            taken += 1
        except decoding.Refused as error:
            assert str(error).endswith(".")
            refused += 1
    assert taken > 500 and refused > 500


# Masks


def painted(extent, box, mode):
    if mode == "transparent":
        mask = Image.new("RGBA", extent, (0, 0, 0, 0))
        mask.paste((0, 0, 0, 255), box)
        return mask
    mask = Image.new("L", extent, 0)
    mask.paste(255, box)
    return mask.convert("RGB") if mode == "RGB" else mask


@pytest.mark.parametrize("mode", ["L", "RGB", "transparent"])
def test_masks_by_white_or_by_opacity(mode):
    mask = pixels.ingest_mask(encoded(painted((30, 20), (5, 5, 12, 9), mode)), Extent(30, 20))
    assert (mask.mode, mask.getbbox()) == ("L", (5, 5, 12, 9))
    assert set(mask.tobytes()) == {0, 255}


def test_a_full_mask_is_allowed():
    mask = pixels.ingest_mask(encoded(Image.new("L", (30, 20), 255)), Extent(30, 20))
    assert mask.getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("image", "words"),
    [(Image.new("L", (30, 20)), "empty"), (Image.new("RGBA", (30, 20)), "empty"),
     (Image.new("L", (20, 30), 255), "20x30 pixels and its picture 30x20")],
)
def test_masks_that_fit_nothing_are_refused_by_name(image, words):
    with pytest.raises(BadPicture, match=words):
        pixels.ingest_mask(encoded(image), Extent(30, 20))


def test_a_broken_mask_is_a_bad_picture():
    with pytest.raises(BadPicture):
        pixels.ingest_mask(b"no mask", Extent(30, 20))
