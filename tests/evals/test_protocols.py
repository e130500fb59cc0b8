"""Published aggregations on small examples worked by hand."""

from __future__ import annotations

import pytest

from evals import protocols
from evals.protocols import Question


def test_soft_tifa_is_an_arithmetic_mean_of_atoms_and_a_geometric_one_of_prompts() -> None:
    assert protocols.atom_level([0.25, 1.0]) == 0.625
    assert protocols.prompt_level([0.25, 1.0]) == pytest.approx(0.5)  # the root of 0.25 x 1
    assert protocols.prompt_level([0.9, 0.9, 0.9]) == pytest.approx(0.9)
    assert protocols.prompt_level([0.0, 1.0]) == 0.0
    assert protocols.by_skill([(["count", "object"], [0.5, 1.0]), (["object"], [0.0])]) == {"count": 0.5, "object": 0.5}


BARN = [Question(1, (), "entity - whole", "Is there a barn?"), Question(2, (1,), "attribute - color", "Is it red?"),
        Question(3, (2,), "relation - spatial", "Is the red barn on a hill?"), Question(4, (), "global", "A photo?")]


@pytest.mark.parametrize(("yes", "expected"), [
    ({1, 2, 3, 4}, 1.0),
    (set(), 0.0),
    ({2, 3, 4}, 0.25),  # no barn: nothing about it counts, only the photo does
    ({1, 3, 4}, 0.5),  # not red: the relation of the red barn falls with it
    ({1, 2, 4}, 0.75),
    ({3, 4}, 0.25),
])
def test_a_question_falls_with_those_that_it_depends_on(yes: set[int], expected: float) -> None:
    assert protocols.dpg(BARN, {question.id: question.id in yes for question in BARN}) == expected


def test_what_fell_pulls_down_what_comes_after_it_and_not_what_came_before() -> None:
    backwards = [Question(1, (2,), "a", "?"), Question(2, (3,), "a", "?"), Question(3, (), "a", "?")]
    right = {1: True, 2: True, 3: False}
    assert protocols.dependent(backwards, right) == {1: 1.0, 2: 0.0, 3: 0.0}  # 1 was looked at while 2 still held
    assert protocols.dependent(backwards[::-1], right) == {1: 0.0, 2: 0.0, 3: 0.0}


def test_categories_are_shares_of_yes_without_the_rule() -> None:
    answers = [("entity - whole", True), ("entity - part", False), ("global", True), ("entity - whole", True)]
    assert protocols.by_category(answers) == {"entity": pytest.approx(2 / 3), "global": 1.0}
    assert protocols.by_category(answers, broad=False) == {"entity - whole": 1.0, "entity - part": 0.0, "global": 1.0}


def test_blip_vqa_is_a_product_over_noun_phrases() -> None:
    assert protocols.blip_vqa([0.5, 0.4, None, None]) == 0.2
    assert protocols.blip_vqa([0.3333, 0.3333]) == 0.1111  # 0.11108889, as it is written to file
    assert protocols.blip_vqa([None]) == 1.0


@pytest.mark.parametrize(("kind", "expected"), [("spatial", 0.5), ("action", 0.45), ("both", 0.4)])
def test_complex_prompts_are_averages_of_what_they_speak_of(kind: str, expected: float) -> None:
    assert protocols.three_in_one(kind, attribute=0.6, spatial=0.4, action=0.3 if kind == "action" else 0.2
                                  ) == pytest.approx(expected)


def test_a_rubrics_marks_are_read_from_a_verdict() -> None:
    reply = ("Brief reasoning: the dog is there, 2 seams: visible.\nPrompt Compliance: 5\nVisual Naturalness: 4\n"
             "Physical & Detail Integrity: 4")
    assert protocols.rated(reply) == 4.33
    assert protocols.rated("Prompt Compliance: 3.5\nI cannot say.") is None
    assert protocols.by_type([("add", 5.0), ("add", 4.33), ("style", 2.0)]) == {"add": 4.67, "style": 2.0}


def test_an_edits_overall_score_is_a_geometric_mean_and_types_weigh_alike() -> None:
    assert protocols.viescore(9.0, 4.0) == 6.0
    assert protocols.gedit([("add", 9.0, 4.0), ("add", 4.0, 4.0), ("style", 1.0, 1.0)]) == 3.0  # (5 + 1) / 2


@pytest.mark.parametrize(("reply", "mark"), [
    ('{"score": [7, 4], "reasoning": "odd hands"}', 4.0), ('So: ||V^=^V||\n{"score" : [9],\n"reasoning" : ""}', 9.0),
    ("[6, 0]", 0.0), ('{"score": 8}', 8.0), ('{"score": [11, 3]}', None), ('{"score": []}', None), ("I cannot", None)])
def test_viescore_is_the_smallest_mark_of_a_reply(reply: str, mark: float | None) -> None:
    assert protocols.least(reply) == mark


def test_a_turn_succeeds_where_both_marks_are_above_six() -> None:
    assert protocols.followed('{"reason": "fine", "prompt_following": 9, "consistency": 7}') == (9.0, 7.0)
    assert protocols.followed('{"prompt_following": 9}') is None
    assert [protocols.succeeds(marks) for marks in [(7, 7), (10, 6), (6, 10), None]] == [True, False, False, False]


def test_a_turn_that_failed_takes_those_after_it_along() -> None:
    good, bad = (8.0, 8.0), (3.0, 9.0)
    assert protocols.sessions([[good, good, good], [good, bad], [bad, good, good], [good, good, None]]) == [
        0.75, 0.5, 0.25]  # by turn: all but the third; the first and the fourth; the first
