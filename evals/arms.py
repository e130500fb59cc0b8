"""The ways of answering an item that are compared, each at its own cost.

    single        plan nothing, draw once: what everything is compared with
    rewrite       the planner puts the wish into the model's words, and that is all: no question, no boxes, no repair
    agent         the studio as it is
    no-questions  the studio guesses where it would ask
    no-rewrite    the generator gets the user's own words (with the boxes, and repairs)
    no-layout     the studio without boxes: the generator is told only in words where things go
    no-repair     the studio without repair: planned, drawn once, checked, left as it is
                  (and so on: an arm for each part of the studio that can be switched off, `agent.api.Part`)
    trial         the studio with the recipes that were not measured yet (see `evals.skills`)
    best-of-N     draw N times as `single` does; the studio's critic chooses. The report derives the controls
                  from the same N pictures: one of them at random, the best by the scorer (an upper bound), and the
                  critic's choice among as many of them as the agent drew.
    random-of-N   draw N times as `single` does, and take one of them: the control, where nothing else is wanted of it
    single:steps=8:guidance=2    `single` with these settings, either or both: what a sweep is made of
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from agent.api import Event, Options, Outcome, Part, StudioProtocol, Thinking, Turn
from evals import benchmarks
from evals import user as users
from evals.api import Asked, Candidate, Cost, EvalError, Item, Task
from evals.critic import Critic, Verdict
from tools.api import Brief, Limits, PictureRecord, Question, Wishes

PARTS: tuple[Part, ...] = get_args(Part)
ABLATIONS: dict[str, tuple[Part, ...]] = {f"no-{part}": (part,) for part in PARTS}
WITHOUT: dict[str, tuple[Part, ...]] = {**ABLATIONS, "rewrite": tuple(part for part in PARTS if part != "rewrite")}
TRIAL = "trial"
ARMS = ("single", "rewrite", *ABLATIONS, TRIAL, "agent", "best-of-N", "random-of-N")
SETTING = re.compile(r"single(?::steps=(?P<steps>\d{1,4}))?(?::guidance=(?P<guidance>\d{1,3}(?:\.\d+)?))?")
MOST = 32
STAGES = {"load": "loading", "encode": "encoding", "draft": "drawing", "denoise": "drawing", "decode": "drawing",
          "draw": "drawing", "finish": "drawing"}
"""What a picture's record calls its parts, and what a cost does."""


@dataclass
class Played:
    """What an arm made of an item. Pictures are still ids of the studio's store."""

    status: str
    reply: str = ""
    picture: str | None = None
    before: str | None = None
    earlier: list[str] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    model: str | None = None
    revision: str | None = None
    plan: dict[str, Any] | None = None


def check(arm: str) -> str:
    """The arm's name, if there is one like that. Raises `EvalError`."""
    if arm in ARMS[:-2] or SETTING.fullmatch(arm) or 2 <= max(best_of(arm), random_of(arm)) <= MOST:
        return arm
    raise EvalError(f"There is no arm named {arm!r}; there are {', '.join(ARMS)} (N from 2 to {MOST}).")


def setting(steps: int | None = None, guidance: float | None = None) -> str:
    """The name of the single shot with these settings."""
    return ":".join(["single", *([f"steps={steps}"] if steps else []),
                     *([f"guidance={guidance:g}"] if guidance is not None else [])])


def wishes(arm: str) -> Wishes:
    """The settings that an arm's name holds; none for most."""
    found = SETTING.fullmatch(arm)
    return Wishes.model_validate({name: value for name, value in found.groupdict().items() if value} if found else {})


def of(task: Task, names: Sequence[str] | None) -> list[str]:
    """The arms of a run: those that were named, or those that make sense. Raises `EvalError`."""
    if task.does == "draw":
        return [check(name) for name in names or ("single", "agent")]
    if names and list(names) != ["agent"]:
        raise EvalError(f"{task.name} asks only the planner: its one arm is 'agent'.")
    return ["agent"]


def best_of(arm: str) -> int:
    """N of best-of-N, 0 for another arm."""
    return _of("best", arm)


