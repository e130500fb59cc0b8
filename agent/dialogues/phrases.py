"""What people say, as tables: patterns for `wording.Pen` and words that the world's vocabulary does not have."""

from __future__ import annotations

from collections.abc import Sequence

from generators.world.vocabulary import BACKGROUNDS
from generators.world.vocabulary import STYLES as STYLE_WORDS


def _lines(text: str) -> tuple[str, ...]:
    return tuple(" ".join(line.split()) for line in text.strip().splitlines() if line.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in text.split(",") if word.strip())


STRANGERS = _words("""
kangaroo, goat, donkey, camel, puma, seal, llama, walrus, squirrel, raccoon, beaver, otter, moose, deer, hamster,
parrot, eagle, swan, flamingo, peacock, lobster, jellyfish, seahorse, starfish, worm, ant, dragonfly, gorilla, hippo,
rhino, koala, sloth, buffalo, wizard, knight, princess, king, queen, pirate, astronaut, alien, mermaid, fairy, vampire,
clown, chef, doctor, policeman, ninja, cowboy, angel, baby, soldier, van, scooter, tram, submarine, ambulance, canoe,
spacecraft, hot air balloon, wheelbarrow, skyscraper, tower, church, palace, hut, windmill, lighthouse, barn, fountain,
statue, fence, ladder, bridge, bush, oak, daisy, lily, bamboo, stool, desk, wardrobe, bookshelf, carpet, pillow, mirror,
curtain, tablet, radio, fan, robot arm, telescope, microscope, printer, calculator, flute, harp, saxophone, accordion,
doll, puzzle, yoyo, chessboard, dice, jug, teapot, kettle, frying pan, plate, soup, pasta, salad, pie, pancake, waffle,
sushi, taco, kiwi, mango, plum, coconut, avocado, onion, cucumber, pepper, sword, shield, bow, treasure chest, compass,
map, feather, planet, comet, telephone box, bathtub, shower, broom, bucket, rope, axe, saw, screwdriver, nail, scarf,
glove, boot, sock, jacket, dress, belt, necklace, watch, wallet, barrel, basket, box, cage, igloo, pyramid, windsock
""")
"""Names of things that the world has none of: a Brief holds them all the same."""

ADJECTIVES = _words("""
fluffy, happy, sad, angry, old, young, cute, shiny, rusty, sleepy, wooden, striped, fat, thin, funny, hungry, fancy,
beautiful, friendly, wet, dirty, round, broken, smiling, scary, elegant, modern, antique, furry
""")

ONE = ("a", "a", "a", "a", "a", "a", "one", "1", "a single")
NUMBERS = {
    2: ("two", "two", "two", "2", "2", "a couple of", "a pair of"), 3: ("three", "three", "3", "3", "a trio of"),
    4: ("four", "four", "4"), 5: ("five", "five", "5"), 6: ("six", "6", "half a dozen"), 7: ("seven", "7"),
    8: ("eight", "8"), 9: ("nine", "9"), 10: ("ten", "10"), 12: ("twelve", "12", "a dozen"), 15: ("fifteen", "15"),
    20: ("twenty", "20"),
}  # fmt: skip
SOME = ("some", "several", "a few", "many", "lots of", "a bunch of", "a lot of", "a group of", "", "")
SIZES = {"small": ("small", "small", "little", "tiny", "mini", "miniature"),
         "big": ("big", "big", "large", "huge", "giant", "enormous", "gigantic")}  # fmt: skip
BIGGER = {"big": ("bigger", "larger", "a bit bigger", "much bigger", "a lot larger", "big", "huge", "twice as big"),
          "small": ("smaller", "tinier", "a bit smaller", "much smaller", "a lot smaller", "small", "tiny")}

