"""Collections: pictures of any session under a name of the user's, in one small file of the data folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from agent.api import BadInput
from agent.database import explained
from generators.files import write_atomic

FILE = "collections.json"
LONGEST = 60
MOST = 200
WAIT = 10.0


class Collections:
    """Reads and writes the file; several programs may, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> dict[str, list[str]]:
        """Names with the ids of their pictures, in the order in which they came. A damaged file counts as none."""
        try:
            found = json.loads((self.folder / FILE).read_bytes())
        except (OSError, ValueError):
            return {}
        named = found.items() if isinstance(found, dict) else ()
        return {str(name): [id for id in ids if isinstance(id, str)] for name, ids in named if isinstance(ids, list)}

    def change(self, name: str, pictures: Sequence[str], on: bool) -> None:
        """Put pictures into a collection, or take them out; one that is empty is gone. Raises `BadInput`."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST:
            raise BadInput(f"A collection needs a name of at most {LONGEST} characters.")
        with explained(self.folder), FileLock(self.folder / "locks" / "collections.lock", timeout=WAIT):
            held = self.all()
            if on and name not in held and len(held) >= MOST:
                raise BadInput(f"There are {MOST} collections already; take one apart first.")
            kept = [id for id in held.get(name, []) if id not in pictures]
            held[name] = [*kept, *dict.fromkeys(pictures)] if on else kept
            text = json.dumps({name: ids for name, ids in held.items() if ids}, ensure_ascii=False, indent=1)
            write_atomic(self.folder / FILE, text.encode())
