"""`python -m evals skills learn | keep | list`: recipes for planners, written from what failed, kept if they pay.

    python -m evals run world-generate --planner openai --arms agent --out runs/a
    python -m evals skills learn runs/a --planner openai        recipes on trial, from one half of the prompts
    python -m evals run world-generate --planner openai --arms agent,trial --skills …/skills --out runs/b
    python -m evals skills keep runs/b                          measured on the other half: kept, or dropped

A recipe is kept only where requests like those it is for came out better with it, prompt by prompt, with the whole 95%
interval. One that was dropped lies in `dropped/` with what it measured, and is shown to whoever writes the next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from agent import planners, workshops
from agent import settings as studio_settings
from agent.api import AgentError, Planner
from agent.routes import CATEGORIES
from agent.skills import FILE, FOLDER, LONGEST, Gain, Skill, SkillError, fingerprint, load, read, write
from evals import judgement, stats
from evals.api import EvalError, Item, Sample
from evals.arms import TRIAL
from evals.folder import RunFolder

DROPPED = "dropped"
GOOD = 0.9
"""Requests that come out right this often need no recipe."""
LEAST = 4
"""So many failures at least are worth one."""
SHOWN = 8
"""Requests that the writer of a recipe is shown, of each sort."""
ENOUGH = 12
"""A recipe that applied to fewer prompts is neither kept nor dropped."""
ASKED = f"""You improve the planner of an image studio. It reads a request, writes a Brief (objects with count, colour
and size; relations; background), plans a box for each object, and words the prompt for a painter model. Below are
requests of one kind with one painter, as JSON: those that came out wrong, with what a judge missed, and some that came
out right. Call write_skill once with a recipe of two to four sentences, {LONGEST} characters at most, that would have
helped: how to brief, place and word such requests for this painter. Speak of the kind of request, never of these very
ones. `dropped` are recipes that were tried and did not help."""
TOOL = {"type": "function", "function": {
    "name": "write_skill", "description": "Write the recipe.", "parameters": {
        "type": "object", "additionalProperties": False, "required": ["name", "description", "recipe"], "properties": {
            "name": {"type": "string", "description": "two to five words in lower case, joined by hyphens"},
            "description": {"type": "string", "description": "what it is for, in one sentence"},
            "recipe": {"type": "string"}}}}}


def add_to(verbs: Any) -> None:
    """The command's words, added to the subparsers of `python -m evals`."""
    given = verbs.add_parser("skills", help="recipes for planners: written from failures, kept if they measure better")
    given.add_argument("what", choices=("learn", "keep", "list"))
    given.add_argument("run", type=Path, nargs="?", help="a scored run: of agent to learn, of agent and trial to keep")
    given.add_argument("--planner", default="openai", help="who writes them, as in app.py")
    given.add_argument("--folder", type=Path, help="where they lie (default: the studio's)")


def run(given: argparse.Namespace) -> None:
    """Raises `EvalError`."""
    folder = given.folder or studio_settings.load().data / FOLDER
    if given.what == "list":
        return _list(folder)
    if given.run is None:
        raise EvalError(f"'python -m evals skills {given.what}' needs a run folder.")
    measured = judgement.read(RunFolder(given.run))
    lines = keep(measured, folder) if given.what == "keep" else _learn(measured, folder, given.planner)
    print("\n".join(lines) or "There is nothing to do.")


def _list(folder: Path) -> None:
    for file in sorted(folder.glob(f"*/{FILE}")):
        try:
            skill = load(file)
            print(f"{skill.name:32} {_measured(skill.gain):40} {skill.description}")
        except SkillError as error:
            print(error)


def _measured(gain: Gain | None) -> str:
    if gain is None:
        return "on trial"
    return f"{gain.difference:+.3f} ({gain.interval[0]:+.3f} to {gain.interval[1]:+.3f}) of {gain.n}"


# Which prompts teach, and which measure


def teaches(item: Item) -> bool:
    """Whether recipes are written from this prompt; they are measured on the others."""
    return hashlib.sha256(item.id.encode()).digest()[0] % 2 == 0


def kind_of(sample: Sample) -> str:
    return CATEGORIES.get(sample.item.tag, sample.item.tag)


# Writing


def _learn(measured: judgement.Run, folder: Path, planner: str) -> list[str]:
    settings = studio_settings.load()
    with closing(workshops.make(settings)) as workshop:
        try:
            return learn(measured, folder, planners.make(planner, settings, workshop))
        except AgentError as error:
            raise EvalError(str(error)) from None