RELATIONS = {
    "left of": ("left of", "to the left of", "to the left of", "on the left of", "on the left side of", "left from"),
    "right of": ("right of", "to the right of", "to the right of", "on the right of", "on the right side of"),
    "above": ("above", "above", "over", "on top of", "higher than", "hovering over", "directly above"),
    "below": ("below", "below", "under", "under", "beneath", "underneath"),
    "next to": ("next to", "next to", "beside", "near", "by", "close to", "alongside", "behind", "in front of"),
    "inside": ("inside", "inside of", "in", "within"),
    "on": ("on", "on", "sitting on", "standing on", "riding"),
}  # fmt: skip

PLACES = {
    "left": ("on the left", "on the left side", "to the left", "at the left edge", "in the left half"),
    "right": ("on the right", "on the right side", "to the right", "at the right edge", "in the right half"),
    "top": ("at the top", "at the top of the picture", "in the upper part", "in the upper half"),
    "bottom": ("at the bottom", "at the bottom of the picture", "in the lower half"),
    "top left": ("in the top left corner", "at the top left", "in the upper left corner", "in the top left"),
    "top right": ("in the top right corner", "at the top right", "in the upper right corner", "in the top right"),
    "bottom left": ("in the bottom left corner", "at the bottom left", "in the lower left corner"),
    "bottom right": ("in the bottom right corner", "at the bottom right", "in the lower right corner"),
    "centre": ("in the middle", "in the centre", "in the center", "in the middle of the picture"),
}  # fmt: skip
TOWARDS = {
    "left": ("(further |more |a bit |)to the left", "left", "over to the left side", "further left"),
    "right": ("(further |more |a bit |)to the right", "right", "over to the right side", "further right"),
    "top": ("up", "(further |a bit |)up", "higher", "to the top", "upwards", "higher up"),
    "bottom": ("down", "(further |a bit |)down", "lower", "to the bottom", "downwards", "lower down"),
    "top left": ("to the top left", "into the (top|upper) left corner"),
    "top right": ("to the top right", "into the (top|upper) right corner"),
    "bottom left": ("to the bottom left", "into the (bottom|lower) left corner"),
    "bottom right": ("to the bottom right", "into the (bottom|lower) right corner"),
    "centre": ("to the (middle|centre|center)", "into the (middle|centre|center)"),
}  # fmt: skip

