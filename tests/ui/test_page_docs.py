"""docs/page.md: every test and every picture that it names is there, and every row names a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = ROOT / "docs" / "page.md"
HERE = Path(__file__).parent
WITHOUT_PICTURE = ("Private, offline, several people",)


def rows() -> list[list[str]]:
    """The cells of the first table, its head left out."""
    lines = [line for line in GUIDE.read_text("utf-8").split("\n## ")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]]


def known_in(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_row_is_driven_and_seen(row: list[str]) -> None:
    assert len(row) == 4
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row[2])
    assert named and all(test in known_in(file) for file, test in named), row[2]
    assert "![](images/" in row[3] or row[0] in WITHOUT_PICTURE


def test_every_picture_is_there() -> None:
    named = set(re.findall(r"\]\(images/([\w-]+\.png)\)", GUIDE.read_text("utf-8")))
    missing = sorted(name for name in named if not (ROOT / "docs" / "images" / name).is_file())
    assert named and not missing


def test_there_is_a_row_for_all_that_people_know() -> None:
    assert len(rows()) >= 30
    for file, test in re.findall(r"`(test_\w+\.py)::(test_\w+)`", GUIDE.read_text("utf-8")):
        assert test in known_in(file)
