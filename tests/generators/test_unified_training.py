"""The training of the unified family, and the measuring of what its models say, with tiny transformers."""

from __future__ import annotations

import argparse
import json

import pytest

from generators.api import Extent, picture_id
from generators.unified import LONGEST
from tests.generators.bench import (
    LIKELIEST,
    codes_drawn,
    draw,
    loaded,
    needs_font,
    never,
    photo,
    seconds_are_steps,
    wish,
)

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", params=["unified", "unified_masked"])
def exact(checkpoint, request):
    """In float32, where two ways to the same number agree."""
    return loaded(checkpoint(request.param), torch.float32, call=LIKELIEST)


# --- training -----------------------------------------------------------------------------


def finished(made):
    """A model that draws as the training's learner, which has its whole table already."""
    from generators.training.autoregressive import Learner

    learner = argparse.Namespace(net=made._net, _first=made._ids.first, looks=lambda: torch.zeros(1))
    learner.read = lambda *given: Learner.read(learner, *given)
    return learner


def reading(made, texts):
    """Texts as the loads have them: padded ids and lengths."""
    found = [made._words(text)["input_ids"] if text else [] for text in texts]
    lengths = torch.tensor([len(words) for words in found])
    return torch.tensor([words + [0] * (12 - len(words)) for words in found]), lengths


@pytest.mark.parametrize("lesson", ["draw", "edit", "plan"])
def test_training_reads_what_drawing_writes(exact, monkeypatch, lesson):
    """The likeliest codes as they were drawn are the likeliest at the places that training looks at."""
    from generators.training import unified as training

    ids, source, texts = exact._ids, photo(), ["two blue cat left of the dog", "a red dog"]
    monkeypatch.setattr(exact, "options", {"call": {**LIKELIEST, "passes": 1, "plan": lesson == "plan"}})
    monkeypatch.setattr(training, "hide", lambda codes: torch.ones_like(codes, dtype=torch.bool))
    kind = {"kind": "edit", "sources": (picture_id(source),)} if lesson == "edit" else {}
    drawn = [codes_drawn(exact, monkeypatch, wish(prompt=text, **kind), source) for text in texts]
    batch = {"target": torch.stack([codes for codes, _ in drawn]).view(2, 4, 4)}
    batch["texts"], batch["lengths"] = reading(exact, [f"{t} ;" for t in texts] if lesson == "plan" else texts)
    if lesson == "edit":
        batch["source"] = exact._tokens.encode([source, source]).view(2, 4, 4)
    if lesson == "plan":
        plans = [exact._words(told["plan"])["input_ids"] for _, told in drawn]
        batch["said"] = torch.tensor([plan + [0] * (LONGEST - len(plan)) for plan in plans])
        batch["spoken"] = torch.tensor([len(plan) for plan in plans])
    laid = training.lay(lesson, batch, ids)
    with torch.inference_mode():
        [seen] = training.read_all(finished(exact), [laid], ids)
        scores = training.code_scores(seen, laid, batch, ids)
        assert torch.equal(scores.argmax(-1), batch["target"].flatten(1)) and len(batch["target"].unique()) > 2
        if lesson == "plan":
            scores, words, wanted = training.word_scores(seen, laid, batch)
            scores[..., [0, 1, 2, 3, *range(ids.start + 1, ids.size)]] = -torch.inf
            ended = wanted & (torch.arange(wanted.shape[1]) < LONGEST)  # a plan that is cut off has no end of its own
            assert torch.equal(scores.argmax(-1)[ended], words[ended]) and ended.sum() > 2


