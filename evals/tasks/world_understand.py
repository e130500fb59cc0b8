"""Rendered scenes that a user brings with a question: does the studio see what is there? Nothing is drawn."""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldUnderstand(Lines, Task):
    name = "world-understand"
    version = 1
    purpose = "50 questions about rendered scenes: how many, is there, which colour, how they stand, what background"
    scorer = "understand"


TASK = WorldUnderstand()
