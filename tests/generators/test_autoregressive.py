"""The autoregressive family and its training, on a tiny transformer over a tiny VQModel."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil

import pytest
from PIL import ImageChops

from generators import autoregressive, registry
from generators.api import (
    Box,
    BrokenOutput,
    Cancelled,
    Extent,
    ModelUnavailable,
    OutOfMemory,
    Preview,
    Progress,
    Region,
    Unsupported,
    picture_id,
)
from generators.autoregressive import Settings, Vocabulary
from tests.generators.bench import (
    LIKELIEST,
    codes_drawn,
    draw,
    hole,
    loaded,
    needs_font,
    photo,
    seconds_are_steps,
    wish,
)

FOUR = {"grid": 4, "sides": {"1": [0.5, 0.5]}, "size_sides": {"small": [0.25, 0.25], "big": [0.5, 0.5]}}
"""A grid of four steps, as a pack.json tells of one."""

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(checkpoint):
    return checkpoint("autoregressive")


@pytest.fixture(scope="module")
def generator(folder):
    return loaded(folder)


@pytest.fixture(scope="module")
def exact(folder):
    """In float32, where two ways to the same number agree."""
    return loaded(folder, torch.float32, call=LIKELIEST)


# --- the family ---------------------------------------------------------------------------


def test_a_folder_says_what_it_is(folder):
    model = registry.find(str(folder))
    assert model.family == "autoregressive" and registry.installed(model)
    assert model.capabilities.names() == ["generate", "edit", "inpaint", "boxes"]
    assert model.capabilities.sizes == ((64, 64),)


def test_generate_is_the_same_every_time_and_different_by_seed_and_words(generator):
    first = draw(generator, wish())
    assert first.image.size == (64, 64) and first.image.mode == "RGB"
    assert picture_id(draw(generator, wish()).image) == picture_id(first.image)
    assert picture_id(draw(generator, wish(seed=6)).image) != picture_id(first.image)
    assert picture_id(draw(generator, wish(prompt="two blue cat")).image) != picture_id(first.image)


def test_edits_return_the_sources_size_and_depend_on_it(generator):
    source, other = photo(100, 60), photo(100, 60, seed=2)
    edited = draw(generator, wish(kind="edit", sources=(picture_id(source),)), source).image
    assert edited.size == source.size
    assert picture_id(draw(generator, wish(kind="edit", sources=(picture_id(source),)), source).image) == picture_id(
        edited)
    assert picture_id(draw(generator, wish(kind="edit", sources=(picture_id(other),)), other).image) != picture_id(
        edited)


def test_inpainting_changes_the_hole_and_no_other_pixel(generator):
    source = photo(100, 60)
    mask = hole(source.size, (30, 10, 70, 40))
    the_request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask))
    result = draw(generator, the_request, source, mask)
    left, top, right, bottom = ImageChops.difference(result.image, source).getbbox()
    assert left >= 30 and top >= 10 and right <= 70 and bottom <= 40
    free = draw(generator, the_request.model_copy(update={"paste_back": False}), source, mask)
    assert ImageChops.difference(free.image, source).getbbox() == (0, 0, 100, 60)


def test_inpainting_keeps_the_codes_that_the_mask_does_not_touch(generator, monkeypatch):
    source, mask = photo(64, 64), hole((64, 64), (20, 20, 40, 30))
    the_request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask))
    codes, _ = codes_drawn(generator, monkeypatch, the_request, source, mask)
    before = generator._tokens.encode([source])[0]
    touched = {5, 6}  # second row, second and third column of four
    assert {i for i in range(16) if codes[i] != before[i]} <= touched
    others = [codes_drawn(generator, monkeypatch, the_request.model_copy(update={"seed": seed}), source, mask)[0]
              for seed in range(4)]
    assert any((other != before).any() for other in others)


def test_rows_are_reported_and_looks_do_not_disturb(generator, monkeypatch):
    source, shown = photo(64, 64), {}
    for share in (1e9, -1.0):
        monkeypatch.setattr("generators.previews.SHARE", share)
        for the_request in (wish(), wish(kind="edit", sources=(picture_id(source),))):
            events = []
            image = draw(generator, the_request, source, report=events.append).image
            assert [(e.step, e.steps) for e in events if isinstance(e, Progress)] == [(4, 16), (8, 16), (12, 16),
                                                                                      (16, 16)]
            looks = [e.image for e in events if isinstance(e, Preview)]
            assert len(looks) == (3 if share > 0 else 0)
            assert picture_id(image) == shown.setdefault(the_request.kind, picture_id(image))
            if looks and the_request.kind == "generate":
                assert looks[0].crop((0, 16, 64, 64)).getcolors(1) == [(48 * 64, (128, 128, 128))]
                assert not looks[0].crop((0, 0, 64, 16)).getcolors(1)


def test_cancelled_within_one_code(generator):
    asked = []
    with pytest.raises(Cancelled, match="code 3 of 16"):
        draw(generator, wish(), stop=lambda: asked.append(1) or len(asked) > 2)
    assert draw(generator, wish()).image.size == (64, 64)


def test_what_decided_the_arithmetic_is_told(generator):
    told = draw(generator, wish(guidance=1.5)).arithmetic
    assert {"device", "dtype", "threads", "torch", "transformers", "weights", "pipeline", "call"} <= set(told)
    assert told["call"] == {"guidance_scale": 1.5, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "window": 1}
    assert told["pipeline"] == "LlamaForCausalLM" and len(told["weights"]) == 64
    json.dumps(told)


def test_settings_come_from_the_kind_then_from_all(folder):
    made = loaded(folder, call={"top_k": 9, "guidance_scale": 3.0, "num_inference_steps": 4},
                  edit_call={"guidance_scale": 1.5})
    assert made._settings(wish(), "call") == Settings(3.0, top_k=9)
    assert made._settings(wish(), "edit_call") == Settings(1.5, top_k=9)
    assert made._settings(wish(guidance=7), "edit_call") == Settings(7, top_k=9)


@pytest.mark.parametrize("call", [{"temperature": 0}, {"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}])
def test_the_likeliest_codes_need_no_luck(exact, monkeypatch, call):
    best, _ = codes_drawn(exact, monkeypatch, wish())
    monkeypatch.setattr(exact, "options", {"call": {"guidance_scale": 1.0, **call}})
    for seed in (1, 2):
        assert torch.equal(codes_drawn(exact, monkeypatch, wish(seed=seed))[0], best)


def test_guidance_goes_from_no_words_to_more_than_the_words(exact, monkeypatch):
    """At 1 the guided half alone decides; above, both halves do, and pads in place of words change nothing."""
    words, guided = (codes_drawn(exact, monkeypatch, wish(**more))[0] for more in ({}, {"guidance": 6.0}))
    assert not torch.equal(words, guided)
    pads = wish(prompt="<pad> <pad> <pad>")
    alone, _ = codes_drawn(exact, monkeypatch, pads)
    assert torch.equal(codes_drawn(exact, monkeypatch, pads.model_copy(update={"guidance": 6.0}))[0], alone)


def test_a_layout_is_text_after_the_prompt(generator, monkeypatch):
    seen, words = [], generator._words
    monkeypatch.setattr(generator, "_words", lambda text: seen.append(text) or words(text))
    monkeypatch.setattr(generator._words, "pad_token_id", words.pad_token_id, raising=False)
    draw(generator, wish(regions=(Region("red dog", Box(0, 0, 0.5, 1)),)))
    source, mask = photo(64, 64), hole((64, 64), (0, 0, 32, 64))
    draw(generator, wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask)), source, mask)
    layout = "<w08><h16><c0408>"
    assert seen == [f"a red dog ; red dog {layout}", f"a red dog ; a red dog {layout}"]
    monkeypatch.setattr(generator, "options", {**generator.options, "grid": FOUR})
    draw(generator, wish(regions=(Region("red dog", Box(0.05, 0, 0.55, 0.5)),)))
    assert seen[-1] == "a red dog ; red dog <w08><h08><c0404>", "moved onto the grid that the model learnt"


def test_no_text_can_spell_what_is_no_word(generator):
    first = generator._vocabulary.start
    context = generator._context("<start> <source> <pad> 20 dog </s>", [], 4, 4)
    assert all(guided < first and unguided < first for guided, unguided in context[:-1])
    assert context[-1] == (first, first)


def test_a_text_that_is_too_long_is_cut_and_an_empty_one_is_fine(generator):
    assert draw(generator, wish(prompt="dog " * 500)).image.size == (64, 64)
    assert draw(generator, wish(prompt="")).image.size == (64, 64)


def test_a_picture_that_is_too_high_is_refused(generator, monkeypatch):
    able = dataclasses.replace(generator.model.capabilities, sizes=(Extent(16, 128),))
    monkeypatch.setattr(generator, "model", dataclasses.replace(generator.model, capabilities=able))
    with pytest.raises(Unsupported, match="at most 64 pixels high"):
        draw(generator, wish())


def poison(made, value):
    decode = made._tokens.model.decode

    def wrong(*inputs, **more):
        output = decode(*inputs, **more)
        output.sample = output.sample * 0 + value
        return output

    made._tokens.model.decode = wrong


@pytest.mark.parametrize("value", [float("nan"), 0.25])
def test_numbers_that_are_no_picture_are_tried_once_more_and_then_told(folder, monkeypatch, value):
    made, opened, reopen = loaded(folder), [], autoregressive.Autoregressive._open

    def open_poisoned(self, plan):
        reopen(self, plan)
        opened.append(str(plan.dtype))
        poison(self, value)

    monkeypatch.setattr(autoregressive.Autoregressive, "_open", open_poisoned)
    poison(made, value)
    with pytest.raises(BrokenOutput):
        draw(made, wish())
    half = str(made._used.dtype)
    assert opened == ([] if half == "torch.float32" else ["torch.float32", half])


def test_full_precision_mends_what_half_precision_broke(folder):
    made = loaded(folder)
    if made._used.dtype == torch.float32:
        pytest.skip("this machine computes in float32 anyway")
    good = draw(made, wish()).image
    made._net.model.norm.weight.data[:] = float("inf")
    assert draw(made, wish()).arithmetic["dtype"] == "float32"
    assert picture_id(draw(made, wish()).image) == picture_id(good), "and the next one is as before"


def test_out_of_memory_is_a_sentence_and_other_errors_are_themselves(generator, monkeypatch):
    for error, told in ((MemoryError(), OutOfMemory), (RuntimeError("can't allocate memory"), OutOfMemory),
                        (RuntimeError("shapes do not match"), RuntimeError)):
        def fail(*_, error=error, **__):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(generator._tokens, "decode", fail)
            with pytest.raises(told):
                draw(generator, wish())


@pytest.mark.parametrize("missing", ["tokens/config.json", "transformer/model.safetensors", "transformer/config.json"])
def test_a_folder_with_a_part_missing_is_a_sentence(folder, tmp_path, missing):
    other = shutil.copytree(folder, tmp_path / "part")
    (other / missing).unlink()
    with pytest.raises(ModelUnavailable) as caught:
        loaded(other)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("picture", [None, {"start": 3}, {**vars(Vocabulary.after(18, 4, 16))}])
def test_parts_that_do_not_belong_together_are_refused(folder, tmp_path, picture):
    other = shutil.copytree(folder, tmp_path / "other")
    path = other / "transformer" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "picture": picture}))
    with pytest.raises(ModelUnavailable):
        loaded(other)


def test_nan_weights_are_refused_at_load(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    other = shutil.copytree(folder, tmp_path / "nan")
    path = other / "transformer" / "model.safetensors"
    tensors = load_file(path)
    tensors["model.norm.weight"][3] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"transformer\.model\.norm\.weight"):
        loaded(other)


# --- training -----------------------------------------------------------------------------


@pytest.mark.parametrize("edit", [False, True])
def test_training_reads_what_drawing_writes(exact, monkeypatch, edit):
    """The likeliest codes as drawn one by one are the likeliest at the places that training looks at."""
    from generators.training.autoregressive import sequences

    source = photo(64, 64)
    ids, batch = exact._vocabulary, {}
    texts = ["two blue cat left of the dog", "a red dog"]
    found = [exact._words(text)["input_ids"] for text in texts]
    batch["lengths"] = torch.tensor([len(words) for words in found])
    batch["texts"] = torch.tensor([words + [0] * (10 - len(words)) for words in found])
    kind = {"kind": "edit", "sources": (picture_id(source),)} if edit else {}
    batch["target"] = torch.stack([codes_drawn(exact, monkeypatch, wish(prompt=text, **kind), source)[0]
                                   for text in texts]).view(2, 4, 4)
    if edit:
        batch["source"] = exact._tokens.encode([source, source]).view(2, 4, 4)
    tokens, places = sequences(batch, ids)
    with torch.inference_mode():
        states = exact._net.model(input_ids=tokens).last_hidden_state
        scores = exact._net.lm_head(states)[..., ids.first :]
    best = scores.argmax(-1).gather(1, places)
    assert torch.equal(best, batch["target"].flatten(1))
    assert len(batch["target"].unique()) > 2


def test_unused_codes_are_filled_and_used_ones_left_alone(checkpoint):
    from generators.picture_tokens import PictureTokens
    from generators.training.codebook import BOOK, Codebook, perplexity
    from generators.training.common import Average

    model = PictureTokens.load(checkpoint("picture_tokens")).model
    average, before = Average(model), model.quantize.embedding.weight.detach().clone()
    book = Codebook(model, average)
    book.see(torch.full((32, 4), 7.0) + torch.arange(4) + torch.randn(32, 4) / 100, torch.arange(30).repeat(3))
    assert book.renew(fill=True) == {"perplexity": pytest.approx(30), "dead": 2}
    after = model.quantize.embedding.weight
    assert torch.equal(after[:30], before[:30]) and (after[30:] > 6).all()
    assert torch.equal(average.weights[BOOK], after)
    assert book.renew(fill=False)["perplexity"] == pytest.approx(1), "what was counted is forgotten"
    book.fill()
    assert (after > 6).all() and len(after.unique(dim=0)) == 32
    assert perplexity(torch.ones(32)) == pytest.approx(32) and perplexity(torch.eye(32)[0]) == pytest.approx(1)


def test_a_tokenizer_begins_with_what_the_autoencoder_knows(tmp_path):
    """Levels are matched from the picture inwards: the outermost convolutions and blocks are the autoencoder's."""
    from generators.training import autoencoder, tokenizer

    given = autoencoder.build(64, (8, 16, 16))
    given.save_pretrained(tmp_path)
    model = tokenizer.build(32, (8, 16, 16, 16), 64)
    untouched = model.decoder.up_blocks[0].resnets[0].conv1.weight.clone()
    assert tokenizer.start_from(tmp_path, model) > 20
    assert torch.equal(model.encoder.conv_in.weight, given.encoder.conv_in.weight)
    assert torch.equal(model.decoder.conv_out.weight, given.decoder.conv_out.weight)
    for one, other in ((model.encoder.down_blocks[1], given.encoder.down_blocks[1]),
                       (model.decoder.up_blocks[3], given.decoder.up_blocks[2])):
        assert torch.equal(one.resnets[0].conv1.weight, other.resnets[0].conv1.weight)
    assert torch.equal(model.decoder.up_blocks[0].resnets[0].conv1.weight, untouched)


