"""Does the planner's prompt keep all that was said? It is read as if a user had said it, and held to the truth.

Truth: `brief`, the parts of the Brief that the wish states. What must not be there may stand in the negative prompt.
The reader is the grammar of the picture world (`agent.embedded`), so a prompt in words that it does not know counts as
having lost them: this measures prompts for the world, not poetry.
"""

from __future__ import annotations

from typing import Any

from agent.embedded import evaluate
from evals.api import Look, Score, Scorer

NOTHING: dict[str, Any] = {"tool": None, "arguments": {}}


class Drift(Scorer):
    name = "drift"
    version = 1
    purpose = "whether the prompt that the planner writes says everything that the user said"
    eyes = False

    def score(self, look: Look) -> Score:
        plan = look.sample.plan or {}
        arguments = plan.get("arguments") or {}
        if not arguments.get("prompt"):
            return self.result(0.0, note=f"no prompt (called {plan.get('tool')})")
        kept = understood(arguments["prompt"], arguments.get("negative") or "")
        parts = {name: float(_keeps({name: wanted}, kept)) for name, wanted in look.item.truth.get("brief", {}).items()}
        lost = [name for name, held in parts.items() if not held]
        note = f"lost {', '.join(lost)}: {arguments['prompt']}" if lost else ""
        return self.result(float(not lost), parts, note)


def understood(prompt: str, negative: str) -> dict[str, Any]:
    """The Brief that a prompt alone leads to."""
    words = f"{prompt}, without {negative}" if negative else prompt
    found: dict[str, Any] = evaluate.rehearse({"turns": [words], "model": "pack"})["brief"]
    return found


def _keeps(part: dict[str, Any], brief: dict[str, Any]) -> bool:
    return bool(evaluate.score({**NOTHING, "brief": part}, {**NOTHING, "calls": [], "brief": brief})["brief"])


SCORER = Drift()
