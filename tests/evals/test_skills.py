"""Recipes are written from one half of the prompts, measured on the other, and kept only if they pay."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from agent.scripted import ScriptedPlanner
from agent.skills import Skill, load, read, write
from evals import judgement, registry, report, skills
from evals.api import EvalError, Sample
from tests.evals.made_up import sample

WORDS = {"name": "rows-of-things", "description": "For many of one thing.", "recipe": "A box for each, in rows."}
TAUGHT = [f"p{n}" for n in range(200) if skills.teaches(sample(f"p{n}", "agent", 1).item)]
OTHERS = [f"p{n}" for n in range(200) if f"p{n}" not in TAUGHT]


def run_of(*samples: Sample) -> judgement.Run:
    return judgement.Run("made up", "world-generate", registry.scorer("world"), report.grouped(samples))


def trial(**more: object) -> Skill:
    return Skill(name="rows", description="d", words="In rows.", kinds=("t",), models=("sketch",), **more)  # type: ignore[arg-type]


def test_half_of_the_prompts_teach() -> None:
    assert 80 < len(TAUGHT) < 120 and not {*TAUGHT} & {*OTHERS}


def test_a_recipe_is_written_from_failures_of_the_teaching_half_alone(tmp_path: Path) -> None:
    taught = [sample(id, "agent", n % 2) for n, id in enumerate(TAUGHT[:10])]
    others = [sample(id, "agent", 0) for id in OTHERS[:10]]
    planner = ScriptedPlanner([[("write_skill", WORDS)]])
    said = skills.learn(run_of(*taught, *others), tmp_path, planner)
    assert len(said) == 1 and "For many of one thing." in said[0]
    [skill] = read(tmp_path, trial=True)
    assert skill.on_trial and skill.words == "A box for each, in rows."
    assert (skill.kinds, skill.models) == (("t",), ("sketch",))
    shown = json.loads(planner.seen[0][1]["content"])
    assert {one["request"][0] for one in shown["wrong"] + shown["right"]} == {*TAUGHT[:10]}
    assert len(shown["wrong"]) == len(shown["right"]) == 5


@pytest.mark.parametrize("values", [[0, 0, 0] + [1] * 7, [0] * 4 + [1] * 60])
def test_what_fails_seldom_needs_no_recipe(tmp_path: Path, values: list[float]) -> None:
    planner = ScriptedPlanner([])
    samples = [sample(id, "agent", value) for id, value in zip(TAUGHT, values, strict=False)]
    assert skills.learn(run_of(*samples), tmp_path, planner) == [] and planner.seen == []


@pytest.mark.parametrize("reply", ["I would rather not.", [("write_skill", {"name": "Bad Name"})],
                                   [("write_skill", {**WORDS, "recipe": "long " * 400})]])
def test_a_writer_that_writes_none_is_said(tmp_path: Path, reply: object) -> None:
    said = skills.learn(run_of(*[sample(id, "agent", 0) for id in TAUGHT[:5]]), tmp_path, ScriptedPlanner([reply]))  # type: ignore[list-item]
    assert said == ["scripted wrote no recipe for t with sketch."] and read(tmp_path, trial=True) == ()


def test_what_pays_is_kept_and_what_does_not_is_dropped_and_remembered(tmp_path: Path) -> None:
    write(trial(), tmp_path)
    write(trial().model_copy(update={"name": "no-use"}), tmp_path)
    better = [sample(id, arm, float(arm == "trial")) for id in OTHERS[:20] for arm in ("agent", "trial")]
    [first, second] = skills.keep(run_of(*better), tmp_path)
    assert first.startswith("no-use: kept, +1.000") and second.startswith("rows: kept")
    kept = load(tmp_path / "rows" / "SKILL.md")
    assert kept.gain and kept.gain.n == 20 and kept.gain.pays and len(read(tmp_path)) == 2

    alike = [sample(id, arm, n % 2) for n, id in enumerate(OTHERS[:20]) for arm in ("agent", "no-skills")]
    said = skills.keep(run_of(*alike), tmp_path)
    assert [line.split(",")[0] for line in said] == ["no-use: dropped", "rows: dropped"]
    assert read(tmp_path, trial=True) == ()
    planner = ScriptedPlanner([[("write_skill", WORDS)]])
    skills.learn(run_of(*[sample(id, "agent", 0) for id in TAUGHT[:5]]), tmp_path, planner)
    assert json.loads(planner.seen[0][1]["content"])["dropped"] == ["In rows.", "In rows."]


def test_the_prompts_that_taught_do_not_measure(tmp_path: Path) -> None:
    write(trial(), tmp_path)
    samples = [sample(id, arm, float(arm == "trial")) for id in TAUGHT[:20] + OTHERS[:5] for arm in ("agent", "trial")]
    [line] = skills.keep(run_of(*samples), tmp_path)
    assert "left as it is; fewer than 12 prompts of both trial and agent" in line
    assert read(tmp_path, trial=True) == (trial(),)


def test_a_run_goes_on_with_the_recipes_that_it_began_with(tmp_path: Path) -> None:
    write(trial(), tmp_path / "mine")
    named = skills.carry(tmp_path / "mine", tmp_path / "run")
    assert named and skills.carry(None, tmp_path / "run") == ""
    skills.lend(tmp_path / "run", tmp_path / "data", named)
    assert read(tmp_path / "data" / "skills", trial=True) == (trial(),)
    skills.lend(tmp_path / "other", tmp_path / "empty", "")
    assert not (tmp_path / "empty").exists()
    write(trial().model_copy(update={"words": "In columns."}), tmp_path / "run" / "skills")
    with pytest.raises(EvalError, match="start another run"):
        skills.lend(tmp_path / "run", tmp_path / "data", named)


def test_the_list_says_what_each_gained_and_what_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(trial(), tmp_path)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "SKILL.md").write_text("nothing")
    skills.run(argparse.Namespace(what="list", run=None, folder=tmp_path))
    said = capsys.readouterr().out
    assert "on trial" in said and "no front matter" in said
    with pytest.raises(EvalError, match="needs a run folder"):
        skills.run(argparse.Namespace(what="keep", run=None, folder=tmp_path))
