"""A picture is asked for, then one change of it. Right is what then shows the whole: what was asked, and the rest.

Score a finished run with `--scorer outside` as well, for how much of the rest stayed as it was, pixel by pixel.
"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldEdit(Lines, Task):
    name = "world-edit"
    version = 1
    purpose = "40 edits of pictures just drawn: recolour, remove, add, replace, change the background"
    scorer = "world"


TASK = WorldEdit()
