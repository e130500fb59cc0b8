"""Words for what a picture shows, such as one would draw it by again.

A model that understands pictures says it in its own words, where one is installed that this machine holds; else what
the critic sees is put into a sentence, which it knows better than models of its own world do (96% against 40% of the
objects right). It knows of things, colours, one relation and the background, not of style.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from PIL import Image

from agent.api import BadInput, Described
from generators import registry
from generators.api import GeneratorError, Seen
from generators.workshop import Workshop
from tools.api import Brief, BriefObject, BriefRelation, RelationName, SceneObject
from tools.caption import caption
from tools.naming import plural
from tools.relations import pair_holds
from tools.scene import scene_of_seen

_SIDES: tuple[RelationName, ...] = ("left of", "above", "right of", "below")


def describe(image: Image.Image, workshop: Workshop) -> Described:
    """What an RGB picture shows, and by whom. Raises `BadInput` where nothing here makes anything out, and a
    `GeneratorError` where nothing here looks at pictures."""
    for model in workshop.models():
        able = model.capabilities
        if able.understands and able.world is None and registry.installed(model) and registry.fits(model):
            with suppress(GeneratorError):  # the next one may still say something
                if text := " ".join(workshop.tell(model.name, image).split()):
                    return Described(text=text, by=model.name)
    seen = workshop.see(image.convert("RGB"))
    text = caption(as_brief(seen))
    if not text:
        raise BadInput("Nothing in this picture is anything that the studio knows by name.")
    return Described(text=text, by="the critic")


def as_brief(seen: Seen) -> Brief:
    """What was seen as a wish for such a picture: equal things counted, and how the first stand to the second."""
    groups: dict[tuple[str, str | None], list[SceneObject]] = {}
    for thing in scene_of_seen(seen):
        groups.setdefault((thing.name, thing.colour), []).append(thing)
    objects = [BriefObject(id=f"{name}-{number}", name=name, plural=plural(name), colour=colour, count=len(things))
               for number, ((name, colour), things) in enumerate(groups.items())]
    return Brief(objects=objects, relations=_relations(objects, list(groups.values())), background=seen.background)


def _relations(objects: Sequence[BriefObject], groups: Sequence[Sequence[SceneObject]]) -> list[BriefRelation]:
    if len(groups) < 2:
        return []
    first, second = ([thing.box for thing in group] for group in groups[:2])
    side = next((side for side in _SIDES if all(pair_holds(side, a, b) for a in first for b in second)), None)
    return [BriefRelation(subject=objects[0].id, relation=side, object=objects[1].id)] if side else []