def random_of(arm: str) -> int:
    """N of random-of-N, 0 for another arm."""
    return _of("random", arm)


def _of(choice: str, arm: str) -> int:
    found = re.fullmatch(rf"{choice}-of-(\d{{1,3}})", arm)
    return int(found.group(1)) if found else 0


def play(arm: str, studio: StudioProtocol, critic: Critic, item: Item, seed: int, options: Options) -> Played:
    """Raises what the studio raises."""
    if best_of(arm):
        return _best_of(best_of(arm), studio, critic, item, seed, options)
    if random_of(arm):
        return _random_of(random_of(arm), studio, critic, item, seed, options)
    way = {"seed": seed, "single_shot": arm.startswith("single"), "wishes": wishes(arm),
           "without": WITHOUT.get(arm, ()), "trial": arm == TRIAL}
    return _converse(studio, critic, item, options.model_copy(update=way))


def plan(studio: StudioProtocol, item: Item, options: Options) -> Played:
    """Asks only the planner."""
    began = time.perf_counter()
    found = studio.plan(item.turns, options)
    taken = time.perf_counter() - began
    return Played("done", plan=found, cost=Cost(planner_calls=1, seconds={"planning": taken, "total": taken}))


def _converse(studio: StudioProtocol, critic: Critic, item: Item, options: Options) -> Played:
    session, watch, user = studio.new_session(), _Stopwatch(), users.of(item)
    outcomes: list[Outcome] = []
    asked: list[Asked] = []
    brought = studio.ingest(benchmarks.picture(item.brings).read_bytes()).id if item.brings else None
    before, mask = None, None
    began: list[str] = []

    def say(text: str, *uploads: str) -> Outcome:
        turn = Turn(id=uuid.uuid4().hex, text=text, uploads=list(uploads), mask=mask)
        outcomes.append(studio.turn(session, turn, options, listen=watch))
        return outcomes[-1]

    for index, text in enumerate(item.turns):
        before = studio.current(session) or brought
        began += [before] if before else []
        if thing := item.paint.get(index):
            mask = critic.paint_over(studio, before, thing) if before else None
            if mask is None:
                return _unpainted(thing, _cost(outcomes, studio.view(session).versions, watch))
        last = say(text, *([brought] if brought and not index else []))
        mask = None
        while last.status == "question" and len(asked) < users.PATIENCE:
            question = last.question or Question(text=last.reply)
            asked.append(user.answer(question) if user else Asked(text=question.text, slot=question.slot))
            if user is None:
                break
            last = say(asked[-1].answer)
    records = studio.view(session).versions
    final = last.images[-1].id if last.images else None
    record = next((record for record in records if record.id == final), None)
    model, revision = (record.model, record.revision) if record else (None, None)
    return Played(last.status, last.reply, final, before, began[:-1], asked=asked,
                  cost=_cost(outcomes, records, watch), model=model, revision=revision)


def _unpainted(thing: str, cost: Cost) -> Played:
    """A user who looks for the thing to paint over, and does not find it, gives up."""
    return Played("failed", f"There was no {thing} to paint over.", cost=cost)


