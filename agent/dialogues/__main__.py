"""Writes sampled turns as chats, one JSON object a line: `python -m agent.dialogues --count 200000 --out chats.jsonl`.

The same seed writes the same lines, however many workers there are. `--check` tells instead how often the embedded
planner, which reads the words, comes to the same calls as the truth, by kind of turn.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from agent.dialogues.chats import afterwards, chat_of
from agent.dialogues.checking import agreement
from agent.dialogues.sampler import conversations

BLOCK = 500


def lines(job: tuple[int, int]) -> list[str]:
    """A block of chats: (its number's seed, how many)."""
    seed, count = job
    rng = random.Random(seed)
    made: list[str] = []
    for turn in conversations(rng, count):
        chats = [chat_of(turn), afterwards(turn, rng) if rng.random() < 0.12 else None]
        made += [json.dumps(chat, ensure_ascii=False, separators=(",", ":")) for chat in chats if chat]
    return made[:count]


def blocks(seed: int, count: int, workers: int) -> Iterator[list[str]]:
    jobs = ((seed * 1_000_003 + number, min(BLOCK, count - number * BLOCK)) for number in range(-(-count // BLOCK)))
    if workers < 2:
        yield from map(lines, jobs)
        return
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(lines, jobs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", action="store_true", help="compare with the embedded planner, write nothing")
    given = parser.parse_args()
    if given.check:
        print(json.dumps(agreement(conversations(random.Random(given.seed), given.count)), indent=1))
        return
    if given.out is None:
        parser.error("--out says where to write")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", encoding="utf-8") as file:
        for block in blocks(given.seed, given.count, given.workers):
            file.writelines(f"{line}\n" for line in block)


if __name__ == "__main__":
    main()
