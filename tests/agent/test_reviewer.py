"""The repair policy: for each cause the calls that could mend it, and what is kept of a repair."""

from __future__ import annotations

from typing import Any

import pytest

from agent.attempts import best, unchanged
from agent.reviewer import _causes, aimed, mends, nearer, satisfied
from generators.api import Box
from tests.agent.conftest import DRAW
from tools.api import Brief, BriefObject, BriefRelation, Critique, Finding, SceneObject

pytestmark = pytest.mark.shared_worker
APPLE = BriefObject(id="apple", name="apple", colour="red")
DOGS = BriefObject(id="dog", name="dog", count=2)
PURPLE = BriefObject(id="dog-2", name="dog", colour="purple")
LEFT = Box(0.1, 0.1, 0.3, 0.3)
RIGHT = Box(0.6, 0.6, 0.9, 0.9)


def seen(id: str, colour: str | None = None, box: Box = LEFT) -> SceneObject:
    return SceneObject(id=id, name=id.rsplit("-", 1)[0], colour=colour, box=box)


def failed(brief: Brief, *texts: str) -> list[Finding]:
    lines = [line for line in brief.requirements() if line.text in texts]
    assert len(lines) >= len(texts)
    return [Finding(requirement=line.text, kind=line.kind, subject=line.subject, passed=False, confidence=1,
                    evidence="") for line in lines]


def ways(brief: Brief, scene: list[SceneObject], *texts: str, layout: Any = ()) -> list[tuple[str, dict[str, Any]]]:
    """Tool and arguments of every way to mend the one cause."""
    (cause,) = _causes(brief, failed(brief, *texts))
    return [(call.name, call.arguments) for call in aimed(brief, cause, scene, layout)]


def test_a_missing_thing_goes_to_the_free_box_of_the_layout() -> None:
    brief = Brief(objects=[APPLE, DOGS])
    layout = [["red apple", list(RIGHT)], ["dog", list(LEFT)], ["dog", list(RIGHT)]]
    assert ways(brief, [seen("dog-1"), seen("dog-2")], "an apple", "red apple", layout=layout) == [
        ("inpaint", {"prompt": "red apple", "box": list(RIGHT)}),
        ("edit", {"instruction": "add a red apple", "operation": "add", "phrase": "red apple", "box": list(RIGHT)})]
    (_, added), _ = ways(brief, [seen("dog-1"), seen("apple-1", "red")], "two dogs", layout=layout)
    assert added["box"] == list(RIGHT), "the other box has a dog already"


def test_a_missing_thing_without_a_free_box_goes_where_there_is_room() -> None:
    brief = Brief(objects=[APPLE, DOGS])
    for layout in ([], [["red apple", list(LEFT)]]):
        (_, added), _ = ways(brief, [seen("dog-1"), seen("dog-2", box=RIGHT)], "an apple", "red apple", layout=layout)
        box = Box(*added["box"])
        assert box.iou(LEFT) < 0.1 and box.iou(RIGHT) < 0.1 and 0 <= box.x0 < box.x1 <= 1


def test_what_follows_from_a_missing_thing_is_no_cause_of_its_own() -> None:
    brief = Brief(objects=[APPLE, DOGS], relations=[BriefRelation(subject="dog", relation="left of", object="apple")])
    texts = ["an apple", "red apple", brief.relation_text(brief.relations[0])]
    assert [f.requirement for f in _causes(brief, failed(brief, *texts))] == ["an apple"]


def test_where_only_an_answer_says_so_nothing_is_aimed_at() -> None:
    """A vision-language model that was asked knows that there are not two dogs, and not which there are."""
    brief = Brief(objects=[DOGS], background="beach")
    for line in failed(brief, "two dogs"):
        assert aimed(brief, line, [], []) and not aimed(brief, line.model_copy(update={"by": "asked"}), [], [])
    (ground,) = failed(brief, "background: beach")
    assert aimed(brief, ground.model_copy(update={"by": "asked"}), [], []), "a background needs no aim"


def test_a_wrong_colour_is_changed_where_it_is() -> None:
    brief = Brief(objects=[APPLE, DOGS])
    assert ways(brief, [seen("apple-1", "green"), seen("dog-1")], "red apple") == [
        ("edit", {"instruction": "make the apple red", "operation": "recolour", "targets": ["apple-1"],
                  "phrase": "red"}),
        ("inpaint", {"prompt": "red apple", "targets": ["apple-1"]})]


def test_only_as_many_as_lack_the_colour_and_none_that_is_right_as_it_is() -> None:
    black = BriefObject(id="dog", name="dog", colour="black")
    scene = [seen("dog-1", "black"), seen("dog-2", "brown"), seen("dog-3", "brown")]
    (_, changed), *_ = ways(Brief(objects=[black, PURPLE]), scene, "purple dog")
    assert changed["targets"] == ["dog-2"]


def test_things_of_one_name_are_counted_together() -> None:
    brief = Brief(objects=[BriefObject(id="dog", name="dog"), PURPLE])
    assert [arguments.get("phrase", arguments.get("prompt")) for _, arguments in ways(
        brief, [seen("dog-1")], "a dog")] == ["purple dog", "purple dog"]


def test_what_is_too_many_is_painted_over_in_its_box() -> None:
    scene = [seen("apple-1", "red"), seen("apple-2", "green", RIGHT)]
    assert ways(Brief(objects=[APPLE]), scene, "an apple") == [
        ("inpaint", {"prompt": "nothing", "targets": ["apple-2"]}),
        ("edit", {"instruction": "remove the apple", "operation": "remove", "targets": ["apple-2"]})]
    (_, unwanted), *_ = ways(Brief(objects=[APPLE], avoid=["dogs"]), [seen("dog-1"), seen("apple-1")], "no dogs")
    assert unwanted["targets"] == ["dog-1"]


