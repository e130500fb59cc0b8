"""Wishes that say several things: does the prompt that the planner writes for the generator still say all of them?

Nothing is drawn; as in `utterances` the planner is told of the one generator that knows every word of the world.
"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldDrift(Lines, Task):
    name = "world-drift"
    version = 1
    purpose = "72 wishes of several parts (counts, colours, relations, style …) and the prompt that becomes of them"
    scorer = "drift"
    does = "plan"
    generators = ("sketch",)


TASK = WorldDrift()