GROUNDS: dict[str, Sequence[str]] = {
    "beach": ("on (a|the) (|sandy |sunny |tropical )beach", "at the (beach|seaside|coast|shore)", "by the shore"),
    "night": ("at night", "at nighttime", "under (a|the) (night|starry) sky", "on a starry night", "in the night"),
    "meadow": ("in a (|green |lovely )meadow", "on (a|the) (meadow|lawn)", "in (a|the) (|green |grassy )field",
               "on (the |)grass", "in the grass"),
    "snow": ("in (|the )snow", "in (the |)winter", "in a (snowy field|winter landscape)", "on (|the )ice"),
    "sea": ("(in|on|at|by) the (sea|ocean)", "on the open sea", "(in|on) the water", "on a lake", "underwater"),
    "desert": ("in (a|the) (|hot |sandy )desert", "(in|on) the (|sand )dunes", "in the sahara"),
    "sky": ("in (the|a) (|blue |clear )sky", "up in the sky", "against a blue sky"),
    "sunset": ("at (sunset|sunrise|dusk|dawn)", "in the sunset", "(during|under) a sunset", "against an evening sky"),
    "forest": ("in (a|the) (|dark |deep |green )forest", "in the woods", "in (a|the) jungle"),
    "city": ("in (a|the) (|big |busy )(city|town)", "on (a|the) street", "in front of a skyline", "downtown"),
    "room": ("in a (|small |cosy )(room|living room|bedroom|kitchen)", "in the (kitchen|living room)", "indoors"),
    "space": ("in (outer |)space", "in the (cosmos|galaxy)", "out in space"),
    "mountains": ("in the (mountains|hills|alps)", "on a mountain", "in a mountain landscape"),
    "plain white": ("on a (plain |)white background", "on white", "with a (white|plain|blank) background"),
    "plain grey": ("on a (plain |)(grey|gray) background", "with a (grey|gray) background"),
    "plain blue": ("on a (plain |light |)blue background", "with a blue background"),
    "plain green": ("on a (plain |light |)green background", "with a green background"),
    "plain yellow": ("on a (plain |light |)yellow background", "with a yellow background"),
    "plain pink": ("on a (plain |light |)pink background", "with a pink background"),
    "plain black": ("on a (plain |)black background", "with a (black|dark) background"),
    "plain red": ("on a (plain |)red background", "with a red background"),
    "plain purple": ("on a purple background", "with a (plain |)purple background"),
    "plain orange": ("on an orange background", "with a (plain |)orange background"),
    "park": ("in (a|the) park",), "garden": ("in (a|the|my) garden",), "farm": ("on (a|the) farm",),
    "school": ("at school", "in a school"), "river": ("(by|in) (a|the) river",), "office": ("in an office",),
    "library": ("in (a|the) library",), "restaurant": ("in a restaurant",), "stadium": ("in a stadium",),
    "zoo": ("(at|in) (the|a) zoo",), "cave": ("in (a|the) (|dark )cave",), "island": ("on an island",),
    "village": ("in a (|small )village",), "playground": ("on (a|the) playground",), "cafe": ("in a cafe",),
    "waterfall": ("(at|near) a waterfall",), "swamp": ("in a swamp",), "road": ("on (a|the) road",),
    "swimming pool": ("in (a|the) swimming pool", "at the swimming pool"), "storm": ("in a storm",),
    "rain": ("in the rain",), "fog": ("in the fog",), "classroom": ("in a classroom",), "airport": ("at an airport",),
}  # fmt: skip
KNOWN_GROUNDS = tuple(word.name for word in BACKGROUNDS)
STRANGE_GROUNDS = tuple(name for name in GROUNDS if name not in KNOWN_GROUNDS)
BARE_GROUNDS = {
    "beach": ("beach", "sandy beach", "seaside", "coast"), "night": ("night", "night sky", "starry night"),
    "meadow": ("meadow", "grass", "lawn", "green field", "field"), "snow": ("snow", "winter landscape"),
    "sea": ("sea", "ocean", "lake"), "desert": ("desert", "dunes"), "sky": ("blue sky", "sky"),
    "sunset": ("sunset", "sunrise"), "forest": ("forest", "jungle", "woods"), "city": ("city", "town", "street"),
    "room": ("room", "living room", "kitchen"), "space": ("space", "outer space", "galaxy"),
    "mountains": ("mountains", "mountain landscape", "hills"), "plain white": ("white", "plain white", "plain"),
    "plain grey": ("grey", "gray"), "plain blue": ("blue", "light blue"), "plain green": ("green", "plain green"),
    "plain yellow": ("yellow",), "plain pink": ("pink", "plain pink"), "plain black": ("black",),
    "plain red": ("red",), "plain purple": ("purple",), "plain orange": ("orange",), "park": ("park",),
    "garden": ("garden",), "farm": ("farm",), "village": ("village",), "river": ("river",), "cave": ("cave",),
    "library": ("library",), "school": ("school",), "playground": ("playground",), "waterfall": ("waterfall",),
}  # fmt: skip

STYLES = {
    "flat": ("flat", "flat design", "cartoon", "emoji"), "pencil sketch": ("pencil sketch", "sketch", "pencil drawing"),
    "watercolour": ("watercolour", "watercolor", "watercolour painting"), "pixel art": ("pixel art", "8-bit"),
    "black and white": ("black and white", "monochrome", "greyscale"), "oil painting": ("oil painting",),
    "realistic": ("realistic",), "anime": ("anime",), "comic": ("comic",), "abstract": ("abstract",),
    "photorealistic": ("photorealistic",), "charcoal": ("charcoal",), "pop art": ("pop art",), "mosaic": ("mosaic",),
}  # fmt: skip

KNOWN_STYLES = tuple(word.name for word in STYLE_WORDS)