class _Stopwatch:
    """Listens to turns, and adds up the time from the planner being asked to whatever happens next."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since: float | None = None

    def __call__(self, event: Event) -> None:
        now = time.perf_counter()
        if self._since is not None:
            self.seconds += now - self._since
        self._since = now if isinstance(event, Thinking) else None


def _best_of(number: int, studio: StudioProtocol, critic: Critic, item: Item, seed: int, options: Options) -> Played:
    """The seeds are those of the single shot and the following ones, drawn at once where the model can. The planner is
    asked once, for the Brief that the critic holds the pictures against."""
    planned = plan(studio, item, options)
    brief = Brief.model_validate((planned.plan or {}).get("brief") or {})
    tries: list[_Try] = []
    for once in _several(number, seed, options):
        played = _converse(studio, critic, item, once)
        verdict = critic.judge(studio, played.picture, brief) if played.picture else None
        tries.append(_Try(once.seed or 0, played, verdict))
    chosen = max(tries, key=_Try.rank)
    looking = sum(one.verdict.seconds for one in tries if one.verdict)
    critique = Cost(seconds={"critique": looking, "total": looking})
    cost = total([planned.cost, critique, *(one.played.cost for one in tries)])
    return replace(chosen.played, candidates=[c for one in tries if (c := one.candidate())], cost=cost)


def _random_of(number: int, studio: StudioProtocol, critic: Critic, item: Item, seed: int, options: Options) -> Played:
    """The pictures of `_best_of`, of which nobody looks at any; the choice follows from the seed."""
    tries = [_Try(once.seed or 0, _converse(studio, critic, item, once), None)
             for once in _several(number, seed, options)]
    chosen = random.Random(seed).choice(tries)
    return replace(chosen.played, candidates=[c for one in tries if (c := one.candidate())],
                   cost=total([one.played.cost for one in tries]))


def _several(number: int, seed: int, options: Options) -> list[Options]:
    """Single shots of one picture each, with one seed after another. The first draws for all."""
    limits = options.limits.model_copy(update={"images": 1})
    return [options.model_copy(update={"seed": seed + index, "single_shot": True, "limits": limits,
                                       "ahead": 1 if index else number})
            for index in range(number)]


@dataclass(frozen=True)
class _Try:
    """One of the N pictures."""

    seed: int
    played: Played
    verdict: Verdict | None

    def rank(self) -> tuple[float, float]:
        return (self.verdict.score, -self.verdict.doubt) if self.verdict else (-1.0, 0.0)

    def candidate(self) -> Candidate | None:
        if not self.played.picture:
            return None
        if self.verdict is None:
            return Candidate(picture=self.played.picture, seed=self.seed)
        return Candidate(picture=self.played.picture, seed=self.seed, critic=self.verdict.score,
                         doubt=self.verdict.doubt)


def total(costs: list[Cost]) -> Cost:
    """The sum; of the memory the greatest."""
    seconds: dict[str, float] = {}
    for cost in costs:
        seconds = _sum(seconds, cost.seconds)
    return Cost(planner_calls=sum(c.planner_calls for c in costs), tool_calls=sum(c.tool_calls for c in costs),
                tokens=sum(c.tokens for c in costs), images=sum(c.images for c in costs), seconds=seconds,
                peak_mb=max((c.peak_mb for c in costs), default=0.0))


def _cost(outcomes: list[Outcome], records: list[PictureRecord], watch: _Stopwatch) -> Cost:
    seconds = {"planning": watch.seconds}
    for outcome in outcomes:
        seconds = _sum(seconds, {"total": outcome.usage.seconds})
        seconds = _sum(seconds, {"critique": sum(s.seconds for s in outcome.steps if s.tool == "critique")})
    for record in records:  # every picture that was drawn, also those that were not kept
        seconds = _sum(seconds, _stages(record.seconds))
    known = sum(value for name, value in seconds.items() if name != "total")
    seconds["other"] = max(0.0, seconds.get("total", 0.0) - known)
    usages = [outcome.usage for outcome in outcomes]
    return Cost(planner_calls=sum(u.planner_calls for u in usages), tool_calls=sum(u.tool_calls for u in usages),
                tokens=sum(u.tokens for u in usages), images=sum(u.images for u in usages), seconds=seconds)


def _stages(seconds: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in seconds.items():
        if name in STAGES:
            found[STAGES[name]] = found.get(STAGES[name], 0.0) + value
    return found


def _sum(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    return {name: a.get(name, 0.0) + b.get(name, 0.0) for name in {**a, **b}}


def limits(images: int | None = None, seconds: float | None = None) -> Limits:
    """The studio's own limits, or these."""
    given = {name: value for name, value in (("images", images), ("seconds", seconds)) if value is not None}
    return Limits.model_validate(given)


def picture_file(studio: StudioProtocol, picture: str) -> bytes:
    """The stored PNG with its record, as it lies on disk."""
    return Path(studio.path(picture)).read_bytes()
