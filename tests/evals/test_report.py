"""Numbers against values by hand, and a page that is whole, escaped and needs nothing from anywhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals import card, page, registry, runner
from evals import report as numbers
from evals.api import Candidate, Cost, EvalError, Item, Mark, Sample, Score
from generators.api import Box
from tests.evals import made_up

SCORER = registry.scorer("world")
PLAN = runner.new_plan(registry.task("world-generate"), ["single", "agent"], ["m"], {"m": "r"}, {})


def score(value: float, note: str = "") -> dict[str, Score]:
    mark = Mark(label="<dog>", box=Box(0.1, 0.1, 0.5, 0.5))
    return {"world": Score(scorer="world", version=1, value=value, parts={"count": value}, note=note, marks=[mark])}


def sample(tag: str, name: str, arm: str, value: float, seconds: float = 1.0, **more: Any) -> Sample:
    item = Item(id=f"{tag}-{name}", tag=tag, turns=[more.pop("text", "two dogs")], truth={})
    cost = Cost(images=1, planner_calls=1, seconds={"total": seconds, "drawing": seconds / 2}, peak_mb=100 * seconds)
    return Sample(key=f"{tag}{name}{arm}", suite="world-generate", suite_version=1, item=item, arm=arm, generator="m",
                  seed=1, status="done", scores=score(value, more.pop("note", "")), cost=cost, **more)


SAMPLES = [
    sample("a", "1", "single", 1), sample("a", "2", "single", 0), sample("b", "1", "single", 0),
    sample("a", "1", "agent", 1, 3), sample("a", "2", "agent", 1, 3), sample("b", "1", "agent", 0, 5),
]


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["arm"]: row for row in report["rows"]}


def test_the_overall_score_is_the_mean_of_the_tags() -> None:
    report = numbers.build(PLAN, SAMPLES, SCORER, {})
    assert rows(report)["single"]["score"] == pytest.approx((0.5 + 0) / 2)
    assert rows(report)["agent"]["score"] == pytest.approx((1 + 0) / 2)
    assert rows(report)["single"]["tags"]["a"]["score"] == 0.5
    assert rows(report)["single"]["parts"] == {"count": pytest.approx(1 / 3)}


def test_cost_is_a_mean_for_one_item_and_memory_a_peak() -> None:
    cost = rows(numbers.build(PLAN, SAMPLES, SCORER, {}))["agent"]["cost"]
    assert cost["seconds"]["total"] == pytest.approx(11 / 3)
    assert cost["peak_mb"] == 500 and cost["images"] == 1
    assert cost["latency"] == {"p50": 3.0, "p95": pytest.approx(4.8)}  # of 3, 3 and 5: nine tenths of the last step


def test_differences_are_paired() -> None:
    found = numbers.build(PLAN, SAMPLES, SCORER, {})["differences"]
    assert [(d["a"], d["b"], d["n"]) for d in found] == [("agent", "single", 3)]
    assert found[0]["difference"] == pytest.approx(0.25)
    assert found[0]["interval"][0] == 0 and found[0]["interval"][1] == 0.5


def test_items_that_one_arm_lacks_are_left_out_of_the_difference() -> None:
    found = numbers.build(PLAN, SAMPLES[:-1], SCORER, {})["differences"][0]
    assert found["n"] == 2 and found["difference"] == pytest.approx(0.5)


def test_several_seeds_of_an_item_count_as_one() -> None:
    twice = [*SAMPLES, sample("a", "1", "single", 0).model_copy(update={"key": "other", "seed": 2})]
    row = rows(numbers.build(PLAN, twice, SCORER, {}))["single"]
    assert row["n"] == 3 and row["tags"]["a"]["score"] == pytest.approx(0.25)


def test_random_and_oracle_come_from_the_same_pictures() -> None:
    values = {"1": (1, 0, 0, 0), "2": (0, 0, 0, 0)}
    best = [sample("a", name, "best-of-4", 0, candidates=[Candidate(picture="p", seed=0, scores=score(v)) for v in row])
            for name, row in values.items()]
    found = rows(numbers.build(PLAN, [*SAMPLES, *best], SCORER, {}))
    assert found["random-of-4"]["score"] == pytest.approx(0.125) and found["random-of-4"]["derived"]
    assert found["oracle-of-4"]["score"] == pytest.approx(0.5)
    assert found["random-of-4"]["cost"] == found["best-of-4"]["cost"]


def test_what_is_not_scored_is_counted() -> None:
    report = numbers.build(PLAN, [*SAMPLES, SAMPLES[0].model_copy(update={"key": "x", "scores": {}})], SCORER, {})
    assert report["unscored"] == 1 and report["samples"] == 6
    with pytest.raises(EvalError, match="Nothing is scored"):
        numbers.build(PLAN, [], SCORER, {})


KINDS = [
    made_up.sample("p1", "single", 0, tag="position", parts={"count": 1.0, "relation": 0.0}, generator="m"),
    made_up.sample("p2", "single", 1, tag="position", parts={"count": 1.0, "relation": 1.0}, generator="m"),
    made_up.sample("c1", "single", 0, tag="counting", parts={"count": 0.25}, generator="m"),
    made_up.sample("s1", "single", 1, tag="single", parts={"count": 1.0}, generator="m"),
]


def test_what_went_wrong_is_told_by_kind_and_part(tmp_path: Path) -> None:
    report = numbers.build(PLAN, KINDS, SCORER, {})
    (row,) = report["rows"]
    assert row["kinds"] == {"counting": {"count": 0.25}, "position": {"count": 1.0, "relation": 0.5},
                            "single": {"count": 1.0}}
    assert numbers.failures(report).splitlines() == [
        "| model | arm | kind of prompt | fails most by | count | relation |", "|---|---|---|---|---|---|",
        "| m | single | counting | count | 0.250 | – |", "| m | single | position | relation | 1.000 | 0.500 |",
        "| m | single | single | – | 1.000 | – |"]
    text = page.render(report, KINDS, tmp_path)
    assert ("<td class=left>position</td><td class=left>relation</td><td>100.0%</td><td>50.0%</td>") in text
    assert numbers.weakest({"L1": 0.1, "single-turn L2": 0.0, "CLIP-I": 0.8}) == "CLIP-I", "a distance is no share"


def test_a_scorer_without_parts_has_no_such_table(tmp_path: Path) -> None:
    report = numbers.build(PLAN, [made_up.sample("a", "single", 1)], SCORER, {})
    assert numbers.failures(report) == "" and "What failed, by kind" not in page.render(report, [], tmp_path)


def test_sentences_say_what_the_interval_allows() -> None:
    def said(low: float, high: float) -> str:
        return numbers.sentences({"differences": [{"generator": "m", "a": "agent", "b": "single", "n": 9,
                                                   "difference": (low + high) / 2, "interval": [low, high]}]})[0]

    assert "agent is better than single" in said(0.01, 0.2)
    assert "agent is worse than single" in said(-0.2, -0.01)
    assert "agent is not told apart from single" in said(-0.1, 0.1)


class Page(HTMLParser):
    """Collects what a browser would load or run, and whether tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]


