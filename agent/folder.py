"""Who uses the data folder: the first to come tidies up, since nobody else can be in the middle of a write."""

from __future__ import annotations

import secrets
from pathlib import Path

from filelock import FileLock, Timeout

from agent.database import prepare_folder

OPENING_SECONDS = 30.0


class DataFolder:
    """A program's stay in a data folder. `alone` says whether nobody else was there when it came."""

    def __init__(self, path: Path) -> None:
        prepare_folder(path)
        self._locks = path / "locks"
        with FileLock(self._locks / "open.lock", timeout=OPENING_SECONDS):
            self.alone = not any(self._held(file) for file in self._locks.glob("studio-*.lock"))
            self._stay = FileLock(self._locks / f"studio-{secrets.token_hex(4)}.lock", thread_local=False)
            self._stay.acquire()

    def _held(self, file: Path) -> bool:
        try:
            with FileLock(file, timeout=0):
                file.unlink(missing_ok=True)
                return False
        except Timeout:
            return True

    def close(self) -> None:
        self._stay.release()
        Path(self._stay.lock_file).unlink(missing_ok=True)
