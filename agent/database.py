"""Opens the studio's SQLite file: sound, of the present version, and backed up, or one sentence that says why not.

A damaged file is set aside as `….corrupt-<date>`, never deleted: its backup takes its place, and what can still be read
is taken over. A file of a newer version is refused. Every change of the schema is one more item in `MIGRATIONS`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from agent.api import DataFolderError

BUSY_SECONDS = 5.0
DAY = 86_400.0
MIGRATIONS = (
    """
    CREATE TABLE sessions (id TEXT PRIMARY KEY, created TEXT NOT NULL, updated TEXT NOT NULL,
                           picture TEXT);
    CREATE TABLE turns (session TEXT NOT NULL REFERENCES sessions(id), id TEXT NOT NULL, number INTEGER NOT NULL,
                        turn TEXT NOT NULL, options TEXT NOT NULL, open INTEGER NOT NULL DEFAULT 1,
                        PRIMARY KEY (session, id));
    CREATE TABLE entries (number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL REFERENCES sessions(id),
                          key TEXT NOT NULL, entry TEXT NOT NULL, UNIQUE (session, key));
    """,
    """
    CREATE TABLE marks (session TEXT NOT NULL REFERENCES sessions(id), picture TEXT NOT NULL,
                        starred INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (session, picture));
    """,
)


def prepare_folder(folder: Path) -> None:
    """Make the data folder, or say in one sentence why it cannot be used."""
    try:
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        probe = folder / "locks" / f".{secrets.token_hex(4)}.probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise DataFolderError(f"The data folder {folder} cannot be written ({error.strerror or error}); "
                              "choose another with --data or MAQUETTE_DATA.") from None


def open_database(path: Path) -> sqlite3.Connection:
    """A connection to a sound database of the present version. Raises `DataFolderError`."""
    with explained(path.parent):
        damaged = set_aside_if_damaged(path)
        db = _connect(path)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            db.close()
            raise DataFolderError(f"{path} was written by a newer version of Maquette (its format is {version}, this "
                                  f"program reads up to {len(MIGRATIONS)}); update, or choose another folder with "
                                  "--data.")
        _migrate(db, path, version)
        if damaged:
            _salvage(damaged, db)
        _back_up(db, path, older_than=DAY)
        return db


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _migrate(db: sqlite3.Connection, path: Path, version: int) -> None:
    if version == len(MIGRATIONS):
        return
    if version:
        _back_up(db, path)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        db.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {number};COMMIT;")


def _back_up(db: sqlite3.Connection, path: Path, older_than: float = 0.0) -> None:
    """Copy the database beside itself, where the last copy is older than so many seconds; never half a copy."""
    backup = path.with_name(f"{path.name}.backup")
    if backup.exists() and time.time() - backup.stat().st_mtime < older_than:
        return
    fresh = backup.with_name(f"{backup.name}.{os.getpid()}.tmp")
    with contextlib.closing(sqlite3.connect(fresh)) as copy:
        db.backup(copy)
    os.replace(fresh, backup)


def _salvage(damaged: Path, db: sqlite3.Connection) -> None:
    """Take over from a damaged file what can still be read: row by row, since a bad page spoils only its own."""
    with contextlib.closing(sqlite3.connect(damaged)) as old:
        for table in ("sessions", "turns", "entries", "marks"):
            _copy_rows(old, db, table)


def _copy_rows(old: sqlite3.Connection, db: sqlite3.Connection, table: str) -> None:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if (table, row[1]) != ("entries", "number")]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    last = 0
    with contextlib.suppress(sqlite3.DatabaseError):
        last = old.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0
    for number in range(1, last + 1):
        with contextlib.suppress(sqlite3.DatabaseError):
            for row in old.execute(f"SELECT {names} FROM {table} WHERE rowid = ?", (number,)).fetchall():
                db.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)


def _sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as db:
            return db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "unable to open" in str(error) or "disk" in str(error):
            raise
        return False
    except sqlite3.DatabaseError:
        return False


def set_aside_if_damaged(path: Path) -> Path | None:
    """Move a damaged database out of the way, whole; its backup takes its place, if there is one."""
    if not path.exists() or _sound(path):
        return None
    aside = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    backup = path.with_name(f"{path.name}.backup")
    if backup.exists() and _sound(backup):
        shutil.copyfile(backup, path)
    return aside


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """SQLite's errors as sentences."""
    try:
        yield
    except sqlite3.OperationalError as error:
        reason = str(error)
        if "locked" in reason:
            reason = "another program holds its database"
        raise DataFolderError(f"The data folder {folder} cannot be used: {reason}; nothing that was kept is lost. "
                              "Close what uses it, free some space, or choose another with --data.") from None
    except sqlite3.DatabaseError as error:
        raise DataFolderError(f"The database in {folder} is damaged ({error}); start again, and it is set aside and "
                              "its backup is used.") from None
