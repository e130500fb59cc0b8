"""The repair policy: one cause, one aimed call; anything else is drawn again."""

from __future__ import annotations

from typing import Any

import pytest

from agent.attempts import best, unchanged
from agent.reviewer import _aimed, _causes
from generators.api import Box
from tools.api import Brief, BriefObject, BriefRelation, Critique, Finding, SceneObject

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


def aim(brief: Brief, scene: list[SceneObject], *texts: str, layout: Any = ()) -> dict[str, Any] | None:
    call = _aimed(brief, _causes(brief, failed(brief, *texts)), scene, layout)
    return call.arguments if call else None


def test_a_missing_thing_goes_to_the_free_box_of_the_layout() -> None:
    brief = Brief(objects=[APPLE, DOGS])
    layout = [["red apple", list(RIGHT)], ["dog", list(LEFT)], ["dog", list(RIGHT)]]
    assert aim(brief, [seen("dog-1"), seen("dog-2")], "an apple", "red apple", layout=layout) == {
        "instruction": "add a red apple", "operation": "add", "phrase": "red apple", "box": list(RIGHT)}
    added = aim(brief, [seen("dog-1"), seen("apple-1", "red")], "two dogs", layout=layout)
    assert added and added["box"] == list(RIGHT), "the other box has a dog already"


def test_what_follows_from_a_missing_thing_is_no_cause_of_its_own() -> None:
    brief = Brief(objects=[APPLE, DOGS], relations=[BriefRelation(subject="dog", relation="left of", object="apple")])
    texts = ["an apple", "red apple", brief.relation_text(brief.relations[0])]
    assert [f.requirement for f in _causes(brief, failed(brief, *texts))] == ["an apple"]


def test_a_wrong_colour_is_changed_where_it_is() -> None:
    brief = Brief(objects=[APPLE, DOGS])
    assert aim(brief, [seen("apple-1", "green"), seen("dog-1")], "red apple") == {
        "instruction": "make the apple red", "operation": "recolour", "targets": ["apple-1"], "phrase": "red"}


def test_only_as_many_as_lack_the_colour_and_none_that_is_right_as_it_is() -> None:
    black = BriefObject(id="dog", name="dog", colour="black")
    brief = Brief(objects=[black, PURPLE])
    scene = [seen("dog-1", "black"), seen("dog-2", "brown"), seen("dog-3", "brown")]
    changed = aim(brief, scene, "purple dog")
    assert changed and changed["targets"] == ["dog-2"]


def test_things_of_one_name_are_counted_together() -> None:
    brief = Brief(objects=[BriefObject(id="dog", name="dog"), PURPLE])
    added = aim(brief, [seen("dog-1")], "a dog")
    assert added and (added["operation"], added["phrase"]) == ("add", "purple dog")


def test_what_is_too_many_is_removed() -> None:
    brief = Brief(objects=[APPLE])
    scene = [seen("apple-1", "red"), seen("apple-2", "green", RIGHT)]
    assert aim(brief, scene, "an apple") == {
        "instruction": "remove the apple", "operation": "remove", "targets": ["apple-2"]}
    unwanted = aim(Brief(objects=[APPLE], avoid=["dogs"]), [seen("dog-1"), seen("apple-1")], "no dogs")
    assert unwanted and unwanted["targets"] == ["dog-1"]


@pytest.mark.parametrize("texts", [["an apple", "two dogs"], ["background: beach"], ["red apple", "background: beach"]])
def test_several_causes_or_none_to_aim_at_are_drawn_again(texts: list[str]) -> None:
    assert aim(Brief(objects=[APPLE, DOGS], background="beach"), [], *texts) is None


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
