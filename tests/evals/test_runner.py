"""A run makes each sample once, goes on after anything, and scores what it made."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.api import Options
from evals import arms as all_arms
from evals import registry, runner
from evals.api import EvalError, Item, RunPlan, Sample
from evals.critic import Critic
from evals.folder import RunFolder
from evals.judging import ExactEyes
from evals.runner import Bench
from generators import sketch_scene
from tests.evals.doubles import Draw, StudioDouble, WorkshopDouble, opener


def quiet(line: str, important: bool = False) -> None:
    """Nobody watches."""


TASK = registry.task("world-generate")


def plan(arms: list[str], limit: int = 6, **more: Any) -> RunPlan:
    return runner.new_plan(TASK, arms, ["sketch"], {"sketch": "1"}, {"planner": "embedded"}, limit, **more)


def made(tmp_path: Path, arms: list[str], draw: Draw = lambda text, seed: text, limit: int = 6) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.create(plan(arms, limit))
    runner.run(folder, opener(tmp_path / "studios", draw), quiet)
    runner.score(folder, registry.scorer("world"), lambda generator: ExactEyes(), quiet)
    return folder


def files(folder: RunFolder) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.path.rglob("*") if p.is_file()}


def test_every_item_goes_through_every_arm_with_the_same_seed(tmp_path: Path) -> None:
    samples = list(made(tmp_path, ["single", "best-of-3", "agent"]).all())
    assert len(samples) == 18
    seeds = {(s.item.id, s.seed) for s in samples}
    assert len(seeds) == 6
    for sample in samples:
        assert sample.status == "done" and sample.picture and sample.scores["world"].version == 1
        tries = 3 if "best" in sample.arm else 0
        assert [c.seed for c in sample.candidates] == [sample.seed + i for i in range(tries)]


def test_ablations_leave_out_what_they_are_named_for(tmp_path: Path) -> None:
    bench = Bench(StudioDouble(tmp_path), None)  # type: ignore[arg-type]
    item = registry.task("world-generate").items()[0]
    named = ("single", "rewrite", *(f"no-{part}" for part in all_arms.PARTS), "trial", "agent")
    for arm in named:
        all_arms.play(all_arms.check(arm), bench.studio, None, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    asked = [(options.single_shot, options.without) for _, options in bench.studio.turns]  # type: ignore[attr-defined]
    bare = tuple(part for part in all_arms.PARTS if part != "rewrite")
    assert asked == [(True, ()), (False, bare), *((False, (part,)) for part in all_arms.PARTS), *[(False, ())] * 2]
    assert [options.trial for _, options in bench.studio.turns].index(True) == named.index("trial")  # type: ignore[attr-defined]
    assert {"questions", "rewrite", "layout", "repair"} <= set(all_arms.PARTS)
    assert set(all_arms.ARMS) > set(named), "and the list says so"


def test_settings_are_single_shots_with_wishes(tmp_path: Path) -> None:
    bench = Bench(StudioDouble(tmp_path), None)  # type: ignore[arg-type]
    item = registry.task("world-generate").items()[0]
    names = [all_arms.setting(8, 2.5), all_arms.setting(4), all_arms.setting(guidance=1)]
    assert names == ["single:steps=8:guidance=2.5", "single:steps=4", "single:guidance=1"]
    for arm in names:
        all_arms.play(all_arms.check(arm), bench.studio, None, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    asked = [(options.single_shot, options.wishes.steps, options.wishes.guidance)
             for _, options in bench.studio.turns]  # type: ignore[attr-defined]
    assert asked == [(True, 8, 2.5), (True, 4, None), (True, None, 1.0)]
    with pytest.raises(EvalError, match="no arm named"):
        all_arms.check("single:steps=many")


def test_the_control_draws_as_many_and_looks_at_none(tmp_path: Path) -> None:
    folder = made(tmp_path, ["random-of-3"])
    samples = list(folder.all())
    assert all(s.cost.images == 3 and s.cost.planner_calls == 0 and len(s.candidates) == 3 for s in samples)
    assert all(s.cost.seconds["critique"] == 0 and c.critic is None for s in samples for c in s.candidates)
    taken = {[_bytes(folder, c.picture) for c in s.candidates].index(_bytes(folder, str(s.picture))) for s in samples}
    assert len(taken) > 1, "not always the same one"


def _bytes(folder: RunFolder, picture: str) -> bytes:
    return (folder.pictures / picture).read_bytes()


def test_a_user_paints_over_what_they_see(tmp_path: Path) -> None:
    studio = StudioDouble(tmp_path)
    critic = Critic(WorkshopDouble(), "sketch")  # type: ignore[arg-type]
    item = Item(id="x", tag="t", turns=["a dog and a cat", "put a cake here"], paint={1: "dog"})
    played = all_arms.play("agent", studio, critic, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    assert played.status == "done" and studio.painted[0] is None and studio.painted[1] is not None
    (mask,) = studio.masks
    (dog,) = [d for d in sketch_scene.read(Image.open(studio.path(str(played.before)))).objects if d.thing == "dog"]
    left, top, right, bottom = mask.getbbox()  # type: ignore[misc]
    assert left < dog.box.x0 * 128 < dog.box.x1 * 128 < right and top < dog.box.y0 * 128 < dog.box.y1 * 128 < bottom


def test_a_user_who_finds_nothing_to_paint_over_gives_up(tmp_path: Path) -> None:
    studio = StudioDouble(tmp_path)
    critic = Critic(WorkshopDouble(), "sketch")  # type: ignore[arg-type]
    item = Item(id="x", tag="t", turns=["a cat", "put a cake here"], paint={1: "dog"})
    played = all_arms.play("agent", studio, critic, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    assert played.status == "failed" and played.reply == "There was no dog to paint over."
    assert played.cost.images == 1 and len(studio.turns) == 1


def test_what_a_user_brings_comes_with_their_first_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    Image.new("RGB", (128, 128), "teal").save(tmp_path / "mine" / "photo.png")
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(tmp_path))
    studio, critic = StudioDouble(tmp_path / "studio"), Critic(WorkshopDouble(), "sketch")  # type: ignore[arg-type]
    item = Item(id="x", tag="t", turns=["add a dog", "make it red"], brings="mine/photo.png")
    played = all_arms.play("agent", studio, critic, item, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    first, second = studio.brought
    assert played.earlier == first, "what each turn but the last began with"
    assert len(first) == 1 and second == [] and played.before not in (None, *first)
    once = item.model_copy(update={"turns": ["add a dog"]})
    played = all_arms.play("single", studio, critic, once, 1, Options(generator="sketch"))  # type: ignore[arg-type]
    assert played.before == studio.brought[-1][0], "what was changed is what was brought"


def test_costs_are_those_of_the_studio(tmp_path: Path) -> None:
    samples = {s.arm: s for s in made(tmp_path, ["single", "best-of-3", "agent"], limit=1).all()}
    single, best, agent = (samples[arm].cost for arm in ("single", "best-of-3", "agent"))
    assert (single.images, single.planner_calls, single.seconds["drawing"]) == (1, 0, 0.25)
    assert single.seconds["total"] == 1.0 and single.seconds["other"] == pytest.approx(0.75)
    assert (best.images, best.planner_calls, best.tokens) == (3, 1, 30)
    assert best.seconds["drawing"] == 0.75 and best.seconds["total"] > 3
    assert agent.planner_calls == 1
    assert min(single.peak_mb, best.peak_mb, agent.peak_mb) > 10


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    folder = made(tmp_path, ["single"])
    before = files(folder)
    assert runner.run(folder, opener(tmp_path / "again"), quiet) == 0
    assert runner.score(folder, registry.scorer("world"), lambda generator: ExactEyes(), quiet) == 0
    assert files(folder) == before


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def test_what_is_finished_is_never_made_again(tmp_path: Path) -> None:
    opened: list[StudioDouble] = []
    drawn: list[tuple[str, int]] = []

    def failing(text: str, seed: int) -> str:
        if len(drawn) == 4:
            raise Killed
        drawn.append((text, seed))
        return text

    folder = RunFolder(tmp_path / "run")
    folder.create(plan(["single", "agent"]))
    with pytest.raises(Killed):
        runner.run(folder, opener(tmp_path / "studios", failing), quiet)
    finished = files(folder)
    assert len(list(folder.all())) == 4
    assert runner.run(folder, opener(tmp_path / "more", opened=opened), quiet) == 8
    assert {name: time for name, time in files(folder).items() if name in finished} == finished
    assert sum(len(studio.turns) for studio in opened) == 8


def test_several_studios_share_the_work(tmp_path: Path) -> None:
    opened: list[StudioDouble] = []
    together = threading.Barrier(3)

    def slowly(text: str, seed: int) -> str:
        with suppress(threading.BrokenBarrierError):
            together.wait(10)  # passed only if three draw at a time
        return text

    folder = RunFolder(tmp_path / "run")
    folder.create(plan(["single"], workers=3))
    assert runner.run(folder, opener(tmp_path / "studios", slowly, opened), quiet) == 6
    assert not together.broken and len(opened) == 3
    assert len(list(folder.all())) == 6 and sum(len(studio.turns) for studio in opened) == 6


def test_one_that_fails_ends_the_others_and_nothing_is_lost(tmp_path: Path) -> None:
    drawn: list[str] = []

    def failing(text: str, seed: int) -> str:
        drawn.append(text)
        if len(drawn) > 3:
            raise Killed
        return text

    folder = RunFolder(tmp_path / "run")
    folder.create(plan(["single", "agent"], workers=2))
    with pytest.raises(Killed):
        runner.run(folder, opener(tmp_path / "studios", failing), quiet)
    assert len(list(folder.all())) == 3 and len(drawn) <= 5
    assert runner.run(folder, opener(tmp_path / "again"), quiet) == 9


def test_half_written_files_are_swept(tmp_path: Path) -> None:
    folder = made(tmp_path, ["single"], limit=1)
    (folder.samples / ".abc.json.x1.part").write_text("{")
    (folder.pictures / ".abc.png.x1.part").write_text("")
    runner.run(folder, opener(tmp_path / "again"), quiet)
    assert not list(folder.path.rglob("*.part")) and len(list(folder.all())) == 1


def test_a_refusal_is_a_result_and_not_an_end(tmp_path: Path) -> None:
    folder = made(tmp_path, ["single"], lambda text, seed: "refuse" if "dog" in text else "ask")
    samples = list(folder.all())
    assert len(samples) == 6 and all(s.scores["world"].value == 0 for s in samples)
    assert {s.status for s in samples} == {"failed", "question"}
    assert {s.error for s in samples if s.status == "failed"} == {"This cannot be drawn here."}


def test_the_critic_chooses_the_picture_that_meets_the_brief(tmp_path: Path) -> None:
    """Every second picture of a prompt is wrong; the critic, which is exact here, takes a right one."""
    seeds: dict[str, int] = {}

    def sometimes(text: str, seed: int) -> str:
        return text if (seed - seeds.setdefault(text, seed)) % 2 else "nine zebras"

    samples = list(made(tmp_path, ["best-of-4"], sometimes, limit=5).all())
    one_thing = [s for s in samples if s.item.tag in ("single_object", "two_object", "counting", "colors")]
    assert one_thing
    for sample in one_thing:
        assert [c.scores["world"].value for c in sample.candidates] == [0, 1, 0, 1]
        assert sample.scores["world"].value == 1


def test_scoring_again_draws_nothing_and_changes_only_scores(tmp_path: Path) -> None:
    folder = made(tmp_path, ["single"])
    before = {s.key: s for s in folder.all()}
    count = runner.score(folder, registry.scorer("outside"), lambda generator: ExactEyes(), quiet)
    assert count == 6
    for sample in folder.all():
        assert set(sample.scores) == {"world", "outside"}
        assert sample.model_copy(update={"scores": before[sample.key].scores}) == before[sample.key]


def test_keys_name_all_that_decides_a_sample() -> None:
    item = TASK.items()[0]
    base = plan(["single"])
    key = base.key(item, 1, "single", "sketch")
    assert key == base.key(item, 1, "single", "sketch")
    others = [base.key(item, 2, "single", "sketch"), base.key(item, 1, "agent", "sketch"),
              base.key(TASK.items()[1], 1, "single", "sketch"),
              base.model_copy(update={"suite_version": 2}).key(item, 1, "single", "sketch"),
              base.model_copy(update={"revisions": {"sketch": "2"}}).key(item, 1, "single", "sketch"),
              base.model_copy(update={"configuration": {"planner": "x"}}).key(item, 1, "single", "sketch")]
    assert len({key, *others}) == 7
    later = base.model_copy(update={"started": "later", "machine": {"cores": 64}, "limit": 3})
    assert later.key(item, 1, "single", "sketch") == key  # when and where it ran decides no picture


def test_seeds_depend_on_names_only() -> None:
    item = TASK.items()[5]
    assert item.seed("world-generate") == item.seed("world-generate", 0) != item.seed("world-generate", 1)
    assert 0 <= item.seed("world-generate") < 2**31


def test_a_limit_takes_from_every_kind() -> None:
    assert {i.tag for i in TASK.some(6)} == {i.tag for i in TASK.items()}
    assert len(TASK.some(7)) == 7 and len(TASK.some(None)) == len(TASK.items()) == 120


def test_several_seeds_are_several_samples(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(plan(["single"], 2, samples=3))
    assert runner.run(folder, opener(tmp_path / "studios"), quiet) == 6
    assert len({s.seed for s in folder.all()}) == 6


def test_another_version_of_a_suite_or_of_weights_is_refused() -> None:
    old = plan(["single"]).model_copy(update={"suite_version": 99})
    with pytest.raises(EvalError, match="version 99"):
        runner.check_resumable(old, TASK, {})
    with pytest.raises(EvalError, match="weights of sketch have changed"):
        runner.check_resumable(plan(["single"]), TASK, {"sketch": "other"})


def test_run_folders_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(EvalError, match="no run folder"):
        folder.plan()
    folder.create(plan(["single"]))
    with pytest.raises(EvalError, match="already holds a run"):
        folder.create(plan(["single"]))
    data = json.loads((folder.path / "run.json").read_text())
    (folder.path / "run.json").write_text(json.dumps({**data, "schema_version": 2}))
    with pytest.raises(EvalError, match="another version"):
        folder.plan()
    (folder.path / "run.json").write_text("{")
    with pytest.raises(EvalError, match="cannot be read"):
        folder.plan()
    (folder.samples / "x.json").write_text("{}")
    with pytest.raises(EvalError, match="damaged"):
        list(folder.all())


def test_a_picture_that_is_gone_is_said(tmp_path: Path) -> None:
    folder = made(tmp_path, ["single"], limit=1)
    sample = next(iter(folder.all()))
    (folder.pictures / str(sample.picture)).unlink()
    with pytest.raises(EvalError, match="cannot be read"):
        runner.score(folder, registry.scorer("world"), lambda generator: ExactEyes(), quiet, again=True)


def test_samples_keep_their_shape_on_disk(tmp_path: Path) -> None:
    folder = made(tmp_path, ["best-of-2"], limit=1)
    sample = next(iter(folder.all()))
    assert Sample.model_validate_json((folder.samples / f"{sample.key}.json").read_text()) == sample
    assert all((folder.pictures / c.picture).is_file() for c in sample.candidates)


def test_progress_tells_samples_pictures_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 110.0, 120.0, 121.0])
    monkeypatch.setattr(runner.time, "monotonic", lambda: next(clock))
    said: list[tuple[str, bool]] = []
    progress = runner.Progress(2000, 1, lambda line, important=False: said.append((line, important)))
    progress.step(4)
    progress.step()
    assert said == [("2/2000  0.10 samples/s  0.40 pictures/s  5:33:00 left", False),
                    ("3/2000  0.10 samples/s  0.20 pictures/s  5:32:50 left", False)]
    progress.everything, progress.pictures = 4, 0  # what only scores draws nothing
    progress.step()
    assert said[-1] == ("4/4  0.14 samples/s  0:00 left", True)


def test_a_conversation_keeps_what_each_turn_began_with(tmp_path: Path) -> None:
    task = registry.task("world-multiturn")
    item = next(item for item in task.items() if len(item.turns) > 2)
    folder = RunFolder(tmp_path / "run")
    run = runner.new_plan(task, ["single"], ["sketch"], {"sketch": "1"}, {"planner": "embedded"}, 1)
    folder.create(run)
    studio = StudioDouble(tmp_path / "studio", lambda text, seed: f"{seed} dogs" if text == item.turns[0] else text)
    order = runner.Order("k", item, 1, "single", "sketch")
    sample = runner.make(order, run, task, Bench(studio, WorkshopDouble()), folder)  # type: ignore[arg-type]
    assert len(sample.earlier) == len(item.turns) - 2, "before the first turn there is no picture, the last has its own"
    assert all((folder.pictures / name).is_file() for name in sample.earlier)
    seen = []
    scorer = registry.scorer("world")
    monkey = type("Watching", (), {"name": "world", "eyes": False, "version": 1,
                                   "score": lambda self, look: seen.append(look) or scorer.result(1.0)})()
    runner.scored(sample, monkey, folder, None)
    assert [picture.size for picture in seen[0].earlier] == [(128, 128)] * len(sample.earlier)
