"""The picture store: pictures by content, each with its record. The only place where ids become files.

    pictures/<id>.png              the pixels, with the record of their making inside (iTXt chunk "maquette")
    records/<id>.json              the record as it is now, with critique and scene
    records/<id>.<fingerprint>.json  the record of another request that drew the very same pixels
    fingerprints/<fingerprint>     the id that a request drew; written last, so that it means "all is there"

Every file is written beside its place, synced and moved there, so that a killed process leaves an orphan with a
temporary name (see `ImageStore.sweep`) and never half a file. Thread-safe; one process at a time.
"""

from __future__ import annotations

import re
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from pydantic import ValidationError

from generators.api import BadPicture, GeneratorError, picture_id
from generators.files import sweep, write_atomic
from generators.pixels import encode_png, read_record
from tools.api import Brief, Critique, PictureRecord, SceneObject

SPARE_BYTES = 2_000_000
"""What stays free on the disk for the rest of the studio when a picture is written."""

_ROOMS = ("pictures", "records", "fingerprints")
_ID = re.compile(r"[0-9a-f]{32}")


class StoreError(GeneratorError):
    """The picture store cannot do what was asked of it; says which folder and why."""


def as_id(text: str) -> str:
    """The text itself, if it has the form of a picture id. Raises `StoreError`."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise StoreError(f"{str(text)[:60]!r} is no picture of this studio: ids are 32 digits and letters a to f.")
    return text


class ImageStore:
    """Pictures and their records in a folder (`tools.api.Images`)."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        self._lock = threading.RLock()
        for name in _ROOMS:
            self._make(self.folder / name)

    def put(self, image: Image.Image, record: PictureRecord) -> PictureRecord:
        """Stores a picture; returns its record with id, size and time filled in.

        A picture that is here already keeps its record; another request that drew the same pixels keeps its own
        beside it, which `drawn` finds. Raises `StoreError` where the disk is full or does not take writes.
        """
        id = picture_id(image)
        record = record.model_copy(update={
            "id": id, "width": image.width, "height": image.height, "created": record.created or _now()})
        with self._lock:
            self._put_picture(image, record)
            kept = self._put_record(record)
            if kept.request is not None:
                self._write(self._fingerprint_file(kept.request.fingerprint()), id.encode())
        return kept

    def image(self, id: str) -> Image.Image:
        """The pixels. Raises `StoreError` where there is no such picture, `BadPicture` where its file is damaged."""
        path = self.path(id)
        try:
            with Image.open(path, formats=("PNG",)) as opened:
                opened.load()
                image = opened.copy()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise BadPicture(f"The stored picture {id} is damaged and cannot be read.") from error
        image.info = {}
        if picture_id(image) != id:
            raise BadPicture(f"The stored picture {id} is damaged: its pixels are not those that were stored.")
        return image

    def record(self, id: str) -> PictureRecord:
        """The record. Where its file is lost or damaged, the one inside the picture. Raises as `image`."""
        try:
            return self._read_record(self._record_file(as_id(id)))
        except (OSError, ValueError):
            return self._salvaged(id)

    def drawn(self, fingerprint: str) -> PictureRecord | None:
        """The picture that a request drew earlier; None where it did not, or where its picture is gone or damaged."""
        try:
            id = as_id(self._fingerprint_file(fingerprint).read_text())
            self.image(id)
        except (OSError, ValueError, GeneratorError):
            return None
        for path in (self._record_file(id, fingerprint), self._record_file(id)):
            try:
                return self._read_record(path)
            except (OSError, ValueError):
                continue
        return None

    def annotate(self, id: str, *, critique: Critique | None = None, scene: list[SceneObject] | None = None,
                 brief: Brief | None = None) -> PictureRecord:
        """Writes what was found out about a picture into its record; what is None stays as it was."""
        given = {"critique": critique, "scene": scene, "brief": brief}
        with self._lock:
            record = self.record(id).model_copy(update={k: v for k, v in given.items() if v is not None})
            self._write(self._record_file(id), _json(record))
        return record

    def path(self, id: str) -> Path:
        """The PNG file of a stored picture, and never another file. Raises `StoreError`."""
        return self._guarded("pictures", f"{as_id(id)}.png", must_exist=True)

    def __contains__(self, id: object) -> bool:
        try:
            return self.path(str(id)).is_file()
        except StoreError:
            return False

    def ids(self) -> list[str]:
        """Every stored picture's id, sorted."""
        return sorted(p.stem for p in (self.folder / "pictures").glob("*.png") if _ID.fullmatch(p.stem))

    def sweep(self) -> int:
        """Removes what writes that were cut short left behind; returns how many files. Call it at start only."""
        return sum(sweep(self.folder / name) for name in _ROOMS)

    def export(self, id: str, folder: str | Path, name: str | None = None) -> Path:
        """A PNG copy in `folder` (`<id>.png`, or `name`), whose record includes what was found out since."""
        record, image = self.record(id), self.image(id)
        target = Path(folder) / (name or f"{id}.png")
        if target.name != (name or f"{id}.png") or target.name in ("", ".", ".."):
            raise StoreError(f"{name!r} is no plain file name.")
        self._make(target.parent)
        self._write(target, self._png(image, record))
        return target

    def import_record(self, data: bytes) -> PictureRecord:
        """The record inside a PNG's bytes. Raises `BadPicture` where it holds none, or one that is not ours."""
        found = read_record(data)
        if found is None:
            raise BadPicture("This picture holds no Maquette record; only pictures saved by Maquette can be replayed.")
        try:
            return PictureRecord.model_validate(found)
        except ValidationError as error:
            raise BadPicture("The Maquette record in this picture is damaged, or of a newer version.") from error

    # files

    def _put_picture(self, image: Image.Image, record: PictureRecord) -> None:
        try:
            self.image(record.id)
        except GeneratorError:
            self._write(self._guarded("pictures", f"{record.id}.png"), self._png(image, record))

    def _put_record(self, record: PictureRecord) -> PictureRecord:
        """Keeps the first record of a picture; a second request's goes beside it."""
        try:
            first = self._read_record(self._record_file(record.id))
        except (OSError, ValueError):
            self._write(self._record_file(record.id), _json(record))
            return record
        if record.request is None or record.request == first.request:
            return first
        self._write(self._record_file(record.id, record.request.fingerprint()), _json(record))
        return record

    def _salvaged(self, id: str) -> PictureRecord:
        path = self.path(id)
        try:
            return self.import_record(path.read_bytes())
        except OSError as error:
            raise BadPicture(f"The stored picture {id} is damaged and cannot be read.") from error

    def _read_record(self, path: Path) -> PictureRecord:
        return PictureRecord.model_validate_json(path.read_bytes())

    def _record_file(self, id: str, fingerprint: str | None = None) -> Path:
        middle = f".{as_id(fingerprint)}" if fingerprint else ""
        return self._guarded("records", f"{as_id(id)}{middle}.json")

    def _fingerprint_file(self, fingerprint: str) -> Path:
        return self._guarded("fingerprints", as_id(fingerprint))

    def _guarded(self, room: str, name: str, must_exist: bool = False) -> Path:
        """A file of one of the store's folders; refuses links and whatever would lead out of it."""
        path = self.folder / room / name
        if path.name != name or path.is_symlink() or not path.resolve().is_relative_to(self.folder / room):
            raise StoreError(f"{name!r} is no picture of this studio.")
        if must_exist and not path.is_file():
            raise StoreError(f"There is no picture {path.stem} here.")
        return path

    def _png(self, image: Image.Image, record: PictureRecord) -> bytes:
        return encode_png(image, record.model_dump_json(), self._has_upload(record))

    def _has_upload(self, record: PictureRecord) -> bool:
        """Whether a picture that the user brought is among those that this one was made from."""
        waiting, seen = list(record.parents), set()
        while waiting:
            id = waiting.pop()
            if id in seen:
                continue
            seen.add(id)
            try:
                parent = self.record(id)
            except GeneratorError:
                continue
            if parent.role == "upload":
                return True
            waiting += parent.parents
        return False

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error

    def _write(self, path: Path, data: bytes) -> None:
        need = len(data) + SPARE_BYTES
        try:
            free = shutil.disk_usage(path.parent).free
            if free < need:
                raise StoreError(_full(path.parent, need, free))
            write_atomic(path, data)
        except OSError as error:
            raise StoreError(f"{path.parent} took no file of {_size(len(data))}: {error.strerror or error}. "
                             "Free some space there, or choose another folder with --data.") from error


def _json(record: PictureRecord) -> bytes:
    return record.model_dump_json(indent=1).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _full(folder: Path, need: int, free: int) -> str:
    return (f"{folder} is full: the next picture needs {_size(need)} and {_size(free)} are free. "
            "Free some space there, or choose another folder with --data.")
