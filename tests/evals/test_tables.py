"""Tables of the hub become lines and pictures, once; what is missing is a sentence."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals import benchmarks, tables
from evals.api import EvalError

SUITE = {"licence": "MIT", "source": "Somebody 2026", "table": {
    "repository": "somebody/edits", "revision": "main", "files": "data/*", "rows": 3, "picture": "image",
    "named": "{task}-{idx}.png"}}


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


ROWS = [{"idx": i, "task": "add", "image": {"bytes": png(colour), "path": None}, "raw": {"bytes": b"x", "path": "r"},
         "context": [colour, "hat"]} for i, colour in enumerate(("red", "green", "blue"))]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What the hub's own client would have fetched, for a suite named "edits"."""
    monkeypatch.setattr(benchmarks, "TABLE", tmp_path / "benchmarks.json")
    benchmarks.TABLE.write_text(json.dumps({"edits": SUITE}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MAQUETTE_BENCHMARKS", raising=False)
    (tmp_path / "hub" / "data").mkdir(parents=True)
    monkeypatch.setattr(tables, "_download", lambda table: tmp_path / "hub")
    return tmp_path / "hub" / "data"


def test_a_parquet_and_an_arrow_file_are_unpacked(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(ROWS[:2]), hub / "a.parquet")
    rest = arrow.Table.from_pylist(ROWS[2:])
    with arrow.OSFile(str(hub / "b.arrow"), "wb") as sink, arrow.ipc.new_stream(sink, rest.schema) as stream:
        stream.write_table(rest)
    assert benchmarks.fetch("edits") == benchmarks.cache() / "edits" / "rows.jsonl"
    monkeypatch.setattr(tables, "_download", lambda table: pytest.fail("fetched again"))
    assert benchmarks.fetch("edits") == benchmarks.cache() / "edits"
    rows = benchmarks.rows("edits")
    assert rows[2] == {"idx": 2, "task": "add", "context": ["blue", "hat"], "picture": "edits/pictures/add-2.png"}
    with Image.open(benchmarks.picture(rows[2]["picture"])) as opened:
        assert opened.convert("RGB").getpixel((0, 0)) == (0, 0, 255)


def test_too_few_rows_are_refused_and_leave_nothing_that_counts(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (hub / "a.parquet").write_bytes(b"")
    monkeypatch.setattr(tables, "_rows", lambda file: iter(ROWS[:2]))
    with pytest.raises(EvalError, match="edits holds 2 rows and not the 3"):
        benchmarks.fetch("edits")
    with pytest.raises(benchmarks.NotFetched, match=r"rows\.jsonl is not.*evals fetch edits.*MIT"):
        benchmarks.rows("edits")


@pytest.mark.parametrize(("row", "sentence"), [
    ({**ROWS[0], "task": "../../up"}, "no plain name"),
    ({**ROWS[0], "image": {"bytes": None, "path": "x"}}, "without a picture"),
    ({"idx": 1, "photo": {}}, r"other columns than were published \(idx, photo\)"),
    ({**ROWS[0], "image": None}, "other columns")])
def test_a_row_that_is_not_as_published_is_refused(hub: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any],
                                                   sentence: str) -> None:
    (hub / "a.parquet").write_bytes(b"")
    monkeypatch.setattr(tables, "_rows", lambda file: iter([row]))
    with pytest.raises(EvalError, match=sentence):
        benchmarks.fetch("edits")
    assert not list(benchmarks.cache().rglob("*.*"))


def test_without_pyarrow_it_is_named(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (hub / "a.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(EvalError, match=r"takes the package pyarrow; install it"):
        benchmarks.fetch("edits")


def test_a_file_that_is_no_table_is_a_sentence(hub: Path) -> None:
    pytest.importorskip("pyarrow")
    for name in ("a.parquet", "b.arrow"):
        (hub / name).write_bytes(b"nonsense")
        with pytest.raises(EvalError, match="cannot be read"):
            benchmarks.fetch("edits")
        (hub / name).unlink()


def test_a_hub_that_cannot_be_reached_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no network\nmore of that")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(EvalError, match=r"datasets/somebody/edits could not be fetched \(no network\)\.$"):
        tables.unpack(tables.Table(**SUITE["table"]), tmp_path)  # type: ignore[arg-type]
