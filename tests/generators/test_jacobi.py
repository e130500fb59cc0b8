"""Several codes at a time draw what code by code draws."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from generators import jacobi
from tests.generators.bench import LIKELIEST, draw, hole, loaded, photo, wish

torch = pytest.importorskip("torch")

CHAIN = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.45, 0.1, 0.45]])
"""How likely each of three codes follows on each."""
MARK = 9


class Chain:
    """Reads ids; what comes next hangs on the last code before, marks skipped."""

    def __init__(self, seed: int = 0) -> None:
        self.random = torch.Generator().manual_seed(seed)
        self.ids: list[int] = []
        self.passes = 0

    def read(self, unread):
        self.passes += 1
        begun = len(self.ids)
        self.ids += [id for id, _ in unread]
        places = range(begun, len(self.ids))
        last = [next((id for id in reversed(self.ids[: at + 1]) if id != MARK), 0) for at in places]
        return torch.tensor(last)[None, :, None]

    def chances(self, states):
        return CHAIN[states[0, :, 0]]

    def forget(self, count):
        if count:
            del self.ids[-count:]


def ids(at: int, code: int) -> list[tuple[int, int]]:
    """A mark after every second code."""
    return [(code, code), *([(MARK, MARK)] if at % 2 else [])]


def filled(seed: int, window: int, known=(None,) * 4, told=lambda codes: None):
    reader = Chain(seed)
    return jacobi.fill(reader, [(0, 0), (MARK, MARK)], list(known), ids, window, told), reader


@pytest.mark.parametrize("window", [1, 2, 3, 7])
def test_the_distribution_is_that_of_code_by_code(window):
    count = 2500
    seen = Counter(tuple(filled(seed, window)[0]) for seed in range(count))
    for codes in product(range(3), repeat=4):
        expected = float(torch.tensor([CHAIN[a, b] for a, b in zip((0, *codes), codes, strict=False)]).prod())
        spread = (expected * (1 - expected) / count) ** 0.5
        assert abs(seen[codes] / count - expected) < 4.5 * spread + 1e-9, codes


def test_a_window_needs_fewer_passes_and_reads_everything_once_in_the_end():
    one, several = (sum(filled(seed, window)[1].passes for seed in range(200)) for window in (1, 4))
    assert one == 800 and several < 0.75 * one
    codes, reader = filled(3, 4)
    assert reader.ids == [0, MARK, codes[0], codes[1], MARK, codes[2]], "what did not hold was forgotten"


def test_codes_that_stay_are_read_and_not_drawn():
    told = []
    for seed in range(50):
        codes, _ = filled(seed, 3, (2, None, 1, None), lambda codes: told.append(list(codes)))
        assert (codes[0], codes[2]) == (2, 1)
    assert all(len(codes) in range(1, 5) for codes in told)


@pytest.mark.parametrize("window", [1, 4])
def test_what_stays_costs_no_pass_of_its_own(window):
    codes, reader = filled(1, window, (2, 1, 0, 2, 1, None))
    assert codes[:5] == [2, 1, 0, 2, 1] and reader.passes == 1
    assert reader.ids == [0, MARK, 2, 1, MARK, 0, 2, MARK, 1], "all of it with what is drawn"


@pytest.mark.parametrize("window", [2, 5, 16])
@pytest.mark.parametrize("kind", ["autoregressive", "unified"])
def test_the_likeliest_picture_is_the_same(checkpoint, kind, window):
    """A real transformer: in float32, at temperature 0."""
    one, several = (loaded(checkpoint(kind), torch.float32, call={**LIKELIEST, "window": size},
                           inpaint_call={**LIKELIEST, "window": size}) for size in (1, window))
    assert draw(one, wish()).image.tobytes() == draw(several, wish()).image.tobytes()
    source, mask = photo(), hole((64, 64), (16, 16, 48, 48))
    from generators.api import picture_id

    request = wish(kind="inpaint", sources=(picture_id(source),), mask=picture_id(mask))
    assert draw(one, request, source, mask).image.tobytes() == draw(several, request, source, mask).image.tobytes()
