"""The training scripts, at tiny sizes: their words, their losses, their checkpoints."""

from __future__ import annotations

import random
from functools import partial

import pytest

torch = pytest.importorskip("torch")

from tests.generators.bench import needs_font, seconds_are_steps  # noqa: E402


def test_tokenizer_knows_boxes_as_single_tokens():
    from generators.training.words import build_tokenizer

    tokenizer = build_tokenizer()
    tokens = tokenizer.tokenize("A red Apple, please ; red apple <w04><h05><c0507> <w01><h16><c1600>")
    boxes = ["<w04>", "<h05>", "<c0507>", "<w01>", "<h16>", "<c1600>"]
    assert tokens == ["a", "red", "apple", ",", "please", ";", "red", "apple", *boxes]
    padded = tokenizer(["a cat"], padding="max_length", max_length=6, truncation=True)["input_ids"][0]
    assert padded[2:] == [tokenizer.pad_token_id] * 4
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "a cat"}], tokenize=False)
    assert chat == "a cat"


@needs_font
@pytest.mark.parametrize("name", ["small", "wide", "full"])
def test_no_sampled_text_has_an_unknown_word(name):
    from generators.training.pack_world import domain
    from generators.training.words import build_tokenizer
    from generators.world.captions import STYLE_PHRASES, caption, regions
    from generators.world.edits import edit_regions, sample_edit
    from generators.world.layout_text import layout_text
    from generators.world.scenes import sample_scene

    tokenizer, rng, of = build_tokenizer(), random.Random(1), domain(name)
    phrases = " ".join(phrase for before, after in STYLE_PHRASES.values() for phrase in before + after)
    assert tokenizer.unk_token_id not in tokenizer(phrases)["input_ids"]
    for _ in range(300):
        scene, pair = sample_scene(rng, of.drawn), sample_edit(rng, of.drawn)
        texts = (
            (layout_text(caption(rng, scene, near=of.drawn.near), regions(rng, scene.objects)), of.tokens + 4),
            (layout_text(pair.instruction, edit_regions(rng, pair)), of.edit_tokens + 4),
        )
        for text, limit in texts:
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.unk_token_id not in ids and len(ids) <= limit, text


def test_rate_rises_holds_and_falls():
    from generators.training.common import learning_rate

    assert learning_rate(0.0, 0) < 0.02
    assert learning_rate(0.5, 500) == 1.0
    assert learning_rate(0.99, 5000) < 0.05


def test_muon_steps_are_orthogonal():
    from generators.training.common import orthogonalise

    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(24, 48)))
    assert values.min() > 0.5 and values.max() < 1.4
    stack = torch.randn(3, 48, 24)
    alone = torch.stack([orthogonalise(matrix) for matrix in stack])
    assert torch.allclose(orthogonalise(stack), alone, atol=0.02)


def test_a_clock_can_be_stopped_between_two_sittings():
    from generators.training.common import Clock

    assert not Clock(10, 0.0, 4).over and Clock(10, 4.5 * 60, 4).over
    assert Clock(10, 4.5 * 60, 4).progress == pytest.approx(0.45, abs=0.01) and not Clock(10, 4.5 * 60).over
    assert Clock(10, 601).over


