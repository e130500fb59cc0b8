"""Measures the pack on held-out scenes: ``python -m generators.training.evaluate``, or of it what is named.

Each family draws and edits through its own file, called as the studio calls it. Writes ``metrics.json``, the model
card and a sheet of real drawings for each family into the pack's folder; what is not measured again stays as it was.
The judge (evals/judge) looks, never the critic that the studio itself uses. Scenes come from seeds that training does
not use, and hold (thing, colour) pairs that it never showed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2
from PIL import Image

from generators import registry
from generators.api import Box, Detection, Extent, Kind, Model, Region, Request, Seen, picture_id
from generators.geometry import mask_of
from generators.matching import Matcher
from generators.picture_tokens import PictureTokens
from generators.seeing import OWN, Detector, has_colour
from generators.shares import rounded, share
from generators.training import retrieval, tokenizer
from generators.training.card import write_card
from generators.training.common import restart_with_allocator_settings, scaled
from generators.training.labelled import mark, read
from generators.training.pack_facts import PACK
from generators.training.pack_world import DOMAINS, Domain, domain
from generators.training.understanding import measure
from generators.world.captions import caption, ground_phrase, region_phrase, regions, with_article
from generators.world.edits import KINDS, EditPair, edit_regions, sample_edit
from generators.world.scenes import Placed, Scene, World, box_for, render, sample_scene, sample_side

JUDGE = Path(__file__).parents[2] / "evals" / "judge"
METRICS = PACK / "metrics.json"
EXTENT = 128
SMALL = domain("small")


def domain_of(things: Sequence[str]) -> Domain:
    """What something was trained on that knows these things; the small domain where that is none of them."""
    return next((domain(name) for name in DOMAINS if domain(name).drawn.things == tuple(things)), SMALL)


def _open(of: Domain) -> World:
    """What is drawn, the held-out combinations with it."""
    return replace(of.drawn, held_out=frozenset())


# --- what a picture must show -------------------------------------------------------------


def _of(seen: Seen, thing: str) -> list[Detection]:
    return [d for d in seen.objects if d.thing == thing]


def objects_right(scene: Scene, seen: Seen) -> bool:
    """Every thing of the scene is there at least once."""
    return all(_of(seen, item.thing) for item in scene.objects)


def counts_right(scene: Scene, seen: Seen) -> bool:
    """Exactly as many of every thing as the scene has."""
    things = {item.thing for item in scene.objects}
    return all(len(_of(seen, t)) == sum(o.thing == t for o in scene.objects) for t in things)


def colours_right(scene: Scene, seen: Seen) -> bool:
    """Every object with a named colour has a match in that colour."""
    named = [item for item in scene.objects if item.colour]
    return all(any(has_colour(d, item.colour or "") for d in _of(seen, item.thing)) for item in named)


def relation_right(scene: Scene, seen: Seen, relation: str) -> bool:
    """The first object stands in the relation to the second, by the centres of the surest detections."""
    a, b = _of(seen, scene.objects[0].thing), _of(seen, scene.objects[1].thing)
    if not a or not b:
        return False
    (ax, ay), (bx, by) = (d.box.centre for d in (a[0], b[0]))
    gap = {"left of": bx - ax, "right of": ax - bx, "above": by - ay, "below": ay - by}[relation]
    return gap > 0.05


@dataclass(frozen=True)
class Task:
    """One drawing to make and how to mark it."""

    suite: str
    scene: Scene
    prompt: str
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]
    marks: dict[str, Callable[[Seen], bool]]


def _task(suite: str, scene: Scene, prompt: str, rng: random.Random, **marks: Callable[[Seen], bool]) -> Task:
    return Task(suite, scene, prompt, tuple(regions(rng, scene.objects, 0.01)), marks)


def _relation_task(rng: random.Random, of: Domain) -> Task:
    world = _open(of)
    relation = rng.choice(("left of", "right of", "above", "below"))
    while True:
        scene = sample_scene(rng, world, (1, 1))
        a, b = scene.objects
        if a.thing == b.thing:
            continue
        across, down = b.centre[0] - a.centre[0], b.centre[1] - a.centre[1]
        gap = {"left of": across, "right of": -across, "above": down, "below": -down}[relation]
        if gap > 0.3 and gap >= max(abs(across), abs(down)):
            break
    words = {"left of": "to the left of", "right of": "to the right of"}.get(relation, relation)
    prompt = f"a photo of {with_article(region_phrase(a))} {words} {with_article(region_phrase(b))}"
    prompt += f" {ground_phrase(rng, scene.background)}"
    return _task("relation", scene, prompt, rng, relation=lambda seen: relation_right(scene, seen, relation))


def make_tasks(count: int, of: Domain = SMALL, seed: int = 90_001) -> list[Task]:
    """``count`` tasks of each suite."""
    world = _open(of)
    tasks: list[Task] = []
    for index in range(count):
        rng = random.Random(f"evaluation/{seed}/{index}")
        shapes = (("one object", (1,)), ("two objects", (1, 1)), ("two", (2,)), ("three", (3,)), ("four", (4,)))
        for suite, shape in shapes:
            scene = sample_scene(rng, world, shape)
            tasks.append(_scene_task(suite, scene, rng))
        tasks.append(_colour_task(rng, of))
        tasks.append(_held_out_task(rng, of))
        tasks.append(_relation_task(rng, of))
    return tasks


def _scene_task(suite: str, scene: Scene, rng: random.Random) -> Task:
    prompt = caption(rng, scene, ground=True)
    return _task(
        suite, scene, prompt, rng,
        objects=lambda seen: objects_right(scene, seen),
        count=lambda seen: counts_right(scene, seen),
        colour=lambda seen: colours_right(scene, seen),
        background=lambda seen: seen.background == scene.background,
        all=lambda seen: (
            counts_right(scene, seen) and colours_right(scene, seen) and seen.background == scene.background
        ),
    )  # fmt: skip


def _single(rng: random.Random, world: World, thing: str, colour: str) -> Task:
    side = sample_side(rng, world, 1, None)
    item = Placed(thing, box_for(thing, side, rng.random(), rng.random(), world.grid), colour)
    scene = Scene((item,), rng.choice(world.backgrounds), None, rng.randrange(1 << 30))
    prompt = caption(rng, scene, ground=True)
    return _task("colour", scene, prompt, rng, colour=lambda seen: colours_right(scene, seen))


def _colour_task(rng: random.Random, of: Domain) -> Task:
    world = of.drawn
    return _single(rng, _open(of), *rng.choice([pair for pair in world.combinations() if pair not in world.held_out]))


def _held_out_task(rng: random.Random, of: Domain) -> Task:
    task = _single(rng, _open(of), *rng.choice(sorted(of.drawn.held_out)))
    return Task("held-out colour", task.scene, task.prompt, task.boxes, task.marks)


# --- drawing ------------------------------------------------------------------------------


Boxes = Sequence[tuple[str, tuple[float, float, float, float]]]


class Studio:
    """A loaded generator, called as the studio would; ``options`` go over those of its own."""

    def __init__(self, model: Model, **options: Any):
        self.model = replace(model, options={**model.options, **options})
        self.generator = registry.generator(self.model)
        self.generator.load()

    def draw(self, prompt: str, boxes: Boxes, seed: int) -> Image.Image:
        return self._run(self._request("generate", prompt, boxes, seed))

    def edit(self, before: Image.Image, pair: EditPair, boxes: Boxes, seed: int, **more: Any) -> Image.Image:
        """The pair's instruction carried out; where it has a hole, painted into it without pasting back."""
        if not pair.hole:
            request = self._request("edit", pair.instruction, boxes, seed, sources=(picture_id(before),), **more)
            return self._run(request, before)
        mask = mask_of([Box(*pair.hole)], Extent(*before.size))
        given = {"sources": (picture_id(before),), "mask": picture_id(mask), "paste_back": False}
        return self._run(self._request("inpaint", pair.instruction, boxes, seed, **given, **more), before, mask)

    def _request(self, kind: Kind, prompt: str, boxes: Boxes, seed: int, **more: Any) -> Request:
        regions = tuple(Region(phrase, Box(*box)) for phrase, box in boxes)
        return Request(model=self.model.name, kind=kind, prompt=prompt, regions=regions, size=Extent(EXTENT, EXTENT),
                       seed=seed, **more)  # fmt: skip

    def _run(self, request: Request, *pictures: Image.Image) -> Image.Image:
        given = {picture_id(picture): picture for picture in pictures}
        return self.generator.run(request, given, lambda event: None, lambda: False).image


