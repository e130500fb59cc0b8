"""The background, by name."""

from __future__ import annotations

from PIL import Image

from generators.api import Region, Seen
from tools.api import Brief, Finding
from tools.critics.api import Verdict, finding, wanted
from tools.naming import background_name


class Background:
    kinds = frozenset({"background"})

    def judge(self, image: Image.Image, seen: Seen, brief: Brief, layout: tuple[Region, ...]) -> list[Finding]:
        if seen.background is None:
            return []
        passed = background_name(seen.background) == background_name(brief.background or "")
        evidence = f"the background looks like {seen.background} ({seen.background_confidence:.2f})"
        return [finding(line, Verdict(passed, seen.background_confidence, evidence))
                for line in wanted(brief, "background")]


CRITIC = Background()
