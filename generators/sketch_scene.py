"""The procedural pictures of the sketch generator: boxes with an exact code in their corner, read back exactly.

A sketched object is a box in its colour whose first four pixels say what it is, so that `read` finds it again
without any model. Knows nothing of requests; understands just enough words to follow a caption or an edit.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from generators.api import Box, Detection, Extent, Seen
from generators.world.vocabulary import BACKGROUNDS, COLOURS, THINGS, find_background, find_colour, find_thing

_MARK = (251, 3, 129)
_GROUND_MARK = (253, 5, 131)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
            "eight": 8, "nine": 9}
_RGB = {"red": (214, 48, 49), "orange": (243, 156, 18), "yellow": (250, 219, 66), "green": (46, 160, 67),
        "blue": (52, 120, 220), "purple": (136, 66, 190), "pink": (247, 143, 190), "brown": (132, 86, 48),
        "black": (30, 30, 34), "white": (246, 246, 246)}
_THING_NAMES = tuple(thing.name for thing in THINGS)
_COLOUR_NAMES = tuple(colour.name for colour in COLOURS)
_GROUND_NAMES = tuple(ground.name for ground in BACKGROUNDS)


@dataclass(frozen=True)
class Mention:
    """Some equal things that a text speaks of."""

    thing: str
    colour: str | None
    count: int


def number(text: str, below: int) -> int:
    """A stable number for a text, 0 to below - 1."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") % below


def mentions(text: str) -> list[Mention]:
    """The things of a text in reading order, each with the colour and the number said right before it."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    found, start = [], 0
    while start < len(words):
        length = next((n for n in (3, 2, 1) if _thing(words[start : start + n], n)), 0)
        if length:
            found.append(_mention(words[max(0, start - 4) : start], _thing(words[start : start + length], length)))
        start += length or 1
    return found


def _thing(words: list[str], length: int) -> str | None:
    text = " ".join(words)
    if len(words) < length or text in _RGB or words[0] in _NUMBERS:
        return None
    thing = find_thing(text)
    return thing.name if thing else None


def _mention(before: list[str], thing: str | None) -> Mention:
    colour, count = None, 1
    for word in before:
        named = find_colour(word)
        colour = named.name if named else colour
        count = _NUMBERS.get(word, int(word) if word.isdigit() else count)
    return Mention(thing or "", colour, max(1, min(9, count)))


def ground_of(text: str) -> str | None:
    """The background that a text names, or None."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    for length in (3, 2, 1):
        for start in range(len(words) - length + 1):
            phrase = words[start : start + length]
            found = find_background(" ".join(phrase))
            plain = found is not None and found.name.startswith("plain") and "background" not in text.lower()
            if found and not plain:
                return found.name
    return None


def blank(extent: Extent, ground: str | None, seed: int, text: str = "") -> Image.Image:
    """An empty picture; a named ground leaves its code in the first two pixels. Without one, a pattern of the seed."""
    key = ground or f"{text}:{seed}"
    shade = tuple(150 + number(f"{key}:{c}", 80) for c in "rgb")
    image = Image.new("RGB", extent, shade)
    if ground in _GROUND_NAMES:
        image.putpixel((0, 0), _GROUND_MARK)
        image.putpixel((1, 0), (_GROUND_NAMES.index(ground), 7, 7))
    elif not ground:
        _pattern(image, key)
    return image