def test_what_stands_wrong_is_moved_and_what_is_too_small_is_made_bigger() -> None:
    relation = BriefRelation(subject="dog", relation="left of", object="apple")
    brief = Brief(objects=[BriefObject(id="dog", name="dog", size="big"), APPLE], relations=[relation])
    scene = [seen("dog-1", box=RIGHT), seen("apple-1")]
    ((_, moved),) = ways(brief, scene, brief.relation_text(relation))
    assert (moved["operation"], moved["instruction"], moved["targets"]) == (
        "move", "move the dog to the left of the apple", ["dog-1"])
    ((_, bigger),) = ways(brief, scene, "big dog")
    assert (bigger["operation"], bigger["instruction"]) == ("resize", "make the dog bigger")


def test_a_wrong_background_is_changed_and_a_style_cannot_be_aimed_at() -> None:
    brief = Brief(objects=[APPLE], background="beach", style="watercolour")
    ((_, changed),) = ways(brief, [], "background: beach")
    assert (changed["operation"], changed["phrase"]) == ("background", "beach")
    assert ways(brief, [], "style: watercolour") == []


def finding(text: str, passed: bool | None) -> Finding:
    return Finding(requirement=text, kind="count", passed=passed, confidence=1, evidence="")


def test_a_repair_is_worth_keeping_where_it_mends_its_line_and_breaks_none() -> None:
    before = [finding("two dogs", True), finding("an apple", False), finding("a cat", None)]
    mended = [finding("two dogs", True), finding("an apple", True), finding("a cat", None)]
    assert mends(before, mended, "an apple")
    assert not mends(before, before, "an apple")
    assert not mends(before, [finding("two dogs", False), finding("an apple", True)], "an apple")
    assert not mends(before, [finding("two dogs", True), finding("an apple", None)], "an apple")


def attempt(picture: str, score: float | None, edition: int = 1, base: str | None = None) -> dict[str, Any]:
    findings = [Finding(requirement=str(n), kind="count", passed=n < (score or 0) * 10, confidence=1, evidence="")
                for n in range(10)]
    critique = Critique(picture=picture, findings=findings).model_dump(mode="json") if score is not None else None
    return {"picture": picture, "critique": critique, "edition": edition, "base": base, "call": {}}


def test_the_best_is_the_highest_score_then_the_latest() -> None:
    tries = [attempt("a", 0.5), attempt("b", 0.8), attempt("c", 0.8), attempt("d", 0.3)]
    assert (best(tries) or {})["picture"] == "c"
    assert (best([attempt("a", 1.0, edition=1), attempt("b", 0.2, edition=2)]) or {})["picture"] == "b"
    assert (best([attempt("a", None), attempt("b", None)]) or {})["picture"] == "b"
    assert best([]) is None


def test_an_edit_without_effect_is_noticed() -> None:
    assert unchanged(attempt("a", None, base="a")) and not unchanged(attempt("b", None, base="a"))


def test_one_of_two_that_are_too_many_gone_is_on_the_way() -> None:
    brief, three = Brief(objects=[APPLE, DOGS]), [seen("apple-1"), seen("apple-2"), seen("apple-3")]
    assert nearer(brief, "an apple", three, three[:2]) and nearer(brief, "two dogs", [], [seen("dog-1")])
    assert not nearer(brief, "an apple", three, three) and not nearer(brief, "an apple", three[:1], [])
    assert not nearer(brief, "red apple", three, three[:2])


def test_a_repair_that_mended_nothing_is_never_the_best() -> None:
    assert (best([attempt("a", 0.5), attempt("b", 0.9) | {"kept": False}]) or {})["picture"] == "a"


@pytest.mark.parametrize(("passed", "easy", "queue", "over"), [
    (True, True, [], True), (None, True, [], False), (False, True, [], False), (True, False, [], False),
    (True, True, [{"name": "edit"}], False)])
def test_an_easy_request_that_is_met_ends_the_turn(passed: bool | None, easy: bool, queue: list[Any],
                                                   over: bool) -> None:
    critique = Critique(picture="a", findings=[finding("a dog", passed)]).model_dump(mode="json")
    state: Any = {"plan": {"easy": easy}, "queue": queue, "picture": "a", "attempts": [
        {"picture": "a", "critique": critique, "edition": 1, "base": None, "call": {}}]}
    assert satisfied(state) is over


class Clumsy:
    """Leaves the apple out; `inpaint` paints a star instead, and moves a dog; instructions it carries out."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.asked = inner, []

    def draw(self, request: Any, *rest: Any) -> Any:
        self.asked.append((request.kind, request.model, request.seed, request.prompt))
        if request.kind == "generate":
            regions = tuple(region for region in request.regions if "apple" not in region.phrase)
            request = request.model_copy(update={"prompt": "two dogs", "regions": regions})
        if request.kind == "inpaint":
            request = request.model_copy(update={"kind": "generate", "prompt": "a star", "regions": (),
                                                 "sources": (), "mask": None})
        return self.inner.draw(request, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_where_the_first_road_fails_the_next_one_starts_from_the_best_picture(bench: Any) -> None:
    table = bench([DRAW, "Done."])
    table.studio.workshop = clumsy = Clumsy(table.studio.workshop)
    outcome = table.say("dogs")
    assert [step.tool for step in outcome.steps if step.tool in ("generate", "inpaint", "edit")] == [
        "generate", "inpaint", "edit"]
    assert outcome.status == "done" and outcome.usage.images == 3
    first = next(entry.picture for entry in table.entries if entry.kind == "call" and entry.picture)
    assert outcome.images[0].parents == [first], "not the one that the failed repair made"
    assert len(set(clumsy.asked)) == len(clumsy.asked), "never the same call twice"

