"""Bytes from outside to plain pixels. Standard library and Pillow only: this file also runs alone, in a capped child.

`decode` knows what a picture is to us: one frame, upright, eight bits, sRGB, of a bounded size. As a program
(`python -m generators.decoding BYTES_OF_MEMORY < picture`) it limits its own memory and time first, so that a
hostile file costs an error message and nothing else.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress

from PIL import Image, ImageCms, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 24_000_000
LEAST_SIDE = 8
MOST_ASPECT = 20
SECONDS = 20
_UNREADABLE = "This is not a readable PNG, JPEG, WebP or GIF picture."
_ORIENTATION = 0x0112


class Refused(Exception):
    """One sentence: why these bytes are no picture for us."""


def decode(data: bytes, alpha: bool = False) -> tuple[Image.Image, list[str]]:
    """The picture as "RGB" ("RGBA" if `alpha`), and notes on what was changed. Raises `Refused`, nothing else."""
    try:
        return _decode(data, alpha)
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("The picture needs too much memory to be read.") from error
    except Exception as error:  # decoders raise whatever they like: OSError, SyntaxError, ValueError, struct.error, …
        raise Refused(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and "truncated" in str(error):
        return "The picture is cut off: its file ends too early."
    if isinstance(error, Image.DecompressionBombError):
        return f"The picture is far too large; at most {MOST_PIXELS // 10**6} megapixels are read."
    return _UNREADABLE


def _decode(data: bytes, alpha: bool) -> tuple[Image.Image, list[str]]:
    if not data:
        raise Refused("The file is empty.")
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    check_size(*image.size)
    notes = _first_frame(image)
    image.load()
    upright = _upright(image)
    if upright is not image:
        notes.append("Turned upright, as its camera noted.")
    plain, said = (to_rgba if alpha else to_rgb)(upright)
    return _bare(plain), notes + said


def check_size(width: int, height: int) -> None:
    """Refuses what is too large, too small or too narrow, from the header alone."""
    if width * height > MOST_PIXELS:
        raise Refused(f"The picture is {width}x{height} pixels; at most {MOST_PIXELS // 10**6} megapixels are read, "
                      "so make it smaller first.")
    if min(width, height) < LEAST_SIDE:
        raise Refused(f"The picture is {width}x{height} pixels; each side needs at least {LEAST_SIDE}.")
    if max(width, height) > MOST_ASPECT * min(width, height):
        raise Refused(f"The picture is {width}x{height} pixels; one side may be at most {MOST_ASPECT} times the other.")


def _first_frame(image: Image.Image) -> list[str]:
    if not getattr(image, "is_animated", False):
        return []
    image.seek(0)
    return ["Animated: only its first frame was kept."]


def _upright(image: Image.Image) -> Image.Image:
    orientation = image.getexif().get(_ORIENTATION, 1)
    return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image


def to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Any Pillow mode to "RGB": deep greys scaled (not clipped), transparency on white, profiles to sRGB."""
    rgba, notes = to_rgba(image)
    if rgba.getchannel("A").getextrema() == (255, 255):
        return rgba.convert("RGB"), notes
    ground = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(ground, rgba).convert("RGB"), [*notes, "Transparent parts were put on white."]


def to_rgba(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Any Pillow mode to "RGBA", with notes."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _scaled(image).convert("RGBA"), ["Scaled from 16 bits a channel to 8."]
    if image.mode == "LAB":
        return _from_lab(image).convert("RGBA"), ["Converted from Lab to sRGB."]
    if "transparency" in image.info or image.mode in ("P", "PA", "LA", "La", "RGBa", "1"):
        image = _with_alpha(image)
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours, notes = _to_srgb(image.convert("RGB") if alpha else image)
    rgba = colours.convert("RGBA")
    if alpha:
        rgba.putalpha(alpha)
    return rgba, notes


def _with_alpha(image: Image.Image) -> Image.Image:
    """Pillow has no direct way from premultiplied grey (La) or palette with alpha (PA) in every version."""
    step = {"La": "LA"}.get(image.mode)
    profile = image.info.get("icc_profile")
    whole = (image.convert(step) if step else image).convert("RGBA")
    if profile:
        whole.info["icc_profile"] = profile
    return whole


def _scaled(image: Image.Image) -> Image.Image:
    wide = image if image.mode == "F" else image.convert("I").convert("F")
    return wide.point(lambda v: v * (255 / 65535) + 0.5).convert("L")


def _from_lab(image: Image.Image) -> Image.Image:
    step = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    found = ImageCms.applyTransform(image, step)
    assert found is not None
    return found


def _to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    profile = image.info.get("icc_profile")
    notes = [f"Converted from {image.mode} to RGB."] if image.mode in ("CMYK", "YCbCr", "HSV") else []
    if profile and image.mode in ("RGB", "L", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            found = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if found is not None:
                return found, [*notes, "Its colour profile was applied."]
    return image.convert("RGB"), notes


def _bare(image: Image.Image) -> Image.Image:
    """The same pixels without any metadata."""
    return Image.frombytes(image.mode, image.size, image.tobytes())


def _cap(memory: int) -> None:
    """Limits this process's memory and time, as far as the platform can."""
    with suppress(ImportError):
        import resource

        limits: list[tuple[Callable[[], int], int]] = [(lambda: resource.RLIMIT_AS, memory),
                                                       (lambda: resource.RLIMIT_CPU, SECONDS)]
        for which, limit in limits:
            with suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(which(), (limit, limit))


def main() -> None:
    """Reads a picture from standard input, writes a JSON line and the pixels to standard output."""
    _cap(int(sys.argv[1]))
    try:
        image, notes = decode(sys.stdin.buffer.read(), alpha=sys.argv[2] == "RGBA")
        head, pixels = {"mode": image.mode, "size": image.size, "notes": notes}, image.tobytes()
    except Refused as error:
        head, pixels = {"refused": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pixels)


if __name__ == "__main__":
    main()
