"""Sessions on disk: what was said and done, in order, and which turn is still open.

One SQLite file in the data folder (WAL). `entries` is append-only, and an entry's `key` makes writing it again a
no-op: that is what lets an interrupted turn be run again from its last checkpoint without anything twice.

    sessions   id, created, updated, picture (the current one)
    turns      one row for each message of the user, with the options it came with; open until it is answered
    entries    JSON of an `agent.api.Entry`, in order
    marks      what the user starred or deleted among a session's pictures

`agent.database` opens the file, migrates it and sets a damaged one aside.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock
from filelock import Timeout as LockTimeout
from pydantic import TypeAdapter

from agent.api import Answered, Entry, Options, SessionBusy, Turn, UnknownSession, UserSaid
from agent.database import explained, open_database, prepare_folder

FILE = "maquette.db"
POLITE_WAIT = 0.5  # a glance at a session (`busy`) holds it for a moment; that is no reason to refuse a turn
TITLE_LENGTH = 60
KEPT_SESSIONS = 16  # whose entries stay in memory
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_LISTING = """
    SELECT s.id, s.created, s.updated,
           (SELECT json_extract(entry, '$.text') FROM entries WHERE session = s.id
               AND json_extract(entry, '$.kind') = 'user' AND json_extract(entry, '$.text') <> ''
               ORDER BY number LIMIT 1),
           (SELECT count(DISTINCT json_extract(entry, '$.picture')) FROM entries WHERE session = s.id
               AND json_extract(entry, '$.kind') = 'outcome')
    FROM sessions s WHERE EXISTS (SELECT 1 FROM entries WHERE session = s.id) ORDER BY s.updated DESC, s.rowid DESC
"""
_PICTURES = """
    SELECT session, json_extract(entry, '$.turn'), json_extract(entry, '$.text'), json_extract(entry, '$.uploads'),
           json_extract(entry, '$.picture')
    FROM entries WHERE json_extract(entry, '$.kind') IN ('user', 'call', 'outcome') AND session = coalesce(?, session)
    ORDER BY number
