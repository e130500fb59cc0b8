"""The one file about the agent's judgement: its keys, its numbers by hand, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evals import judgement, page, registry, report, runner
from evals.__main__ import main
from evals.api import EvalError, Sample
from evals.folder import RunFolder
from tests.evals.made_up import best, sample, score

HARD, EASY = "two dogs", "a cat"


def run_of(tmp_path: Path, suite: str, samples: Sequence[Sample]) -> Path:
    """A finished and scored run folder of these samples."""
    folder = RunFolder(tmp_path / suite)
    names = list(dict.fromkeys(s.arm for s in samples))
    folder.create(runner.new_plan(registry.task(suite), names, ["sketch"], {"sketch": "1"}, {}))
    for one in samples:
        folder.save(one)
    return folder.path


def generated() -> list[Sample]:
    """Of the hard prompt every plain shot fails but one; the agent gets it with two pictures."""
    found = []
    for seed in (1, 11):
        found += [sample(EASY, arm, 1, seed=seed) for arm in ("single", "rewrite", "no-layout", "agent")]
        found += [sample(HARD, "single", 0, seed=seed), sample(HARD, "rewrite", float(seed == 1), seed=seed),
                  sample(HARD, "no-layout", 0, seed=seed), sample(HARD, "agent", 1, seed=seed, images=2)]
        found += [best(EASY, [1, 1, 1], [0.9, 0.5, 0.5], seed=seed),
                  best(HARD, [0, 0, 1], [0.5, 0.6, 0.9], seed=seed)]
    return found


def clarified(guess_images: int = 1) -> list[Sample]:
    open_, clear = {"ambiguous": True, "answers": {}}, {"ambiguous": False, "answers": {}}
    found = []
    for number in range(4):
        found += [sample(f"open-{number}", "agent", 1, truth=open_, asked=int(number != 3)),
                  sample(f"open-{number}", "no-questions", float(number == 0), truth=open_, images=guess_images),
                  sample(f"clear-{number}", "agent", 1, truth=clear, asked=int(number == 0)),
                  sample(f"clear-{number}", "no-questions", 1, truth=clear)]
    return found


def edited() -> list[Sample]:
    pair = [("gone", 0.75, ["dog"]), ("kept", 1.0, ["dog"]), ("all", 0.0, ["background"])]
    return [sample(name, "agent", 1, truth={"changed": changed}, picture="p.png", before="b.png").model_copy(
        update={"scores": {**score(1), **score(outside, "outside")}}) for name, outside, changed in pair]


def built(*folders: Path) -> tuple[dict[str, Any], list[str]]:
    return judgement.build([judgement.read(RunFolder(folder)) for folder in folders])


def test_it_holds_the_keys_and_the_numbers(tmp_path: Path) -> None:
    talk = [sample(f"five-{n}", "agent", float(n != 0)) for n in range(4)]
    found, missing = built(run_of(tmp_path, "world-generate", generated()),
                           run_of(tmp_path, "world-clarify", clarified()), run_of(tmp_path, "world-edit", edited()),
                           run_of(tmp_path, "world-multiturn", talk))
    assert set(found) == {"families", "clarify", "drift", "edit", "multiturn", "ablations"}
    assert missing == ["Nothing on 'drift': give a run of world-drift."] and found["drift"] is None
    family = found["families"]["sketch"]
    assert set(family) == {"arms", "hard"} and set(family["arms"]) == {"single", "rewrite", "best_of_n", "agent"}
    assert set(family["hard"]) == {"single", "rewrite", "best_of_n"}
    assert family["arms"]["agent"] == {"score": 1.0, "ci": [pytest.approx(0.342, abs=0.01), 1.0], "images": 1.5,
                                       "seconds": 2.0}
    assert family["arms"]["single"]["score"] == 0.5 and family["arms"]["best_of_n"]["images"] == 1.5
    assert family["hard"]["single"] == {"difference": 1.0, "ci": [1.0, 1.0]}
    assert family["hard"]["rewrite"]["difference"] == 0.5
    assert family["hard"]["best_of_n"]["difference"] == 1.0, "the right one is only its third picture"
    assert found["clarify"] == {"asks_ambiguous": 0.75, "asks_clear": 0.25, "gain": 0.75}
    assert found["edit"] == {"outside_change": 0.125} and found["multiturn"] == 0.75
    assert found["ablations"]["sketch"]["layout"]["difference"] == 0.5
    assert found["ablations"]["sketch"]["questions"]["difference"] == pytest.approx(0.375)


def test_the_report_says_what_asking_is_worth(tmp_path: Path) -> None:
    folder = RunFolder(run_of(tmp_path, "world-clarify", clarified()))
    samples = list(folder.all())
    found = report.build(folder.plan(), samples, registry.scorer("world"), {})
    guess, agent = sorted(found["questions"], key=lambda row: row["asked"])
    assert (guess["arm"], guess["asked"], guess["gain"]) == ("no-questions", 0, None)
    assert agent["asks_ambiguous"]["share"] == 0.75 and agent["asks_clear"]["share"] == 0.25
    assert agent["asked"] == 0.5 and agent["idle"] == 0
    assert agent["gain"]["difference"] == 0.75 and agent["gain"]["images"] == [1, 1]
    assert "asked about ambiguous ones" in page.render(found, samples, folder.pictures)


def test_what_is_hard_is_decided_by_other_pictures(tmp_path: Path) -> None:
    """A prompt that is got right three times in four is not hard, also where this very shot failed."""
    samples = []
    for seed in (1, 11, 21, 31):
        samples += [sample(EASY, "single", float(seed != 1), seed=seed), sample(HARD, "single", 0, seed=seed)]
    run = judgement.Run("r", "world-generate", registry.scorer("world"), {})
    assert judgement.hard_places(samples, [], run) == {(HARD, seed) for seed in (1, 11, 21, 31)}
    with pytest.raises(EvalError, match="--samples 2 or more"):
        judgement.hard_places(samples[:2], [], run)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    lacking = run_of(tmp_path, "world-generate", [s for s in generated() if s.arm != "rewrite"])
    with pytest.raises(EvalError, match="no scored samples of sketch, rewrite"):
        built(lacking)
    with pytest.raises(EvalError, match="Two of the runs are of world-generate with sketch"):
        built(lacking, lacking)
    richer = [s.model_copy(update={"cost": s.cost.model_copy(update={"images": 3})}) if s.arm == "agent" else s
              for s in clarified()]
    with pytest.raises(EvalError, match=r"agent drew 3\.00 pictures where guessing drew 1\.00.*--budget-images 1"):
        built(run_of(tmp_path, "world-clarify", richer))
    plain = [s.model_copy(update={"scores": score(1)}) for s in edited()]
    with pytest.raises(EvalError, match="not scored with 'outside'"):
        built(run_of(tmp_path, "world-edit", plain))


def test_the_command_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results" / "judgement.json"
    assert main(["judgement", str(run_of(tmp_path, "world-generate", generated())), "--out", str(out)]) == 0
    assert json.loads(out.read_text())["families"]["sketch"]["hard"]["single"]["difference"] == 1.0
    assert "Nothing on 'clarify': give a run of world-clarify." in capsys.readouterr().err
    assert main(["judgement", "nowhere", "--out", str(out)]) == 1
    assert "no run folder" in capsys.readouterr().err
