"""Blind votes: kept one by one, counted by the model that they were drawn from."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evals import page, registry, report, runner, stats, votes, voting
from evals.api import EvalError
from evals.folder import RunFolder
from evals.votes import Ballot, Vote
from tests.evals.made_up import sample

ARMS = ("single", "agent", "best-of-4")


def voted(items: int, each: int, strengths: list[float], seed: int = 7) -> np.ndarray:
    """Wins drawn from known strengths: `each` votes on every pair of every item."""
    rng, number = np.random.default_rng(seed), len(strengths)
    wins = np.zeros((items, number, number))
    for a in range(number):
        for b in range(a + 1, number):
            won = rng.binomial(each, 1 / (1 + np.exp(strengths[b] - strengths[a])), size=items)
            wins[:, a, b], wins[:, b, a] = won, each - won
    return wins


def test_known_strengths_are_found_again() -> None:
    truth = [1.0, 0.2, -1.2]
    found, intervals = stats.bradley_terry(voted(200, 3, truth))
    assert found == pytest.approx(truth, abs=0.2) and found.sum() == pytest.approx(0)
    assert all(low < value < high and high - low < 0.5 for value, (low, high) in zip(truth, intervals, strict=True))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = [0.6, 0.0, -0.6]
    inside = [low <= value <= high for seed in range(30)
              for value, (low, high) in zip(truth, stats.bradley_terry(voted(40, 1, truth, seed))[1], strict=True)]
    assert 0.85 < np.mean(inside) <= 1.0


def test_who_never_lost_is_not_infinitely_strong() -> None:
    found, _ = stats.bradley_terry(np.array([[[0.0, 5.0], [0.0, 0.0]]]))
    assert 1 < found[0] < 10 and found[1] == pytest.approx(-found[0])
    with pytest.raises(ValueError, match="no votes"):
        stats.bradley_terry(np.zeros((0, 2, 2)))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Three prompts, three arms, a picture of its own colour for each arm."""
    run = RunFolder(tmp_path / "run")
    run.create(runner.new_plan(registry.task("world-generate"), list(ARMS), ["sketch"], {}, {}))
    for item in ("<b>one", "two", "three"):
        for arm, colour in zip(ARMS, ("red", "green", "blue"), strict=True):
            made = sample(item, arm, 1).model_copy(update={"key": f"{len(item)}{arm}", "picture": f"{arm}.png"})
            run.save(made)
            Image.new("RGB", (16, 16), colour).save(run.pictures / f"{arm}.png")
    return run


def test_every_pair_comes_once_for_each_voter_and_not_always_on_one_side(folder: RunFolder) -> None:
    ballot, shown = Ballot(folder), []
    while pair := ballot.next("ann"):
        assert pair.left.item == pair.right.item and pair.left.arm != pair.right.arm
        ballot.vote(Vote(left=pair.left.key, right=pair.right.key, choice="left", voter="ann"))
        shown.append(pair)
    assert len(shown) == len({pair.name for pair in shown}) == 9
    assert len({(pair.left.arm, pair.right.arm) for pair in shown}) > 3, "each pair of arms on both sides"
    other = ballot.next("ben")
    assert other is not None
    assert Ballot(folder).next("ann") is None, "what was chosen is on disk"


def test_a_second_thought_replaces_the_first(folder: RunFolder) -> None:
    booth = voting.Booth(Ballot(folder), "ann")
    shown, said, pictures = booth.begin()
    shown, _, _ = booth.choose(shown, "left")
    shown, again, same = booth.back(shown)
    assert (said.split("</p>")[0], pictures) == (again.split("</p>")[0], same)
    booth.choose(shown, "tie")
    assert [vote.choice for vote in votes.cast(folder)] == ["tie"]


def test_the_page_does_not_say_who_drew_what(folder: RunFolder) -> None:
    shown, said, pictures = voting.Booth(Ballot(folder), "ann").begin()
    assert shown and pictures.count("data:image/png;base64,") == 2
    assert not any(arm in said + pictures for arm in (*ARMS, "sketch")) and "<b>" not in said


def test_votes_become_strengths_in_the_order_of_preference(folder: RunFolder) -> None:
    ballot = Ballot(folder)
    assert votes.results(folder) == []
    for voter in ("ann", "ben"):
        while pair := ballot.next(voter):
            wins = ARMS.index(pair.left.arm) > ARMS.index(pair.right.arm)
            ballot.vote(Vote(left=pair.left.key, right=pair.right.key, choice="left" if wins else "right", voter=voter))
    found = votes.results(folder)
    assert [row["arm"] for row in found] == ["best-of-4", "agent", "single"]
    assert [row["won"] for row in found] == [1.0, 0.5, 0.0] and {row["votes"] for row in found} == {12}


def test_a_vote_is_whole_or_not_there(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    booth = voting.Booth(Ballot(folder), "ann")
    shown, _, _ = booth.begin()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(votes, "write_atomic", full)
    same, said, _ = booth.choose(shown, "left")
    assert same == shown and "No space left on device" in said and votes.cast(folder) == []


def test_a_port_that_is_taken_is_one_sentence(folder: RunFolder) -> None:
    with socket.socket() as other:
        other.bind((voting.HOST, 0))
        other.listen()
        with pytest.raises(EvalError, match=r"Port [0-9]+ cannot be used .*--port"):
            voting.serve(voting.Booth(Ballot(folder), "ann"), other.getsockname()[1])


def test_the_report_sets_votes_beside_the_scores(folder: RunFolder) -> None:
    ballot = Ballot(folder)
    while pair := ballot.next("ann"):
        ballot.vote(Vote(left=pair.left.key, right=pair.right.key, choice="tie", voter="ann"))
    samples, scorer = list(folder.all()), registry.scorer("world")
    found = report.build(folder.plan(), samples, scorer, {}, votes.results(folder))
    assert [row["strength"] for row in found["people"]] == [pytest.approx(0)] * 3
    text = page.render(found, samples, folder.pictures)
    assert "What people preferred" in text and "50.0%" in text
    assert "What people preferred" not in page.render({**found, "people": []}, samples, folder.pictures)


def test_what_is_no_vote_is_refused(folder: RunFolder, tmp_path: Path) -> None:
    ballot = Ballot(folder)
    with pytest.raises(EvalError, match="no such pair"):
        ballot.vote(Vote(left="x", right="y", choice="left", voter="ann"))
    (folder.path / "votes").mkdir(exist_ok=True)
    (folder.path / "votes" / "x.json").write_text(json.dumps({"left": 1}))
    with pytest.raises(EvalError, match="damaged"):
        votes.cast(folder)
    lonely = RunFolder(tmp_path / "lonely")
    lonely.create(runner.new_plan(registry.task("world-generate"), ["single"], ["sketch"], {}, {}))
    with pytest.raises(EvalError, match="no two pictures"):
        Ballot(lonely)
