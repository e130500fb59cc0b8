"""Labels made by hand, held against what a detector says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from generators.api import Box, Detection, Seen
from generators.training.labelled import COLUMNS, EXTENT, mark, read

BOX = Box(0.1, 0.1, 0.4, 0.4)


class Said:
    """A detector that says what it was told to, picture by picture."""

    def __init__(self, *views: Seen) -> None:
        self.views = list(views)

    def detect_all(self, images: list[Image.Image]) -> list[Seen]:
        assert len(images) == len(self.views)
        return self.views


def asked(thing: str, shown: int | None, coloured: int | None = 0, colour: str | None = None) -> dict:
    return {"thing": thing, "colour": colour, "count": 1, "shown": shown, "coloured": coloured}


def write(folder: Path, rows: list[list[dict]]) -> None:
    sheet = Image.new("RGB", (COLUMNS * EXTENT, EXTENT))
    for index in range(len(rows)):
        sheet.paste((index + 1, 0, 0), (index * EXTENT, 0, (index + 1) * EXTENT, EXTENT))
    sheet.save(folder / "sheet-1.png")
    lines = [{"sheet": "sheet-1.png", "tile": i, "prompt": "", "asked": kinds} for i, kinds in enumerate(rows)]
    (folder / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def dog(colour: str = "own") -> Detection:
    return Detection("dog", colour, BOX, 0.9)


def test_pictures_are_cut_from_their_sheets_and_only_labelled_ones(tmp_path: Path) -> None:
    write(tmp_path, [[asked("dog", 1)], [asked("dog", None, None)], [asked("cat", 0)]])
    found = list(read(tmp_path))
    assert [picture.image.getpixel((5, 5))[0] for picture in found] == [1, 3]
    assert [picture.asked[0].thing for picture in found] == ["dog", "cat"]


def test_a_sheet_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, [[asked("dog", 1)]] * 8)
    opened, opening = [], Image.open
    monkeypatch.setattr(Image, "open", lambda path: opened.append(path) or opening(path))
    assert len(list(read(tmp_path))) == 8 and len(opened) == 1


def test_agreement_and_both_kinds_of_mistake(tmp_path: Path) -> None:
    write(tmp_path, [[asked("dog", 1, 1, "red")], [asked("dog", 1, 0, "red")], [asked("dog", 0)], [asked("dog", 2)]])
    views = [Seen((dog("red"),)), Seen((dog("red"),)), Seen((dog(),)), Seen(())]
    found = mark(Said(*views), list(read(tmp_path)))  # type: ignore[arg-type]
    assert found["count as a person's"]["share"] == 0.5
    assert found["seen where there is"] == {**found["seen where there is"], "share": round(2 / 3, 4), "n": 3}
    assert found["seen where there is none"]["share"] == 1.0 and found["seen where there is none"]["n"] == 1
    assert found["colour as a person's"]["share"] == 0.5
