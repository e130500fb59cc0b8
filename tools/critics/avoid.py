"""What must not be there: things and backgrounds."""

from __future__ import annotations

from PIL import Image

from generators.api import Region, Seen
from generators.world.vocabulary import find_background, find_thing
from tools.api import Brief, Finding
from tools.critics.api import ABSENT, Verdict, finding, sure_numbers, surely, wanted
from tools.critics.groups import named
from tools.naming import some


class Avoid:
    """Says nothing about words that are neither a thing nor a background of the picture world."""

    kinds = frozenset({"avoid"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        verdicts = ((line, _verdict(line.subject or "", seen)) for line in wanted(brief, "avoid"))
        return [finding(line, verdict) for line, verdict in verdicts if verdict]


def _verdict(word: str, seen: Seen) -> Verdict | None:
    thing, ground = find_thing(word), find_background(word)
    if thing:
        found = named(seen, thing.name)
        evidence = f"found {some(len(found), thing.name)}{sure_numbers(found)}"
        return Verdict(not found, surely(found) if found else ABSENT, evidence, [d.box for d in found])
    if ground and seen.background is not None:
        evidence = f"the background looks like {seen.background} ({seen.background_confidence:.2f})"
        return Verdict(seen.background != ground.name, seen.background_confidence, evidence)
    return None


CRITIC = Avoid()