def test_training_reads_what_is_said(exact):
    from generators.training import unified as training

    ids, pictures, questions = exact._ids, [photo(), photo(seed=2)], ["two cat", "a red dog left of the cat"]
    for lesson in ("describe", "answer"):
        given = questions if lesson == "answer" else ["", ""]
        said = [exact.answer(p, q, never) if q else exact.describe(p, never)
                for p, q in zip(pictures, given, strict=True)]
        words = [exact._words(text)["input_ids"] for text in said]
        words = [[*found, 3][:LONGEST] for found in words]
        batch = {"source": exact._tokens.encode(pictures).view(2, 4, 4), "spoken": torch.tensor([*map(len, words)])}
        batch["said"] = torch.tensor([found + [0] * (LONGEST - len(found)) for found in words])
        batch["texts"], batch["lengths"] = reading(exact, given)
        laid = training.lay(lesson, batch, ids)
        with torch.inference_mode():
            [seen] = training.read_all(finished(exact), [laid], ids)
            scores, targets, wanted = training.word_scores(seen, laid, batch)
            scores[..., [0, 1, 2, *range(ids.start, ids.size)]] = -torch.inf
        assert torch.equal(scores.argmax(-1)[wanted], targets[wanted]) and wanted.sum() == batch["spoken"].sum()


def test_parts_are_joined_without_gaps():
    from generators.training.unified import code_places, joined

    mark, text = torch.tensor([[1], [1]]), torch.tensor([[5, 6, 0], [7, 0, 0]])
    codes, said = torch.tensor([[8, 9], [8, 9]]), torch.tensor([[3, 0], [3, 4]])
    parts = {"mark": (mark, None), "text": (text, torch.tensor([2, 1])), "codes": (codes, None),
             "said": (said, torch.tensor([1, 2]))}
    whole, begins = joined(parts)
    assert whole.tolist() == [[1, 5, 6, 8, 9, 3], [1, 7, 8, 9, 3, 4]]
    assert begins["codes"].tolist() == [3, 2] and begins["said"].tolist() == [5, 4]
    assert code_places(torch.tensor([3, 0]), torch.zeros(2, 2, 2)).tolist() == [[4, 5, 7, 8], [1, 2, 4, 5]]


def test_some_codes_are_hidden_and_at_least_one():
    from generators.training.unified import hide

    torch.manual_seed(1)
    hidden = hide(torch.zeros(4000, 16)).sum(1)
    assert hidden.min() == 1 and hidden.max() == 16
    assert hidden.float().mean() / 16 == pytest.approx(2 / 3.14159, abs=0.02)


@needs_font
@pytest.mark.parametrize("name", ["small", "full"])
def test_lessons_say_what_is_true_and_fit(name):
    from generators.training.pack_world import domain
    from generators.training.unified import WIDTHS, Lessons
    from generators.training.words import build_tokenizer
    from generators.world.questions import told
    from generators.world.tables import GROUND_INDEX
    from generators.world.vocabulary import BACKGROUNDS, THINGS

    words, of = build_tokenizer(), domain(name)
    loads = Lessons(name, {"draw": 1, "edit": 1, "plan": 60, "describe": 60, "answer": 60}, 1)(0)
    assert set(loads) == {"draw", "edit", *WIDTHS}
    for lesson in WIDTHS:
        load = loads[lesson]
        assert load.spoken.max() < load.said.shape[1], "nothing is cut off"
        assert load.drawn == (lesson == "plan") and len(load.truth) == 60
    for row in range(60):
        table = loads["describe"].tables[0]
        facts = told(words.decode(loads["describe"].said[row], skip_special_tokens=True))
        assert GROUND_INDEX[facts.background] == table.ground[row]
        shown = sorted(THINGS[index].name for index in table.thing[row] if index >= 0)
        assert sorted(thing for (thing, _), count in facts.counts for _ in range(count)) == shown
        plan = words.decode(loads["plan"].said[row][: loads["plan"].spoken[row]])
        assert plan.count("<c") == (loads["plan"].tables[0].thing[row] >= 0).sum()
        read = words.decode(loads["plan"].ids[row][: loads["plan"].length[row]])
        assert read.endswith(" ;") and "<" not in read
        assert words.decode(loads["answer"].ids[row][: loads["answer"].length[row]]).endswith("?")
        answer = words.decode(loads["answer"].said[row], skip_special_tokens=True)
        assert answer in {"yes", "no", "zero", "one", "two", "three", "four", "five", *of.drawn.colours,
                          *of.drawn.styles, *(ground.name for ground in BACKGROUNDS)}


