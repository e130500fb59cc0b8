"""The training scripts, at tiny sizes: their words, their losses, their checkpoints."""

from __future__ import annotations

import random

import pytest

torch = pytest.importorskip("torch")

from generators.world.sprites import font_installed  # noqa: E402

needs_font = pytest.mark.skipif(not font_installed(), reason="the Noto Color Emoji font is not installed")


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
@pytest.mark.parametrize("name", ["small", "full"])
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


@needs_font
def test_the_diffusion_loss_has_gradients_everywhere():
    from diffusers import AutoencoderKLFlux2

    from generators.training.diffusion import Denoiser, Learner, losses
    from generators.training.examples import Bank, Latents, drawing_examples, edit_examples
    from generators.training.words import build_tokenizer

    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=1, latent_channels=8, norm_num_groups=4,
        mid_block_add_attention=False,
    )  # fmt: skip
    tokenizer = build_tokenizer()
    learner = Learner(len(tokenizer), heads=1, double=1, single=1)
    latents = Latents(vae, torch.device("cpu"))
    torch.nn.init.normal_(learner.transformer.proj_out.weight, std=0.02)
    for make in (drawing_examples, edit_examples):
        bank = Bank(make, latents, 8)
        bank.add(random.Random(1), 3)
        batch = bank.batch(random.Random(2), 3, ["some"])
        flow, truth = losses(learner, Denoiser(learner.transformer), batch, tokenizer)
        assert torch.isfinite(flow) and torch.isfinite(truth)
        (flow + truth).backward()
    # The last double block's text output and the language head feed nothing.
    silent = [n for n, p in learner.named_parameters() if p.grad is None]
    assert all("lm_head" in n for n in silent), silent


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
