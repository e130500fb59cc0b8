"""Makes the samples of a run, one after another on each graphics card, and scores them. Killed at any moment, it goes
on where it was.

A sample is finished when its JSON lies in samples/; its pictures are written before. What was begun and not
finished is begun again in a fresh data folder, so that a picture already drawn cannot make a cost look smaller.
"""

from __future__ import annotations

import datetime
import io
import os
import platform
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import psutil
from PIL import Image

from agent.api import AgentError, Options, StudioProtocol
from evals import arms, registry
from evals.api import EvalError, Eyes, Item, Look, RunPlan, Sample, Score, Scorer, Task
from evals.critic import Critic
from evals.folder import STUDIO, RunFolder
from generators import hardware
from generators.api import GeneratorError, Seen
from tools.api import Limits, ToolError, Workshop

LIBRARIES = ("torch", "diffusers", "transformers", "pillow", "numpy")


@dataclass(frozen=True)
class Bench:
    """A studio and the models it works with."""

    studio: StudioProtocol
    workshop: Workshop


class Say(Protocol):
    """Tells people how far it is; what is important is never left out."""

    def __call__(self, line: str, important: bool = False) -> None: ...


class Opener(Protocol):
    """Opens a studio with a generator, on a data folder; its models on the card of this number, where there are
    several."""

    def __call__(self, generator: str, data: Path, card: int) -> AbstractContextManager[Bench]: ...


@dataclass(frozen=True)
class Order:
    """A sample that is to be made."""

    key: str
    item: Item
    seed: int
    arm: str
    generator: str


def orders(plan: RunPlan, task: Task) -> list[Order]:
    """All samples of a run, arm by arm, in a fixed order."""
    found = []
    for generator in plan.generators:
        for arm in plan.arms:
            for item in task.some(plan.limit):
                for index in range(plan.samples):
                    seed = item.seed(plan.suite, index)
                    found.append(Order(plan.key(item, seed, arm, generator), item, seed, arm, generator))
    return found


def new_plan(task: Task, arm_names: Sequence[str] | None, generators: Sequence[str], revisions: dict[str, str],
             configuration: dict[str, Any], limit: int | None = None, samples: int = 1,
             workers: int | None = None) -> RunPlan:
    """``workers``: how many studios work at a time; None: one on each graphics card."""
    return RunPlan(suite=task.name, suite_version=task.version, arms=arms.of(task, arm_names),
                   generators=list(generators), limit=limit, samples=samples, configuration=configuration,
                   revisions=revisions, workers=workers or max(1, len(hardware.cards())), machine=machine(),
                   started=_now())


