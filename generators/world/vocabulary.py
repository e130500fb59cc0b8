"""The whole language of the picture world, as plain values.

Pure Python on purpose: planners, critics and tests import it at no cost. What a
trained pack can draw is *not* here (see ``pack.json`` beside its weights); these are
the words that the world knows.

Object names follow GenEval (Ghosh et al. 2023, https://github.com/djghosh13/geneval)
where they coincide; glyphs are emoji of the Noto Color Emoji font, and ``None`` marks
a thing that the renderer draws as a vector.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Thing:
    """A kind of object: its singular and plural names, its glyph, other names for it."""

    name: str
    plural: str
    glyph: str | None
    synonyms: tuple[str, ...] = ()
    geneval: bool = False


@dataclass(frozen=True)
class Word:
    """A named value (a colour, a size, a relation, a background, a style) and its paraphrases."""

    name: str
    synonyms: tuple[str, ...] = ()


def plural_of(name: str) -> str:
    """The plural of a name: its last word's, or of "cup of coffee" the first part's."""
    if " of " in name:
        first, rest = name.split(" of ", 1)
        return f"{plural_of(first)} of {rest}"
    head, _, last = name.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last += "es"
    elif re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}".strip()


_IRREGULAR = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice",
    "knife": "knives", "sheep": "sheep", "fish": "fish", "skis": "skis", "scissors": "scissors",
    "broccoli": "broccoli", "leaf": "leaves", "wolf": "wolves", "snowman": "snowmen", "goose": "geese",
    "potato": "potatoes", "tomato": "tomatoes", "bus": "buses", "cactus": "cacti", "octopus": "octopuses",
    "glasses": "glasses", "shelf": "shelves", "grapes": "grapes",
}  # fmt: skip


def _things(rows: str, geneval: bool) -> tuple[Thing, ...]:
    """Parses lines ``name | glyph | synonym, synonym`` (``-`` for no glyph)."""
    found = []
    for row in rows.strip().splitlines():
        name, glyph, *rest = (part.strip() for part in row.split("|"))
        synonyms = tuple(s.strip() for s in rest[0].split(",") if s.strip()) if rest else ()
        found.append(Thing(name, plural_of(name), None if glyph == "-" else glyph, synonyms, geneval))
    return tuple(found)


_GENEVAL = """
person | 🧍 | man, woman, human
bicycle | 🚲 | bike, cycle
car | 🚗 | automobile, auto
motorcycle | 🏍️ | motorbike
airplane | ✈️ | plane, aeroplane, aircraft, jet
bus | 🚌 | coach
train | 🚆 | locomotive
truck | 🚚 | lorry
boat | ⛵ | sailboat, sailing boat, ship, yacht
traffic light | 🚦 | stoplight
fire hydrant | - | hydrant
stop sign | 🛑 |
parking meter | - |
bench | - | park bench
bird | 🐦 | birdie
cat | 🐈 | kitten, kitty
dog | 🐕 | puppy, doggy, hound
horse | 🐎 | pony
sheep | 🐑 | lamb
cow | 🐄 | cattle
elephant | 🐘 |
bear | 🐻 |
zebra | 🦓 |
giraffe | 🦒 |
backpack | 🎒 | rucksack, schoolbag
umbrella | ☂️ | parasol, brolly
handbag | 👜 | purse
tie | 👔 | necktie
suitcase | 🧳 | luggage
frisbee | 🥏 | flying disc
skis | 🎿 | ski
snowboard | 🏂 |
sports ball | ⚽ | ball, football, soccer ball
kite | 🪁 |
baseball bat | - |
baseball glove | - |
skateboard | 🛹 |
surfboard | 🏄 |
tennis racket | 🎾 | racket, tennis racquet
bottle | 🍾 |
wine glass | 🍷 | glass of wine
cup | ☕ | mug, cup of coffee, coffee, coffee cup, teacup, cup of tea
fork | 🍴 |
knife | 🔪 |
spoon | 🥄 |
bowl | 🥣 |
banana | 🍌 |
apple | 🍎 |
sandwich | 🥪 |
orange | 🍊 | tangerine
broccoli | 🥦 |
carrot | 🥕 |
hot dog | 🌭 | hotdog
pizza | 🍕 | slice of pizza, pizza slice
donut | 🍩 | doughnut
cake | 🍰 | slice of cake, cake slice, gateau
chair | 🪑 | seat
couch | 🛋️ | sofa
potted plant | 🪴 | houseplant, plant
bed | 🛏️ |
dining table | - | table
toilet | 🚽 |
tv | 📺 | television, tv set
laptop | 💻 | computer, notebook computer
computer mouse | 🖱️ |
tv remote | - | remote, remote control
computer keyboard | ⌨️ | keyboard
cell phone | 📱 | phone, mobile phone, smartphone, mobile
microwave | - | microwave oven
oven | - |
toaster | - |
sink | - |
refrigerator | - | fridge
book | 📖 | novel
clock | 🕰️ | alarm clock
vase | 🏺 | urn
scissors | ✂️ | pair of scissors
teddy bear | 🧸 | teddy
hair drier | - | hair dryer, hairdryer
toothbrush | 🪥 |
"""

_FURTHER = """
sun | 🌞 |
moon | 🌙 | crescent moon, crescent
tree | 🌳 |
house | 🏠 | cottage, home
flower | 🌻 | sunflower, blossom
star | ⭐ |
heart | ❤️ |
fish | 🐟 |
castle | 🏰 |
rocket | 🚀 | spaceship
balloon | 🎈 |
gift | 🎁 | present
mushroom | 🍄 | toadstool
guitar | 🎸 |
crown | 👑 |
robot | 🤖 |
snowman | ⛄ |
ghost | 👻 |
cactus | 🌵 |
rainbow | 🌈 |
cloud | ☁️ |
snowflake | ❄️ |
leaf | 🍁 | maple leaf
rose | 🌹 |
tulip | 🌷 |
palm tree | 🌴 | palm
pine tree | 🌲 | fir tree, fir, pine
christmas tree | 🎄 |
lion | 🦁 |
tiger | 🐅 |
panda | 🐼 |
frog | 🐸 | toad
pig | 🐷 | piglet
rabbit | 🐇 | bunny, hare
fox | 🦊 |
wolf | 🐺 |
monkey | 🐒 |
mouse | 🐁 | rat
hedgehog | 🦔 |
snail | 🐌 |
turtle | 🐢 | tortoise
snake | 🐍 |
crocodile | 🐊 | alligator
dinosaur | 🦕 | dino
dragon | 🐉 |
unicorn | 🦄 |
owl | 🦉 |
penguin | 🐧 |
duck | 🦆 |
chicken | 🐔 | hen
whale | 🐳 |
dolphin | 🐬 |
shark | 🦈 |
octopus | 🐙 |
crab | 🦀 |
butterfly | 🦋 |
bee | 🐝 | honeybee
ladybug | 🐞 | ladybird
spider | 🕷️ |
lemon | 🍋 |
strawberry | 🍓 |
cherry | 🍒 |
grapes | 🍇 | bunch of grapes
pear | 🍐 |
peach | 🍑 |
pineapple | 🍍 |
watermelon | 🍉 | melon
tomato | 🍅 |
pumpkin | 🎃 |
corn | 🌽 | corn cob
bread | 🍞 | loaf, loaf of bread
cheese | 🧀 |
egg | 🥚 |
burger | 🍔 | hamburger
ice cream | 🍦 |
cookie | 🍪 | biscuit
candy | 🍬 | sweet
birthday cake | 🎂 |
hat | 🎩 | top hat
shoe | 👟 | sneaker
glasses | 👓 | spectacles
ring | 💍 |
key | 🔑 |
lamp | 💡 | light bulb, bulb
candle | 🕯️ |
camera | 📷 |
bell | 🔔 |
drum | 🥁 |
trumpet | 🎺 |
violin | 🎻 |
piano | 🎹 |
hammer | 🔨 |
pencil | ✏️ |
envelope | ✉️ | letter
trophy | 🏆 |
flag | 🚩 |
anchor | ⚓ |
tent | ⛺ |
helicopter | 🚁 | chopper
tractor | 🚜 |
fire truck | 🚒 | fire engine
taxi | 🚕 | cab
basketball | 🏀 |
diamond | 💎 | gem, jewel
ufo | 🛸 | flying saucer
volcano | 🌋 |
"""

THINGS: tuple[Thing, ...] = _things(_GENEVAL, True) + _things(_FURTHER, False)

COLOURS: tuple[Word, ...] = (
    Word("red", ("crimson", "scarlet", "ruby")),
    Word("orange", ("tangerine coloured", "amber")),
    Word("yellow", ("golden", "lemon coloured", "gold")),
    Word("green", ("emerald", "lime", "olive")),
    Word("blue", ("azure", "navy", "cobalt", "sky blue", "turquoise", "cyan")),
    Word("purple", ("violet", "lilac", "mauve", "lavender")),
    Word("pink", ("rosy", "magenta", "fuchsia", "salmon")),
    Word("brown", ("chestnut", "tan", "chocolate coloured")),
    Word("black", ("jet black", "ebony")),
    Word("white", ("snow white", "ivory", "pale")),
)
"""GenEval's ten colours."""