def mark_drawings(studio: Studio, judge: Detector, tasks: list[Task], layout: bool) -> tuple[dict, list]:
    """Shares per suite and mark, and the pictures."""
    pictures = [studio.draw(t.prompt, t.boxes if layout else (), 7000 + i) for i, t in enumerate(tasks)]
    seen = judge.detect_all(pictures)
    marks: dict[str, dict[str, list[bool]]] = {}
    for task, view in zip(tasks, seen, strict=True):
        for name, check in task.marks.items():
            marks.setdefault(task.suite, {}).setdefault(name, []).append(check(view))
    return {suite: {name: share(v) for name, v in rows.items()} for suite, rows in marks.items()}, pictures


def targets_of(marks: dict) -> dict[str, dict]:
    """The headline shares, one for each of the pack's targets."""
    both = [marks["two"]["count"], marks["three"]["count"]]
    right, total = (sum(round(m["share"] * m["n"]) for m in both), sum(m["n"] for m in both))
    return {
        "one object": marks["one object"]["objects"],
        "two objects": marks["two objects"]["objects"],
        "counts to three": {"share": round(right / total, 4), "interval": rounded(right, total), "n": total},
        "count four": marks["four"]["count"],
        "colour": marks["colour"]["colour"],
        "colour, pairs never shown": marks["held-out colour"]["colour"],
        "relation": marks["relation"]["relation"],
        "background": marks["one object"]["background"],
        "everything in the caption (one object)": marks["one object"]["all"],
        "everything in the caption (two objects)": marks["two objects"]["all"],
    }


