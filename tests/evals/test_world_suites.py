"""world-layout, world-drift, world-understand: the truth scores 1, and what is wrong in one respect scores 0."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from evals import benchmarks, registry
from evals.api import Item, Look, Sample
from evals.data import make_world_understand
from evals.data.make_world_generate import PACK
from evals.scorers import layout
from evals.scorers.drift import SCORER as DRIFT
from evals.scorers.understand import SCORER as UNDERSTAND
from generators.api import Box, Detection, Region, Seen
from generators.provenance import KEY
from generators.world.questions import answers_of
from tools.places import find_place

LAYOUTS = registry.task("world-layout").items()
WISHES = registry.task("world-drift").items()
QUESTIONS = registry.task("world-understand").items()


def sample(item: Item, **more: Any) -> Sample:
    return Sample(key="k", suite="s", suite_version=1, item=item, arm="agent", generator="g", seed=1, status="done",
                  **more)


# --- world-layout -------------------------------------------------------------------------


def regions(truth: dict[str, Any]) -> list[Region]:
    """A layout of the truth: a row of boxes, and a box in each place that is asked for."""
    found = []
    for line in truth["include"]:
        for _ in range(line["count"]):
            box = Box(0.02 + 0.2 * len(found), 0.4, 0.16 + 0.2 * len(found), 0.54)
            if place := find_place(line.get("place", "")):
                x, y = (sum(span) / 2 for span in place)
                box = Box(x - 0.1, y - 0.1, x + 0.1, y + 0.1)
            found.append(Region(line["class"], box))
    return found


def drawn(boxes: list[Region], kind: str = "generate") -> Image.Image:
    """As it comes out of a run's folder: a PNG with its record, opened and made RGB."""
    request = {"kind": kind, "prompt": "", "regions": boxes}
    data, record = io.BytesIO(), PngInfo()
    record.add_itxt(KEY, json.dumps({"request": request}))
    Image.new("RGB", (8, 8)).save(data, "PNG", pnginfo=record)
    return Image.open(data).convert("RGB")


def seen(boxes: list[Region]) -> Seen:
    return Seen(tuple(Detection(region.phrase, "own", region.box, 0.9) for region in boxes))


def hit(item: Item, boxes: list[Region], there: Seen) -> float:
    return layout.SCORER.score(Look(item, sample(item), drawn(boxes), there)).value