SAYINGS = _words("""
hello, happy birthday, welcome, i love you, good luck, sale, open, keep out, merry christmas, thank you, hi, no smoking,
happy new year, congratulations, stop, exit, for mum, get well soon, good night, free hugs, hello world
""")

DRAWING = _lines("""
(please |could you |can you |would you |)(draw|paint|sketch|create|generate|render|make|show me|give me) {what}
(please |could you |can you |)(draw|paint|create|generate|make) me {what}
(can|could) (you|we) (please |)(draw|paint|make|create) {what}
(draw|paint|create|generate|make|show me) (a|me a|us a) (picture|image|photo|drawing|scene) (of|with) {what}
(draw|generate|create|paint) {what}(| for me| for my (son|daughter|sister|mum|friend))
let me see {what}
(please |)(produce|make) an image (of|with|that shows) {what}
(could you|can you) come up with {what}
draw this: {what}
""")
WANTING = _lines("""
(i want|i need|i would like|i'd like|i would love|i'd love) {what}
(i want|i would like|i'd like|i would love) to see {what}
can i (have|get|see) {what}
i (want|need|would like) a (picture|photo|drawing) (of|with) {what}
""")
FRAMING = _lines("""
{what}
{what}
{what}
(a picture|a photo|a drawing|a painting|an image|a scene|a photograph|an illustration) (of|with|showing) {what}
a photo of {what}
there is {what}
how about {what}
maybe {what}
(picture|photo|image|scene|drawing|pic|illustration) of {what}
a picture (that shows|where there is|showing) {what}
my idea: {what}
""")
ANEW = _lines("""
(new picture|something new|something else|start over|from scratch|new image)(:|,| with|) {what}
(forget (it|that|the picture|everything)|never mind|scrap that|start over|start fresh|clean slate)(,|.|;) {what}
(a new picture of|now a new picture of|i want a new picture of) {what}
(let's |)start (over|again) with {what}
""")
OPENINGS = ("", "", "", "", "", "", "", "hi, ", "hey ", "ok, ", "hello! ", "so, ", "um, ", "please ", "now ", "next, ",
            "great, ", "nice. ", "thanks! ", "cool, ", "perfect, ", "hmm, ", "well, ", "actually, ", "and now ")
STORIES = _lines("""
i am writing a story for my class.
my little daughter loves pictures like this.
it's for a birthday card.
i have an idea.
hello, i hope you can help me.
we need something for the kitchen wall.
ok here is what i want.
let's try something simple.
i was thinking about this the whole day.
my kids want a picture.
this one is for my desk at work.
good morning! i would like to try this out.
""")
ENDINGS = _lines("""
thanks in advance
it's for my fridge door
that would be lovely
as soon as you can
my son will love it
nothing else
keep it simple
make it look good
that's all
i hope that works
thank you so much
cheers
""")
"""What people say around a wish, and which is no part of it."""

LEADS = ("", "", "", "", "", "please ", "now ", "ok, ", "great, now ", "nice! ", "hmm, ", "and ", "actually, ",
         "thanks. ", "next ", "ok now ", "just ", "sorry, ", "wait, ", "one more thing: ")  # fmt: skip
ASKING = ("can you ", "could you ", "could you please ", "i want you to ", "would you ", "let's ", "can we ", "please ",
          "i'd like you to ", "you should ", "can you please ", "go ahead and ", "", "", "", "")  # fmt: skip
ORDERS = frozenset(_words("""
make, paint, colour, color, turn, dye, render, change, switch, set, recolour, recolor, give, enlarge, grow, scale, blow,
increase, magnify, shrink, reduce, decrease, put, place, move, use, convert, redo, redraw, repaint, remove, delete,
erase, get, lose, drop, cut, eliminate, take, rub, wipe, clear, hide, ditch, scrap, leave, keep, replace, swap,
exchange, substitute, transform, draw, have, add, include, insert, throw, stick, bring, shift, push, slide, drag,
nudge, send, position, let, write
"""))
"""What can stand behind "can you"."""