# --- edits --------------------------------------------------------------------------------


def matches(scene: Scene, seen: Seen) -> bool:
    """The judge sees the scene: for every object one detection of its thing, near its box, and nothing more."""
    left = list(seen.objects)
    for item in scene.objects:
        near = [d for d in left if d.thing == item.thing and d.box.iou(Box(*item.box)) > 0.35]
        near = [d for d in near if d.colour == (item.colour or OWN) or (item.colour and has_colour(d, item.colour))]
        if not near:
            return False
        left.remove(near[0])
    return not left


def untouched_error(pair: EditPair, before: Image.Image, after: Image.Image) -> float:
    """Mean absolute difference (0 to 255) outside the boxes concerned, before any compositing."""
    keep = np.ones((EXTENT, EXTENT), bool)
    boxes = [box for _, box in pair.regions] + [o.box for o in pair.after.objects if o not in pair.before.objects]
    for x0, y0, x1, y1 in boxes:
        keep[int(y0 * EXTENT) : math.ceil(y1 * EXTENT), int(x0 * EXTENT) : math.ceil(x1 * EXTENT)] = False
    difference = np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16)).mean(-1)
    return float(difference[keep].mean()) if keep.any() else 0.0


def composite(before: Image.Image, after: Image.Image, hole: tuple[float, float, float, float]) -> Image.Image:
    """The edited pixels inside the hole, the old ones elsewhere."""
    x0, y0, x1, y1 = (round(v * EXTENT) for v in hole)
    result = before.copy()
    result.paste(after.crop((x0, y0, x1, y1)), (x0, y0))
    return result


def sample_pairs(kind: str, count: int, of: Domain = SMALL, seed: int = 70_001) -> list[EditPair]:
    return [sample_edit(random.Random(f"evaluation/{seed}/{kind}/{i}"), of.drawn, kind) for i in range(count)]


def mark_edits(studio: Studio, judge: Detector, count: int, layout: bool, of: Domain = SMALL) -> dict:
    """For each kind of edit: how often the judge sees exactly the scene that was asked for."""
    rows: dict[str, Any] = {}
    for kind in KINDS:
        pairs = sample_pairs(kind, count, of)
        if not layout:
            pairs = [p for p in pairs if not p.ambiguous and p.hole is None]
        if not pairs:
            continue
        before = [Image.fromarray(render(p.before, EXTENT)) for p in pairs]
        rng = random.Random(5)
        boxes = [edit_regions(rng, p, 0.01) if layout else [] for p in pairs]
        after = [studio.edit(b, p, r, i) for i, (b, p, r) in enumerate(zip(before, pairs, boxes, strict=True))]
        kept = [untouched_error(p, b, a) for p, b, a in zip(pairs, before, after, strict=True)]
        after = [composite(b, a, p.hole) if p.hole else a for p, b, a in zip(pairs, before, after, strict=True)]
        seen = judge.detect_all(after)
        right = [
            matches(p.after, s) and (kind != "background" or s.background == p.after.background)
            for p, s in zip(pairs, seen, strict=True)
        ]
        rows[kind] = share(right)
        if kind != "background":
            rows[kind]["mean difference elsewhere"] = round(float(np.mean(kept)), 2)
    return rows


