"""Published benchmark files: fetched from their own repositories at a fixed commit, checked by hash, kept in a cache.

`evals/data/benchmarks.json` names them. A file is looked for in the folder MAQUETTE_BENCHMARKS, if that is set, then in
the cache, each time as SUITE/FILE; `fetch` downloads what is missing. None is part of this repository. A file that is
not what was published is refused, never scored. Pictures of a benchmark are fetched where they lie in a table
(`evals.tables`); others are large and lie where no plain address leads. They are looked for in the same folders.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from evals import tables
from evals.api import EvalError
from evals.reading import json_lines

TABLE = Path(__file__).resolve().parent / "data" / "benchmarks.json"
TIMEOUT = 30.0


class NotFetched(EvalError):
    """The file is not on this machine yet."""


@dataclass(frozen=True)
class Published:
    """A suite's files as somebody else published them: address below `base` to hash.

    A hash of 64 digits is a sha256; one of 40 is git's own name of the content, for a file of which only that is known.
    `pictures` says how to get the pictures, where there are any. `table`: the suite is a table of the hub, too.
    """

    suite: str
    licence: str
    source: str
    base: str = ""
    files: dict[str, str] = field(default_factory=dict)
    pictures: str = ""
    table: tables.Table | None = None


def all_published() -> dict[str, Published]:
    """By the name of their suite."""
    table: dict[str, dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {suite: _published(suite, dict(row)) for suite, row in table.items()}


def _published(suite: str, row: dict[str, Any]) -> Published:
    if inside := row.pop("table", None):
        how = f"'python -m evals fetch {suite}' unpacks them from huggingface.co/datasets/{inside['repository']}"
        row |= {"table": tables.Table(**inside), "pictures": how}
    return Published(suite=suite, **row)


def cache() -> Path:
    """Where fetched files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "maquette" / "benchmarks"


def find(suite: str, file: str) -> Path:
    """A suite's file on this machine. Raises `NotFetched`, or `EvalError` where it is not what was published."""
    published = all_published()[suite]
    path = _lies(f"{suite}/{file}")
    if path is None:
        raise _missing(published, file)
    if file in published.files:
        _check(path.read_bytes(), published.files[file], str(path))
    return path


def _missing(published: Published, file: str) -> NotFetched:
    """A file that is fetched, or one of those that everybody gets for themselves (`pictures` says how)."""
    suite, brought = published.suite, file not in published.files and published.table is None
    way = published.pictures if brought else f"'python -m evals fetch {suite}' downloads it"
    place = f"put it into {cache() / suite}, or set" if brought else "or set"
    return NotFetched(f"{Path(file).name} is not on this machine; {way} (licence: {published.licence}), {place} "
                      f"MAQUETTE_BENCHMARKS to a folder that holds {suite}/{file}.")


def text(suite: str, file: str) -> str:
    """What a suite's file says. Raises as `find` does."""
    return find(suite, file).read_text(encoding="utf-8")


def rows(suite: str) -> list[dict[str, Any]]:
    """The rows of a suite's table, `picture` being what `picture` finds. Raises as `find` does."""
    table = all_published()[suite].table
    path = find(suite, tables.ROWS)
    found = json_lines(path)
    if table:
        tables.check(len(found), table, str(path))
    return [{**row, "picture": f"{suite}/{row['picture']}"} for row in found]


def picture(name: str) -> Path:
    """A picture of a suite, by SUITE/FILE; those of our own suites lie beside their data. Raises `NotFetched`, saying
    how to get it."""
    path = _lies(name) or _ours(name)
    if path is None:
        suite = name.partition("/")[0]
        known = all_published().get(suite)
        how = known.pictures if known else "they are part of the checkout"
        raise NotFetched(f"The pictures of {suite} are not on this machine ({name} is missing): {how}. Put them into "
                         f"{cache() / suite}, or set MAQUETTE_BENCHMARKS to a folder that holds {name}.")
    return path


def fetch(suite: str) -> Path:
    """Downloads a suite's files (and its table) into the cache, unless they are there; returns the file, or the folder
    of several.

    Raises `EvalError`.
    """
    known = all_published()
    if suite not in known:
        raise EvalError(f"There is no benchmark named {suite!r} to fetch; there are {', '.join(known)}.")
    published = known[suite]
    if not published.files and published.table is None:
        raise EvalError(f"{suite} cannot be fetched by a command: {published.pictures}.")
    found = [_fetched(published, file) for file in published.files]
    if published.table and _lies(f"{suite}/{tables.ROWS}") is None:
        found.append(tables.unpack(published.table, cache() / suite))
    return found[0] if len(found) == 1 else cache() / suite


def _fetched(published: Published, file: str) -> Path:
    try:
        return find(published.suite, file)
    except NotFetched:
        url = published.base + file
        data = _download(url)
    _check(data, published.files[file], url)
    target = cache() / published.suite / file
    return tables.written(target, data)


def _lies(name: str) -> Path | None:
    own = os.environ.get("MAQUETTE_BENCHMARKS")
    folders = ([Path(own).expanduser()] if own else []) + [cache()]
    return next((path for folder in folders if (path := folder / name).is_file()), None)


def _ours(name: str) -> Path | None:
    path = TABLE.parent / name
    return path if path.is_file() else None


def _download(url: str) -> bytes:
    try:
        answer = httpx.get(url, timeout=TIMEOUT, follow_redirects=True)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise EvalError(f"{url} answered {error.response.status_code}.") from None
    except httpx.HTTPError as error:
        raise EvalError(f"{url} could not be reached ({error or type(error).__name__}).") from None
    return answer.content


def _check(data: bytes, expected: str, where: str) -> None:
    found = _hash(data, expected)
    if found != expected:
        raise EvalError(f"{where} is not the file that was published (hash {found[:12]}…, expected "
                        f"{expected[:12]}…); scores of it could not be compared.")


def _hash(data: bytes, like: str) -> str:
    """In the kind of the expected one: sha256, or what git names a blob by."""
    if len(like) == 64:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
