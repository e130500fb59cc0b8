"""Edit pairs: a scene before and after one instruction, with the boxes and the pixels concerned."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from generators.world.captions import (
    STYLE_PHRASES,
    ground_phrase,
    groups_of,
    jittered,
    noun_phrase,
    region_phrase,
    relations_between,
    with_article,
)
from generators.world.layout_text import Box
from generators.world.pointing import nearness, polite, reference
from generators.world.scenes import (
    GREY_STYLES,
    SQUARE,
    Frame,
    Placed,
    Scene,
    World,
    box_for,
    cell_for,
    fit_box,
    near_others,
    overlap,
    place,
    render,
    sample_kind,
    sample_scene,
    sample_side,
    with_objects,
)
from generators.world.vocabulary import find_thing

KINDS = ("add", "remove", "replace", "recolour", "move", "resize", "background", "inpaint", "erase")
"""What every world's pictures can have done to them."""

RESTYLE = "restyle"
"""What a world with styles knows besides."""


def kinds_of(world: World) -> tuple[str, ...]:
    """The edits of a world."""
    return (*KINDS, RESTYLE) if world.styles else KINDS


@dataclass(frozen=True)
class EditPair:
    """Two scenes and the words between them.

    ``regions`` are the phrases and boxes that a layout would hold; ``ambiguous`` is set when the words
    alone fit more than one object; ``hole`` is the painted box of an inpainting.
    """

    kind: str
    before: Scene
    after: Scene
    instruction: str
    regions: tuple[tuple[str, Box], ...]
    ambiguous: bool = False
    hole: Box | None = None


def changed(pair: EditPair, extent: int = 128) -> np.ndarray:
    """The pixels that the edit changes: height x width bool, extent x extent for a square."""
    return (render(pair.before, extent) != render(pair.after, extent)).any(-1)


def _swap(objects: Sequence[Placed], target: Placed, new: Placed | None) -> tuple[Placed, ...]:
    """The objects with one replaced, by identity, or dropped."""
    return tuple(new if o is target else o for o in objects if o is not target or new is not None)  # type: ignore[misc]


def _others(objects: Sequence[Placed], target: Placed) -> list[Box]:
    return [o.box for o in objects if o is not target]


