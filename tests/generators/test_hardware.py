"""Which card a process works on, on machines with none, one and several."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generators import hardware


def machine(cards: int, chosen: list[int]) -> Any:
    """What is asked of torch."""
    cuda = SimpleNamespace(is_available=lambda: cards > 0, device_count=lambda: cards, set_device=chosen.append)
    return SimpleNamespace(cuda=cuda, backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False)))


@pytest.mark.parametrize(("cards", "number", "device"), [
    (0, "3", "cpu"), (1, "0", "cuda"), (1, "5", "cuda"), (2, "0", "cuda:0"), (2, "1", "cuda:1"), (2, "4", "cuda:0"),
    (3, "", "cuda:0")])
def test_processes_are_spread_over_the_cards(cards: int, number: str, device: str, monkeypatch: pytest.MonkeyPatch
                                             ) -> None:
    chosen: list[int] = []
    monkeypatch.setenv("MAQUETTE_CARD", number)
    assert hardware._device(machine(cards, chosen)) == device
    assert [f"cuda:{card}" for card in chosen] == ([device] if cards > 1 else [])


@pytest.mark.parametrize(("visible", "found"), [(None, (81.6, 25.8)), ("1", (81.6,)), ("", ())])
def test_cards_are_counted_without_torch(visible: str | None, found: tuple[float, ...], tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 77824\necho 24576\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    hardware.cards.cache_clear()
    try:
        assert tuple(round(card, 1) for card in hardware.cards()) == found
    finally:
        hardware.cards.cache_clear()


def test_a_machine_without_the_tool_has_no_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    hardware.cards.cache_clear()
    try:
        assert hardware.cards() == ()
    finally:
        hardware.cards.cache_clear()
