"""How a turn ended, in a status and in plain words that are true: what was drawn, what was checked, what is not met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agent import attempts
from agent.acting import chooses, draws
from agent.api import Outcome, PictureView, Status, StepView
from agent.state import State, usage_of
from tools.api import PictureRecord, Question

VERBS = {"generate": "Drawn", "edit": "Edited", "inpaint": "Painted in", "extend": "Extended",
         "upscale": "Enlarged"}


def picture_view(record: PictureRecord, path: str) -> PictureView:
    """A stored picture as the contract has it."""
    return PictureView(path=path, id=record.id, width=record.width, height=record.height,
                       seed=record.request.seed if record.request else None, model=record.model,
                       parents=record.parents, critique=record.critique.findings if record.critique else [])


def conclude(state: State, session: str, record: Callable[[str], PictureRecord], path: Callable[[str], str],
             cannot: Sequence[str]) -> Outcome:
    """The outcome of a finished or asking turn. `cannot` is what of the Brief the model has not learnt to draw."""
    steps = [StepView.model_validate(step) for step in state["steps"]]
    common: dict[str, Any] = {"session": session, "steps": steps, "usage": usage_of(state)}
    shown = _shown(state)
    images = [picture_view(record(shown), path(shown))] if shown else []
    noted = state.get("noted", "")
    if state.get("asking"):
        question = Question.model_validate(state["asking"])
        return Outcome(status="question", reply=_joined(noted, state["text"], question.text), question=question,
                       images=images, **common)
    unmet = _unmet(state, cannot) if _drew(state) else []
    reply = _joined(noted, state["text"] or _last_note(state, steps), *_why_ended(state),
                    *(facts(record(shown), state, unmet) if shown and _drew(state) else []))
    return Outcome(status=status(state, steps, bool(shown), bool(unmet)), reply=reply, images=images, **common)


def status(state: State, steps: Sequence[StepView], picture: bool, unmet: bool) -> Status:
    why = (state.get("ended") or {}).get("why")
    if why == "stopped":
        return "stopped"
    if not picture:
        helpless = not state["text"] and any(not step.ok for step in steps[-1:])
        return "failed" if why or helpless or any(draws(step.tool) for step in steps) else "done"
    return "partial" if unmet or why in ("budget", "planner") else "done"


def facts(record: PictureRecord, state: State, unmet: Sequence[str]) -> list[str]:
    """Sentences about the picture that the user gets."""
    seconds = record.seconds.get("total") or sum(record.seconds.values())
    seed = f", seed {record.request.seed}" if record.request else ""
    lines = [f"{VERBS.get(record.tool or '', 'Drawn')} with {record.model} in {seconds:.1f} s{seed}."]
    if len(state["attempts"]) > 1:
        lines.append(f"The best of {len(state['attempts'])} pictures.")
    findings = attempts.findings(state["attempts"], state["picture"])
    right = [f"{f.requirement} ✓" for f in findings if f.passed]
    unsure = [f.requirement for f in findings if f.passed is None]
    lines += [f"Checked: {', '.join(right)}."] if right else []
    lines += [f"Could not be checked: {', '.join(unsure)}."] if unsure else []
    return lines + ([f"Not met: {'; '.join(unmet)}."] if unmet else [])


def _unmet(state: State, cannot: Sequence[str]) -> list[str]:
    failed = [f"{f.requirement} ({f.evidence})" if f.evidence else f.requirement
              for f in attempts.findings(state["attempts"], state["picture"]) if f.passed is False]
    failed += [f"{words}, which {state['plan']['model']} has not learnt to draw" for words in cannot]
    nothing = any(a["picture"] == state["picture"] and attempts.unchanged(a) for a in state["attempts"])
    return [*failed, "the model changed nothing"] if nothing else failed


def _drew(state: State) -> bool:
    return any(attempt["picture"] == state["picture"] for attempt in state["attempts"])


def _shown(state: State) -> str | None:
    """The picture that this turn drew or chose."""
    chose = any(step["ok"] and chooses(step["tool"]) for step in state["steps"])
    return state["picture"] if _drew(state) or chose else None


def _last_note(state: State, steps: Sequence[StepView]) -> str:
    """Where the planner had no words: what went wrong last, or what undo and select say. What other tools tell the
    planner is not for people."""
    if not steps or _drew(state) or (steps[-1].ok and not chooses(steps[-1].tool)):
        return ""
    return steps[-1].note


def _why_ended(state: State) -> list[str]:
    ended = state.get("ended")
    return [ended["text"]] if ended else []


def _joined(*parts: str) -> str:
    """Sentences, each once, in one paragraph."""
    return " ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))

