"""Codes that look alike share what is learnt of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from generators.training.looks import NEAR, Looks, Targets, divergence, features


@pytest.fixture(scope="module")
def book():
    return torch.randn(200, 8, generator=torch.Generator().manual_seed(3)) * torch.arange(1, 9)


def test_scores_that_are_linear_in_looks_can_have_one_peak_anywhere(book):
    known = features(book)
    assert known.shape == (200, 8 + 36 + 64)
    assert torch.allclose(known.mean(0), torch.zeros(108), atol=1e-5)
    assert torch.allclose(known.std(0), torch.ones(108), atol=1e-3)
    scaled = (book - book.mean(0)) / book.std(0)
    for peak in (0, 17, 199):
        apart = -(scaled - scaled[peak]).square().sum(1)
        found = torch.linalg.lstsq(torch.cat([known, torch.ones(200, 1)], 1), apart[:, None]).solution
        said = (torch.cat([known, torch.ones(200, 1)], 1) @ found)[:, 0]
        assert torch.allclose(said, apart, atol=1e-2)


def test_the_same_codebook_has_the_same_features(book):
    assert torch.equal(features(book), features(book.clone()))


def test_rows_of_codes_that_look_alike_are_alike(book):
    torch.manual_seed(1)
    twins = torch.cat([book, book[:1] + 1e-4])
    rows = Looks(twins, 64)()
    assert (rows[0] - rows[-1]).norm() < 0.01 * (rows[0] - rows[1]).norm()


def test_a_target_is_shared_by_the_codes_around(book):
    latents = book[[5, 9]] + 0.1
    codes = torch.cdist(latents, book).argmin(1)
    near, shares = Targets(book, 1.0)(latents[None], codes[None])
    assert near.shape == shares.shape == (1, 2, NEAR)
    assert torch.allclose(shares.sum(-1), torch.ones(1, 2))
    exact = (-torch.cdist(latents, book).square() / 2).softmax(1)
    assert torch.allclose(shares[0], exact.gather(1, near[0]) / exact.gather(1, near[0]).sum(1, keepdim=True))
    assert torch.equal(near[0].gather(1, shares[0].argmax(1, keepdim=True))[:, 0], codes)


def test_without_a_spread_it_is_the_cross_entropy(book):
    codes, scores = torch.tensor([[3, 150, 7]]), torch.randn(1, 3, 200)
    near, shares = Targets(book, 0.0)(book[codes], codes)
    expected = F.cross_entropy(scores[0], codes[0], reduction="none")
    assert torch.allclose(divergence(scores, near, shares)[0], expected, atol=1e-5)


def test_the_divergence_is_nought_where_the_shares_are_met(book):
    latents, codes = book[:4] + 0.05, torch.arange(4)
    near, shares = Targets(book, 0.5)(latents, codes)
    scores = torch.full((4, 200), -50.0).scatter(1, near, shares.clamp(min=1e-20).log())
    assert torch.allclose(divergence(scores, near, shares), torch.zeros(4), atol=1e-4)
    assert (divergence(torch.zeros(4, 200), near, shares) > 1).all()