"""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Shown(NamedTuple):
    """A picture, the session in which it came, and what the user said then."""

    id: str
    session: str
    text: str


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Sessions:
    """The sessions of one data folder. Safe to use from several threads; other processes may use it as well."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.RLock()
        self._busy: dict[str, threading.Lock] = {}
        self._kept: dict[str, tuple[int, list[Entry]]] = {}
        prepare_folder(folder)
        self._db = open_database(folder / FILE)

    def close(self) -> None:
        with self._mutex:
            self._db.close()

    # Sessions

    def create(self) -> str:
        session = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}"
        self._write("INSERT INTO sessions (id, created, updated) VALUES (?, ?, ?)", session, now(), now())
        return session

    def listing(self) -> list[dict[str, Any]]:
        """Newest first: session, title, created, updated, pictures; only those in which something was said."""
        return [{"session": id, "title": " ".join((title or "").split())[:TITLE_LENGTH], "created": created,
                 "updated": updated, "pictures": pictures}
                for id, created, updated, title, pictures in self._read(_LISTING)]

    def require(self, session: str) -> None:
        """Raises `UnknownSession` where there is none of that name."""
        known = _NAME.fullmatch(session) and self._read("SELECT 1 FROM sessions WHERE id = ?", session)
        if not known:
            raise UnknownSession(f"There is no session {session[:64]!r} in {self.folder}; "
                                 "`python app.py sessions` lists them.")

    # Entries

    def append(self, session: str, key: str, entry: Entry) -> bool:
        """Keep an entry; False where the one of this key is kept already (and stays as it is)."""
        with self._transaction() as db:
            added = db.execute("INSERT OR IGNORE INTO entries (session, key, entry) VALUES (?, ?, ?)",
                               (session, key, entry.model_dump_json())).rowcount
            db.execute("UPDATE sessions SET updated = ? WHERE id = ?", (now(), session))
        return bool(added)

    def entries(self, session: str) -> list[Entry]:
        """In order. What was read once is kept: nothing is ever changed, so only what came since is read again."""
        with self._mutex:
            last, kept = self._kept.get(session, (0, []))
            rows = self._read("SELECT number, entry FROM entries WHERE session = ? AND number > ? ORDER BY number",
                              session, last)
            kept = [*kept, *(_ENTRY.validate_json(row[1]) for row in rows)]
            self._kept.pop(session, None)
            self._kept[session] = (rows[-1][0] if rows else last, kept)
            while len(self._kept) > KEPT_SESSIONS:
                self._kept.pop(next(iter(self._kept)))
        return list(kept)

    def keys(self, session: str) -> list[str]:
        return [row[0] for row in self._read("SELECT key FROM entries WHERE session = ? ORDER BY number", session)]

    # Turns

    def begin(self, session: str, turn: Turn, options: Options) -> int:
        """Note that a turn begins, and what it was asked; its number in the session, from 1."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO turns (session, id, number, turn, options) VALUES (?, ?, "
                       "(SELECT count(*) + 1 FROM turns WHERE session = ?), ?, ?)",
                       (session, turn.id, session, turn.model_dump_json(), options.model_dump_json()))
            said = UserSaid(turn=turn.id, text=turn.text, uploads=turn.uploads, mask=turn.mask, note=turn.note,
                            boxes=turn.boxes, references=turn.references)
            db.execute("INSERT OR IGNORE INTO entries (session, key, entry) VALUES (?, ?, ?)",
                       (session, f"{turn.id}/user", said.model_dump_json()))
            row = db.execute("SELECT number FROM turns WHERE session = ? AND id = ?", (session, turn.id)).fetchone()
        return int(row[0])

    def open_turn(self, session: str) -> tuple[Turn, Options] | None:
        """The turn that was begun and neither ended nor asked."""
        rows = self._read("SELECT turn, options FROM turns WHERE session = ? AND open ORDER BY number DESC", session)
        return (Turn.model_validate_json(rows[0][0]), Options.model_validate_json(rows[0][1])) if rows else None

    def finish(self, session: str, entry: Answered) -> bool:
        """Keep how a turn ended, the current picture and that the turn is over, all or nothing."""
        with self._transaction() as db:
            added = db.execute("INSERT OR IGNORE INTO entries (session, key, entry) VALUES (?, ?, ?)",
                               (session, f"{entry.turn}/outcome", entry.model_dump_json())).rowcount
            if added:
                db.execute("UPDATE sessions SET updated = ?, picture = ? WHERE id = ?",
                           (now(), entry.picture, session))
            db.execute("UPDATE turns SET open = 0 WHERE session = ? AND id = ?", (session, entry.turn))
        return bool(added)

    def answered(self, session: str, turn: str) -> Answered | None:
        rows = self._read("SELECT entry FROM entries WHERE session = ? AND key = ?", session, f"{turn}/outcome")
        return Answered.model_validate_json(rows[0][0]) if rows else None

    # The current picture

    def picture(self, session: str) -> str | None:
        rows = self._read("SELECT picture FROM sessions WHERE id = ?", session)
        return rows[0][0] if rows else None

    def choose(self, session: str, picture: str | None) -> None:
        """Make a picture the current one, outside any turn; None where there is none left."""
        self._write("UPDATE sessions SET picture = ?, updated = ? WHERE id = ?", picture, now(), session)

    # What the user marked

    def mark(self, session: str, picture: str, starred: bool | None = None, deleted: bool | None = None) -> None:
        """Star or delete a picture of the session, or take that back; None leaves it as it is."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO marks (session, picture) VALUES (?, ?)", (session, picture))
            db.execute("UPDATE marks SET starred = coalesce(?, starred), deleted = coalesce(?, deleted) "
                       "WHERE session = ? AND picture = ?", (starred, deleted, session, picture))

    def marked(self, session: str) -> tuple[list[str], list[str]]:
        """The starred pictures and the deleted ones."""
        rows = self._read("SELECT picture, starred, deleted FROM marks WHERE session = ? ORDER BY rowid", session)
        return [row[0] for row in rows if row[1]], [row[0] for row in rows if row[2]]

    def stars(self) -> set[tuple[str, str]]:
        """Session and picture of everything that is starred."""
        return set(self._read("SELECT session, picture FROM marks WHERE starred"))

    # How long turns take

    def durations(self, latest: int = 1000) -> list[tuple[str, float]]:
        """Model and seconds of each turn that ended with a picture, among so many latest entries; newest first."""
        return self._read("SELECT json_extract(entry, '$.outcome.images[0].model'), "
                          "json_extract(entry, '$.outcome.usage.seconds') FROM entries "
                          "WHERE number > (SELECT coalesce(max(number), 0) FROM entries) - ? "
                          "AND json_extract(entry, '$.outcome.images[0].model') IS NOT NULL ORDER BY number DESC",
                          latest)

    # Every session's pictures

    def pictures(self, session: str | None = None) -> list[Shown]:
        """All pictures that were brought or drawn and not deleted, each where it came first, in the order they came."""
        found: dict[str, Shown] = {}
        texts: dict[tuple[str, str], str] = {}
        deleted = set(self._read("SELECT session, picture FROM marks WHERE deleted"))
        for name, turn, text, uploads, picture in self._read(_PICTURES, session):
            said = texts.setdefault((name, turn), text or "")
            for id in [*json.loads(uploads or "[]"), *([picture] if picture else [])]:
                if (name, id) not in deleted:
                    found.setdefault(id, Shown(id, name, said))
        return list(found.values())

    # One turn at a time

    @contextlib.contextmanager
    def alone(self, session: str, wait: float = POLITE_WAIT) -> Iterator[None]:
        """Hold the session against other turns, of this process and of others. Raises `SessionBusy`."""
        with self._mutex:
            mine = self._busy.setdefault(session, threading.Lock())
        if not mine.acquire(timeout=wait):
            raise SessionBusy(f"Session {session} is still at work on another message; wait for it or stop it.")
        try:
            with self._file_lock(session, wait):
                yield
        finally:
            mine.release()

    @contextlib.contextmanager
    def _file_lock(self, session: str, wait: float) -> Iterator[None]:
        lock = FileLock(self.folder / "locks" / f"{session}.lock", timeout=wait, thread_local=False)
        try:
            lock.acquire()
        except LockTimeout:
            raise SessionBusy(f"Another program is at work on session {session}; wait for it or stop it.") from None
        try:
            yield
        finally:
            lock.release()

    def busy(self, session: str) -> bool:
        """Whether somebody is at work on the session right now."""
        try:
            with self.alone(session, wait=0):
                return False
        except SessionBusy:
            return True

    # SQLite

    def _read(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._mutex, explained(self.folder):
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: Any) -> None:
        with self._transaction() as db:
            db.execute(sql, values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, explained(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