@needs_font
def test_a_sitting_that_has_just_begun_fills_no_codes(tmp_path, monkeypatch):
    """It has not seen enough to tell which of them nothing uses."""
    from generators.training import tokenizer
    from generators.training.common import read_facts

    seconds_are_steps(monkeypatch)
    monkeypatch.setattr(tokenizer, "WARM_UP", 2)
    monkeypatch.setattr(tokenizer, "RESEED", 4)
    filled = []
    monkeypatch.setattr(tokenizer.Codebook, "_fill", lambda book, which: filled.append(int(which.sum())))
    args = tokenizer.parser().parse_args(["--minutes", "1", "--out", str(tmp_path), "--batch", "1", "--codes", "16",
                                          "--widths", *["8"] * 5, "--device", "cpu"])
    for until, step, times in ((4, 3, 1), (10, 8, 2)):
        args.until = until / 60
        tokenizer.train(args)
        assert read_facts(tmp_path / "checkpoint.safetensors")["step"] == step and len(filled) == times


@needs_font
def test_a_decoder_is_polished_and_the_codes_stay(tmp_path, monkeypatch):
    from generators.picture_tokens import PictureTokens
    from generators.training import tokenizer

    seconds_are_steps(monkeypatch)
    given = tokenizer.build(16, (8,) * 5, 128)
    given.save_pretrained(tmp_path / "given")
    args = tokenizer.parser().parse_args(["--minutes", "0.1", "--out", str(tmp_path / "out"), "--batch", "1", "--codes",
                                          "16", "--widths", *["8"] * 5, "--device", "cpu", "--polish",
                                          str(tmp_path / "given")])
    tokenizer.finish(tokenizer.train(args), args)
    polished = PictureTokens.load(tmp_path / "out" / "model").model.state_dict()
    for name, before in given.state_dict().items():
        same = torch.equal(polished[name].float(), before.bfloat16().float())
        if not name.startswith(("decoder.", "post_quant_conv.")):
            assert same, name
        elif before.ndim == 4:
            assert not same, name
    args.codes = 32
    with pytest.raises(RuntimeError, match=r"quantize\.embedding\.weight"):
        tokenizer.train(args)


