"""What each verb of `python -m evals` does. Prints for people; raises `EvalError` for the command line to say."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from agent import settings as studio_settings
from agent import workshops
from agent.studio import Studio
from evals import (
    arms,
    benchmarks,
    card,
    judgement,
    judging,
    official,
    page,
    registry,
    routes,
    runner,
    sets,
    skills,
    sweep,
    sweep_page,
    votes,
    voting,
)
from evals import report as numbers
from evals.api import EvalError, RunPlan, Sample, Task
from evals.folder import RunFolder
from evals.revisions import revisions
from generators import registry as models
from generators.api import Extent, Request
from generators.files import write_atomic
from generators.workshop import Workshop

Number = TypeVar("Number", int, float)


def show_list(given: argparse.Namespace) -> None:
    for title, parts in (("suites", registry.tasks()), ("scorers", registry.scorers())):
        print(f"{title}:")
        for name, part in parts.items():
            print(f"  {name:16} {part.purpose}")
    print(f"sets:\n  {', '.join(sets.KINDS):16} an arm's pictures as a set, against a folder (score --against)")
    print(f"arms:\n  {', '.join(arms.ARMS)}")


def fetch_file(given: argparse.Namespace) -> None:
    print(benchmarks.fetch(given.suite))


def make_run(given: argparse.Namespace) -> None:
    """Begins a run or goes on with one; then scores and reports it."""
    folder = _resumed(Path(given.what)) if _is_run(given.what) else _begun(given)
    plan = folder.plan()
    runner.run(folder, opener(plan), _Say())
    _scored_and_reported(folder, plan)


def _is_run(what: str) -> bool:
    return (Path(what) / "run.json").is_file()


def _resumed(path: Path) -> RunFolder:
    folder = RunFolder(path)
    plan = folder.plan()
    runner.check_resumable(plan, registry.task(plan.suite), revisions(plan.generators))
    return folder


def _begun(given: argparse.Namespace) -> RunFolder:
    task = registry.task(given.what)
    generators = list(task.generators) if given.generators is None else _names(given.generators)
    limits = arms.limits(given.budget_images, given.budget_seconds)
    configuration = {"planner": given.planner, "limits": limits.model_dump()}
    out = given.out or Path("runs") / task.name
    if recipes := skills.carry(given.skills, out):
        configuration["skills"] = recipes
    named = None if given.arms is None else _names(given.arms)
    plan = runner.new_plan(task, named, generators, revisions(generators), configuration, given.limit, given.samples,
                           given.workers)
    return _opened(out, plan)


def _opened(path: Path, plan: RunPlan) -> RunFolder:
    """The run of this plan at this place: a new one, or the very same gone on with."""
    folder = RunFolder(path)
    if _is_run(str(path)):
        _same(folder.plan(), plan, path)
        return _resumed(path)
    folder.create(plan)
    return folder


def _same(old: RunPlan, new: RunPlan, path: Path) -> None:
    """Goes on only with what is the very same run. Raises `EvalError` naming the first difference."""
    for name in ("suite", "arms", "generators", "limit", "samples", "configuration"):
        if getattr(old, name) != getattr(new, name):
            raise EvalError(f"{path} holds another run ({name}: {getattr(old, name)}, not {getattr(new, name)}); "
                            "choose another folder with --out.")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise EvalError("Give at least one name, with commas between several.")
    return list(dict.fromkeys(names))


def score_run(given: argparse.Namespace) -> None:
    folder = RunFolder(given.run)
    if given.scorer in sets.KINDS or given.against:
        _score_sets(folder, given)
        return
    scorer = registry.scorer(given.scorer or registry.task(folder.plan().suite).scorer)
    count = runner.score(folder, scorer, judging.eyes_for, _Say(), given.again)
    print(f"{count} samples scored with {scorer.name!r}.")


def _score_sets(folder: RunFolder, given: argparse.Namespace) -> None:
    if given.scorer not in sets.KINDS or given.against is None:
        raise EvalError(f"{' and '.join(sets.KINDS)} compare with a folder of pictures; name both: "
                        "--scorer fid --against FOLDER.")
    folder.plan()
    for row in sets.measure(folder, given.scorer, given.against, _Say()):
        print(f"{row['generator']}, {row['arm']}: {row['kind']} {row['value']:.4f} ({row['pictures']} pictures against "
              f"{row['of']}, features of {row['features']})")
    print(f"'python -m evals report {given.run}' puts this beside the scores.")


def write_report(given: argparse.Namespace) -> None:
    folder = RunFolder(given.run)
    _write_report(folder, folder.plan(), given.scorer, given.out, given.pictures)


def _scored_and_reported(folder: RunFolder, plan: RunPlan) -> None:
    runner.score(folder, registry.scorer(registry.task(plan.suite).scorer), judging.eyes_for, _Say())
    _write_report(folder, plan)


def _write_report(folder: RunFolder, plan: RunPlan, scorer_name: str | None = None, out: Path | None = None,
                  pictures: int = 24) -> None:
    scorer = registry.scorer(scorer_name or registry.task(plan.suite).scorer)
    samples = list(folder.all())
    found = numbers.build(plan, samples, scorer, judging.measured() if scorer.eyes else {}, votes.results(folder),
                          sets.results(folder))
    target = out or folder.path
    _write(target / "report.json", _json(found))
    _write(target / "report.html", page.render(found, _ordered(samples), folder.pictures, pictures))
    print(numbers.table(found))
    print(numbers.failures(found))
    print("\n".join(numbers.sentences(found)))
    print(f"{target / 'report.html'}")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1) + "\n"


def _write(file: Path, text: str) -> None:
    """In whole or not at all, its folder made where it is missing. Raises `EvalError`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, text.encode())
    except OSError as error:
        raise EvalError(f"{file} cannot be written: {error.strerror}.") from None