def rendered(tmp_path: Path, samples: list[Sample], most: int = 24) -> str:
    report = numbers.build(PLAN, samples, SCORER, {"summary": "precision 98.0%"})
    return page.render(report, samples, tmp_path, most)


def test_the_page_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    Image.new("RGB", (128, 128), "red").save(tmp_path / "p.png")
    text = rendered(tmp_path, [s.model_copy(update={"picture": "p.png"}) for s in SAMPLES])
    found = Page(text)
    assert len(found.addresses) == 6 and all(a.startswith("data:image/webp;base64,") for a in found.addresses)
    assert not re.search(r"https?://|@import|url\(", text)
    assert "25.0%" in text and "precision 98.0%" in text


def test_words_of_models_and_files_are_escaped(tmp_path: Path) -> None:
    evil = '<script>alert(1)</script><img src="x" onerror="y">'
    text = rendered(tmp_path, [sample("a", "1", "single", 0, text=evil, note=evil), *SAMPLES[1:]])
    assert "<script>alert" not in text and "onerror=\"y\"" not in text
    assert Page(text).tags.count("script") == 1 and "&lt;dog&gt;" in text


def test_failures_come_first_and_successes_are_shown_too() -> None:
    assert page.spread(list(range(10)), 20) == list(range(10))
    shown = page.spread(list(range(90)), 30)
    assert shown[:20] == list(range(20)) and len(shown) == 30 and shown[-1] > 70


def test_a_picture_that_is_gone_leaves_a_hole(tmp_path: Path) -> None:
    assert page.thumbnail(tmp_path / "no.png") == ""


def test_the_card_replaces_only_its_own_lines(tmp_path: Path) -> None:
    blocks = {"evals": f"\n{card.block(numbers.build(PLAN, SAMPLES, SCORER, {}))}"}
    once = card.filled("# Pack\n\nwords\n", blocks, "## The studio with it")
    assert once.startswith("# Pack\n\nwords\n\n## The studio with it\n") and "| m | agent | 0.500 |" in once
    assert card.filled(once.replace("0.500", "0.999"), blocks, "## The studio with it") == once
    assert card.filled("no place for it", blocks) == "no place for it"
    more = blocks | {"suites": card.suites([numbers.build(PLAN, SAMPLES, SCORER, {})])}
    fuller = card.filled(once, more, "## The studio with it")
    assert fuller.startswith(once.rstrip()) and "<!-- suites: begin -->" in fuller and "| agent | " in fuller
    assert card.filled(fuller, more, "## The studio with it") == fuller
    assert card.suites([]) == ""


def test_the_planners_share_comes_from_its_result(tmp_path: Path) -> None:
    result = tmp_path / "utterances.json"
    assert card.understood(result) == ""
    result.write_text(json.dumps({"blind": {"lines": 206, "tool": {"share": 0.95}, "all": {"share": 0.904}}}))
    said = card.understood(result)
    assert "206 sentences" in said and "95.0%" in said and "90.4%" in said
    text = "a <!-- utterances: begin -->old words<!-- utterances: end --> z"
    assert card.filled(text, {"utterances": said}).startswith("a <!-- utterances: begin -->Of 206")
    assert card.filled(text, {"utterances": ""}) == text


def test_the_card_adds_one_key_to_the_metrics(tmp_path: Path) -> None:
    pack, run, readme = tmp_path / "pack", tmp_path / "run", tmp_path / "README.md"
    pack.mkdir()
    run.mkdir()
    (pack / "metrics.json").write_text('{"judge": {"recall": 1}}')
    (pack / "README.md").write_text("# Pack\n")
    readme.write_text("before\n<!-- evals: begin -->\noutdated\n<!-- evals: end -->\nafter\n")
    with pytest.raises(EvalError, match="holds no report"):
        card.write(run, pack, readme)
    (run / "report.json").write_text(json.dumps(numbers.build(PLAN, SAMPLES, SCORER, {})))
    assert len(card.write(run, pack, readme)) == 3
    metrics = json.loads((pack / "metrics.json").read_text())
    assert metrics["judge"] == {"recall": 1} and metrics["evals"]["differences"][0]["a"] == "agent"
    assert readme.read_text().startswith("before\n") and readme.read_text().endswith("after\n")
    assert "outdated" not in readme.read_text() and "| m | single |" in readme.read_text()
