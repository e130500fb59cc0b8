"""Whatever lies in tools/critics/: it passes what is right, fails what is wrong, and keeps to its own lines."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
from PIL import Image

from generators.api import Box, Detection, Seen
from tools.api import Brief, BriefObject, BriefRelation, RequirementKind
from tools.critics.api import Critic
from tools.critics.registry import all_critics
from tools.critique import judge

CRITICS = all_critics()
IMAGE = Image.new("RGB", (64, 64), "white")

BRIEF = Brief(
    request="two small red apples to the left of a big dog at the top right, on a beach, no cat",
    objects=[BriefObject(id="apple", name="apple", count=2, colour="red", size="small"),
             BriefObject(id="dog", name="dog", count=1, colour="blue", size="big", place="top right")],
    relations=[BriefRelation(subject="apple", relation="left of", object="dog")],
    background="beach", avoid=["cat"])
RIGHT = Seen((Detection("apple", "red", Box(0.05, 0.7, 0.15, 0.8), 0.9),
              Detection("apple", "red", Box(0.2, 0.7, 0.3, 0.8), 0.9),
              Detection("dog", "blue", Box(0.5, 0.02, 0.98, 0.5), 0.9)), "beach", 0.9)
WRONG = Seen((Detection("apple", "green", Box(0.6, 0.3, 0.99, 0.7), 0.9),
              Detection("cat", "own", Box(0.3, 0.3, 0.5, 0.5), 0.9),
              Detection("dog", "pink", Box(0.02, 0.85, 0.12, 0.95), 0.9)), "night", 0.9)

every_critic = pytest.mark.parametrize("critic", CRITICS, ids=lambda critic: type(critic).__module__.rpartition(".")[2])


def test_there_are_critics_and_each_line_has_one() -> None:
    kinds = {kind for critic in CRITICS for kind in critic.kinds}
    assert {"count", "colour", "relation", "background", "avoid", "size", "place"} <= kinds <= set(
        get_args(RequirementKind))


@every_critic
def test_it_passes_what_is_right(critic: Critic) -> None:
    found = critic.judge(IMAGE, RIGHT, BRIEF, ())
    assert found and all(f.passed for f in found), [f.evidence for f in found if not f.passed]


@every_critic
def test_it_fails_what_is_wrong(critic: Critic) -> None:
    found = critic.judge(IMAGE, WRONG, BRIEF, ())
    assert any(f.passed is False for f in found), [f.evidence for f in found]


@every_critic
def test_an_empty_picture_passes_only_what_must_not_be_there(critic: Critic) -> None:
    for finding in critic.judge(IMAGE, Seen(()), BRIEF, ()):
        assert (finding.passed is True) == (finding.kind == "avoid"), finding


@every_critic
def test_it_keeps_to_its_own_lines_with_evidence(critic: Critic) -> None:
    lines = {(r.kind, r.text, r.subject) for r in BRIEF.requirements()}
    for seen in (RIGHT, WRONG, Seen(())):
        for finding in critic.judge(IMAGE, seen, BRIEF, ()):
            assert finding.kind in critic.kinds
            assert (finding.kind, finding.requirement, finding.subject) in lines
            assert finding.evidence and 0 <= finding.confidence <= 1


@every_critic
def test_it_is_pure(critic: Critic) -> None:
    brief, image = copy.deepcopy(BRIEF), IMAGE.copy()
    first = critic.judge(image, RIGHT, brief, ())
    assert critic.judge(image, RIGHT, brief, ()) == first
    assert brief == BRIEF and image.tobytes() == IMAGE.tobytes()


@every_critic
def test_an_empty_brief_has_nothing_to_judge(critic: Critic) -> None:
    assert critic.judge(IMAGE, RIGHT, Brief(), ()) == []


def test_every_line_gets_exactly_one_finding() -> None:
    for seen in (RIGHT, WRONG, Seen(())):
        found = judge(IMAGE, seen, BRIEF)
        assert [(f.kind, f.requirement) for f in found] == [(r.kind, r.text) for r in BRIEF.requirements()]
