"""What evaluations taught: recipes of a few sentences, given to the planner only where they apply.

A recipe is a folder with a file SKILL.md, written as the Agent Skills format has it (agentskills.io): `name` and
`description` in YAML, then the words. What is Maquette's own stands under `metadata`, as strings: `kinds` of request
and `models` (with spaces between), and what `python -m evals skills` measured: `suite`, `n`, `difference`, `interval`.
One without a measurement is on trial: it is given only in the evaluations' arm of that name. One that does not apply to
a request costs nothing, and none is ever given to a planner that reads no prose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generators.files import write_atomic
from generators.registry import PACK
from tools.api import Brief

FOLDER, FILE = "skills", "SKILL.md"
PACK_SKILLS = PACK / FOLDER
MOST = 3
"""So many are given at once; a small planner loses its thread with more."""
LONGEST = 600
ANY = "any"
_PARTED = re.compile(r"\A---\n(?P<head>.*?)\n---\n(?P<words>.*)\Z", re.DOTALL)
_CUES = {
    "counting": r"\b(?:two|three|four|five|six|seven|eight|nine|ten|\d+|several|pair of|couple of|a few)\b",
    "position": r"\b(?:left|right|above|below|under|over|behind|in front|next to|beside|between|on top|inside)\b",
}
"""What a request's words tell of its kind before there is a Brief."""


class SkillError(ValueError):
    """A SKILL.md that is not as it should be; one sentence."""


class Gain(BaseModel):
    """How much better requests came out with a recipe than without: paired, with its 95% interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    n: int = Field(ge=1)
    difference: float
    interval: tuple[float, float]

    @property
    def pays(self) -> bool:
        """Whether it was better with its whole interval."""
        return self.interval[0] > 0


class Skill(BaseModel):
    """One recipe. `kinds` are those of `agent.routing` (and "any"), `models` catalogue names (and "any")."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=64)
    description: str = Field(min_length=1, max_length=1024)
    words: str = Field(min_length=1, max_length=LONGEST)
    kinds: tuple[str, ...] = (ANY,)
    models: tuple[str, ...] = (ANY,)
    gain: Gain | None = None

    @property
    def on_trial(self) -> bool:
        return self.gain is None

    def applies(self, kinds: Sequence[str], model: str) -> bool:
        """To a request of these kinds, drawn by this model."""
        return (ANY in self.models or model in self.models) and (ANY in self.kinds or bool({*self.kinds} & {*kinds}))


def read(*folders: Path, trial: bool = False) -> tuple[Skill, ...]:
    """The recipes of these folders, the first of a name; those on trial only with `trial`. Damaged ones are left out
    (`load` says what is wrong with one)."""
    found: dict[str, Skill] = {}
    for file in (file for folder in folders for file in sorted(folder.glob(f"*/{FILE}"))):
        try:
            skill = load(file)
        except SkillError:
            continue
        if trial or (skill.gain and skill.gain.pays):
            found.setdefault(skill.name, skill)
    return tuple(found.values())


def load(file: Path) -> Skill:
    """Raises `SkillError`."""
    try:
        parts = _PARTED.match(file.read_text(encoding="utf-8"))
        if parts is None:
            raise SkillError(f"{file}: there is no front matter between two lines of ---.")
        head = yaml.safe_load(parts["head"])
        own = head.get("metadata") or {}
        gain = {"suite": own["suite"], "n": own["n"], "difference": own["difference"],
                "interval": own["interval"].split()} if "n" in own else None
        return Skill.model_validate({
            "name": head.get("name"), "description": head.get("description"), "words": parts["words"].strip(),
            **{name: own[name].split() for name in ("kinds", "models") if own.get(name)}, "gain": gain})
    except ValidationError as error:
        first = error.errors()[0]
        raise SkillError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise SkillError(f"{file} is no recipe that can be read ({type(error).__name__}).") from None


def write(skill: Skill, folder: Path) -> Path:
    """Its SKILL.md in the folder of all recipes."""
    own = {"kinds": " ".join(skill.kinds), "models": " ".join(skill.models)}
    if skill.gain:
        low, high = skill.gain.interval
        own |= {"suite": skill.gain.suite, "n": str(skill.gain.n), "difference": f"{skill.gain.difference:.4f}",
                "interval": f"{low:.4f} {high:.4f}"}
    head = yaml.safe_dump({"name": skill.name, "description": skill.description, "metadata": own}, sort_keys=False,
                          allow_unicode=True, width=100)
    file = folder / skill.name / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, f"---\n{head}---\n\n{skill.words}\n".encode())
    return file


def kinds_of(text: str, brief: Brief, category: str) -> list[str]:
    """The kinds of request that a message may be: its category, where there is a Brief; else what its words tell."""
    if not brief.empty():
        return [category]
    return [kind for kind, cue in _CUES.items() if re.search(cue, text, re.IGNORECASE)]


def given(skills: Sequence[Skill], kinds: Sequence[str], model: str) -> list[Skill]:
    """Those to be given: the ones that apply, those that gained most first."""
    able = [skill for skill in skills if skill.applies(kinds, model)]
    return sorted(able, key=lambda skill: -(skill.gain.difference if skill.gain else 0.0))[:MOST]


def fingerprint(skills: Sequence[Skill]) -> str:
    """Names the words that planners may be given; "" for none."""
    text = "\n".join(sorted(f"{s.name} {s.kinds} {s.models} {s.words}" for s in skills))
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""