def _recolour(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    if not world.colours:
        return None
    group = rng.choice(groups_of(scene.objects))
    target = rng.choice(group)
    colour = rng.choice([c for c in world.colours if c != target.colour and (target.thing, c) not in world.held_out])
    whole = len(group) > 1 and len([o for o in scene.objects if o.thing == target.thing]) == len(group)
    chosen = group if whole and rng.random() < 0.4 else [target]
    if len(chosen) > 1:
        words, ambiguous = rng.choice(("the {}", "all the {}", "both {}" if len(group) == 2 else "all {}")), False
        words = words.format(find_thing(target.thing).plural)  # type: ignore[union-attr]
    else:
        words, ambiguous = reference(rng, target, scene.objects)
    text = rng.choice((
        "make {} {}", "make {} {}", "turn {} {}", "paint {} {}", "colour {} {}", "recolour {} {}",
        "change the colour of {} to {}", "change {} to {}", "{} should be {}",
    )).format(words, colour)  # fmt: skip
    after = tuple(replace(o, colour=colour) if any(o is c for c in chosen) else o for o in scene.objects)
    found = tuple((region_phrase(o), o.box) for o in chosen)
    return EditPair("recolour", scene, with_objects(scene, after), polite(rng, text), found, ambiguous)


def _remove(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    group = rng.choice(groups_of(scene.objects))
    target = rng.choice(group)
    chosen = group if len(group) > 1 and rng.random() < 0.25 else [target]
    alike = [o for o in scene.objects if o.thing == target.thing]
    if len(chosen) > 1 and len(alike) > len(chosen):
        return None
    if len(chosen) > 1:
        words, ambiguous = f"the {find_thing(target.thing).plural}", False  # type: ignore[union-attr]
    else:
        words, ambiguous = reference(rng, target, scene.objects)
    ways = ("remove {}", "remove {}", "delete {}", "erase {}", "take away {}", "get rid of {}", "take {} out")
    text = rng.choice(ways)
    after = tuple(o for o in scene.objects if not any(o is c for c in chosen))
    found = tuple((region_phrase(o), o.box) for o in chosen)
    return EditPair("remove", scene, with_objects(scene, after), polite(rng, text.format(words)), found, ambiguous)


def _add(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    if len(scene.objects) >= world.most:
        return None
    thing, colour = sample_kind(rng, world, 0.5)
    side = sample_side(rng, world, len(scene.objects) + 1, None)
    box = place(rng, world, thing, side, [o.box for o in scene.objects], scene.frame)
    if box is None:
        return None
    new = Placed(thing, box, colour, None, 0, world.mirrored and rng.random() < 0.5)
    if world.near and rng.random() < 0.4:
        new = near_others(rng, world, new, scene.objects, scene.frame)
    what = with_article(noun_phrase(rng, thing, colour, None))
    what = f"another {what.split(' ', 1)[1]}" if any(o.kind == new.kind for o in scene.objects) else what
    ways = ("add {}", "add {}", "put {} in", "draw {}", "place {} in the picture", "include {}")
    text = rng.choice(ways).format(what)
    for other in scene.objects:
        holding = relations_between([new], [other])
        alone = sum(o.thing == other.thing for o in scene.objects) == 1
        if holding and alone and other.thing != thing and rng.random() < 0.6:
            where = {"left of": "to the left of", "right of": "to the right of"}.get(holding[0], holding[0])
            text = rng.choice(("add {} {} the {}", "put {} {} the {}")).format(what, where, other.thing)
            break
    near = nearness(rng, new, scene) if world.near and rng.random() < 0.6 else None
    if near:
        text = rng.choice(("add {} {}", "put {} {}", "draw {} {}")).format(what, near)
    after = (*scene.objects, new)
    return EditPair("add", scene, with_objects(scene, after), polite(rng, text), ((region_phrase(new), new.box),))


def _replace(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    target = rng.choice(scene.objects)
    thing, colour = sample_kind(rng, world, 0.4)
    if thing == target.thing:
        return None
    box = box_for(thing, target.side(scene.frame), *target.centre, world.grid, scene.frame)
    if any(overlap(box, other) > 0.12 for other in _others(scene.objects, target)):
        return None
    new = Placed(thing, box, colour, target.size, 0, target.flip)
    words, ambiguous = reference(rng, target, scene.objects)
    text = rng.choice((
        "replace {} with {}", "replace {} by {}", "swap {} for {}", "change {} into {}", "turn {} into {}",
        "make {} {}", "change {} to {}",
    )).format(words, with_article(noun_phrase(rng, thing, colour, None)))  # fmt: skip
    after = _swap(scene.objects, target, new)
    found = ((region_phrase(new), target.box),)
    return EditPair("replace", scene, with_objects(scene, after), polite(rng, text), found, ambiguous)


def _move(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    target = rng.choice(scene.objects)
    box = place(rng, world, target.thing, target.side(scene.frame), _others(scene.objects, target), scene.frame)
    if box is None:
        return None
    new = replace(target, box=box)
    across, down = new.centre[0] - target.centre[0], new.centre[1] - target.centre[1]
    if max(abs(across), abs(down)) < 0.18:
        return None
    if abs(across) > abs(down):
        where = "to the left" if across < 0 else "to the right"
    else:
        where = rng.choice(("up", "to the top") if down < 0 else ("down", "to the bottom"))
    words, ambiguous = reference(rng, target, scene.objects)
    text = rng.choice(("move {} {}", "move {} {}", "shift {} {}", "put {} further {}", "push {} {}"))
    text = text.format(words, where)
    for other in scene.objects:
        alone = sum(o.thing == other.thing for o in scene.objects) == 1
        holding = relations_between([new], [other]) if other is not target and alone else []
        if holding and rng.random() < 0.4:
            where = holding[0].replace("left of", "to the left of").replace("right of", "to the right of")
            text = f"move {words} {where} the {other.thing}"
            break
    near = nearness(rng, new, with_objects(scene, _swap(scene.objects, target, new))) if world.near else None
    if near and rng.random() < 0.6:
        text = rng.choice(("move {} {}", "put {} {}", "bring {} {}")).format(words, near)
    phrase = region_phrase(target)
    found = ((f"from {phrase}", target.box), (f"to {phrase}", box))
    after = _swap(scene.objects, target, new)
    return EditPair("move", scene, with_objects(scene, after), polite(rng, text), found, ambiguous)


def _resize(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    target = rng.choice(scene.objects)
    factor, side = rng.choice((rng.uniform(0.5, 0.7), rng.uniform(1.4, 1.8))), target.side(scene.frame)
    if world.grid:
        factor = rng.choice([eighths / 8 / side for eighths in (2, 3, 4)])
    if not 0.16 <= side * factor <= 0.7 or abs(factor - 1) < 0.2:
        return None
    box = box_for(target.thing, side * factor, *target.centre, world.grid, scene.frame)
    if any(overlap(box, other) > 0.05 for other in _others(scene.objects, target)):
        return None
    words, ambiguous = reference(rng, target, scene.objects)
    bigger = ("make {} bigger", "make {} larger", "enlarge {}", "{} should be bigger", "make {} big")
    smaller = ("make {} smaller", "shrink {}", "{} should be smaller", "make {} small", "make {} tiny")
    text = rng.choice(bigger if factor > 1 else smaller).format(words)
    phrase = region_phrase(target)
    found = ((f"from {phrase}", target.box), (f"to {phrase}", box))
    after = _swap(scene.objects, target, replace(target, box=box, size=None))
    return EditPair("resize", scene, with_objects(scene, after), polite(rng, text), found, ambiguous)


def _background(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    ground = rng.choice([b for b in world.backgrounds if b != scene.background])
    phrase = ground_phrase(rng, ground)
    bare = ground.replace("plain ", rng.choice(("plain ", ""))) if ground.startswith("plain ") else ground
    article = "" if ground in {"night", "snow", "space", "sunset", "mountains"} or bare.startswith("plain") else "a "
    text = rng.choice((
        f"change the background to {article}{bare}", f"make the background {article}{bare}", f"make it {phrase}",
        f"put it {phrase}", f"set it {phrase}", f"replace the background with {article}{bare}", f"make it {bare}",
        f"change the scene to {article}{bare}",
    ))  # fmt: skip
    return EditPair("background", scene, replace(scene, background=ground), polite(rng, text), ())


def _hole_around(rng: random.Random, box: Box) -> Box:
    grow = rng.uniform(0, 0.12)
    width, height = box[2] - box[0], box[3] - box[1]
    x0, y0 = box[0] - grow * width * rng.random(), box[1] - grow * height * rng.random()
    x1, y1 = box[2] + grow * width * rng.random(), box[3] + grow * height * rng.random()
    return max(0.0, x0), max(0.0, y0), min(1.0, x1), min(1.0, y1)


def _free_hole(rng: random.Random, scene: Scene) -> Box | None:
    for _ in range(30):
        width, height = rng.uniform(0.22, 0.5), rng.uniform(0.22, 0.5)
        x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
        hole = (x, y, x + width, y + height)
        if all(overlap(hole, o.box) < 0.02 for o in scene.objects):
            return hole
    return None


def _cell_hole(rng: random.Random, world: World, scene: Scene, target: Placed | None) -> tuple[Box, Box] | None:
    """A hole and, in a world with a grid, the cell in it that the new thing fills."""
    if not world.grid:
        hole = _hole_around(rng, target.box) if target else _free_hole(rng, scene)
        return (hole, hole) if hole else None
    side = rng.choice((2, 3, 3, 4)) / 8
    x, y = target.centre if target else (rng.random(), rng.random())
    cell = cell_for(max(side, target.side(scene.frame)) if target else side, x, y, world.grid, scene.frame)
    return _hole_around(rng, cell), cell


def _inpaint(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    """Fills a painted hole: over an object (which goes) or on free ground; everything else stays."""
    target = rng.choice(scene.objects) if rng.random() < 0.65 else None
    found_hole = _cell_hole(rng, world, scene, target)
    if found_hole is None:
        return None
    hole, cell = found_hole
    if target is None and any(overlap(hole, o.box) > 0.02 for o in scene.objects):
        return None
    if any(overlap(hole, b) > 0.05 for b in (_others(scene.objects, target) if target else [])):
        return None
    if hole[2] - hole[0] < 0.12 or hole[3] - hole[1] < 0.12:
        return None
    thing, colour = sample_kind(rng, world, 0.45)
    box = fit_box(thing, cell, scene.frame)
    if max(box[2] - box[0], box[3] - box[1]) < 0.15:
        return None
    new = Placed(thing, box, colour, None, 0, world.mirrored and rng.random() < 0.5)
    what = with_article(noun_phrase(rng, thing, colour, None))
    text = rng.choice((
        "put {} here", "put {} here", "draw {} here", "add {} here", "paint {} here", "place {} here", "{} here", "{}",
        "put {} there", "fill this with {}", "replace this with {}", "make this {}", "turn this into {}",
    )).format(what)  # fmt: skip
    after = (*[o for o in scene.objects if o is not target], new)
    found = ((region_phrase(new), hole),)
    return EditPair("inpaint", scene, with_objects(scene, after), polite(rng, text), found, False, hole)


def _erase(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    target = rng.choice(scene.objects)
    hole = _hole_around(rng, target.box)
    if any(overlap(hole, b) > 0.05 for b in _others(scene.objects, target)):
        return None
    text = rng.choice(("remove this", "erase this", "delete this", "nothing here", "clear this", "take this away"))
    after = _swap(scene.objects, target, None)
    return EditPair("erase", scene, with_objects(scene, after), polite(rng, text), (("nothing", hole),), False, hole)


_RESTYLED = (
    "make it {}", "show it {}", "make the picture {}", "draw it again {}", "draw it {}", "draw this {}", "paint it {}",
    "i want it {}",
)  # fmt: skip
_OF_STYLE = ("change the style to {}", "make it look like {}", "use {} style", "{}", "turn this into {}")


def _restyle(rng: random.Random, world: World, scene: Scene) -> EditPair | None:
    """Another style over the whole picture; never from one in which colours cannot be seen."""
    now = scene.style or "flat"
    if now in GREY_STYLES:
        return None
    style = rng.choice([name for name in world.styles if name != now])
    if rng.random() < 0.6:
        text = rng.choice(_RESTYLED).format(rng.choice(STYLE_PHRASES[style][0]))
    else:
        text = rng.choice(_OF_STYLE).format(style)
    return EditPair(RESTYLE, scene, replace(scene, style=style), polite(rng, text), ())


_MAKERS: dict[str, Callable[[random.Random, World, Scene], EditPair | None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "recolour": _recolour,
    "move": _move,
    "resize": _resize,
    "background": _background,
    "inpaint": _inpaint,
    "erase": _erase,
    RESTYLE: _restyle,
}


def _uncoloured(world: World, scene: Scene) -> tuple[World, Scene]:
    """Without colours to speak of: nobody says "the red dog" of a pencil sketch."""
    return replace(world, colours=()), with_objects(scene, [replace(o, colour=None) for o in scene.objects])


def sample_edit(rng: random.Random, world: World, kind: str | None = None, frame: Frame = SQUARE) -> EditPair:
    """A random edit pair; ``kind`` is one of ``kinds_of(world)`` (None: any)."""
    while True:
        chosen = kind or rng.choice(kinds_of(world))
        scene = sample_scene(rng, world, None, frame)
        words = world
        if scene.style in GREY_STYLES:
            words, scene = _uncoloured(world, scene)
        pair = _MAKERS[chosen](rng, words, scene)
        if pair is not None:
            return pair


def edit_regions(rng: random.Random, pair: EditPair, amount: float = 0.02) -> list[tuple[str, Box]]:
    """The layout of an edit, boxes slightly off, as a detector or a user's brush would give them."""
    return [(phrase, jittered(rng, box, amount)) for phrase, box in pair.regions]
