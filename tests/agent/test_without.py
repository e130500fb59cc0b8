"""What the studio can be asked to do without is really left out, for one turn."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api import Called
from tests.agent.conftest import DRAW

pytestmark = pytest.mark.shared_worker
ASK = [("ask", {"question": "Which?", "options": ["left", "right"]})]


def prompts(table: Any) -> list[str]:
    """What the generator was asked for, picture by picture."""
    drawn = [entry.picture for entry in table.entries if isinstance(entry, Called) and entry.picture]
    return [table.studio.store.record(picture).request.prompt for picture in drawn]


def test_without_rewriting_the_model_gets_the_users_words(bench) -> None:
    table = bench([DRAW, "Done."])
    table.say("apples and dogs, please", without=("rewrite",), seed=1)
    assert prompts(table) == ["apples and dogs, please"]
    usual = bench([DRAW, "Done."])
    usual.say("apples and dogs, please", seed=1)
    assert prompts(usual) == ["a red apple and two dogs"], "the Brief's caption"


def test_without_questions_nobody_is_asked(bench) -> None:
    offered: list[set[str]] = []

    def script(messages: Any, tools: list[dict[str, Any]]) -> Any:
        offered.append({tool["function"]["name"] for tool in tools})
        return (ASK, DRAW, "Done.")[min(len(offered), 3) - 1]

    table = bench(script)
    outcome = table.say("dogs", without=("questions",))
    assert outcome.status != "question" and outcome.images and not outcome.steps[0].ok
    assert "ask" not in offered[0]
