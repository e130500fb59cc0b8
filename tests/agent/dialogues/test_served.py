"""A checkpoint like the pack's planner, taught two sentences, behind the doors that any chat model comes in by: the
worker, and a public server over HTTP."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.api import Options, Planner
from agent.dialogues.chats import chat_of
from agent.dialogues.sampler import brief_short, conversations
from agent.llm import ServerPlanner
from agent.local import LocalPlanner
from agent.rehearsal import Talk
from agent.scripted import ScriptedPlanner
from generators import sketch
from generators.workshop import Workshop

pytestmark = pytest.mark.shared_worker

DOG = {"objects": [{"id": "dog", "name": "dog", "colour": "red"}]}
BLUE = {"objects": [{"id": "dog", "name": "dog", "colour": "blue"}]}
TALK: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("a red dog", [("write_brief", {"brief": DOG}), ("layout_plan", {}), ("generate", {"prompt": "a red dog"})]),
    ("make it blue", [("write_brief", {"brief": BLUE}), ("edit", {
        "instruction": "make the dog blue", "operation": "recolour", "targets": ["dog-1"], "phrase": "blue dog"})]),
]  # fmt: skip


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with Workshop(eyes="sketch") as workshop:
        yield workshop


class Notes:
    """Follows the script and notes what a model would have to answer to what."""

    name = "notes"

    def __init__(self) -> None:
        self.chats: list[dict[str, Any]] = []
        self.script = ScriptedPlanner([calls for _, calls in TALK])

    def complete(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], stop: Any) -> Any:
        reply = self.script.complete(messages, tools, stop)
        calls = [{"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                 for call in reply.calls]
        answer = {"role": "assistant", "content": reply.text, "tool_calls": calls}
        self.chats.append({"kind": "lesson", "tools": tools, "messages": [*messages, answer]})
        return reply


def test_the_model_sees_briefs_as_it_writes_them_and_may_write_every_answer() -> None:
    from generators.training import planner
    from generators.valid_calls import Guide
    from tools import registry

    turns = list(conversations(random.Random(8), 200))
    chats = [chat_of(turn) for turn in turns]
    texts = planner.rendered(chats)
    tokenizer = planner.build_tokenizer(texts, 1024)
    guide = Guide(tokenizer, len(tokenizer), [tokenizer.eos_token_id])
    for turn, text in zip(turns, texts, strict=True):
        brief = brief_short(turn.now.brief.model_dump(mode="json")) if turn.now.brief else {}
        written = json.dumps(brief, ensure_ascii=False, separators=(",", ":")) if turn.now.brief else ""
        assert text.startswith(f"<|state|>{written}")
        answer = tokenizer.encode(text.rpartition("<|assistant|>")[2], add_special_tokens=False)
        offered = [registry.schema(registry.all_tools()[name]) for name in turn.now.offered]
        assert guide.matcher(offered).try_consume_tokens(answer) == len(answer)


def planned(planner: Planner, workshop: Any) -> list[dict[str, Any]]:
    talk = Talk(workshop, planner, sketch.model(), Options())
    return [{key: plan[key] for key in ("brief", "tool", "arguments")} for plan in (talk.turn(t) for t, _ in TALK)]


@pytest.fixture(scope="module")
def lesson(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of a tiny model that knows the two sentences by heart, and what they lead to."""
    import numpy as np
    import torch

    from generators.training import planner

    notes = Notes()
    expected = planned(notes, workshop)
    tokenizer = planner.build_tokenizer(planner.rendered(notes.chats), 420)
    examples = planner.encode(notes.chats, tokenizer.backend_tokenizer)
    batch = planner.collate(examples, np.arange(len(examples)), tokenizer.pad_token_id, torch.device("cpu"))
    torch.manual_seed(0)
    model = planner.build_model(tokenizer, 64, 1)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(60):
        logits, truth = planner.answer_logits(model, model.model, batch)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits, truth).backward()
        optimiser.step()
    assert planner.measure(model, examples, 0, torch.device("cpu"))["exact"] == 1.0
    folder = tmp_path_factory.mktemp("taught")
    planner.write(model, tokenizer, folder)
    return folder, expected


def test_it_plans_in_a_worker(lesson: tuple[Path, list[dict[str, Any]]], workshop: Workshop) -> None:
    folder, expected = lesson
    assert planned(LocalPlanner(workshop, str(folder)), workshop) == expected


@pytest.fixture
def served(lesson: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> Iterator[str]:
    """The address of `transformers serve` with that folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(lesson[0]), "--device", "cpu",
               "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "NO_PROXY": "*"})
    try:
        _wait(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], seconds: float = 180.0) -> None:
    until = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the server at {url} did not come up")


@pytest.mark.slow
def test_it_plans_over_http_behind_a_public_server(lesson: tuple[Path, list[dict[str, Any]]], served: str,
                                                   workshop: Workshop) -> None:  # fmt: skip
    folder, expected = lesson
    assert planned(ServerPlanner(str(folder), served, SecretStr("none")), workshop) == expected
