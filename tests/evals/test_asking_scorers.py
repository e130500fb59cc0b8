"""Scorers that ask a model: what they ask it, and what they make of its answers; a stand-in answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from evals import asking, benchmarks, registry
from evals.api import EvalError, Item, Look, Sample
from evals.scorers.aesthetic import Aesthetic
from evals.scorers.clip_direction import CLIPDirection
from evals.scorers.clip_i import CLIPI
from evals.scorers.clip_score import CLIPScore
from evals.scorers.dino import DINO
from evals.scorers.dpg import DPG
from evals.scorers.emu_edit import EmuEdit
from evals.scorers.gedit import GEdit
from evals.scorers.geneval2 import GenEval2, spellings
from evals.scorers.hps import HPS
from evals.scorers.i2ebench import I2EBench
from evals.scorers.imgedit import ImgEdit
from evals.scorers.magicbrush import MagicBrush
from evals.scorers.mse_bench import MSEBench
from evals.scorers.pick_score import PickScore
from evals.scorers.siglip_score import SigLIPScore
from evals.scorers.vqa_score import VQAScore
from generators.asking import NO, YES

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


class Palette:
    """Vectors of two dimensions: a picture points where its first pixel's colour says, a text where its name does."""

    WAYS = {(255, 0, 0): (1.0, 0.0), (0, 0, 255): (0.0, 1.0), "red": (1.0, 0.0), "blue": (0.0, 1.0), "both": (0.6, 0.8)}

    def pictures(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.array([self.WAYS[image.getpixel((0, 0))] for image in images], dtype=np.float32)

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self.WAYS[text] for text in texts], dtype=np.float32)

    def close(self) -> None:
        """Nothing to end."""


def look(truth: dict[str, Any] | None = None, text: str = "a red dog", before: Image.Image | None = None,
         earlier: Sequence[Image.Image] = (), image: Image.Image | None = RED) -> Look:
    item = Item(id="x", tag="t", turns=["first", text], truth=truth or {})
    sample = Sample(key="k", suite="s", suite_version=1, item=item, arm="single", generator="g", seed=1, status="done")
    return Look(item, sample, image, before=before, earlier=earlier)


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


VIESCORE = """# published so
_context_no_delimit = "You judge."
_prompts_0shot_two_image_edit_rule = "Two pictures."
_prompts_0shot_tie_rule_SC = "Was <instruction> done?"
_prompts_0shot_rule_PQ = "Does it look natural?"
"""


def test_gedit_takes_the_smallest_marks_and_the_root_of_their_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: VIESCORE)
    model = StandIn(says=lambda question: '{"score": [9, 4]}' if "done?" in question else '{"score": [9, 10]}')
    large = Image.new("RGB", (80, 60), "blue")
    score = GEdit(model).score(look({"intersection": True}, "a hat", before=large))
    assert score.value == pytest.approx(0.6) and score.parts == {"semantics": 0.4, "quality": 0.9}
    assert model.asked == ["You judge.\nTwo pictures.\nWas a hat done?", "You judge.\nDoes it look natural?"]
    assert [[picture.size for picture in shown] for shown in model.shown] == [[(80, 60), (80, 60)], [(80, 60)]]
    mute = GEdit(StandIn(says=lambda question: '{"score": [9, 4]}' if "done?" in question else "hm")).score(
        look(before=BLUE))
    assert mute.value == 0 and mute.note == "no verdict about quality" and mute.parts["semantics"] == 0.4


SESSION = ('N = 20\nprompt_template = \\\n'
           '"""Of {num_images}, turn-{num_prompts}: {editing_prompt}. {{"reason": "..."}}"""\n')


@pytest.mark.parametrize(("second", "value", "parts"), [
    ('{"prompt_following": 7, "consistency": 9}', 1.0, {"turn 1": 1.0, "turn 2": 1.0}),
    ('{"prompt_following": 6, "consistency": 9}', 0.0, {"turn 1": 1.0, "turn 2": 0.0}),
    ("I would rather not", 0.0, {"turn 1": 1.0, "turn 2": 0.0})])
def test_mse_bench_sees_all_pictures_so_far(monkeypatch: pytest.MonkeyPatch, second: str, value: float,
                                            parts: dict[str, float]) -> None:
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: SESSION)
    model = StandIn(says=lambda question: second if "turn-2" in question
                    else '{"reason": "ok", "prompt_following": 8, "consistency": 8}')
    source = Image.new("RGB", (10, 10), "green")
    score = MSEBench(model).score(look(before=BLUE, earlier=[source]))
    assert (score.value, score.parts) == (value, parts)
    assert model.asked[1] == "Of 3, turn-2: {'turn1': 'first', 'turn2': 'a red dog'}. {\"reason\": \"...\"}"
    assert [len(shown) for shown in model.shown] == [2, 3] and model.shown[0][0].size == BLUE.size