def shifted(objects: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """The first thing half a box to the side: it overlaps its box by a third."""
    box = objects[0].box
    by = box.width / 2
    return (replace(objects[0], box=Box(box.x0 + by, box.y0, box.x1 + by, box.y1)), *objects[1:])


SPOILED: dict[str, Callable[[tuple[Detection, ...]], tuple[Detection, ...]]] = {
    "a thing is missing": lambda objects: objects[1:],
    "another thing in its place": lambda objects: (replace(objects[0], thing="giraffe"), *objects[1:]),
    "a thing beside its box": shifted,
    "a thing that is hardly seen": lambda objects: (replace(objects[0], confidence=0.2), *objects[1:]),
}


def test_a_drawing_that_fills_its_boxes_is_right() -> None:
    assert [item.id for item in LAYOUTS if hit(item, regions(item.truth), seen(regions(item.truth))) != 1] == []


@pytest.mark.parametrize("kind", SPOILED)
@pytest.mark.parametrize("tag", sorted({item.tag for item in LAYOUTS}))
def test_a_box_that_is_not_hit_is_wrong(tag: str, kind: str) -> None:
    for item in (item for item in LAYOUTS if item.tag == tag):
        boxes = regions(item.truth)
        assert hit(item, boxes, Seen(SPOILED[kind](seen(boxes).objects))) == 0, item.id


def test_what_got_no_box_is_wrong_though_all_boxes_are_hit() -> None:
    for item in LAYOUTS:
        boxes = regions(item.truth)[1:]
        assert hit(item, boxes, seen(boxes)) == 0, item.id


def test_a_box_elsewhere_than_asked_for_is_wrong_though_it_is_hit() -> None:
    for item in (item for item in LAYOUTS if item.tag == "place"):
        boxes = [replace_box(region) for region in regions(item.truth)]
        assert hit(item, boxes, seen(boxes)) == 0, item.id


def replace_box(region: Region) -> Region:
    """On the other side of the picture."""
    b = region.box
    return Region(region.phrase, Box(1 - b.x1, 1 - b.y1, 1 - b.x0, 1 - b.y0))


def test_one_thing_hits_one_box() -> None:
    """Of two equal boxes over one dog only one is hit; the share and the mean overlap say so."""
    item = Item(id="x", tag="t", turns=["two dogs"], truth={"include": [{"class": "dog", "count": 2}]})
    boxes = [Region("dog", Box(0, 0, 0.5, 0.5)), Region("red dog", Box(0, 0, 0.5, 0.5))]
    score = layout.SCORER.score(Look(item, sample(item), drawn(boxes), seen(boxes[:1])))
    assert score.value == 0 and score.parts == {"boxes hit": 0.5, "IoU": 0.5}
    assert "dog not in its box" in score.note and len(score.marks) == 2


def test_a_picture_without_boxes_is_wrong() -> None:
    item = LAYOUTS[0]
    score = layout.SCORER.score(Look(item, sample(item), Image.new("RGB", (8, 8)), seen(regions(item.truth))))
    assert score.value == 0 and score.note.startswith("drawn without boxes")
    boxes = regions(item.truth)
    repaired = layout.SCORER.score(Look(item, sample(item), drawn(boxes, "inpaint"), seen(boxes)))
    assert repaired.value == 0 and repaired.note == score.note
    broken = Image.new("RGB", (8, 8))
    broken.info[KEY] = "{no record"
    assert layout.planned(broken) == []


# --- world-drift --------------------------------------------------------------------------

PARTS = {"objects": "objects", "counts": "objects", "colours": "objects", "sizes": "objects", "avoid": "avoid",
         "relations": "relations", "background": "background", "style": "style", "everything": "objects"}
"""What is lost of a wish whose own part is left out."""


def kept(item: Item, prompt: str, negative: str = "") -> Any:
    plan = {"tool": "generate", "arguments": {"prompt": prompt, "negative": negative}}
    return DRIFT.score(Look(item, sample(item, plan=plan)))


def brief_of(item: Item) -> dict[str, Any]:
    brief: dict[str, Any] = item.truth["brief"]
    return brief


def said(brief: dict[str, Any]) -> tuple[str, str]:
    """The words of a Brief, and of what must not be there: a prompt that keeps everything, by the shortest way."""
    def words(thing: dict[str, Any]) -> str:
        many = thing["count"] > 1
        parts = [str(thing["count"]) if many else "one", thing.get("size"), thing["colour"], thing["name"]]
        return " ".join(part for part in parts if part)

    a, b = (words(thing) for thing in brief["objects"])
    link = brief["relations"][0][1] if brief.get("relations") else "and"
    where = f" with {brief['background']} background" if brief.get("background") else ""
    how = f" in {brief['style']} style" if brief.get("style") else ""
    return f"{a} {link} {b}{where}{how}", ", ".join(brief.get("avoid", []))


def without(brief: dict[str, Any], tag: str) -> dict[str, Any]:
    """The Brief less what its kind is about."""
    if tag in ("relations", "background", "style", "avoid"):
        return {name: value for name, value in brief.items() if name != tag}
    first, second = brief["objects"]
    lost = {"objects": {"name": "pizza" if first["name"] != "pizza" else "dog"}, "counts": {"count": 5},
            "colours": {"colour": None}, "sizes": {"size": None}, "everything": {"colour": None}}[tag]
    return {**brief, "objects": [{**first, **lost}, second]}


def test_the_users_own_words_keep_everything() -> None:
    """Less the verb: a prompt is no command."""
    prompts = [re.sub(r"^(?:please )?draw (?:me )?", "", item.turns[0]) for item in WISHES]
    assert [item.id for item, own in zip(WISHES, prompts, strict=True) if kept(item, own).value != 1] == []


def test_other_words_that_say_the_same_keep_everything() -> None:
    assert [item.id for item in WISHES if kept(item, *said(brief_of(item))).value != 1] == []


@pytest.mark.parametrize("tag", sorted(PARTS))
def test_a_prompt_that_leaves_something_out_has_lost_it(tag: str) -> None:
    for item in (item for item in WISHES if item.tag == tag):
        score = kept(item, *said(without(brief_of(item), tag)))
        assert score.value == 0 and score.parts[PARTS[tag]] == 0, item.id


def test_every_kind_of_wish_is_there() -> None:
    assert {item.tag for item in WISHES} == set(PARTS)


def test_no_prompt_is_wrong() -> None:
    item = WISHES[0]
    asked = DRIFT.score(Look(item, sample(item, plan={"tool": "ask", "arguments": {"question": "?"}})))
    assert asked.value == 0 and asked.note == "no prompt (called ask)"


# --- world-understand ---------------------------------------------------------------------

REPLIES: dict[str, Callable[[str], str]] = {
    "count": lambda answer: f"I see {answer} of them in the picture.",
    "presence": lambda answer: f"{answer.capitalize()}, so it is.",
    "relation": lambda answer: f"{answer.capitalize()}.",
    "colour": lambda answer: f"It is {answer}.",
    "background": lambda answer: f"The background is {answer}.",
}
FACTS = json.loads(PACK.read_text())


def understood(item: Item, reply: str) -> float:
    return UNDERSTAND.score(Look(item, sample(item, reply=reply))).value


@pytest.mark.parametrize("kind", REPLIES)
def test_the_right_answer_is_right_and_every_other_one_wrong(kind: str) -> None:
    every = answers_of(make_world_understand.world_of(FACTS), kind)
    for item in (item for item in QUESTIONS if item.tag == kind):
        for answer in every:
            assert understood(item, REPLIES[kind](answer)) == float(answer == item.truth["answer"]), item.id


@pytest.mark.parametrize(("kind", "answer", "reply", "right"), [
    ("count", "two", "I see 2 dogs in the picture.", 1), ("count", "two", "I see a pair.", 0),
    ("count", "zero", "I see no dog in the picture.", 1), ("count", "one", "There is a dog.", 0),
    ("presence", "no", "No, I see no dog in the picture.", 1), ("presence", "yes", "There is a dog.", 0),
    ("presence", "no", "Nothing like that.", 0), ("colour", "red", "It looks crimson.", 1),
    ("colour", "red", "One is red and one is blue.", 0), ("background", "plain blue", "A plain blue background.", 1),
    ("background", "sea", "I see 2 dogs.", 0), ("count", "two", "", 0),
])
def test_replies_are_read_as_people_read_them(kind: str, answer: str, reply: str, right: int) -> None:
    item = Item(id="x", tag=kind, turns=["?"], truth={"kind": kind, "answer": answer})
    assert understood(item, reply) == right


def test_the_answers_of_a_kind_come_in_turn() -> None:
    """Whoever always gives the same answer is right by chance."""
    for kind in REPLIES:
        answers = [item.truth["answer"] for item in QUESTIONS if item.tag == kind]
        few = len(answers_of(make_world_understand.world_of(FACTS), kind))
        assert max(answers.count(a) for a in answers) <= -(-len(answers) // few), kind


def test_the_pictures_are_those_of_the_questions(emoji_font: str) -> None:
    """One of each kind is rendered again."""
    rendered = dict(make_world_understand.questions(FACTS))
    for item in QUESTIONS[:: len(QUESTIONS) // 5]:
        with Image.open(benchmarks.picture(item.brings or "")) as stored:
            assert stored.convert("RGB").tobytes() == make_world_understand.picture(rendered[item.id]).tobytes()
