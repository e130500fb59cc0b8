"""Writing files so that nobody ever sees half of one.

Known trade-offs (accepted): a crash may leave a temporary file behind, which `sweep` removes at the next start;
the file's old permissions are not kept.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

PART = ".part"


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` to `path` in whole or not at all; afterwards it is on the disk.

    Raises OSError (disk full, read-only, …) with nothing left behind and an earlier file untouched.
    """
    target = Path(path)
    handle, part = tempfile.mkstemp(suffix=PART, prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
    _sync_folder(target.parent)


def sweep(folder: str | os.PathLike[str]) -> int:
    """Removes what killed writers left in a folder; says how many files. Only call it while nobody writes there."""
    parts = [p for p in Path(folder).glob(f".*{PART}") if p.is_file() and not p.is_symlink()]
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system syncs folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
