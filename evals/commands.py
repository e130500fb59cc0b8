"""What each verb of `python -m evals` does. Prints for people; raises `EvalError` for the command line to say."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agent import settings as studio_settings
from agent.studio import Studio
from evals import arms, benchmarks, card, judging, official, page, registry, runner
from evals import report as numbers
from evals.api import EvalError, RunPlan, Sample
from evals.folder import RunFolder
from evals.revisions import revisions
from generators.api import Extent, Request
from generators.files import write_atomic
from generators.workshop import Workshop


def show_list(given: argparse.Namespace) -> None:
    for title, parts in (("suites", registry.tasks()), ("scorers", registry.scorers())):
        print(f"{title}:")
        for name, part in parts.items():
            print(f"  {name:16} {part.purpose}")
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
    named = None if given.arms is None else _names(given.arms)
    plan = runner.new_plan(task, named, generators, revisions(generators), configuration, given.limit, given.samples)
    folder = RunFolder(given.out or Path("runs") / task.name)
    if _is_run(str(folder.path)):
        _same(folder.plan(), plan, folder.path)
        return _resumed(folder.path)
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
    scorer = registry.scorer(given.scorer or registry.task(folder.plan().suite).scorer)
    count = runner.score(folder, scorer, judging.eyes_for, _Say(), given.again)
    print(f"{count} samples scored with {scorer.name!r}.")


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
    found = numbers.build(plan, samples, scorer, judging.measured() if scorer.eyes else {})
    target = out or folder.path
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_atomic(target / "report.json", (json.dumps(found, indent=1) + "\n").encode())
        write_atomic(target / "report.html", page.render(found, _ordered(samples), folder.pictures, pictures).encode())
    except OSError as error:
        raise EvalError(f"{target} cannot be written: {error.strerror}.") from None
    print(numbers.table(found))
    print("\n".join(numbers.sentences(found)))
    print(f"{target / 'report.html'}")


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
    try:
        write_atomic(given.out, "".join(json.dumps(row) + "\n" for row in found).encode())
    except OSError as error:
        raise EvalError(f"{given.out} cannot be written: {error.strerror}.") from None
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
    def opened(generator: str, data: Path) -> Iterator[runner.Bench]:
        try:
            settings = studio_settings.load(data=data, generator=generator, planner=plan.configuration.get("planner"))
        except studio_settings.SettingsError as error:
            raise EvalError(str(error)) from None
        workshop = Workshop(eyes="sketch" if generator.startswith("sketch") else "pack", threads=settings.threads)
        with closing(workshop), closing(Studio(settings, workshop)) as studio:
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


VERBS = {"list": show_list, "fetch": fetch_file, "run": make_run, "score": score_run, "report": write_report,
         "compare": compare_runs, "export": export_results, "summary": print_summary, "card": write_card}