def _ordered(samples: list[Sample]) -> list[Sample]:
    return [sample for group in numbers.grouped(samples).values() for sample in group]


def compare_runs(given: argparse.Namespace) -> None:
    a, b = RunFolder(given.a), RunFolder(given.b)
    if a.plan().suite != b.plan().suite:
        raise EvalError(f"{given.a} is of {a.plan().suite} and {given.b} of {b.plan().suite}: nothing to compare.")
    scorer = registry.scorer(registry.task(a.plan().suite).scorer)
    first, second = (numbers.grouped(_with(folder, scorer.name)) for folder in (a, b))
    shared = [key for key in first if key in second]
    if not shared:
        raise EvalError("The two runs have no generator and arm in common that are scored.")
    for generator, arm in shared:
        found = numbers.compared(second[generator, arm], first[generator, arm], scorer)
        low, high = found["interval"]
        print(f"{generator}, {arm}: {given.b} against {given.a}: {found['difference']:+.3f} "
              f"(95% interval {low:+.3f} to {high:+.3f}, {found['n']} items)")


def _with(folder: RunFolder, scorer: str) -> Iterator[Sample]:
    return (sample for sample in folder.all() if scorer in sample.scores)


def export_results(given: argparse.Namespace) -> None:
    """One generator's samples of one arm, in the format of GenEval's own scripts."""
    folder = RunFolder(given.run)
    plan = folder.plan()
    generator = _only("generator", plan.generators, given.generator)
    arm = _only("arm", plan.arms, given.arm)
    samples = [s for s in folder.all() if (s.generator, s.arm) == (generator, arm)]
    found = official.rows(samples, folder.pictures)
    if not found:
        raise EvalError(f"Nothing in {given.run} is scored with {official.SCORER!r}; run 'python -m evals score "
                        f"{given.run} --scorer {official.SCORER}' first.")
    _write(given.out, "".join(json.dumps(row) + "\n" for row in found))
    print(f"{len(found)} results of {generator}, {arm}: {given.out}")


def _only(what: str, names: list[str], wanted: str | None) -> str:
    """The name that was asked for, or the only one. Raises `EvalError`."""
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    raise EvalError(f"The run has the {what}s {', '.join(names)}; choose one with --{what}.")


def print_summary(given: argparse.Namespace) -> None:
    print(official.summary(official.read(given.file)))


def opener(plan: RunPlan) -> runner.Opener:
    """Opens the real studio, with the run's planner. The sketch generator's pictures are read by its own eyes."""
    draws = registry.task(plan.suite).does == "draw"

    @contextmanager
    def opened(generator: str, data: Path, card: int) -> Iterator[runner.Bench]:
        try:
            skills.lend(data.parent, data, plan.configuration.get("skills", ""))
            settings = studio_settings.load(data=data, generator=generator, planner=plan.configuration.get("planner"))
        except studio_settings.SettingsError as error:
            raise EvalError(str(error)) from None
        with closing(workshops.make(settings, card)) as workshop, closing(Studio(settings, workshop)) as studio:
            if draws:
                _warm_up(workshop, generator)
            yield runner.Bench(studio, workshop)

    return opened


