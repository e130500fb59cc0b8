"""The kinds of argument that several tools share."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from generators.api import Box

HANDLES = 'Which picture: "current", "previous", "first", "upload", "upload 2", or a version number.'


class Arguments(BaseModel):
    """Unknown arguments are refused, so that a planner learns of a misspelling."""

    model_config = ConfigDict(extra="forbid")


def _inside(box: Box) -> Box:
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in box):
        raise ValueError("a box is [x0, y0, x1, y1] in fractions of the picture, each from 0 to 1")
    if box.width < 0.01 or box.height < 0.01:
        raise ValueError("a box needs x0 < x1 and y0 < y1, at least 0.01 apart")
    return box


PictureBox = Annotated[Box, AfterValidator(_inside),
                       Field(description="[x0, y0, x1, y1] in fractions of the picture, origin at the top left")]
Handle = Annotated[str, Field(max_length=64, description=HANDLES)]
Words = Annotated[str, Field(max_length=4000)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
