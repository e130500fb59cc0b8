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
    tokens = tokenizer.tokenize("A red Apple, please ; red apple <x03><y05><x07><y10>")
    assert tokens == ["a", "red", "apple", ",", "please", ";", "red", "apple", "<x03>", "<y05>", "<x07>", "<y10>"]
    padded = tokenizer(["a cat"], padding="max_length", max_length=6, truncation=True)["input_ids"][0]
    assert padded[2:] == [tokenizer.pad_token_id] * 4
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "a cat"}], tokenize=False)
    assert chat == "a cat"


@needs_font
def test_no_sampled_text_has_an_unknown_word():
    from generators.training.pack_facts import EDIT_TOKENS, MAX_TOKENS
    from generators.training.pack_world import pack_world
    from generators.training.words import build_tokenizer
    from generators.world.captions import caption, regions
    from generators.world.edits import edit_regions, sample_edit
    from generators.world.layout_text import layout_text
    from generators.world.scenes import sample_scene

    tokenizer, rng, world = build_tokenizer(), random.Random(1), pack_world()
    for _ in range(300):
        scene, pair = sample_scene(rng, world), sample_edit(rng, world)
        texts = (
            (layout_text(caption(rng, scene), regions(rng, scene.objects)), MAX_TOKENS + 4),
            (layout_text(pair.instruction, edit_regions(rng, pair)), EDIT_TOKENS + 4),
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
    from generators.training.critic import GRID, build, detection_loss, targets
    from generators.training.pack_world import BACKGROUNDS, COLOUR_NAMES, THINGS, pack_world
    from generators.world.scenes import sample_scene

    model = build()
    scenes = [sample_scene(random.Random(seed), pack_world()) for seed in range(12)]
    truth = targets(scenes)
    colours = torch.nn.functional.one_hot(truth.colour, len(COLOUR_NAMES) + 1).permute(0, 3, 1, 2) * 20.0
    grounds = torch.nn.functional.one_hot(truth.ground, len(BACKGROUNDS))[:, :, None, None] * 20.0
    heat = torch.logit(truth.heat.clamp(1e-4, 1 - 1e-4))
    output = torch.cat([heat, truth.box, truth.offset, colours, grounds.expand(-1, -1, GRID, GRID)], dim=1)
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

    from generators.training.diffusion import Bank, Latents, Learner, drawing_examples, edit_examples, flow_loss
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
        loss = flow_loss(learner, learner.transformer, bank.batch(random.Random(2), 3, ["some"]), tokenizer)
        assert torch.isfinite(loss)
        loss.backward()
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