def _warm_up(workshop: Workshop, generator: str) -> None:
    """Loads the model and the critic, so that the first sample of an arm does not pay for it."""
    model = workshop.model(generator)
    size = next(iter(model.capabilities.sizes), Extent(512, 512))
    result = workshop.draw(Request(model=generator, prompt="a star", size=size, seed=0, steps=1), {})
    if workshop.sees:
        workshop.see(result.image)


class _Say:
    """Tells how far it is: on a terminal in one line that changes, elsewhere a line every few seconds."""

    def __init__(self, pause: float = 5.0) -> None:
        self.pause, self._last = pause, 0.0

    def __call__(self, line: str, important: bool = False) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r{line:70}", end="\n" if important else "", file=sys.stderr, flush=True)
        elif important or now - self._last >= self.pause:
            self._last = now
            print(line, file=sys.stderr, flush=True)


def write_card(given: argparse.Namespace) -> None:
    for file in card.write(given.run):
        print(file)


def make_sweep(given: argparse.Namespace) -> None:
    """Begins a sweep or goes on with one; then scores and reports it."""
    place = Path(given.what)
    if any(place.glob("*/run.json")):
        folders = [_resumed(folder.path) for folder in sweep.runs(place)]
    else:
        place = given.out or Path("runs") / f"sweep-{given.what}"
        folders = _sweep_begun(given, place)
    scorer = registry.scorer(registry.task(folders[0].plan().suite).scorer)
    for folder in folders:
        runner.run(folder, opener(folder.plan()), _Say())
        runner.score(folder, scorer, judging.eyes_for, _Say())
    found = sweep.measure(folders, scorer)
    whose = {sample.key: folder.pictures for folder in folders for sample in folder.all()}
    samples = [sample for folder in folders for sample in folder.all()]
    _write(place / "sweep.json", _json(found))
    _write(place / "sweep.html", sweep_page.render(found, samples, lambda sample: whose[sample.key]))
    print(sweep_page.table(found["cells"]))
    print(place / "sweep.html")


def _sweep_begun(given: argparse.Namespace, place: Path) -> list[RunFolder]:
    task: Task = registry.task(given.what)
    if task.does != "draw":
        raise EvalError(f"{task.name} draws nothing: there is nothing to sweep over.")
    steps, guidances = _numbers("--steps", given.steps, int), _numbers("--guidance", given.guidance, float)
    generators = list(task.generators) if given.generators is None else _names(given.generators)
    found = revisions(generators)
    plans = {name: runner.new_plan(task, sweep.cells(models.find(name).family, steps, guidances), [name],
                                   {name: found[name]}, {"planner": "embedded", "limits": arms.limits().model_dump()},
                                   given.limit, given.samples) for name in generators}
    return [_opened(sweep.folder_of(place, name).path, plan) for name, plan in plans.items()]


def _numbers(flag: str, text: str | None, kind: Callable[[str], Number]) -> list[Number]:
    """Raises `EvalError`, as what they may be is for the arm's name to say."""
    try:
        return [] if text is None else [kind(name) for name in _names(text)]
    except ValueError:
        raise EvalError(f"{flag} takes numbers with commas between them, not {text!r}.") from None


def hold_vote(given: argparse.Namespace) -> None:
    """Serves the page for voting until Ctrl-C; then says how it stands."""
    folder = RunFolder(given.run)
    folder.plan()
    with suppress(KeyboardInterrupt):
        voting.serve(voting.Booth(votes.Ballot(folder), given.voter), given.port)
    for row in votes.results(folder):
        low, high = row["interval"]
        print(f"{row['generator']}, {row['arm']}: strength {row['strength']:+.2f} (95% interval {low:+.2f} to "
              f"{high:+.2f}), won {row['won']:.0%} of {row['votes']}")
    print(f"'python -m evals report {given.run}' puts this beside the scores.")


def write_judgement(given: argparse.Namespace) -> None:
    found, missing = judgement.build([judgement.read(RunFolder(path)) for path in given.runs])
    _write(given.out, _json(found))
    print("\n".join(missing), file=sys.stderr)
    print(given.out)


VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "list": show_list, "fetch": fetch_file, "run": make_run, "score": score_run, "report": write_report,
    "compare": compare_runs, "export": export_results, "summary": print_summary, "card": write_card,
    "sweep": make_sweep, "vote": hold_vote, "judgement": write_judgement, "routes": routes.run, "skills": skills.run}
