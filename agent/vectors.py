"""Pictures' vectors on disk, so that each picture is looked at once. What is here can always be made again.

One SQLite file in the data folder beside the sessions', a row for each picture with the model that made its vector; a
row of another model counts as none and is written over. A damaged file is dropped; one that takes no writes (a full
disk, another program's lock) only costs time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

T = TypeVar("T")

FILE = "vectors.db"
PATIENCE = 5.0
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (picture TEXT PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL)"


class Vectors:
    """The vectors of one data folder. Safe to use from several threads and programs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def of(self, model: str) -> dict[str, np.ndarray]:
        """Every picture's vector (float32) by this model."""

        def read(db: sqlite3.Connection) -> dict[str, np.ndarray]:
            rows = db.execute("SELECT picture, vector FROM vectors WHERE model = ?", (model,))
            return {picture: np.frombuffer(vector, "<f4") for picture, vector in rows}

        return self._with(read) or {}

    def keep(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Vectors by picture."""
        rows = [(picture, model, vector.astype("<f4").tobytes()) for picture, vector in vectors.items()]
        self._with(lambda db: db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows))

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What the work led to; None where the file could not be used."""
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=PATIENCE)) as db, db:
                db.execute(_TABLE)
                return work(db)
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
            return None