def _pattern(image: Image.Image, key: str) -> None:
    pen, (width, height) = ImageDraw.Draw(image), image.size
    for index in range(6):
        x, y = number(f"{key}:x{index}", width), number(f"{key}:y{index}", height)
        shade = tuple(60 + number(f"{key}:{c}{index}", 160) for c in "rgb")
        pen.ellipse((x, y, x + width // 4, y + height // 4), fill=shade)


def paint(image: Image.Image, thing: str, colour: str | None, box: Box, phrase: str = "") -> None:
    """Draws one object into the picture: a box in its colour, a digit, and the code in its first four pixels."""
    left, top, right, bottom = box.clip().pixels(Extent(*image.size))
    right, bottom = max(right, left + 4), max(bottom, top + 2)
    left, top = min(left, image.width - 4), min(top, image.height - 2)
    right, bottom = min(right, image.width), min(bottom, image.height)
    name = f"{colour or 'own'} {thing or phrase}"
    own = tuple(40 + number(f"{name}:{c}", 190) for c in "rgb")
    pen = ImageDraw.Draw(image)
    pen.rectangle((left, top, right - 1, bottom - 1), fill=_RGB.get(colour or "", own), outline=(20, 20, 20))
    if right - left > 10 and bottom - top > 12:
        pen.text((left + 3, top + 2), str(number(name, 10)), fill=(255, 255, 255) if colour != "white" else (0, 0, 0))
    _sign(image, thing, colour, (left, top, right - left, bottom - top))


def _sign(image: Image.Image, thing: str, colour: str | None, place: tuple[int, int, int, int]) -> None:
    left, top, width, height = place
    which = _THING_NAMES.index(thing) if thing in _THING_NAMES else 254
    shade = _COLOUR_NAMES.index(colour) if colour in _COLOUR_NAMES else 254
    code = (_MARK, (which, shade, 11), (width & 255, height & 255, (width >> 8) << 4 | height >> 8), (13, 17, 19))
    for index, pixel in enumerate(code):
        image.putpixel((left + index, top), pixel)


def read(image: Image.Image) -> Seen:
    """Every sketched object whose code is intact, and the ground. Exact; a picture from elsewhere shows nothing."""
    data, extent = image.convert("RGB").tobytes(), Extent(*image.size)
    found, at = [], data.find(bytes(_MARK))
    while at >= 0:
        thing = _decode(data, at, extent) if at % 3 == 0 else None
        found += [thing] if thing else []
        at = data.find(bytes(_MARK), at + 1)
    ground = _GROUND_NAMES[data[3]] if data[:3] == bytes(_GROUND_MARK) and data[3] < len(_GROUND_NAMES) else None
    return Seen(tuple(sorted(found, key=lambda d: d.box)), ground, 1.0 if ground else 0.0)


def _decode(data: bytes, at: int, extent: Extent) -> Detection | None:
    code = data[at + 3 : at + 12]
    if len(code) < 9 or code[2] != 11 or tuple(code[6:9]) != (13, 17, 19) or code[0] >= len(_THING_NAMES):
        return None
    y, x = divmod(at // 3, extent.width)
    width, height = code[3] | code[5] >> 4 << 8, code[4] | (code[5] & 15) << 8
    box = Box(x / extent.width, y / extent.height, (x + width) / extent.width, (y + height) / extent.height)
    colour = _COLOUR_NAMES[code[1]] if code[1] < len(_COLOUR_NAMES) else "own"
    return Detection(_THING_NAMES[code[0]], colour, box, 1.0)


def row(index: int, total: int) -> Box:
    """Places for objects that nobody placed: a row through the middle."""
    width = 1 / max(total, 1)
    return Box(index * width + 0.1 * width, 0.35, (index + 1) * width - 0.1 * width, 0.7)


def _free(seen: Seen) -> Box:
    """A place where nothing is yet, or the first one."""
    places = [Box(x / 4 + 0.02, y / 4 + 0.02, x / 4 + 0.23, y / 4 + 0.23) for y in range(4) for x in range(4)]
    return next((place for place in places if all(place.iou(d.box) == 0 for d in seen.objects)), places[0])


def erase(image: Image.Image, box: Box) -> None:
    """Covers a box with the picture's ground (the colour of its last corner)."""
    left, top, right, bottom = box.clip().pixels(Extent(*image.size))
    ground = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    image.paste(ground.resize((right - left, bottom - top)), (left, top))


def follow(image: Image.Image, order: str, area: Box | None, seed: int) -> None:
    """Carries out an edit that is told in words, as well as a procedure can; `area` is where it was pointed at."""
    text, seen = order.lower(), read(image)
    said = mentions(text)
    ground = ground_of(text)
    if re.search(r"\b(remove|erase|delete|take away|without|get rid)\b", text):
        for thing in _meant(seen, text, said, area):
            erase(image, thing.box)
    elif ground and (not said or "background" in text):
        _reground(image, seen, ground, seed)
    elif re.search(r"\b(replace|swap|instead|turn)\b", text) and len(said) > 1:
        for thing in _meant(seen, text, said[:1], area):
            erase(image, thing.box)
            paint(image, said[-1].thing, said[-1].colour, thing.box)
    elif _recolours(seen, text, said):
        _recolour(image, seen, text, said, area)
    elif said:
        for mention in (one for m in said for one in [m] * m.count):
            paint(image, mention.thing, mention.colour, area or _free(read(image)))
    else:
        left, top, right, bottom = (area or Box(0.25, 0.25, 0.75, 0.75)).pixels(Extent(*image.size))
        image.paste(blank(Extent(right - left, bottom - top), None, seed, order), (left, top))


def _recolours(seen: Seen, text: str, said: list[Mention]) -> bool:
    names = {m.thing for m in said}
    adding = re.search(r"\b(add|put|place|draw)\b", text)
    return not adding and any(d.thing in names for d in seen.objects) and bool(colours(text))


def bare(phrase: str) -> str:
    """The phrase without its colours."""
    return " ".join(word for word in phrase.split() if not find_colour(word)) or phrase


def colours(text: str) -> list[str]:
    """Every colour that a text names, in order."""
    return [found.name for word in re.findall(r"[a-z]+", text) if (found := find_colour(word))]


def _recolour(image: Image.Image, seen: Seen, text: str, said: list[Mention], area: Box | None) -> None:
    colour = colours(text)[-1]
    meant = [replace(m, colour=None) if m.colour == colour else m for m in said]
    for thing in _meant(seen, text, meant, area):
        erase(image, thing.box)
        paint(image, thing.thing, colour, thing.box)


def _meant(seen: Seen, text: str, said: list[Mention], area: Box | None) -> list[Detection]:
    found = [d for d in seen.objects if any(m.thing == d.thing and m.colour in (None, d.colour) for m in said)]
    if area and not found:
        found = list(seen.objects)
    if area:
        found = [d for d in found if _inside(d.box, area)]
    if len(found) > 1 and re.search(r"\bright(most)?\b", text):
        return found[-1:]
    if len(found) > 1 and re.search(r"\b(one of|left(most)?)\b", text):
        return found[:1]
    return found


def _inside(box: Box, area: Box) -> bool:
    x, y = box.centre
    return area.x0 <= x <= area.x1 and area.y0 <= y <= area.y1


def _reground(image: Image.Image, seen: Seen, ground: str, seed: int) -> None:
    fresh = blank(Extent(*image.size), ground, seed)
    for thing in seen.objects:
        paint(fresh, thing.thing, None if thing.colour == "own" else thing.colour, thing.box)
    image.paste(fresh)
