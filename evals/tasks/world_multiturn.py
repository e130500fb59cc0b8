"""A picture and five changes of it, one after another: does it still show what it should at the end?"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldMultiturn(Lines, Task):
    name = "world-multiturn"
    version = 1
    purpose = "20 conversations of a picture and five edits in a row; right is what the last picture should hold"
    scorer = "world"


TASK = WorldMultiturn()
