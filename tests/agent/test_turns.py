"""Whole turns: a scripted planner, the real tools, the sketch generator."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import Any

import pytest
from PIL import Image

from agent import scripted
from agent.api import (
    Answered,
    BadInput,
    Called,
    Judged,
    NothingToResume,
    Options,
    PlannerReply,
    PlannerUnreachable,
    SessionBusy,
    Started,
    Turn,
    UnknownSession,
)
from generators.api import ModelUnavailable
from generators.pixels import encode_png
from tests.agent.conftest import DOGS, DRAW
from tools.api import Brief, BriefObject

pytestmark = pytest.mark.shared_worker
RECOLOUR = ("edit", {"instruction": "make dog-1 purple", "operation": "recolour", "targets": ["dog-1"],
                     "phrase": "purple dog"})
ASK = [("ask", {"question": "Which dog?", "options": ["left", "right"], "slot": "target"})]


def png(size: tuple[int, int] = (128, 128), colour: str = "white", mode: str = "RGB") -> bytes:
    return encode_png(Image.new(mode, size, colour), None, False)


def state_of(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return json.loads(messages[0]["content"].split("\nSTATE\n")[1])


def test_a_picture_is_planned_drawn_checked_and_handed_over(bench) -> None:
    table = bench([DRAW, "Here they are."])
    outcome = table.say("a red apple and two dogs", seed=7)
    assert outcome.status == "done"
    assert outcome.reply.startswith("Here they are. Drawn with sketch in 0.")
    assert "seed 7" in outcome.reply and "two dogs ✓" in outcome.reply
    (image,) = outcome.images
    assert image.seed == 7 and image.model == "sketch" and all(f.passed for f in image.critique)
    with Image.open(image.path) as opened:
        assert opened.size == (image.width, image.height)
    assert [step.tool for step in outcome.steps] == ["write_brief", "layout_plan", "generate", "critique"]
    assert table.kinds() == ["user", "brief", "call", "call", "call", "critique", "outcome"]
    assert table.studio.current(table.session) == image.id
    assert outcome.usage.images == 1 and outcome.usage.planner_calls == 2


def test_the_json_has_exactly_the_keys_of_the_contract(bench) -> None:
    data = bench([DRAW, "Here."]).say("dogs").to_json()
    assert set(data) == {"status", "session", "reply", "question", "images", "steps", "usage"}
    assert set(data["images"][0]) == {"path", "id", "width", "height", "seed", "model", "parents", "critique"}
    assert set(data["images"][0]["critique"][0]) == {"requirement", "passed", "confidence", "evidence"}
    assert set(data["steps"][0]) == {"tool", "arguments", "seconds", "ok"}
    assert set(data["usage"]) == {"planner_calls", "tokens", "images", "seconds"}


def test_an_edit_starts_from_the_current_picture(bench) -> None:
    table = bench([DRAW, "Done.", [RECOLOUR], "Purple now."])
    first = table.say("dogs").images[0].id
    second = table.say("make one purple").images[0]
    assert second.parents == [first] and second.id != first
    view = table.studio.view(table.session)
    assert [record.id for record in view.versions] == [first, second.id]


def test_a_question_waits_and_its_answer_reaches_the_planner_as_such(bench) -> None:
    table = bench([DRAW, "Done.", ASK, [RECOLOUR], "Purple now."])
    table.say("dogs")
    asked = table.say("make one purple", seed=1)
    assert asked.status == "question" and asked.question.options == ["left", "right", "you choose"]
    assert table.studio.view(table.session).question == asked.question
    answered = table.say("left")
    assert answered.status == "done" and answered.images
    seen = table.studio._planner.seen
    assert state_of(seen[3])["question"] == {
        "text": "Which dog?", "options": ["left", "right", "you choose"], "slot": "target"}
    assert seen[3][-1] == {"role": "user", "content": "left"}
    assert state_of(seen[3])["budget"]["images"] == 6, "an answer changes no limit"
    assert table.studio.view(table.session).question is None
    assert table.kinds().count("question") == 1


def test_calls_behind_a_question_are_not_carried_out(bench) -> None:
    table = bench([[*ASK, *DRAW]])
    assert table.say("dogs").status == "question"
    assert table.studio.workshop.drawn == []


def test_a_question_survives_a_restart(bench, tmp_path) -> None:
    table = bench([ASK])
    table.say("dogs")
    table.studio.close()
    later = bench([DRAW, "Done."], data=tmp_path / "data0")
    later.session = table.session
    assert later.say("left").status == "done"
    assert state_of(later.studio._planner.seen[0])["question"]["text"] == "Which dog?"


def test_a_mask_and_an_upload_reach_the_planner_as_marks(bench) -> None:
    table = bench([[("inpaint", {"prompt": "a cake"})], "A cake."])
    upload = table.studio.ingest(png())
    hole = Image.new("L", (128, 128), 0)
    hole.paste(255, (30, 30, 90, 90))
    mask = table.studio.ingest_mask(encode_png(hole, None, False), upload.id)
    outcome = table.say("put a cake here", uploads=[upload.id], mask=mask.id)
    seen = table.studio._planner.seen[0]
    assert seen[-1]["content"] == "[mask] [picture] put a cake here"
    assert state_of(seen)["mask"] is True and state_of(seen)["uploads"] == 1
    assert outcome.images[0].parents == [upload.id]
    assert table.studio.workshop.drawn[0].mask == mask.id


def test_undo_and_select_go_through_the_shown_versions(bench) -> None:
    table = bench([DRAW, "Done.", [RECOLOUR], "Purple.", [("undo", {})], "Back."])
    first, second = table.say("dogs").images[0].id, table.say("purple").images[0].id
    back = table.say("undo")
    assert back.status == "done" and [image.id for image in back.images] == [first]
    assert table.studio.select(table.session, second).picture == second
    assert table.studio.undo(table.session).picture == first
    with pytest.raises(BadInput, match="nothing to undo"):
        table.studio.undo(table.session)


class Forgetful:
    """Draws, but leaves out a region, as small models do; repairs it only if asked to."""

    def __init__(self, inner: Any, failures: int) -> None:
        self.inner, self.failures = inner, failures

    def draw(self, request: Any, *rest: Any) -> Any:
        if request.kind == "generate" and self.failures > 0:
            self.failures -= 1
            request = request.model_copy(update={"prompt": "two dogs", "regions": tuple(
                region for region in request.regions if "apple" not in region.phrase)})
        return self.inner.draw(request, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_what_is_missing_is_added_where_it_belongs(bench) -> None:
    table = bench([DRAW, "Done."])
    table.studio.workshop = Forgetful(table.studio.workshop, failures=1)
    outcome = table.say("dogs", seed=7)
    assert outcome.status == "done"
    assert [step.tool for step in outcome.steps][2:] == ["generate", "critique", "inpaint", "critique"]
    added = outcome.steps[4].arguments
    assert added["prompt"] == "red apple" and len(added["box"]) == 4
    assert "The best of 2 pictures." in outcome.reply
    told = table.studio._planner.seen[-1][-1]["content"]
    assert "Repair by inpaint" in told, "the planner learns of it with the answer to its own call"


def test_a_repair_goes_before_what_the_planner_still_has_in_mind(bench) -> None:
    table = bench([[*DRAW, ("critique", {"image": "current"})], "Done."])
    table.studio.workshop = Forgetful(table.studio.workshop, failures=1)
    tools = [step.tool for step in table.say("dogs").steps]
    assert tools[2:] == ["generate", "critique", "inpaint", "critique", "critique"]


def test_undo_passes_over_pictures_that_were_never_shown(bench) -> None:
    table = bench([DRAW, "Done.", DRAW, "Done.", [("undo", {})], "Back."])
    table.studio.workshop = Forgetful(table.studio.workshop, failures=2)
    first, second = (table.say("dogs", seed=seed).images[0].id for seed in (1, 20))
    assert first != second
    assert table.say("undo").images[0].id == first
    with pytest.raises(BadInput, match="nothing to undo"):
        table.studio.undo(table.session)


def test_repairs_can_be_switched_off(bench) -> None:
    table = bench([DRAW, "Done."], repairs=0)
    table.studio.workshop = Forgetful(table.studio.workshop, failures=1)
    outcome = table.say("dogs")
    assert outcome.status == "partial" and outcome.usage.images == 1
    assert "Not met: an apple" in outcome.reply


def test_a_turn_can_do_without_repair(bench) -> None:
    table = bench([DRAW, "Done."])
    table.studio.workshop = Forgetful(table.studio.workshop, failures=1)
    outcome = table.say("dogs", without=("repair",))
    assert outcome.status == "partial" and outcome.usage.images == 1


def test_a_turn_can_do_without_a_layout(bench) -> None:
    offered: list[set[str]] = []

    def script(messages: Any, tools: list[dict[str, Any]]) -> Any:
        offered.append({tool["function"]["name"] for tool in tools})
        return DRAW if len(offered) % 2 else "Done."

    table = bench(script)
    refused, *rest = [step for step in table.say("dogs", without=("layout",)).steps if step.tool != "write_brief"]
    assert (refused.tool, refused.ok) == ("layout_plan", False) and rest[0].ok
    assert "layout_plan" not in offered[0] and "generate" in offered[0]
    assert all(step.ok for step in table.say("dogs").steps), "the next turn has it again"


def test_repairs_are_bounded_and_the_best_is_kept(bench) -> None:
    table = bench([DRAW, "Done."])
    table.studio.workshop = Worse(table.studio.workshop)
    outcome = table.say("dogs")
    assert outcome.usage.images == 3, "one picture and two repairs"
    drawn = [e.picture for e in table.entries if isinstance(e, Called) and e.picture]
    assert outcome.images[0].id == drawn[0], "the repairs were worse"
    assert outcome.status == "partial"


class Worse(Forgetful):
    """The first picture misses the apple; every repair has nothing at all."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner, 0)
        self.count = 0

    def draw(self, request: Any, *rest: Any) -> Any:
        self.count += 1
        prompt = "two dogs" if self.count == 1 else "a star"
        return self.inner.draw(request.model_copy(update={
            "kind": "generate", "prompt": prompt, "regions": (), "sources": (), "mask": None}), *rest)


