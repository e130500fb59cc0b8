"""Every class of the catalogue does what is declared, with a tiny checkpoint opened by the product's own path.

One of each kind runs every time; the others, some of which work on a million pixels whatever they are asked for, are
slow. What is declared and not exercised fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from generators import catalogue, opening, placement, registry
from generators.api import (
    Cancelled,
    Capabilities,
    Extent,
    Loading,
    Model,
    Preview,
    Progress,
    Request,
    Unsupported,
    picture_id,
)
from tests.generators import tiny, tiny_additions, tiny_pipelines
from tests.generators.tiny_pipelines import Tiny

EVERY_TIME = ("StableDiffusionXLPipeline", "FluxFillPipeline", "Flux2Pipeline", "QwenImage21Pipeline",
              "GlmImagePipeline", "AmusedPipeline", "StableDiffusionUpscalePipeline",
              "StableDiffusionLatentUpscalePipeline", "JanusForConditionalGeneration")
MODELS = {"JanusForConditionalGeneration": tiny.janus, "Emu3ForConditionalGeneration": tiny.emu3, "Emu3Chat": tiny.emu3}
"""Classes of transformers, and how a tiny checkpoint of each is made."""


def declared(able: Capabilities) -> list[str]:
    return [*able.names(), *able.takes(), *(["references"] if able.references > 1 else [])]


@dataclass
class Bench:
    """A loaded model and pictures of its size."""

    generator: Any
    side: int
    folder: Path
    events: list[Loading | Progress | Preview] = field(default_factory=list)

    @property
    def pictures(self) -> dict[str, Image.Image]:
        size = (self.side, self.side)
        mask = Image.new("L", size)
        mask.paste(255, (self.side // 4, self.side // 4, self.side * 3 // 4, self.side * 3 // 4))
        grey = Image.linear_gradient("L").resize(size).convert("RGB")
        disc = Image.new("RGB", size, "black")
        ImageDraw.Draw(disc).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="white")
        return {"disc": disc, "grey": grey, "white": Image.new("RGB", size, "white"), "mask": mask}

    def draw(self, stop: Callable[[], bool] = lambda: False, **wish: Any) -> Image.Image:
        self.events.clear()
        able = self.generator.model.capabilities
        if able.upscale:
            wish = {"kind": "upscale", "sources": ("grey",), "size": Extent(*[self.side * able.upscale] * 2), **wish}
        elif not able.generate:
            wish = {"kind": "edit" if able.edit else "inpaint", "mask": "mask",
                    "sources": ("grey",), **wish}
            wish = wish if wish["kind"] == "inpaint" else {**wish, "mask": None}
        request = Request(**{"model": "tiny", "prompt": "a red dog", "size": Extent(self.side, self.side), "seed": 7,
                             "steps": 4, **wish})
        return self.generator.run(request, self.pictures, self.events.append, stop).image


def generates(bench: Bench) -> None:
    first = bench.draw()
    assert first.size == (bench.side, bench.side) and first.mode == "RGB"
    assert picture_id(bench.draw(seed=8)) != picture_id(first)
    assert picture_id(bench.draw()) == picture_id(first)


def refines(bench: Bench) -> None:
    """The source decides, the less of it is new the more."""
    source = bench.pictures["grey"]
    drawn = [bench.draw(kind="refine", sources=("grey",), strength=strength, steps=8) for strength in (0.2, 0.9, 0.2)]
    assert picture_id(drawn[0]) == picture_id(drawn[2]) and drawn[0].size == source.size
    assert picture_id(drawn[0]) != picture_id(drawn[1])
    assert picture_id(drawn[0]) != picture_id(bench.draw(kind="refine", sources=("white",), strength=0.2, steps=8))


def edits(bench: Bench) -> None:
    drawn = [bench.draw(kind="edit", sources=(name,)) for name in ("grey", "white", "grey")]
    assert picture_id(drawn[0]) != picture_id(drawn[1]), "the source decides"
    assert picture_id(drawn[0]) == picture_id(drawn[2])


def inpaints(bench: Bench) -> None:
    source, quarter = bench.pictures["grey"], bench.side // 4
    after = bench.draw(kind="inpaint", sources=("grey",), mask="mask")
    assert after.tobytes() != source.tobytes()
    after.paste(source.crop((quarter, quarter, 3 * quarter, 3 * quarter)), (quarter, quarter))
    assert after.tobytes() == source.tobytes(), "outside the mask"


def heeds_negatives(bench: Bench) -> None:
    assert picture_id(bench.draw(guidance=5.0)) != picture_id(bench.draw(guidance=5.0, negative="a blue cat"))


def follows_boxes(bench: Bench) -> None:
    """What lies where decides, and a picture without a layout is another."""
    left, right = (bench.draw(regions=(("a blue cat", box),)) for box in ((0, 0, 0.5, 1), (0.5, 0, 1, 1)))
    assert len({picture_id(drawn) for drawn in (left, right, bench.draw())}) == 3
    assert picture_id(left) == picture_id(bench.draw(regions=(("a blue cat", (0, 0, 0.5, 1)),)))


def looks_at_several(bench: Bench) -> None:
    one, two = (bench.draw(kind="edit", sources=sources) for sources in (("grey",), ("grey", "white")))
    assert picture_id(one) != picture_id(two)


def enlarges(bench: Bench) -> None:
    """As many times as is declared, and less; the source decides, and its words do; not more, and in no other shape."""
    most = bench.generator.model.capabilities.upscale
    drawn = bench.draw()
    assert drawn.size == (bench.side * most, bench.side * most) and picture_id(drawn) == picture_id(bench.draw())
    assert bench.draw(size=Extent(bench.side * 3 // 2, bench.side * 3 // 2)).size == (bench.side * 3 // 2,) * 2
    assert picture_id(drawn) != picture_id(bench.draw(sources=("white",)))
    for size in (Extent(bench.side * most * 2, bench.side * most * 2), Extent(bench.side * 2, bench.side)):
        with pytest.raises(Unsupported, match="in its own shape"):
            bench.draw(size=size)


def draws_by_regions(bench: Bench) -> None:
    """The draft stays where no region is; what a region says decides what is drawn there."""
    draft, half = bench.draw(), bench.side // 2
    cat, dog = (bench.draw(regions=((phrase, (0.5, 0.0, 1.0, 1.0)),)) for phrase in ("a blue cat", "two dogs"))
    assert picture_id(cat) != picture_id(dog) != picture_id(draft)
    left = (0, 0, half, bench.side)
    assert cat.crop(left).tobytes() == draft.crop(left).tobytes() == dog.crop(left).tobytes()


def draws_several(bench: Bench) -> None:
    """Each is the picture of its own seed, but for the last bits of its numbers."""
    alone = [bench.draw(seed=seed) for seed in (7, 8)]
    request = Request(model="tiny", prompt="a red dog", size=Extent(bench.side, bench.side), seed=7, steps=4)
    results = bench.generator.several(request, (7, 8), {}, bench.events.append, lambda: False)
    apart = distance(*alone)
    for one, result in zip(alone, results, strict=True):
        assert result.image.size == one.size and result.arithmetic["batch"] == 2
        assert distance(one, result.image) < apart / 4
    assert distance(*(result.image for result in results)) > apart / 2


def distance(a: Image.Image, b: Image.Image) -> float:
    """How far two pictures are apart, on average."""
    return sum(ImageStat.Stat(ImageChops.difference(a, b)).mean)


def wears_adapters(bench: Bench) -> None:
    source = bench.folder.with_name(bench.folder.name + "-lora")
    if not source.is_dir():
        pipe = opening.pipeline(type(next(iter(bench.generator._pipes.values()))), str(bench.folder), {}, None)
        tiny_additions.lora_of(pipe, source)
    plain, worn = bench.draw(), bench.draw(adapters=((str(source), 1.0),))
    assert picture_id(plain) != picture_id(worn)
    assert picture_id(plain) == picture_id(bench.draw())


def follows_maps(bench: Bench) -> None:
    net = tiny_additions.control(bench.folder, bench.folder.with_name("net"))
    wish = {"strength": 1.0, "source": str(net), "ready": False}
    one = [bench.draw(controls=({"kind": "canny", "picture": name, **wish},)) for name in ("disc", "white", "disc")]
    assert picture_id(one[0]) == picture_id(one[2]) != picture_id(one[1])


def resembles(bench: Bench) -> None:
    source = str(tiny_additions.likeness(bench.folder, bench.folder.with_name("like")) / "ip_adapter.safetensors")
    plain = bench.draw()
    drawn = [bench.draw(likeness={"picture": name, "source": source}) for name in ("grey", "disc")]
    assert len({picture_id(image) for image in (plain, *drawn)}) == 3
    assert picture_id(plain) == picture_id(bench.draw())


def tells(bench: Bench) -> None:
    said = bench.generator.describe(bench.pictures["disc"], lambda: False)
    assert isinstance(said, str) and said == bench.generator.describe(bench.pictures["disc"], lambda: False)


def stops_telling(bench: Bench) -> None:
    with pytest.raises(Cancelled):
        bench.generator.describe(bench.pictures["disc"], lambda: True)


def is_watched(bench: Bench) -> None:
    bench.draw()
    steps = [event for event in bench.events if isinstance(event, Progress)]
    assert steps and [event.step for event in steps] == sorted(event.step for event in steps)
    with pytest.raises(Cancelled):
        bench.draw(stop=lambda: True)


EXERCISES: dict[str, Callable[[Bench], None]] = {
    "generate": generates, "refine": refines, "edit": edits, "inpaint": inpaints, "negative": heeds_negatives,
    "boxes": follows_boxes,
    "upscale": enlarges, "regions": draws_by_regions, "batch": draws_several, "adapters": wears_adapters,
    "controls": follows_maps, "likeness": resembles, "references": looks_at_several, "describe": tells,
    "stopping an answer": stops_telling, "steps and stopping": is_watched}


def exercised() -> Iterator[Any]:
    """A test for each thing that a class is declared to do."""
    for name, kind in {**catalogue.pipelines(), **{name: catalogue.kinds()[name] for name in MODELS}}.items():
        marks = () if name in EVERY_TIME else pytest.mark.slow
        able = declared(registry._capabilities(kind))
        stops = ["stopping an answer"] * ("describe" in able) + ["steps and stopping"] * (able != ["describe"])
        for what in (*able, *stops):
            yield pytest.param(name, what, marks=marks, id=f"{name} {what}")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """The bench of a class; one at a time is kept."""
    kept: dict[str, Bench] = {}

    def get(name: str) -> Bench:
        if name not in kept:
            kept.clear()
            folder = MODELS.get(name, partial(tiny_pipelines.save, name))(tmp_path_factory.mktemp("tiny") / name)
            kept[name] = Bench(load(tiny_model(name, folder)), settings(name).side, folder)
        return kept[name]

    return get


def tiny_model(name: str, folder: Path) -> Model:
    """The model as the product finds it, at a small size and called as a small one has to be."""
    small = settings(name)
    found = registry.find(str(folder))
    able = replace(found.capabilities, sizes=(Extent(small.side, small.side),))
    return replace(found, capabilities=able, options={**found.options, "call": {**found.options["call"], **small.call}})


def settings(name: str) -> Tiny:
    """What a call of a class needs at which side of its pictures."""
    return Tiny(tiny.janus, {}) if name in MODELS else tiny_pipelines.PIPELINES[name]


def load(model: Model) -> Any:
    generator = registry.generator(model)
    generator.load()
    return generator


def test_all_that_is_declared_is_exercised() -> None:
    run = {(param.values[0], param.values[1]) for param in exercised()}
    kinds = {row["name"]: row["pipeline"] for row in catalogue.models()}
    for model in registry.listed():
        if not model.capabilities.world:
            for what in declared(model.capabilities):
                assert what in EXERCISES and (kinds[model.name], what) in run, f"{model.name}: {what}"
    assert set(catalogue.pipelines()) == set(tiny_pipelines.PIPELINES)


# The libraries say these of tiny models, once a process: of parts without a number, and of a norm in float32.
@pytest.mark.filterwarnings("ignore:Initializing zero-element", "ignore:Mismatch dtype between input and weight")
@pytest.mark.parametrize(("name", "what"), list(exercised()))
def test_does_what_is_declared(bench: Callable[[str], Bench], name: str, what: str) -> None:
    EXERCISES[what](bench(name))


def test_parts_that_lie_elsewhere_are_taken_from_there(tmp_path: Path) -> None:
    folder = tiny_pipelines.save("HiDreamImagePipeline", tmp_path / "HiDream")
    others = tmp_path / "Llama"
    (folder / "text_encoder_4").rename(others)
    for file in (folder / "tokenizer_4").iterdir():
        file.rename(others / file.name)
    (folder / "tokenizer_4").rmdir()
    model = tiny_model("HiDreamImagePipeline", folder)
    also = {"text_encoder_4": str(others), "tokenizer_4": str(others)}
    generator = load(replace(model, options={**model.options, "also": also}))
    assert generator._pipes["HiDreamImagePipeline"].text_encoder_4 is not None


def test_float8_keeps_the_weights_small(tmp_path: Path) -> None:
    import torch
    from diffusers import QwenImagePipeline

    pipe = opening.pipeline(QwenImagePipeline, str(tiny_pipelines.save("QwenImagePipeline", tmp_path / "q")), {},
                            torch.bfloat16)
    pipe.enable_model_cpu_offload = lambda device: None  # which needs a graphics card
    placement.place(pipe, "float8", "cpu")
    kept = {weight.dtype for name, weight in pipe.transformer.named_parameters() if name.endswith("to_q.weight")}
    assert kept == {torch.float8_e4m3fn}
