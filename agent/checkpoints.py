"""Where conversations stand: LangGraph's checkpoints in their own SQLite file, plain data only, pruned when done.

Strict msgpack: a checkpoint can hold plain values and nothing that loading would construct (CVE-2025-64439).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.database import BUSY_SECONDS, explained, set_aside_if_damaged
from agent.state import SCHEMA_VERSION, Desk, State

FILE = "checkpoints.db"


class Checkpoints:
    """The graph with its saver. Importing LangGraph takes half a second, hence here and not at the top."""

    def __init__(self, folder: Path) -> None:
        os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
        from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
        from langgraph.checkpoint.sqlite import SqliteSaver

        from agent import graph

        self.folder = folder
        with explained(folder):
            set_aside_if_damaged(folder / FILE)
            self._db = sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS, check_same_thread=False)
            self.saver = SqliteSaver(self._db, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
            self.saver.setup()
        self.graph = graph.build(self.saver)
        self.graph.checkpointer = self.saver  # compiling made a copy that may construct the schema's own types
        self._config: Callable[[str], Any] = graph.config

    def run(self, given: State, desk: Desk) -> State:
        """Work on a turn until it ends or asks, from wherever it stands; the state at its end."""
        from langgraph.types import Command

        config = self._config(desk.session)
        state = self._standing(desk.session)
        if state is None or (state.values["turn"]["id"] != given["turn"]["id"] and not state.interrupts):
            self.forget(desk.session)
            self.graph.invoke(given, config, context=desk, durability="sync")
        elif state.values["turn"]["id"] != given["turn"]["id"]:
            self.graph.invoke(Command(resume=given), config, context=desk, durability="sync")
        elif state.tasks and not state.interrupts:  # `next` leaves out a task that was cut off after its writes
            self.graph.invoke(None, config, context=desk, durability="sync")
        return State(**self.graph.get_state(config).values)  # type: ignore[typeddict-item]

    def _standing(self, session: str) -> Any | None:
        """The last checkpoint, if there is one of this version."""
        state = self.graph.get_state(self._config(session))
        return state if state.values.get("schema_version") == SCHEMA_VERSION else None

    def forget(self, session: str) -> None:
        with explained(self.folder):
            self.saver.delete_thread(session)

    def close(self) -> None:
        self._db.close()
