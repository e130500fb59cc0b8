"""What people type, held out from the embedded planner's making: is the right tool called, with the right Brief?

The file's lines that were looked at while the planner was made ("dev") are left out, and so are those that are about a
model from outside the picture world. Nothing is drawn; the planner is told of the one generator that knows every word
of the world, so that what a pack has not learnt to draw does not count as not understood.
"""

from __future__ import annotations

from typing import Any

from evals.api import Item, Task
from evals.tasks import Lines


class Utterances(Lines, Task):
    name = "utterances"
    version = 1
    purpose = "sentences that people type, with the tool call and the Brief that they should lead to; draws nothing"
    scorer = "plan"
    does = "plan"
    generators = ("sketch",)

    def items(self) -> list[Item]:
        return [_item(row) for row in self.rows() if row["split"] == "held-out" and row["model"] == "pack"]


def _item(row: dict[str, Any]) -> Item:
    truth: dict[str, Any] = {name: row[name] for name in ("tool", "brief", "arguments") if name in row}
    return Item(id=row["id"], tag=_tag(row), turns=row["turns"], truth=truth)


def _tag(row: dict[str, Any]) -> str:
    """Which tool it should lead to; the ones that go back to an earlier picture are one kind."""
    first: str | None = row["tool"][0] if isinstance(row["tool"], list) else row["tool"]
    return {"undo": "history", "select": "history"}.get(first, first) if first else "reply"


TASK = Utterances()
