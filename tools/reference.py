"""Pictures to look at: a style, a subject, a pose, outlines, depths, areas.

A model that looks at several pictures is told in words what to take from which. For any other the studio lays over it
what is on this machine: a likeness (IP-Adapter) for style and subject, ControlNets for the rest. What neither serves is
left out, and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from generators import geometry
from generators.api import Capabilities, Control, Extent, Laid, Likeness, MapKind, Request
from generators.map_signs import is_map
from tools.api import Reference, Role, ToolContext

SAID = {"style": "in the style of picture {}", "subject": "with the subject of picture {}",
        "pose": "in the pose of picture {}", "edges": "keeping the outlines of picture {}",
        "depth": "with the depths of picture {}", "areas": "with the areas of picture {}"}
FOLLOWED: Mapping[str, MapKind] = {"pose": "pose", "edges": "canny", "depth": "depth", "areas": "segmentation"}


class Taken(NamedTuple):
    """What becomes of references: those that the model looks at itself, what is laid over it for others, and those that
    nothing here can use."""

    looked_at: tuple[Reference, ...] = ()
    likeness: Likeness | None = None
    controls: tuple[Control, ...] = ()
    missed: tuple[Reference, ...] = ()

    def over(self, request: Request) -> Request:
        """The request with what is laid over the model."""
        return request.model_copy(update={"likeness": self.likeness, "controls": self.controls})

    def size(self, ctx: ToolContext) -> Extent | None:
        """That of a new picture which follows another one's map: the nearest to the other's."""
        if not self.controls:
            return None
        return geometry.working(Extent(*ctx.images.image(self.controls[0].picture).size), ctx.capabilities)


NOTHING = Taken()


def room(able: Capabilities, besides: int) -> int:
    """How many references a model can look at beside so many pictures that it works on. A model of a small world has
    learnt to change pictures, not to take something from them."""
    return max(0, able.references - besides) if able.edit and able.world is None and able.references > 1 else 0


def roles(able: Capabilities, laid: Laid) -> list[Role]:
    """What a model can take from a picture that is neither worked on nor a map."""
    return [role for role in get_args(Role)
            if room(able, 0) or role in laid.likeness or FOLLOWED.get(role) in laid.maps]


def taken(ctx: ToolContext, besides: int, looks: bool = True) -> Taken:
    """The references as the current model uses them, beside so many pictures that it works on. Without `looks` it has
    eyes for these alone."""
    first = room(ctx.capabilities, besides) if looks else 0
    found = Taken(ctx.references[:first])
    laid = ctx.workshop.laid(ctx.model) if ctx.references[first:] else Laid()
    for one in ctx.references[first:]:
        if one.role in laid.likeness and found.likeness is None:
            found = found._replace(likeness=Likeness(one.picture, of=one.role))
        elif len(found.controls) < MOST and (control := _followed(ctx, one, laid)):
            found = found._replace(controls=(*found.controls, control))
        else:
            found = found._replace(missed=(*found.missed, one))
    return found


MOST = 4
"""Maps that a picture follows at once."""


def _followed(ctx: ToolContext, one: Reference, laid: Laid) -> Control | None:
    kind = FOLLOWED.get(one.role)
    if kind is None or kind not in laid.controls:
        return None
    ready = is_map(kind, ctx.images.image(one.picture))
    return Control(kind, one.picture, ready=ready) if ready or kind in laid.maps else None


def said(prompt: str, references: Sequence[Reference], besides: int) -> str:
    """The prompt with what is to be taken from which picture, counted as the model gets them."""
    told = [SAID[one.role].format(number) for number, one in enumerate(references, 1 + besides)]
    return ", ".join([prompt, *told])


def left_out(ctx: ToolContext, found: Taken) -> str:
    """Sentences about the references that were not used, and what would help; or nothing."""
    return "".join(f" {sentence}" for sentence in dict.fromkeys(_reasons(ctx, found)))


def _reasons(ctx: ToolContext, found: Taken) -> Iterator[str]:
    if not found.missed:
        return
    name, laid = ctx.model.name, ctx.workshop.laid(ctx.model)
    blind = [one.role for one in found.missed if not _could(one.role, laid)]
    if blind:
        yield f"{name} cannot look at a reference picture, so it was left out ({', '.join(blind)})."
    for role in (one.role for one in found.missed):
        missing = laid.absent.get(FOLLOWED.get(role, role))
        if missing:
            yield (f"The reference was left out ({role}): for that {name} needs what `python app.py models get "
                   f"{missing}` fetches.")
        elif _could(role, laid):
            yield f"{name} takes no more reference pictures of that kind, so one was left out ({role})."


def _could(role: str, laid: Laid) -> bool:
    kind = FOLLOWED.get(role)
    return role in laid.likeness or kind in laid.controls or FOLLOWED.get(role, role) in laid.absent