def learn(measured: judgement.Run, folder: Path, planner: Planner) -> list[str]:
    """Has a recipe written for every kind of request that fails often enough; says what was written."""
    said = []
    for generator, kind, samples in _kinds(measured):
        wrong = [one for one in samples if _value(one, measured) < 1]
        if len(wrong) < LEAST or fmean(_value(one, measured) for one in samples) >= GOOD:
            continue
        right = [one for one in samples if one not in wrong]
        shown = {"kind": kind, "painter": generator, "wrong": [_told(one, measured) for one in wrong[:SHOWN]],
                 "right": [_told(one, measured) for one in right[:SHOWN]],
                 "dropped": [skill.words for skill in _dropped(folder) if skill.applies([kind], generator)]}
        skill = _written(planner, shown, kind, generator)
        said.append(f"{write(skill, folder)}: {skill.description}" if skill else
                    f"{planner.name} wrote no recipe for {kind} with {generator}.")
    return said


def _kinds(measured: judgement.Run) -> Iterator[tuple[str, str, list[Sample]]]:
    """By generator and kind, what the agent made of the prompts that teach."""
    for generator in measured.generators:
        samples = [one for one in measured.arm(generator, "agent") if teaches(one.item)]
        for kind in dict.fromkeys(map(kind_of, samples)):
            yield generator, kind, [one for one in samples if kind_of(one) == kind]


def _told(sample: Sample, measured: judgement.Run) -> dict[str, Any]:
    score = sample.scores[measured.scorer.name]
    return {"request": sample.item.turns, "score": round(score.value, 3), "missed": score.note}


def _written(planner: Planner, shown: dict[str, Any], kind: str, generator: str) -> Skill | None:
    messages = [{"role": "system", "content": ASKED}, {"role": "user", "content": json.dumps(shown)}]
    for call in planner.complete(messages, [TOOL], lambda: False).calls:
        try:
            given = call.arguments
            return Skill(name=given["name"], description=given["description"], words=given["recipe"], kinds=(kind,),
                         models=(generator,))
        except (KeyError, ValidationError):
            continue
    return None


def _dropped(folder: Path) -> tuple[Skill, ...]:
    files = sorted((folder / DROPPED).glob(f"*/{FILE}"))
    return tuple(load(file) for file in files)


# Measuring


def keep(measured: judgement.Run, folder: Path) -> list[str]:
    """Measures what is on trial by the arms `trial` and `agent`, and what was kept by `agent` and `no-skills`; keeps
    what pays, drops what does not, and says which."""
    said = []
    for skill in read(folder, trial=True):
        with_it, without = (TRIAL, "agent") if skill.on_trial else ("agent", "no-skills")
        gain = _gain(skill, measured, with_it, without)
        if gain is None:
            said.append(f"{skill.name}: left as it is; fewer than {ENOUGH} prompts of both {with_it} and {without}.")
            continue
        weighed = skill.model_copy(update={"gain": gain})
        if not gain.pays:
            shutil.rmtree(folder / skill.name)
        write(weighed, folder if gain.pays else folder / DROPPED)
        said.append(f"{skill.name}: {'kept' if gain.pays else 'dropped'}, {_measured(gain)}.")
    return said


def _gain(skill: Skill, measured: judgement.Run, with_it: str, without: str) -> Gain | None:
    """Prompt by prompt, its seeds averaged; None where too few tell."""
    a, b = (_by_item(skill, measured, arm) for arm in (with_it, without))
    both = sorted(a.keys() & b.keys())
    if len(both) < ENOUGH:
        return None
    mean, interval = stats.difference([a[item] for item in both], [b[item] for item in both])
    return Gain(suite=measured.suite, n=len(both), difference=mean, interval=interval)


def _by_item(skill: Skill, measured: judgement.Run, arm: str) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for (generator, name), samples in measured.groups.items():
        for one in samples if name == arm else ():
            if skill.applies([kind_of(one)], generator) and not teaches(one.item):
                values.setdefault(f"{generator} {one.item.id}", []).append(_value(one, measured))
    return {item: fmean(found) for item, found in values.items()}


def _value(sample: Sample, measured: judgement.Run) -> float:
    return sample.scores[measured.scorer.name].value


# In a run


def carry(source: Path | None, run: Path) -> str:
    """Copies recipes into a new run, so that it goes on with the same ones; returns what names them ("" for none)."""
    if source is None:
        return ""
    found = read(source, trial=True)
    for skill in found:
        write(skill, run / FOLDER)
    return fingerprint(found)


def lend(run: Path, data: Path, named: Sequence[str] | str) -> None:
    """Gives a run's own recipes to a studio on another data folder. Raises `EvalError` where they changed."""
    if fingerprint(read(run / FOLDER, trial=True)) != named:
        raise EvalError(f"The recipes in {run / FOLDER} are not those that the run began with; start another run.")
    if named:
        shutil.copytree(run / FOLDER, data / FOLDER, dirs_exist_ok=True)
