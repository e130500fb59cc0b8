"""The unified family on tiny transformers over a tiny VQModel: left to right, and masked."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import ImageChops

from generators import registry, sketch, unified
from generators.api import (
    Box,
    BrokenOutput,
    Cancelled,
    ModelUnavailable,
    OutOfMemory,
    Preview,
    Progress,
    Region,
    Unsupported,
    picture_id,
)
from generators.engines import Painter
from generators.unified import LONGEST, Settings, Vocabulary
from tests.generators.bench import LIKELIEST, codes_drawn, draw, hole, loaded, never, photo, wish

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(checkpoint):
    return checkpoint("unified")


@pytest.fixture(scope="module", params=["unified", "unified_masked"])
def generator(checkpoint, request):
    return loaded(checkpoint(request.param))


@pytest.fixture(scope="module", params=["unified", "unified_masked"])
def exact(checkpoint, request):
    """In float32, where two ways to the same number agree."""
    return loaded(checkpoint(request.param), torch.float32, call=LIKELIEST)


# --- pictures -----------------------------------------------------------------------------


def test_a_folder_says_what_it_is(folder):
    model = registry.find(str(folder))
    assert model.family == "unified" and registry.installed(model)
    assert model.capabilities.names() == ["generate", "edit", "inpaint", "boxes", "describe"]
    assert "describe" in registry.describe(model)["capabilities"]


def test_the_packs_model_understands_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "HERE", tmp_path)
    monkeypatch.setattr(registry, "PACK", tmp_path / "pack")
    (tmp_path / "pack" / "unified").mkdir(parents=True)
    (tmp_path / "pack" / "unified" / "model_index.json").write_text('{"_class_name": "Unified"}')
    (tmp_path / "pack" / "pack.json").write_text('{"unified": {"call": {"plan": true}}}')
    model = registry.find("unified")
    assert model.name == "pack-unified" and model.capabilities.understands and model.options["call"] == {"plan": True}


def test_generate_is_the_same_every_time_and_different_by_seed_and_words(generator):
    first = draw(generator, wish())
    assert first.image.size == (64, 64) and "plan" not in first.arithmetic
    assert picture_id(draw(generator, wish()).image) == picture_id(first.image)
    assert picture_id(draw(generator, wish(seed=6)).image) != picture_id(first.image)
    assert picture_id(draw(generator, wish(prompt="two blue cat")).image) != picture_id(first.image)
    assert picture_id(draw(generator, wish(guidance=6.0)).image) != picture_id(first.image)
    assert draw(generator, wish(prompt="")).image.size == (64, 64)


def test_edits_return_the_sources_size_and_depend_on_it(generator):
    source, other = photo(100, 60), photo(100, 60, seed=2)
    edit = {"kind": "edit", "sources": (picture_id(source),)}
    edited = draw(generator, wish(**edit), source).image
    assert edited.size == source.size
    assert picture_id(draw(generator, wish(**edit), source).image) == picture_id(edited)
    changed = draw(generator, wish(kind="edit", sources=(picture_id(other),)), other).image
    assert picture_id(changed) != picture_id(edited)


def test_inpainting_keeps_the_codes_that_the_mask_does_not_touch(generator, monkeypatch):
    source, mask = photo(), hole((64, 64), (20, 20, 40, 30))
    request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask))
    before = generator._tokens.encode([source])[0]
    found = [codes_drawn(generator, monkeypatch, request.model_copy(update={"seed": seed}), source, mask)[0]
             for seed in range(4)]
    touched = {5, 6}  # second row, second and third column of four
    assert all({i for i in range(16) if codes[i] != before[i]} <= touched for codes in found)
    assert any((codes != before).any() for codes in found)
    left, top, right, bottom = ImageChops.difference(draw(generator, request, source, mask).image, source).getbbox()
    assert left >= 20 and top >= 20 and right <= 40 and bottom <= 30
    nothing = hole((64, 64), (0, 0, 0, 0))
    request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(nothing), paste_back=False)
    assert torch.equal(codes_drawn(generator, monkeypatch, request, source, nothing)[0], before)


def test_progress_and_looks(generator, monkeypatch):
    monkeypatch.setattr("generators.previews.SHARE", 1e9)
    events = []
    drawn = draw(generator, wish(), report=events.append).image
    steps = [(e.step, e.steps) for e in events if isinstance(e, Progress)]
    masked = generator._ids.masked
    assert steps == [(n, 12) for n in range(1, 13)] if masked else steps == [(n, 16) for n in (4, 8, 12, 16)]
    looks = [e.image for e in events if isinstance(e, Preview)]
    assert len(looks) == len(steps) - 1 and all(look.size == (64, 64) for look in looks)
    assert picture_id(draw(generator, wish()).image) == picture_id(drawn)


def test_stopping_stops_at_the_next_code_word_or_pass(generator):
    with pytest.raises(Cancelled):
        draw(generator, wish(), stop=lambda: True)
    answers = iter([False, False, True])
    with pytest.raises(Cancelled, match="after pass 2 of 12" if generator._ids.masked else "after code 3 of 16"):
        draw(generator, wish(), stop=lambda: next(answers))
    with pytest.raises(Cancelled, match="after word 0"):
        generator.describe(photo(), lambda: True)


# --- the masked way -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def masked(checkpoint):
    return loaded(checkpoint("unified_masked"), torch.float32, call=LIKELIEST)


def test_one_pass_fills_in_what_is_likeliest_everywhere(masked, monkeypatch):
    """As the transformer alone says it, reading the whole sequence at once with unknown codes in it."""
    monkeypatch.setattr(masked, "options", {"call": {**LIKELIEST, "passes": 1}})
    drawn, _ = codes_drawn(masked, monkeypatch, wish())
    ids = masked._ids
    unknown = torch.full((1, 4, 4), ids.mask - ids.first)
    tokens = torch.tensor([[ids.draw, *masked._words("a red dog")["input_ids"], ids.start]])
    tokens = torch.cat([tokens, ids.written(unknown)], 1)
    with torch.inference_mode():
        scores = masked._net(input_ids=tokens, attention_mask=ids.attention(tokens, torch.float32)).logits[0, -20:]
    scores = scores.unflatten(0, (4, 5))[:, 1:, ids.first :].flatten(0, 1)
    assert torch.equal(scores.argmax(-1), drawn) and len(drawn.unique()) > 2


def test_more_passes_fill_in_more_slowly(masked, monkeypatch):
    seen, fill = [], unified.Speaker.fill

    def watched(self, codes, columns):
        seen.append(int((codes == self.ids.mask - self.ids.first).sum()))
        return fill(self, codes, columns)

    monkeypatch.setattr(unified.Speaker, "fill", watched)
    for passes in (4, 100):
        seen.clear()
        monkeypatch.setattr(masked, "options", {"call": {**LIKELIEST, "passes": passes}})
        draw(masked, wish())
        assert seen[0] == 16 and seen == sorted(seen, reverse=True) and len(seen) == min(passes, 16)
    seen.clear()
    source, mask = photo(), hole((64, 64), (20, 20, 40, 30))
    draw(masked, wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask)), source, mask)
    assert seen[0] == 2


def test_a_pictures_tokens_see_their_picture_and_words_what_was_before():
    ids = Vocabulary.after(10, 4, 8, masked=True)
    tokens = torch.tensor([[ids.edit, 5, ids.source, ids.rows, ids.first, ids.end, ids.start, ids.rows, ids.mask, 3]])
    seen = ids.attention(tokens, torch.float32)[0, 0] == 0
    assert seen.tril().sum() == 55, "all that was before"
    assert [tuple(place) for place in seen.triu(1).nonzero().tolist()] == [(3, 4), (7, 8)]


# --- words --------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", "two cat left of the dog"])
def test_words_are_those_of_the_librarys_own_generation(checkpoint, question):
    made, picture = loaded(checkpoint("unified"), torch.float32), photo()
    ids, words = made._ids, made._words(question)["input_ids"] if question else []
    given = ids.written(made._tokens.encode([picture]).view(1, 4, 4))[0].tolist()
    tokens = [ids.answer if question else ids.describe, *words, ids.source, *given, ids.end]
    silent = [0, 1, 2, *range(ids.start, ids.size)]
    output = made._net.generate(torch.tensor([tokens]), max_new_tokens=LONGEST, do_sample=False, suppress_tokens=silent,
                                attention_mask=torch.ones(1, len(tokens)), pad_token_id=0)
    expected = made._words.decode(output[0, len(tokens) :], skip_special_tokens=True)
    assert (made.answer(picture, question, never) if question else made.describe(picture, never)) == expected


def test_what_is_said_depends_on_the_picture_and_the_question(exact):
    pictures, questions = [photo(seed=seed) for seed in range(6)], ("a dog", "two cat", "red square", "the left")
    assert len({exact.describe(picture, never) for picture in pictures}) > 1
    said = [{exact.answer(picture, words, never) for words in questions} for picture in pictures]
    assert any(len(answers) > 1 for answers in said), "one picture, several questions"
    assert exact.describe(pictures[0], never) == exact.describe(pictures[0].resize((64, 64)), never)
    assert "<" not in exact.describe(photo(200, 90), never), "no special token is said"


def test_an_engine_puts_pictures_in_words(folder):
    painter = Painter(loaded(folder))
    said = painter.call("answer", {"question": "two cat"}, [photo()], lambda event: None, never)
    assert isinstance(said[0]["text"], str) and said[1] == []
    with pytest.raises(Unsupported):
        Painter(sketch.Sketch(sketch.model())).call("describe", {}, [photo()], lambda event: None, never)


def test_errors_while_reading_are_told(folder, monkeypatch):
    made = loaded(folder)
    with monkeypatch.context() as patch:
        patch.setattr(made._tokens, "encode", lambda pictures: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(OutOfMemory):
            made.describe(photo(), never)
    made._net.model.norm.weight.data[:] = float("nan")
    try:
        assert isinstance(made.describe(photo(), never), str), "read again in full precision, from the folder"
    except BrokenOutput:
        assert made._used.dtype == torch.float32, "there is no fuller one"


# --- the plan -----------------------------------------------------------------------------


def test_a_plan_stands_where_a_layout_would(exact, monkeypatch):
    monkeypatch.setattr(exact, "options", {"call": {**LIKELIEST, "plan": True}})
    codes, told = codes_drawn(exact, monkeypatch, wish())
    assert told["plan"] and told["call"]["plan"]
    monkeypatch.setattr(exact, "options", {"call": LIKELIEST})
    again, without = codes_drawn(exact, monkeypatch, wish(prompt=f"a red dog ; {told['plan']}"))
    assert torch.equal(again, codes) and "plan" not in without
    assert not torch.equal(codes_drawn(exact, monkeypatch, wish())[0], codes)


def test_a_layout_that_is_given_is_the_plan(generator, monkeypatch):
    monkeypatch.setattr(generator, "options", {"call": {"plan": True}})
    told = draw(generator, wish(regions=(Region("red dog", Box(0, 0, 0.5, 1)),))).arithmetic
    assert "plan" not in told and not told["call"]["plan"]
    source = photo()
    assert "plan" not in draw(generator, wish(kind="edit", sources=(picture_id(source),)), source).arithmetic
    assert len({draw(generator, wish(seed=seed)).arithmetic["plan"] for seed in range(4)}) > 1


def test_a_plan_ends_where_the_picture_starts(exact, monkeypatch):
    """However long it was, the words are all read before the picture begins."""
    monkeypatch.setattr(exact, "options", {"call": {**LIKELIEST, "plan": True}})
    read, seen = unified.Speaker.read, []

    def watched(self, unread, attention=None):
        seen.extend(guided for guided, _ in unread)
        return read(self, unread, attention)

    monkeypatch.setattr(unified.Speaker, "read", watched)
    for most in (1, 3, LONGEST):
        seen.clear()
        monkeypatch.setattr(unified, "LONGEST", most)
        plan = draw(exact, wish()).arithmetic["plan"].split()
        assert len(plan) <= most
        begun = [exact._ids.draw, *exact._words("a red dog ;")["input_ids"]]
        assert seen[: seen.index(exact._ids.start)] == begun + exact._words(" ".join(plan))["input_ids"]


# --- folders ------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"masked": None}, {"end": None}])
def test_marks_that_are_missing_are_refused(folder, tmp_path, change):
    other = shutil.copytree(folder, tmp_path / "other")
    path = other / "transformer" / "config.json"
    config = json.loads(path.read_text())
    for name in change:
        del config["picture"][name]
    path.write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable):
        loaded(other)


def test_words_without_an_end_are_refused(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    path = other / "transformer" / "tokenizer_config.json"
    config = json.loads(path.read_text())
    del config["eos_token"]
    path.write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="no end"):
        loaded(other)


def test_settings_are_the_families_own(folder):
    made = loaded(folder, call={"passes": 4, "top_k": 9, "nonsense": 1})
    assert made._settings(wish(guidance=1.5), "call") == Settings(1.5, top_k=9, passes=4)


def test_a_context_that_is_too_small_is_told(folder, monkeypatch):
    made = loaded(folder)
    monkeypatch.setattr(made._net.config, "max_position_embeddings", 30)
    with pytest.raises(Unsupported, match="context"):
        made.describe(photo(), never)
