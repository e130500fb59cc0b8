"""GenAI-Bench's 1,600 prompts from designers, basic and advanced, each with the skills that it asks for."""

from __future__ import annotations

import json

from evals import benchmarks
from evals.api import Item, Task

LEVELS = ("basic", "advanced")


class GenAIBench(Task):
    name = "genai-bench"
    version = 1
    purpose = "GenAI-Bench's own 1,600 prompts (Li et al. 2024), basic and advanced, from scenes to negation"
    scorer = "vqa-score"

    def items(self) -> list[Item]:
        rows = json.loads(benchmarks.text(self.name, "genai_image.json"))
        listed = json.loads(benchmarks.text(self.name, "genai_skills.json"))
        skills: dict[int, list[str]] = {}
        for skill, numbers in listed.items():
            for number in numbers:
                skills.setdefault(number, []).append(skill)
        return [_item(row["id"], row["prompt"], skills.get(int(row["id"]), [])) for row in rows.values()]


def _item(id: str, prompt: str, skills: list[str]) -> Item:
    level = next((level for level in LEVELS if level in skills), "unsorted")
    return Item(id=id, tag=level, turns=[prompt.strip()],
                truth={"skills": [skill for skill in skills if skill not in LEVELS]})


TASK = GenAIBench()
