"""What happens before and after denoising is timed, and the same words are encoded once."""

from __future__ import annotations

from typing import Any

import pytest

from generators.api import Adapter
from generators.stages import KEPT, Stages
from tests.generators.bench import draw, loaded, wish

torch = pytest.importorskip("torch")


class Pipe:
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def encode_prompt(self, prompt: Any, negative: Any = None, **more: Any) -> Any:
        self.asked.append(prompt)
        return torch.full((1, 2), float(len(self.asked))), [torch.zeros(1)], None


def ask(stages: Stages, pipe: Pipe, *given: Any, worn: Any = (), **named: Any) -> Any:
    with stages.watching(pipe, worn):
        return pipe.encode_prompt(*given, **named)


def test_the_same_words_are_encoded_once() -> None:
    stages, pipe = Stages(), Pipe()
    first, second = (ask(stages, pipe, "a cat", None, device=torch.device("cpu")) for _ in range(2))
    assert pipe.asked == ["a cat"] and torch.equal(first[0], second[0]) and first[2] is second[2] is None
    assert "encode_prompt" not in vars(pipe), "the pipeline is left as it was"


@pytest.mark.parametrize("other", [
    {"given": ("a dog",)}, {"given": (["a cat"],)}, {"given": ("a cat", "blurry")}, {"named": {"length": 77}},
    {"worn": (Adapter("lora", 0.5),)}])
def test_whatever_differs_is_encoded_anew(other: dict[str, Any]) -> None:
    stages, pipe = Stages(), Pipe()
    ask(stages, pipe, "a cat")
    ask(stages, pipe, *other.get("given", ("a cat",)), worn=other.get("worn", ()), **other.get("named", {}))
    assert len(pipe.asked) == 2


def test_one_and_true_are_not_the_same() -> None:
    stages, pipe = Stages(), Pipe()
    ask(stages, pipe, "a cat", images=1)
    ask(stages, pipe, "a cat", images=True)
    assert len(pipe.asked) == 2


def test_what_depends_on_a_picture_is_never_kept() -> None:
    stages, pipe = Stages(), Pipe()
    for _ in range(2):
        ask(stages, pipe, "a cat", image=[torch.zeros(3)])
    assert len(pipe.asked) == 2


def test_writing_into_what_was_given_changes_nothing_that_is_kept() -> None:
    stages, pipe = Stages(), Pipe()
    ask(stages, pipe, "a cat")[0].zero_()
    assert torch.equal(ask(stages, pipe, "a cat")[0], torch.ones(1, 2))


def test_the_oldest_words_are_forgotten_and_all_of_them_with_the_weights() -> None:
    stages, pipe = Stages(), Pipe()
    for number in range(KEPT + 1):
        ask(stages, pipe, str(number))
    ask(stages, pipe, "0")
    assert pipe.asked.count("0") == 2
    stages.forget()
    ask(stages, pipe, "0")
    assert pipe.asked.count("0") == 3


def test_a_second_seed_draws_as_if_the_words_were_new(checkpoint: Any) -> None:
    """On a real pipeline of tiny weights: the same pixels, the seconds apart, nothing encoded."""
    made, fresh = (loaded(checkpoint("sdxl"), torch.float32) for _ in range(2))
    first = draw(made, wish(seed=1))
    again, anew = draw(made, wish(seed=2)), draw(fresh, wish(seed=2))
    assert again.image.tobytes() == anew.image.tobytes() != first.image.tobytes()
    assert set(first.seconds) == {"encode", "denoise", "decode", "finish"}
    assert set(again.seconds) == {"denoise", "decode", "finish"}
