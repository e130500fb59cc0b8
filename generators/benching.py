"""What each speed setting and each placement buys on this machine: the same prompt and seed, beside the plain picture.

Settings are drawn turn by turn with the plain pipeline in one process, on the same weights. Placements follow one after
the other, each in a process of its own, since two rarely fit, and beside them a plain picture would be another load.
Words are encoded once, in the warm-up, so that seconds are those of denoising and decoding. Works through the workshop,
as any other drawing does. Knows no sessions.

    python app.py models bench flux2-klein-4b
    python -m generators.benching /tmp/flux --steps 20     the same without what the rest of the studio needs
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from generators import geometry, speed
from generators.api import Extent, GeneratorError, Model, Request, Result
from generators.placement import PLACEMENTS
from generators.speed import Speed
from generators.workshop import Workshop

PLAIN = Speed()
USUAL = ("cache=first-block", "cache=taylor", "cache=mag", "attention=native_cudnn", "attention=native_flash",
         "attention=sage", "compile", "compile+cache=first-block", "compile+cache=taylor")
"""What is tried where nothing is named; what a model or a machine does not take is reported, and costs a picture."""
PROMPT = "a red apple on a beach"
ROUNDS = 3
FILE = "bench.json"


@dataclass
class Arm:
    """One setting, and what was measured with it."""

    setting: Speed
    placement: str = ""
    first: float = 0.0
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    picture: Image.Image | None = None
    left_out: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.placement, str(self.setting) if self.setting != PLAIN else ""])) or "plain"


def bench(workshop: Workshop, name: str, folder: Path, *, settings: Sequence[Speed] | None = None,
          placements: Sequence[str] = (), rounds: int = ROUNDS, size: Extent | None = None, steps: int | None = None,
          say: Callable[[str], None] | None = None, stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Draws, measures, and leaves a picture of each setting and the report in the folder.

    {"model", "size", "steps", "rounds", "rows": [{"setting", "seconds" (median of a picture), "first" (the warm-up's,
    compiling included), "speedup", "memory_gb" (CUDA: the most allocated; else what the process holds),
    "load_seconds", "difference" (mean absolute, of 255; 0: the same pixels), "left_out", "picture"}], "arithmetic"}.
    Raises `GeneratorError` where the plain picture cannot be drawn, and `Cancelled`.
    """
    model = workshop.model(name)
    if size:
        able = replace(model.capabilities, sizes=(geometry.snap(size, model.capabilities.multiple),))
        model = replace(model, capabilities=able)  # else the nearest of its own sizes would be drawn
    request = Request(model=model.name, prompt=PROMPT, seed=7, steps=steps,
                      size=(model.capabilities.sizes or (Extent(64, 64),))[0])
    folder.mkdir(parents=True, exist_ok=True)
    say = say or _on_stderr
    wanted = [speed.parsed(text) for text in USUAL] if settings is None else settings
    arms = [Arm(PLAIN), *(Arm(one) for one in wanted if one != PLAIN)]
    bench = _Bench(workshop, folder, rounds, say, stop)
    found: dict[str, Any] = {"model": name, "size": list(request.size), "steps": steps, "rounds": rounds, "rows": []}

    def keep(rows: list[dict[str, Any]]) -> None:
        """What is known so far, so that a bench which is cut off leaves it."""
        found["rows"] += rows
        found["arithmetic"] = {key: value for key, value in bench.arithmetic.items() if key != "speed"}
        (folder / FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    keep(bench.measured(model, request, arms, arms[0]))
    for placement in placements:
        workshop.rest()
        keep(bench.placed(_placed(model, placement), request, Arm(PLAIN, placement), arms[0]))
    return found


@dataclass
class _Bench:
    workshop: Workshop
    folder: Path
    rounds: int
    say: Callable[[str], None]
    stop: Callable[[], bool]
    arithmetic: dict[str, Any] = field(default_factory=dict)

    def measured(self, model: Model, request: Request, arms: list[Arm], plain: Arm) -> list[dict[str, Any]]:
        """A warm-up of each, then round after round of those that the model takes."""
        self.workshop.add(model)
        loading = self.workshop.load(model.name, self.stop)
        for arm in arms:
            result = self._drawn(request, arm)
            arm.first = _seconds(result)
            arm.left_out = list(speed.left_out(result.arithmetic))
            arm.picture = result.image
            self.arithmetic = self.arithmetic or dict(result.arithmetic)
            self.say(f"{arm.name}: {' '.join(arm.left_out) or f'{arm.first:.2f} s the first time'}")
        taken = [arm for arm in arms if not arm.left_out]
        self.workshop.memory(model.name)
        for turn in range(self.rounds):
            for arm in taken:
                arm.seconds.append(_seconds(self._drawn(request, arm)))
                arm.memory.append(self.workshop.memory(model.name))
            self.say(f"round {turn + 1} of {self.rounds}: "
                     + ", ".join(f"{arm.name} {arm.seconds[-1]:.2f} s" for arm in taken))
        return [self._row(arm, plain, loading) for arm in arms]

    def placed(self, model: Model, request: Request, arm: Arm, plain: Arm) -> list[dict[str, Any]]:
        """A placement; one that this machine or model does not take is a row that says why."""
        try:
            return self.measured(model, request.model_copy(update={"model": model.name}), [arm], plain)
        except GeneratorError as error:
            if self.stop():
                raise
            arm.left_out = [str(error)]
            self.say(f"{arm.name}: {error}")
            return [self._row(arm, plain, 0.0)]

    def _drawn(self, request: Request, arm: Arm) -> Result:
        return self.workshop.draw(request, {}, stop=self.stop, speed=arm.setting)

    def _row(self, arm: Arm, plain: Arm, loading: float) -> dict[str, Any]:
        row: dict[str, Any] = {"setting": arm.name, "left_out": arm.left_out}
        if arm.left_out or arm.picture is None or plain.picture is None:
            return row
        file = self.folder / f"{arm.name.replace(' ', '-').replace(':', '-')}.png"
        arm.picture.save(file)
        taken = median(arm.seconds)
        return {**row, "seconds": round(taken, 3), "first": round(arm.first, 3),
                "speedup": round(median(plain.seconds) / taken, 3), "memory_gb": round(max(arm.memory), 3),
                "load_seconds": round(loading, 2), "difference": difference(arm.picture, plain.picture),
                "picture": str(file)}


def _placed(model: Model, placement: str) -> Model:
    return replace(model, name=f"{model.name} placed {placement}",
                   options={**model.options, "placement": placement})


def _seconds(result: Result) -> float:
    return sum(result.seconds.values())


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean absolute difference of two pictures of a size, in steps of 255; 0 only where every pixel is the same."""
    import numpy as np

    apart = np.abs(np.asarray(one.convert("RGB"), np.int16) - np.asarray(other.convert("RGB"), np.int16))
    return float(apart.mean())


def table(found: dict[str, Any]) -> list[str]:
    """The report as lines of a page."""
    lines = [f"{'setting':34}{'s/picture':>10}{'speed-up':>9}{'first s':>9}{'GB':>7}{'load s':>8}{'differs':>9}"]
    for row in found["rows"]:
        if "seconds" not in row:
            lines.append(f"{row['setting']:34}{' '.join(row['left_out'])}")
        else:
            lines.append(f"{row['setting']:34}{row['seconds']:10.2f}{row['speedup']:9.2f}{row['first']:9.2f}"
                         f"{row['memory_gb']:7.2f}{row['load_seconds']:8.1f}{row['difference']:9.3f}")
    return lines


def flags(parser: argparse.ArgumentParser) -> None:
    """What a command may say of a bench; `asked` reads it."""
    parser.add_argument("--settings", metavar="LIST", help="with bench: settings with commas between, those of one "
                        "picture joined by +: cache=first-block:0.1,compile+cache=taylor; none for the plain one alone")
    parser.add_argument("--placements", metavar="LIST", default="", help="with bench: placements, with commas between")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="with bench: pictures of each after the first")
    parser.add_argument("--steps", type=int, help="with bench: of a picture, instead of the model's own")
    parser.add_argument("--size", metavar="WIDTHxHEIGHT", help="with bench: of a picture, instead of the model's first")
    parser.add_argument("--out", type=Path, help="with bench: folder for the pictures and the report")


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `bench`. Raises `ValueError`, one sentence."""
    settings = None if arguments.settings is None else [
        speed.parsed(text) for text in arguments.settings.split(",") if text not in speed.OFF]
    placements = [name for name in arguments.placements.split(",") if name]
    if unknown := [name for name in placements if name not in PLACEMENTS]:
        raise ValueError(f"There is no placement {unknown[0]!r}; there are {', '.join(PLACEMENTS)}.")
    if arguments.rounds < 1 or (arguments.steps is not None and arguments.steps < 1):
        raise ValueError("--rounds and --steps take a number from 1 on.")
    width, _, height = (arguments.size or "").lower().partition("x")
    if arguments.size and not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"--size takes WIDTHxHEIGHT, 1024x1024 for instance (it is {arguments.size!r}).")
    return {"settings": settings, "placements": placements, "rounds": arguments.rounds, "steps": arguments.steps,
            "size": Extent(int(width), int(height)) if arguments.size else None}


def _on_stderr(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def main() -> int:
    """The command without a studio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="a model of the catalogue, or a folder")
    flags(parser)
    arguments = parser.parse_args()
    folder = arguments.out or Path("out") / "bench" / Path(arguments.name).name
    try:
        with Workshop(eyes="none") as workshop:
            found = bench(workshop, arguments.name, folder, **asked(arguments))
    except (ValueError, GeneratorError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
