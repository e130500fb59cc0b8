"""Which part of a picture an edit changes, and how a model of the picture world is told of it.

The regions follow the convention of `generators.world.layout_text`: the objects concerned as they are for a
recolouring or a removal, the new thing with the place it goes into for a replacement or an addition, "from" and
"to" for a move or a new size, none for a background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from generators.api import Box, Region
from tools.api import SceneObject, ToolError
from tools.caption import background_phrase
from tools.layout import OVERLAP
from tools.naming import listed, plural
from tools.phrases import direction, factor, find_colours, find_ground, find_phrase, swaps, words_of
from tools.proportions import proportion
from tools.relations import covered
from tools.scene import objects_in_words
from tools.spots import anywhere, around, find_spot, free_place, in_the_way, wanted_by

Operation = Literal["add", "remove", "replace", "recolour", "resize", "move", "background", "restyle", "other"]
NEEDS_TARGET = frozenset({"remove", "replace", "recolour", "resize", "move"})
_SIDE = (0.16, 0.8)


class EditPlan(NamedTuple):
    """The boxes that may change (none: everywhere), what the model is told of them, and in which words."""

    area: tuple[Box, ...]
    regions: tuple[Region, ...]
    words: str


class Wish(NamedTuple):
    """An edit as the planner put it."""

    instruction: str
    operation: Operation
    box: Box | None
    phrase: str | None


def plan_edit(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    """Works out area, regions and words. Raises `ToolError` where a target or a direction is missing."""
    if wish.operation in NEEDS_TARGET and not targets:
        raise ToolError(f"To {wish.operation}, an edit needs targets. {objects_in_words(scene)}")
    plans = {"add": _add, "remove": _remove, "replace": _replace, "recolour": _recolour, "resize": _resize,
             "move": _move, "background": _background}  # fmt: skip
    return plans.get(wish.operation, _other)(wish, targets, scene, seed)


def name_of(thing: SceneObject) -> str:
    """`purple dog`, as a layout calls it."""
    return f"{thing.colour} {thing.name}" if thing.colour else thing.name


def _the(targets: Sequence[SceneObject]) -> str:
    """`the red dog`, `the dogs`."""
    names = list(dict.fromkeys(thing.name for thing in targets))
    if len(targets) == 1:
        return f"the {name_of(targets[0])}"
    return f"the {listed([plural(name) for name in names])}"


def _a(phrase: str) -> str:
    return f"{'an' if phrase[:1] in 'aeiou' else 'a'} {phrase}"


def _as_they_are(targets: Sequence[SceneObject]) -> tuple[Region, ...]:
    return tuple(Region(name_of(thing), thing.box) for thing in targets)


def _boxes(targets: Sequence[SceneObject]) -> tuple[Box, ...]:
    return tuple(thing.box for thing in targets)


def _recolour(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    colours = find_colours(words_of(wish.phrase or "")) or find_colours(words_of(wish.instruction))
    colour = find_phrase(wish.phrase or "").colour or (colours[-1] if colours else None)
    words = f"make {_the(targets)} {colour}" if colour else wish.instruction
    return EditPlan(_boxes(targets), _as_they_are(targets), words)


def _remove(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    return EditPlan(_boxes(targets), _as_they_are(targets), f"remove {_the(targets)}")


def _replace(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    new = find_phrase(wish.phrase or wish.instruction.lower().rpartition(" with ")[2])
    ratio = proportion(new.thing or "")
    regions, area = [], []
    for thing in targets:
        side = max(thing.box.width, thing.box.height)
        size = (side, side / ratio) if ratio >= 1 else (side * ratio, side)
        regions.append(Region(str(new), thing.box))
        area += [thing.box, around(thing.box.centre, *size)]
    return EditPlan(tuple(area), tuple(regions), f"replace {_the(targets)} with {_a(str(new))}")


def _add(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    new = find_phrase(wish.phrase or wish.instruction)
    box = wish.box or _place_for(new.thing or "", wish, scene, seed)
    return EditPlan((box,), (Region(str(new), box),), f"add {_a(str(new))}")


def _place_for(name: str, wish: Wish, scene: Sequence[SceneObject], seed: int) -> Box:
    """Where the instruction wants it, if it says so and there is room; else where there is most room."""
    taken = _boxes(scene)
    times = factor(wish.phrase or wish.instruction)
    size = "big" if times == 1.5 else "small" if times else None
    free = free_place(name, taken, seed, size)
    wanted = wanted_by(wish.instruction, scene)
    if wanted is anywhere:
        return free
    clear = in_the_way(wish.instruction, scene)
    spots = [find_spot(share * free.width, share * free.height, clear, seed, wanted) for share in (1.0, 0.8, 0.65)]
    found = [spot for spot in spots if spot]
    roomy = (spot for spot in found if max((covered(other, spot) for other in clear), default=0.0) <= OVERLAP)
    return next(roomy, found[-1] if found else free)


def _shifted(pairs: Sequence[tuple[SceneObject, Box]], words: str) -> EditPlan:
    regions = [Region(f"from {name_of(thing)}", thing.box) for thing, _ in pairs]
    regions += [Region(f"to {name_of(thing)}", box) for thing, box in pairs]
    area = [box for thing, new in pairs for box in (thing.box, new)]
    return EditPlan(tuple(area), tuple(regions), words)


def _resize(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    times = factor(wish.phrase or "") or factor(wish.instruction)
    if times is None and wish.box is None:
        raise ToolError("To resize, say bigger or smaller, or give the new box.")
    pairs = [(thing, wish.box or scaled(thing, times or 1.0, scene, seed)) for thing in targets]
    bigger = pairs[0][1].area > targets[0].box.area
    return _shifted(pairs, f"make {_the(targets)} {'bigger' if bigger else 'smaller'}")


def scaled(thing: SceneObject, times: float, scene: Sequence[SceneObject], seed: int) -> Box:
    """About its centre; where a neighbour is in the way, a little aside, or not quite as large."""
    taken = [other.box for other in scene if other.id != thing.id]
    full = _resized(thing.box, times)
    for share in (1.0, 0.75, 0.5):
        box = _resized(thing.box, 1 + (times - 1) * share)
        beside = find_spot(box.width, box.height, taken, seed, lambda b: _apart(b, thing.box) < 0.12, thing.box.centre)
        for candidate in (box, beside):
            if candidate and max((covered(other, candidate) for other in taken), default=0.0) <= OVERLAP:
                return candidate
    return full


def _resized(box: Box, times: float) -> Box:
    side = max(box.width, box.height)
    times = min(max(side * times, _SIDE[0]), _SIDE[1]) / side
    return around(box.centre, box.width * times, box.height * times)


def _apart(one: Box, two: Box) -> float:
    return max(abs(a - b) for a, b in zip(one.centre, two.centre, strict=True))


def _move(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    if len(targets) == 2 and swaps(wish.instruction):
        return _swap(targets[0], targets[1])
    pairs: list[tuple[SceneObject, Box]] = []
    for thing in targets:
        taken = in_the_way(wish.instruction, scene, [thing.id]) + [box for _, box in pairs]
        pairs.append((thing, _new_place(thing, wish, scene, taken, seed)))
    return _shifted(pairs, f"move {_the(targets)} {_towards(*pairs[0])}")


def _swap(one: SceneObject, two: SceneObject) -> EditPlan:
    """Two objects change places, each with its own size."""
    pairs = [(one, around(two.box.centre, one.box.width, one.box.height)),
             (two, around(one.box.centre, two.box.width, two.box.height))]
    return _shifted(pairs, f"swap {_the([one])} and {_the([two])}")


def _new_place(thing: SceneObject, wish: Wish, scene: Sequence[SceneObject], taken: list[Box], seed: int) -> Box:
    size = thing.box.width, thing.box.height
    if wish.box:
        return around(wish.box.centre, *size)
    wanted = wanted_by(wish.instruction, scene, thing.box)
    if wanted is anywhere:
        raise ToolError("To move something, say where to (left, up, next to the apple, …) or give the new box.")
    found = find_spot(*size, taken, seed, wanted, near=thing.box.centre) or _as_far_as_it_goes(thing, wish)
    if _apart(found, thing.box) < 0.03:
        raise ToolError(f"{thing.id} is as far there as it can be.")
    return found


def _as_far_as_it_goes(thing: SceneObject, wish: Wish) -> Box:
    step = direction(wish.instruction)
    if step is None:
        raise ToolError(f"There is no room for {thing.id} there.")
    x, y = thing.box.centre
    return around((x + step[0] * 0.3, y + step[1] * 0.3), thing.box.width, thing.box.height)


def _towards(thing: SceneObject, box: Box) -> str:
    """In the words of the training's instructions."""
    across, down = (new - old for new, old in zip(box.centre, thing.box.centre, strict=True))
    if abs(across) > abs(down):
        return "to the left" if across < 0 else "to the right"
    return "up" if down < 0 else "down"


def _background(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    ground = find_ground(wish.phrase or "") or find_ground(wish.instruction)
    return EditPlan((), (), f"make it {background_phrase(ground)}" if ground else wish.instruction)


def _other(wish: Wish, targets: Sequence[SceneObject], scene: Sequence[SceneObject], seed: int) -> EditPlan:
    """No convention: the user's words, and only the targets or the box may change, if any were named."""
    area = (*_boxes(targets), *([wish.box] if wish.box else []))
    regions = _as_they_are(targets)
    if wish.box and not targets:
        regions = (Region(str(find_phrase(wish.phrase or wish.instruction)), wish.box),)
    return EditPlan(area, regions, wish.instruction)