def test_the_picture_budget_is_kept_and_said(bench) -> None:
    table = bench([DRAW, "Done."])
    table.studio.workshop = Forgetful(table.studio.workshop, failures=9)
    outcome = table.say("dogs", limits={"images": 1})
    assert outcome.usage.images == 1 and outcome.status == "partial" and outcome.images


@pytest.mark.parametrize(("limits", "said", "more"), [
    ({"tool_calls": 1}, "1 tool call was made, which is the limit", "MAQUETTE_LIMITS__TOOL_CALLS"),
    ({"tokens": 10}, "The next planner call would exceed the 10 tokens", "MAQUETTE_LIMITS__TOKENS")])
def test_a_spent_budget_is_all_that_is_said_where_nothing_was_drawn(bench, limits, said, more) -> None:
    """And not what a tool told the planner before."""
    outcome = bench([DRAW, "Done."]).say("dogs", limits=limits)
    assert (outcome.status, outcome.reply) == ("failed", f"{said} of one turn ({more} allows more).")


def test_half_an_emoji_does_no_harm(bench) -> None:
    table = bench([DRAW, "Done."])
    assert table.say("a dog \ud83d").status == "done"
    assert table.entries[0].text == "a dog \ufffd" and Turn(id="x", text="\ud83d\udc36").text == "🐶"


