"""The training of the model that compares pictures with words, at tiny sizes, and its measuring."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from generators.matching import Matcher  # noqa: E402
from generators.training import contrastive, retrieval  # noqa: E402
from generators.training.common import make_optimisers, scaled  # noqa: E402
from generators.training.contrastive import Learner, Lessons, Widths, fitted, losses, sigmoid_loss  # noqa: E402
from generators.training.pack_world import domain  # noqa: E402
from generators.world.sprites import font_installed  # noqa: E402

pytestmark = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")
SMALL = domain("small")


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(contrastive.WIDTHS, "small", Widths(48, 2, 96, 2, 1))


def test_the_loss_counts_what_belongs_together_what_does_not_and_nothing_else():
    logits = torch.tensor([[3.0, -2.0, 50.0], [0.5, 1.0, -50.0]])
    held = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    by_hand = [np.log1p(np.exp(-z * x)) for x, z in ((3, 1), (-2, -1), (0.5, -1), (1, 1))]
    assert float(sigmoid_loss(logits, held)) == pytest.approx(sum(by_hand) / 2, rel=1e-5)


def test_a_lesson_pairs_every_picture_with_a_twin_and_two_texts():
    lesson = Lessons("small", 24, 5, paint=True)(3)
    assert lesson.pictures.shape == (24, 3, 128, 128) and lesson.ids.shape == (48, contrastive.TOKENS)
    assert lesson.held.shape == (48, 24) and lesson.truth.shape == (24, 64, 3)
    own, twin = np.arange(24), np.arange(24) ^ 1
    assert (lesson.held[own, own] > 0).sum() >= 18 and (lesson.held[own, twin] < 0).sum() >= 12
    assert (lesson.held[24:] > 0).sum() > 30, "a part of a text is true of other pictures too"
    again = Lessons("small", 24, 5, paint=True)(3)
    assert (again.ids == lesson.ids).all() and (again.pictures == lesson.pictures).all(), "resumed runs go on alike"


def test_the_whole_world_comes_in_its_frames():
    wide = Lessons("full", 4, 1, paint=True)(3)
    assert wide.pictures.shape == (4, 3, 192, 288) and wide.truth.shape == (4, 256, 3) and (wide.truth > 0).any()
    assert Lessons("full", 4, 1, paint=False)(0).pictures is None, "a device composes them"


def test_truth_follows_a_wide_picture_squeezed_to_a_square():
    truth = np.zeros((2, 4, 3), np.int64)
    truth[1, 3] = 7
    square = fitted(truth.reshape(8, 3), (2, 4), 8).reshape(8, 8, 3)[..., 0]
    assert (square[4:, 6:] == 7).all() and square.sum() == 7 * 4 * 2


def test_texts_find_their_pictures_after_some_steps_also_from_disk(tiny, tmp_path):
    """One lesson learnt by heart; then the exported checkpoint, in half precision, finds what it has seen."""
    torch.manual_seed(1)
    lesson, learner = Lessons("small", 8, 1, paint=True)(0), Learner(SMALL)
    pictures = scaled(torch.from_numpy(lesson.pictures))
    optimisers = make_optimisers(learner, 5e-3, contrastive.PLAIN)
    first = losses(learner, lesson, pictures)
    for _ in range(100):
        told = losses(learner, lesson, pictures)
        (told["loss"] + 0.1 * told["patches"]).backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
    assert told["loss"] < first["loss"] / 5 and told["patches"] < first["patches"] / 2 and told["twin"] > 0.7
    contrastive.export(learner.model, SMALL, tmp_path)
    matcher = Matcher.load(tmp_path)
    words = contrastive.build_processor(SMALL).tokenizer.batch_decode(lesson.ids[:8], skip_special_tokens=True)
    shown = [Image.fromarray(picture) for picture in lesson.pictures.transpose(0, 2, 3, 1)]
    near = matcher.text_vectors(words) @ matcher.picture_vectors(shown).T
    assert sum(lesson.held[row, near[row].argmax()] > 0 for row in range(8)) >= 7
    inputs = matcher._processor(text=["a dog"], padding="max_length", return_tensors="pt")
    assert list(inputs) == ["input_ids"] and inputs["input_ids"].shape == (1, contrastive.TOKENS), "as it was trained"


def test_a_training_that_was_cut_off_goes_on(tiny, tmp_path, monkeypatch):
    from generators.training.common import read_facts

    words = ["contrastive", "--batch", "4", "--out", str(tmp_path / "out"), "--export", str(tmp_path / "model")]
    monkeypatch.setattr(contrastive, "restart_with_allocator_settings", lambda module: None)
    steps = []
    for minutes in ("0.02", "0.04"):
        monkeypatch.setattr("sys.argv", [*words, "--minutes", minutes])
        contrastive.main()
        steps.append(read_facts(tmp_path / "out" / "checkpoint.safetensors")["step"])
    assert 0 < steps[0] < steps[1]
    assert Matcher.load(tmp_path / "model").text_vectors(["a dog"]).shape == (1, 48)


class Colours:
    """Knows of a picture and of a text nothing but colours: a bag of words."""

    NAMES = {"red": (220, 50, 40), "orange": (240, 150, 50), "yellow": (250, 220, 60), "green": (80, 170, 80),
             "blue": (60, 120, 220), "purple": (140, 80, 190), "pink": (250, 150, 190), "brown": (130, 80, 50),
             "black": (40, 40, 40), "white": (245, 245, 245)}  # fmt: skip

    def picture_vectors(self, images):
        pixels = [np.asarray(image, np.float32).reshape(-1, 1, 3) for image in images]
        centres = np.array(list(self.NAMES.values()), np.float32)
        shares = [(np.square(p - centres).sum(-1) < 3000).mean(0) for p in pixels]
        return np.array([share / max(np.linalg.norm(share), 1e-6) for share in shares])

    def text_vectors(self, texts):
        return np.array([[float(name in text.split()) for name in self.NAMES] for text in texts])


def test_a_bag_of_colours_tells_colours_apart_and_not_whose_they_are():
    changed = retrieval.hard_pairs(Colours(), SMALL, "colour", 40)
    exchanged = retrieval.hard_pairs(Colours(), SMALL, "colours exchanged", 40)
    mirrored = retrieval.hard_pairs(Colours(), SMALL, "relation", 40)
    assert changed["picture"]["share"] > 0.6 and changed["picture"]["n"] == 40
    assert max(exchanged["text"]["share"], mirrored["text"]["share"]) < 0.2, "a tie is no telling apart"


def test_who_knows_the_answers_finds_every_picture():
    class Knowing:
        """Sees each picture's own vector in it, and is told the texts in the pictures' order."""

        def picture_vectors(self, images):
            return self._of([image.tobytes() for image in images])

        def text_vectors(self, texts):
            return np.eye(20)[: len(texts)]

        def _of(self, seen, known={}):  # noqa: B006 (in the order in which they come)
            return np.eye(20)[[known.setdefault(one, len(known)) for one in seen]]

    found = retrieval.retrieval(Knowing(), SMALL, 20)
    assert found["recall@1"] == found["recall@5"] and found["recall@1"]["share"] == 1
    assert found["part of a text"]["share"] == 1 and 15 <= found["part of a text"]["n"] <= 20


def test_a_search_for_one_word_counts_what_is_surely_found():
    class Sure(Colours):
        sure = 0.3

    found = retrieval.single_words(Sure(), SMALL, 40)
    assert set(found) == {"colour", "thing", "background"}
    assert found["colour"]["precision"]["n"] > 0 and found["thing"]["precision"]["n"] == 0, "it knows no things"
    assert found["thing"]["recall"]["share"] == 0 < found["thing"]["recall"]["n"]

    class Blind(Colours):
        sure = None

    assert retrieval.single_words(Blind(), SMALL, 4) == {}


def test_the_measuring_says_all_of_it(tiny, tmp_path):
    contrastive.export(contrastive.build(SMALL), SMALL, tmp_path)
    found = retrieval.measure(Matcher.load(tmp_path), SMALL, count=10, hard=4)
    assert set(found["pairs"]) == {"colour", "colours exchanged", "count", "relation", "background", "thing"}
    assert found["retrieval"]["recall@5"]["n"] == 10 and found["seconds"]["picture"] > 0
