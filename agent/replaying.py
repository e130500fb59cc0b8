"""Makes a picture again from the record inside its file, and says whether every pixel is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from agent.api import BadInput
from generators.api import BadPicture, Result, picture_id
from generators.pixels import ingest
from tools.api import PictureRecord, Workshop
from tools.difference import changed
from tools.images import ImageStore


def replay(data: bytes, store: ImageStore, workshop: Workshop, beside: Sequence[bytes] = ()) -> dict[str, Any]:
    """Draw the request in these PNG bytes again, on the same model.

    `beside` are further files in which its sources and mask may be found. Returns same, id, expected,
    differing_pixels (null for another size), model, note. Raises `BadPicture` for a file without our record,
    `BadInput` where it cannot be drawn again, and every `GeneratorError` of drawing.
    """
    record, file = store.import_record(data), ingest(data).image
    if record.request is None:
        raise BadInput("This picture was brought by the user, not drawn; there is nothing to replay.")
    pictures = {id: _find(id, store, beside) for id in record.request.pictures()}
    result = workshop.draw(record.request, pictures, lambda event: None, lambda: False)
    drawn = picture_id(result.image)
    return {"same": drawn == record.id, "id": drawn, "expected": record.id,
            "differing_pixels": _differing(result.image, file), "model": record.model,
            "note": " ".join(_notes(record, result, picture_id(file)))}


def _find(id: str, store: ImageStore, beside: Sequence[bytes]) -> Image.Image:
    """The picture of an id: of the store, or of a file that holds these very pixels."""
    if id in store:
        return store.image(id)
    for data in beside:
        for image in _readings(data):
            if picture_id(image) == id:
                return image
    raise BadInput(f"It was made from the picture {id}, which is neither in the data folder nor beside the file; "
                   f"put {id}.png there, or name its data folder with --data.")


def _readings(data: bytes) -> list[Image.Image]:
    try:
        image = ingest(data).image
    except BadPicture:
        return []
    return [image, image.convert("L")]


def _differing(drawn: Image.Image, file: Image.Image) -> int | None:
    return int(changed(drawn, file).sum()) if drawn.size == file.size else None


def _notes(record: PictureRecord, result: Result, file: str) -> list[str]:
    """What is not as it was when the picture was first drawn."""
    notes = []
    if file != record.id:
        notes.append("The file's pixels are not those of its record: it was changed after it was drawn.")
    then, now = record.arithmetic, dict(result.arithmetic)
    other = sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))
    notes += [f"{key} was {then.get(key)} and is {now.get(key)}." for key in other]
    return notes

