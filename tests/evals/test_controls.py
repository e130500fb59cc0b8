"""Choices among the same pictures, at as many pictures as the agent drew."""

from __future__ import annotations

import pytest

from evals import controls, registry, report, runner
from evals.report import grouped
from tests.evals.made_up import best, sample

SCORER = registry.scorer("world")
AGENT = [sample("a", "agent", 1, images=1), sample("b", "agent", 1, images=2), sample("c", "agent", 0, images=5)]
BEST = [best("a", [0, 1, 1], [0.2, 0.9, 0.5]), best("b", [0, 1, 0], [0.1, 0.5, 0.9]),
        best("c", [1, 0, 0], [0.1, 0.1, 0.9])]
GROUPS = grouped([*AGENT, *BEST])


def values(arm: str) -> list[float]:
    return [s.scores["world"].value for s in controls.derived(GROUPS, SCORER)["sketch", arm]]


def test_at_equal_images_only_the_first_pictures_count() -> None:
    assert values("best-of-3 at equal images") == [0, 1, 0]
    assert values("random-of-3 at equal images") == [0, 0.5, pytest.approx(1 / 3)]
    assert values("random-of-3") == [pytest.approx(2 / 3), pytest.approx(1 / 3), pytest.approx(1 / 3)]
    assert values("oracle-of-3") == [1, 1, 1]


def test_cost_is_that_of_the_pictures_that_count() -> None:
    equal = controls.derived(GROUPS, SCORER)["sketch", "best-of-3 at equal images"]
    assert [s.cost.images for s in equal] == [1, 2, 3]
    assert equal[0].cost.seconds == {"planning": 0.5, "drawing": 1.0, "total": pytest.approx(3.5 / 3)}
    assert controls.short(AGENT, equal) == 1, "the agent drew five of the last"


def test_a_tie_of_the_critic_goes_to_the_surer() -> None:
    tied = best("a", [0, 1], [0.5, 0.5])
    tied.candidates[0].doubt = 0.4
    groups = grouped([sample("a", "agent", 1, images=2), tied])
    (found,) = controls.derived(groups, SCORER)["sketch", "best-of-2 at equal images"]
    assert found.scores["world"].value == 1


def test_what_was_really_run_is_not_derived() -> None:
    groups = grouped([*BEST, *(sample(name, "random-of-3", 0, images=3) for name in "abc")])
    assert set(controls.derived(groups, SCORER)) == {("sketch", "oracle-of-3")}


def test_the_report_sets_the_agent_against_as_many_pictures() -> None:
    plan = runner.new_plan(registry.task("world-generate"), ["agent", "best-of-3"], ["sketch"], {}, {})
    found = report.build(plan, [*AGENT, *BEST], SCORER, {})
    gaps = {(d["a"], d["b"]): d for d in found["differences"]}
    assert gaps["agent", "best-of-3 at equal images"]["difference"] == pytest.approx(1 / 3)
    assert gaps["agent", "random-of-3 at equal images"]["difference"] == pytest.approx(2 / 3 - (0 + 0.5 + 1 / 3) / 3)
    assert ("best-of-3", "random-of-3") in gaps and not any("oracle" in other for _, other in gaps)
    said = next(line for line in report.sentences(found) if "best-of-3 at equal images" in line)
    assert "for 1 of them the agent drew more than there were" in said
