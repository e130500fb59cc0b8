"""Which eyes look at a picture: the pack's critic at the picture world's, open-vocabulary ones at any other.

A picture belongs to the world when a model of the world drew it. One that somebody brought goes with the model that
works on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from generators.api import GeneratorError, Seen
from generators.world.vocabulary import find_thing
from tools.api import Brief, ToolContext
from tools.naming import thing_name


def of_world(ctx: ToolContext, picture: str) -> bool:
    """Whether a picture is for the pack's critic, which has learnt the picture world only."""
    model = ctx.images.record(picture).model
    if model is None:
        return ctx.capabilities.world is not None
    try:
        return ctx.workshop.model(model).capabilities.world is not None
    except GeneratorError:
        return True  # a model that is gone; the pack's come and go with their folders


def seen(ctx: ToolContext, picture: str, names: Sequence[str]) -> Seen:
    """What is in a picture; of one from outside the world what of these names is.

    Raises a `GeneratorError` where nothing here can look at it.
    """
    image = ctx.images.image(picture)
    return ctx.workshop.see(image) if of_world(ctx, picture) else ctx.workshop.find(image, names, ctx.stop)


def finds(ctx: ToolContext) -> bool:
    """Whether something here finds things in real pictures."""
    try:
        return bool(ctx.workshop.looks.finder)
    except GeneratorError:
        return False


def sought(brief: Brief) -> list[str]:
    """The names that a Brief wants to see, or not to see; of the latter only what is surely a thing."""
    unwanted = (find_thing(word) for word in brief.avoid)
    names = [*(thing_name(thing.name) for thing in brief.objects), *(thing.name for thing in unwanted if thing)]
    return list(dict.fromkeys(names))
