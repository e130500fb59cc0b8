"""Style presets: names for words that go with every new picture until they are let go.

The user's own are in `presets.toml` of the data folder, made to be read and edited; what other programs export
(InvokeAI's CSV and JSON: name, prompt or positive_prompt, negative_prompt) is added to it. A few come with every model:
those that its world can draw, or, for a model that takes any words, common endings of prompts. A preset fills what a
new picture's request leaves open, and the Brief says so; a change of a picture keeps its style without it.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import ValidationError

from agent.api import BadInput, Preset, ToolCall
from agent.database import explained
from agent.memory import understood
from generators.api import Capabilities
from generators.files import write_atomic
from tools.api import Brief, Wishes
from tools.caption import background_phrase, style_phrase
from tools.coverage import cannot

FILE = "presets.toml"
MOST = 500
LARGEST = 1 << 20
WAIT = 10.0
HERE = "{prompt}"
_GROUNDS = ("night", "sunset", "snow", "plain white")
_OPEN = (
    ("Photograph", "photograph, natural light, sharp focus, 50 mm lens", "drawing, painting, illustration"),
    ("Watercolour", "watercolour painting on rough paper, soft edges", "photograph"),
    ("Oil painting", "oil painting on canvas, visible brush strokes", "photograph"),
    ("Line drawing", "black ink line drawing on white paper", "colour, photograph"),
    ("Comic", "comic book panel, bold outlines, flat colours", "photograph"),
    ("Pixel art", "pixel art of a 16-bit game", "blur, photograph"),
    ("3D render", "3D render, soft studio light", "drawing"),
)


def built_in(able: Capabilities) -> list[Preset]:
    """Those that come with a model: what its world declares, or endings for one that takes any words."""
    if able.world is None:
        return [Preset(name=name, prompt=f"{HERE}, {words}", negative=negative) for name, words, negative in _OPEN]
    phrases = [style_phrase(style) for style in able.world.styles if style != "flat"]
    phrases += [background_phrase(ground) for ground in _GROUNDS if ground in able.world.backgrounds]
    return [Preset(name=phrase.capitalize(), prompt=f"{HERE} {phrase}") for phrase in phrases]


class Presets:
    """The user's own, of one data folder. Several programs may read and write the file, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE

    def all(self) -> list[Preset]:
        """In the file's order. A file that cannot be read counts as empty."""
        try:
            return self._read()
        except BadInput:
            return []

    def add(self, presets: Sequence[Preset]) -> None:
        """A preset takes the place of one of its name. Raises `BadInput` where the file is damaged, since what somebody
        wrote by hand is not written over, or would be too long."""
        folder = self.file.parent
        with explained(folder), FileLock(folder / "locks" / "presets.lock", timeout=WAIT):
            kept = {one.name: one for one in [*self._read(), *presets]}
            if len(kept) > MOST:
                raise BadInput(f"{len(kept)} presets are too many, at most {MOST} are kept; take some out of "
                               f"{self.file}.")
            write_atomic(self.file, _toml(list(kept.values())).encode())

    def _read(self) -> list[Preset]:
        try:
            rows = tomllib.loads(self.file.read_text("utf-8")).get("preset", [])
            return [Preset.model_validate(row) for row in rows][:MOST]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, AttributeError, TypeError) as error:
            why = str(error).splitlines()[0][:120]
            raise BadInput(f"{self.file} cannot be read ({why}); mend or delete it.") from None


def _toml(presets: Sequence[Preset]) -> str:
    head = "# Style presets. {prompt} stands for what you say; edit this as you like.\n"
    return head + "".join(f"\n[[preset]]\n{_fields(one)}" for one in presets)


def _fields(preset: Preset) -> str:
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in preset.model_dump().items() if value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def imported(data: str) -> list[Preset]:
    """The presets of a CSV or JSON file that another program wrote. Raises `BadInput`, which says what it expects."""
    if len(data) > LARGEST:
        raise BadInput("That file is too large to be a list of presets.")
    try:
        data = data.lstrip("\ufeff \r\n")
        rows = json.loads(data) if data[:1] in ("[", "{") else list(csv.DictReader(io.StringIO(data)))
        rows = rows.get("presets", [rows]) if isinstance(rows, dict) else rows
        found = [_preset(row) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError, csv.Error, RecursionError) as error:
        named = f" ({error.errors()[0]['msg']})" if isinstance(error, ValidationError) else ""
        raise BadInput("That is no list of presets: a CSV or JSON file with name, prompt and negative_prompt is "
                       f"expected{named}.") from None
    if not found:
        raise BadInput("There are no presets in that file.")
    return found


def _preset(row: Mapping[str, Any]) -> Preset:
    """InvokeAI writes the words in `preset_data` when it answers programs, beside the name when it exports."""
    words = {**row, **(row.get("preset_data") or {})}
    prompt = words.get("positive_prompt") or words.get("prompt") or ""
    return Preset(name=" ".join(str(words["name"]).split()), prompt=str(prompt).strip() or HERE,
                  negative=str(words.get("negative_prompt") or "").strip())


# Using


def words_of(preset: Preset) -> str:
    """The preset's own words; dots stand for the user's where they are in the middle of them."""
    return " ".join(preset.prompt.replace(HERE, "…").split()).strip(" ,.…")


def in_prompt(preset: Preset, prompt: str) -> str:
    """The user's words in the preset's; as they are where they have them already."""
    if all(part.strip(" ,.") in prompt for part in preset.prompt.split(HERE)):
        return prompt
    return preset.prompt.replace(HERE, prompt) if HERE in preset.prompt else f"{prompt}, {words_of(preset)}"


def with_negative(wishes: Wishes, preset: Preset | None) -> Wishes:
    """What was set, and what the preset wants left out."""
    if preset is None or not preset.negative:
        return wishes
    negative = ", ".join(filter(None, [wishes.negative, preset.negative]))
    return wishes.model_copy(update={"negative": negative[:2000]})


def in_brief(brief: Brief, preset: Preset, able: Capabilities) -> Brief:
    """A new picture's Brief with the preset where it says nothing, marked as the preset's. What a world's model has not
    learnt to draw is left out."""
    kind, value = _meaning(preset, able)
    if not value or getattr(brief, kind):
        return brief
    mark = f"{kind}: {value} (preset {preset.name})"
    fuller = brief.model_copy(update={kind: value, "assumed": [*brief.assumed, mark]})
    return fuller if cannot(fuller, able) == cannot(brief, able) else brief


def in_call(call: ToolCall, preset: Preset, brief: Brief, able: Capabilities) -> ToolCall:
    """The call that draws a new picture with the preset in its words, unless the Brief wants another style. A model of
    a world reads the Brief instead."""
    prompt = call.arguments.get("prompt")
    if call.name != "generate" or not isinstance(prompt, str) or (able.world and not brief.empty()):
        return call
    if brief.style and brief.style != _meaning(preset, able)[1]:
        return call
    return call.model_copy(update={"arguments": {**call.arguments, "prompt": in_prompt(preset, prompt)}})


def _meaning(preset: Preset, able: Capabilities) -> tuple[str, str]:
    """What part of a Brief a preset fills, and with what."""
    own = words_of(preset)
    if able.world is None:
        return "style", own[:300]
    found = understood(own) if own else None
    return (found.kind, found.value) if found and found.kind in ("style", "background") else ("style", "")