def test_a_killed_training_resumes(tmp_path):
    from generators.training.common import Average, load_checkpoint, make_optimisers, save_checkpoint

    def fresh():
        torch.manual_seed(1)
        model = torch.nn.Sequential(torch.nn.Linear(20, 32), torch.nn.Linear(32, 20))
        return model, make_optimisers(model, 1e-2), Average(model)

    def advance(model, optimisers, average, steps):
        for step in steps:
            torch.manual_seed(step)
            model(torch.randn(8, 20)).square().mean().backward()
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad()
            average.update(model, step)

    straight = fresh()
    advance(*straight, range(8))
    first = fresh()
    advance(*first, range(4))
    save_checkpoint(tmp_path, *first, {"step": 4, "seconds": 1.5})
    second = fresh()
    facts = load_checkpoint(tmp_path, *second)
    assert facts == {"step": 4, "seconds": 1.5}
    advance(*second, range(4, 8))
    for a, b in zip(straight[0].parameters(), second[0].parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    for key, value in straight[2].weights.items():
        assert torch.allclose(value, second[2].weights[key], atol=1e-6)


@needs_font
def test_targets_and_decoding_agree():
    """A detector that says exactly the targets finds exactly the scene."""
    from generators.api import Box
    from generators.seeing import OWN, Channels, Detector
    from generators.training.critic import build, detection_loss, targets
    from generators.training.pack_world import BACKGROUNDS, COLOUR_NAMES, THINGS, pack_world
    from generators.world.scenes import sample_scene

    model = build()
    scenes = [sample_scene(random.Random(seed), pack_world()) for seed in range(12)]
    truth = targets(scenes)
    colours = torch.nn.functional.one_hot(truth.colour, len(COLOUR_NAMES) + 1).permute(0, 3, 1, 2) * 20.0
    grounds = torch.nn.functional.one_hot(truth.ground, len(BACKGROUNDS))[:, :, None, None] * 20.0
    heat = torch.logit(truth.heat.clamp(1e-4, 1 - 1e-4))
    grounds = grounds.expand(-1, -1, *truth.near.shape[1:])
    output = torch.cat([heat, truth.box, truth.offset, colours, grounds], dim=1)
    detector = Detector(model, None)
    for index, scene in enumerate(scenes):
        seen = detector._decode(output[index : index + 1])
        assert seen.background == scene.background and len(seen.objects) == len(scene.objects)
        for item in scene.objects:
            best = max(seen.objects, key=lambda d: d.box.iou(Box(*item.box)))
            assert (best.thing, best.colour) == (item.thing, item.colour or OWN)
            assert best.box.iou(Box(*item.box)) > 0.9
    assert len(Channels(model.config.id2label).names["heat"]) == len(THINGS)
    assert torch.isfinite(detection_loss(output, truth, Channels(model.config.id2label)))


def test_a_detector_goes_on_with_what_another_knew_by_name(tmp_path):
    from generators.training.critic import begin_with, build
    from generators.training.pack_world import domain

    small, wide = build(of=domain("small")), build(of=domain("wide"))
    fresh = wide.decode_head.classifier.weight.detach().clone()
    small.save_pretrained(tmp_path)
    begin_with(wide, tmp_path)
    before, after = small.decode_head.classifier, wide.decode_head.classifier
    for name in ("heat:dog", "box:width", "colour:red", "background:beach"):
        assert torch.equal(after.weight[wide.config.label2id[name]], before.weight[small.config.label2id[name]]), name
    new = wide.config.label2id["heat:giraffe"]
    assert torch.equal(after.weight[new], fresh[new])
    first = "segformer.stages.0.patch_embeddings.proj.weight"
    assert torch.equal(wide.state_dict()[first], small.state_dict()[first])


@needs_font
def test_the_diffusion_loss_has_gradients_everywhere():
    from generators.training import autoencoder
    from generators.training.diffusion import Denoiser, Learner, losses
    from generators.training.examples import Bank, Latents, drawing_examples, edit_examples
    from generators.training.pack_world import domain
    from generators.training.words import build_tokenizer

    vae = autoencoder.build(widths=(8,) * 4)
    tokenizer = build_tokenizer()
    learner = Learner(len(tokenizer), heads=1, double=1, single=1)
    latents = Latents(vae, torch.device("cpu"))
    torch.nn.init.normal_(learner.transformer.proj_out.weight, std=0.02)
    for make in (drawing_examples, edit_examples):
        bank = Bank(partial(make, domain("small")), latents, 8)
        bank.add(random.Random(1), 3)
        batch = bank.batch(random.Random(2), 3, ["some"])
        flow, truth = losses(learner, Denoiser(learner.transformer), batch, tokenizer)
        assert torch.isfinite(flow) and torch.isfinite(truth)
        (flow + truth).backward()
    # The last double block's text output and the language head feed nothing.
    silent = [n for n, p in learner.named_parameters() if p.grad is None]
    assert all("lm_head" in n for n in silent), silent


FEW = {
    "autoencoder": ["--batch", "2"],
    "critic": ["--batch", "2"],
    "diffusion": ["--no-compile", "--heads", "1", "--double", "1", "--single", "1", "--drawings", "2", "--edits", "1",
                  "--bank", "1", "--reuse", "1"],
}  # fmt: skip
"""The sizes of short trainings."""


@needs_font
@pytest.mark.parametrize("name", FEW)
def test_a_training_goes_on_where_it_was(name, tmp_path, monkeypatch):
    """Two sittings of some steps: the second begins with the weights, the step and the time of the first."""
    import importlib
    import json
    from functools import partial

    from generators.training import autoencoder
    from generators.training.common import load_averaged, read_facts

    monkeypatch.setattr(autoencoder, "build", partial(autoencoder.build, widths=(8,) * 4))
    monkeypatch.setattr(autoencoder, "write_statistics", partial(autoencoder.write_statistics, count=64))
    monkeypatch.setattr(autoencoder, "psnr", partial(autoencoder.psnr, count=32))
    autoencoder.build().save_pretrained(tmp_path / "vae")
    given = [] if name == "autoencoder" else ["--autoencoder", str(tmp_path / "vae")]
    training = importlib.import_module(f"generators.training.{name}")
    args = training.parser().parse_args([*FEW[name], *given, "--out", str(tmp_path), "--minutes", "0.1",
                                         "--device", "cpu", "--until", "0.05"])  # fmt: skip
    seconds_are_steps(monkeypatch)
    monkeypatch.setattr("generators.training.common.LOG", 2)
    first = training.train(args)
    assert read_facts(tmp_path / "checkpoint.safetensors")["step"] == 2
    args.until = None
    second = training.train(args)
    facts = read_facts(tmp_path / "checkpoint.safetensors")
    assert facts["step"] == 4 and facts["seconds"] == 6
    moved = [not torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2
    load_averaged(tmp_path, first)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    lines = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    each = 3 if name == "diffusion" else 2
    assert [line["seen"] for line in lines if "psnr" not in line] == [2 * each, 4 * each]


def test_no_pickle_in_training():
    from pathlib import Path

    import generators.training.common as common

    for path in Path(common.__file__).parent.glob("*.py"):
        assert "torch.load" not in path.read_text(), path.name


def test_intervals():
    from generators.shares import rounded

    low, high = rounded(95, 100)
    assert 0.88 < low < 0.95 < high < 0.99
    assert rounded(0, 0) == [0.0, 1.0]
