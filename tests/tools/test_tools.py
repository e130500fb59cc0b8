"""The tools at work, with the sketch generator and a real store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from generators.api import Box, Extent, OutOfMemory, Region
from generators.geometry import mask_of
from tests.tools.doubles import ONLY_DRAWS, OUTSIDER
from tools.api import (
    Brief,
    BriefObject,
    BriefRelation,
    BudgetSpent,
    Limits,
    PictureRecord,
    SceneObject,
    ToolContext,
    ToolError,
    Usage,
)
from tools.budget import remaining
from tools.drawing import draw, store_mask
from tools.generate import GenerateArgs, fits
from tools.generate import request_for as generate_request
from tools.registry import call

BEACH = {"objects": [{"id": "apple", "name": "apple", "colour": "red"}, {"id": "dog", "name": "dog", "count": 2}],
         "relations": [{"subject": "apple", "relation": "left of", "object": "dog"}], "background": "beach"}


def step(ctx: ToolContext, name: str, **arguments):
    """Calls a tool and carries its result over, as the agent does."""
    result = call(ctx, name, arguments)
    ctx.brief, ctx.layout = result.brief or ctx.brief, ctx.layout if result.layout is None else result.layout
    if result.picture:
        ctx.first, ctx.previous, ctx.picture = ctx.first or result.picture, ctx.picture, result.picture
        ctx.versions = tuple(dict.fromkeys([*ctx.versions, result.picture]))
        ctx.scene = result.scene or ()
    elif result.scene:
        ctx.scene = result.scene
    return result


@pytest.fixture
def ctx(make) -> ToolContext:
    return make()


@pytest.fixture
def drawn(ctx: ToolContext) -> ToolContext:
    """After "a red apple to the left of two dogs on a beach"."""
    step(ctx, "write_brief", brief=BEACH)
    step(ctx, "layout_plan")
    step(ctx, "generate", prompt="a red apple to the left of two dogs on a beach")
    return ctx


def seen(ctx: ToolContext) -> list[str]:
    found = ctx.workshop.see(ctx.images.image(ctx.picture or "")).objects
    return sorted(f"{d.colour} {d.thing}" for d in found)


def outside_is_untouched(ctx: ToolContext) -> bool:
    """Compares every pixel outside the mask of the current picture with the picture that it was made from."""
    record = ctx.images.record(ctx.picture or "")
    mask = ctx.images.image(record.mask or "").point(lambda v: 255 - v)
    black = Image.new("RGB", mask.size)
    before, after = (Image.composite(ctx.images.image(id), black, mask) for id in (record.parents[0], record.id))
    return before.tobytes() == after.tobytes()


# briefs, questions, layouts


def test_the_brief_comes_back_with_its_requirements(ctx: ToolContext) -> None:
    result = step(ctx, "write_brief", brief=BEACH)
    assert result.brief == Brief.model_validate(BEACH) and "a red apple to the left of two dogs" in result.text
    assert "nothing" not in result.text and "has not learnt" not in result.text


def test_irregular_plurals_are_filled_in(ctx: ToolContext) -> None:
    names = {"fish": "two fish", "knife": "two knives", "dog": "two dogs", "wizard": "two wizards"}
    things = [{"id": name, "name": name, "count": 2} for name in names]
    brief = step(ctx, "write_brief", brief={"objects": things}).brief
    assert brief is not None and [thing.phrase() for thing in brief.objects] == list(names.values())
    assert [thing.plural for thing in brief.objects] == ["fish", "knives", None, None]


def test_what_the_model_cannot_draw_is_told_at_once(ctx: ToolContext) -> None:
    result = step(ctx, "write_brief", brief={"objects": [{"id": "w", "name": "wizard"}], "background": "volcano"})
    assert "sketch has not learnt to draw: wizard and volcano." in result.text


@pytest.mark.parametrize("brief, said", [
    ({"objects": [{"id": "dog", "name": "dog"}, {"id": "dog", "name": "cat"}]}, "have the id 'dog'"),
    ({"objects": [{"id": "dog", "name": "dog"}], "relations": [{"subject": "dog", "relation": "on", "object": "sofa"}]},
     "names 'sofa'"),
    ({**BEACH, "relations": [*BEACH["relations"], {"subject": "dog", "relation": "left of", "object": "apple"}]},
     "contradict"),
])
def test_a_brief_that_makes_no_sense_is_refused(ctx: ToolContext, brief: dict, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        step(ctx, "write_brief", brief=brief)


def test_what_the_picture_shows_is_not_asked(ctx: ToolContext) -> None:
    ctx.scene = (SceneObject(id="dog-1", name="dog", box=Box(0, 0, 1, 1)),)
    with pytest.raises(ToolError, match="dog-1"):
        step(ctx, "ask", question="Which dog?", options=["left", "right"], slot="target")


def test_ask_makes_a_question(ctx: ToolContext) -> None:
    question = step(ctx, "ask", question="Which dog?", options=["left", "right", "left"], slot="target").question
    assert question is not None and question.options == ["left", "right", "you choose"] and question.slot == "target"
    sure = step(ctx, "ask", question="Shall I?", options=["yes", "no"], slot="confirm").question
    assert sure is not None and sure.options == ["yes", "no"], "what must be confirmed is not left to the studio"
    open_ = step(ctx, "ask", question="What colour?", options=[], slot="colour").question
    assert open_ is not None and open_.options == []


@pytest.mark.parametrize("slot", ["objects", "background", "colour", "style", "count", "size", "place", "relation",
                                  "text", "target", "confirm"])
def test_a_question_fills_one_slot(ctx: ToolContext, slot: str) -> None:
    question = step(ctx, "ask", question="Which?", slot=slot).question
    assert question is not None and question.slot == slot


def test_a_planner_may_give_its_own_boxes(ctx: ToolContext) -> None:
    ctx.brief = Brief.model_validate(BEACH)
    result = step(ctx, "layout_plan", regions=[{"phrase": "dog", "box": [0.1, 0.1, 0.4, 0.5]}])
    assert result.layout == (Region("dog", Box(0.1, 0.1, 0.4, 0.5)),) and "[0.10, 0.10, 0.40, 0.50]" in result.text


# drawing


def test_a_picture_is_drawn_from_brief_and_layout(drawn: ToolContext) -> None:
    request = drawn.workshop.drawn[-1]  # type: ignore[attr-defined]
    assert request.prompt == "a red apple to the left of two dogs on a beach"
    assert [r.phrase for r in request.regions] == ["red apple", "dog", "dog"]
    assert request.seed == 7 and request.size == (128, 128)
    assert seen(drawn) == ["own dog", "own dog", "red apple"]
    record = drawn.images.record(drawn.picture or "")
    assert record.tool == "generate" and record.model == "sketch" and record.request == request
    assert record.brief == drawn.brief and record.arguments["prompt"] and record.arithmetic and record.seconds


def test_a_layout_reaches_the_model_in_its_own_words(ctx: ToolContext) -> None:
    ctx.brief = Brief(objects=[BriefObject(id="a", name="puppy", colour="crimson", size="small", attributes=["happy"])])
    step(ctx, "layout_plan")
    assert ctx.layout[0].phrase == "small happy crimson puppy"
    assert generate_request(ctx, _arguments(prompt="x")).regions[0].phrase == "red dog"


def _arguments(**given):
    return GenerateArgs(**given)


def test_a_layout_of_an_earlier_brief_is_not_used(drawn: ToolContext) -> None:
    drawn.brief = Brief(objects=[BriefObject(id="cat", name="cat")])
    assert not fits(drawn.layout, drawn.brief)
    step(drawn, "generate", prompt="a cat")
    assert drawn.workshop.drawn[-1].regions == () and drawn.workshop.drawn[-1].prompt == "a cat"  # type: ignore[attr-defined]


def test_a_model_from_outside_the_world_gets_the_prompt_as_it_is(drawn: ToolContext) -> None:
    drawn.model = OUTSIDER
    step(drawn, "generate", prompt="A moody oil painting of two dogs.", negative="people")
    request = drawn.workshop.drawn[-1]  # type: ignore[attr-defined]
    assert (request.prompt, request.negative, request.regions) == ("A moody oil painting of two dogs.", "", ())


def test_what_to_avoid_goes_to_models_that_take_it(ctx: ToolContext) -> None:
    ctx.brief = Brief(objects=[BriefObject(id="dog", name="dog")], avoid=["people", "cars"])
    assert generate_request(ctx, _arguments(prompt="a dog")).negative == "people, cars"


def test_drawing_again_in_a_turn_gives_another_picture(drawn: ToolContext) -> None:
    first = drawn.picture
    step(drawn, "generate", prompt="again")
    assert drawn.picture != first or drawn.workshop.drawn[-1].seed != drawn.workshop.drawn[0].seed  # type: ignore[attr-defined]
    assert [r.seed for r in drawn.workshop.drawn] == [7, 8]  # type: ignore[attr-defined]


def test_one_request_is_drawn_once_and_paid_once(drawn: ToolContext) -> None:
    step(drawn, "generate", prompt="x", seed=7)
    step(drawn, "generate", prompt="x", seed=7)
    assert len(drawn.workshop.drawn) == 1 and drawn.usage.images == 1  # type: ignore[attr-defined]


def test_after_a_crash_the_picture_is_found_and_paid(make, drawn: ToolContext) -> None:
    """The step is repeated with the state of before: the picture is there, the charge is not."""
    again = make(brief=drawn.brief, layout=drawn.layout)
    result = call(again, "generate", {"prompt": "x"})
    assert result.picture == drawn.picture and again.workshop.drawn == [] and again.usage.images == 1


def test_the_budget_is_checked_before_the_spend(drawn: ToolContext) -> None:
    drawn.limits = Limits(images=2)
    step(drawn, "generate", prompt="x", seed=1)
    with pytest.raises(BudgetSpent, match="This turn may draw 2 pictures and has drawn 2"):
        step(drawn, "generate", prompt="x", seed=2)
    assert drawn.usage.images == 2 and len(drawn.workshop.drawn) == 2  # type: ignore[attr-defined]
    drawn.limits, drawn.usage = Limits(seconds=10), Usage(seconds=10.5)
    with pytest.raises(BudgetSpent, match="may take 10 seconds and has taken 10"):
        step(drawn, "generate", prompt="x", seed=3)


def test_remaining() -> None:
    left = remaining(Limits(images=6, tokens=100), Usage(images=2, tokens=150))
    assert left.images == 4 and left.tokens == 0 and left.seconds == 120


def test_an_error_of_the_model_passes_through_and_stores_nothing(ctx: ToolContext) -> None:
    ctx.workshop.error = OutOfMemory("sketch needs more memory.")  # type: ignore[attr-defined]
    with pytest.raises(OutOfMemory):
        step(ctx, "generate", prompt="a dog")
    assert ctx.picture is None and ctx.images.ids() == []  # type: ignore[attr-defined]


# looking


def test_a_critique_is_kept_with_the_picture(drawn: ToolContext) -> None:
    result = step(drawn, "critique")
    assert result.critique is not None and result.critique.score == 1 and len(result.critique.findings) == 5
    assert [thing.id for thing in result.scene or ()] == ["apple-1", "dog-1", "dog-2"]
    kept = drawn.images.record(drawn.picture or "")
    assert kept.critique == result.critique and kept.scene == list(result.scene or ())


def test_looking_at_an_older_version_leaves_its_record_alone(drawn: ToolContext) -> None:
    first, critique = drawn.picture, step(drawn, "critique").critique
    step(drawn, "edit", instruction="make it night", operation="background")
    drawn.brief = drawn.brief.model_copy(update={"background": "night"})
    assert step(drawn, "critique", image="first").critique.score < 1
    kept = drawn.images.record(first or "")
    assert kept.critique == critique and kept.brief is not None and kept.brief.background == "beach"


def test_a_picture_from_outside_the_world_is_not_judged(drawn: ToolContext) -> None:
    drawn.model = OUTSIDER
    step(drawn, "generate", prompt="two dogs")
    critique = step(drawn, "critique").critique
    assert critique is not None and {f.passed for f in critique.findings} == {None}
    assert "picture world only" in critique.findings[0].evidence


# editing


def target(ctx: ToolContext, name: str) -> str:
    step(ctx, "critique")
    return next(thing.id for thing in ctx.scene if thing.name == name)


@pytest.mark.parametrize("arguments, expected", [
    ({"instruction": "make one of the dogs purple", "operation": "recolour", "targets": ["dog-1"]},
     ["own dog", "purple dog", "red apple"]),
    ({"instruction": "colour both", "operation": "recolour", "targets": ["dog-1", "dog-2"], "phrase": "blue dogs"},
     ["blue dog", "blue dog", "red apple"]),
    ({"instruction": "remove the apple", "operation": "remove", "targets": ["apple-1"]}, ["own dog", "own dog"]),
    ({"instruction": "replace the apple with a cake", "operation": "replace", "targets": ["apple"]},
     ["own cake", "own dog", "own dog"]),
    ({"instruction": "swap it", "operation": "replace", "targets": ["apple-1"], "phrase": "yellow car"},
     ["own dog", "own dog", "yellow car"]),
    ({"instruction": "add a cat", "operation": "add", "phrase": "black cat"},
     ["black cat", "own dog", "own dog", "red apple"]),
    ({"instruction": "add a cat", "operation": "add", "box": [0.02, 0.02, 0.2, 0.2]},
     ["own cat", "own dog", "own dog", "red apple"]),
    ({"instruction": "move the apple up", "operation": "move", "targets": ["apple-1"]},
     ["own dog", "own dog", "red apple"]),
    ({"instruction": "make the apple smaller", "operation": "resize", "targets": ["apple-1"]},
     ["own dog", "own dog", "red apple"]),
])
def test_edits_change_what_was_asked_and_nothing_else(drawn: ToolContext, arguments: dict, expected: list[str]) -> None:
    step(drawn, "critique")
    result = step(drawn, "edit", **arguments)
    assert seen(drawn) == expected
    assert outside_is_untouched(drawn) and result.extra["changed_outside"] == 0
    assert "every pixel is as it was" in result.text
    assert drawn.images.record(drawn.picture or "").parents == [drawn.versions[0]]


def test_a_move_and_a_new_size_show_in_the_boxes(drawn: ToolContext) -> None:
    apple = target(drawn, "apple")
    old = next(thing.box for thing in drawn.scene if thing.id == apple)
    step(drawn, "edit", instruction="move the apple", operation="move", targets=[apple], box=[0.0, 0.0, 0.3, 0.3])
    step(drawn, "critique")
    moved = next(thing.box for thing in drawn.scene if thing.id == apple)
    assert moved.centre[1] < old.centre[1] - 0.1 and moved.width == pytest.approx(old.width, abs=0.02)
    step(drawn, "edit", instruction="make it tiny", operation="resize", targets=[apple])
    step(drawn, "critique")
    assert next(thing.box for thing in drawn.scene if thing.id == apple).width < 0.75 * old.width


def test_a_background_is_changed_everywhere(drawn: ToolContext) -> None:
    step(drawn, "edit", instruction="make it night", operation="background", phrase="night")
    assert drawn.workshop.see(drawn.images.image(drawn.picture or "")).background == "night"
    assert drawn.images.record(drawn.picture or "").mask is None
    assert drawn.workshop.drawn[-1].prompt == "make it at night"  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments, said", [
    ({"operation": "remove"}, "To remove, an edit needs targets. It shows apple-1 (red), dog-1 and dog-2."),
    ({"operation": "recolour", "targets": ["dog"]}, "'dog' could be dog-1 or dog-2; name one"),
    ({"operation": "recolour", "targets": ["cat-1"]}, "There is no 'cat-1' in this picture. It shows apple-1"),
    ({"operation": "resize", "targets": ["apple-1"]}, "say bigger or smaller"),
    ({"operation": "move", "targets": ["apple-1"]}, "say where to"),
    ({"operation": "recolour", "targets": ["apple-1"], "references": ["first"]}, "sketch takes no further pictures"),
    ({"image": "/etc/passwd"}, "There is no picture '/etc/passwd' here"),
    ({"image": "version 9"}, "There is no picture 'version 9' here"),
])
def test_edits_that_cannot_be_are_told_in_a_sentence(drawn: ToolContext, arguments: dict, said: str) -> None:
    with pytest.raises(ToolError) as error:
        step(drawn, "edit", instruction="do it", **arguments)
    assert said in str(error.value) and len(drawn.versions) == 1


def test_a_model_from_outside_gets_the_users_words(drawn: ToolContext) -> None:
    drawn.model = OUTSIDER
    step(drawn, "edit", instruction="Make it look like a Vermeer.", operation="restyle")
    request = drawn.workshop.drawn[-1]  # type: ignore[attr-defined]
    assert (request.prompt, request.mask, request.regions) == ("Make it look like a Vermeer.", None, ())
    step(drawn, "edit", instruction="a cake here", operation="add", box=[0.1, 0.1, 0.4, 0.4], image="first")
    assert drawn.workshop.drawn[-1].mask is not None and outside_is_untouched(drawn)  # type: ignore[attr-defined]


def test_an_edit_of_an_earlier_version_has_that_version_as_parent(drawn: ToolContext) -> None:
    first = drawn.picture
    step(drawn, "edit", instruction="make it night", operation="background")
    step(drawn, "edit", instruction="add a cat", operation="add", phrase="cat", image="1")
    assert drawn.images.record(drawn.picture or "").parents == [first]


# inpainting


def test_what_was_painted_is_repainted(drawn: ToolContext) -> None:
    step(drawn, "critique")
    apple = next(thing.box for thing in drawn.scene if thing.name == "apple")
    image = drawn.images.image(drawn.picture or "")
    drawn.mask = store_mask(drawn, mask_of([apple.grow(0.01)], Extent(*image.size)))
    step(drawn, "inpaint", prompt="put a cake here")
    request = drawn.workshop.drawn[-1]  # type: ignore[attr-defined]
    assert request.mask == drawn.mask and request.prompt == "put a cake here" and request.regions[0].phrase == "cake"
    assert seen(drawn) == ["own cake", "own dog", "own dog"] and outside_is_untouched(drawn)


def test_painting_beats_the_planners_box(drawn: ToolContext) -> None:
    drawn.mask = store_mask(drawn, mask_of([Box(0, 0, 0.2, 0.2)], Extent(128, 128)))
    step(drawn, "inpaint", prompt="a cake", box=[0.5, 0.5, 0.9, 0.9])
    assert drawn.workshop.drawn[-1].mask == drawn.mask  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", [{"box": [0.6, 0.6, 0.95, 0.95]}, {"targets": ["apple-1"]}])
def test_a_box_or_targets_will_do(drawn: ToolContext, arguments: dict) -> None:
    step(drawn, "inpaint", prompt="a cake", **arguments)
    assert "own cake" in seen(drawn) and outside_is_untouched(drawn)


def test_a_hole_is_closed(drawn: ToolContext) -> None:
    step(drawn, "inpaint", prompt="remove this", targets=["apple-1"])
    assert drawn.workshop.drawn[-1].regions[0].phrase == "nothing"  # type: ignore[attr-defined]
    assert seen(drawn) == ["own dog", "own dog"]


def test_inpainting_nowhere_is_refused(drawn: ToolContext) -> None:
    with pytest.raises(ToolError, match="Say which part to repaint"):
        step(drawn, "inpaint", prompt="a cake")
    drawn.mask = store_mask(drawn, Image.new("L", (64, 64), 255))
    with pytest.raises(ToolError, match="64x64 pixels, and this one has 128x128"):
        step(drawn, "inpaint", prompt="a cake")


def test_a_painted_object_can_be_recoloured(drawn: ToolContext) -> None:
    step(drawn, "critique")
    dog = next(thing for thing in drawn.scene if thing.id == "dog-1")
    drawn.mask = store_mask(drawn, mask_of([dog.box], Extent(128, 128)))
    step(drawn, "edit", instruction="make this purple", operation="recolour")
    assert seen(drawn) == ["own dog", "purple dog", "red apple"]
    assert drawn.images.record(drawn.picture or "").mask == drawn.mask and outside_is_untouched(drawn)


def test_something_is_added_where_the_user_painted(drawn: ToolContext) -> None:
    drawn.mask = store_mask(drawn, mask_of([Box(0.02, 0.02, 0.25, 0.25)], Extent(128, 128)))
    step(drawn, "edit", instruction="add a cake", operation="add")
    step(drawn, "critique")
    cake = next(thing.box for thing in drawn.scene if thing.name == "cake")
    assert cake.centre == pytest.approx((0.135, 0.135), abs=0.03) and outside_is_untouched(drawn)


# versions


def test_undo_goes_to_what_a_picture_was_made_from(drawn: ToolContext) -> None:
    first, brief = drawn.picture, drawn.brief
    step(drawn, "edit", instruction="make it night", operation="background")
    second = drawn.picture
    step(drawn, "edit", instruction="add a cat", operation="add", image="first", phrase="cat")
    assert step(drawn, "undo").picture == first and drawn.brief == brief
    with pytest.raises(ToolError, match="nothing to undo: this is the first version"):
        step(drawn, "undo")
    assert step(drawn, "select", image="2").picture == second
    assert step(drawn, "undo", steps=1).picture == first


def test_undo_passes_over_steps_that_were_never_shown(drawn: ToolContext) -> None:
    first = drawn.picture
    step(drawn, "edit", instruction="make it night", operation="background")
    step(drawn, "edit", instruction="add a cat", operation="add", phrase="cat")
    drawn.versions = (drawn.versions[0], drawn.versions[2])
    assert step(drawn, "undo").picture == first


def test_undo_of_a_picture_drawn_afresh_is_the_version_before(drawn: ToolContext) -> None:
    first = drawn.picture
    drawn.brief = Brief(objects=[BriefObject(id="cat", name="cat")])
    step(drawn, "generate", prompt="a cat")
    assert drawn.picture != first and step(drawn, "undo").picture == first


def test_too_many_undos_say_how_many_there_are(drawn: ToolContext) -> None:
    step(drawn, "edit", instruction="make it night", operation="background")
    with pytest.raises(ToolError, match="only one step to undo"):
        step(drawn, "undo", steps=3)


@pytest.mark.parametrize("handle", ["first", "original", "1", "version 1", "picture 1", "#1", " First "])
def test_handles_of_the_first(drawn: ToolContext, handle: str) -> None:
    first = drawn.picture
    step(drawn, "edit", instruction="make it night", operation="background")
    assert step(drawn, "select", image=handle).picture == first


def test_uploads_have_handles(drawn: ToolContext) -> None:
    ids = [drawn.images.put(Image.new("RGB", (64, 64), (n, n, n)),
                            PictureRecord(id="", role="upload", width=0, height=0)).id for n in (1, 2)]
    drawn.uploads = tuple(ids)
    assert step(drawn, "select", image="upload").picture == ids[0]
    assert step(drawn, "select", image="upload 2").picture == ids[1]
    with pytest.raises(ToolError, match=r'Possible: "current", "previous", "first", "upload" or a version'):
        step(drawn, "select", image="upload 3")


def test_a_stranger_session_cannot_name_a_picture(make, drawn: ToolContext) -> None:
    """The id exists in the store, but this session has never had it."""
    with pytest.raises(ToolError, match="There is no picture"):
        call(make(picture="0" * 32, versions=("0" * 32,)), "select", {"image": drawn.picture})


def test_drawing_reports_and_can_be_stopped(drawn: ToolContext) -> None:
    events: list[object] = []
    request = drawn.workshop.drawn[0].model_copy(update={"seed": 5})  # type: ignore[attr-defined]
    draw(replace(drawn, report=events.append), request, "generate", {})
    assert len(events) > 4


def test_what_is_drawn_ahead_is_found_and_paid_for_when_it_is_asked_for(drawn: ToolContext) -> None:
    workshop, usage = drawn.workshop, drawn.usage
    request = workshop.drawn[0].model_copy(  # type: ignore[attr-defined]
        update={"prompt": "a red dog", "regions": (), "seed": 50})
    before, requests = usage.images, len(workshop.drawn)  # type: ignore[attr-defined]
    first = draw(replace(drawn, ahead=3), request, "generate", {})
    assert first.request == request and usage.images == before + 1
    third = draw(drawn, request.model_copy(update={"seed": 52}), "generate", {})
    assert third.request and third.request.seed == 52 and third.id != first.id and usage.images == before + 2
    again = draw(replace(drawn, ahead=4), request.model_copy(update={"seed": 51}), "generate", {})
    assert again.request and again.request.seed == 51
    assert len(workshop.drawn) == requests + 1, "all three at once"  # type: ignore[attr-defined]
    draw(drawn, request.model_copy(update={"seed": 53}), "generate", {})
    assert len(workshop.drawn) == requests + 2, "no more than was asked for"  # type: ignore[attr-defined]


def test_a_model_that_only_draws_can_still_be_judged_and_undone(drawn: ToolContext) -> None:
    drawn.model = ONLY_DRAWS
    step(drawn, "select", image="first")
    with pytest.raises(ToolError, match="only-draws cannot inpaint; sketch and outsider can"):
        step(drawn, "inpaint", prompt="a cake")


def test_relations_of_a_brief_are_typed() -> None:
    with pytest.raises(ValueError, match="left of"):
        BriefRelation(subject="a", relation="leftish", object="b")  # type: ignore[arg-type]
