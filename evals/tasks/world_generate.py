"""Held-out prompts of the picture world, each within what the pack says it can draw."""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldGenerate(Lines, Task):
    name = "world-generate"
    version = 1
    purpose = "120 prompts: one thing, two, counts, colours, positions, and all of these mixed on a background"
    scorer = "world"


TASK = WorldGenerate()