@pytest.mark.parametrize(("limits", "words"), [
    ({"images": 2}, "2 pictures were drawn"), ({"planner_calls": 3}, "was asked 3 times"),
    ({"tool_calls": 4}, "4 tool calls were made"), ({"tokens": 9_000}, "9000 tokens")])
def test_a_planner_that_never_stops_is_stopped_with_its_best_picture(bench, limits, words) -> None:
    count = iter(range(1000))

    def restless(messages, tools):
        calls = [("generate", {"prompt": "x", "seed": next(count)})]
        return PlannerReply(calls=scripted.say(DRAW[:1] + calls).calls, tokens=1_500)

    outcome = bench(restless).say("dogs", limits=limits)
    assert outcome.status == "partial" and outcome.images
    assert words in outcome.reply


def test_seconds_are_a_limit_too(bench) -> None:
    table = bench([DRAW, "Done."], generator="sketch-slow")
    since = time.monotonic()
    outcome = table.say("dogs", limits={"seconds": 0.5})
    assert time.monotonic() - since < 20
    assert outcome.status == "failed" and "0.5 seconds" in outcome.reply


def test_the_same_call_twice_is_a_loop(bench) -> None:
    outcome = bench(scripted.looping(("generate", {"prompt": "two dogs"}))).say("dogs")
    assert outcome.usage.images == 1 and outcome.images
    assert "same generate twice" in outcome.reply


def test_a_planner_without_a_brief_works(bench) -> None:
    outcome = bench([[("generate", {"prompt": "two dogs"})], "Voilà."]).say("two dogs")
    assert outcome.status == "done" and outcome.images and "Checked" not in outcome.reply