SIZES: tuple[Word, ...] = (
    Word("small", ("little", "tiny", "mini", "miniature")),
    Word("big", ("large", "huge", "giant", "enormous")),
)

RELATIONS: tuple[Word, ...] = (
    Word("left of", ("to the left of", "on the left of", "on the left side of", "left from")),
    Word("right of", ("to the right of", "on the right of", "on the right side of", "right from")),
    Word("above", ("over", "on top of", "higher than", "atop")),
    Word("below", ("under", "beneath", "underneath", "lower than")),
)
"""GenEval's four relations, read from the viewer's side: "A left of B" means A's centre has the smaller x."""

BACKGROUNDS: tuple[Word, ...] = (
    Word("beach", ("sandy beach", "seaside", "seashore", "shore", "coast")),
    Word("night", ("night sky", "starry night", "nighttime")),
    Word("meadow", ("grass", "field", "lawn", "green field", "grassland", "grassy field", "green meadow")),
    Word("snow", ("snowy field", "snowfield", "winter", "winter landscape", "ice")),
    Word("sea", ("ocean", "water", "lake", "open sea", "waves")),
    Word("desert", ("sand dunes", "dunes", "sahara", "sandy desert")),
    Word("sky", ("blue sky", "daytime sky", "heavens")),
    Word("sunset", ("sunrise", "dusk", "dawn", "evening sky")),
    Word("forest", ("woods", "wood", "jungle", "woodland")),
    Word("city", ("town", "street", "skyline", "cityscape", "downtown")),
    Word("room", ("living room", "indoors", "house interior", "kitchen", "bedroom")),
    Word("space", ("outer space", "cosmos", "galaxy")),
    Word("mountains", ("mountain", "hills", "alps", "mountain landscape")),
    Word("plain white", ("white background", "plain background", "white", "blank background", "plain")),
    Word("plain grey", ("grey background", "gray background", "grey", "gray", "plain gray")),
    Word("plain blue", ("blue background", "light blue background", "blue")),
    Word("plain green", ("green background", "light green background", "green")),
    Word("plain yellow", ("yellow background", "light yellow background", "yellow")),
    Word("plain pink", ("pink background", "light pink background", "pink")),
    Word("plain black", ("black background", "dark background", "black")),
)