def test_mse_bench_does_not_ask_about_what_comes_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: SESSION)
    model = StandIn(says=lambda question: '{"prompt_following": 2, "consistency": 10}')
    score = MSEBench(model).score(look(before=BLUE, earlier=[BLUE]))
    assert score.value == 0 and len(model.asked) == 1 and score.note == "1: 2 and 10"
    nothing = MSEBench(model).score(look(before=BLUE))  # a picture of the session is missing
    assert nothing.parts == {"turn 1": 0.0, "turn 2": 0.0} and nothing.note and len(model.asked) == 1


CAPTIONS = {"captions": ["blue", "red"]}


def test_an_edit_that_goes_the_way_of_its_captions() -> None:
    assert CLIPDirection(Palette()).score(look(CAPTIONS, before=BLUE)).value == pytest.approx(1)
    assert CLIPDirection(Palette()).score(look({"captions": ["red", "blue"]}, before=BLUE)).value == 0
    assert CLIPDirection(Palette()).score(look(CAPTIONS, before=RED)).value == 0, "nothing was changed"
    part = CLIPDirection(Palette()).score(look({"captions": ["blue", "both"]}, before=BLUE)).value
    assert part == pytest.approx(2 / np.sqrt(5), abs=1e-6)  # (0.6, -0.2) against (1, -1): 0.8 / (0.6325 x 1.4142)


def test_emu_edits_five_numbers() -> None:
    score = EmuEdit(Palette(), Palette()).score(look({"captions": ["blue", "both"]}, before=BLUE))
    assert score.value == score.parts["direction"] == pytest.approx(0.894427, abs=1e-6)
    assert {name: round(value, 6) for name, value in score.parts.items() if name != "direction"} == {
        "image": 0.0, "output": 0.6, "DINO": 0.0, "L1": round(2 / 3, 6)}  # two of three channels differ wholly


@pytest.mark.parametrize("kind", [PickScore, HPS])
def test_what_people_would_choose_is_a_cosine(kind: Any) -> None:
    compass = Compass(0.28, 0.96)
    score = kind(compass).score(look())
    assert score.value == pytest.approx(0.28) and score.note == "28.00 as published"
    assert compass.read == ["a red dog"]
    assert kind(Compass(-0.6, 0.8)).score(look()).value == 0


def heads(folder: Path, layers: dict[str, list[Any]]) -> str:
    file = folder / "head.safetensors"
    save_file({name: np.array(values, dtype=np.float32) for name, values in layers.items()}, file)
    return str(file)


def test_the_aesthetic_head_is_applied_layer_after_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red is the vector (1, 0): 2 + 1 = 3 and 0.5, then 2 x 3 - 4 x 0.5 + 1 = 5."""
    layers = {"layers.10.weight": [[2.0, -4.0]], "layers.10.bias": [1.0],
              "layers.2.weight": [[2.0, 7.0], [0.5, 9.0]], "layers.2.bias": [1.0, 0.0]}
    monkeypatch.setenv("MAQUETTE_AESTHETIC", heads(tmp_path, layers))
    score = Aesthetic(Palette()).score(look())
    assert score.value == pytest.approx(0.5) and score.note == "5.00 of 10"
    monkeypatch.setenv("MAQUETTE_AESTHETIC", heads(tmp_path, {"weight": [[40.0, 0.0]], "bias": [0.0]}))
    assert Aesthetic(Palette()).score(look()).value == 1, "one linear layer; no more than ten"


@pytest.mark.parametrize(("layers", "sentence"), [
    ({"weight": [[1.0, 2.0, 3.0]], "bias": [0.0]}, r"layers 3 to 1\) does not make one mark"),
    ({"weight": [[1.0, 2.0], [1.0, 2.0]], "bias": [0.0, 0.0]}, "does not make one mark"),
    ({"weight": [[1.0, 2.0]]}, "is no head of an aesthetic score")])
def test_a_head_that_does_not_fit_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                layers: dict[str, Any], sentence: str) -> None:
    monkeypatch.delenv("MAQUETTE_AESTHETIC", raising=False)
    with pytest.raises(EvalError, match="head of the aesthetic score is not on this machine; name its safetensors"):
        Aesthetic(Palette()).score(look())
    monkeypatch.setenv("MAQUETTE_AESTHETIC", heads(tmp_path, layers))
    with pytest.raises(EvalError, match=sentence):
        Aesthetic(Palette()).score(look())


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The truth of an edit that should lead to a picture whose left half is red, the rest black."""
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(tmp_path))
    (tmp_path / "magicbrush").mkdir()
    half = Image.new("RGB", (64, 48))
    half.paste("red", (0, 0, 32, 48))
    half.save(tmp_path / "magicbrush" / "half.png")
    return {"like": "magicbrush/half.png", "caption": "both", "settings": ["single-turn", "multi-turn"]}


