"""The sessions' file: damaged, newer, locked, full, read-only; entries by key; one turn at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent import database
from agent.api import Answered, Briefed, DataFolderError, Options, Outcome, SessionBusy, Turn, UserSaid
from agent.sessions import FILE, Sessions
from tools.api import Brief


def filled(folder: Path, sessions: int = 3) -> list[str]:
    """Sessions with one turn each."""
    store = Sessions(folder)
    names = [store.create() for _ in range(sessions)]
    for name in names:
        store.begin(name, Turn(id="t", text=f"said in {name}"), Options())
        for number in range(40):
            store.append(name, f"t/brief/{number}", Briefed(turn="t", brief=Brief(request="x" * 200)))
    store.close()
    return names


def test_an_entry_is_kept_once_and_in_order(tmp_path: Path) -> None:
    store = Sessions(tmp_path)
    session = store.create()
    first, second = (Briefed(turn="t", brief=Brief(request=text)) for text in ("one", "two"))
    assert store.append(session, "t/brief/1", first)
    assert not store.append(session, "t/brief/1", second)
    assert store.append(session, "t/brief/2", second)
    assert store.entries(session) == [first, second]
    store.close()


def test_a_turn_is_open_until_it_is_answered(tmp_path: Path) -> None:
    store = Sessions(tmp_path)
    session, turn, options = store.create(), Turn(id="t", text="dogs"), Options(seed=5)
    assert store.open_turn(session) is None
    assert store.begin(session, turn, options) == 1 == store.begin(session, turn, options)
    assert store.open_turn(session) == (turn, options)
    outcome = Outcome(status="done", session=session, reply="Done.")
    assert store.finish(session, Answered(turn="t", outcome=outcome, picture="p"))
    assert not store.finish(session, Answered(turn="t", outcome=outcome, picture="q"))
    assert store.open_turn(session) is None and store.picture(session) == "p"
    assert [type(entry) for entry in store.entries(session)] == [UserSaid, Answered]
    assert store.begin(session, Turn(id="u", text="cats"), options) == 2
    store.close()


def test_sessions_survive_reopening(tmp_path: Path) -> None:
    names = filled(tmp_path)
    store = Sessions(tmp_path)
    assert {row["session"] for row in store.listing()} == set(names)
    store.close()


@pytest.mark.parametrize("damage", ["random", "truncated", "garbage"])
def test_a_damaged_file_is_set_aside_and_what_can_be_read_is_kept(tmp_path: Path, damage: str) -> None:
    names = filled(tmp_path)
    path = tmp_path / FILE
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
    (tmp_path / f"{FILE}.backup").unlink()
    raw = bytearray(path.read_bytes())
    if damage == "random":
        raw[len(raw) // 2:len(raw) // 2 + 4096] = b"\xa5" * 4096
    path.write_bytes({"random": raw, "truncated": raw[:len(raw) // 2 + 100], "garbage": b"no database" * 999}[damage])
    store = Sessions(tmp_path)
    assert len(list(tmp_path.glob(f"{FILE}.corrupt-*"))) >= 1
    if damage == "random":
        kept = {name: len(store.entries(name)) for name in names}
        assert sum(kept.values()) > 90, "of 123 entries those of one page are lost"
        assert sum(count > 0 for count in kept.values()) >= 2
    session = store.create()
    store.begin(session, Turn(id="t", text="on we go"), Options())
    store.close()


def test_the_backup_takes_the_place_of_a_damaged_file(tmp_path: Path) -> None:
    names = filled(tmp_path)
    store = Sessions(tmp_path)
    database._back_up(store._db, tmp_path / FILE)
    store.close()
    for ending in ("-wal", "-shm"):
        (tmp_path / f"{FILE}{ending}").unlink(missing_ok=True)
    (tmp_path / FILE).write_bytes(b"\x00" * 5000)
    store = Sessions(tmp_path)
    assert {row["session"] for row in store.listing()} == set(names)
    store.close()


def test_a_file_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
        db.commit()
    with pytest.raises(DataFolderError, match="newer version of Maquette"):
        Sessions(tmp_path)
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_every_migration_leads_from_the_version_before_it(tmp_path: Path, monkeypatch) -> None:
    names = filled(tmp_path)
    extra = "ALTER TABLE sessions ADD COLUMN colour TEXT"
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, extra))
    store = Sessions(tmp_path)
    assert store._db.execute("PRAGMA user_version").fetchone() == (len(database.MIGRATIONS),)
    assert {row["session"] for row in store.listing()} == set(names)
    store.close()
    with closing(sqlite3.connect(tmp_path / f"{FILE}.backup")) as backup:
        before = backup.execute("PRAGMA user_version").fetchone()
    assert before == (len(database.MIGRATIONS) - 1,), "backed up before it was changed"


def test_a_locked_file_is_a_sentence_after_a_short_wait(tmp_path: Path, monkeypatch) -> None:
    filled(tmp_path)
    store = Sessions(tmp_path)
    store._db.execute("PRAGMA busy_timeout = 100")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DataFolderError, match="another program holds its database"):
            store.create()
        other.execute("ROLLBACK")
    assert store.create()
    store.close()


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    names = filled(tmp_path)
    store = Sessions(tmp_path)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataFolderError, match="full"):
        for number in range(1000):
            store.append(names[0], f"more/{number}", Briefed(turn="m", brief=Brief(request="x" * 3000)))
    store._db.execute("PRAGMA max_page_count = 1000000")
    assert store.append(names[0], "after", Briefed(turn="m", brief=Brief()))
    store.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataFolderError, match="--data or MAQUETTE_DATA"):
        Sessions(tmp_path / "file" / "data")


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    store = Sessions(tmp_path)
    session = store.create()
    with pytest.raises(ZeroDivisionError), store.alone(session):
        assert store.busy(session)
        raise ZeroDivisionError
    assert not store.busy(session)
    with store.alone(session), pytest.raises(SessionBusy), store.alone(session):
        raise AssertionError("held twice")
    store.close()
