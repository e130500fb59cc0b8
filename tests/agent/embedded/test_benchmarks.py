"""GenEval's prompts are understood as its metadata say, and the utterances that were written apart from the grammar.

GenEval (Ghosh et al. 2023) is read from `MAQUETTE_BENCHMARKS`/geneval where that folder is set; its forms are here.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.embedded.evaluate import lines, rehearse, score
from generators.shares import rounded
from tests.agent.embedded.speaking import talk, told

_BENCHMARKS = os.environ.get("MAQUETTE_BENCHMARKS")  # read before the guards clear the environment

FORMS = {
    "a photo of a bench": "1 bench",
    "a photo of a scissors": "1 scissors",
    "a photo of a skis": "1 skis",
    "a photo of two toothbrushs": "2 toothbrush",
    "a photo of four knifes": "4 knife",
    "a photo of three persons": "3 person",
    "a photo of two sheeps": "2 sheep",
    "a photo of a toaster and an oven": "1 toaster, 1 oven",
    "a photo of a green skis and a brown airplane": "1 green skis, 1 brown airplane",
    "a photo of an orange tv remote": "1 orange tv remote",
    "a photo of a couch below a cup": "1 couch, 1 cup; couch below cup",
    "a photo of a tie right of a baseball bat": "1 tie, 1 baseball bat; tie right of baseball bat",
}


@pytest.mark.parametrize(("prompt", "brief"), FORMS.items())
def test_forms_of_geneval(prompt: str, brief: str) -> None:
    reply, conversation = talk(prompt)
    assert reply.calls[-1].name == "generate" and told(conversation.brief) == brief


def _metadata() -> list[dict[str, Any]]:
    path = Path(_BENCHMARKS or "/nonexistent") / "geneval" / "evaluation_metadata.jsonl"
    if not path.is_file():
        pytest.skip("GenEval is not on this machine: set MAQUETTE_BENCHMARKS to the folder that holds geneval/")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_of_geneval() -> None:
    wrong = [line["prompt"] for line in _metadata() if not _understood(line)]
    assert wrong == []


def _understood(line: dict[str, Any]) -> bool:
    got = rehearse({"turns": [line["prompt"]], "model": "pack"})
    brief, things = got["brief"], line["include"]
    names = {thing["id"]: thing["name"] for thing in brief["objects"]}
    wanted = [(t["class"], t["count"], t.get("color")) for t in things]
    relations = [(t["class"], t["position"][0], things[t["position"][1]]["class"]) for t in things if "position" in t]
    plain = not (brief["unknown"] or brief["background"] or brief["style"] or brief["avoid"])
    return (plain and got["tool"] == "generate"
            and sorted(map(str, wanted)) == sorted(str((t["name"], t["count"], t["colour"])) for t in brief["objects"])
            and relations == [(names[r["subject"]], r["relation"], names[r["object"]]) for r in brief["relations"]])


def test_the_utterances_are_many_and_split() -> None:
    every = lines()
    assert len({line["id"] for line in every}) == len(every) >= 240
    assert sum(line["split"] == "held-out" for line in every) >= 160


@pytest.mark.parametrize(("split", "least"), [("dev", 0.95), ("held-out", 0.85)])
def test_most_utterances_are_understood(split: str, least: float) -> None:
    chosen = [line for line in lines() if line["split"] == split]
    right = sum(bool(score(line, rehearse(line))["all"]) for line in chosen)
    assert right / len(chosen) >= least


def test_the_interval_holds_the_share() -> None:
    low, high = rounded(185, 206)
    assert low < 185 / 206 < high and rounded(0, 0) == [0.0, 1.0]
