"""Scorers that ask a model: what they ask it, and what they make of its answers; a stand-in answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evals import asking, benchmarks, registry
from evals.api import EvalError, Item, Look, Sample
from evals.asking import NO, YES
from evals.scorers.clip_score import CLIPScore
from evals.scorers.dpg import DPG
from evals.scorers.geneval2 import GenEval2, spellings
from evals.scorers.i2ebench import I2EBench
from evals.scorers.imgedit import ImgEdit
from evals.scorers.siglip_score import SigLIPScore
from evals.scorers.vqa_score import VQAScore

RED, BLUE = (Image.new("RGB", (64, 48), colour) for colour in ("red", "blue"))


class StandIn:
    """Answers as a test decides, and remembers what it was asked."""

    def __init__(self, likely: Callable[[str, Sequence[str]], float] = lambda question, answers: 0.0,
                 says: Callable[[str], str] = lambda question: "") -> None:
        self._likely, self._says = likely, says
        self.asked: list[str] = []
        self.shown: list[Sequence[Image.Image]] = []

    def likely(self, images: Sequence[Image.Image], question: str, answers: Sequence[str]) -> float:
        self.asked.append(question)
        self.shown.append(images)
        return self._likely(question, answers)

    def says(self, images: Sequence[Image.Image], question: str, most: int) -> str:
        self.asked.append(question)
        self.shown.append(images)
        return self._says(question)

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def ended() -> Iterator[list[Any]]:
    """Ends what a test put into it, whatever comes."""
    opened: list[Any] = []
    yield opened
    for model in opened:
        model.close()


class Compass:
    """Vectors of two dimensions: a picture points east, a text where a test says."""

    def __init__(self, *text: float) -> None:
        self.text = np.array([text], dtype=np.float32)
        self.read: list[str] = []

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.array([[1.0, 0.0]], dtype=np.float32)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return self.text

    def close(self) -> None:
        """Nothing to end."""


def look(truth: dict[str, Any] | None = None, text: str = "a red dog", before: Image.Image | None = None) -> Look:
    item = Item(id="x", tag="t", turns=["first", text], truth=truth or {})
    sample = Sample(key="k", suite="s", suite_version=1, item=item, arm="single", generator="g", seed=1, status="done")
    return Look(item, sample, RED, before=before)


PIGS = {"questions": [["How many pigs are in the image?", "two"], ["Are the pigs green?", "Yes"]],
        "skills": ["count", "attribute"]}


def test_geneval2_is_the_geometric_mean_of_what_each_answer_is_worth() -> None:
    model = StandIn(lambda question, answers: 0.25 if "two" in answers else 1.0)
    score = GenEval2(model).score(look(PIGS))
    assert score.value == pytest.approx(0.5)
    assert score.parts == {"AM": 0.625, "count": 0.25, "attribute": 1.0}
    assert model.asked[0] == "How many pigs are in the image? Answer in one word."
    assert score.note == "How many pigs are in the image? two: 0.25"


def test_a_number_counts_as_a_word_and_as_a_digit() -> None:
    assert set(spellings("How many pigs?", "two")) == {"two", "Two", "2", " two", " Two", " 2"}
    assert spellings("Are the pigs green?", "Yes") == YES


BARN = {"questions": [{"id": 1, "after": [], "category": "entity - whole", "text": "Is there a barn?"},
                      {"id": 2, "after": [1], "category": "attribute - color", "text": "Is it red?"}]}


@pytest.mark.parametrize(("barn", "red", "value"), [(0.6, 0.6, 1.0), (0.6, 0.2, 0.5), (0.2, 0.6, 0.0)])
def test_dpg_takes_the_likelier_of_yes_and_no(barn: float, red: float, value: float) -> None:
    def likely(question: str, answers: Sequence[str]) -> float:
        yes = barn if "barn" in question else red
        return {YES: yes, NO: 0.8 - yes}[tuple(answers)]

    score = DPG(StandIn(likely)).score(look(BARN))
    assert score.value == value
    assert score.parts == {"entity": float(barn > 0.4), "attribute": float(red > 0.4)}  # without the dependency rule


def test_vqa_score_asks_for_the_whole_description_where_there_is_one() -> None:
    model = StandIn(lambda question, answers: 0.7 if answers == ("Yes",) else 0.0)
    assert VQAScore(model).score(look()).value == 0.7
    assert model.asked[-1] == 'Does this figure show "a red dog"? Please answer Yes or No.'
    score = VQAScore(model).score(look({"description": "a barn", "skills": ["counting"]}))
    assert '"a barn"' in model.asked[-1] and score.parts == {"counting": 0.7}


@pytest.mark.parametrize(("text", "clip", "siglip"), [
    ((0.3, 0.95394), 0.75, 0.3), ((0.8, 0.6), 1.0, 0.8), ((-0.6, 0.8), 0.0, 0.0)])
def test_cosines_become_scores(text: tuple[float, float], clip: float, siglip: float) -> None:
    compass = Compass(*text)
    score = CLIPScore(compass).score(look())
    assert score.value == pytest.approx(clip) and score.parts["cosine"] == pytest.approx(max(0, text[0]))
    assert SigLIPScore(compass).score(look()).value == pytest.approx(siglip)
    assert compass.read == ["A photo depicts a red dog", "a red dog"]


def test_imgedit_shows_both_pictures_with_the_rubric(monkeypatch: pytest.MonkeyPatch) -> None:
    rubrics = {"add": "Rate: <edit_prompt>."}
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: json.dumps(rubrics) if file == "prompts.json" else "")
    model = StandIn(says=lambda question: "Brief reasoning: fine.\nPrompt Compliance: 5\nVisual Naturalness: 3")
    score = ImgEdit(model).score(look({"edit_type": "add"}, "add a dog", before=BLUE))
    assert score.value == 0.8 and model.asked == ["Rate: add a dog."] and model.shown == [[BLUE, RED]]
    mute = ImgEdit(StandIn(says=lambda question: "I would rather not")).score(look({"edit_type": "add"}, before=BLUE))
    assert mute.value == 0 and "rather not" in mute.note
    assert ImgEdit(model).score(look({"edit_type": "add"})).value == 0  # nothing to compare with


@pytest.mark.parametrize(("verdict", "value"), [("Yes.", 1.0), ("No, it is not.", 0.0)])
def test_i2ebench_asks_the_picture_and_then_whether_that_was_right(verdict: str, value: float) -> None:
    model = StandIn(says=lambda question: verdict if "Correct Answer: Two" in question else "I see two cats")
    score = I2EBench(model).score(look({"question": "How many cats?", "answer": "Two"}))
    assert score.value == value and "Machine Response: I see two cats" in model.asked[1]
    assert model.shown == [[RED], []]  # whether it was right is asked without the picture


def test_i2ebench_compares_a_style_by_its_words() -> None:
    compass = Compass(0.28, 0.96)
    assert I2EBench(StandIn(), compass).score(look({"style": "an oil painting"})).value == pytest.approx(0.28)
    assert compass.read == ["an oil painting"]


def test_i2ebench_compares_with_the_picture_that_it_should_be_like(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(tmp_path))
    (tmp_path / "i2ebench").mkdir()
    half = RED.copy()
    half.paste("blue", (0, 0, 32, 48))
    mask = Image.new("L", RED.size)
    mask.paste(255, (0, 0, 32, 48))
    for name, picture in {"same": RED, "half": half, "mask": mask}.items():
        picture.save(tmp_path / "i2ebench" / f"{name}.png")

    def value(**names: str) -> float:
        truth = {name: f"i2ebench/{file}.png" for name, file in names.items()}
        return I2EBench(StandIn(), Compass(1, 0)).score(look(truth)).value

    assert value(like="same") == pytest.approx(1)
    assert value(like="half") < 0.9
    assert value(like="half", **{"except": "mask"}) == pytest.approx(1)


ASKING = [scorer for scorer in registry.scorers().values() if isinstance(scorer, asking.Asks | asking.Compares)]


def test_they_are_all_here() -> None:
    assert {scorer.name for scorer in ASKING} == {
        "geneval2", "dpg", "vqa-score", "clip-score", "siglip-score", "imgedit", "i2ebench"}


@pytest.mark.parametrize("scorer", ASKING, ids=lambda scorer: scorer.name)
def test_they_do_not_claim_to_be_verified(scorer: Any) -> None:
    assert scorer.verified is False


TRUTHS = {"geneval2": PIGS, "dpg": BARN, "imgedit": {"edit_type": "add"}, "i2ebench": {"question": "?", "answer": "!"}}


@pytest.mark.parametrize("scorer", ASKING, ids=lambda scorer: scorer.name)
def test_a_model_that_is_not_there_is_a_sentence(scorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: '{"add": "Rate."}')
    with pytest.raises(EvalError, match=r"is not on this machine; fetch it once with .* \(MAQUETTE_\w+ can name"):
        scorer.score(look(TRUTHS.get(scorer.name), before=BLUE))


def test_a_tiny_model_is_asked_in_a_process_of_its_own(tmp_path: Path, monkeypatch, ended: list[Any]) -> None:
    """Every scorer of a vision-language model, by one of random weights."""
    from tests.generators.test_asking import llava

    monkeypatch.setenv("MAQUETTE_VQA", str(llava(tmp_path / "llava")))
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: '{"add": "Rate <edit_prompt>."}')
    model = asking.vqa()
    ended.append(model)
    for scorer in (GenEval2(model), DPG(model), VQAScore(model), ImgEdit(model), I2EBench(model)):
        score = scorer.score(look(TRUTHS.get(scorer.name), before=BLUE))
        assert 0 <= score.value <= 1 and score.scorer == scorer.name
    assert 0 < GenEval2(model).score(look(PIGS)).value < 1


def test_a_tiny_model_compares_in_a_process_of_its_own(tmp_path: Path, monkeypatch, ended: list[Any]) -> None:
    from tests.generators.test_matching import clip

    monkeypatch.setenv("MAQUETTE_CLIP", str(clip(tmp_path / "clip")))
    model = asking.clip()
    ended.append(model)
    score = CLIPScore(model).score(look())
    cosine = float(model.pictures([RED])[0] @ model.texts(["A photo depicts a red dog"])[0])
    assert score.parts["cosine"] == pytest.approx(max(0.0, cosine), abs=1e-5)
    model.close()
    assert model.texts(["a dog"]).shape[0] == 1  # another process
