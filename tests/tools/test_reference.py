"""Pictures to look at: by the model itself, by what is laid over it, or not at all; and adapters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import get_args

from PIL import Image, ImageDraw

from generators import sketch
from generators.api import Adapter, Capabilities, Control, Extent, Laid, Likeness
from tests.generators.bench import photo
from tests.tools.doubles import OUTSIDER, InProcess
from tools import reference, registry
from tools.api import Brief, BriefObject, PictureRecord, Reference, Role, ToolContext, Wishes
from tools.images import ImageStore

BRIEF = Brief(objects=[BriefObject(id="apple", name="apple", colour="red")])
Make = Callable[..., ToolContext]
LOOKS = dataclasses.replace(OUTSIDER, capabilities=Capabilities(edit=True, references=3, sizes=(Extent(96, 96),)))


def test_references_go_to_the_models_that_look_and_are_said_in_words(make: Make, store: ImageStore) -> None:
    shown = [store.put(Image.new("RGB", (96, 96), colour), PictureRecord(id="", width=96, height=96)).id
             for colour in ("teal", "coral")]
    given = tuple(Reference(picture=id, role=role) for id, role in zip(shown, ("style", "pose"), strict=True))  # type: ignore[arg-type]
    ctx = make(model=LOOKS, references=given)
    registry.call(ctx, "generate", {"prompt": "a dancer"})
    drawn = ctx.workshop.drawn[-1]  # type: ignore[attr-defined]
    assert drawn.sources == tuple(shown)
    assert drawn.prompt == "a dancer, in the style of picture 1, in the pose of picture 2"
    ctx = make(model=LOOKS, references=given, picture=shown[0])
    registry.call(ctx, "edit", {"instruction": "make it night"})
    assert ctx.workshop.drawn[-1].prompt == "make it night, in the style of picture 2, in the pose of picture 3"  # type: ignore[attr-defined]


def test_a_model_that_cannot_look_says_so(make: Make, store: ImageStore) -> None:
    picture = store.put(Image.new("RGB", (128, 128), "teal"), PictureRecord(id="", width=128, height=128)).id
    ctx = make(references=(Reference(picture=picture, role="style"),), brief=BRIEF)
    result = registry.call(ctx, "generate", {"prompt": "a red apple"})
    assert "sketch cannot look at a reference picture, so it was left out (style)." in result.text
    assert ctx.workshop.drawn[-1].kind == "generate"  # type: ignore[attr-defined]
    assert reference.room(sketch.model().capabilities, 0) == 0


PAINTS = dataclasses.replace(OUTSIDER, name="paints", capabilities=Capabilities(
    edit=True, inpaint=True, adapters=True, likeness=True, controls=("canny", "pose", "depth"),
    sizes=(Extent(96, 96), Extent(128, 64))))


def picture_of(store: ImageStore, image: Image.Image) -> str:
    return store.put(image, PictureRecord(id="", width=image.width, height=image.height)).id


def test_what_a_model_does_not_see_itself_is_laid_over_it(make: Make, store: ImageStore) -> None:
    wide = picture_of(store, Image.new("RGB", (300, 150), "teal"))
    given = tuple(Reference(picture=wide, role=role) for role in ("style", "edges"))  # type: ignore[arg-type]
    shop = InProcess(over=Laid(controls=("canny", "pose"), maps=("canny",), likeness=("subject", "style"),
                               absent={"pose": "some/reader", "depth": "paints-depth"}))
    ctx = make(model=PAINTS, references=given, workshop=shop)
    text = registry.call(ctx, "generate", {"prompt": "a harbour"}).text
    drawn = shop.drawn[-1]
    assert drawn.kind == "generate" and drawn.likeness == Likeness(wide, of="style") and not drawn.sources
    assert drawn.controls == (Control("canny", wide),) and "left out" not in text
    assert drawn.size == (128, 64), "as wide as what it follows"

    roles = ("subject", "style", "pose", "depth", "areas")
    more = tuple(Reference(picture=wide, role=role) for role in roles)  # type: ignore[arg-type]
    repaint = {"prompt": "a boat", "box": (0, 0, 0.5, 0.5)}
    for tool, said in (("edit", {"instruction": "make it night"}), ("inpaint", repaint)):
        ctx = make(model=PAINTS, references=more, workshop=shop, picture=picture_of(store, photo(96, 96)))
        text = registry.call(ctx, tool, said).text
        assert shop.drawn[-1].kind == tool and shop.drawn[-1].likeness == Likeness(wide, of="subject")
        assert not shop.drawn[-1].controls
        assert "paints takes no more reference pictures of that kind, so one was left out (style)." in text
        assert "left out (pose): for that paints needs what `python app.py models get some/reader` fetches." in text
        assert "left out (depth): for that paints needs what `python app.py models get paints-depth` fetches." in text
        assert "paints cannot look at a reference picture, so it was left out (areas)." in text


def test_a_picture_that_is_a_map_already_is_followed_as_it_is(make: Make, store: ImageStore) -> None:
    lines = Image.new("RGB", (96, 96))
    ImageDraw.Draw(lines).ellipse((20, 20, 70, 70), outline="white", width=1)
    ctx = make(model=PAINTS, references=(Reference(picture=picture_of(store, lines), role="edges"),),
               workshop=InProcess(over=Laid(controls=("canny",))))
    registry.call(ctx, "generate", {"prompt": "a plate"})
    assert ctx.workshop.drawn[-1].controls[0].ready  # type: ignore[attr-defined]


def test_roles_are_those_that_the_machine_can_serve() -> None:
    over = Laid(controls=("canny", "pose"), maps=("canny",), likeness=("subject",))
    assert reference.roles(PAINTS.capabilities, over) == ["subject", "edges"]
    assert reference.roles(LOOKS.capabilities, Laid()) == list(get_args(Role))
    assert reference.roles(sketch.model().capabilities, Laid()) == []


def test_adapters_that_are_set_go_with_every_picture_of_a_model_that_takes_them(make: Make, store: ImageStore) -> None:
    worn = Wishes(adapters=(Adapter("chalk", 0.5),))
    ctx = make(model=PAINTS, wishes=worn, picture=picture_of(store, photo(96, 96)))
    registry.call(ctx, "generate", {"prompt": "a harbour"})
    registry.call(ctx, "edit", {"instruction": "make it night"})
    assert [one.adapters for one in ctx.workshop.drawn] == [(Adapter("chalk", 0.5),)] * 2  # type: ignore[attr-defined]
    ctx = make(wishes=worn, brief=BRIEF)
    registry.call(ctx, "generate", {"prompt": "a red apple"})
    assert ctx.workshop.drawn[-1].adapters == ()  # type: ignore[attr-defined]
