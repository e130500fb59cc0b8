"""Every family of generators, through the worker that runs it: exact repetition, progress, cancellation, edits.

The sketch generator stands in for itself; a family of real models draws with a tiny checkpoint of random weights,
saved and loaded like a real one. A new family names its own in `TINY`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image, ImageChops

from generators import registry, remote
from generators.api import (
    Cancelled,
    Extent,
    Kind,
    Loading,
    Model,
    Preview,
    Progress,
    Request,
    Unsupported,
    picture_id,
)
from generators.workshop import Workshop
from tests.generators.image_server import ImageServer, serving

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "diffusion": ("klein", {"max_sequence_length": 16, "text_encoder_out_layers": [1, 2]}),
    "autoregressive": ("autoregressive", {}),
    "unified": ("unified", {"plan": True}),
    "hybrid": ("hybrid", {}),
    "janus": ("janus", {}),
    "emu3": ("emu3", {}),
}
"""Family file to the function of tests/generators/tiny.py that saves its checkpoint, and how that is called."""

pytestmark = pytest.mark.shared_worker


class Bench(NamedTuple):
    workshop: Workshop
    model: str
    size: Extent


def test_every_family_is_tested() -> None:
    assert set(registry.families()) == {"sketch", "remote", *TINY}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module", params=registry.families())
def bench(request: pytest.FixtureRequest, folder: Path) -> Iterator[Bench]:
    family = request.param
    with ExitStack() as stack:
        models = _models(family, folder, stack)
        workshop = stack.enter_context(Workshop(models, eyes="sketch", threads=1))
        yield Bench(workshop, models[0].name if models else "sketch", Extent(64, 64))


def _models(family: str, folder: Path, stack: ExitStack) -> list[Model]:
    if family == "remote":
        server = stack.enter_context(serving(ImageServer()))
        return remote.models({"box": remote.Server(url=server.url, base=64)})
    return [] if family == "sketch" else [_checkpoint(family, folder)]


def _checkpoint(family: str, folder: Path) -> Model:
    """Saved by another process, since this one stays without torch."""
    kind, call = TINY[family]
    target = folder / family
    code = f"import pathlib, tests.generators.tiny as t; t.{kind}(pathlib.Path({str(target)!r}))"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, capture_output=True)
    found = registry.find(str(target))
    return replace(found, name=f"tiny-{family}", options={**found.options, **({"call": call} if call else {})})


def wish(bench: Bench, **more: Any) -> Request:
    return Request(**{"model": bench.model, "prompt": "a red dog", "size": bench.size, "seed": 7, "steps": 2, **more})


def draw(bench: Bench, request: Request, pictures: dict[str, Image.Image] | None = None, **more: Any) -> Any:
    return bench.workshop.draw(request, pictures or {}, **more)


def need(bench: Bench, kind: Kind) -> None:
    if not bench.workshop.model(bench.model).capabilities.can(kind):
        pytest.skip(f"{bench.model} does not {kind}")


def test_the_same_request_gives_the_same_pixels(bench: Bench) -> None:
    first, again = draw(bench, wish(bench)), draw(bench, wish(bench))
    assert picture_id(first.image) == picture_id(again.image)
    assert picture_id(draw(bench, wish(bench, seed=8)).image) != picture_id(first.image)


def test_several_seeds_are_drawn_like_each_alone(bench: Bench) -> None:
    events: list[Loading | Progress | Preview] = []
    results = bench.workshop.draw_several(wish(bench), (7, 8, 9), {}, events.append)
    assert len({picture_id(result.image) for result in results}) == 3
    for seed, result in zip((7, 8, 9), results, strict=True):
        alone = draw(bench, wish(bench, seed=seed)).image
        assert max(high for _, high in ImageChops.difference(alone, result.image).getextrema()) <= 8
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps)


def test_a_picture_is_rgb_of_the_size_that_was_asked_for(bench: Bench) -> None:
    result = draw(bench, wish(bench))
    assert result.image.mode == "RGB" and result.image.size == bench.size
    assert result.seconds and all(value >= 0 for value in result.seconds.values())
    assert result.arithmetic


def test_progress_counts_up_to_its_end(bench: Bench) -> None:
    events: list[Loading | Progress | Preview] = []
    draw(bench, wish(bench), report=events.append)
    steps = [e.step for e in events if isinstance(e, Progress)]
    assert steps == sorted(steps) and steps[-1] == next(e.steps for e in events if isinstance(e, Progress))


def test_stopping_stops(bench: Bench) -> None:
    long = wish(bench, steps=50, model="sketch-slow" if bench.model == "sketch" else bench.model)
    with pytest.raises(Cancelled):
        draw(bench, long, stop=lambda: True)
    assert draw(bench, wish(bench)).image.size == bench.size  # and the next one works


def test_what_it_cannot_do_is_said(bench: Bench) -> None:
    with pytest.raises(Unsupported):
        draw(bench, wish(bench, kind="edit"))  # no source
    with pytest.raises(Unsupported):
        draw(bench, wish(bench, kind="inpaint", sources=("a",)), {"a": Image.new("RGB", bench.size)})  # no mask


def test_inpainting_leaves_every_other_pixel_alone(bench: Bench) -> None:
    need(bench, "inpaint")
    source = draw(bench, wish(bench)).image
    mask = Image.new("L", bench.size)
    mask.paste(255, (16, 16, 48, 48))
    request = wish(bench, kind="inpaint", prompt="a blue cat", sources=("a",), mask="m")
    after = draw(bench, request, {"a": source, "m": mask}).image
    assert after.tobytes() != source.tobytes()
    after.paste(source.crop((16, 16, 48, 48)), (16, 16))
    assert after.tobytes() == source.tobytes()


def test_an_edit_starts_from_its_source(bench: Bench) -> None:
    need(bench, "edit")
    ids = []
    for shade in ("white", "black"):
        result = draw(bench, wish(bench, kind="edit", sources=("a",)), {"a": Image.new("RGB", bench.size, shade)})
        assert result.image.size == bench.size
        ids.append(picture_id(result.image))
    assert len(set(ids)) == 2


def test_sources_are_not_changed(bench: Bench) -> None:
    need(bench, "edit")
    source = Image.new("RGB", bench.size, "white")
    before = source.tobytes()
    draw(bench, wish(bench, kind="edit", sources=("a",)), {"a": source})
    assert source.tobytes() == before


def test_what_understands_pictures_puts_them_in_words(bench: Bench) -> None:
    white, tell = Image.new("RGB", bench.size, "white"), bench.workshop.tell
    if not bench.workshop.model(bench.model).capabilities.understands:
        with pytest.raises(Unsupported, match=r"cannot describe pictures"):
            tell(bench.model, white)
        return
    asked = ["", "a red dog", "two cat", "left of the", "blue square", ""]
    said = [tell(bench.model, white, question) for question in asked]
    assert len(set(said)) > 1 and said[0] == said[-1]
    with pytest.raises(Cancelled):
        tell(bench.model, white, stop=lambda: True)
