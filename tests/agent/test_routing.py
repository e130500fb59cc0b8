"""Which model and which road: nothing is changed without a measurement, and what is decided is said."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import routes, routing
from agent.api import ToolCall
from agent.routes import Measured
from agent.routing import Question, choose
from generators.api import Capabilities, Kind, Model, World
from generators.workshop import Workshop
from tests.agent.conftest import DRAW
from tools.api import Brief, BriefObject, BriefRelation, Limits, Usage

pytestmark = pytest.mark.shared_worker
ROOT = Path(__file__).resolve().parents[2]
WORLD = World(("dog", "cat"), ("red",), ("beach",))
LAYOUT, DRAFT, ONE, BOTH = ("region by region", "draft and refine", "one shot", "region by region, then refine")


@pytest.fixture(autouse=True)
def _all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing.registry, "installed", lambda model: model.name != "absent")


def model(name: str, world: World | None = WORLD, **able: Any) -> Model:
    return Model(name, "diffusion", "", Capabilities(**{"edit": True, "inpaint": True, "boxes": "text", **able},
                                                     world=world))


def line(name: str, road: Any, score: float, seconds: float = 1.0, category: str = "counting", n: int = 20,
         spread: float = 0.1, planner: str = "") -> Measured:
    return Measured(model=name, road=road, category=category, suite="world-generate", planner=planner, n=n, score=score,
                    interval=(max(0, score - spread), min(1, score + spread)), seconds=seconds, images=1)


def asked(*table: Measured, kind: Kind = "generate", category: str = "counting", **more: Any) -> Question:
    return Question(kind=kind, category=category, usual=more.pop("usual", model("a")), table=table,
                    models=more.pop("models", [model("a"), model("b"), model("absent")]), **more)


def test_without_a_table_it_is_the_usual_model_with_all_that_it_declares() -> None:
    found = choose(asked(free=True))
    assert (found.way.model, found.way.road, found.easy) == ("a", BOTH, False) and "nothing was measured" in found.why
    assert choose(asked(usual=model("a", boxes="none"))).way.road == DRAFT
    assert choose(asked(kind="edit")).way.road == "edit by instruction"
    assert choose(asked(without=("repair",))).way.road == LAYOUT


def test_the_fullest_road_or_a_much_quicker_one_that_is_as_good() -> None:
    table = [line("a", ONE, 0.3, 0.3), line("a", LAYOUT, 0.95, 0.4), line("a", BOTH, 0.97, 0.9)]
    found = choose(asked(*table))
    assert found.way.road == LAYOUT and found.easy
    assert {way.road: way.against for way in found.others} == {
        ONE: "measured worse", BOTH: "slower, and not measured better"}
    assert "95% of 20" in found.why and "97%" in found.why and found.why.count(".") <= 4
    assert choose(asked(*table, by_hand=True)).way.road == LAYOUT
    assert choose(asked(*table, without=("layout",))).way.road == ONE


def test_a_road_that_is_hardly_quicker_leaves_nothing_out() -> None:
    found = choose(asked(line("a", LAYOUT, 0.98, 0.40), line("a", BOTH, 0.96, 0.41)))
    assert found.way.road == BOTH and found.others[0].against == "hardly quicker, and it leaves something out"


def test_all_right_in_a_few_tries_is_not_surely_better() -> None:
    perfect = line("b", BOTH, 1.0, spread=0.0)
    assert perfect.interval == (1.0, 1.0) and perfect.low < 0.9
    assert choose(asked(line("a", BOTH, 0.9), perfect, free=True)).way.model == "a"
    assert choose(asked(line("a", BOTH, 0.6), perfect, free=True)).way.model == "b"


def test_an_easy_kind_takes_the_short_way_and_a_hard_one_the_long() -> None:
    table = [line("a", ONE, 0.98, 0.3, "single_object"), line("a", BOTH, 0.98, 0.9, "single_object"),
             line("a", ONE, 0.1, 0.3, "mixed"), line("a", BOTH, 0.8, 0.9, "mixed")]
    assert choose(asked(*table, category="single_object")).way.road == ONE
    assert choose(asked(*table, category="mixed")).way.road == BOTH


def test_another_model_takes_over_only_where_it_is_surely_better_and_nobody_named_one() -> None:
    table = [line("a", BOTH, 0.5), line("b", BOTH, 0.9)]
    assert choose(asked(*table, free=True)).way.model == "b"
    assert choose(asked(*table, free=False)).way.model == "a"
    assert choose(asked(line("a", BOTH, 0.5), line("b", BOTH, 0.55), free=True)).way.model == "a"
    assert choose(asked(line("b", BOTH, 0.9), free=True)).way.model == "a", "the usual one was never measured"
    assert choose(asked(line("a", BOTH, 0.1), line("absent", BOTH, 1.0), free=True)).way.model == "a"


def test_where_the_usual_model_cannot_the_first_that_can_does() -> None:
    usual = model("a", edit=False)
    found = choose(asked(kind="edit", category="recolour", usual=usual, free=True,
                         models=[usual, model("open", world=None), model("b")]))
    assert found.way.model == "b" and "since a cannot edit" in found.why
    assert choose(asked(kind="edit", usual=usual)).way.model == "a", "the user named it; the tool says why it cannot"


def test_a_road_that_takes_longer_than_is_left_is_passed_over() -> None:
    table = [line("a", ONE, 0.6, 1.0), line("a", BOTH, 0.95, 40.0)]
    assert choose(asked(*table, seconds=120)).way.road == BOTH
    hurried = choose(asked(*table, seconds=10))
    assert hurried.way.road == ONE and hurried.others[0].against == "takes 40.0 s, and 10 s are left"


def test_the_loop_is_off_for_a_planner_that_makes_it_worse() -> None:
    table = [line("a", BOTH, 0.34, 2, planner="small"), line("a", ONE, 0.39, 1),
             line("a", BOTH, 0.78, 2, planner="large")]
    assert choose(asked(*table, planner="small")).way.road == ONE
    assert choose(asked(*table, planner="large")).way.road == BOTH


def test_few_requests_say_nothing() -> None:
    assert choose(asked(line("a", ONE, 1.0, n=10))).way.measured is None
    assert choose(asked(line("a", ONE, 0.7, category="all"))).way.road == ONE, "all kinds stand in for a kind"


def dogs(**more: Any) -> BriefObject:
    return BriefObject(id=more.pop("id", "dog"), name="dog", **more)


@pytest.mark.parametrize(("brief", "category"), [
    (Brief(objects=[dogs()]), "single_object"), (Brief(objects=[dogs(count=3)]), "counting"),
    (Brief(objects=[dogs(colour="red")]), "colors"), (Brief(objects=[dogs(), dogs(id="b")]), "two_object"),
    (Brief(objects=[dogs(), dogs(id="b", colour="red")]), "color_attr"),
    (Brief(objects=[dogs(), dogs(id="b")], relations=[BriefRelation(subject="dog", relation="above", object="b")]),
     "position"),
    (Brief(objects=[dogs(colour="red", count=2)], background="beach"), "mixed"), (Brief(), "single_object")])
def test_the_kind_of_a_new_picture(brief: Brief, category: str) -> None:
    assert routing.category_of(brief) == category


def test_the_table_of_the_committed_report_has_every_road_that_it_measured() -> None:
    report = json.loads((ROOT / "evals/results/report.json").read_text())
    made = routes.table([report])
    lines = [Measured.model_validate(row) for row in made["rows"]]
    measured = {row["arm"] for row in report["rows"] if row["arm"] in routes.ROADS_OF_ARMS}
    assert {one.road for one in lines} == {routes.ROADS_OF_ARMS[arm] for arm in measured}
    single = next(row for row in report["rows"] if row["arm"] == "single")
    one = next(one for one in lines if (one.road, one.category) == (ONE, "counting"))
    assert (one.score, one.seconds) == (single["tags"]["counting"]["score"], single["cost"]["seconds"]["total"])
    assert routes.table([report, report]) == made, "a later report takes the place of an earlier one"


def test_suites_of_changes_are_roads_of_their_own() -> None:
    row = {"generator": "x", "arm": "agent", "n": 8, "score": 1.0, "interval": [0.8, 1.0],
           "tags": {"clear": {"n": 8, "score": 1.0, "interval": [0.8, 1.0]}}, "cost": {"images": 2, "seconds": {}}}
    report = {"suite": "world-inpaint", "configuration": {"planner": "embedded"}, "rows": [row]}
    assert [(one["road"], one["category"]) for one in routes.table([report])["rows"]] == [
        ("inpaint by mask", "all"), ("inpaint by mask", "remove")]
    assert routes.table([{**report, "suite": "utterances"}])["rows"] == []


def test_a_table_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"schema_version": 9, "rows": []}', '{"schema_version": 1, "rows": [{}]}'):
        (tmp_path / "t.json").write_text(text)
        assert routes.read(tmp_path / "none.json", tmp_path / "t.json") == ()


def write(folder: Path, *lines: Measured) -> None:
    rows = [line.model_dump(mode="json") for line in lines]
    (folder / routes.FILE).write_text(json.dumps({"schema_version": 1, "rows": rows}))


def test_a_turn_takes_the_measured_road_and_says_so(bench: Any, tmp_path: Path, workshop: Workshop) -> None:
    (tmp_path / "data0").mkdir()
    write(tmp_path / "data0", line("sketch", ONE, 0.95, 0.1, "mixed"), line("sketch", BOTH, 0.95, 0.9, "mixed"))
    outcome = bench([DRAW, "Here."]).say("a red apple and two dogs")
    assert outcome.status == "done" and outcome.images
    layout, drawn = outcome.steps[1], next(step for step in outcome.steps if step.tool == "generate")
    assert layout.ok and layout.note.startswith("No layout: sketch, one shot")
    assert drawn.why.startswith("sketch, one shot: right in 95% of 20")
    assert "why" not in outcome.to_json()["steps"][0]


def test_routing_can_be_switched_off(bench: Any, tmp_path: Path, workshop: Workshop) -> None:
    for number, off in enumerate(({"routing": False}, {})):
        (tmp_path / f"data{number}").mkdir()
        write(tmp_path / f"data{number}", line("sketch", ONE, 0.95, 0.1, "mixed"))
        one = bench([DRAW, "Here."], **off)
        outcome = one.say("a red apple and two dogs", without=("routing",) if number else ())
        assert [step.why for step in outcome.steps] == [""] * len(outcome.steps)
        assert outcome.steps[1].note.startswith("No layout") is False


def test_why_says_what_would_be_chosen(bench: Any, tmp_path: Path, workshop: Workshop) -> None:
    one = bench([DRAW])
    found = one.studio.why("a red apple and two dogs")
    assert (found["model"], found["road"], found["category"], found["kind"]) == ("sketch", BOTH, "mixed", "generate")
    assert found["why"].startswith("sketch, region by region, then refine") and found["others"] == []
    assert bench(["Hello."]).studio.why("hello")["kind"] is None


class Two:
    """A workshop of two models."""

    def models(self) -> list[Model]:
        return [model("a"), model("b")]

    def model(self, name: str) -> Model:
        return {one.name: one for one in self.models()}[name]


def turn_with(free: bool, *table: Measured) -> tuple[Any, Any]:
    """A turn that is about to draw three dogs, and its desk."""
    brief = Brief(objects=[dogs(count=3)]).model_dump(mode="json")
    state: Any = {"plan": {"model": "a", "routing": True, "free": free, "repairs": 2, "without": [],
                           "limits": Limits().model_dump()},
                  "turn": {"boxes": []}, "usage": Usage().model_dump(), "brief": brief}
    return state, SimpleNamespace(workshop=Two(), routes=table, planner=None)


def test_in_a_turn_nobody_elses_choice_is_overruled() -> None:
    call = ToolCall(id="1", name="generate", arguments={"prompt": "dogs"})
    table = [line("a", BOTH, 0.4, 2), line("b", BOTH, 0.9, 2), line("b", LAYOUT, 0.9, 1)]
    state, desk = turn_with(True, *table)
    update, why = routing.routed(state, desk, call)
    assert (update["plan"]["model"], update["plan"]["repairs"], update["plan"]["usual"]) == ("b", 0, "a")
    assert why.startswith("b, region by region: right in 90%")
    again, _ = routing.routed({**state, **update}, desk, call)
    assert again["plan"] == update["plan"], "a step that is run again goes the same way"
    state, desk = turn_with(False, *table)
    assert routing.routed(state, desk, call)[0]["plan"]["model"] == "a"


def test_after_a_failed_repair_another_family_is_taken_where_it_measured_better() -> None:
    state, desk = turn_with(True, line("a", BOTH, 0.4), line("b", BOTH, 0.9))
    assert routing.better_at(state, desk, ["count"]) == "b"
    assert routing.better_at(state, desk, ["style"]) is None, "nothing is known of that"
    state["plan"]["free"] = False
    assert routing.better_at(state, desk, ["count"]) is None
