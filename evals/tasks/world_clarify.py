"""Requests that leave open what matters, beside requests that do not, from a user who answers what is asked.

The arm `no-questions` is the comparison, the guess; give both the same pictures: `--arms no-questions,agent
--budget-images 1`. The report says how often each kind of request was asked about, and what the answers were worth.
"""

from __future__ import annotations

from evals.api import Task
from evals.tasks import Lines


class WorldClarify(Lines, Task):
    name = "world-clarify"
    version = 1
    purpose = "34 requests that leave open what matters and 30 that do not, from a simulated user who answers questions"
    scorer = "world"


TASK = WorldClarify()
