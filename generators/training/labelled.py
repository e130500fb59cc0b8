"""Generated pictures that a person looked at: how far a detector can be trusted on pictures that are not renderings.

    python -m generators.training.labelled make --generator NAME --name SHEET --count 60   draws one more sheet
    python -m generators.training.labelled mark --detector FOLDER                           measures a detector

Pictures lie as tiles in PNG sheets, ten a row; `labels.jsonl` says of each what was asked for, and of each kind asked
for how many a person recognises at a glance (`shown`) and how many of those have the colour asked for (`coloured`).
Labels are written by hand; `make` leaves them at null.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from generators.api import Detection
from generators.seeing import THRESHOLD, Detector, has_colour
from generators.shares import share

FOLDER = Path(__file__).parents[2] / "evals" / "data" / "labelled"
COLUMNS, EXTENT = 10, 128


@dataclass(frozen=True)
class Asked:
    """One kind of thing that a picture was to show, and what a person saw of it."""

    thing: str
    colour: str | None
    count: int
    shown: int
    coloured: int


@dataclass(frozen=True)
class Labelled:
    """A picture and what is in it."""

    image: Image.Image
    asked: tuple[Asked, ...]


def read(folder: Path = FOLDER) -> Iterator[Labelled]:
    """Every picture that has its labels."""
    sheets: dict[str, Image.Image] = {}
    for line in (folder / "labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["sheet"] not in sheets:
            sheets[row["sheet"]] = Image.open(folder / row["sheet"]).convert("RGB")
        y, x = divmod(row["tile"], COLUMNS)
        corner = (x * EXTENT, y * EXTENT, (x + 1) * EXTENT, (y + 1) * EXTENT)
        if all(asked["shown"] is not None for asked in row["asked"]):
            yield Labelled(sheets[row["sheet"]].crop(corner), tuple(Asked(**asked) for asked in row["asked"]))


def mark(detector: Detector, pictures: Sequence[Labelled]) -> dict[str, Any]:
    """Where a detector agrees with the person, and the two ways in which it does not."""
    seen = detector.detect_all([picture.image for picture in pictures])
    pairs = [(asked, [d for d in view.objects if d.thing == asked.thing])
             for picture, view in zip(pictures, seen, strict=True) for asked in picture.asked]  # fmt: skip
    return {
        "count as a person's": share([len(found) == asked.shown for asked, found in pairs]),
        "seen where there is": share([bool(found) for asked, found in pairs if asked.shown]),
        "seen where there is none": share([bool(found) for asked, found in pairs if not asked.shown]),
        "colour as a person's": share([_colour_agrees(asked, found) for asked, found in pairs if _tells(asked, found)]),
    }


def _tells(asked: Asked, found: list[Detection]) -> bool:
    return asked.colour is not None and asked.shown > 0 and len(found) == asked.shown


def _colour_agrees(asked: Asked, found: list[Detection]) -> bool:
    return sum(has_colour(d, asked.colour or "") for d in found) == asked.coloured


def make(generator: str, name: str, count: int, seed: int, folder: Path = FOLDER) -> None:
    """One more sheet, every other picture drawn with a layout; its labels are left to a person."""
    from generators import registry
    from generators.training.evaluate import Studio, make_tasks

    folder.mkdir(parents=True, exist_ok=True)
    tasks = [t for t in make_tasks(count, seed=seed) if _plain(t)][:count]
    studio = Studio(registry.find(generator))
    sheet = Image.new("RGB", (COLUMNS * EXTENT, -(-count // COLUMNS) * EXTENT))
    for index, task in enumerate(tasks):
        picture = studio.draw(task.prompt, task.boxes if index % 2 else (), index)
        sheet.paste(picture, (index % COLUMNS * EXTENT, index // COLUMNS * EXTENT))
    sheet.save(folder / f"{name}.png", optimize=True)
    rows = [{"sheet": f"{name}.png", "tile": i, "prompt": t.prompt, "asked": _kinds(t)} for i, t in enumerate(tasks)]
    with (folder / "labels.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _plain(task: Any) -> bool:
    """Whether every kind of its scene is another thing, so that what is seen of a thing is of one kind."""
    kinds = {(item.thing, item.colour) for item in task.scene.objects}
    return len(kinds) == len({thing for thing, _ in kinds})


def _kinds(task: Any) -> list[dict[str, Any]]:
    kinds: dict[tuple[str, str | None], int] = {}
    for item in task.scene.objects:
        kinds[item.thing, item.colour] = kinds.get((item.thing, item.colour), 0) + 1
    return [{"thing": thing, "colour": colour, "count": count, "shown": None, "coloured": None}
            for (thing, colour), count in kinds.items()]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("--generator", required=True, help="a model's name or folder")
    making.add_argument("--name", required=True, help="of the sheet")
    making.add_argument("--count", type=int, default=60, help="pictures on it")
    making.add_argument("--seed", type=int, default=95_001)
    marking = verbs.add_parser("mark")
    marking.add_argument("--detector", type=Path, required=True)
    marking.add_argument("--threshold", type=float, default=THRESHOLD)
    args = parser.parse_args()
    if args.verb == "make":
        make(args.generator, args.name, args.count, args.seed)
    else:
        print(json.dumps(mark(Detector.load(args.detector, args.threshold), list(read())), indent=1))


if __name__ == "__main__":
    main()
