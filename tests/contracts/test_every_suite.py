"""Whatever lies in evals/tasks/ and evals/scorers/."""

from __future__ import annotations

import pytest

from evals import registry
from evals.api import Item, Look, Sample, Scorer, Task
from evals.benchmarks import NotFetched

TASKS = list(registry.tasks().values())
SCORERS = list(registry.scorers().values())
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
every_scorer = pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.name)


def items_of(task: Task) -> list[Item]:
    """Its items; skips where a published file is not on this machine."""
    try:
        return task.items()
    except NotFetched as error:
        pytest.skip(str(error))


@every_task
def test_its_items_are_named_once_and_always_the_same(task: Task) -> None:
    items = items_of(task)
    assert len(items) >= 20 and items == task.items()
    assert len({item.id for item in items}) == len(items)
    assert len({item.seed(task.name) for item in items}) == len(items)
    assert len({(item.brings, *item.turns) for item in items}) == len(items)


@every_task
def test_it_says_what_it_is(task: Task) -> None:
    assert task.version >= 1 and task.does in ("draw", "plan") and len(task.purpose) > 20
    assert task.scorer in registry.scorers()
    if task.does == "plan":
        assert not registry.scorer(task.scorer).eyes


@every_task
def test_nothing_made_scores_nothing(task: Task) -> None:
    scorer = registry.scorer(task.scorer)
    for item in items_of(task):
        score = scorer.score(Look(item, _sample(item)))
        assert score.value == 0 and score.note, item.id


@every_scorer
def test_a_score_carries_its_scorer(scorer: Scorer) -> None:
    item = Item(id="x", tag="t", turns=["a dog"], truth={})
    score = scorer.score(Look(item, _sample(item)))
    assert (score.scorer, score.version) == (scorer.name, scorer.version) and scorer.version >= 1


def _sample(item: Item) -> Sample:
    return Sample(key="k", suite="s", suite_version=1, item=item, arm="single", generator="g", seed=1, status="failed")


def test_wrong_ones_fail_where_they_are_written() -> None:
    with pytest.raises(TypeError, match=r"Broken\.scorer should be str"):
        type("Broken", (Task,), {"name": "broken", "version": 1, "purpose": "x"})
    with pytest.raises(TypeError, match=r"Broken\.version should be int"):
        type("Broken", (Scorer,), {"name": "broken", "version": "1", "purpose": "x"})


def test_a_file_without_its_task_fails_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    import evals.tasks.world_generate as module

    monkeypatch.delattr(module, "TASK")
    with pytest.raises(TypeError, match="should hold a Task named TASK"):
        registry.tasks()
