"""Benchmarks that are published as tables with the pictures inside (parquet, arrow), unpacked once.

What is left of a table is one line of JSON a row in rows.jsonl, where a picture is the name of its file beside it.
Reading tables takes pyarrow, which is not among what the studio needs; once unpacked nothing needs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.api import EvalError
from generators.files import write_atomic

ROWS = "rows.jsonl"
PICTURES = "pictures"


@dataclass(frozen=True)
class Table:
    """A data set of the hub at a revision: which of its files, how many rows they hold, which column is the picture
    that is kept, and what it is called (the row's own columns in braces)."""

    repository: str
    revision: str
    files: str
    rows: int
    picture: str
    named: str


def unpack(table: Table, target: Path) -> Path:
    """Downloads a table into the hub's own cache and unpacks it below `target`; returns rows.jsonl.

    rows.jsonl is written last: where it is, all pictures are. Raises `EvalError`.
    """
    files = sorted(_download(table).rglob(table.files))
    lines = [_unpacked(row, table, target) for file in files for row in _rows(file)]
    check(len(lines), table, table.repository)
    return written(target / ROWS, "".join(json.dumps(line) + "\n" for line in lines).encode())


def check(found: int, table: Table, where: str) -> None:
    """Raises `EvalError` where there are not as many rows as were published."""
    if found != table.rows:
        raise EvalError(f"{where} holds {found} rows and not the {table.rows} that were published; scores of it could "
                        "not be compared.")


def _unpacked(row: Mapping[str, Any], table: Table, target: Path) -> dict[str, Any]:
    """The row without its pictures, the kept one written and named. A cell with a picture is {"bytes", "path"}."""
    try:
        name, data = table.named.format(**row), row[table.picture]["bytes"]
    except (KeyError, TypeError):
        raise EvalError(f"{table.repository} has other columns than were published ({', '.join(row)}).") from None
    if not data or Path(name).name != name:
        raise EvalError(f"{table.repository} holds a row without a picture, or with no plain name ({name[:80]!r}).")
    name = f"{PICTURES}/{name}"
    written(target / name, data)
    plain = {column: value for column, value in row.items() if not (isinstance(value, dict) and "bytes" in value)}
    return {**plain, "picture": name}


def written(file: Path, data: bytes) -> Path:
    """The file, whole. Raises `EvalError` where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, data)
    except OSError as error:
        raise EvalError(f"{file} cannot be written: {error.strerror}.") from None
    return file


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Row after row, a few in memory at a time."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise EvalError(f"Unpacking {file.name} takes the package pyarrow; install it ('pip install pyarrow') and "
                        "fetch again.") from None
    try:
        if file.suffix == ".parquet":
            with parquet.ParquetFile(file) as opened:
                for batch in opened.iter_batches(batch_size=16):
                    yield from batch.to_pylist()
        else:
            with arrow.OSFile(str(file)) as source, arrow.ipc.open_stream(source) as stream:
                for batch in stream:
                    yield from batch.to_pylist()
    except (arrow.ArrowException, OSError) as error:
        raise EvalError(f"{file} cannot be read ({error}).") from None


def _download(table: Table) -> Path:
    """The folder with the table's files, in the hub's cache; what is there already is not fetched again."""
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(table.repository, repo_type="dataset", revision=table.revision,
                                      allow_patterns=table.files))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise EvalError(f"huggingface.co/datasets/{table.repository} could not be fetched "
                        f"({str(error).splitlines()[0] if str(error) else type(error).__name__}).") from None