def test_an_old_brief_does_not_judge_a_picture_drawn_past_it(bench) -> None:
    night = ("edit", {"instruction": "replace the apple with a cake", "operation": "replace", "targets": ["apple-1"],
                      "phrase": "cake"})
    table = bench([DRAW, "Done.", [night], "A cake."])
    table.say("dogs")
    outcome = table.say("a cake instead")
    assert outcome.usage.images == 1 and outcome.status == "done"


def test_what_failed_before_an_edit_is_named_and_left_alone(bench) -> None:
    purple = DOGS.model_copy(deep=True)
    purple.objects[1] = BriefObject(id="dog", name="dog", count=2, colour="purple")
    both = ("edit", {"instruction": "make the dogs purple", "operation": "recolour", "targets": ["dog-1", "dog-2"],
                     "phrase": "purple"})
    table = bench([DRAW, "Done.", [("write_brief", {"brief": purple.model_dump()}), both], "Purple."], repairs=0)
    table.studio.workshop = Forgetful(table.studio.workshop, failures=1)
    table.say("dogs")
    table.studio.settings = table.studio.settings.model_copy(update={"repairs": 2})
    outcome = table.say("make the dogs purple")
    assert [s.tool for s in outcome.steps if s.tool in ("edit", "generate")] == ["edit"]
    assert outcome.status == "partial" and "Not met: an apple" in outcome.reply


def test_wrong_arguments_are_told_to_the_planner(bench) -> None:
    table = bench([[("generat", {})], [("generate", {"prompt": 5})], DRAW, "Done."])
    outcome = table.say("dogs")
    assert outcome.status == "done"
    answers = [m["content"] for m in table.studio._planner.seen[-1] if m["role"] == "tool"]
    assert answers[0].startswith("Error: No tool 'generat'. Tools: ")
    assert answers[1].startswith("Error: Wrong arguments for generate: prompt")
    assert [step.ok for step in outcome.steps[:2]] == [False, False]