STYLES: tuple[Word, ...] = (
    Word("flat", ("flat colours", "flat design", "emoji style", "cartoon")),
    Word("pencil sketch", ("pencil", "sketch", "pencil drawing", "line drawing")),
    Word("watercolour", ("watercolor", "water colour", "watercolour painting")),
    Word("pixel art", ("pixels", "8-bit", "pixelated")),
    Word("black and white", ("monochrome", "greyscale", "grayscale", "black-and-white")),
)

COUNTS: tuple[str, ...] = ("zero", "one", "two", "three", "four", "five")
"""Number words by value; the world counts to five."""

_COUNT_SYNONYMS = {
    "no": 0, "a": 1, "an": 1, "single": 1, "a single": 1, "one single": 1, "a pair of": 2, "pair of": 2,
    "a couple of": 2, "couple of": 2, "a trio of": 3,
}  # fmt: skip

_ARTICLES = re.compile(r"^(?:the|a|an|some|this|that|these|those|my|your|his|her|one)\s+")


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower().replace("_", " ").strip(" .,;:!?\"'"))


@lru_cache(maxsize=1)
def thing_names() -> dict[str, Thing]:
    """Every name of a thing (singular, plural, synonym, synonym's plural), lower case, to the thing.

    A real name wins over another thing's synonym.
    """
    names: dict[str, Thing] = {}
    for thing in THINGS:
        for synonym in thing.synonyms:
            for name in (synonym, plural_of(synonym)):
                names.setdefault(name, thing)
    for thing in THINGS:
        names[thing.plural] = thing
    for thing in THINGS:
        names[thing.name] = thing
    return names