@needs_font
def test_the_inside_of_a_tokenizer_learns_an_autoencoders_features(tmp_path, monkeypatch):
    """The outer levels stay the autoencoder's; a second sitting goes on; what is written measures pictures."""
    from generators.picture_tokens import PictureTokens
    from generators.training import autoencoder, tokenizer_inside
    from generators.training.common import read_facts

    seconds_are_steps(monkeypatch)
    monkeypatch.setattr(tokenizer_inside, "WARM_UP", 2)
    monkeypatch.setattr(tokenizer_inside, "RESEED", 2)
    given = autoencoder.build(128, (8, 16, 16, 16))
    given.save_pretrained(tmp_path / "vae")
    args = tokenizer_inside.parser().parse_args([
        "--minutes", "0.15", "--out", str(tmp_path / "out"), "--autoencoder", str(tmp_path / "vae"), "--batch", "2",
        "--fresh", "1", "--codes", "16", "--widths", "8", "16", "16", "16", "16", "--device", "cpu"])
    for until, step in ((4, 3), (9, 7)):
        args.until = until / 60
        model = tokenizer_inside.train(args)
        assert read_facts(args.out / "checkpoint.safetensors")["step"] == step
    tokenizer_inside.finish(model, args)
    assert torch.equal(model.encoder.down_blocks[1].resnets[0].conv1.weight,
                       given.encoder.down_blocks[1].resnets[0].conv1.weight.bfloat16())
    assert len(PictureTokens.load(args.out / "model").model.quantize.embedding.weight.unique(dim=0)) == 16
    lines = [json.loads(line) for line in (args.out / "curve.jsonl").read_text().splitlines()]
    assert any("dead" in line for line in lines) and lines[-1]["psnr"] > 0


