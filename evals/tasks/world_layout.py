"""Prompts in which it matters where things go: does the drawing fill the boxes that were planned for it?

Measure with the arm no-repair: the record of a repaired picture is that of its repair, and has no layout.
"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldLayout(Lines, Task):
    name = "world-layout"
    version = 1
    purpose = "60 prompts of two things, several, relations, places and crowds; right is a drawing that hits its boxes"
    scorer = "layout"


TASK = WorldLayout()
