"""The evaluation tab: what is read of run folders, how runs are begun and ended, and the tab in a real browser with
the real command."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings
from agent.studio import Studio
from generators.workshop import Workshop
from tests.ui.browsing import PHONE, no_sideways, open_page, serving, shot, until
from ui import evaluation
from ui.runs import LOG, Offers, Run, Runs

pytestmark = [pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

WORKS = """import signal, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
if sys.argv[1] == "list":
    print("suites:\\n  things           one thing each\\nscorers:\\n  exact            right or wrong")
    print("arms:\\n  single, agent, best-of-N")
else:
    print(" ".join(sys.argv[1:]), flush=True)
    print("1/4  0.5 samples a second  0:06 left", flush=True)
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        print("Stopped; what is finished is kept.", flush=True)"""


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    script = tmp_path / "command.py"
    script.write_text(WORKS)
    runs = Runs(tmp_path / "runs", [sys.executable, str(script)])
    yield runs
    runs.close()


def wait_for(run: Callable[[], Run], holds: Callable[[Run], bool]) -> Run:
    until(lambda: holds(run()), "the run did not come that far")
    return run()


def test_the_command_tells_what_there_is(runs: Runs) -> None:
    assert runs.offers() == Offers({"things": "one thing each"}, ["single", "agent", "best-of-N"])


def test_a_run_is_begun_watched_and_ended(runs: Runs) -> None:
    asked = {"suite": "things", "generators": "sketch, other", "arms": "single", "limit": "2"}
    assert runs.begin(asked) == ""
    run = wait_for(lambda: runs.all()[0], lambda run: run.everything == 4 and run.last.endswith("left"))
    assert run.running and run.suite == "things"
    log = (runs.folder / run.name / LOG).read_text().splitlines()[0]  # type: ignore[operator]
    assert log.startswith("run things --generators=sketch,other --arms=single --limit=2 --out ")
    assert "running already" in runs.begin(asked)
    assert "not running" in runs.end("another")
    assert runs.end(run.name) == ""
    ended = wait_for(lambda: runs.all()[0], lambda run: not run.running)
    assert ended.last == "Stopped; what is finished is kept."
    assert runs.go_on(run.name) == "" and runs.running == run.name


@pytest.mark.parametrize("asked", [
    {"suite": "none"}, {"suite": "things", "limit": "0"}, {"suite": "things", "limit": "x"},
    {"suite": "things", "generators": "--out=/tmp/x"}, {"suite": "things", "arms": "a;b"}], ids=str)
def test_what_is_no_run_is_a_sentence_and_no_process(runs: Runs, asked: dict[str, str]) -> None:
    assert runs.begin(asked).endswith((".", "name."))
    assert not runs.running and runs.all() == []


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "", ".hidden", "a/b", "no-such-run"])
def test_only_run_folders_have_reports(runs: Runs, name: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("not a run's")
    (tmp_path / "runs").mkdir(exist_ok=True)
    assert runs.report(name) is None and "no such run" in runs.go_on(name)


def test_what_a_run_says_is_escaped(runs: Runs) -> None:
    folder = runs.folder / "a"  # type: ignore[operator]
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"suite": "<img src=x>", "arms": ["single"], "generators": ["<b>"]}))
    (folder / LOG).write_text("<script>alert(1)</script>")
    shown = evaluation.page(runs.all(), Offers(), ["sketch"])
    assert "<img" not in shown and "<script" not in shown and "<b>" not in shown and "single" in shown


@pytest.mark.browser
def test_the_tab_begins_a_real_run_and_opens_its_report(browser: Any, built: Callable[..., Any],
                                                        tmp_path: Path) -> None:
    studio = Studio(Settings(data=tmp_path, generator="sketch"), Workshop(eyes="sketch"))
    with serving(built(studio, studio.settings)) as address:
        page = open_page(browser, f"{address}?view=evaluation")
        page.wait_for_selector("[data-run=suite]")
        page.select_option("[data-run=suite]", "world-generate")
        page.wait_for_function("document.querySelector('[data-purpose]').textContent.startsWith('120 prompts')")
        page.click("[data-begin-run] >> visible=true")
        for field, value in (("generators", "sketch"), ("arms", "single"), ("limit", "2")):
            page.fill(f"[data-run={field}]", value)
        until(lambda: page.locator("[data-act=unevaluate]").count() == 1, "the run did not begin")
        until(lambda: bool(re.search(r"[1-9]\d* of \d+", page.inner_text(".mq-evaluation"))), "nothing was drawn")
        shot(page, "evaluation")
        page.click("[data-act=unevaluate]")
        page.wait_for_selector("[data-act=reevaluate]")
        page.click("[data-begin-run]")
        page.wait_for_selector(".mq-evaluation li a")
        assert "sketch" in page.inner_text(".mq-evaluation li:has(a) table")
        with page.expect_popup() as opened:
            page.click(".mq-evaluation li a")
        opened.value.wait_for_selector("h1")
        assert opened.value.inner_text("h1") == "world-generate"
        page.set_viewport_size(PHONE)
        time.sleep(0.3)
        assert no_sideways(page) and not page.complaints
        page.context.close()
    studio.close()
    studio.workshop.close()
