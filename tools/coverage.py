"""What of a Brief a small model has not learnt to draw, and what it could draw instead."""

from __future__ import annotations

import difflib

from generators.api import Capabilities, World
from generators.world import vocabulary
from tools.api import Brief
from tools.naming import background_name, colour_name, plural, style_name, thing_name

_KINDS = {
    "animal": "bird cat dog horse sheep cow elephant bear zebra giraffe fish lion tiger panda frog pig rabbit fox wolf "
              "monkey mouse hedgehog snail turtle snake crocodile dinosaur dragon unicorn owl penguin duck chicken "
              "whale dolphin shark octopus crab butterfly bee ladybug spider",
    "vehicle": "bicycle car motorcycle airplane bus train truck boat rocket helicopter tractor taxi ufo skateboard",
    "food": "banana apple sandwich orange broccoli carrot pizza donut cake lemon strawberry cherry grapes pear peach "
            "pineapple watermelon tomato pumpkin corn bread cheese egg burger cookie candy mushroom",
    "drink": "bottle cup bowl vase",
    "furniture": "bench chair couch bed toilet",
    "plant": "tree flower cactus leaf rose tulip",
    "sky": "sun moon star rainbow cloud snowflake",
    "building": "house castle tent",
    "person": "person robot snowman ghost",
    "device": "tv laptop microwave oven toaster refrigerator clock camera lamp",
    "instrument": "guitar drum trumpet violin piano bell",
    "toy": "frisbee kite balloon gift basketball",
}  # fmt: skip
_TWO_WORDS = {
    "animal": ("teddy bear",), "vehicle": ("fire truck",), "food": ("hot dog", "ice cream", "birthday cake"),
    "drink": ("wine glass",), "furniture": ("dining table",), "device": ("cell phone", "tv remote"),
    "plant": ("potted plant", "palm tree", "pine tree", "christmas tree"), "toy": ("sports ball", "teddy bear"),
}  # fmt: skip
_AKIN = {
    "puma": "animal", "kangaroo": "animal", "goat": "animal", "donkey": "animal", "camel": "animal", "seal": "animal",
    "van": "vehicle", "scooter": "vehicle", "tram": "vehicle", "submarine": "vehicle", "ambulance": "vehicle",
    "soup": "food", "pasta": "food", "salad": "food", "pie": "food", "kiwi": "food", "mango": "food", "plum": "food",
    "tower": "building", "church": "building", "skyscraper": "building", "palace": "building", "hut": "building",
    "wizard": "person", "knight": "person", "princess": "person", "king": "person", "queen": "person",
    "pirate": "person", "boy": "person", "girl": "person", "baby": "person", "astronaut": "person", "alien": "person",
    "bush": "plant", "grass": "plant", "oak": "plant", "daisy": "plant", "lily": "plant", "sofa": "furniture",
    "stool": "furniture", "desk": "furniture", "wardrobe": "furniture", "planet": "sky", "comet": "sky",
    "tablet": "device", "radio": "device", "fan": "device", "flute": "instrument", "harp": "instrument",
    "doll": "toy", "puzzle": "toy", "jug": "drink", "glass": "drink", "teapot": "drink",
}  # fmt: skip
"""Common words that are no name in the world, by the kind of thing that they are."""


def _kind(name: str) -> str | None:
    if name in _AKIN:
        return _AKIN[name]
    for kind, names in _KINDS.items():
        if name in names.split() or name in _TWO_WORDS.get(kind, ()):
            return kind
    return None


def nearest(name: str, world: World) -> list[str]:
    """Up to three things of the world that come nearest to a name: spelt alike, its last word, of the same kind.

    Deterministic; empty where nothing is near.
    """
    wanted = thing_name(name)
    if wanted in world.objects:
        return [wanted]
    found = [_canonical(close) for close in difflib.get_close_matches(wanted, _spellings(world), n=3, cutoff=0.8)]
    found += [thing for thing in world.objects if thing in wanted.split() or wanted in thing.split()]
    kind = _kind(wanted) or _kind(wanted.split()[-1] if wanted else "")
    if kind:
        akin = [thing for thing in world.objects if _kind(thing) == kind]
        found += sorted(akin, key=lambda thing: -difflib.SequenceMatcher(None, wanted, thing).ratio())
    return list(dict.fromkeys(found))[:3]


def _spellings(world: World) -> list[str]:
    names = vocabulary.thing_names()
    return sorted(name for name, thing in names.items() if thing.name in world.objects)


def _canonical(name: str) -> str:
    return vocabulary.thing_names()[name].name


def nearest_word(name: str, choices: tuple[str, ...]) -> list[str]:
    """Up to three of some names (backgrounds, colours, styles) spelt alike."""
    return difflib.get_close_matches(name, choices, n=3, cutoff=0.6)


def _counts(brief: Brief, world: World) -> list[str]:
    totals: dict[str, int] = {}
    for thing in brief.objects:
        name = thing_name(thing.name)
        totals[name] = totals.get(name, 0) + (3 if thing.count is None else thing.count)
    return [f"{count} {plural(name)}" for name, count in totals.items() if count > world.counts]


def _words(brief: Brief, world: World) -> list[str]:
    things = [thing_name(t.name) for t in brief.objects if thing_name(t.name) not in world.objects]
    colours = [colour_name(t.colour) for t in brief.objects if t.colour and colour_name(t.colour) not in world.colours]
    return things + colours


def cannot(brief: Brief, capabilities: Capabilities) -> list[str]:
    """What of the Brief the model has not learnt to draw, as words for people; [] for a model that takes any words.

    Objects, colours, counts beyond the world's, the background, the style, and any text.
    """
    world = capabilities.world
    if world is None:
        return []
    missing = _words(brief, world) + _counts(brief, world)
    if brief.background and background_name(brief.background) not in world.backgrounds:
        missing.append(background_name(brief.background))
    if brief.style and style_name(brief.style) not in (*world.styles, "flat"):
        missing.append(style_name(brief.style))
    if brief.text:
        missing.append(f'the words "{brief.text}"')
    return list(dict.fromkeys(missing))
