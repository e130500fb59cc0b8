"""Did the planner understand? Holds the tool that it would call, and the Brief that it would write, against the truth.

Truth: `tool` (a name, null for a reply only, or a list of equally right ones) and, where they matter, `arguments` and
`brief`; only what it states is compared, in the way in which the embedded planner's own evaluation does.
"""

from __future__ import annotations

from agent.embedded.evaluate import score
from evals.api import Look, Score, Scorer


class Plan(Scorer):
    name = "plan"
    version = 1
    purpose = "the right tool, with the right Brief and arguments"
    eyes = False

    def score(self, look: Look) -> Score:
        plan = look.sample.plan
        if plan is None:
            return self.result(0.0, note="no plan")
        truth = {"arguments": {}, **look.item.truth}
        got = {name: plan.get(name) or {} for name in ("arguments", "brief")}
        found = score(truth, {**got, "tool": plan.get("tool"), "calls": [got["arguments"]]})
        parts = {name: float(right) for name, right in found.items() if right is not None and name != "all"}
        wrong = [name for name, right in parts.items() if not right]
        note = f"wrong {', '.join(wrong)} (called {plan.get('tool')}, not {truth['tool']})" if wrong else ""
        return self.result(float(bool(found["all"])), parts, note)


SCORER = Plan()
