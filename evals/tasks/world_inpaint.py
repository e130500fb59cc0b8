"""A picture is asked for, one thing in it is painted over, and another is put there: what the page calls painting.

Score a finished run with `--scorer outside` as well: what was not painted over must be the same to the pixel.
"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldInpaint(Lines, Task):
    name = "world-inpaint"
    version = 1
    purpose = "24 things painted over and replaced, or taken away, in pictures just drawn"
    scorer = "world"


TASK = WorldInpaint()
