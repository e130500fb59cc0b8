"""Recipes reach the planner where they apply and pay, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.skills import Gain, Skill, SkillError, fingerprint, given, kinds_of, load, read, write
from tools.api import Brief, BriefObject

PAYS = Gain(suite="world-generate", n=40, difference=0.08, interval=(0.02, 0.14))
COUNTS = Skill(name="counting-in-rows", description="For more than three of a thing.", kinds=("counting", "mixed"),
               models=("sketch",), words="Give each one a box of its own; say the number once.", gain=PAYS)


def test_a_recipe_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = write(COUNTS, tmp_path)
    assert file == tmp_path / "counting-in-rows" / "SKILL.md"
    assert load(file) == COUNTS and read(tmp_path) == (COUNTS,)
    assert file.read_text().startswith("---\nname: counting-in-rows\ndescription: For more than three of a thing.\n")


def test_only_what_pays_is_read_and_what_is_on_trial_when_asked(tmp_path: Path) -> None:
    fresh = COUNTS.model_copy(update={"name": "fresh", "gain": None})
    spoils = COUNTS.model_copy(update={"name": "spoils", "gain": PAYS.model_copy(update={"interval": (-0.01, 0.2)})})
    for skill in (COUNTS, fresh, spoils):
        write(skill, tmp_path)
    assert [skill.name for skill in read(tmp_path)] == ["counting-in-rows"]
    assert [skill.name for skill in read(tmp_path, trial=True)] == ["counting-in-rows", "fresh", "spoils"]
    assert read(tmp_path / "none") == ()


@pytest.mark.parametrize(("text", "says"), [
    ("no head at all", "no front matter"),
    ("---\nname: Loud Name\ndescription: d\n---\nwords\n", "name"),
    ("---\nname: empty\ndescription: d\n---\n\n", "words"),
    ("---\nname: [a\n---\nwords\n", "no recipe that can be read"),
    ("---\njust words\n---\nwords\n", "no recipe that can be read"),
    ("---\nname: half\ndescription: d\nmetadata: {n: '3'}\n---\nwords\n", "no recipe that can be read"),
    (f"---\nname: long\ndescription: d\n---\n{'word ' * 500}\n", "words"),
])
def test_a_damaged_recipe_says_what_is_wrong_and_is_left_out(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "one" / "SKILL.md"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(SkillError, match=says):
        load(file)
    assert read(tmp_path, trial=True) == ()


@pytest.mark.parametrize(("text", "kinds"), [
    ("draw three cats", ["counting"]), ("a cat left of a dog", ["position"]),
    ("two cats under a tree", ["counting", "position"]), ("a red car", [])])
def test_words_tell_the_kind_before_there_is_a_brief(text: str, kinds: list[str]) -> None:
    assert kinds_of(text, Brief(), "single_object") == kinds
    assert kinds_of(text, Brief(objects=[BriefObject(id="cat", name="cat")]), "colors") == ["colors"]


def test_the_best_three_that_apply_are_given() -> None:
    many = [COUNTS.model_copy(update={"name": f"c{n}", "gain": PAYS.model_copy(update={"difference": n / 100})})
            for n in range(5)]
    assert [skill.name for skill in given(many, ["counting"], "sketch")] == ["c4", "c3", "c2"]
    assert given(many, ["position"], "sketch") == given(many, ["counting"], "other") == []
    anywhere = COUNTS.model_copy(update={"kinds": ("any",), "models": ("any",)})
    assert given([anywhere], [], "other") == [anywhere]


def test_another_wording_has_another_fingerprint() -> None:
    assert fingerprint([]) == "" and fingerprint([COUNTS]) != fingerprint([COUNTS.model_copy(update={"words": "x"})])


def state_of(seen: list[dict[str, object]]) -> dict[str, object]:
    return json.loads(str(seen[0]["content"]).split("STATE\n")[1])


@pytest.mark.shared_worker
def test_the_planner_is_shown_a_recipe_only_where_it_applies(bench, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    made = bench(["All right."] * 4)
    write(COUNTS, made.studio.settings.data / "skills")
    write(COUNTS.model_copy(update={"name": "fresh", "gain": None}), made.studio.settings.data / "skills")
    three = "draw three cats"
    made.say(three)
    made.say("draw a red cat")
    made.say(three, without=("skills",))
    made.say(three, trial=True)
    told = [state_of(seen).get("skills", {}) for seen in made.studio.planner("auto").seen]  # type: ignore[attr-defined]
    assert [list(one) for one in told] == [["counting-in-rows"], [], [], ["counting-in-rows", "fresh"]]
    assert told[0]["counting-in-rows"] == COUNTS.words