def test_features_are_what_the_autoencoder_itself_computes():
    """Encoded and decoded by way of the features, a picture is what `encode` and `decode` make of it."""
    from generators.training import autoencoder, tokenizer_inside

    torch.manual_seed(0)
    given = autoencoder.build(64, (8, 16, 16)).eval()
    pictures, busy = torch.rand(2, 3, 64, 64) * 2 - 1, torch.zeros(2, 64, 64, dtype=torch.bool)
    busy[0, 0, 0] = True
    found = tokenizer_inside.features(given, pictures, busy)
    assert found["counts"].shape == (2, 1, 16, 16) and found["counts"][0, 0, 0, 0] > 1 and found["counts"].sum() == 514
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        sample = found["wanted"]
        for block in given.decoder.up_blocks:
            sample = block(sample)
        own = given.decoder.conv_out(torch.nn.functional.silu(given.decoder.conv_norm_out(sample)))
        whole = given.decode(given.encode(pictures).latent_dist.mean).sample
    assert torch.allclose(own.float(), whole.float(), atol=0.05)


@needs_font
def test_a_tokenizer_and_a_transformer_train_resume_and_draw(tmp_path, monkeypatch):
    """A few steps of both trainings: every weight moves, a second sitting goes on, the export is an ordinary model."""
    from generators.training import autoregressive as training
    from generators.training import tokenizer
    from generators.training.common import read_facts

    seconds_are_steps(monkeypatch)
    monkeypatch.setattr(tokenizer, "WARM_UP", 2)
    monkeypatch.setattr(tokenizer, "RESEED", 2)
    common = {"domain": "small", "seed": 1, "workers": 0, "device": "cpu", "compile": False, "rate": 1e-3,
              "until": None, "init": None, "spent": 0.0, "hold": 0.6}
    args = argparse.Namespace(**common, minutes=8 / 60, out=tmp_path / "t", batch=2, codes=64, widths=[8] * 5,
                              polish=None)
    model = tokenizer.train(args)
    model.save_pretrained(tmp_path / "t" / "model")
    lines = [json.loads(line) for line in (tmp_path / "t" / "curve.jsonl").read_text().splitlines()]
    assert any(line.get("perplexity", 0) > 1 for line in lines)
    args = argparse.Namespace(**common, minutes=8 / 60, tokens=tmp_path / "t" / "model", out=tmp_path / "a",
                              drawings=3, edits=2, width=64, layers=2, truth=0.1, bank=16, reuse=1,
                              spread=0.2)
    args.until = args.minutes / 2
    monkeypatch.setattr(training, "LOOK", 2)
    first = training.train(args)
    curve = [json.loads(line) for line in (args.out / "curve.jsonl").read_text().splitlines()]
    assert [{"unseen draw", "unseen edit"} & set(line) for line in curve] == [{"unseen draw", "unseen edit"}]
    assert read_facts(args.out / "checkpoint.safetensors")["step"] == 3
    args.until = None
    second = training.train(args)
    assert read_facts(args.out / "checkpoint.safetensors")["step"] == 6
    assert all(not torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    training.export(second, training.domain("small"), args.tokens, tmp_path / "model")
    image = draw(loaded(tmp_path / "model"), wish(size=Extent(128, 128))).image
    assert image.size == (128, 128)


@needs_font
def test_examples_are_met_again_and_empty_texts_become_pads(checkpoint):
    import random

    from generators.picture_tokens import PictureTokens
    from generators.training.autoregressive import Encoder, batches
    from generators.training.feed import Loads, composer_for
    from generators.training.looks import Targets
    from generators.training.pack_world import domain
    from generators.training.words import build_tokenizer

    of, tokens, pad = domain("small"), PictureTokens.load(checkpoint("picture_tokens")), build_tokenizer().pad_token_id
    load = Loads("small", 40, 1, seed=random.randrange(1 << 20))(0)["draw"]
    encode = Encoder(composer_for(of, torch.device("cpu")), tokens, Targets(tokens.book, 0.2))
    batch = encode(load)
    assert batch["target"].shape == (40, 8, 8) and batch["truth"].shape == (40, 64, 3)
    empty = torch.from_numpy(load.length) == 0
    assert (batch["texts"][empty] == pad).all() and (batch["lengths"] > 0).sum() > 35
    assert not (batch["texts"][~empty, 0] == pad).any()
    stream = batches(of, encode, {"draw": 4, "edit": 2}, 1, 0, 0, reuse=2, bank=8)
    seen = [next(stream) for _ in range(3)]
    assert seen[0]["edit"]["source"].shape == (2, 8, 8) and "source" not in seen[0]["draw"]
    rows = [tuple(row.tolist()) for batch in seen for row in batch["draw"]["target"].flatten(1)]
    assert len(rows) == 12 and len(set(rows)) < 12