@pytest.mark.parametrize("raw", ['{"a": 1', '```json\n{}\n```', '{"a": 1, "a": 2}', '{"a": NaN}', "[1]", "{" * 5000,
                                 '{"a": "' + "x" * 200_000 + '"}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_a_malformed_call_is_repaired_once_and_then_explained(bench, raw) -> None:
    table = bench(scripted.malformed(raw))
    outcome = table.say("dogs")
    assert outcome.status == "failed" and not outcome.images
    shown = table.studio._planner.seen[-1][-1]["content"]
    assert "Send the arguments of generate as one JSON object" in shown


def test_a_planner_that_stays_malformed_is_given_up(bench) -> None:
    broken = scripted.malformed("{")
    broken.script = lambda messages, tools: PlannerReply(calls=[
        scripted.ToolCall(id="1", name="generate", error="The arguments are no JSON object.")])
    outcome = bench(broken).say("dogs")
    assert outcome.status == "failed" and "also after it was told why" in outcome.reply
    assert outcome.usage.planner_calls == 2


def test_a_planner_that_fails_leaves_the_best_picture(bench) -> None:
    table = bench([DRAW, PlannerUnreachable("Nothing answers; try --planner embedded.")])
    outcome = table.say("dogs")
    assert outcome.status == "partial" and outcome.images and "--planner embedded" in outcome.reply
    assert bench([PlannerUnreachable("Nothing answers.")]).say("dogs").status == "failed"


def test_stop_keeps_what_there_is(bench) -> None:
    table = bench([DRAW, "Done."], generator="sketch-slow")
    begun = threading.Event()

    def listen(event: Any) -> None:
        if isinstance(event, Started) and event.tool == "generate":
            begun.set()

    since = time.monotonic()
    outcome = table.studio.turn(table.session, Turn(id="t", text="dogs"), Options(), listen, begun.is_set)
    assert outcome.status == "stopped" and time.monotonic() - since < 20
    assert [kind for kind in table.kinds() if kind == "outcome"] == ["outcome"]
    assert bench([DRAW, "Done."]).say("dogs").status == "done"


def test_stop_after_a_picture_hands_it_over(bench) -> None:
    stopped = threading.Event()

    def script(messages, tools):
        if messages[-1]["role"] == "tool":
            stopped.set()
            return "too late"
        return DRAW

    table = bench(script)
    outcome = table.say("dogs", stop=stopped.is_set)
    assert outcome.status == "stopped" and outcome.images
    assert table.studio.current(table.session) == outcome.images[0].id


def test_a_turn_is_one_turn_however_often_it_is_sent(bench) -> None:
    table = bench([DRAW, "Done."])
    once, twice = table.say("dogs", id="same"), table.say("dogs", id="same")
    assert once == twice
    assert len(table.studio.workshop.drawn) == 1 and table.kinds().count("user") == 1


def test_the_seed_follows_from_the_session_and_the_turn(bench) -> None:
    table = bench([DRAW, "1", DRAW, "2"])
    first, second = (table.say("dogs").images[0].seed for _ in range(2))
    assert first != second


def test_single_shot_plans_nothing_looks_at_nothing_and_draws_once(bench) -> None:
    def script(messages, tools):
        raise AssertionError("the planner was asked")

    table = bench(script)
    outcome = table.say("two dogs on a beach", single_shot=True, seed=3)
    assert [step.tool for step in outcome.steps] == ["generate"] and outcome.status == "done"
    assert table.studio.workshop.drawn[0].prompt == "two dogs on a beach"
    edited = table.say("make it night", single_shot=True)
    assert [step.tool for step in edited.steps] == ["edit"]
    assert not any(isinstance(entry, Judged) for entry in table.entries)
    assert outcome.usage.planner_calls == 0


def test_everything_heard_was_on_disk_before(bench) -> None:
    table = bench([DRAW, "Done.", ASK])
    path = table.studio.settings.data / "maquette.db"

    def listen(event: Any) -> None:
        if hasattr(event, "kind"):
            with sqlite3.connect(path) as db:
                stored = [json.loads(row[0]) for row in db.execute("SELECT entry FROM entries")]
            db.close()
            assert event.model_dump(mode="json") in stored

    for text in ("dogs", "purple"):
        table.studio.turn(table.session, Turn(id=text, text=text), Options(), listen)


def test_two_turns_at_once_one_is_refused(bench) -> None:
    release = threading.Event()

    def script(messages, tools):
        release.wait(20)
        return "Hello."

    table = bench(script)
    thread = threading.Thread(target=table.say, args=("first",))
    thread.start()
    try:
        while not table.studio._planner.seen:
            time.sleep(0.01)
        with pytest.raises(SessionBusy, match="still at work"):
            table.say("second")
    finally:
        release.set()
        thread.join()
    assert [entry.text for entry in table.entries if entry.kind == "user"] == ["first"]


@pytest.mark.parametrize(("change", "error"), [
    ({"text": "  "}, BadInput), ({"text": "x" * 4001}, BadInput),
    ({"text": "x", "generator": "zork"}, ModelUnavailable), ({"text": "x", "mask": "0" * 32}, BadInput)])
def test_bad_input_is_refused_and_leaves_nothing(bench, change, error) -> None:
    table = bench(["never"])
    with pytest.raises(error):
        table.say(**change)
    assert table.entries == []


def test_unknown_sessions_are_refused(bench) -> None:
    table = bench([])
    for name in ("nope", "../etc", ""):
        with pytest.raises(UnknownSession):
            table.studio.view(name)
    with pytest.raises(NothingToResume):
        table.studio.resume(table.session)


def test_an_answer_only_reply_is_done(bench) -> None:
    outcome = bench(["I can draw dogs."]).say("what can you draw?")
    assert (outcome.status, outcome.reply, outcome.images) == ("done", "I can draw dogs.", [])


def test_what_the_model_cannot_draw_is_never_called_done(bench) -> None:
    brief = Brief(objects=[BriefObject(id="dog", name="dog"), BriefObject(id="submarine", name="submarine")])
    outcome = bench([[("write_brief", {"brief": brief.model_dump()}), ("generate", {"prompt": "x"})], "Done."],
                    repairs=0).say("a dog and a submarine")
    assert outcome.status == "partial" and "submarine" in outcome.reply


def test_sessions_are_listed_newest_first_with_a_title(bench) -> None:
    table = bench([DRAW, "Done.", "Hi."])
    table.say("a red apple   and two dogs")
    time.sleep(1.1)
    table.session = table.studio.new_session()
    table.say("hello")
    rows = table.studio.sessions()
    assert [row["title"] for row in rows] == ["hello", "a red apple and two dogs"]
    assert [row["pictures"] for row in rows] == [0, 1]
    assert isinstance(table.entries[-1], Answered)


def test_the_background_is_looked_at_where_a_message_asks_for_it(bench) -> None:
    table = bench([[("generate", {"prompt": "a dog on a beach"})], "There.", "The beach.", "A dog."])
    for text, looked in (("a dog on a beach", None), ("what is in the background?", "beach"), ("a dog?", None)):
        table.say(text)
        assert state_of(table.studio._planner.seen[-1]).get("background") == looked