def test_magicbrushs_five_numbers_in_each_setting(wanted: dict[str, Any]) -> None:
    score = MagicBrush(Palette(), Palette()).score(look(wanted, before=BLUE, image=RED.resize((32, 24))))
    found = {"L1": 1 / 6, "L2": 1 / 6, "CLIP-I": 1.0, "DINO": 1.0, "CLIP-T": 0.6}  # a channel of three, on one half
    assert score.value == 1.0
    assert score.parts == {f"{setting} {name}": pytest.approx(value) for setting in ("single-turn", "multi-turn")
                           for name, value in found.items()}
    wanted["settings"] = ["multi-turn"]
    assert set(MagicBrush(Palette(), Palette()).score(look(wanted)).parts) == {f"multi-turn {name}" for name in found}


@pytest.mark.parametrize("kind", [CLIPI, DINO])
def test_a_picture_is_compared_with_the_wanted_one_else_with_the_one_before(kind: Any, wanted: dict[str, Any]) -> None:
    assert kind(Palette()).score(look(wanted, before=BLUE)).value == 1
    assert kind(Palette()).score(look(before=BLUE)).value == 0
    assert kind(Palette()).score(look(before=RED)).value == 1
    assert kind(Palette()).score(look()).note == kind(Palette()).score(look(wanted, image=None)).note != ""


ASKING = [scorer for scorer in registry.scorers().values()
          if isinstance(scorer, asking.Asks | asking.Compares | asking.Likens)]


def test_they_are_all_here() -> None:
    assert {scorer.name for scorer in ASKING} == {
        "geneval2", "dpg", "vqa-score", "clip-score", "siglip-score", "imgedit", "i2ebench", "gedit", "mse-bench",
        "clip-i", "dino", "clip-direction", "emu-edit", "magicbrush", "pick-score", "hps", "aesthetic"}


@pytest.mark.parametrize("scorer", ASKING, ids=lambda scorer: scorer.name)
def test_they_do_not_claim_to_be_verified(scorer: Any) -> None:
    assert scorer.verified is False


TRUTHS = {"geneval2": PIGS, "dpg": BARN, "imgedit": {"edit_type": "add"}, "i2ebench": {"question": "?", "answer": "!"},
          "emu-edit": CAPTIONS, "clip-direction": CAPTIONS}
FILES = {"gedit-bench": VIESCORE, "mse-bench": SESSION}


@pytest.mark.parametrize("scorer", ASKING, ids=lambda scorer: scorer.name)
def test_a_model_that_is_not_there_is_a_sentence(scorer: Any, monkeypatch: pytest.MonkeyPatch,
                                                 wanted: dict[str, Any]) -> None:
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: FILES.get(suite, '{"add": "Rate."}'))
    with pytest.raises(EvalError, match=r"is not on this machine; fetch it once with .* \(MAQUETTE_\w+ can name"):
        scorer.score(look(TRUTHS.get(scorer.name, wanted), before=BLUE, earlier=[BLUE]))


def test_a_tiny_model_is_asked_in_a_process_of_its_own(tmp_path: Path, monkeypatch, ended: list[Any]) -> None:
    """Every scorer of a vision-language model, by one of random weights."""
    from tests.generators.test_asking import llava

    monkeypatch.setenv("MAQUETTE_VQA", str(llava(tmp_path / "llava")))
    monkeypatch.setattr(benchmarks, "text", lambda suite, file: FILES.get(suite, '{"add": "Rate <edit_prompt>."}'))
    model = asking.vqa()
    ended.append(model)
    for scorer in (GenEval2(model), DPG(model), VQAScore(model), ImgEdit(model), I2EBench(model), GEdit(model),
                   MSEBench(model)):
        score = scorer.score(look(TRUTHS.get(scorer.name), before=BLUE, earlier=[BLUE]))
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
    assert 0 <= PickScore(model).score(look()).value <= 1
    monkeypatch.setenv("MAQUETTE_AESTHETIC", heads(tmp_path, {"weight": [[0.1] * 24], "bias": [5.0]}))
    assert 0.4 < Aesthetic(model).score(look()).value < 0.6, "a head on the tiny model's 24 numbers"


def test_a_tiny_model_of_pictures_alone_compares_in_a_process_of_its_own(tmp_path: Path, monkeypatch,
                                                                         ended: list[Any]) -> None:
    from tests.generators.test_describing import dino

    monkeypatch.setenv("MAQUETTE_DINO", str(dino(tmp_path / "dino")))
    scorer = DINO()
    ended.append(scorer)
    assert scorer.score(look(before=RED)).value == pytest.approx(1, abs=1e-5)
    assert 0 <= scorer.score(look(before=BLUE)).value < 1
