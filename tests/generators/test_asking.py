"""A vision-language model that is asked about pictures: a tiny ordinary checkpoint, here and in a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from generators.api import ModelUnavailable
from generators.asking import Asker
from generators.worker import Job, Worker
from tests.generators.tiny import tokenizer

torch = pytest.importorskip("torch")
SIDES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
RED, BLUE = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
TEMPLATE = ("{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'image' %}<image> "
            "{% else %}{{ c['text'] }} {% endif %}{% endfor %}{% endfor %}{% if add_generation_prompt %}it{% endif %}")


def llava(folder: Path) -> Path:
    """A tiny LlavaForConditionalGeneration, 32 px, with its processor and template."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(5)
    words = tokenizer(chat=False)
    words.add_tokens(["<image>"], special_tokens=True)
    words.model_max_length = 512
    text = LlamaConfig(vocab_size=len(words), max_position_embeddings=256, num_key_value_heads=2, pad_token_id=0,
                       bos_token_id=2, eos_token_id=3, **SIDES)
    vision = CLIPVisionConfig(image_size=32, patch_size=8, **SIDES)
    model = LlavaForConditionalGeneration(LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1))
    for module in model.modules():  # louder than it is made, so that what it sees can be told from its answers
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.4)
    model.save_pretrained(folder)
    images = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    LlavaProcessor(images, words, patch_size=8, vision_feature_select_strategy="default", chat_template=TEMPLATE,
                   num_additional_image_tokens=1).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="module")
def asker(folder: Path) -> Asker:
    return Asker.load(folder)


WORDS = ["<pad>", "<unk>", "<s>", "</s>", "a", "red", "blue", "green", "circle", "square", "dog", "cat", "make", "it",
         "left", "of", "the", "two"]


def test_all_first_words_together_are_certain(asker: Asker) -> None:
    everything = asker.likely([RED], "two dog", [*WORDS, "<image>"])
    assert everything == pytest.approx(1, abs=1e-4)
    red, blue = asker.likely([RED], "two dog", ["red"]), asker.likely([RED], "two dog", ["blue"])
    assert 0 < red < 1 and asker.likely([RED], "two dog", ["red", "blue"]) == pytest.approx(red + blue, abs=1e-5)


def test_an_answer_counts_by_its_first_word_and_once(asker: Asker) -> None:
    once = asker.likely([RED], "two dog", ["red"])
    assert asker.likely([RED], "two dog", ["red", "red dog", ""]) == pytest.approx(once)


def test_it_looks_at_the_picture_and_reads_the_question(asker: Asker) -> None:
    one = asker.likely([RED], "two dog", ["red"])
    assert asker.likely([BLUE], "two dog", ["red"]) != pytest.approx(one, rel=1e-3)
    assert asker.likely([RED], "left cat", ["red"]) != pytest.approx(one, rel=1e-3)


def test_the_likeliest_first_word_is_the_one_it_says(asker: Asker) -> None:
    """Greedy decoding and the probabilities agree."""
    said = asker.says([RED, BLUE], "two dog", 1)
    likeliest = max(WORDS, key=lambda word: asker.likely([RED, BLUE], "two dog", [word]))
    assert said == ("" if likeliest in WORDS[:4] else likeliest)
    assert len(asker.says([], "two dog", 4).split()) <= 4


def test_a_worker_asks(folder: Path, asker: Asker) -> None:
    worker = Worker("asker")
    try:
        job = Job(f"asker:{folder}", "likely", {"question": "two dog", "answers": ["red"]})
        value, _ = worker.run(job, [RED], lambda event: None, lambda: False)
        assert value["probability"] == pytest.approx(asker.likely([RED], "two dog", ["red"]), abs=1e-4)
        job = Job(f"asker:{folder}", "says", {"question": "two dog", "most": 2})
        assert worker.run(job, [RED], lambda event: None, lambda: False)[0]["text"] == asker.says([RED], "two dog", 2)
    finally:
        worker.close()


def test_models_that_see_nothing_are_refused(checkpoint) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be asked about pictures"):
        Asker.load(checkpoint("chat"))