def mark_inpainting(model: Model, judge: Detector, count: int, of: Domain = SMALL) -> dict:
    """Of a diffusion model: an instruction edit with the hole as layout, and diffusers' inpainting pipeline.

    Both composited; the first is what the pack's card says when ``inpaint`` there is "edit".
    """
    pairs = sample_pairs("inpaint", count, of)
    before = [Image.fromarray(render(p.before, EXTENT)) for p in pairs]
    result = {}
    for name, via, strength in (("instruction edit", "edit", None), ("stock inpainting pipeline", "pipeline", 0.95)):
        studio = Studio(model, inpaint_via=via)
        after = [studio.edit(b, p, p.regions, i, strength=strength)
                 for i, (b, p) in enumerate(zip(before, pairs, strict=True))]  # fmt: skip
        pasted = [composite(b, a, p.hole) for b, a, p in zip(before, after, pairs, strict=True) if p.hole]
        result[name] = share([matches(p.after, s) for p, s in zip(pairs, judge.detect_all(pasted), strict=True)])
    return result


# --- the eyes -----------------------------------------------------------------------------


def mark_detector(detector: Detector, count: int = 400, seed: int = 60_001) -> dict:
    """Precision, recall, counts, colours, boxes and backgrounds on held-out rendered scenes of what it knows."""
    world = _open(domain_of(detector.things))
    rng = random.Random(f"evaluation/{seed}")
    scenes = [sample_scene(rng, world) for _ in range(count)]
    views: list[Seen] = []
    for start in range(0, count, 50):
        views += detector.detect_all([Image.fromarray(render(s, EXTENT)) for s in scenes[start : start + 50]])
    found = shown = right = colours = 0
    overlaps: list[float] = []
    exact, grounds = [], []
    for scene, seen in zip(scenes, views, strict=True):
        left = list(seen.objects)
        found, shown = found + len(left), shown + len(scene.objects)
        for item in scene.objects:
            near = [d for d in left if d.thing == item.thing and d.box.iou(Box(*item.box)) > 0.5]
            if near:
                best = max(near, key=lambda d: d.box.iou(Box(*item.box)))
                left.remove(best)
                right += 1
                colours += best.colour == (item.colour or OWN)
                overlaps.append(best.box.iou(Box(*item.box)))
        exact.append(counts_right(scene, seen) and len(seen.objects) == len(scene.objects))
        grounds.append(seen.background == scene.background)
    return {
        "precision": round(right / max(1, found), 4),
        "recall": round(right / shown, 4),
        "colour of those found": round(colours / max(1, right), 4),
        "mean overlap (IoU)": round(float(np.mean(overlaps)) if overlaps else 0.0, 4),
        "all objects and counts": share(exact),
        "background": share(grounds),
        "scenes": count,
    }


def seconds_a_picture(studio: Studio, repeats: int = 5) -> dict[str, float]:
    """Median seconds of one drawing and one edit on this machine, after a first one."""
    pair = next(p for p in sample_pairs("recolour", 9) if not p.ambiguous)
    boxes = [("red apple", (0.1, 0.4, 0.4, 0.7)), ("dog", (0.6, 0.4, 0.9, 0.8))]
    picture = studio.draw("a red apple left of a dog", boxes, 1)

    def median(call: Callable[[], Any]) -> float:
        taken = []
        for _ in range(repeats):
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
        return round(float(np.median(taken)), 3)

    return {
        "drawing": median(lambda: studio.draw("a red apple left of a dog", boxes, 1)),
        "edit": median(lambda: studio.edit(picture, pair, pair.regions, 1)),
    }


