"""What is in a picture, as things that can be pointed at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generators.api import Cancelled, Detection, GeneratorError, Seen
from tools import sight
from tools.api import SceneObject, ToolContext, ToolError
from tools.naming import listed, thing_name


def scene_of_seen(seen: Seen) -> list[SceneObject]:
    """Everything that was seen, numbered per name from left to right ("dog-1", "dog-2")."""
    numbers: dict[str, int] = {}
    found = []
    for detection in left_to_right(seen.objects):
        name = detection.thing
        numbers[name] = numbers.get(name, 0) + 1
        colour = None if detection.colour in ("own", "") else detection.colour
        id = f"{name.replace(' ', '-')}-{numbers[name]}"
        found.append(SceneObject(id=id, name=name, colour=colour, box=detection.box))
    return found


def left_to_right(detections: Sequence[Detection]) -> list[Detection]:
    return sorted(detections, key=lambda d: (*d.box.centre, d.thing, d.colour))


def scene_of(ctx: ToolContext, picture: str, targets: Sequence[str] = ()) -> list[SceneObject]:
    """The scene of a picture: as the conversation has it, as its record has it, or freshly looked at.

    In a picture from outside the world only what is named is found: what the Brief names, and `targets`, ids or names
    of what is pointed at. Empty where nothing here can look at pictures.
    """
    kept = list(ctx.scene if picture == ctx.picture and ctx.scene else ctx.images.record(picture).scene)
    known = {name for thing in kept for name in (thing.name, thing.id)}
    unknown = [_bare(target) for target in targets if target.strip().lower() not in known]
    pointed = [name for name in unknown if name not in known]
    if kept and (not pointed or sight.of_world(ctx, picture)):
        return kept
    names = dict.fromkeys([*(thing.name for thing in kept), *sight.sought(ctx.brief), *pointed])
    try:
        return scene_of_seen(sight.seen(ctx, picture, list(names)))
    except Cancelled:
        raise
    except GeneratorError:
        return kept


def _bare(target: str) -> str:
    """The name in an id: `traffic-light-2` is traffic light."""
    words = re.sub(r"-\d+$", "", target.strip().lower()).replace("-", " ")
    return thing_name(words)


def pointed_at(scene: Sequence[SceneObject], targets: Sequence[str]) -> list[SceneObject]:
    """The objects with these ids; a bare name will do for the only one of its kind.

    Raises `ToolError`, which names the objects that there are.
    """
    found = [_one(scene, target) for target in targets]
    return list({thing.id: thing for thing in found}.values())


def _one(scene: Sequence[SceneObject], target: str) -> SceneObject:
    exact = [thing for thing in scene if thing.id == target.strip().lower()]
    alike = exact or [thing for thing in scene if thing.name == thing_name(target)]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise ToolError(f"{target!r} could be {listed([t.id for t in alike], 'or')}; name one, or all of them.")
    raise ToolError(f"There is no {target[:60]!r} in this picture. {objects_in_words(scene)}")


def objects_in_words(scene: Sequence[SceneObject]) -> str:
    """`It shows dog-1 (purple) and apple-1.`"""
    if not scene:
        return "No object was made out in it; say where with a box."
    return f"It shows {listed([t.id + (f' ({t.colour})' if t.colour else '') for t in scene])}."
