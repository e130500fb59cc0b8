"""Whether a model works on this machine: does what it is declared to do, how long that takes, how much memory, what the
critic sees in its pictures. And what is known of it afterwards, in a file of the data folder.

Works through the workshop, as any other drawing does. Knows no sessions.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from generators import laid, registry, weights
from generators.api import Control, Extent, GeneratorError, Model, Request, picture_id
from generators.files import write_atomic
from generators.workshop import Workshop

FILE = "models.json"
PROMPTS = (("a red apple", "apple"), ("a dog", "dog"), ("a blue car", "car"), ("a cat", "cat"))
"""What is asked for, and what the critic has to see."""

Say = Callable[[str], None]


def known(data: Path) -> dict[str, Any]:
    """What was fetched and checked on this machine, by a model's name."""
    try:
        found = json.loads((data / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(data: Path, name: str, **facts: Any) -> None:
    """Adds to what is known of a model."""
    every = known(data)
    every[name] = {**every.get(name, {}), **facts, "when": datetime.now(UTC).isoformat(timespec="seconds")}
    data.mkdir(parents=True, exist_ok=True)
    write_atomic(data / FILE, (json.dumps(every, indent=1, ensure_ascii=False) + "\n").encode())


def with_what_is_known(rows: Sequence[dict[str, Any]], data: Path) -> list[dict[str, Any]]:
    """The rows of `models --json`; `verified` is this machine's word for what it checked with the weights it has."""
    every = known(data)
    return [{**row, **_here(row, every.get(row["name"], {}))} for row in rows]


def _here(row: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    checked = facts.get("checked") or {}
    same = checked.get("weights") and checked["weights"] == _weights(row.get("source") or row["name"])
    found = {"verified": "real weights on this machine"} if checked.get("passed") and same else {}
    return {**found, "revision": facts.get("revision", ""), "checked": checked if same else {}}


def _weights(source: str) -> str:
    """Where the weights are now; a hub id's folder names its revision."""
    found = weights.find(source)
    return str(found.resolve()) if found else ""


def check(workshop: Workshop, name: str, say: Say, stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Runs what a model is declared to do, at the size and steps that it has by default.

    {"passed", "weights", "capabilities": {name: "ok" or a sentence}, "seconds": {name: s}, "memory_gb", "arithmetic",
    "critic": {"asked", "seen"} or none}. Raises `ModelUnavailable` where the weights are missing, and `Cancelled`.
    """
    model = workshop.model(name)
    results: dict[str, str] = {}
    seconds: dict[str, float] = {}
    record: dict[str, Any] = {}
    with _memory() as peak:
        for what, run in _exercises(workshop, model, stop):
            began = time.perf_counter()
            try:
                record = run() or record
                results[what] = "ok"
            except GeneratorError as error:
                if stop() or not registry.installed(model):
                    raise
                results[what] = str(error)
            seconds[what] = round(time.perf_counter() - began, 2)
            say(f"{what}: {results[what]}, {seconds[what]:.1f} s")
        critic = _seen(workshop, model, stop) if workshop.sees and model.capabilities.generate else None
    if critic:
        say(f"critic: {critic['seen']} of {critic['asked']} seen")
    return {"passed": all(result == "ok" for result in results.values()), "weights": _weights(model.source or name),
            "capabilities": results, "seconds": seconds, "memory_gb": round(peak(), 2), "critic": critic,
            "arithmetic": record}


def _exercises(workshop: Workshop, model: Model, stop: Callable[[], bool]
               ) -> Iterator[tuple[str, Callable[[], dict[str, Any] | None]]]:
    """What the model is declared to do, each as a call. The first one loads it, and counts that in."""
    able = model.capabilities
    size = able.sizes[0] if able.sizes else Extent(64, 64)
    source, mask = _source(size), Image.new("L", size)
    mask.paste(255, (size.width // 4, size.height // 4, size.width * 3 // 4, size.height * 3 // 4))

    larger = {"kind": "upscale", "sources": ("source",), "size": Extent(*(side * able.upscale for side in size))}

    def draw(**wish: Any) -> dict[str, Any]:
        request = Request(**{"model": model.name, "prompt": PROMPTS[0][0], "size": size, "seed": 7, **wish})
        result = workshop.draw(request, {"source": source, "other": source.rotate(180), "mask": mask}, stop=stop)
        return dict(result.arithmetic) | {"picture": picture_id(result.image)}

    def twice() -> dict[str, Any]:
        first, again = draw(), draw()
        if first["picture"] != again["picture"]:
            raise GeneratorError("The same request gave two different pictures.")
        return again

    def several() -> None:
        request = Request(model=model.name, prompt=PROMPTS[0][0], size=size, seed=7)
        results = workshop.draw_several(request, range(7, 7 + able.batch), {}, stop=stop)
        if len({picture_id(result.image) for result in results}) != able.batch:
            raise GeneratorError("Pictures of several seeds, drawn at once, are the same.")

    calls: dict[str, Callable[[], dict[str, Any] | None]] = {
        "generate": twice,
        "refine": lambda: draw(kind="refine", sources=("source",)),
        "edit": lambda: draw(kind="edit", sources=("source",)),
        "inpaint": lambda: draw(kind="inpaint", sources=("source",), mask="mask"),
        "upscale": lambda: draw(**larger),
        "regions": lambda: draw(regions=((PROMPTS[0][0], (0.25, 0.25, 0.75, 0.75)),)),
        "negative": lambda: draw(negative="blurry", **({} if able.generate else larger if able.upscale else
                                                       {"kind": "edit", "sources": ("source",)})),
        "boxes": lambda: draw(regions=((PROMPTS[0][0], (0.25, 0.25, 0.75, 0.75)),)),
        "batch": several,
        "describe": lambda: {"said": workshop.tell(model.name, source, stop=stop)}}
    for what, parts in _laid(model):
        calls[what] = lambda parts=parts: draw(**parts)  # type: ignore[misc]
    for what in (*able.names(), *able.takes()):
        if what in calls:
            yield what, calls[what]
    if able.references > 1:
        yield "references", lambda: draw(kind="edit", sources=("source", "other"))


def _laid(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of the catalogue's additions for a model is on this machine, as parts of a request."""
    found = laid.here(model)
    if found.adapters:
        yield "adapters", {"adapters": (found.adapters[:1],)}
    if found.controls:
        yield "controls", {"controls": (Control(found.controls[0], "source", ready=found.controls[0] != "canny"),)}
    if found.likeness:
        yield "likeness", {"likeness": ("source",)}


def _source(size: Extent) -> Image.Image:
    """A disc on a plain ground."""
    image = Image.new("RGB", size, (235, 235, 225))
    ImageDraw.Draw(image).ellipse((size.width // 3, size.height // 3, size.width * 2 // 3, size.height * 2 // 3),
                                  fill=(200, 40, 40))
    return image


def _seen(workshop: Workshop, model: Model, stop: Callable[[], bool]) -> dict[str, int]:
    """In how many of a few pictures the critic sees what was asked for."""
    world = model.capabilities.world
    asked = [(prompt, thing) for prompt, thing in PROMPTS if world is None or thing in world.objects]
    seen = 0
    for prompt, thing in asked:
        request = Request(model=model.name, prompt=prompt, size=model.capabilities.sizes[0], seed=7)
        drawn = workshop.draw(request, {}, stop=stop)
        seen += thing in {found.thing for found in workshop.see(drawn.image).objects}
    return {"asked": len(asked), "seen": seen}


@contextmanager
def _memory() -> Iterator[Callable[[], float]]:
    """Watches the workers, and the graphics card where there is one: the most of either, in GB."""
    most, done, before = [0.0], threading.Event(), _card_used()

    def watch() -> None:
        while not done.wait(0.2):
            most[0] = max(most[0], _workers(), _card_used() - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: max(most[0], _workers())
    finally:
        done.set()
        thread.join()


def _workers() -> float:
    """The memory of the largest process that works for this one."""
    import psutil

    sizes = [0.0]
    for process in psutil.Process().children():
        try:
            sizes.append(process.memory_info().rss / 1e9)
        except psutil.Error:
            continue
    return max(sizes)


def _card_used() -> float:
    tool = shutil.which("nvidia-smi")
    if not tool:
        return 0.0
    try:
        said = subprocess.run([tool, "--query-gpu=memory.used", "--format=csv,noheader,nounits"], capture_output=True,
                              text=True, timeout=5, check=True).stdout
        return max(float(line) for line in said.split()) * 2**20 / 1e9
    except (subprocess.SubprocessError, OSError, ValueError):
        return 0.0
