"""What the guide says of cards and models follows from the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generators import catalogue, placement

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guide.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) GB \| (.+?) \| whole, ([\d.]+) GB.*? \| (.+?) \|", GUIDE, re.MULTILINE)


def test_the_guide_speaks_of_three_cards() -> None:
    assert [row[0] for row in ROWS] == ["12", "24", "80"]


@pytest.mark.parametrize(("card", "names", "gb", "licence"), ROWS)
def test_a_recommended_model_fits_its_card_as_the_guide_says(card: str, names: str, gb: str, licence: str) -> None:
    for name in re.findall(r"`(.+?)`", names):
        row = next(row for row in catalogue.models() if row["name"] == name)
        assert placement.choose(row["billions"], float(card), 64.0) == "whole"
        assert placement.needs(row["billions"])["whole"] == float(gb)
        facts = catalogue.facts(name)
        assert not facts.gated and (row["licence"] == licence or facts.commercial in licence)


def test_every_command_of_the_guide_is_one() -> None:
    from ui.command_line import parser

    for line in re.findall(r"^python app\.py (.+)$", GUIDE, re.MULTILINE):
        line = line.partition("  #")[0]
        words = re.findall(r'"[^"]*"|\S+', line)
        parser().parse_args([word.strip('"') for word in words])
