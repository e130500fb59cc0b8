"""Pictures to codes and back, on a tiny VQModel."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from generators.api import BrokenOutput, ModelUnavailable
from generators.picture_tokens import PictureTokens

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(checkpoint):
    return checkpoint("picture_tokens")


@pytest.fixture
def tokens(folder):
    return PictureTokens.load(folder)


def photo(width=64, height=64):
    return Image.effect_noise((width, height), 90).convert("RGB")


def test_it_tells_its_sizes(tokens):
    assert (tokens.codes, tokens.scale, tokens.side(64)) == (32, 16, 4)
    for extent in (0, 8, 100):
        with pytest.raises(ValueError, match="no multiple of 16"):
            tokens.side(extent)


def test_codes_are_the_models_own(tokens):
    """The class's forward pass is encoding and decoding in one."""
    first, second = photo(), photo()
    ids = tokens.encode([first, second])
    assert ids.shape == (2, 16) and ids.dtype == torch.int64 and 0 <= ids.min() <= ids.max() < 32
    assert torch.equal(tokens.encode([second]), ids[1:])
    pixels = torch.frombuffer(bytearray(first.tobytes()), dtype=torch.uint8).view(1, 64, 64, 3)
    with torch.inference_mode():
        sample = tokens.model(pixels.permute(0, 3, 1, 2) / 127.5 - 1).sample[0]
    expected = ((sample / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    again = tokens.decode(ids, (64, 64))
    assert [p.size for p in again] == [(64, 64)] * 2 and again[0].mode == "RGB"
    # Products over two pictures and over one may differ in the last bit, and then in what rounds up.
    pairs = zip(again[0].tobytes(), expected.contiguous().numpy().tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 1


def test_wide_pictures_are_read_row_by_row(tokens):
    picture = photo(128, 32)
    ids = tokens.encode([picture])
    assert ids.shape == (1, 16) and tokens.decode(ids, (128, 32))[0].size == (128, 32)
    with torch.inference_mode():
        values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(1, 32, 128, 3) / 127.5 - 1
        latents = tokens.model.encode(values.permute(0, 3, 1, 2)).latents[0]
    for row, column in ((0, 7), (1, 0), (1, 5)):
        distances = (tokens.model.quantize.embedding.weight - latents[:, row, column]).norm(dim=1)
        assert ids[0, row * 8 + column] == distances.argmin()


def test_a_size_that_does_not_fit_is_refused(tokens):
    with pytest.raises(ValueError, match="no multiple of 16"):
        tokens.encode([photo(60, 64)])


def test_numbers_that_are_no_picture(tokens):
    tokens.model.decoder.conv_in.weight.data[:] = float("nan")
    with pytest.raises(BrokenOutput):
        tokens.decode(torch.zeros(1, 16, dtype=torch.int64), (64, 64))


def test_a_model_that_does_not_look_up_codes_is_refused(folder, tmp_path):
    import shutil

    other = shutil.copytree(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "lookup_from_codebook": False}))
    with pytest.raises(ModelUnavailable, match="lookup_from_codebook"):
        PictureTokens.load(other)
