"""The pack's tokenizer: one token a word over the world's whole language, three a box."""

from __future__ import annotations

import re

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from generators.world.captions import GROUND_PHRASES
from generators.world.layout_text import coordinate_tokens
from generators.world.vocabulary import BACKGROUNDS, COLOURS, COUNTS, RELATIONS, SIZES, STYLES, thing_names

SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")

PUNCTUATION = ".,;:!?'\"()-"

FILLER = """
a an the of and or with without in on at to from by for as is are be was were it its this that these those there here
i you we they he she my your his her our their me us them what which who whose where when how why not no yes
photo picture image drawing painting illustration scene cartoon sketch poster icon card background backdrop ground
draw paint make create generate show give put place add include remove delete erase take away get rid out replace swap
change turn into recolour recolor colour color coloured colored move shift push pull bring further enlarge shrink grow
bigger larger smaller big small more less fewer another other one two three four five six seven eight nine ten zero
0 1 2 3 4 5 6 7 8 9 first second third last both all each every everything something nothing some any none many several
few couple pair trio group bunch set pile row line left right top bottom middle centre center corner side edge up down
above below over under beneath underneath near next beside between behind front inside outside around across along
against towards far close higher lower than please can could would should will want like need let help thanks now then
again instead only just also too very really quite so but if because while during after before until still same
different similar new old young happy sad cute nice pretty beautiful lovely funny silly fancy simple plain empty full
blank light dark bright pale deep soft warm cold hot cool wet dry clean dirty shiny sunny cloudy rainy snowy windy foggy
day night morning evening afternoon today tomorrow summer winter spring autumn fall weather sky sun sunset sunrise dusk
dawn moonlight starry blue green red yellow orange purple pink brown black white grey gray gold silver
sitting standing lying running walking flying swimming sleeping eating drinking playing looking jumping driving riding
holding wearing floating hanging resting waiting going coming sit stand lie run walk fly swim sleep eat drink play look
is has have had having do does did done be being been see seen say says said think know find use using used try keep
stay leave stop start end begin finish fill cover clear cut fix repair undo redo save open close look set point
kind type sort style way thing things object objects animal animals pet pets food fruit fruits drink toy toys vehicle
vehicles plant plants furniture building man woman boy girl child children baby kid kids family friend friends mother
father sister brother mum mom dad grandma grandpa aunt uncle birthday party christmas holiday gift love home house
garden park road street farm zoo shop school office kitchen bedroom bathroom living hall window door wall floor ceiling
roof table desk shelf box bag basket plate glass paper wood stone metal plastic rock sand water river lake pond island
mountain hill hills valley forest woods wood jungle tree trees grass field lawn meadow beach shore coast seaside sea
ocean wave waves desert dune dunes snow ice rain fire smoke cloud clouds rainbow space planet earth galaxy city town
village skyline cityscape room indoors outdoors outside high low long short tall wide narrow thin thick round square
flat huge tiny little large giant great good bad best better worse well fine perfect
seen view shot close-up detailed realistic digital art high quality style 3d render clip vector clean minimal
don't i'd i'm it's that's let's
"""


def _split(text: str) -> list[str]:
    return re.findall(rf"[{re.escape(PUNCTUATION)}]|[^\s{re.escape(PUNCTUATION)}]+", text.lower())


def word_list() -> list[str]:
    """Every token of the vocabulary in a fixed order: special, coordinates, punctuation, the world, common words."""
    texts = list(thing_names()) + list(COUNTS) + [p for phrases in GROUND_PHRASES.values() for p in phrases]
    for words in (COLOURS, SIZES, RELATIONS, BACKGROUNDS, STYLES):
        texts += [name for word in words for name in (word.name, *word.synonyms)]
    found = [*SPECIAL, *coordinate_tokens(), *PUNCTUATION]
    for text in [*texts, FILLER]:
        found += _split(text)
    return list(dict.fromkeys(found))


def filler_words() -> list[str]:
    """Common words that say nothing about a picture; training strews them in so that they do no harm."""
    world = set(_split(" ".join(thing_names())))
    for words in (COLOURS, SIZES, RELATIONS, BACKGROUNDS):
        world |= set(_split(" ".join(n for word in words for n in (word.name, *word.synonyms))))
    return sorted(set(_split(FILLER)) - world - set(COUNTS) - set("0123456789") - set(PUNCTUATION))


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A lower-case word-level tokenizer, padded on the right, whose chat template adds nothing."""
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(word_list())}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("<[wh][0-9]{2}>|<c[0-9]{4}>"), "isolated"),
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(Regex(f"[{re.escape(PUNCTUATION)}]"), "isolated"),
        ]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        padding_side="right",
    )
    wrapped.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    return wrapped
