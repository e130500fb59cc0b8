"""Published benchmark files: fetched from their own repositories at a fixed commit, checked by hash, kept in a cache.

A file is looked for in the folder MAQUETTE_BENCHMARKS, if that is set, then in the cache; `fetch` downloads it. None is
part of this repository. A file that is not what was published is refused, never scored.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from evals.api import EvalError
from generators.files import write_atomic

TIMEOUT = 30.0
_RAW = "https://raw.githubusercontent.com"


class NotFetched(EvalError):
    """The file is not on this machine yet."""


@dataclass(frozen=True)
class Published:
    """A file as somebody else published it. `path` is where it lies in a folder of benchmarks."""

    path: str
    url: str
    sha256: str
    licence: str
    source: str


GENEVAL = Published(
    "geneval/evaluation_metadata.jsonl",
    f"{_RAW}/djghosh13/geneval/af4902f24d3ca90ebbb446dd9891a59e0f82725f/prompts/evaluation_metadata.jsonl",
    "5c48e0813e812e3c373fa5c8ed07a8f0a483be30272b4427b0559c8048e67c13", "MIT",
    "Ghosh et al. 2023, GenEval, arXiv 2310.11513")  # fmt: skip

FILES = {"geneval": GENEVAL}
"""By the name of their suite."""


def cache() -> Path:
    """Where fetched files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "maquette" / "benchmarks"


def find(file: Published) -> Path:
    """The file on this machine. Raises `NotFetched`, or `EvalError` where it is not what was published."""
    own = os.environ.get("MAQUETTE_BENCHMARKS")
    for folder in ([Path(own).expanduser()] if own else []) + [cache()]:
        path = folder / file.path
        if path.is_file():
            _check(path.read_bytes(), file, str(path))
            return path
    name = next(name for name, known in FILES.items() if known == file)
    raise NotFetched(f"{Path(file.path).name} is not on this machine; 'python -m evals fetch {name}' downloads it "
                     f"({file.licence}), or set MAQUETTE_BENCHMARKS to a folder that holds {file.path}.")


def fetch(name: str) -> Path:
    """Downloads a suite's file into the cache, unless it is there. Raises `EvalError`."""
    if name not in FILES:
        raise EvalError(f"There is no benchmark named {name!r} to fetch; there are {', '.join(FILES)}.")
    file = FILES[name]
    try:
        return find(file)
    except NotFetched:
        data = _download(file.url)
    _check(data, file, file.url)
    target = cache() / file.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, data)
    except OSError as error:
        raise EvalError(f"{target} cannot be written: {error.strerror}.") from None
    return target


def _download(url: str) -> bytes:
    try:
        answer = httpx.get(url, timeout=TIMEOUT, follow_redirects=True)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise EvalError(f"{url} answered {error.response.status_code}.") from None
    except httpx.HTTPError as error:
        raise EvalError(f"{url} could not be reached ({error or type(error).__name__}).") from None
    return answer.content


def _check(data: bytes, file: Published, where: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise EvalError(f"{where} is not the file that was published (sha256 {found[:12]}…, expected "
                        f"{file.sha256[:12]}…); scores of it could not be compared.")