def machine() -> dict[str, Any]:
    """What the times were measured on."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"system": f"{platform.system()} {platform.machine()}", "python": platform.python_version(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "cards_gb": [round(card, 1) for card in hardware.cards()], **versions}


def check_resumable(plan: RunPlan, task: Task, revisions: dict[str, str]) -> None:
    """Raises `EvalError` where going on would mix two things."""
    if plan.suite_version != task.version:
        raise EvalError(f"This run is of {plan.suite} version {plan.suite_version}, and the suite is now version "
                        f"{task.version}; start a new run.")
    for generator, revision in revisions.items():
        if plan.revisions.get(generator) != revision:
            raise EvalError(f"The weights of {generator} have changed since this run began; start a new run.")


def run(folder: RunFolder, open_studio: Opener, say: Say) -> int:
    """Makes what is missing; returns how many samples were made. Raises `EvalError`."""
    plan = folder.plan()
    task = registry.task(plan.suite)
    folder.sweep()
    everything = orders(plan, task)
    missing = [order for order in everything if not folder.has(order.key)]
    progress = Progress(len(everything), len(everything) - len(missing), say)
    for (generator, arm), group in _grouped(missing):
        say(f"{generator}, {arm}", important=True)
        waiting = deque(group)

        def work(card: int, waiting: deque[Order] = waiting, generator: str = generator) -> None:
            with _bench(open_studio, generator, folder.path, card) as bench:
                while order := _next(waiting):
                    sample = make(order, plan, task, bench, folder)
                    folder.save(sample)
                    progress.step(sample.cost.images)

        _together(work, min(plan.workers, len(group)), waiting)
    return len(missing)


def _next(waiting: deque[Order]) -> Order | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _together(work: Callable[[int], None], workers: int, waiting: deque[Order]) -> None:
    """The same work by several threads, or in this one. Where one fails the others end with what they are at."""
    if workers == 1:
        return work(0)
    with ThreadPoolExecutor(workers) as pool:
        try:
            for done in as_completed([pool.submit(work, card) for card in range(workers)]):
                done.result()
        finally:
            waiting.clear()


@contextmanager
def _bench(open_studio: Opener, generator: str, run: Path, card: int) -> Iterator[Bench]:
    """A studio on an empty data folder, which goes when it closes (or is swept when the run goes on)."""
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory(dir=run, prefix=STUDIO))
        try:
            yield stack.enter_context(open_studio(generator, Path(data), card))
        except (AgentError, GeneratorError) as error:
            raise EvalError(str(error)) from error


def _grouped(missing: Sequence[Order]) -> list[tuple[tuple[str, str], list[Order]]]:
    groups: dict[tuple[str, str], list[Order]] = {}
    for order in missing:
        groups.setdefault((order.generator, order.arm), []).append(order)
    return list(groups.items())


def make(order: Order, plan: RunPlan, task: Task, bench: Bench, folder: RunFolder) -> Sample:
    """One sample. What goes wrong inside the studio is its result; what is wrong with the run is raised."""
    options = Options(generator=order.generator, planner=plan.configuration.get("planner"),
                      limits=Limits.model_validate(plan.configuration.get("limits", {})))
    blank = Sample(key=order.key, suite=plan.suite, suite_version=plan.suite_version, item=order.item, arm=order.arm,
                   generator=order.generator, seed=order.seed, status="failed")
    with PeakMemory() as memory:
        try:
            if task.does == "plan":
                played = arms.plan(bench.studio, order.item, options)
            else:
                critic = Critic(bench.workshop, order.generator)
                played = arms.play(order.arm, bench.studio, critic, order.item, order.seed, options)
        except (AgentError, GeneratorError, ToolError) as error:
            return blank.model_copy(update={"error": str(error), "made": _now()})
    keep = _Keeper(order.key, bench.studio, folder)
    candidates = [c.model_copy(update={"picture": keep(c.picture, f"-{i}")}) for i, c in enumerate(played.candidates)]
    return blank.model_copy(update={
        "status": played.status, "reply": played.reply, "plan": played.plan, "model": played.model,
        "revision": played.revision, "candidates": candidates, "asked": played.asked, "made": _now(),
        "picture": keep(played.picture) if played.picture else None,
        "before": keep(played.before, "-before") if played.before and played.picture else None,
        "earlier": [keep(name, f"-turn{i}") for i, name in enumerate(played.earlier)] if played.picture else [],
        "cost": played.cost.model_copy(update={"peak_mb": round(memory.peak / 2**20, 1)})})


class _Keeper:
    """Copies pictures of the studio's store into the run, under the sample's name."""

    def __init__(self, key: str, studio: StudioProtocol, folder: RunFolder) -> None:
        self.key, self.studio, self.folder = key, studio, folder

    def __call__(self, picture: str, suffix: str = "") -> str:
        return self.folder.save_picture(f"{self.key}{suffix}.png", arms.picture_file(self.studio, picture))


def score(folder: RunFolder, scorer: Scorer, eyes: Callable[[str], Any], say: Say, again: bool = False) -> int:
    """Scores what this version of the scorer has not scored; returns how many samples. Draws nothing."""
    waiting = [s for s in folder.all() if again or not _scored(s, scorer)]
    progress = Progress(len(waiting), 0, say)
    with ExitStack() as stack:
        stack.callback(scorer.close)
        open_eyes: dict[str, Any] = {}
        for sample in waiting:
            if scorer.eyes and sample.generator not in open_eyes:
                open_eyes[sample.generator] = eyes(sample.generator)
                stack.callback(open_eyes[sample.generator].close)
            folder.save(scored(sample, scorer, folder, open_eyes.get(sample.generator)))
            progress.step()
    return len(waiting)


def scored(sample: Sample, scorer: Scorer, folder: RunFolder, eyes: Eyes | None) -> Sample:
    """The sample with this scorer's judgement of its picture and of every candidate's."""
    look = _Looker(sample, scorer, folder, eyes)
    candidates = [c.model_copy(update={"scores": {**c.scores, scorer.name: look(c.picture)}})
                  for c in sample.candidates]
    return sample.model_copy(update={"scores": {**sample.scores, scorer.name: look(sample.picture)},
                                     "candidates": candidates})


class _Looker:
    """Opens a sample's pictures, has them looked at, and asks the scorer."""

    def __init__(self, sample: Sample, scorer: Scorer, folder: RunFolder, eyes: Eyes | None) -> None:
        self.sample, self.scorer, self.folder, self.eyes = sample, scorer, folder, eyes

    def __call__(self, picture: str | None) -> Score:
        image, seen = self._open(picture)
        before, seen_before = self._open(self.sample.before)
        earlier = [found for name in self.sample.earlier if (found := self._open(name, seen=False)[0])]
        return self.scorer.score(Look(self.sample.item, self.sample, image, seen, before, seen_before, earlier))

    def _open(self, name: str | None, seen: bool = True) -> tuple[Image.Image | None, Seen | None]:
        if not name:
            return None, None
        try:
            image = Image.open(io.BytesIO((self.folder.pictures / name).read_bytes())).convert("RGB")
        except OSError as error:
            raise EvalError(f"The picture {name} of sample {self.sample.key} cannot be read ({error}); "
                            "delete the sample's JSON and resume.") from None
        return image, self.eyes.see(image) if self.eyes and seen else None


def _scored(sample: Sample, scorer: Scorer) -> bool:
    done = sample.scores.get(scorer.name)
    return done is not None and done.version == scorer.version


class PeakMemory:
    """The greatest resident memory of this process and its children, every studio's that works at a time, while in the
    block; looked at every 0.1 s."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, _resident())

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, _resident())


def _resident() -> int:
    total, this = 0, psutil.Process()
    for process in [this, *this.children(recursive=True)]:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


class Progress:
    """Says how far it is: how many of how many, how fast, how long still."""

    def __init__(self, everything: int, done: int, say: Say) -> None:
        self.everything, self.begun_at, self.done = everything, done, done
        self.pictures = 0
        self.say = say
        self._began = time.monotonic()

    def step(self, pictures: int = 0) -> None:
        """One more is done, and so many pictures were drawn for it."""
        self.done += 1
        self.pictures += pictures
        elapsed = time.monotonic() - self._began
        new = self.done - self.begun_at
        drawn = f"  {_pace(self.pictures, elapsed)} pictures/s" if self.pictures else ""
        left = _clock(elapsed / new * (self.everything - self.done))
        self.say(f"{self.done}/{self.everything}  {_pace(new, elapsed)} samples/s{drawn}  {left} left",
                 important=self.done == self.everything)


def _pace(count: int, seconds: float) -> str:
    return f"{count / seconds:.2f}" if seconds > 0 else "–"


def _clock(seconds: float) -> str:
    """Minutes and seconds, and hours where it takes them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