def find_thing(phrase: str) -> Thing | None:
    """The thing that a word or phrase names: plurals, synonyms and a leading article are understood."""
    names = thing_names()
    text = _fold(phrase)
    while text not in names:
        shorter = _ARTICLES.sub("", text)
        if shorter == text:
            return None
        text = shorter
    return names[text]


def _finder(words: tuple[Word, ...]) -> dict[str, Word]:
    names: dict[str, Word] = {}
    for word in words:
        for synonym in word.synonyms:
            names.setdefault(synonym, word)
    for word in words:
        names[word.name] = word
    return names


_COLOUR_NAMES = _finder(COLOURS)
_SIZE_NAMES = _finder(SIZES)
_RELATION_NAMES = _finder(RELATIONS)
_BACKGROUND_NAMES = _finder(BACKGROUNDS)
_STYLE_NAMES = _finder(STYLES)


def find_colour(phrase: str) -> Word | None:
    """The colour that a word names (``crimson`` is ``red``), or None."""
    return _COLOUR_NAMES.get(_fold(phrase))


def find_size(phrase: str) -> Word | None:
    """The size that a word names (``tiny`` is ``small``), or None."""
    return _SIZE_NAMES.get(_fold(phrase))


def find_relation(phrase: str) -> Word | None:
    """The relation that a phrase names (``to the left of`` is ``left of``), or None."""
    return _RELATION_NAMES.get(_fold(phrase))


def find_background(phrase: str) -> Word | None:
    """The background that a phrase names, article and trailing "background" allowed, or None."""
    text = _fold(phrase)
    text = _ARTICLES.sub("", text)
    if text in _BACKGROUND_NAMES:
        return _BACKGROUND_NAMES[text]
    return _BACKGROUND_NAMES.get(re.sub(r"\s+(background|backdrop|ground)$", "", text))


def find_style(phrase: str) -> Word | None:
    """The style that a phrase names, or None."""
    text = re.sub(r"\s+style$", "", _ARTICLES.sub("", _fold(phrase)))
    return _STYLE_NAMES.get(text)


def find_count(phrase: str) -> int | None:
    """The number that a word or digit means (``two``, ``2``, ``a couple of``), or None."""
    text = _fold(phrase)
    if text in COUNTS:
        return COUNTS.index(text)
    if text in _COUNT_SYNONYMS:
        return _COUNT_SYNONYMS[text]
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None


NATURAL_COLOURS: dict[str, str] = {
    "apple": "red", "banana": "yellow", "heart": "red", "star": "yellow", "car": "red", "bird": "blue", "fish": "blue",
    "cat": "orange", "tree": "green", "clock": "brown", "chair": "brown", "umbrella": "purple", "flower": "yellow",
    "airplane": "blue", "pizza": "orange", "boat": "orange", "horse": "brown",
}  # fmt: skip
"""The colour that people would call a thing's own glyph, where they would agree."""

ALSO_CALLED: dict[str, tuple[str, ...]] = {
    "bear": ("panda", "teddy bear"), "bicycle": ("motorcycle",), "bird": ("owl", "penguin", "duck", "chicken"),
    "cake": ("birthday cake",), "car": ("taxi",), "fish": ("shark", "whale", "dolphin"), "flower": ("rose", "tulip"),
    "horse": ("unicorn",), "mouse": ("computer mouse",), "oven": ("microwave",),
    "potted plant": ("cactus", "flower", "rose", "tulip"), "sports ball": ("basketball",),
    "tree": ("palm tree", "pine tree", "christmas tree"), "truck": ("fire truck",),
}  # fmt: skip
"""Other things that people might call by a thing's name or its synonyms: an owl is a bird too."""