def sheet(pictures: list[Image.Image], columns: int = 8) -> Image.Image:
    """Pictures side by side on white."""
    rows = math.ceil(len(pictures) / columns)
    canvas = Image.new("RGB", (columns * (EXTENT + 4) + 4, rows * (EXTENT + 4) + 4), "white")
    for index, picture in enumerate(pictures):
        canvas.paste(picture, (4 + index % columns * (EXTENT + 4), 4 + index // columns * (EXTENT + 4)))
    return canvas


def mark_generator(model: Model, judge: Detector, count: int, edits: int, samples: Path) -> dict:
    """Everything that the card reports of one family; writes a sheet of drawings."""
    world = model.capabilities.world
    of = domain_of(world.objects if world else ())
    studio, tasks = Studio(model), make_tasks(count, of)
    found: dict[str, Any] = {"threads": torch.get_num_threads(), "seconds": seconds_a_picture(studio)}
    for name, layout in (("with layout", True), ("without layout", False)):
        marks, pictures = mark_drawings(studio, judge, tasks, layout)
        found[name] = {"targets": targets_of(marks), "suites": marks}
        if layout:
            chosen = [i for i, t in enumerate(tasks) if t.suite in ("one object", "two objects", "three", "relation")]
            sheet([pictures[i] for i in chosen[:40]]).quantize(256).save(samples, optimize=True)
            found["samples"] = [tasks[i].prompt for i in chosen[:40]]
    if model.capabilities.understands:
        found["understanding"] = mark_understanding(studio.generator, 2 * edits, of)
    if model.family == "hybrid":
        return found  # it edits as its refiner does
    found["edits with layout"] = mark_edits(studio, judge, edits, True, of)
    found["edits without layout"] = mark_edits(studio, judge, edits, False, of)
    if model.family == "diffusion":
        found["inpainting"] = mark_inpainting(model, judge, edits, of)
    return found


def mark_understanding(reader: Any, count: int, of: Domain = SMALL) -> dict:
    """What a model says of ``count`` rendered scenes, and of as many for each kind of question."""
    said = measure(reader, of, count)
    right = {name: share([i < n for i in range(count)]) for name, n in said["describe"]["right"].items()}
    answered = {kind: share([i < row["right"] for i in range(row["count"])]) for kind, row in said["answer"].items()}
    return {"describe": right, "answer": answered, "seconds": said["seconds"], "wrong": said["describe"]["wrong"]}


def mark_reconstruction() -> dict:
    """What the pack's autoencoder and its picture tokenizer keep of pictures."""
    device = torch.device("cpu")
    model = AutoencoderKLFlux2.from_pretrained(PACK / "diffusion" / "vae", torch_dtype=torch.bfloat16)

    def rebuild(pictures: torch.Tensor) -> torch.Tensor:
        values = scaled(pictures.permute(0, 3, 1, 2)).to(model.dtype)
        values = model.decode(model.encode(values).latent_dist.mode()).sample.float()
        return ((values.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1)

    found: dict[str, Any] = {"autoencoder": tokenizer.rebuilt(rebuild, device, "small")}
    both = (PACK / family / "tokens" for family in ("autoregressive", "unified"))  # the same in each
    if folder := next((place for place in both if place.is_dir()), None):
        found["picture tokenizer"] = tokenizer.measure(PictureTokens.load(folder, device, torch.bfloat16), "small")
    return {name: {key: round(value, 4) for key, value in row.items()} for name, row in found.items()}


def mark_eyes(folder: Path) -> dict:
    """A detector on rendered scenes, and on pictures that generators drew."""
    detector = Detector.load(folder)
    return {**mark_detector(detector), "on generated pictures": mark(detector, list(read()))}


def main() -> None:
    restart_with_allocator_settings("generators.training.evaluate")
    models = {model.family: model for model in registry.listed() if model.name.startswith("pack-")}
    eyes = {"critic": PACK / "critic", "judge": JUDGE}
    known = [*models, *eyes, "reconstruction", *(["contrastive"] if (PACK / "contrastive").is_dir() else [])]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help=f"of {', '.join(known)}; all if none is named")
    parser.add_argument("--count", type=int, default=100, help="scenes of each suite")
    parser.add_argument("--edits", type=int, default=40, help="pairs of each kind of edit")
    parser.add_argument("--training", type=Path, help="a JSON file of facts about the training, for the card")
    args = parser.parse_args()
    if unknown := set(args.what) - set(known):
        parser.error(f"The pack has no {', '.join(sorted(unknown))}.")
    metrics = json.loads(METRICS.read_text()) if METRICS.is_file() else {}
    wanted, judge = args.what or known, Detector.load(JUDGE)
    families = metrics.setdefault("generators", {})
    for name in wanted:
        if name in eyes:
            metrics[name] = mark_eyes(eyes[name])
        elif name == "reconstruction":
            metrics[name] = mark_reconstruction()
        elif name == "contrastive":
            metrics[name] = retrieval.measure(Matcher.load(PACK / name), domain("small"))
        else:
            families[name] = mark_generator(models[name], judge, args.count, args.edits, PACK / f"samples-{name}.png")
    if args.training:
        metrics["training"] = json.loads(args.training.read_text())
    METRICS.write_text(json.dumps(metrics, indent=1) + "\n")
    write_card(PACK)


if __name__ == "__main__":
    main()