@needs_font
@pytest.mark.parametrize("arm", ["causal", "masked"])
def test_a_transformer_trains_resumes_draws_and_reads(tmp_path, checkpoint, monkeypatch, arm):
    """Some steps of training: every weight moves, a second call goes on, the export is an ordinary model."""
    from generators.training import unified as training
    from generators.training.common import read_facts
    from generators.training.pack_world import domain

    seconds_are_steps(monkeypatch)
    given = ["--arm", arm, "--tokens", str(checkpoint("picture_tokens")), "--out", str(tmp_path / "u"), "--width", "64",
             "--layers", "2", "--bank", "16", "--reuse", "1", "--device", "cpu", "--minutes", "0.1",
             "--draw", "3", "--plan", "1", "--edit", "2", "--describe", "2", "--answer", "2"]
    args = training.parser().parse_args(given)
    args.until = args.minutes / 2
    monkeypatch.setattr(training.autoregressive, "LOOK", 2)
    first = training.train(args)
    last = json.loads((args.out / "curve.jsonl").read_text().splitlines()[-1])
    assert {f"unseen {name}" for name in ("draw codes", "plan words", "plan codes", "edit codes", "describe words",
                                          "answer words")} <= set(last)
    steps = read_facts(args.out / "checkpoint.safetensors")["step"]
    args.until = None
    second = training.train(args)
    assert (steps, read_facts(args.out / "checkpoint.safetensors")["step"]) == (2, 4)
    assert all(not torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    training.export(second, domain("small"), args.tokens, tmp_path / "model", "Unified")
    made = loaded(tmp_path / "model", call={"plan": True})
    assert made._ids.masked == (arm == "masked") and made._net.config.eos_token_id == made._words.eos_token_id
    lost = [*given, "--init", str(tmp_path / "model"), "--spent", "0.1", "--out", str(tmp_path / "again")]
    begun, exported = training.train(training.parser().parse_args(lost)).net.state_dict(), made._net.state_dict()
    assert all(torch.equal(begun[name], exported[name].float()) for name in exported), "no time left: as it was"
    drawn = draw(made, wish(size=Extent(128, 128)))
    assert drawn.image.size == (128, 128) and isinstance(drawn.arithmetic["plan"], str)
    assert isinstance(made.describe(drawn.image, never), str)
    assert isinstance(made.answer(drawn.image, "how many dogs are there?", never), str)


def test_a_model_that_only_draws_is_a_beginning(tmp_path):
    """Words, rows and codes keep what they were to it; the tasks' marks, which it had not, stay as they were."""
    from generators.training import autoregressive, unified
    from generators.training.pack_world import domain

    of, codes = domain("small"), 32
    book = torch.randn(codes, 4)
    given = autoregressive.Learner(of, autoregressive.vocabulary(of, codes), book, 64, 2)
    given.finished().save_pretrained(tmp_path / "transformer")
    ids = unified.vocabulary(of, codes, "causal")
    learner = unified.Learner(of, ids, book, 64, 2)
    before = learner.net.get_input_embeddings().weight.detach().clone()
    autoregressive.start_from(tmp_path, learner, ids)

    def table(learner):
        return learner.read(torch.zeros(1, 1, dtype=torch.int64)).table

    own, theirs = table(learner), table(given)
    was = autoregressive.vocabulary(of, codes)
    assert torch.equal(own[: ids.start], theirs[: was.start]) and torch.equal(own[ids.first :], theirs[was.first :])
    assert torch.equal(own[ids.rows : ids.first], theirs[was.rows : was.first])
    assert torch.equal(own[ids.end : ids.mask + 1], before[ids.end : ids.mask + 1])
    assert torch.equal(learner.net.model.layers[1].mlp.up_proj.weight, given.net.model.layers[1].mlp.up_proj.weight)
    with pytest.raises(ValueError, match="other words or codes"):
        autoregressive.start_from(tmp_path, learner, unified.vocabulary(of, codes - 1, "causal"))


@needs_font
def test_every_lesson_moves_what_it_teaches(checkpoint):
    """One step of one lesson lowers its loss on the same examples."""
    from generators.picture_tokens import PictureTokens
    from generators.training import unified as training
    from generators.training.autoregressive import fewer, kept
    from generators.training.feed import stream
    from generators.training.looks import Targets
    from generators.training.pack_world import domain

    tokens, sizes = PictureTokens.load(checkpoint("picture_tokens")), dict.fromkeys(training.LESSONS, 4)
    encode = training.Encoder(None, tokens, Targets(tokens.book, 0.2))
    batches = next(kept(stream(training.Lessons("small", fewer(sizes, 1), 3, paint=True), 0, 0), encode, sizes, 1, 8))
    assert {lesson for lesson, batch in batches.items() if "source" in batch} == {"edit", "describe", "answer"}
    for arm in ("causal", "masked"):
        torch.manual_seed(1)
        ids = training.vocabulary(domain("small"), 32, arm)
        learner = training.Learner(domain("small"), ids, tokens.book, 64, 2)
        for lesson, batch in batches.items():
            def total(lesson=lesson, batch=batch, learner=learner, ids=ids):
                torch.manual_seed(2)
                return sum(training.losses(learner, {lesson: batch}, ids)[lesson].values())

            before = total()
            grads = torch.autograd.grad(before, list(learner.parameters()), allow_unused=True)
            with torch.no_grad():
                for weight, grad in zip(learner.parameters(), grads, strict=True):
                    weight -= 0.001 * grad if grad is not None else 0
            assert total() < before, (arm, lesson)


# --- measuring what is said ---------------------------------------------------------------


class Knowing:
    """Sees the scene itself; says what is so, or the same to everything."""

    def __init__(self, blind):
        self.blind = blind

    def describe(self, scene, stop):
        from generators.world.questions import description

        return "a dog on a beach" if self.blind else description(scene)

    def answer(self, scene, question, stop):
        return "yes"


@needs_font
def test_understanding_is_counted(monkeypatch):
    from generators.training import understanding
    from generators.training.pack_world import domain

    monkeypatch.setattr(understanding, "_picture", lambda scene, of: scene)
    of = domain("small")
    told = understanding.descriptions(Knowing(False), of, 30)
    assert set(told["right"].values()) == {30} and not told["wrong"]
    told = understanding.descriptions(Knowing(True), of, 30)
    assert told["right"]["readable"] == 30 and told["right"]["all"] < 3 and told["wrong"]
    answers = understanding.answers(Knowing(True), of, 60)
    assert 15 < answers["presence"]["right"] < 45 and answers["count"]["right"] == 0
    assert set(answers) == {"count", "presence", "relation", "colour", "background"}


def test_what_is_said_twice_is_not_right(monkeypatch):
    from generators.training import understanding
    from generators.training.pack_world import domain
    from generators.world.scenes import Placed, Scene

    scene = Scene((Placed("dog", (0.1, 0.1, 0.4, 0.4)),), "beach")
    monkeypatch.setattr(understanding, "_picture", lambda scene, of: scene)
    monkeypatch.setattr(understanding, "sample_scene", lambda *given: scene)
    reader = Knowing(True)
    reader.describe = lambda scene, stop: "a dog and a dog on a beach"
    right = understanding.descriptions(reader, domain("small"), 1)["right"]
    assert right == {"readable": 1, "objects": 0, "background": 1, "relation": 1, "style": 1, "all": 0}


def test_a_model_that_says_nothing_is_not_asked(monkeypatch, capsys):
    from generators.training import understanding

    monkeypatch.setattr("sys.argv", ["understanding", "sketch"])
    with pytest.raises(SystemExit):
        understanding.main()
    assert "says nothing of them" in capsys.readouterr().err
